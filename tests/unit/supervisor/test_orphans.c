/* What of ours in the cluster belongs to nobody: namespaces at once, cluster-scoped objects only by a second round that began late enough. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/discovery/orphans.h"

#define UID "11111111-2222-3333-4444-555555555555"
#define GONE_MS 40
#define LOCATOR(uid, cluster, ns)                                                                                                          \
	"{\\\"syncTarget\\\":{\\\"cluster\\\":\\\"2emvxyuo2bnz6kxr\\\",\\\"name\\\":\\\"psyncer-01\\\",\\\"uid\\\":\\\"" uid               \
	"\\\"},\\\"cluster\\\":\\\"" cluster "\\\",\\\"namespace\\\":\\\"" ns "\\\"}"
#define OBJECT(locator) "{\"metadata\":{\"name\":\"o\",\"annotations\":{\"kcp.io/namespace-locator\":\"" locator "\"}}}"
#define LIST(items) "{\"kind\":\"PartialObjectMetadataList\",\"metadata\":{},\"items\":" items "}"

struct fixture {
	struct sy_loop *loop;
	struct sy_strays *strays;
	struct sy_orphans *orphans;
	struct sy_timings timings;
	struct sy_timer *timer;
	const char *listed; /* the one cluster that a binding names */
};

static void ignore(void *arg)
{
	(void)arg;
}

static void stop(void *arg)
{
	sy_loop_stop(arg);
}

