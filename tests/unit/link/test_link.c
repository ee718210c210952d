/* The link against what is known to go wrong with nng 1.5.2 and against hostile peers. Raw peers are plain sockets; the others are links of
 * this same process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
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

static void on_poll(void *arg)
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
static void wait_for_(struct fixture *fixture, bool (*condition)(struct fixture *), const char *name, int line)
{
	fixture->condition = condition;
	sy_loop_update_now(fixture->loop);
	fixture->give_up_ms = sy_loop_now_ms(fixture->loop) + DEADLINE_MS;
	sy_timer_start(fixture->poll, 0);
	sy_loop_run(fixture->loop);
	if (!fixture->met)
		fail_msg("line %d: %s did not come true", line, name);
}

static void on_message(void *arg, const char *data, size_t len, pid_t pid, uid_t uid)
{
	struct side *side = arg;

	side->got++;
	snprintf(side->last, sizeof(side->last), "%.*s", (int)(len < 60 ? len : 60), data);
	side->last_len = len;
	side->pid = pid;
	side->uid = uid;
}

static void listen_at(struct fixture *fixture)
{
	struct sy_error err = {0};

	if (sy_link_listen(&fixture->listener.link, fixture->loop, fixture->path, MAX_BYTES, on_message, &fixture->listener, &err) < 0)
		fail_msg("%s", err.text);
}

static void dial(struct fixture *fixture)
{
	assert_int_equal(sy_link_dial(&fixture->dialer.link, fixture->loop, fixture->path, MAX_BYTES, on_message, &fixture->dialer, NULL),
			 0);
}

static int set_up(void **state)
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

static int tear_down(void **state)
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

static bool heard(struct fixture *fixture)
{
	return fixture->listener.got >= fixture->want;
}

static bool answered(struct fixture *fixture)
{
	return fixture->dialer.got >= fixture->want;
}

static void messages_go_both_ways(void **state)
{
	struct fixture *fixture = *state;
	struct stat st;

	listen_at(fixture);
	assert_int_equal(stat(fixture->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	dial(fixture);
	assert_int_equal(sy_link_send(fixture->dialer.link, "hello", 5, NULL), 0);
	wait_for(fixture, heard);
	assert_string_equal(fixture->listener.last, "hello");
	assert_int_equal(fixture->listener.pid, getpid());
	assert_int_equal(fixture->listener.uid, geteuid());
	assert_int_equal(sy_link_send(fixture->listener.link, "welcome", 7, NULL), 0);
	wait_for(fixture, answered);
	assert_string_equal(fixture->dialer.last, "welcome");
	assert_int_equal(fixture->dialer.pid, getpid());
}

/* Written before the listener exists: kept by the dialer, which finds it by itself. */
static void dialing_does_not_wait_for_the_listener(void **state)
{
	struct fixture *fixture = *state;

	dial(fixture);
	assert_int_equal(sy_link_send(fixture->dialer.link, "early", 5, NULL), 0);
	listen_at(fixture);
	wait_for(fixture, heard);
	assert_string_equal(fixture->listener.last, "early");
}

static int raw_connect(const struct fixture *fixture)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", fixture->path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* What ends a listener of nng's sockets for good. */
static void a_stray_connection_ends_nothing(void **state)
{
	struct fixture *fixture = *state;

	listen_at(fixture);
	for (int i = 0; i < 3; i++)
		close(raw_connect(fixture));
	dial(fixture);
	assert_int_equal(sy_link_send(fixture->dialer.link, "hello", 5, NULL), 0);
	wait_for(fixture, heard);
}

/* Somebody removed the file: nobody can come any more, until the listener is renewed. */
static void renewing_heals_a_lost_file(void **state)
{
	struct fixture *fixture = *state;

	listen_at(fixture);
	assert_int_equal(unlink(fixture->path), 0);
	dial(fixture);
	assert_int_equal(sy_link_renew(fixture->listener.link, NULL), 0);
	assert_int_equal(sy_link_send(fixture->dialer.link, "hello", 5, NULL), 0);
	wait_for(fixture, heard);
}

static void a_dialer_can_be_renewed(void **state)
{
	struct fixture *fixture = *state;

	listen_at(fixture);
	dial(fixture);
	sy_link_send(fixture->dialer.link, "one", 3, NULL);
	wait_for(fixture, heard);
	assert_int_equal(sy_link_renew(fixture->dialer.link, NULL), 0);
	fixture->keep_sending = true;
	fixture->want = fixture->listener.got + 3;
	wait_for(fixture, heard);
}

