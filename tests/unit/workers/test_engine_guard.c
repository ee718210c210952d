/* The window of the guard against mass deletion, and what counts as vanished; what it does to objects is shown on servers (tests/sim_suite,
 * tests/e2e). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "engine/internal.h"

#define START_MS 1000000

/* n objects vanish at one time, marked as the engine does, of a resource that keeps its size. Returns at which one the guard began to hold, 0 = never. */
static unsigned vanish(struct sy_guard *guard, unsigned n, int64_t at_ms, size_t present)
{
	unsigned tripped = 0;
	for (unsigned i = 1; i <= n; i++) {
		guard->waiting++;
		if (sy_guard_count(guard, at_ms, present) && !tripped)
			tripped = i;
	}
	return tripped;
}

static void few_are_never_held(void **state)
{
	(void)state;
	struct sy_guard guard = {0};
	assert_int_equal(vanish(&guard, SY_GUARD_OBJECTS, START_MS, SY_GUARD_OBJECTS), 0);
	assert_false(guard.held);
}

static void more_than_twenty_and_half_are_held(void **state)
{
	(void)state;
	struct sy_guard guard = {0};
	assert_int_equal(vanish(&guard, 30, START_MS, 30), SY_GUARD_OBJECTS + 1);
	assert_true(guard.held);
}

static void less_than_half_is_not_held(void **state)
{
	(void)state;
	struct sy_guard guard = {0};
	assert_int_equal(vanish(&guard, 50, START_MS, 100), 0);
	assert_int_equal(vanish(&guard, 1, START_MS, 100), 1);
}

static void a_slow_loss_is_not_held(void **state)
{
	(void)state;
	struct sy_guard guard = {0};
	for (int64_t second = 0; second < 100; second++) {
		assert_int_equal(vanish(&guard, 2, START_MS + second * 1000, 100), 0);
		guard.waiting = 0; /* they are deleted at once */
	}
	/* What came before a long silence counts no more. */
	assert_int_equal(vanish(&guard, 20, START_MS + 1000000, 30), 0);
	assert_int_equal(vanish(&guard, 20, START_MS + 1000000 + SY_GUARD_SECONDS * 1000, 30), 0);
}

static void the_window_spans_a_boundary(void **state)
{
	(void)state;
	struct sy_guard guard = {0};
	assert_int_equal(vanish(&guard, 15, START_MS + 900, 40), 0);
	assert_int_equal(vanish(&guard, 15, START_MS + 9100, 40), 6);
}

/* Those deleted before the guard saw the extent are part of the whole. */
static void the_deleted_count_as_present(void **state)
{
	(void)state;
	struct sy_guard guard = {0};
	assert_int_equal(vanish(&guard, 20, START_MS, 60), 0);
	guard.waiting = 0;
	assert_int_equal(vanish(&guard, 10, START_MS + 1000, 40), 0);
	assert_int_equal(vanish(&guard, 1, START_MS + 1000, 40), 1);
}

#define MANY (SY_GUARD_OBJECTS + 1)

static char v1[] = "v1", v2[] = "v2";

/* An engine with one resource whose loop never runs a request: the servers are nowhere. */
struct fixture {
	struct sy_loop *loop;
	struct sy_engine *engine;
	struct sy_resource *resource;
	struct sy_object *objects[MANY];
};

/* A plan that is the first, or replaces the resource by one of another version. */
static void plan(struct fixture *f, char *version, char *held)
{
	char cluster[] = "1ld2ccjgd5zd9iq2", empty[] = "", target[] = "t", key[] = "KEY", group[] = "example.dev", name[] = "widgets",
	     kind[] = "Widget", base[] = "https://127.0.0.1:1/services/apiexport/p/e/clusters/1ld2ccjgd5zd9iq2";
	struct sy_plan_resource resource = {
		.group = group, .version = version, .resource = name, .kind = kind, .up_base = base, .origin = empty, .namespaced = true};
	struct sy_plan made = {.generation = 1,
			       .guard = true,
			       .held = &held,
			       .held_count = held ? 1 : 0,
			       .cluster = cluster,
			       .path = empty,
			       .target_cluster = target,
			       .target_name = target,
			       .target_uid = target,
			       .key = key,
			       .resources = &resource,
			       .resource_count = 1};
	struct sy_error err = {0};

	if (sy_engine_set_plan(f->engine, &made, &err) < 0)
		fail_msg("%s", err.text);
	f->resource = TAILQ_FIRST(&f->engine->resources);
}

