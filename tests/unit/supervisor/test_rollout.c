/* The decisions of a rollout, without processes: a world of facts that does as it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "supervisor/process/rollout.h"

#define STABLE 1000
#define DEADLINE 20000

static const struct sy_rollout_rule rule = {.stable_ms = STABLE, .deadline_ms = DEADLINE};

struct world {
	struct sy_rollout rollout;
	struct sy_rollout_fact facts[4];
	size_t count;
	int64_t now;
	size_t at;
};

/* Names in order; all do well with 30, 20, 10, 20 objects. */
static struct world healthy(size_t count)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	static const uint64_t objects[] = {30, 20, 10, 20};
	struct world world = {.count = count, .now = 5000};

	for (size_t i = 0; i < count; i++)
		world.facts[i] = (struct sy_rollout_fact){
			.cluster = names[i], .objects = objects[i], .settled = true, .running = true, .in_step = true};
	return world;
}

static enum sy_rollout_deed step(struct world *world, int64_t later)
{
	world->now += later;
	return sy_rollout_step(&world->rollout, &rule, world->facts, world->count, world->now, &world->at);
}

/* What the collection does with SY_ROLLOUT_MOVE: its old process begins to stop. */
static struct sy_rollout_fact *moved(struct world *world, const char *cluster)
{
	struct sy_rollout_fact *fact = &world->facts[world->at];

	assert_string_equal(fact->cluster, cluster);
	assert_false(fact->moved);
	fact->moved = true;
	fact->moved_well = fact->in_step;
	fact->settled = false;
	fact->running = false;
	fact->in_step = false;
	return fact;
}

static void runs(struct sy_rollout_fact *fact, bool in_step)
{
	fact->on_target = true;
	fact->running = true;
	fact->settled = true;
	fact->in_step = in_step;
}

/* One worker from its restart to the next one's turn. */
static void passes(struct world *world, const char *cluster, int64_t need)
{
	struct sy_rollout_fact *fact = moved(world, cluster);

	assert_int_equal(step(world, 100), SY_ROLLOUT_WAIT);
	fact->on_target = true;
	assert_int_equal(step(world, 100), SY_ROLLOUT_WAIT);
	runs(fact, false);
	assert_int_equal(step(world, 100), SY_ROLLOUT_WAIT);
	runs(fact, true);
	assert_int_equal(step(world, 100), SY_ROLLOUT_WAIT);
	assert_int_equal(step(world, need - 1), SY_ROLLOUT_WAIT);
	world->now += 1;
}

static void the_fewest_objects_go_first_and_one_at_a_time(void **state)
{
	struct world world = healthy(4);

	(void)state;
	assert_int_equal(step(&world, 0), SY_ROLLOUT_MOVE);
	passes(&world, "c", SY_ROLLOUT_CANARY * STABLE);
	assert_int_equal(step(&world, 0), SY_ROLLOUT_MOVE);
	passes(&world, "b", STABLE);
	assert_int_equal(step(&world, 0), SY_ROLLOUT_MOVE);
	passes(&world, "d", STABLE);
	assert_int_equal(step(&world, 0), SY_ROLLOUT_MOVE);
	passes(&world, "a", STABLE);
	assert_int_equal(step(&world, 0), SY_ROLLOUT_DONE);
}

static void nobody_is_done_at_once(void **state)
{
	struct world world = healthy(0);

	(void)state;
	assert_int_equal(step(&world, 0), SY_ROLLOUT_DONE);
}

static void an_end_stops_it(void **state)
{
	struct world world = healthy(2);

	(void)state;
	assert_int_equal(step(&world, 0), SY_ROLLOUT_MOVE);
	struct sy_rollout_fact *fact = moved(&world, "b");
	assert_int_equal(step(&world, 10), SY_ROLLOUT_WAIT);
	fact->fell = true;
	fact->settled = true;
	assert_int_equal(step(&world, 10), SY_ROLLOUT_ENDED);
	assert_int_equal(world.at, 1);
}

static void an_end_after_its_turn_stops_it_too(void **state)
{
	struct world world = healthy(3);

	(void)state;
	assert_int_equal(step(&world, 0), SY_ROLLOUT_MOVE);
	passes(&world, "c", SY_ROLLOUT_CANARY * STABLE);
	assert_int_equal(step(&world, 0), SY_ROLLOUT_MOVE);
	(void)moved(&world, "b");
	assert_int_equal(step(&world, 10), SY_ROLLOUT_WAIT);
	world.facts[2].fell = true;
	assert_int_equal(step(&world, 10), SY_ROLLOUT_ENDED);
	assert_int_equal(world.at, 2);
}

static void the_deadline_counts_from_the_new_process(void **state)
{
	struct world world = healthy(2);

	(void)state;
	assert_int_equal(step(&world, 0), SY_ROLLOUT_MOVE);
	struct sy_rollout_fact *fact = moved(&world, "b");
	assert_int_equal(step(&world, 2 * DEADLINE), SY_ROLLOUT_WAIT); /* the old one takes its time; it is killed by another deadline */
	fact->on_target = true;
	assert_int_equal(step(&world, 0), SY_ROLLOUT_WAIT);
	assert_int_equal(step(&world, DEADLINE - 1), SY_ROLLOUT_WAIT);
	assert_int_equal(step(&world, 1), SY_ROLLOUT_LATE);
	assert_int_equal(world.at, 1);
}

