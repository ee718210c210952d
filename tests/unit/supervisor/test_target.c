/* The own SyncTarget: which of two states of it counts, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kube/reflector_impl.h"
#include "supervisor/status/target_impl.h"

static unsigned changes;

static void on_change(void *arg)
{
	(void)arg;
	changes++;
}

static void take(struct sy_target *target, const char *version, int generation, bool cordoned)
{
	char text[512];
	json_object *object = NULL;

	(void)snprintf(text, sizeof(text),
		       "{\"metadata\":{\"name\":\"edge-1\",\"uid\":\"u1\",\"resourceVersion\":\"%s\",\"generation\":%d,"
		       "\"annotations\":{\"kcp.io/cluster\":\"c1\"}},\"spec\":{\"unschedulable\":%s}}",
		       version, generation, cordoned ? "true" : "false");
	assert_int_equal(sy_json_parse(text, strlen(text), sizeof(text), &object, NULL), 0);
	sy_target_take(target, object);
	json_object_put(object);
}

static void is(const struct sy_target *target, const char *version, int generation, bool cordoned)
{
	bool value = !cordoned;

	assert_string_equal(target->view.resource_version, version);
	assert_int_equal(target->view.generation, generation);
	assert_true(sy_json_bool(target->view.spec, &value, "unschedulable", NULL));
	assert_int_equal(value, cordoned);
}

/* The answer to a write, which comes after the event of a later change. */
static void an_answer_that_was_overtaken(void **state)
{
	static const struct sy_target_ops ops = {on_change};
	char name[] = "edge-1", me[] = "node/0123456789abcdef";
	struct sy_timings timings = SY_TIMINGS_DEFAULT;
	struct sy_target target = {.ops = &ops, .name = name, .identity = me, .timings = &timings};

	(void)state;
	assert_int_equal(sy_loop_new(&target.loop, NULL), 0);
	take(&target, "99", 1, false);
	take(&target, "101", 2, true);
	changes = 0;
	take(&target, "100", 1, false);
	is(&target, "101", 2, true);
	assert_int_equal(changes, 0);
	take(&target, "101", 2, true);
	take(&target, "1000", 3, false); /* a number, no text */
	is(&target, "1000", 3, false);
	/* Long after that it is no late answer: the server counts anew. */
	target.taken_ms -= SY_TARGET_LATE_MS + 1;
	take(&target, "7", 2, true);
	is(&target, "7", 2, true);
	/* What is no number cannot be compared. */
	take(&target, "8a", 3, false);
	is(&target, "8a", 3, false);
	take(&target, "1", 4, true);
	is(&target, "1", 4, true);
	json_object_put(target.view.spec);
	free(target.view.uid);
	free(target.view.cluster);
	free(target.view.resource_version);
	sy_loop_free(target.loop);
}

/* What the heartbeat promises: a watch that is open and says nothing, no bookmark either, is current for so long and no longer. */
static void a_silent_watch(void **state)
{
	struct sy_reflector watch = {.state = SY_REFLECTOR_SYNCED};
	struct sy_timings timings = SY_TIMINGS_DEFAULT;
	struct sy_target target = {.timings = &timings, .reflector = &watch};
	int64_t now;

	(void)state;
	assert_int_equal(timings.watch_current_ms, 3 * 60 * 1000);
	timings.watch_current_ms = 500; /* the machine may have started a moment ago */
	assert_int_equal(sy_loop_new(&target.loop, NULL), 0);
	now = sy_loop_now_ms(target.loop);
	assert_false(sy_target_current(&target)); /* never heard */
	watch.last_heard_ms = now;
	assert_true(sy_target_current(&target));
	watch.last_heard_ms = now - 500;
	assert_true(sy_target_current(&target));
	watch.last_heard_ms = now - 501;
	assert_false(sy_target_current(&target));
	watch.last_heard_ms = now;
	watch.state = SY_REFLECTOR_FAILING;
	assert_false(sy_target_current(&target));
	sy_loop_free(target.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(an_answer_that_was_overtaken), cmocka_unit_test(a_silent_watch)};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