/* As many objects as are held when all of them vanish, each with its copy. */
static void add_objects(struct fixture *f)
{
	for (unsigned i = 0; i < MANY; i++) {
		char key[32];

		(void)snprintf(key, sizeof(key), "default/w%u", i);
		f->objects[i] = sy_resource_object(f->resource, key);
		assert_non_null(f->objects[i]);
		f->objects[i]->up = f->objects[i]->down = SY_PRESENT;
	}
}

static int setup(void **state)
{
	static const struct sy_engine_ops ops;
	static struct fixture fixture;
	struct fixture *f = &fixture;
	char server[] = "https://127.0.0.1:1";
	const struct sy_access access = {.server = server};
	const struct sy_engine_options options = {.user_agent = "test"};

	*f = (struct fixture){0};
	assert_int_equal(sy_loop_new(&f->loop, NULL), 0);
	assert_int_equal(sy_engine_new(&f->engine, f->loop, &access, &access, &options, &ops, NULL, NULL), 0);
	plan(f, v1, NULL);
	add_objects(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sy_engine_free(f->engine);
	sy_loop_free(f->loop);
	return 0;
}

/* Whoever says that an object is not there, an event or the answer to a request: it has vanished, once. */
static void every_way_to_vanish_counts_once(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < MANY; i++) {
		assert_false(f->resource->guard.held);
		sy_observe_absent(f->objects[i], SY_SIDE_UP);
		sy_observe_absent(f->objects[i], SY_SIDE_UP);
		assert_int_equal(f->resource->guard.waiting, i + 1);
	}
	assert_true(f->resource->guard.held);
	assert_true(sy_guard_holds(f->objects[0]));
	/* What somebody has let go is not counted again by a late answer. */
	sy_guard_explained(f->objects[0]);
	sy_observe_absent(f->objects[0], SY_SIDE_UP);
	assert_false(sy_guard_holds(f->objects[0]));
}

/* Announced, or without a copy that could be lost. */
static void what_is_explained_does_not_count(void **state)
{
	struct fixture *f = *state;

	f->objects[0]->up_deleting = true;
	f->objects[1]->up_leave = true;
	f->objects[2]->down = SY_ABSENT;
	f->objects[3]->down = SY_FOREIGN;
	for (unsigned i = 0; i < 4; i++)
		sy_observe_absent(f->objects[i], SY_SIDE_UP);
	assert_int_equal(f->resource->guard.waiting, 0);
}

/* Lost in any way before the cluster's lists had shown the copies: counted when both are known. */
static void losses_before_the_lists_count(void **state)
{
	static const enum sy_presence ways[] = {SY_UNSEEN, SY_MAYBE, SY_ABSENT};
	struct fixture *f = *state;

	for (unsigned i = 0; i < MANY; i++) {
		f->objects[i]->down = SY_UNSEEN;
		sy_observe_absent(f->objects[i], SY_SIDE_UP);
		f->objects[i]->up = (uint8_t)ways[i % 3];
		f->objects[i]->down = SY_PRESENT;
	}
	assert_int_equal(f->resource->guard.waiting, 0);
	f->objects[0]->up = SY_PRESENT; /* back */
	f->objects[1]->down_copied = true;
	sy_guard_settle(f->resource);
	assert_int_equal(f->resource->guard.waiting, MANY - 2);
	f->objects[0]->up = SY_UNSEEN;
	f->objects[1]->down_copied = false;
	sy_guard_settle(f->resource);
	assert_true(f->resource->guard.held);
}

/* An approval ends at a fixed time, however much vanishes while it is good. */
static void an_approval_ends(void **state)
{
	struct fixture *f = *state;
	struct sy_guard *guard = &f->resource->guard;
	int64_t before = sy_loop_now_ms(f->loop);

	for (unsigned i = 0; i < MANY; i++)
		sy_observe_absent(f->objects[i], SY_SIDE_UP);
	assert_true(guard->held);
	sy_guard_approve(f->engine);
	assert_false(guard->held);
	assert_false(sy_guard_holds(f->objects[0]));
	assert_in_range(guard->open_ms, before + SY_GUARD_OPEN_MS, sy_loop_now_ms(f->loop) + SY_GUARD_OPEN_MS);
	int64_t end = guard->open_ms = sy_loop_now_ms(f->loop) + 1000; /* near its end */
	for (unsigned i = 0; i < MANY; i++) {
		f->objects[i]->up = SY_PRESENT;
		sy_observe_absent(f->objects[i], SY_SIDE_UP);
	}
	assert_int_equal(guard->waiting, 0);
	assert_int_equal(guard->open_ms, end);
	guard->open_ms = sy_loop_now_ms(f->loop); /* it is over */
	for (unsigned i = 0; i < MANY; i++) {
		f->objects[i]->up = SY_PRESENT;
		sy_observe_absent(f->objects[i], SY_SIDE_UP);
	}
	assert_true(guard->held);
}