/* Bytes that make no message: nothing is heard, and a real peer is afterwards. */
static void hostile_bytes_are_survived(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
		{"GET / HTTP/1.1\r\n\r\n", 18},		 /* a length beyond all bounds */
		{"\xff\xff\xff\xff\xff\xff\xff\xff", 8}, /* the largest one */
		{"\0\0\x10\x01", 4},			 /* one more than is taken */
		{"\0\0", 2},				 /* half a length */
		{"\0\0\x10\0half a message", 18},
	};
	struct fixture *fixture = *state;

	listen_at(fixture);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = raw_connect(fixture);

		assert_int_equal(send(fd, rows[i].bytes, rows[i].len, MSG_NOSIGNAL), rows[i].len);
		close(fd);
	}
	dial(fixture);
	assert_int_equal(sy_link_send(fixture->dialer.link, "good", 4, NULL), 0);
	wait_for(fixture, heard);
	assert_string_equal(fixture->listener.last, "good");
	assert_int_equal(fixture->listener.got, 1);
}

/* Lengths and contents in pieces of any size, several messages in one piece, an empty one. */
static void messages_are_put_together(void **state)
{
	static const char bytes[] = "\0\0\0\5first\0\0\0\0\0\0\0\6second\0\0\0\1";
	struct fixture *fixture = *state;

	listen_at(fixture);
	int fd = raw_connect(fixture);
	for (size_t i = 0; i < sizeof(bytes) - 1; i++)
		assert_int_equal(send(fd, bytes + i, 1, MSG_NOSIGNAL), 1);
	fixture->want = 3;
	wait_for(fixture, heard);
	assert_string_equal(fixture->listener.last, "second");
	assert_int_equal(send(fd, "x\0\0\0\1y\0\0\0\1z", 11, MSG_NOSIGNAL), 11);
	fixture->want = 6;
	wait_for(fixture, heard);
	assert_string_equal(fixture->listener.last, "z");
	close(fd);
}

static void a_message_too_large_is_not_taken(void **state)
{
	struct fixture *fixture = *state;
	char big[2 * MAX_BYTES];

	listen_at(fixture);
	dial(fixture);
	sy_link_send(fixture->dialer.link, "one", 3, NULL);
	wait_for(fixture, heard);
	memset(big, 'x', sizeof(big));
	sy_link_send(fixture->dialer.link, big, sizeof(big), NULL);
	fixture->keep_sending = true; /* the connection is cut, the dialer comes back */
	fixture->want = fixture->listener.got + 1;
	wait_for(fixture, heard);
	assert_string_equal(fixture->listener.last, "again");
}

static void sending_to_nobody_does_not_block(void **state)
{
	struct fixture *fixture = *state;
	int rc = 0;

	listen_at(fixture);
	for (int i = 0; i < 10000 && rc == 0; i++)
		rc = sy_link_send(fixture->listener.link, "x", 1, NULL);
	assert_int_equal(rc, -EAGAIN);
}

