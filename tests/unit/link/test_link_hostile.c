/* The link against what is known to go wrong with nng 1.5.2 and against hostile peers, which are plain sockets. */
#include "link_fixture.h"
#include "unit/descriptors.h"

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

/* The first message makes its receiver begin anew; the others count. */
static void on_message_renew(void *arg, const char *data, size_t len, pid_t pid, uid_t uid)
{
	struct side *side = arg;
	bool first = side->got == 0;

	on_message(arg, data, len, pid, uid);
	if (first && sy_link_renew(side->link, NULL) < 0)
		sy_loop_stop(side->fixture->loop);
}

/* What had been read after the message that made the receiver renew the link belongs to a connection that is over. */
static void a_listener_is_renewed_by_what_it_hears(void **state)
{
	struct fixture *fixture = *state;

	fixture->listener.fixture = fixture;
	assert_int_equal(sy_link_listen(&fixture->listener.link, fixture->loop, fixture->path, MAX_BYTES, on_message_renew,
					&fixture->listener, NULL),
			 0);
	int fd = raw_connect(fixture);
	assert_int_equal(send(fd, "\0\0\0\1a\0\0\0\1b\0\0\0\1c\0\0", 17, MSG_NOSIGNAL), 17);
	fixture->stranger = fd;
	wait_for(fixture, heard);
	wait_for(fixture, shown_out);
	close(fd);
	assert_int_equal(fixture->listener.got, 1);
	assert_string_equal(fixture->listener.last, "a");
	dial(fixture);
	assert_int_equal(sy_link_send(fixture->dialer.link, "anew", 4, NULL), 0);
	fixture->want = 2;
	wait_for(fixture, heard);
	assert_string_equal(fixture->listener.last, "anew");
}

static void a_dialer_is_renewed_by_what_it_hears(void **state)
{
	struct fixture *fixture = *state;

	fixture->dialer.fixture = fixture;
	listen_at(fixture);
	for (int i = 0; i < 3; i++) /* queued: they are sent as one piece or as several */
		assert_int_equal(sy_link_send(fixture->listener.link, "early", 5, NULL), 0);
	assert_int_equal(
		sy_link_dial(&fixture->dialer.link, fixture->loop, fixture->path, MAX_BYTES, on_message_renew, &fixture->dialer, NULL), 0);
	wait_for(fixture, answered);
	assert_int_equal(sy_link_send(fixture->dialer.link, "anew", 4, NULL), 0);
	wait_for(fixture, heard);
	assert_string_equal(fixture->listener.last, "anew");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_stray_connection_ends_nothing),
		TEST(hostile_bytes_are_survived),
		TEST(messages_are_put_together),
		TEST(a_message_too_large_is_not_taken),
		TEST(a_stranger_is_refused_at_the_door),
		TEST(a_flood_leaves_the_loop_its_turns),
		TEST(a_listener_is_renewed_by_what_it_hears),
		TEST(a_dialer_is_renewed_by_what_it_hears),
		TEST(many_cycles_leak_no_descriptor),
		TEST(ends_in_the_middle_leak_no_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