static int setup(void **state)
{
	static const struct sy_target_id target = {"2emvxyuo2bnz6kxr", "psyncer-01", UID};
	static struct fixture f;

	f = (struct fixture){.timings = SY_TIMINGS_DEFAULT, .listed = ""};
	f.timings.gone_ms = GONE_MS;
	assert_int_equal(sy_loop_new(&f.loop, NULL), 0);
	assert_int_equal(sy_timer_new(&f.timer, f.loop, stop, f.loop, NULL), 0);
	assert_int_equal(sy_strays_new(&f.strays, f.loop, NULL, &f.timings, &target, "key", ignore, NULL, NULL), 0);
	assert_int_equal(sy_orphans_new(&f.orphans, f.loop, NULL, &f.timings, &target, "key", f.strays, ignore, NULL, NULL), 0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sy_orphans_free(f->orphans);
	sy_strays_free(f->strays);
	sy_timer_free(f->timer);
	sy_loop_free(f->loop);
	return 0;
}

static void pass(struct fixture *f, int64_t ms)
{
	sy_timer_start(f->timer, ms);
	sy_loop_run(f->loop);
}

static json_object *parsed(const char *text)
{
	json_object *object = NULL;
	struct sy_error err = {0};

	if (sy_json_parse(text, strlen(text), 65536, &object, &err) < 0)
		fail_msg("%s", err.text);
	return object;
}

static int learn(struct fixture *f, const char *text)
{
	sy_auto_json json_object *list = parsed(text);

	return sy_strays_learn(f->strays, list, "gadgets.example.dev", NULL);
}

static bool is_listed(void *arg, const char *cluster)
{
	const struct fixture *f = arg;

	return strcmp(f->listed, cluster) == 0;
}

/* Orphans of one look, as "a,b". */
static const char *look(struct fixture *f, bool complete)
{
	static char text[256];
	struct sy_strv out = {0};
	struct sy_buf joined;

	sy_buf_init(&joined, sizeof(text));
	assert_int_equal(sy_orphans_look(f->orphans, complete, is_listed, f, &out, NULL), 0);
	assert_int_equal(sy_strv_join(&out, ",", 10, &joined), 0);
	(void)snprintf(text, sizeof(text), "%s", out.count ? sy_buf_str(&joined) : "");
	sy_buf_done(&joined);
	sy_strv_done(&out);
	return text;
}

static void a_namespace(void **state)
{
	struct fixture *f = *state;
	sy_auto_json json_object *ns = parsed(OBJECT(LOCATOR(UID, "c1", "default")));

	assert_int_equal(sy_orphans_take(f->orphans, false, ns, NULL), 0);
	assert_int_equal(sy_orphans_namespaces(f->orphans), 1);
	assert_string_equal(sy_orphans_cluster(f->orphans, 0), "c1");
	assert_string_equal(look(f, true), "");
	pass(f, GONE_MS + 5);
	assert_string_equal(look(f, false), ""); /* a list is not complete: all starts anew */
	assert_string_equal(look(f, true), "");
	pass(f, GONE_MS + 5);
	assert_string_equal(look(f, true), "c1");
	f->listed = "c1";
	assert_string_equal(look(f, true), "");
	assert_false(sy_orphans_none_left(f->orphans));
	assert_int_equal(sy_orphans_take(f->orphans, true, ns, NULL), 0);
	assert_true(sy_orphans_none_left(f->orphans));
}

static void a_cluster_scoped_object(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(learn(f, LIST("[" OBJECT(LOCATOR(UID, "c1", "")) "]")), 0);
	assert_false(sy_orphans_none_left(f->orphans));
	assert_string_equal(look(f, true), "");
	pass(f, GONE_MS + 5);
	assert_string_equal(look(f, true), ""); /* the same round proves nothing twice */
	assert_int_equal(learn(f, LIST("[" OBJECT(LOCATOR(UID, "c1", "")) "]")), 0);
	assert_string_equal(look(f, true), "c1");
	assert_int_equal(learn(f, LIST("[]")), 0);
	assert_string_equal(look(f, true), "");
	assert_true(sy_orphans_none_left(f->orphans));
}

static void gone_before_the_second_round(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(learn(f, LIST("[" OBJECT(LOCATOR(UID, "c1", "")) "]")), 0);
	assert_string_equal(look(f, true), "");
	f->listed = "c1"; /* bound again for a moment: the time starts anew */
	assert_string_equal(look(f, true), "");
	f->listed = "";
	pass(f, GONE_MS + 5);
	assert_int_equal(learn(f, LIST("[" OBJECT(LOCATOR(UID, "c1", "")) "]")), 0);
	assert_string_equal(look(f, true), "");
	pass(f, GONE_MS + 5);
	assert_int_equal(learn(f, LIST("null")), 0);
	assert_string_equal(look(f, true), "");
}

static void what_is_not_ours(void **state)
{
	struct fixture *f = *state;
	static const char *const lists[] = {
		LIST("[{\"metadata\":{\"name\":\"label-only\"}},{},7,null]"),
		LIST("[" OBJECT(LOCATOR("00000000-0000-0000-0000-000000000000", "c1", "")) "]"), /* of another SyncTarget */
		LIST("[" OBJECT(LOCATOR(UID, "c1", "default")) "]"),				 /* a namespace's */
		LIST("[" OBJECT(LOCATOR(UID, "C 1", "")) "]"),					 /* no logical cluster is called so */
		LIST("[" OBJECT("{") "]"),
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		assert_int_equal(learn(f, lists[i]), 0);
		if (sy_strays_objects(f->strays) != 0 || sy_strays_clusters(f->strays)->count != 0)
			fail_msg("taken for ours: %s", lists[i]);
	}
	assert_true(learn(f, "{\"kind\":\"Status\"}") < 0);
	assert_true(learn(f, "{\"items\":[]}") < 0);
	assert_true(learn(f, "[]") < 0);
}

static void clusters_are_sorted(void **state)
{
	struct fixture *f = *state;
	const struct sy_strv *clusters;

	assert_int_equal(learn(f, LIST("[" OBJECT(LOCATOR(UID, "c3", "")) "," OBJECT(LOCATOR(UID, "c1", "")) "," OBJECT(
					  LOCATOR(UID, "c3", "")) "," OBJECT(LOCATOR(UID, "c2", "")) "]")),
			 0);
	clusters = sy_strays_clusters(f->strays);
	assert_int_equal(sy_strays_objects(f->strays), 4);
	assert_int_equal(clusters->count, 3);
	assert_string_equal(clusters->items[0], "c1");
	assert_string_equal(clusters->items[1], "c2");
	assert_string_equal(clusters->items[2], "c3");
	assert_int_equal(sy_strays_types(f->strays)->count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_namespace, setup, teardown),
		cmocka_unit_test_setup_teardown(a_cluster_scoped_object, setup, teardown),
		cmocka_unit_test_setup_teardown(gone_before_the_second_round, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_ours, setup, teardown),
		cmocka_unit_test_setup_teardown(clusters_are_sorted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