static void in_step_must_last(void **state)
{
	struct world world = healthy(2);

	(void)state;
	assert_int_equal(step(&world, 0), SY_ROLLOUT_MOVE);
	struct sy_rollout_fact *fact = moved(&world, "b");
	for (int i = 0; i < 3; i++) { /* comes and goes */
		runs(fact, true);
		assert_int_equal(step(&world, 100), SY_ROLLOUT_WAIT);
		assert_int_equal(step(&world, SY_ROLLOUT_CANARY * STABLE - 1), SY_ROLLOUT_WAIT);
		runs(fact, false);
		assert_int_equal(step(&world, 100), SY_ROLLOUT_WAIT);
	}
	assert_int_equal(step(&world, DEADLINE), SY_ROLLOUT_LATE);
}

static void degraded_is_good_enough_for_who_was(void **state)
{
	struct world world = healthy(2);

	(void)state;
	world.facts[1].degraded = true;
	assert_int_equal(step(&world, 0), SY_ROLLOUT_MOVE);
	passes(&world, "b", SY_ROLLOUT_CANARY * STABLE);
	assert_int_equal(step(&world, 0), SY_ROLLOUT_MOVE);
	struct sy_rollout_fact *fact = moved(&world, "a");
	fact->degraded = true;
	runs(fact, true);
	assert_int_equal(step(&world, 0), SY_ROLLOUT_WAIT);
	assert_int_equal(step(&world, DEADLINE), SY_ROLLOUT_LATE);
	assert_int_equal(world.at, 0);
}

/* Not in step before: last, whatever it has; it need only start, and its end does not count. */
static void the_unhealthy_come_last_and_do_not_count(void **state)
{
	struct world world = healthy(3);

	(void)state;
	world.facts[2].in_step = false;
	world.facts[1].in_step = false;
	world.facts[1].running = false; /* waits for its next start */
	assert_int_equal(step(&world, 0), SY_ROLLOUT_MOVE);
	passes(&world, "a", SY_ROLLOUT_CANARY * STABLE);
	assert_int_equal(step(&world, 0), SY_ROLLOUT_MOVE);
	struct sy_rollout_fact *fact = moved(&world, "c");
	assert_int_equal(step(&world, 10), SY_ROLLOUT_WAIT);
	runs(fact, false);
	assert_int_equal(step(&world, 10), SY_ROLLOUT_MOVE);
	fact = moved(&world, "b");
	fact->fell = true;
	assert_int_equal(step(&world, 10), SY_ROLLOUT_DONE);
}

/* With nobody to show that the new program starts at all, the unhealthy have to. */
static void a_program_that_never_starts_does_not_pass(void **state)
{
	struct world world = healthy(1);

	(void)state;
	world.facts[0].in_step = false;
	assert_int_equal(step(&world, 0), SY_ROLLOUT_MOVE);
	struct sy_rollout_fact *fact = moved(&world, "a");
	fact->fell = true;
	assert_int_equal(step(&world, 10), SY_ROLLOUT_ENDED);
}

static void a_removed_workspace_is_skipped(void **state)
{
	struct world world = healthy(3);

	(void)state;
	assert_int_equal(step(&world, 0), SY_ROLLOUT_MOVE);
	(void)moved(&world, "c");
	assert_int_equal(step(&world, 10), SY_ROLLOUT_WAIT);
	world.count = 2;
	assert_int_equal(step(&world, 10), SY_ROLLOUT_MOVE);
	passes(&world, "b", SY_ROLLOUT_CANARY * STABLE); /* the canary's duty passes to the next */
	assert_int_equal(step(&world, 0), SY_ROLLOUT_MOVE);
	passes(&world, "a", STABLE);
	assert_int_equal(step(&world, 0), SY_ROLLOUT_DONE);
}

/* Who is on its way somewhere else is waited for: no restart upon a restart. */
static void the_unsettled_are_waited_for(void **state)
{
	struct world world = healthy(1);

	(void)state;
	world.facts[0].settled = false;
	world.facts[0].running = false;
	world.facts[0].in_step = false;
	assert_int_equal(step(&world, 0), SY_ROLLOUT_WAIT);
	world.facts[0].settled = true;
	assert_int_equal(step(&world, 0), SY_ROLLOUT_MOVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fewest_objects_go_first_and_one_at_a_time),
		cmocka_unit_test(nobody_is_done_at_once),
		cmocka_unit_test(an_end_stops_it),
		cmocka_unit_test(an_end_after_its_turn_stops_it_too),
		cmocka_unit_test(the_deadline_counts_from_the_new_process),
		cmocka_unit_test(in_step_must_last),
		cmocka_unit_test(degraded_is_good_enough_for_who_was),
		cmocka_unit_test(the_unhealthy_come_last_and_do_not_count),
		cmocka_unit_test(a_program_that_never_starts_does_not_pass),
		cmocka_unit_test(a_removed_workspace_is_skipped),
		cmocka_unit_test(the_unsettled_are_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
