/* A small HTTP/1.1 server on the test's own loop, for the tests of common/http and common/kube. The test's handler decides what each request
 * gets: whole answers, streams in slices, silence, or a cut connection. */
#ifndef TESTS_HTTP_SERVER_H
#define TESTS_HTTP_SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/loop.h"

struct server;

struct server_conn {
	LIST_ENTRY(server_conn) entry;
	struct server *server;
	struct sy_io *io;
	int fd;
	struct sy_buf in;
	struct sy_buf out;
	bool close_after; /* when out is empty */
};

/* target is "GET /path?query"; head the whole header block. */
typedef void server_fn(void *arg, struct server_conn *conn, const char *target, const char *head, const char *body);

struct server {
	struct sy_loop *loop;
	struct sy_io *io;
	int fd;
	char url[64]; /* "http://127.0.0.1:port" */
	server_fn *fn;
	void *arg;
	LIST_HEAD(, server_conn) conns;
	unsigned accepted;
};

static inline void server_close(struct server_conn *conn)
{
	LIST_REMOVE(conn, entry);
	sy_io_free(conn->io);
	close(conn->fd);
	sy_buf_done(&conn->in);
	sy_buf_done(&conn->out);
	free(conn);
}

/* False when the connection is gone. */
static inline bool server_flush(struct server_conn *conn)
{
	while (conn->out.len > 0) {
		ssize_t n = send(conn->fd, conn->out.data, conn->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			server_close(conn);
			return false;
		}
		sy_buf_consume(&conn->out, (size_t)n);
	}
	if (conn->out.len == 0 && conn->close_after) {
		server_close(conn);
		return false;
	}
	sy_io_set(conn->io, SY_READ | (conn->out.len > 0 ? SY_WRITE : 0u));
	return true;
}

static inline void server_send(struct server_conn *conn, const void *data, size_t len)
{
	if (sy_buf_add(&conn->out, data, len) < 0)
		abort();
	sy_io_set(conn->io, SY_READ | SY_WRITE);
}

static inline void server_reply(struct server_conn *conn, int code, const char *headers, const char *body)
{
	if (sy_buf_printf(&conn->out, "HTTP/1.1 %d X\r\nDate: Tue, 24 Nov 2026 05:45:00 GMT\r\nContent-Length: %zu\r\n%s\r\n", code,
			  strlen(body), headers ? headers : "") < 0)
		abort();
	server_send(conn, body, strlen(body));
}

static inline void server_open(struct server_conn *conn)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

	server_send(conn, head, sizeof(head) - 1);
}

static inline void server_chunk(struct server_conn *conn, const char *data, size_t len)
{
	if (sy_buf_printf(&conn->out, "%zx\r\n", len) < 0)
		abort();
	server_send(conn, data, len);
	server_send(conn, "\r\n", 2);
}

static inline void server_text(struct server_conn *conn, const char *text)
{
	server_chunk(conn, text, strlen(text));
}

static inline void server_end(struct server_conn *conn)
{
	server_send(conn, "0\r\n\r\n", 5);
}

/* Cut the connection when everything has been sent. */
static inline void server_cut(struct server_conn *conn)
{
	conn->close_after = true;
	sy_io_set(conn->io, SY_READ | SY_WRITE);
}

/* One whole request, if there is one. */
static inline bool server_take_request(struct server_conn *conn)
{
	const char *in = sy_buf_str(&conn->in);
	const char *end = strstr(in, "\r\n\r\n");
	size_t body_len = 0;

	if (!end)
		return false;
	size_t head_len = (size_t)(end - in) + 4;
	const char *length = strcasestr(in, "\r\nContent-Length:");
	if (length && length < end)
		body_len = strtoul(length + 17, NULL, 10);
	if (conn->in.len < head_len + body_len)
		return false;
	char *head = strndup(in, head_len);
	char *body = strndup(in + head_len, body_len);
	char *target = strndup(in, strcspn(in, "\r"));
	sy_buf_consume(&conn->in, head_len + body_len);
	char *version = strstr(target, " HTTP/");
	if (version)
		*version = '\0';
	conn->server->fn(conn->server->arg, conn, target, head, body);
	free(head);
	free(body);
	free(target);
	return true;
}

static inline void server_on_conn(void *arg, unsigned events)
{
	struct server_conn *conn = arg;
	char data[16384];

	if ((events & SY_WRITE) && !server_flush(conn))
		return;
	if (!(events & SY_READ))
		return;
	ssize_t n = recv(conn->fd, data, sizeof(data), MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		server_close(conn);
		return;
	}
	if (n > 0 && sy_buf_add(&conn->in, data, (size_t)n) < 0)
		abort();
	while (server_take_request(conn))
		;
}

static inline void server_on_listen(void *arg, unsigned events)
{
	struct server *server = arg;
	struct server_conn *conn = calloc(1, sizeof(*conn));

	(void)events;
	conn->server = server;
	conn->fd = accept(server->fd, NULL, NULL);
	sy_buf_init(&conn->in, 8u * 1024 * 1024);
	sy_buf_init(&conn->out, 32u * 1024 * 1024);
	if (conn->fd < 0 || sy_io_new(&conn->io, server->loop, conn->fd, SY_READ, server_on_conn, conn, NULL) < 0)
		abort();
	LIST_INSERT_HEAD(&server->conns, conn, entry);
	server->accepted++;
}

static inline void server_start(struct server *server, struct sy_loop *loop, server_fn *fn, void *arg)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	memset(server, 0, sizeof(*server));
	server->loop = loop;
	server->fn = fn;
	server->arg = arg;
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server->fd < 0 || bind(server->fd, (struct sockaddr *)&address, len) < 0 || listen(server->fd, 64) < 0 ||
	    getsockname(server->fd, (struct sockaddr *)&address, &len) < 0 ||
	    sy_io_new(&server->io, loop, server->fd, SY_READ, server_on_listen, server, NULL) < 0)
		abort();
	snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%u", ntohs(address.sin_port));
}

static inline void server_stop(struct server *server)
{
	while (!LIST_EMPTY(&server->conns))
		server_close(LIST_FIRST(&server->conns));
	sy_io_free(server->io);
	close(server->fd);
}

/* Runs the loop until done() says so; false after the deadline. */
struct server_wait {
	struct sy_loop *loop;
	struct sy_timer *timer;
	bool (*done)(void *arg);
	void *arg;
	int64_t deadline_ms;
	bool ok;
};

static inline void server_wait_tick(void *arg)
{
	struct server_wait *wait = arg;

	wait->ok = wait->done(wait->arg);
	if (wait->ok || sy_loop_now_ms(wait->loop) > wait->deadline_ms)
		sy_loop_stop(wait->loop);
	else
		sy_timer_start(wait->timer, 2);
}

static inline bool server_wait_for(struct sy_loop *loop, bool (*done)(void *arg), void *arg, int64_t limit_ms)
{
	struct server_wait wait = {.loop = loop, .done = done, .arg = arg};

	sy_loop_update_now(loop);
	wait.deadline_ms = sy_loop_now_ms(loop) + limit_ms;
	if (sy_timer_new(&wait.timer, loop, server_wait_tick, &wait, NULL) < 0)
		abort();
	sy_timer_start(wait.timer, 0);
	sy_loop_run(loop);
	sy_timer_free(wait.timer);
	return wait.ok;
}

#endif
