/* A listener and a dialer of one process, and raw peers beside them, for the tests of the link. */
#ifndef SY_TESTS_UNIT_LINK_FIXTURE_H
#define SY_TESTS_UNIT_LINK_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "link/link.h"

#define DEADLINE_MS 20000
#define MAX_BYTES 4096

struct side {
	struct fixture *fixture;
	struct sy_link *link;
	unsigned got;
	char last[64];
	size_t last_len;
	pid_t pid;
	uid_t uid;
};

struct fixture {
	struct sy_loop *loop;
	struct sy_timer *poll;
	char directory[32];
	char path[64];
	struct side listener;
	struct side dialer;
	bool (*condition)(struct fixture *fixture);
	int64_t give_up_ms;
	bool met;
	unsigned want;
	bool keep_sending;
	int stranger;
	unsigned descriptors;
};
static inline void on_poll(void *arg)
{
	struct fixture *fixture = arg;

	if (fixture->keep_sending)
		sy_link_send(fixture->dialer.link, "again", 5, NULL);
	fixture->met = fixture->condition(fixture);
	if (fixture->met || sy_loop_now_ms(fixture->loop) > fixture->give_up_ms)
		sy_loop_stop(fixture->loop);
	else
		sy_timer_start(fixture->poll, 10);
}

#define wait_for(fixture, condition) wait_for_(fixture, condition, #condition, __LINE__)
static inline void wait_for_(struct fixture *fixture, bool (*condition)(struct fixture *), const char *name, int line)
{
	fixture->condition = condition;
	sy_loop_update_now(fixture->loop);
	fixture->give_up_ms = sy_loop_now_ms(fixture->loop) + DEADLINE_MS;
	sy_timer_start(fixture->poll, 0);
	sy_loop_run(fixture->loop);
	if (!fixture->met)
		fail_msg("line %d: %s did not come true", line, name);
}

static inline void on_message(void *arg, const char *data, size_t len, pid_t pid, uid_t uid)
{
	struct side *side = arg;

	side->got++;
	snprintf(side->last, sizeof(side->last), "%.*s", (int)(len < 60 ? len : 60), data);
	side->last_len = len;
	side->pid = pid;
	side->uid = uid;
}

static inline void listen_at(struct fixture *fixture)
{
	struct sy_error err = {0};

	if (sy_link_listen(&fixture->listener.link, fixture->loop, fixture->path, MAX_BYTES, on_message, &fixture->listener, &err) < 0)
		fail_msg("%s", err.text);
}

static inline void dial(struct fixture *fixture)
{
	assert_int_equal(sy_link_dial(&fixture->dialer.link, fixture->loop, fixture->path, MAX_BYTES, on_message, &fixture->dialer, NULL),
			 0);
}

static inline int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/sy-link-XXXXXX");
	if (!mkdtemp(fixture->directory) || sy_loop_new(&fixture->loop, NULL) < 0 ||
	    sy_timer_new(&fixture->poll, fixture->loop, on_poll, fixture, NULL) < 0)
		return -1;
	snprintf(fixture->path, sizeof(fixture->path), "%s/a.sock", fixture->directory);
	fixture->want = 1;
	*state = fixture;
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *fixture = *state;

	sy_link_free(fixture->dialer.link);
	sy_link_free(fixture->listener.link);
	sy_timer_free(fixture->poll);
	sy_loop_free(fixture->loop);
	int left = rmdir(fixture->directory);
	free(fixture);
	return left;
}

static inline bool heard(struct fixture *fixture)
{
	return fixture->listener.got >= fixture->want;
}

static inline bool answered(struct fixture *fixture)
{
	return fixture->dialer.got >= fixture->want;
}

static inline int raw_connect(const struct fixture *fixture)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", fixture->path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
