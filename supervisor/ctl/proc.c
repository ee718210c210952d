#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/num.h"

#define DELETED " (deleted)"

int ctl_proc_read(pid_t pid, const char *name, struct sy_buf *out)
{
	sy_auto_close int fd = -1;
	char path[64], chunk[4096];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (sy_buf_add(out, chunk, (size_t)n) < 0)
			return -EMSGSIZE;
	}
	return 0;
}

bool ctl_proc_program(pid_t pid, char ret_path[PATH_MAX], bool *ret_deleted)
{
	char link[64];
	ssize_t len;

	(void)snprintf(link, sizeof(link), "/proc/%ld/exe", (long)pid);
	len = readlink(link, ret_path, PATH_MAX - 1);
	ret_path[len > 0 ? len : 0] = '\0';
	*ret_deleted = len > (ssize_t)strlen(DELETED) && strcmp(ret_path + len - strlen(DELETED), DELETED) == 0;
	if (*ret_deleted)
		ret_path[len - (ssize_t)strlen(DELETED)] = '\0';
	return len > 0;
}

size_t ctl_proc_children(pid_t pid, pid_t *pids, size_t max)
{
	struct sy_buf text;
	char name[64];
	size_t count = 0;
	sy_auto_free char *copy = NULL;
	int64_t number;

	sy_buf_init(&text, 65536);
	(void)snprintf(name, sizeof(name), "task/%ld/children", (long)pid);
	(void)ctl_proc_read(pid, name, &text);
	copy = sy_buf_take(&text);
	for (char *rest = copy, *word; rest && count < max && (word = strsep(&rest, " \n"));)
		if (sy_num_parse(word, 1, INT_MAX, &number))
			pids[count++] = (pid_t)number;
	return count;
}

static bool is_named(pid_t pid, const char *name)
{
	struct sy_buf comm;
	bool is;

	sy_buf_init(&comm, 64);
	(void)ctl_proc_read(pid, "comm", &comm);
	is = strlen(name) < comm.len + 1 && strncmp(sy_buf_str(&comm), name, strlen(name)) == 0 && sy_buf_str(&comm)[strlen(name)] == '\n';
	sy_buf_done(&comm);
	return is;
}

/* Who made the socket: with a socket of the service manager that is not syncerd. */
static pid_t peer_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct ucred peer = {.pid = 0};
	socklen_t len = sizeof(peer);
	sy_auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || strlcpy(address.sun_path, path, sizeof(address.sun_path)) >= sizeof(address.sun_path) ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 || !is_named(peer.pid, "syncerd"))
		return 0;
	return peer.pid;
}

pid_t ctl_proc_syncerd(struct ctl *ctl, json_object **ret_status, struct sy_error *err)
{
	struct sy_error *told = ctl->told;
	int64_t pid = 0;

	ctl->told = err;
	if (ctl_request(ctl, "status", NULL, ret_status) == CTL_OK)
		(void)sy_json_int(*ret_status, &pid, "pid", NULL);
	ctl->told = told;
	return pid > 0 && pid <= INT_MAX ? (pid_t)pid : peer_of(ctl->socket);
}

bool ctl_proc_config(pid_t pid, char ret_path[PATH_MAX])
{
	static const char *const forms[] = {"--config=", "-c"};
	const char *found = NULL;
	struct sy_buf line;

	sy_buf_init(&line, 65536);
	(void)ctl_proc_read(pid, "cmdline", &line);
	for (size_t at = 0; at < line.len; at += strlen(line.data + at) + 1) {
		const char *word = line.data + at;
		size_t next = at + strlen(word) + 1;

		if ((strcmp(word, "--config") == 0 || strcmp(word, "-c") == 0) && next < line.len)
			found = line.data + next;
		for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
			if (strncmp(word, forms[i], strlen(forms[i])) == 0 && word[strlen(forms[i])])
				found = word + strlen(forms[i]);
	}
	/* Relative to a folder that is not ours. */
	bool usable = found && *found == '/' && strlcpy(ret_path, found, PATH_MAX) < PATH_MAX;
	sy_buf_done(&line);
	return usable;
}
