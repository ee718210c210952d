#include "conn.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/limits.h"

#define REQUEST_ID 1
#define REFUSED_ID 0 /* of an answer to somebody who is turned away before he asks */

static int failed(struct sy_error *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int failed(struct sy_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	*err = (struct sy_error){.code = EIO};
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return code;
}

int ctl_conn_open(const char *path, int seconds, int *ret_fd, struct sy_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = seconds};
	sy_auto_close int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return failed(err, CTL_USAGE, "--socket %s: the path is too long (%zu bytes at most)", path, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return failed(err, CTL_FAILED, "socket: %s", strerror(errno));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return failed(err, CTL_UNREACHABLE, "%s: %s; is syncerd running, and may you talk to it (root or its own user)?", path,
			      strerror(errno));
	*ret_fd = sy_take_fd(fd);
	return CTL_OK;
}

static int send_all(const char *path, int fd, const struct sy_buf *line, struct sy_error *err)
{
	for (size_t sent = 0; sent < line->len;) {
		ssize_t n = send(fd, line->data + sent, line->len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(err, CTL_UNREACHABLE, "%s: %s", path, strerror(errno));
		sent += (size_t)n;
	}
	return CTL_OK;
}

int ctl_conn_ask(const char *path, int fd, const char *verb, json_object *args, struct sy_error *err)
{
	struct sy_control_request request = {.id = REQUEST_ID};
	struct sy_error why = {0};
	struct sy_buf line;
	int rc;

	sy_buf_init(&line, SY_MAX_CONTROL_BYTES);
	request.verb = strdup(verb);
	request.args = args ? args : json_object_new_object();
	if (!request.verb || !request.args)
		rc = failed(err, CTL_FAILED, "the request cannot be written: out of memory");
	else if (sy_control_request_encode(&request, &line, &why) < 0)
		rc = failed(err, CTL_FAILED, "the request cannot be written: %s", why.text);
	else
		rc = send_all(path, fd, &line, err);
	sy_buf_done(&line);
	sy_control_request_done(&request);
	return rc;
}

int ctl_conn_read(const char *path, int fd, bool wait, struct sy_buf *in, struct sy_error *err)
{
	struct timeval limit = {.tv_sec = 0};
	socklen_t len = sizeof(limit);
	char chunk[16384];
	ssize_t n;

	do
		n = recv(fd, chunk, sizeof(chunk), wait ? 0 : MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		(void)getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, &len);
		return failed(err, CTL_TIMEOUT, "%s: no answer within %lld s", path, (long long)limit.tv_sec);
	}
	if (n <= 0)
		return failed(err, CTL_UNREACHABLE, "%s: %s", path, n == 0 ? "syncerd closed the connection" : strerror(errno));
	if (sy_buf_add(in, chunk, (size_t)n) < 0)
		return failed(err, CTL_FAILED, "%s: the answer is larger than %u bytes", path, SY_MAX_IPC_BYTES);
	return CTL_OK;
}

int ctl_conn_take(const char *path, struct sy_buf *in, size_t *seen, struct sy_control_answer *ret_answer, struct sy_error *err)
{
	const char *end = in->len > *seen ? memchr(in->data + *seen, '\n', in->len - *seen) : NULL;
	struct sy_error why = {0};
	int rc = CTL_OK;

	if (!end) {
		*seen = in->len;
		return CTL_WAITING;
	}
	*seen = 0;
	if (sy_control_answer_decode(in->data, (size_t)(end - in->data), ret_answer, &why) < 0)
		return failed(err, CTL_FAILED, "%s: not an answer of syncerd: %s", path, why.text);
	sy_buf_consume(in, (size_t)(end - in->data) + 1);
	if (ret_answer->id != REQUEST_ID && (ret_answer->ok || ret_answer->id != REFUSED_ID))
		rc = failed(err, CTL_FAILED, "%s: an answer to another request", path);
	else if (!ret_answer->ok)
		rc = failed(err, ret_answer->code && !strcmp(ret_answer->code, "NotFound") ? CTL_NOT_FOUND : CTL_FAILED, "%s",
			    ret_answer->error);
	if (rc != CTL_OK)
		sy_control_answer_done(ret_answer);
	return rc;
}
