/* What the guard of a worker holds, for its next process. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "supervisor/process/workers_impl.h"

static char cluster[] = "c1", group[] = "example.dev", widgets[] = "widgets", core[] = "", configmaps[] = "configmaps", gizmos[] = "gizmos";

struct fixture {
	struct sy_plan_resource planned[2];
	struct sy_report_resource reported[3];
	struct sy_workers owner;
	struct sy_worker worker;
};

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;

	*f = (struct fixture){
		.planned = {{.group = group, .resource = widgets}, {.group = core, .resource = configmaps}},
		.reported = {{.group = group, .resource = widgets},
			     {.group = core, .resource = configmaps},
			     {.group = group, .resource = gizmos}},
		.worker = {.cluster = cluster, .owner = &f->owner},
	};
	assert_int_equal(sy_loop_new(&f->owner.loop, NULL), 0);
	assert_int_equal(sy_marks_open(&f->owner.holds, NULL, "held", NULL), 0);
	f->worker.plan = (struct sy_plan){.generation = 4, .resources = f->planned, .resource_count = 2};
	f->worker.report = (struct sy_report){.plan_generation = 4, .resources = f->reported, .resource_count = 3};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sy_strv_done(&f->worker.held);
	sy_marks_done(&f->owner.holds);
	sy_loop_free(f->owner.loop);
	return 0;
}

/* What the next process would be told. */
static size_t told(const struct fixture *f)
{
	return sy_worker_effective_plan(&f->worker).held_count;
}

static void follows_the_reports(void **state)
{
	struct fixture *f = *state;

	sy_worker_held_update(&f->worker);
	assert_int_equal(told(f), 0);
	f->reported[0].held = f->reported[1].held = true;
	for (int i = 0; i < 2; i++) { /* the same once more adds nothing */
		sy_worker_held_update(&f->worker);
		assert_int_equal(told(f), 2);
	}
	assert_string_equal(sy_worker_effective_plan(&f->worker).held[0], "widgets.example.dev");
	assert_string_equal(sy_worker_effective_plan(&f->worker).held[1], "configmaps");
	f->reported[0].held = false; /* all of them are back */
	sy_worker_held_update(&f->worker);
	assert_int_equal(told(f), 1);
	/* A new process that has not listed yet, and a plan that leaves one out for a while. */
	f->worker.report.resource_count = 0;
	sy_worker_held_update(&f->worker);
	assert_int_equal(told(f), 1);
}

static void an_approval_lets_go(void **state)
{
	struct fixture *f = *state;

	f->reported[0].held = true;
	sy_worker_held_update(&f->worker);
	assert_int_equal(told(f), 1);
	assert_true(sy_worker_held_release(&f->worker));
	f->worker.plan.generation++;
	assert_int_equal(told(f), 0);
	assert_int_equal(sy_worker_effective_plan(&f->worker).approved, 1);
	sy_worker_held_update(&f->worker); /* sent before it heard of the approval */
	assert_int_equal(told(f), 0);
	f->worker.report.plan_generation = 5; /* the next time */
	sy_worker_held_update(&f->worker);
	assert_int_equal(told(f), 1);
}

/* An approval of nothing would let go, unseen, what vanishes in the minute after it. */
static void nothing_held_is_nothing_to_approve(void **state)
{
	struct fixture *f = *state;

	sy_worker_held_update(&f->worker);
	assert_false(sy_worker_held_release(&f->worker));
	assert_int_equal(sy_worker_effective_plan(&f->worker).approved, 0);
	f->reported[0].held = true;
	sy_worker_held_update(&f->worker);
	assert_int_equal(told(f), 1);
	assert_true(sy_worker_held_release(&f->worker));
	assert_false(sy_worker_held_release(&f->worker)); /* again */
	assert_int_equal(sy_worker_effective_plan(&f->worker).approved, 1);
}

/* A worker cannot fill the supervisor with names. */
static void only_what_is_planned(void **state)
{
	struct fixture *f = *state;

	f->reported[2].held = true;
	sy_worker_held_update(&f->worker);
	assert_int_equal(told(f), 0);
}

static bool marked(const struct fixture *f)
{
	return sy_marks_has(&f->owner.holds, cluster);
}

/* For the next supervisor: at once, and not again and again. */
static void a_restart_of_all_knows(void **state)
{
	struct fixture *f = *state;

	sy_worker_held_update(&f->worker);
	assert_false(marked(f));
	f->reported[0].held = true;
	sy_worker_held_update(&f->worker);
	assert_true(marked(f));
	f->reported[0].held = false;
	sy_worker_held_update(&f->worker);
	assert_int_equal(told(f), 0);
	assert_true(marked(f));
	f->worker.held_ms -= SY_WORKER_HELD_MS;
	sy_worker_held_update(&f->worker);
	assert_false(marked(f));
	f->reported[0].held = true;
	sy_worker_held_update(&f->worker);
	assert_true(marked(f));
	assert_true(sy_worker_held_release(&f->worker)); /* a person's word counts at once */
	assert_false(marked(f));
}

/* Which of its resources it was is not kept: any may be it. */
static void a_new_record_holds_all(void **state)
{
	struct fixture *f = *state;

	sy_worker_held_restore(&f->worker);
	assert_int_equal(told(f), 0);
	assert_int_equal(sy_marks_set(&f->owner.holds, cluster, true, NULL), 0);
	f->planned[1].role = SY_ROLE_KEPT;
	sy_worker_held_restore(&f->worker);
	assert_int_equal(told(f), 1);
	assert_string_equal(sy_worker_effective_plan(&f->worker).held[0], "widgets.example.dev");
	sy_worker_held_forget(&f->worker);
	assert_false(marked(f) || told(f));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {T(follows_the_reports),  T(an_approval_lets_go),    T(nothing_held_is_nothing_to_approve),
					   T(only_what_is_planned), T(a_restart_of_all_knows), T(a_new_record_holds_all)};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