static bool shown_out(struct fixture *fixture)
{
	char byte;

	return recv(fixture->stranger, &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET;
}

/* With an expected process, others do not even get the one place that there is. */
static void a_stranger_is_refused_at_the_door(void **state)
{
	struct fixture *fixture = *state;

	listen_at(fixture);
	sy_link_expect(fixture->listener.link, 1);
	dial(fixture);
	for (int i = 0; i < 20; i++)
		sy_link_send(fixture->dialer.link, "let me in", 9, NULL);
	int fd = raw_connect(fixture); /* as a process of the same user can */
	assert_int_equal(send(fd, "\0\0\0\1x", 5, MSG_NOSIGNAL), 5);
	fixture->stranger = fd;
	wait_for(fixture, shown_out);
	close(fd);
	assert_int_equal(fixture->listener.got, 0);
	sy_link_expect(fixture->listener.link, getpid());
	fixture->keep_sending = true;
	wait_for(fixture, heard);
}

static void a_flood_leaves_the_loop_its_turns(void **state)
{
	struct fixture *fixture = *state;
	unsigned sent = 0;

	listen_at(fixture);
	dial(fixture);
	for (int i = 0; i < 2000; i++)
		sent += sy_link_send(fixture->dialer.link, "x", 1, NULL) == 0;
	assert_true(sent > 64);
	fixture->want = sent;
	wait_for(fixture, heard); /* in several turns, nothing lost */
}

static void bad_places_are_refused(void **state)
{
	struct fixture *fixture = *state;
	struct sy_link *link = NULL;
	char path[256];

	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[150] = '\0';
	assert_int_equal(sy_link_listen(&link, fixture->loop, path, 1, on_message, NULL, NULL), -EINVAL);
	assert_int_equal(sy_link_listen(&link, fixture->loop, "relative", 1, on_message, NULL, NULL), -EINVAL);
	assert_int_equal(sy_link_listen(&link, fixture->loop, "/nonexistent-dir/x", 1, on_message, NULL, NULL), -ENOENT);
	assert_int_equal(chmod(fixture->directory, 0755), 0);
	assert_int_equal(sy_link_listen(&link, fixture->loop, fixture->path, 1, on_message, NULL, NULL), -EPERM);
	assert_int_equal(chmod(fixture->directory, 0700), 0);
	assert_null(link);
}

static unsigned count_fds(void)
{
	unsigned count = 0;
	DIR *dir = opendir("/proc/self/fd");

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

/* nng closes the descriptor of a stream a moment after it was freed. */
static bool none_is_lost(struct fixture *fixture)
{
	return count_fds() <= fixture->descriptors;
}

static void one_cycle(struct fixture *fixture, int i)
{
	snprintf(fixture->path, sizeof(fixture->path), "%s/%d.sock", fixture->directory, i);
	fixture->listener.got = 0;
	listen_at(fixture);
	dial(fixture);
	sy_link_send(fixture->dialer.link, "x", 1, NULL);
	wait_for(fixture, heard);
	sy_link_free(fixture->dialer.link);
	sy_link_free(fixture->listener.link);
	fixture->dialer.link = NULL;
	fixture->listener.link = NULL;
}

static void many_cycles_leak_no_descriptor(void **state)
{
	struct fixture *fixture = *state;

	one_cycle(fixture, 0); /* nng's own descriptors */
	fixture->descriptors = count_fds();
	for (int i = 1; i <= 200; i++)
		one_cycle(fixture, i);
	wait_for(fixture, none_is_lost);
}

/* What stops nng's sockets from ever giving a connection back: the peer ends in the middle of a message while something is sent to it. */
static void ends_in_the_middle_leak_no_descriptor(void **state)
{
	struct fixture *fixture = *state;

	one_cycle(fixture, 0);
	fixture->descriptors = count_fds();
	for (int i = 1; i <= 100; i++) {
		snprintf(fixture->path, sizeof(fixture->path), "%s/%d.sock", fixture->directory, i);
		fixture->listener.got = 0;
		listen_at(fixture);
		int fd = raw_connect(fixture);
		assert_int_equal(send(fd, "\0\0\0\1x\0\0\4\0half", 13, MSG_NOSIGNAL), 13);
		wait_for(fixture, heard);
		sy_link_send(fixture->listener.link, "answer", 6, NULL);
		close(fd);
		sy_link_send(fixture->listener.link, "answer", 6, NULL);
		if (i % 2)
			sy_link_renew(fixture->listener.link, NULL);
		sy_link_free(fixture->listener.link);
		fixture->listener.link = NULL;
	}
	wait_for(fixture, none_is_lost);
}

/* More than fits into the socket and the queue: nothing is lost or torn when the peer begins to read late. */
static void what_a_late_reader_gets_is_whole(void **state)
{
	struct fixture *fixture = *state;
	char big[MAX_BYTES];
	unsigned sent = 0;

	listen_at(fixture);
	memset(big, 'x', sizeof(big));
	while (sy_link_send(fixture->listener.link, big, sizeof(big), NULL) == 0)
		sent++;
	assert_true(sent > 1);
	dial(fixture);
	fixture->want = sent;
	wait_for(fixture, answered);
	assert_int_equal(fixture->dialer.last_len, sizeof(big));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_go_both_ways),
		TEST(dialing_does_not_wait_for_the_listener),
		TEST(a_stray_connection_ends_nothing),
		TEST(renewing_heals_a_lost_file),
		TEST(a_dialer_can_be_renewed),
		TEST(hostile_bytes_are_survived),
		TEST(messages_are_put_together),
		TEST(a_message_too_large_is_not_taken),
		TEST(sending_to_nobody_does_not_block),
		TEST(a_stranger_is_refused_at_the_door),
		TEST(a_flood_leaves_the_loop_its_turns),
		TEST(bad_places_are_refused),
		TEST(many_cycles_leak_no_descriptor),
		TEST(ends_in_the_middle_leak_no_descriptor),
		TEST(what_a_late_reader_gets_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
