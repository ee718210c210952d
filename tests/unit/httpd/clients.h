/* Clients of the HTTP server for its tests: well-behaved, rude and slow, all on the server's own loop. Everything that waits has a deadline. */
#ifndef SY_TESTS_HTTPD_CLIENTS_H
#define SY_TESTS_HTTPD_CLIENTS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "httpd/httpd.h"

#define PATIENCE_MS 60000

struct fixture {
	struct sy_loop *loop;
	struct sy_timer *deadline;
	struct sy_httpd *httpd;
	unsigned asked;
	char path[256]; /* of the last request */
	bool verbose;
	char host[64];		    /* "" = none was named */
	size_t large;		    /* bytes of "/large" */
	struct sy_httpd_page *page; /* "/page" */
	bool late;
};

struct client {
	struct fixture *f;
	struct sy_io *io;
	struct sy_timer *drip;
	const char *dripping; /* what is still to be sent, a byte at a time */
	int fd;
	struct sy_buf in;
	bool closed;
	bool deaf; /* reads nothing */
};

static inline void on_request(void *arg, const struct sy_httpd_request *request, const char *path, struct sy_httpd_answer *answer)
{
	struct fixture *f = arg;

	f->asked++;
	(void)snprintf(f->path, sizeof(f->path), "%s", path);
	f->verbose = sy_httpd_has_query(request, "verbose");
	(void)snprintf(f->host, sizeof(f->host), "%s", sy_httpd_header(request, "host") ? sy_httpd_header(request, "host") : "");
	if (strcmp(path, "/fine") == 0) {
		answer->code = 200;
		assert_int_equal(sy_buf_add_str(&answer->body, "hello\n"), 0);
	} else if (strcmp(path, "/page") == 0) {
		answer->code = 200;
		answer->page = f->page;
	} else if (strcmp(path, "/large") == 0) {
		static char block[65536];

		answer->code = 200;
		memset(block, 'x', sizeof(block));
		for (size_t i = 0; i < f->large; i += sizeof(block))
			assert_int_equal(sy_buf_add(&answer->body, block, sizeof(block)), 0);
	}
}

static inline void on_late(void *arg)
{
	struct fixture *f = arg;

	f->late = true;
	sy_loop_stop(f->loop);
}

static inline struct fixture *start(const char *address, const struct sy_httpd_limits *limits)
{
	static const struct sy_httpd_limits usual = SY_HTTPD_LIMITS;
	struct fixture *f = calloc(1, sizeof(*f));
	struct sy_error err = {0};

	assert_non_null(f);
	assert_int_equal(sy_loop_new(&f->loop, NULL), 0);
	assert_int_equal(sy_timer_new(&f->deadline, f->loop, on_late, f, NULL), 0);
	if (sy_httpd_new(&f->httpd, f->loop, address, "metrics.listen", limits ? limits : &usual, on_request, f, &err) < 0)
		fail_msg("%s", err.text);
	return f;
}

static inline void stop(struct fixture *f)
{
	sy_httpd_free(f->httpd);
	sy_httpd_page_free(f->page);
	sy_timer_free(f->deadline);
	sy_loop_free(f->loop);
	free(f);
}

static inline void on_readable(void *arg, unsigned events)
{
	struct client *client = arg;
	char chunk[16384];
	ssize_t n = recv(client->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	(void)events;
	if (n > 0) {
		assert_int_equal(sy_buf_add(&client->in, chunk, (size_t)n), 0);
		return;
	}
	if (n < 0 && errno == EAGAIN)
		return;
	client->closed = true;
	sy_io_set(client->io, 0);
	sy_loop_stop(client->f->loop);
}

static inline void on_drip(void *arg)
{
	struct client *client = arg;

	if (!*client->dripping || send(client->fd, client->dripping, 1, MSG_NOSIGNAL) != 1)
		return;
	client->dripping++;
	sy_timer_start(client->drip, 10);
}

static inline struct client *connect_to(struct fixture *f)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(sy_httpd_port(f->httpd)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct client *client = calloc(1, sizeof(*client));

	assert_non_null(client);
	client->f = f;
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(client->fd >= 0);
	assert_int_equal(connect(client->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	sy_buf_init(&client->in, 64u << 20);
	assert_int_equal(sy_io_new(&client->io, f->loop, client->fd, SY_READ, on_readable, client, NULL), 0);
	assert_int_equal(sy_timer_new(&client->drip, f->loop, on_drip, client, NULL), 0);
	return client;
}

static inline void hang_up(struct client *client)
{
	sy_io_free(client->io);
	sy_timer_free(client->drip);
	close(client->fd);
	sy_buf_done(&client->in);
	free(client);
}

static inline void say(struct client *client, const char *text)
{
	/* What is too much may be refused before all of it was taken. */
	for (size_t len = strlen(text); len > 0;) {
		ssize_t n = send(client->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

/* Run until this client was closed; false when that takes too long. */
static inline bool until_closed(struct client *client, int64_t patience_ms)
{
	struct fixture *f = client->f;

	f->late = false;
	sy_timer_start(f->deadline, patience_ms);
	while (!client->closed && !f->late)
		sy_loop_run(f->loop);
	sy_timer_stop(f->deadline);
	return client->closed;
}

/* The whole answer to one request; malloc'ed. */
static inline char *ask(struct fixture *f, const char *request)
{
	struct client *client = connect_to(f);
	char *text;

	say(client, request);
	if (!until_closed(client, PATIENCE_MS))
		fail_msg("no end of the answer to: %.60s", request);
	text = sy_buf_take(&client->in);
	assert_non_null(text);
	hang_up(client);
	return text;
}

static inline void answers(struct fixture *f, const char *request, const char *first, const char *holds)
{
	char *text = ask(f, request);

	if (strncmp(text, first, strlen(first)) != 0 || !strstr(text, holds))
		fail_msg("%.60s: %s", request, text);
	free(text);
}

#endif
