/* The client's end of the control protocol: blocking, one request per run. */
#include "ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/limits.h"

#define REQUEST_ID 1
#define ANSWER_SECONDS 15 /* syncerd answers within 5 s, a dump included */

static int socket_connect(struct ctl *ctl, bool patient, int *ret_fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = patient ? 0 : ANSWER_SECONDS};
	sy_auto_close int fd = -1;

	if (strlen(ctl->socket) >= sizeof(address.sun_path)) {
		ctl_error("--socket %s: the path is too long (%zu bytes at most)", ctl->socket, sizeof(address.sun_path) - 1);
		return CTL_USAGE;
	}
	memcpy(address.sun_path, ctl->socket, strlen(ctl->socket));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0) {
		ctl_error("socket: %s", strerror(errno));
		return CTL_FAILED;
	}
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		ctl_error("%s: %s; is syncerd running, and may you talk to it (root or its own user)?", ctl->socket, strerror(errno));
		return CTL_UNREACHABLE;
	}
	*ret_fd = sy_take_fd(fd);
	return CTL_OK;
}

static int send_request(struct ctl *ctl, int fd, const char *verb, json_object *args)
{
	struct sy_control_request request = {.id = REQUEST_ID};
	struct sy_buf line;
	struct sy_error err;
	int rc = CTL_OK;

	sy_buf_init(&line, SY_MAX_CONTROL_BYTES);
	request.verb = strdup(verb);
	request.args = args ? args : json_object_new_object();
	if (!request.verb || !request.args || sy_control_request_encode(&request, &line, &err) < 0) {
		ctl_error("the request cannot be written: %s", request.verb && request.args ? err.text : "out of memory");
		rc = CTL_FAILED;
	}
	for (size_t sent = 0; rc == CTL_OK && sent < line.len;) {
		ssize_t n = send(fd, line.data + sent, line.len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			ctl_error("%s: %s", ctl->socket, strerror(errno));
			rc = CTL_UNREACHABLE;
			break;
		}
		sent += (size_t)n;
	}
	sy_buf_done(&line);
	sy_control_request_done(&request);
	return rc;
}

/* Read up to the next newline into line; the rest stays in `in`. */
static int read_line(struct ctl *ctl, int fd, struct sy_buf *in, size_t *ret_len)
{
	for (size_t seen = 0;;) {
		char chunk[16384];
		const char *end = in->len > seen ? memchr(in->data + seen, '\n', in->len - seen) : NULL;

		if (end) {
			*ret_len = (size_t)(end - in->data);
			return CTL_OK;
		}
		seen = in->len;
		ssize_t n = recv(fd, chunk, sizeof(chunk), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
				ctl_error("%s: no answer within %d s", ctl->socket, ANSWER_SECONDS);
			else
				ctl_error("%s: %s", ctl->socket, n == 0 ? "syncerd closed the connection" : strerror(errno));
			return CTL_UNREACHABLE;
		}
		if (sy_buf_add(in, chunk, (size_t)n) < 0) {
			ctl_error("%s: the answer is larger than %u bytes", ctl->socket, SY_MAX_IPC_BYTES);
			return CTL_FAILED;
		}
	}
}

static int read_answer(struct ctl *ctl, int fd, struct sy_buf *in, struct sy_control_answer *ret_answer)
{
	struct sy_error err;
	size_t len = 0;
	int rc = read_line(ctl, fd, in, &len);

	if (rc != CTL_OK)
		return rc;
	if (sy_control_answer_decode(in->data, len, ret_answer, &err) < 0) {
		ctl_error("%s: not an answer of syncerd: %s", ctl->socket, err.text);
		return CTL_FAILED;
	}
	sy_buf_consume(in, len + 1);
	if (ret_answer->id != REQUEST_ID) {
		ctl_error("%s: an answer to another request", ctl->socket);
		sy_control_answer_done(ret_answer);
		return CTL_FAILED;
	}
	if (ret_answer->ok)
		return CTL_OK;
	ctl_error("%s", ret_answer->error);
	rc = ret_answer->code && !strcmp(ret_answer->code, "NotFound") ? CTL_NOT_FOUND : CTL_FAILED;
	sy_control_answer_done(ret_answer);
	return rc;
}

int ctl_request(struct ctl *ctl, const char *verb, json_object *args, json_object **ret_value)
{
	struct sy_control_answer answer = {0};
	sy_auto_close int fd = -1;
	struct sy_buf in;
	int rc = socket_connect(ctl, false, &fd);

	if (rc != CTL_OK) {
		json_object_put(args);
		return rc;
	}
	sy_buf_init(&in, SY_MAX_IPC_BYTES);
	rc = send_request(ctl, fd, verb, args);
	if (rc == CTL_OK)
		rc = read_answer(ctl, fd, &in, &answer);
	if (rc == CTL_OK)
		*ret_value = sy_take_ptr(answer.value);
	sy_control_answer_done(&answer);
	sy_buf_done(&in);
	return rc;
}

int ctl_stream(struct ctl *ctl, const char *verb, json_object *args, bool (*show)(struct ctl *ctl, json_object *value))
{
	sy_auto_close int fd = -1;
	struct sy_buf in;
	bool more = true;
	int rc = socket_connect(ctl, true, &fd);

	if (rc != CTL_OK) {
		json_object_put(args);
		return rc;
	}
	sy_buf_init(&in, SY_MAX_IPC_BYTES);
	rc = send_request(ctl, fd, verb, args);
	while (rc == CTL_OK && more) {
		struct sy_control_answer answer = {0};

		rc = read_answer(ctl, fd, &in, &answer);
		if (rc == CTL_OK)
			more = show(ctl, answer.value) && answer.more;
		sy_control_answer_done(&answer);
	}
	sy_buf_done(&in);
	return rc;
}
