/* Watches of the reflector: resuming, silence, refusals, back-off, freeing. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/kube/script.h"

static void test_garbage(void **state)
{
	static const struct step steps[] = {
		{SEND, STREAM, 0, NULL,
		 END("9") EVENT("ADDED", "a", "10") "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"x\",}}}\n"},
		{SEND, STREAM, 0, NULL, "<html>\n"},
		{SEND, STREAM, 0, NULL, EVENT("ADDED", "a", "10") END("12")},
		{0},
	};
	struct fixture *f = *state;

	begin(f, steps, false, 0);
	expect(f, "begin synced +a begin begin +a synced ");
	assert_int_equal(f->verdict, SY_KUBE_UNREACHABLE);
	assert_int_equal(f->state, SY_REFLECTOR_SYNCED);
}

static void test_refusals_and_resume(void **state)
{
	static const struct step steps[] = {
		{SEND, REPLY, 403, NULL, STATUS("403", "Forbidden", "access denied")},
		{SEND, CUT, 0, NULL, EVENT("ADDED", "a", "5") END("9") EVENT("ADDED", "b", "10")},
		{"resourceVersion=10", REPLY, 401, NULL, STATUS("401", "Unauthorized", "Unauthorized")},
		{"resourceVersion=10", REPLY, 503, NULL, "not available"},
		{"resourceVersion=10", STREAM, 0, NULL, EVENT("DELETED", "b", "11")},
		{0},
	};
	struct fixture *f = *state;

	begin(f, steps, false, 0);
	expect(f, "begin +a synced +b -b ");
	assert_int_equal(f->fails, 3);
	assert_int_equal(f->verdict, SY_KUBE_SERVER_ERROR);
	assert_int_equal(f->state, SY_REFLECTOR_SYNCED);
	assert_string_equal(sy_reflector_message(f->reflector), "");
}

static void test_retry_after(void **state)
{
	static const struct step steps[] = {
		{SEND, REPLY, 429, "Retry-After: 1\r\n", "Too many requests"},
		{SEND, STREAM, 0, NULL, END("9")},
		{0},
	};
	struct fixture *f = *state;
	int64_t before = sy_loop_now_ms(f->loop);

	begin(f, steps, false, 0);
	expect(f, "begin synced ");
	sy_loop_update_now(f->loop);
	assert_true(sy_loop_now_ms(f->loop) - before >= 990);
	assert_int_equal(f->verdict, SY_KUBE_THROTTLED);
	assert_int_equal(sy_kube_counters(f->kube).throttled, 1);
}

static void test_silence_relists(void **state)
{
	static const struct step steps[] = {
		{"?limit=500", REPLY, 200, NULL, LIST("20", "", OBJ("a", "1"))},
		{"resourceVersion=20", STREAM, 0, NULL, BOOKMARK("22")},
		{"?limit=500", REPLY, 200, NULL, LIST("7", "", OBJ("a", "1"))},
		{"resourceVersion=7", STREAM, 0, NULL, EVENT("ADDED", "b", "8")},
		{0},
	};
	struct fixture *f = *state;

	begin(f, steps, true, 2000); /* long enough for a busy machine to look at the log in between */
	expect(f, "begin +a synced begin +a synced +b ");
	assert_int_equal(f->fails, 0); /* the list was answered */
	assert_int_equal(f->state, SY_REFLECTOR_SYNCED);
}

static bool has_failed(void *arg)
{
	return ((struct fixture *)arg)->fails > 0;
}

/* A server that stands still: neither the watch nor the list after it brings anything. */
static void test_silence_of_a_server(void **state)
{
	static const struct step steps[] = {
		{"?limit=500", REPLY, 200, NULL, LIST("20", "", OBJ("a", "1"))},
		{"resourceVersion=20", STREAM, 0, NULL, BOOKMARK("22")},
		{"?limit=500", MUTE, 0, NULL, NULL},
		{0},
	};
	struct fixture *f = *state;

	begin(f, steps, true, 500);
	assert_true(server_wait_for(f->loop, has_failed, f, 8000));
	assert_int_equal(f->at, 3);
	assert_int_equal(f->verdict, SY_KUBE_UNREACHABLE);
	assert_string_equal(f->log, "begin +a synced ");
}

static bool has_many_requests(void *arg)
{
	return ((struct fixture *)arg)->at >= 9;
}

/* Streams that end at once are resumed ever more slowly. */
static void test_short_streams(void **state)
{
	static const struct step end = {"watch=1", FINISH, 0, NULL, EVENT("ADDED", "b", "21")};
	struct fixture *f = *state;
	struct step steps[11] = {{SEND, FINISH, 0, NULL, END("9")}};

	for (size_t i = 1; i < 10; i++)
		steps[i] = end;
	begin(f, steps, false, 0);
	assert_false(server_wait_for(f->loop, has_many_requests, f, 1500));
	assert_in_range(f->at, 2, 5);
	assert_int_equal(f->fails, 0);
}

static void test_free_in_callback(void **state)
{
	static const struct step steps[] = {
		{SEND, STREAM, 0, NULL, EVENT("ADDED", "a", "5") EVENT("ADDED", "b", "6") END("9")},
		{0},
	};
	struct fixture *f = *state;

	f->free_on_event = true;
	begin(f, steps, false, 0);
	assert_true(server_wait_for(f->loop, was_freed, f, 5000));
	assert_string_equal(f->log, "begin +a ");
}

static void test_client_freed_first(void **state)
{
	static const struct step steps[] = {{SEND, STREAM, 0, NULL, END("9")}, {0}};
	struct fixture *f = *state;

	begin(f, steps, false, 0);
	expect(f, "begin synced ");
	sy_kube_free(f->kube);
	f->kube = NULL;
	sy_reflector_kick(f->reflector);
	sy_reflector_relist(f->reflector);
	assert_int_equal(sy_reflector_state(f->reflector), SY_REFLECTOR_SYNCED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_garbage),	     TEST(test_refusals_and_resume), TEST(test_retry_after),
		TEST(test_silence_relists),  TEST(test_silence_of_a_server), TEST(test_short_streams),
		TEST(test_free_in_callback), TEST(test_client_freed_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
