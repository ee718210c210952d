/* The listening socket: is somebody there already, and who may connect. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "supervisor/control_impl.h"

static int make_address(const char *path, struct sockaddr_un *address, struct sy_error *err)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlcpy(address->sun_path, path, sizeof(address->sun_path)) >= sizeof(address->sun_path))
		return sy_error_set(err, ENAMETOOLONG, "control socket %s: the path is longer than %zu characters", path,
				    sizeof(address->sun_path) - 1);
	return 0;
}

/* A live instance accepts the connection (or has a full queue); a stale socket refuses it and is removed. */
static int clear_the_way(const char *path, const struct sockaddr_un *address, struct sy_error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : sy_error_set(err, errno, "control socket %s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return sy_error_set(err, ENOTSOCK,
				    "control socket %s: there is a file that is no socket; remove it or set another control.socket", path);
	sy_auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return sy_error_set(err, errno, "control socket: %s", strerror(errno));
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN || errno == EINPROGRESS)
		return sy_error_set(err, EADDRINUSE,
				    "control socket %s: another syncerd answers there; stop it or set another control.socket", path);
	if (errno != ECONNREFUSED && errno != ENOENT)
		return sy_error_set(err, errno, "control socket %s: %s", path, strerror(errno));
	if (unlink(path) < 0 && errno != ENOENT)
		return sy_error_set(err, errno, "control socket %s: the stale socket cannot be removed: %s", path, strerror(errno));
	return 0;
}

int sy_control_listen(const char *path, int *ret_fd, struct sy_error *err)
{
	struct sockaddr_un address;
	int r = make_address(path, &address, err);

	if (r == 0)
		r = clear_the_way(path, &address, err);
	if (r < 0)
		return r;
	sy_auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return sy_error_set(err, errno, "control socket: %s", strerror(errno));
	/* umask: at no moment may somebody else connect; chmod: the umask cannot add what it should be. */
	mode_t mask = umask(0177);
	r = bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	umask(mask);
	if (r == -ENOENT)
		return sy_error_set(err, ENOENT, "control socket %s: its directory does not exist; create it or set another control.socket",
				    path);
	if (r < 0)
		return sy_error_set(err, -r, "control socket %s: %s", path, strerror(-r));
	if (chmod(path, 0600) < 0 || listen(fd, 64) < 0) {
		int code = errno;

		unlink(path);
		return sy_error_set(err, code, "control socket %s: %s", path, strerror(code));
	}
	*ret_fd = sy_take_fd(fd);
	return 0;
}

int sy_control_adopt(int fd, struct sy_error *err)
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
	return 0;
}
