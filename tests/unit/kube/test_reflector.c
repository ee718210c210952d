/* Lists of the reflector: streaming and paged, whole and broken. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/kube/script.h"

static void test_streaming_list(void **state)
{
	static const struct step steps[] = {
		{SEND, FINISH, 0, NULL,
		 EVENT("ADDED", "a", "5") EVENT("MODIFIED", "b", "6") BOOKMARK("6") END("9") EVENT("MODIFIED", "a", "10")
			 EVENT("DELETED", "b", "11") BOOKMARK("12")},
		{"resourceVersion=12", STREAM, 0, NULL, EVENT("ADDED", "c", "13")},
		{0},
	};
	struct fixture *f = *state;

	begin(f, steps, false, 0);
	expect(f, "begin +a +b synced ~a -b +c ");
	assert_int_equal(f->state, SY_REFLECTOR_SYNCED);
	assert_int_equal(f->fails, 0);
	assert_int_equal(sy_kube_counters(f->kube).requests, 2);
}

static void test_fallback_on_refusal(void **state)
{
	static const struct step steps[] = {
		{SEND, REPLY, 422, NULL, STATUS("422", "Invalid", "sendInitialEvents is forbidden")},
		{"?limit=500&labelSelector", REPLY, 200, NULL, LIST("20", "tok/1", OBJ("a", "1"))},
		{"?limit=500&continue=tok%2F1", REPLY, 200, NULL, LIST("20", "", OBJ("b", "2") "," OBJ("c", "3"))},
		{"resourceVersion=20", STREAM, 0, NULL, EVENT("DELETED", "a", "21")},
		{0},
	};
	struct fixture *f = *state;

	begin(f, steps, false, 0);
	expect(f, "begin +a +b +c synced -a ");
	assert_int_equal(f->fails, 0);
}

static void test_fallback_when_ignored(void **state)
{
	static const struct step steps[] = {
		{SEND, STREAM, 0, NULL, EVENT("ADDED", "a", "5")}, /* and then silence */
		{"?limit=500", REPLY, 200, NULL, LIST("20", "", OBJ("a", "5"))},
		{"resourceVersion=20", STREAM, 0, NULL, EVENT("ADDED", "b", "21")},
		{0},
	};
	struct fixture *f = *state;

	begin(f, steps, false, 200);
	expect(f, "begin +a begin +a synced +b ");
}

static void test_truncated_list(void **state)
{
	static const struct step steps[] = {
		{"?limit=500", CUT, 0, NULL,
		 "{\"kind\":\"WidgetList\",\"metadata\":{\"resourceVersion\":\"20\"},\"items\":[" OBJ("a", "5") ","},
		{"?limit=500", FINISH, 0, NULL, "{\"metadata\":{\"resourceVersion\":\"20\"},\"items\":[" OBJ("a", "5")},
		{"?limit=500", REPLY, 200, NULL, LIST("21", "", OBJ("b", "6"))},
		{"resourceVersion=21", STREAM, 0, NULL, EVENT("ADDED", "c", "22")},
		{0},
	};
	struct fixture *f = *state;

	begin(f, steps, true, 0);
	expect(f, "begin +a begin +a begin +b synced +c ");
	assert_int_equal(f->syncs, 1);
}

static void test_truncated_streaming_list(void **state)
{
	static const struct step steps[] = {
		{SEND, FINISH, 0, NULL, EVENT("ADDED", "a", "5")},
		{SEND, CUT, 0, NULL, EVENT("ADDED", "a", "5")},
		{SEND, FINISH, 0, NULL, ""},
		{"?limit=500", REPLY, 200, NULL, LIST("21", "", "")},
		{"resourceVersion=21", STREAM, 0, NULL, EVENT("ADDED", "c", "22")},
		{0},
	};
	struct fixture *f = *state;

	begin(f, steps, false, 0);
	expect(f, "begin +a begin +a begin begin synced +c ");
}

static void test_gone(void **state)
{
	static const struct step steps[] = {
		{"?limit=500&label", REPLY, 200, NULL, LIST("20", "t1", OBJ("a", "1"))},
		{"continue=t1", REPLY, 410, NULL, STATUS("410", "Expired", "too old")},
		{"?limit=500&label", REPLY, 200, NULL, LIST("30", "", OBJ("b", "2"))},
		{"resourceVersion=30", FINISH, 0, NULL,
		 "{\"type\":\"ERROR\",\"object\":" STATUS("410", "Expired", "too old resource version") "}\n"},
		{"?limit=500&label", REPLY, 200, NULL, LIST("40", "", OBJ("b", "2"))},
		{"resourceVersion=40", REPLY, 410, NULL, STATUS("410", "Gone", "gone")},
		{"?limit=500&label", REPLY, 200, NULL, LIST("50", "", "")},
		{"resourceVersion=50", STREAM, 0, NULL, EVENT("ADDED", "c", "51")},
		{0},
	};
	struct fixture *f = *state;

	begin(f, steps, true, 0);
	expect(f, "begin +a begin +b synced begin +b synced begin synced +c ");
}

static bool at_gone(void *arg)
{
	struct fixture *f = arg;

	return f->wrong[0] || f->at == 6;
}

