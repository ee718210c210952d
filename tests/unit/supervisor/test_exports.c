/* Which entries of a SyncTarget are one export, and when one that is no longer named retires. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/discovery/bindings.h"

#define URL "https://kcp.example/services/apiexport/prov/widgets"
#define BY_PATH "{\"path\":\"root:provider\",\"export\":\"widgets\"}"
#define BY_NAME "{\"path\":\"prov\",\"export\":\"widgets\"}"
#define OTHER "{\"path\":\"root:other\",\"export\":\"gadgets\"}"
#define GRACE_MS 30

struct fixture {
	struct sy_loop *loop;
	struct sy_timings timings;
	struct sy_exports *exports;
	struct sy_bindings *bindings;
};

static void ignore(void *arg)
{
	(void)arg;
}

static int setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){.timings = SY_TIMINGS_DEFAULT};
	assert_int_equal(sy_loop_new(&fixture.loop, NULL), 0);
	assert_int_equal(sy_exports_new(&fixture.exports, fixture.loop, NULL, "https://kcp.example", ignore, NULL, NULL), 0);
	assert_int_equal(sy_bindings_new(&fixture.bindings, fixture.loop, NULL, &fixture.timings, ignore, NULL, NULL), 0);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sy_bindings_free(f->bindings);
	sy_exports_free(f->exports);
	sy_loop_free(f->loop);
	return 0;
}

static json_object *parse(const char *text)
{
	json_object *value = NULL;

	assert_int_equal(sy_json_parse(text, strlen(text), 65536, &value, NULL), 0);
	return value;
}

static int64_t settle(struct fixture *f, bool leaving)
{
	const struct sy_exports_settling how = {.grace_ms = GRACE_MS, .leaving = leaving, .merge = sy_bindings_merge, .arg = f->bindings};

	return sy_exports_settle(f->exports, &how);
}

/* The SyncTarget names these, separated by commas. */
static int64_t name(struct fixture *f, const char *entries)
{
	char text[1024];
	json_object *list;

	(void)snprintf(text, sizeof(text), "[%s]", entries);
	list = parse(text);
	assert_int_equal(sy_exports_set(f->exports, "own", list, NULL), 0);
	json_object_put(list);
	return settle(f, false);
}

static struct sy_export *read_as(struct fixture *f, const char *path, const char *export, const char *cluster)
{
	struct sy_export *ret = NULL;
	json_object *object;
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "{\"metadata\":{\"name\":\"%s\",\"annotations\":{\"kcp.io/cluster\":\"%s\",\"kcp.io/path\":\"root:%s\"}},"
		       "\"spec\":{\"resources\":[]},\"status\":{\"identityHash\":\"abc\"}}",
		       export, cluster, cluster);
	object = parse(text);
	assert_int_equal(sy_exports_learn(f->exports, path, export, object, &ret, NULL), 0);
	json_object_put(object);
	return ret;
}

static void bind_to(struct fixture *f, struct sy_export *export)
{
	json_object *object = parse("{\"metadata\":{\"name\":\"w\",\"annotations\":{\"kcp.io/cluster\":\"c1\",\"kcp.io/path\":\"root:t\"}},"
				    "\"spec\":{\"reference\":{\"export\":{\"path\":\"root:provider\",\"name\":\"widgets\"}}},"
				    "\"status\":{\"phase\":\"Bound\",\"apiExportClusterName\":\"prov\"}}");

	assert_int_equal(sy_bindings_take(f->bindings, export, URL, false, object, NULL), 0);
	json_object_put(object);
}

static void stop(void *arg)
{
	sy_loop_stop(arg);
}

static void pass(struct fixture *f, int64_t ms)
{
	struct sy_timer *timer = NULL;

	assert_int_equal(sy_timer_new(&timer, f->loop, stop, f->loop, NULL), 0);
	sy_timer_start(timer, ms);
	sy_loop_run(f->loop);
	sy_timer_free(timer);
}

