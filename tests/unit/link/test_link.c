/* The link as it is meant to be used. */
#include "link_fixture.h"

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

static void sending_to_nobody_does_not_block(void **state)
{
	struct fixture *fixture = *state;
	int rc = 0;

	listen_at(fixture);
	for (int i = 0; i < 10000 && rc == 0; i++)
		rc = sy_link_send(fixture->listener.link, "x", 1, NULL);
	assert_int_equal(rc, -EAGAIN);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_go_both_ways),
		TEST(dialing_does_not_wait_for_the_listener),
		TEST(renewing_heals_a_lost_file),
		TEST(a_dialer_can_be_renewed),
		TEST(sending_to_nobody_does_not_block),
		TEST(bad_places_are_refused),
		TEST(what_a_late_reader_gets_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