/* A server that was away for long does not know our place any more: what it answers shows that waiting for it is over. */
static void test_gone_ends_the_back_off(void **state)
{
	static const struct step steps[] = {
		{"?limit=500&label", REPLY, 200, NULL, LIST("20", "", OBJ("a", "1"))},
		{"resourceVersion=20", REPLY, 503, NULL, STATUS("503", "ServiceUnavailable", "away")},
		{"resourceVersion=20", REPLY, 503, NULL, STATUS("503", "ServiceUnavailable", "away")},
		{"resourceVersion=20", REPLY, 503, NULL, STATUS("503", "ServiceUnavailable", "away")},
		{"resourceVersion=20", REPLY, 503, NULL, STATUS("503", "ServiceUnavailable", "away")},
		{"resourceVersion=20", REPLY, 410, NULL, STATUS("410", "Expired", "too old")},
		{"?limit=500&label", REPLY, 200, NULL, LIST("30", "", OBJ("b", "2"))},
		{"resourceVersion=30", STREAM, 0, NULL, EVENT("ADDED", "c", "31")},
		{0},
	};
	struct fixture *f = *state;

	begin(f, steps, true, 0);
	assert_true(server_wait_for(f->loop, at_gone, f, 8000));
	int64_t gone_ms = sy_loop_now_ms(f->loop);
	expect(f, "begin +a synced begin +b synced +c ");
	assert_in_range(sy_loop_now_ms(f->loop) - gone_ms, 100, 1500); /* the fifth failure in a row would wait for 2 s or more */
}

static void test_too_new(void **state)
{
	static const struct step steps[] = {
		{SEND, STREAM, 0, NULL, "{\"type\":\"ERROR\",\"object\":" STATUS("504", "Timeout", "Too large resource version") "}\n"},
		{SEND, STREAM, 0, NULL, END("9")},
		{0},
	};
	struct fixture *f = *state;

	begin(f, steps, false, 0);
	expect(f, "begin begin synced ");
	assert_int_equal(f->verdict, SY_KUBE_SERVER_ERROR);
}

static void test_mute_server(void **state)
{
	static const struct step steps[] = {
		{"?limit=500", MUTE, 0, NULL, NULL},
		{"?limit=500", REPLY, 200, NULL, LIST("20", "", "")},
		{"resourceVersion=20", STREAM, 0, NULL, EVENT("ADDED", "b", "21")},
		{0},
	};
	struct fixture *f = *state;

	begin(f, steps, true, 200);
	expect(f, "begin synced +b ");
	assert_int_equal(f->server.accepted, 3); /* the mute connection was not used again; the watch has its own */
}

static void test_too_large(void **state)
{
	static const struct step steps[] = {
		{SEND, HUGE, 0, NULL, NULL},
		{"?limit=500", REPLY, 200, NULL, LIST("20", "", "")},
		{"resourceVersion=20", STREAM, 0, NULL, EVENT("ADDED", "b", "21")},
		{0},
	};
	struct fixture *f = *state;

	begin(f, steps, false, 0);
	expect(f, "begin begin synced +b ");
	assert_int_equal(f->verdict, SY_KUBE_TOO_LARGE);
}

static void test_free_in_list_callback(void **state)
{
	static const struct step steps[] = {
		{"?limit=500", REPLY, 200, NULL, LIST("20", "", OBJ("a", "1") "," OBJ("b", "1"))},
		{0},
	};
	struct fixture *f = *state;

	f->free_on_event = true;
	begin(f, steps, true, 0);
	assert_true(server_wait_for(f->loop, was_freed, f, 5000));
	assert_string_equal(f->log, "begin +a ");
}

static void test_relist_in_callback(void **state)
{
	static const struct step steps[] = {
		{SEND, STREAM, 0, NULL, EVENT("ADDED", "a", "5") EVENT("ADDED", "b", "6") END("9")},
		{SEND, STREAM, 0, NULL, EVENT("ADDED", "c", "5") END("9")},
		{0},
	};
	struct fixture *f = *state;

	f->relist_on_event = true;
	begin(f, steps, false, 0);
	expect(f, "begin +a begin +c synced ");
}

static void test_outside_of_reach(void **state)
{
	struct fixture *f = *state;
	const char *prefix = "http://127.0.0.1:1/x";
	struct sy_reflector_spec spec = {.gvr = {"", "v1", "pods"}};
	struct sy_error err = {0};

	assert_int_equal(sy_kube_allow(f->kube, &prefix, 1, &err), 0);
	assert_int_equal(sy_reflector_new(&f->reflector, f->kube, &spec, &script_ops, f, &err), -EACCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_streaming_list),
		TEST(test_fallback_on_refusal),
		TEST(test_fallback_when_ignored),
		TEST(test_truncated_list),
		TEST(test_truncated_streaming_list),
		TEST(test_gone),
		TEST(test_gone_ends_the_back_off),
		TEST(test_too_new),
		TEST(test_mute_server),
		TEST(test_too_large),
		TEST(test_free_in_list_callback),
		TEST(test_relist_in_callback),
		TEST(test_outside_of_reach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