/* A copy whose object vanished waits for a moment in which more may vanish; one whose end was announced does not. */
static void what_vanishes_waits_for_a_moment(void **state)
{
	struct fixture *f = *state;
	struct sy_object *lost = f->objects[0], *deleted = f->objects[1];

	f->resource->ready = true;
	deleted->up_deleting = true;
	sy_observe_absent(deleted, SY_SIDE_UP);
	assert_int_equal(sy_flow_action(deleted), SY_ACT_DELETE);
	sy_observe_absent(lost, SY_SIDE_UP);
	assert_int_equal(sy_flow_action(lost), SY_ACT_NONE);
	sy_flow_consider(lost, true);
	assert_true(lost->heap_index && lost->due_ms == sy_loop_now_ms(f->loop) + SY_GUARD_LOOK_MS);
	assert_int_equal(lost->reason, SY_REASON_NONE);
	lost->vanished_ms -= SY_GUARD_LOOK_MS;
	assert_int_equal(sy_flow_action(lost), SY_ACT_DELETE);
	/* Back, or approved: nothing to wait for. */
	lost->vanished_ms += SY_GUARD_LOOK_MS;
	sy_guard_explained(lost);
	assert_int_equal(sy_guard_delay(lost), 0);
	assert_int_equal(sy_flow_action(lost), SY_ACT_DELETE);
}

static bool reported(struct fixture *f)
{
	struct sy_report report = {0};

	assert_int_equal(sy_engine_report(f->engine, &report, NULL), 0);
	bool held = report.resources[0].held;
	sy_report_done(&report);
	return held;
}

/* The lists of a resource that is new to this engine show these few without a counterpart. */
static void find_few(struct fixture *f)
{
	add_objects(f);
	f->objects[0]->up = f->objects[1]->up = SY_UNSEEN;
	sy_guard_settle(f->resource);
}

static void let_go(struct fixture *f)
{
	for (unsigned i = 0; i < 2; i++)
		sy_guard_explained(f->objects[i]);
}

/* A hold outlives the resource that is replaced, until an approval or until the objects are back. */
static void a_replaced_resource_goes_on_holding(void **state)
{
	struct fixture *f = *state;

	assert_false(reported(f));
	for (unsigned i = 0; i < MANY; i++)
		sy_observe_absent(f->objects[i], SY_SIDE_UP);
	assert_true(reported(f));
	plan(f, v2, NULL);
	assert_true(reported(f)); /* also before its lists are complete */
	f->engine->plan.guard = false;
	assert_false(reported(f)); /* it holds nothing then */
	f->engine->plan.guard = true;
	find_few(f);
	assert_true(sy_guard_holds(f->objects[0]) && sy_guard_holds(f->objects[1]));
	let_go(f);
	assert_false(reported(f));
	plan(f, v1, NULL);
	find_few(f);
	assert_false(sy_guard_holds(f->objects[0]));
	/* What is approved stays so. */
	sy_guard_approve(f->engine);
	int64_t end = f->resource->guard.open_ms;
	plan(f, v2, NULL);
	assert_int_equal(f->resource->guard.open_ms, end);
}

/* The supervisor says what an earlier process held: that counts for what this one has not known before. */
static void a_new_process_goes_on_holding(void **state)
{
	static char name[] = "widgets.example.dev", other[] = "gadgets.example.dev";
	struct fixture *f = *state;

	plan(f, v1, name);
	assert_false(reported(f)); /* it is known here */
	sy_resource_stop(f->resource);
	plan(f, v1, other);
	assert_false(reported(f));
	sy_resource_stop(f->resource);
	plan(f, v1, name);
	assert_true(reported(f));
	find_few(f);
	assert_true(sy_guard_holds(f->objects[0]));
	sy_guard_approve(f->engine);
	assert_false(reported(f) || sy_guard_holds(f->objects[0]));
	sy_resource_stop(f->resource);
	plan(f, v1, name);
	add_objects(f);
	sy_guard_settle(f->resource); /* all are back */
	assert_false(reported(f));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_way_to_vanish_counts_once),
		T(what_is_explained_does_not_count),
		T(losses_before_the_lists_count),
		T(an_approval_ends),
		T(what_vanishes_waits_for_a_moment),
		T(a_replaced_resource_goes_on_holding),
		T(a_new_process_goes_on_holding),
		cmocka_unit_test(few_are_never_held),
		cmocka_unit_test(more_than_twenty_and_half_are_held),
		cmocka_unit_test(less_than_half_is_not_held),
		cmocka_unit_test(a_slow_loss_is_not_held),
		cmocka_unit_test(the_window_spans_a_boundary),
		cmocka_unit_test(the_deleted_count_as_present),
	};
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
