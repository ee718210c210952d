/* A control socket with a scripted handler, and clients on the same loop. Everything that waits has a deadline. */
#ifndef SY_TESTS_CONTROL_FIXTURE_H
#define SY_TESTS_CONTROL_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "supervisor/control/control_impl.h"

#define HELD_MAX 64

struct fixture {
	struct sy_loop *loop;
	struct sy_timer *deadline;
	struct sy_control *control;
	struct sy_control_limits limits;
	char dir[32];
	char path[64];
	struct sy_control_call *held[HELD_MAX]; /* calls of verb "hold" and "follow" */
	unsigned held_count;
	unsigned requests;
	unsigned gone;
	unsigned wanted_gone;	  /* stop the loop at so many */
	unsigned wanted_requests; /* stop the loop at so many */
};

struct client {
	struct fixture *f;
	struct sy_io *io;
	struct sy_buf in;
	unsigned wanted_lines;
	int fd;
	bool eof;
};

static inline void on_request(void *arg, struct sy_control_call *call, const struct sy_control_request *request)
{
	struct fixture *f = arg;

	f->requests++;
	if (strcmp(request->verb, "version") == 0) {
		sy_control_answer(call, json_object_new_string("1.2.3"), false);
	} else if (strcmp(request->verb, "fail") == 0) {
		sy_control_fail(call, "NotFound", "no workspace %d", 7);
	} else if (strcmp(request->verb, "echo") == 0) {
		sy_control_answer(call, json_object_get(request->args), false);
	} else if (strcmp(request->verb, "follow") == 0) {
		sy_control_answer(call, json_object_new_int(1), true);
		sy_control_answer(call, json_object_new_int(2), true);
		f->held[f->held_count++] = call;
	} else {
		f->held[f->held_count++] = call;
	}
	if (f->requests == f->wanted_requests)
		sy_loop_stop(f->loop);
}

static inline void on_gone(void *arg, struct sy_control_call *call)
{
	struct fixture *f = arg;

	f->gone++;
	for (unsigned i = 0; i < f->held_count; i++)
		if (f->held[i] == call)
			f->held[i] = f->held[--f->held_count];
	if (f->gone == f->wanted_gone)
		sy_loop_stop(f->loop);
}

static const struct sy_control_ops fixture_ops = {.request = on_request, .gone = on_gone};

static inline void on_deadline(void *arg)
{
	(void)arg;
	fail_msg("nothing happened within the deadline");
}

static inline void fixture_start(struct fixture *f)
{
	struct sy_error err = {0};

	if (sy_control_new_limited(&f->control, f->loop, f->path, -1, &f->limits, &fixture_ops, f, &err) < 0)
		fail_msg("%s", err.text);
}

static inline void fixture_init(struct fixture *f)
{
	*f = (struct fixture){.dir = "/tmp/test_control.XXXXXX",
			      .limits = {.request_ms = 5000, .stall_ms = 5000, .max_output = 256 * 1024, .max_calls = 4}};
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/control.sock", f->dir);
	assert_int_equal(sy_loop_new(&f->loop, NULL), 0);
	assert_int_equal(sy_timer_new(&f->deadline, f->loop, on_deadline, f, NULL), 0);
}

static inline void fixture_done(struct fixture *f)
{
	sy_control_free(f->control);
	sy_timer_free(f->deadline);
	sy_loop_free(f->loop);
	/* The socket is gone with the server, so the directory is empty. */
	assert_int_equal(rmdir(f->dir), 0);
}

static inline void run(struct fixture *f)
{
	sy_timer_start(f->deadline, 10000);
	sy_loop_run(f->loop);
	sy_timer_stop(f->deadline);
}

static inline unsigned line_count(const struct client *c)
{
	unsigned count = 0;

	for (size_t i = 0; i < c->in.len; i++)
		count += c->in.data[i] == '\n';
	return count;
}

static inline void on_client(void *arg, unsigned events)
{
	struct client *c = arg;
	char chunk[65536];
	ssize_t n = recv(c->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	(void)events;
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		c->eof = true;
		sy_io_set(c->io, 0);
		sy_loop_stop(c->f->loop);
		return;
	}
	assert_int_equal(sy_buf_add(&c->in, chunk, (size_t)n), 0);
	if (c->wanted_lines && line_count(c) >= c->wanted_lines)
		sy_loop_stop(c->f->loop);
}

static inline int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static inline void client_open(struct client *c, struct fixture *f)
{
	*c = (struct client){.f = f, .fd = connect_to(f->path)};
	sy_buf_init(&c->in, 64u << 20);
	assert_int_equal(sy_io_new(&c->io, f->loop, c->fd, SY_READ, on_client, c, NULL), 0);
}

static inline void client_close(struct client *c)
{
	sy_io_free(c->io);
	close(c->fd);
	sy_buf_done(&c->in);
}

static inline void client_send(const struct client *c, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(send(c->fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* Run until n lines have come since the last expect; returns the buffer. */
static inline const char *expect_lines(struct client *c, unsigned n)
{
	c->wanted_lines = n;
	while (line_count(c) < n && !c->eof)
		run(c->f);
	c->wanted_lines = 0;
	assert_int_equal(line_count(c), n);
	return c->in.data;
}

static inline void expect_text(struct client *c, const char *text)
{
	unsigned lines = 0;

	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	assert_string_equal(expect_lines(c, lines), text);
	sy_buf_reset(&c->in);
}

static inline void expect_eof(struct client *c)
{
	while (!c->eof)
		run(c->f);
}

static inline void expect_requests(struct fixture *f, unsigned n)
{
	f->wanted_requests = n;
	while (f->requests < n)
		run(f);
	assert_int_equal(f->requests, n);
}

static inline void expect_gone(struct fixture *f, unsigned n)
{
	f->wanted_gone = n;
	while (f->gone < n)
		run(f);
	assert_int_equal(f->gone, n);
}

#endif