static void two_spellings_are_one(void **state)
{
	struct fixture *f = *state;
	struct sy_export *by_path, *by_name;

	name(f, BY_PATH);
	by_path = read_as(f, "root:provider", "widgets", "prov");
	settle(f, false);
	bind_to(f, by_path);
	name(f, BY_PATH "," BY_NAME);
	assert_int_equal(sy_exports_count(f->exports), 2); /* not known yet */
	by_name = read_as(f, "prov", "widgets", "prov");
	bind_to(f, by_name); /* its slice was faster than the export itself */
	assert_int_equal(sy_bindings_count(f->bindings), 2);
	settle(f, false);
	assert_int_equal(sy_exports_count(f->exports), 1);
	assert_ptr_equal(sy_exports_at(f->exports, 0), by_path);
	assert_int_equal(sy_bindings_count(f->bindings), 1);
	assert_ptr_equal(sy_bindings_at(f->bindings, 0)->export, by_path);
	/* One spelling less changes nothing, whichever it is. */
	name(f, BY_PATH);
	pass(f, GRACE_MS * 2);
	settle(f, false);
	assert_int_equal(sy_exports_count(f->exports), 1);
	assert_false(by_path->retired);
}

static void respelled(void **state)
{
	struct fixture *f = *state;
	struct sy_export *export;

	name(f, BY_PATH);
	export = read_as(f, "root:provider", "widgets", "prov");
	bind_to(f, export);
	name(f, BY_NAME);
	pass(f, GRACE_MS * 2);
	/* What is named now was not read: it may be the same. */
	settle(f, false);
	assert_int_equal(sy_exports_count(f->exports), 2);
	assert_true(sy_exports_unresolved(f->exports));
	assert_false(export->retired);
	(void)read_as(f, "prov", "widgets", "prov");
	settle(f, false);
	assert_int_equal(sy_exports_count(f->exports), 1);
	assert_ptr_equal(sy_exports_at(f->exports, 0), export);
	assert_true(export->named);
	assert_string_equal(export->workspace, "prov");
	pass(f, GRACE_MS * 2);
	settle(f, false);
	assert_false(export->retired);
	assert_ptr_equal(sy_bindings_at(f->bindings, 0)->export, export);
}

static void grace(void **state)
{
	struct fixture *f = *state;
	struct sy_export *export;
	int64_t due;

	name(f, BY_PATH "," OTHER);
	export = read_as(f, "root:provider", "widgets", "prov");
	(void)read_as(f, "root:other", "gadgets", "oth");
	assert_true(settle(f, false) == INT64_MAX);
	due = name(f, OTHER);
	assert_true(due - sy_loop_now_ms(f->loop) <= GRACE_MS);
	assert_false(export->retired);
	/* Named again in time: as if nothing had happened. */
	assert_true(name(f, OTHER "," BY_PATH) == INT64_MAX);
	pass(f, GRACE_MS * 2);
	settle(f, false);
	assert_false(export->retired);
	name(f, OTHER);
	pass(f, GRACE_MS * 2);
	assert_true(settle(f, false) == INT64_MAX);
	assert_true(export->retired);
	/* And named after it: in force again. */
	name(f, OTHER "," BY_NAME);
	(void)read_as(f, "prov", "widgets", "prov");
	settle(f, false);
	assert_false(export->retired);
}

static void no_grace_when_leaving(void **state)
{
	struct fixture *f = *state;
	struct sy_export *export;

	name(f, BY_PATH);
	export = read_as(f, "root:provider", "widgets", "prov");
	name(f, "");
	assert_false(export->retired);
	settle(f, true);
	assert_true(export->retired);
}

/* A mistake in the name is no decision about what was named before. */
static void typo(void **state)
{
	struct fixture *f = *state;
	struct sy_export *export;

	name(f, BY_PATH);
	export = read_as(f, "root:provider", "widgets", "prov");
	name(f, "{\"path\":\"root:provider\",\"export\":\"widgts\"}");
	pass(f, GRACE_MS * 2);
	settle(f, false);
	assert_false(export->retired);
	name(f, BY_PATH);
	assert_true(sy_exports_at(f->exports, 0)->retired || sy_exports_at(f->exports, 1)->retired); /* the mistake */
	assert_false(export->retired);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {T(two_spellings_are_one), T(respelled), T(grace), T(no_grace_when_leaving), T(typo)};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
