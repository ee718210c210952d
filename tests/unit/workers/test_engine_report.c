/* What the engine says about itself: reports within their bounds, and dumps. The engine has a plan and objects, but its loop never runs a
 * request: the servers are nowhere. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "engine/internal.h"

#define BASE "https://127.0.0.1:1/services/apiexport/p/e/clusters/1ld2ccjgd5zd9iq2"

struct fixture {
	struct sy_loop *loop;
	struct sy_engine *engine;
	struct sy_timer *nudge;
	unsigned nudges;
	unsigned changes;
	int64_t last_ms, least_ms; /* of the calls of changed: the last, the smallest distance */
};

static void on_changed(void *arg)
{
	struct fixture *f = arg;
	int64_t now = sy_loop_now_ms(f->loop);

	if (f->changes++ > 0 && now - f->last_ms < f->least_ms)
		f->least_ms = now - f->last_ms;
	f->last_ms = now;
}

static int setup(void **state)
{
	static const struct sy_engine_ops ops = {.changed = on_changed};
	static struct fixture fixture;
	struct fixture *f = &fixture;
	char server[] = "https://127.0.0.1:1";
	const struct sy_access access = {.server = server};
	const struct sy_engine_options options = {.user_agent = "test"};

	*f = (struct fixture){.least_ms = INT64_MAX};
	assert_int_equal(sy_loop_new(&f->loop, NULL), 0);
	assert_int_equal(sy_engine_new(&f->engine, f->loop, &access, &access, &options, &ops, f, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sy_timer_free(f->nudge);
	sy_engine_free(f->engine);
	sy_loop_free(f->loop);
	return 0;
}

/* A plan with count resources, the i-th named by the format, which gets a group and the number. */
static void plan(struct fixture *f, size_t count, const char *group, const char *name)
{
	sy_auto_free struct sy_plan_resource *resources = calloc(count, sizeof(*resources));
	char cluster[] = "1ld2ccjgd5zd9iq2", empty[] = "", target[] = "t", key[] = "KEY", version[] = "v1", kind[] = "Widget",
	     base[] = BASE;
	struct sy_plan made = {.generation = 1,
			       .cluster = cluster,
			       .path = empty,
			       .target_cluster = target,
			       .target_name = target,
			       .target_uid = target,
			       .key = key,
			       .resources = resources,
			       .resource_count = count};
	struct sy_error err = {0};

	assert_non_null(resources);
	for (size_t i = 0; i < count; i++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "%s%zu", name, i);
		resources[i] = (struct sy_plan_resource){.group = strdup(group),
							 .version = version,
							 .resource = strdup(text),
							 .kind = kind,
							 .up_base = base,
							 .origin = empty,
							 .namespaced = true};
	}
	if (sy_engine_set_plan(f->engine, &made, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < count; i++) {
		free(resources[i].group);
		free(resources[i].resource);
	}
}

static struct sy_object *add(struct fixture *f, unsigned resource, const char *key, enum sy_reason reason)
{
	struct sy_resource *at = TAILQ_FIRST(&f->engine->resources);

	while (resource-- > 0)
		at = TAILQ_NEXT(at, link);
	struct sy_object *object = sy_resource_object(at, key);
	assert_non_null(object);
	object->up = SY_PRESENT;
	object->reason = (uint8_t)reason;
	return object;
}

static void a_report_never_exceeds_its_bounds(void **state)
{
	struct fixture *f = *state;
	struct sy_report report = {0}, again = {0};
	struct sy_error err = {0};
	sy_auto_json json_object *encoded = NULL;
	char group[254], name[61];

	memset(group, 'g', sizeof(group) - 1);
	group[sizeof(group) - 1] = '\0';
	memset(name, 'r', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	plan(f, SY_MAX_PLAN_RESOURCES, group, name);
	for (unsigned i = 0; i < SY_MAX_PLAN_RESOURCES; i++)
		add(f, i, "default/w", (enum sy_reason)(1 + i % (SY_REASON_MAX - 1)));
	assert_int_equal(sy_engine_report(f->engine, &report, &err), 0);
	assert_int_equal(report.resource_count, SY_MAX_PLAN_RESOURCES);
	assert_in_range(strlen(report.message), 0, 255);
	assert_int_equal(sy_report_encode(&report, &encoded, &err), 0);
	sy_auto_free char *text = sy_json_text(encoded);
	assert_in_range(strlen(text), 1, SY_MAX_IPC_BYTES - 65536); /* with room for the envelope */
	assert_int_equal(sy_report_decode(encoded, &again, &err), 0);
	assert_true(sy_report_equal(&report, &again));
	sy_report_done(&report);
	sy_report_done(&again);
	/* Resources on their way out are in no report. */
	plan(f, 1, "example.dev", "widgets");
	assert_int_equal(sy_engine_report(f->engine, &report, &err), 0);
	assert_int_equal(report.resource_count, 1);
	sy_report_done(&report);
}

static void counts_and_the_most_frequent_reason(void **state)
{
	struct fixture *f = *state;
	struct sy_report report = {0};
	char key[32];

	plan(f, 2, "example.dev", "widgets");
	for (int i = 0; i < 10; i++) {
		(void)snprintf(key, sizeof(key), "default/%d", i);
		add(f, 0, key, i < 3 ? SY_REASON_TOO_LARGE : i < 7 ? SY_REASON_INVALID : SY_REASON_NONE);
	}
	add(f, 0, "default/foreign", SY_REASON_FOREIGN)->down = SY_FOREIGN;
	add(f, 0, "default/soft", SY_REASON_SOFT_FINALIZERS);
	add(f, 0, "default/gone", SY_REASON_NONE)->up = SY_ABSENT;
	assert_int_equal(sy_engine_report(f->engine, &report, NULL), 0);
	assert_int_equal(report.resources[0].objects, 12);
	assert_int_equal(report.resources[0].failing, 8); /* soft finalizers are a wish, not a failure */
	assert_int_equal(report.resources[0].foreign, 1);
	assert_string_equal(report.resources[0].reason, "Invalid");
	assert_int_equal(report.resources[1].objects, 0);
	assert_string_equal(report.resources[1].reason, "");
	assert_int_equal(report.phase, SY_PHASE_STARTING);
	assert_false(report.drained);
	sy_report_done(&report);
}

/* Whatever hinders it: nothing is finished with while it has copies. */
static void counts_copies_that_are_not_in_step(void **state)
{
	struct fixture *f = *state;
	struct sy_report report = {0};
	struct sy_object *object;

	plan(f, 1, "example.dev", "widgets");
	add(f, 0, "default/none", SY_REASON_NONE)->down = SY_ABSENT;
	add(f, 0, "default/foreign", SY_REASON_FOREIGN)->down = SY_FOREIGN;
	add(f, 0, "default/in-step", SY_REASON_NONE)->down = SY_PRESENT;
	add(f, 0, "default/doubtful", SY_REASON_NONE)->down = SY_MAYBE;
	object = add(f, 0, "default/contended", SY_REASON_CONTENDED);
	object->down = SY_PRESENT;
	object->contended = object->up_soft = true;
	object = add(f, 0, "default/broken", SY_REASON_INVALID);
	object->down = SY_PRESENT;
	object->down_broken = true;
	object = add(f, 0, "default/=copied", SY_REASON_NONE); /* it has our labels from its parent */
	object->up = SY_UNSEEN;
	object->down = SY_PRESENT;
	object->down_copied = true;
	assert_int_equal(sy_engine_report(f->engine, &report, NULL), 0);
	assert_int_equal(report.resources[0].copies, 4);
	sy_report_done(&report);
}

/* A namespace stays while an object is to have a copy in it, if only after a while. */
static void what_is_contended_keeps_its_namespace(void **state)
{
	struct fixture *f = *state;
	struct sy_object *object;

	plan(f, 1, "example.dev", "widgets");
	object = add(f, 0, "default/w", SY_REASON_CONTENDED);
	object->resource->ready = true;
	object->finalizer_index = 0;
	object->down = SY_ABSENT;
	object->contended = true;
	object->fight_ms = sy_object_now_ms(object) + SY_FIGHT_MS;
	sy_flow_consider(object, false);
	assert_int_equal(object->ns->users, 1);
	object->up_leave = true; /* it would not even then */
	object->finalizer_index = SY_OBJECT_NONE;
	sy_flow_consider(object, false);
	assert_int_equal(object->ns->users, 0);
}

static void nudge(void *arg)
{
	struct fixture *f = arg;

	for (int i = 0; i < 100; i++)
		sy_engine_changed(f->engine);
	if (++f->nudges < 100 && f->changes < 4)
		sy_timer_start(f->nudge, 10);
	else
		sy_loop_stop(f->loop);
}

/* However often something changes, the owner is called at most once in 200 ms, and does hear of the last change. */
static void reports_are_coalesced(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(sy_timer_new(&f->nudge, f->loop, nudge, f, NULL), 0);
	sy_timer_start(f->nudge, 0);
	sy_loop_run(f->loop);
	assert_in_range(f->changes, 2, 6);
	assert_true(f->least_ms >= 199); /* timers count in whole milliseconds */
}

static json_object *dump(struct fixture *f, const char *args, int want, struct sy_error *err)
{
	json_object *value = NULL;
	sy_auto_json json_object *parsed = NULL;

	assert_int_equal(sy_json_parse(args, strlen(args), 4096, &parsed, NULL), 0);
	assert_int_equal(sy_engine_dump(f->engine, parsed, &value, err), want);
	assert_int_equal(value == NULL, want < 0);
	return value;
}

static size_t dumped(json_object *value)
{
	return json_object_array_length(sy_json_array(value, "objects", NULL));
}

static void is_missing(struct fixture *f, const char *args, const char *want)
{
	struct sy_error err = {0};
	sy_auto_json json_object *value = dump(f, args, 0, &err);

	assert_int_equal(dumped(value), 0);
	assert_string_equal(sy_json_str(value, "missing", NULL), want);
}

#define HOW_TO_NAME                                                                                                                        \
	": no synced type of this workspace has it; a key is [RESOURCE/]NAMESPACE/NAME, or [RESOURCE/]NAME of what is in no namespace"

static void dumps_what_is_asked_for(void **state)
{
	struct fixture *f = *state;
	struct sy_error err = {0};

	plan(f, 2, "example.dev", "widgets"); /* widgets0, widgets1 */
	add(f, 0, "default/both", SY_REASON_NONE);
	add(f, 1, "default/both", SY_REASON_INVALID);
	add(f, 1, "default/one", SY_REASON_NONE);
	is_missing(f, "{\"key\":\"default/nobody\"}", "object default/nobody is not known here" HOW_TO_NAME);
	is_missing(f, "{\"key\":\"default/one\",\"resource\":\"gizmos.example.dev\"}",
		   "resource gizmos.example.dev is not synced here; see syncerctl describe workspace for those that are");
	is_missing(f, "{\"key\":\"default/one\",\"resource\":\"widgets0.example.dev\"}",
		   "object default/one is not known here" HOW_TO_NAME);
	json_object_put(dump(f, "{\"key\":7}", 0, &err)); /* no key: all that fail */

	/* A key of two resources is no error: both are shown, and the resource narrows it down. */
	sy_auto_json json_object *both = dump(f, "{\"key\":\"default/both\"}", 0, &err);
	assert_int_equal(dumped(both), 2);
	sy_auto_json json_object *one = dump(f, "{\"key\":\"default/both\",\"resource\":\"widgets1.example.dev\"}", 0, &err);
	assert_int_equal(dumped(one), 1);
	json_object *entry = json_object_array_get_idx(sy_json_array(one, "objects", NULL), 0);
	assert_string_equal(sy_json_str(entry, "resource", NULL), "widgets1.example.dev");
	assert_string_equal(sy_json_str(entry, "key", NULL), "default/both");
	assert_null(sy_json_str(one, "missing", NULL));
	assert_string_equal(sy_json_str(entry, "reason", NULL), "Invalid");
	assert_string_equal(sy_json_str(entry, "upstream", "presence", NULL), "present");
	assert_string_equal(sy_json_str(entry, "downstream", "presence", NULL), "unseen");
	sy_auto_json json_object *failing = dump(f, "{}", 0, &err);
	assert_int_equal(dumped(failing), 1);
}

static void a_dump_of_all_failures_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct sy_error err = {0};
	char key[300];

	plan(f, 2, "example.dev", "widgets");
	for (int i = 0; i < 500; i++) {
		(void)snprintf(key, sizeof(key), "default/%0250d", i);
		add(f, (unsigned)i % 2, key, SY_REASON_INVALID);
	}
	sy_auto_json json_object *value = dump(f, "{}", 0, &err);
	assert_int_equal(dumped(value), 200);
	sy_auto_free char *text = sy_json_text(value);
	assert_in_range(strlen(text), 1, SY_MAX_IPC_BYTES - 65536);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_report_never_exceeds_its_bounds),
		T(counts_and_the_most_frequent_reason),
		T(reports_are_coalesced),
		T(dumps_what_is_asked_for),
		T(a_dump_of_all_failures_is_bounded),
		T(counts_copies_that_are_not_in_step),
		T(what_is_contended_keeps_its_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
