/* Objects that cannot be read: one of them stops nothing but itself. */
#include "unit/kube/script.h"

#define BAD(name, rv)                                                                                                                      \
	"{\"metadata\":{\"name\":\"" name "\",\"uid\":\"u-" name "\",\"resourceVersion\":\"" rv "\"},\"spec\":{\"a\":1,\"a\":2}}"
#define LOST "{\"spec\":{\"a\":1,\"a\":2}}"
#define BAD_EVENT(type, name, rv) "{\"type\":\"" type "\",\"object\":" BAD(name, rv) "}\n"

static void on_broken(void *arg, const struct sy_reflector_broken *broken)
{
	static const char *const names[] = {"?+", "?~", "?-"};
	const char *name = sy_json_str(broken->about, "metadata", "name", NULL);
	char text[128];

	assert_int_equal(broken->why->code, EINVAL);
	assert_non_null(strstr(broken->why->text, "duplicate key"));
	assert_int_equal(broken->whole, name != NULL);
	snprintf(text, sizeof(text), "%s%s", names[broken->type], name ? name : "");
	note(arg, text);
}

static void start(struct fixture *f, const struct step *steps, bool paged)
{
	struct sy_reflector_spec spec = {
		.gvr = {"example.dev", "v1", "widgets"}, .label_selector = "a=b", .paged_only = paged, .broken = on_broken};

	f->steps = steps;
	assert_int_equal(sy_reflector_new(&f->reflector, f->kube, &spec, &script_ops, f, NULL), 0);
}

static void test_streaming_list_and_watch(void **state)
{
	static const struct step steps[] = {
		{SEND, CUT, 0, NULL,
		 EVENT("ADDED", "a", "5") BAD_EVENT("ADDED", "x", "6") BAD_EVENT("MODIFIED", "x", "7") EVENT("ADDED", "b", "8") END("9")
			 BAD_EVENT("MODIFIED", "a", "10") EVENT("DELETED", "b", "11") "{\"type\":\"ADDED\",\"object\":" LOST
										      "}\n" BAD_EVENT("DELETED", "x", "12")},
		{"resourceVersion=12", STREAM, 0, NULL, EVENT("ADDED", "c", "13")},
		{0},
	};
	struct fixture *f = *state;

	start(f, steps, false);
	expect(f, "begin +a ?+x ?+x +b synced ?~a -b ?+ ?-x +c ");
	assert_int_equal(f->fails, 0);
	assert_int_equal(f->state, SY_REFLECTOR_SYNCED);
}

static void test_pages(void **state)
{
	static const struct step steps[] = {
		{"?limit=500", REPLY, 200, NULL, LIST("20", "c1", OBJ("a", "1") "," BAD("x", "2") "," LOST)},
		{"continue=c1", REPLY, 200, NULL, LIST("20", "", BAD("y", "3") "," OBJ("b", "4"))},
		{"resourceVersion=20", STREAM, 0, NULL, EVENT("ADDED", "c", "21")},
		{0},
	};
	struct fixture *f = *state;

	start(f, steps, true);
	expect(f, "begin +a ?+x ?+ ?+y +b synced +c ");
	assert_int_equal(f->fails, 0);
}

/* What is no event, or no list, still ends the attempt. */
static void test_garbage_is_no_object(void **state)
{
	static const struct step steps[] = {
		{SEND, STREAM, 0, NULL, "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"x\"}}\n"},
		{SEND, STREAM, 0, NULL, EVENT("ADDED", "a", "5") END("9") "{\"type\":\"BOOKMARK\",\"object\":" LOST "}\n"},
		{SEND, STREAM, 0, NULL, END("12")},
		{0},
	};
	struct fixture *f = *state;

	start(f, steps, false);
	expect(f, "begin begin +a synced begin synced ");
	assert_int_equal(f->verdict, SY_KUBE_UNREACHABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_streaming_list_and_watch),
		TEST(test_pages),
		TEST(test_garbage_is_no_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
