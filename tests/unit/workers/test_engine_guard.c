/* The window of the guard against mass deletion; what it does to objects is shown on servers (tests/sim_suite, tests/e2e). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/guard.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_are_never_held),	       cmocka_unit_test(more_than_twenty_and_half_are_held),
		cmocka_unit_test(less_than_half_is_not_held),  cmocka_unit_test(a_slow_loss_is_not_held),
		cmocka_unit_test(the_window_spans_a_boundary), cmocka_unit_test(the_deleted_count_as_present),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
