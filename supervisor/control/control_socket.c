/* The listening socket: our own, or one that the service manager opened for us. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/num.h"
#include "supervisor/control/control_impl.h"

int sy_control_listen(const char *path, int *ret_fd, struct sy_unix_file *ret_file, struct sy_error *err)
{
	static const struct sy_unix_words words = {"control socket", "control.socket", "another syncerd"};

	return sy_unix_listen(path, 0600, &words, ret_fd, ret_file, err);
}

_Static_assert(sizeof(((struct sockaddr_un *)0)->sun_path) < SY_CONTROL_PLACE_MAX, "a whole path");

int sy_control_adopt(int fd, const char *path, char ret_place[SY_CONTROL_PLACE_MAX], struct sy_error *err)
{
	struct sockaddr_un address = {0};
	socklen_t len = sizeof(address), size = sizeof(int);
	int type = 0, listening = 0;

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0 || address.sun_family != AF_UNIX ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_STREAM ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0 || !listening)
		return sy_error_set(err, EINVAL, "control socket: descriptor %d is not a listening Unix stream socket", fd);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
		return sy_error_set(err, errno, "control socket: %s", strerror(errno));
	/* The kernel ends a path with a NUL where there is room for one. */
	(void)snprintf(ret_place, SY_CONTROL_PLACE_MAX, "%.*s", (int)sizeof(address.sun_path), address.sun_path);
	if (strcmp(ret_place, path) != 0)
		sy_warn(NULL, "control socket: the one that was handed over listens at %s, not at %s; syncerctl needs --socket",
			ret_place[0] ? ret_place : "a place without a path", path);
	return 0;
}

#define FIRST_HANDED_OVER 3 /* sd_listen_fds(3): descriptors are passed from here on */

int sy_control_handed_over(int *ret_fd, struct sy_error *err)
{
	const char *who = getenv("LISTEN_PID"), *text = getenv("LISTEN_FDS");
	int64_t pid = 0, count = 0;
	bool ours = who && text && sy_num_parse(who, 1, INT32_MAX, &pid) && pid == getpid();
	bool readable = ours && sy_num_parse(text, 0, INT32_MAX - FIRST_HANDED_OVER, &count);

	/* They speak of this process alone. */
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	*ret_fd = -1;
	if (!ours)
		return 0;
	if (!readable)
		return sy_error_set(err, EINVAL, "control socket: LISTEN_FDS is no number of descriptors");
	if (count > 1)
		return sy_error_set(err, EINVAL, "control socket: %lld sockets were handed over, where only one is served",
				    (long long)count);
	if (count == 1)
		*ret_fd = FIRST_HANDED_OVER;
	return 0;
}
