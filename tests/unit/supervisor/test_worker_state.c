/* Every cell of the table of a worker's life, against an expectation written down on its own: what is not listed must change nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "supervisor/process/worker_state.h"

struct expectation {
	enum sy_worker_state state;
	enum sy_worker_event event;
	enum sy_worker_action action;
	enum sy_worker_state next;
};

static const struct expectation expectations[] = {
	/* waiting for a slot */
	{SY_WORKER_IDLE, SY_EVENT_SLOT, SY_ACTION_START, SY_WORKER_STARTING},
	{SY_WORKER_IDLE, SY_EVENT_UNWANTED, SY_ACTION_FREE, SY_WORKER_GONE},
	/* no hello yet */
	{SY_WORKER_STARTING, SY_EVENT_START_FAILED, SY_ACTION_DELAY, SY_WORKER_BACKOFF},
	{SY_WORKER_STARTING, SY_EVENT_HELLO, SY_ACTION_ADMIT, SY_WORKER_RUNNING},
	{SY_WORKER_STARTING, SY_EVENT_HELLO_LATE, SY_ACTION_RENEW, SY_WORKER_STARTING},
	{SY_WORKER_STARTING, SY_EVENT_HELLO_NEVER, SY_ACTION_KILL, SY_WORKER_KILLING},
	{SY_WORKER_STARTING, SY_EVENT_MISBEHAVED, SY_ACTION_KILL, SY_WORKER_KILLING},
	{SY_WORKER_STARTING, SY_EVENT_RESTART, SY_ACTION_TERM, SY_WORKER_STOPPING},
	{SY_WORKER_STARTING, SY_EVENT_UNWANTED, SY_ACTION_TERM, SY_WORKER_STOPPING},
	/* at work */
	{SY_WORKER_RUNNING, SY_EVENT_SILENT, SY_ACTION_KILL, SY_WORKER_KILLING},
	{SY_WORKER_RUNNING, SY_EVENT_BEHIND, SY_ACTION_KILL, SY_WORKER_KILLING},
	{SY_WORKER_RUNNING, SY_EVENT_MISBEHAVED, SY_ACTION_KILL, SY_WORKER_KILLING},
	{SY_WORKER_RUNNING, SY_EVENT_RESTART, SY_ACTION_TERM, SY_WORKER_STOPPING},
	{SY_WORKER_RUNNING, SY_EVENT_UNWANTED, SY_ACTION_TERM, SY_WORKER_STOPPING},
	/* told to stop */
	{SY_WORKER_STOPPING, SY_EVENT_STOP_LATE, SY_ACTION_KILL, SY_WORKER_KILLING},
	{SY_WORKER_STOPPING, SY_EVENT_MISBEHAVED, SY_ACTION_KILL, SY_WORKER_KILLING},
	/* waiting to start again */
	{SY_WORKER_BACKOFF, SY_EVENT_RETRY, SY_ACTION_QUEUE, SY_WORKER_IDLE},
	{SY_WORKER_BACKOFF, SY_EVENT_RESTART, SY_ACTION_QUEUE, SY_WORKER_IDLE},
	{SY_WORKER_BACKOFF, SY_EVENT_UNWANTED, SY_ACTION_FREE, SY_WORKER_GONE},
};

/* The end of a process means the same in every state that has one. */
static bool has_process(enum sy_worker_state state)
{
	return state == SY_WORKER_STARTING || state == SY_WORKER_RUNNING || state == SY_WORKER_STOPPING || state == SY_WORKER_KILLING;
}

static struct sy_worker_step expected(enum sy_worker_state state, enum sy_worker_event event)
{
	for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++)
		if (expectations[i].state == state && expectations[i].event == event)
			return (struct sy_worker_step){expectations[i].action, expectations[i].next};
	if (has_process(state) && event == SY_EVENT_EXIT_UNASKED)
		return (struct sy_worker_step){SY_ACTION_DELAY, SY_WORKER_BACKOFF};
	if (has_process(state) && event == SY_EVENT_EXIT_RESTART)
		return (struct sy_worker_step){SY_ACTION_QUEUE, SY_WORKER_IDLE};
	if (has_process(state) && event == SY_EVENT_EXIT_UNWANTED)
		return (struct sy_worker_step){SY_ACTION_FREE, SY_WORKER_GONE};
	return (struct sy_worker_step){SY_ACTION_NONE, state};
}

static void every_cell_is_as_expected(void **state)
{
	unsigned cells = 0;

	(void)state;
	for (unsigned s = 0; s < SY_WORKER_STATE_MAX; s++) {
		for (unsigned e = 0; e < SY_WORKER_EVENT_MAX; e++) {
			const struct sy_worker_step want = expected((enum sy_worker_state)s, (enum sy_worker_event)e);
			const struct sy_worker_step got = sy_worker_step((enum sy_worker_state)s, (enum sy_worker_event)e);

			if (want.action != got.action || want.next != got.next)
				fail_msg("%s in %s: action %d -> %s, wanted action %d -> %s", sy_worker_event_name((enum sy_worker_event)e),
					 sy_worker_state_name((enum sy_worker_state)s), (int)got.action, sy_worker_state_name(got.next),
					 (int)want.action, sy_worker_state_name(want.next));
			cells++;
		}
	}
	assert_int_equal(cells, 105);
}

/* Properties that hold whatever the single cells say. */
static void processes_are_neither_lost_nor_doubled(void **state)
{
	(void)state;
	for (unsigned s = 0; s < SY_WORKER_STATE_MAX; s++) {
		for (unsigned e = 0; e < SY_WORKER_EVENT_MAX; e++) {
			const struct sy_worker_step step = sy_worker_step((enum sy_worker_state)s, (enum sy_worker_event)e);
			bool before = has_process((enum sy_worker_state)s);
			bool after = has_process(step.next);
			bool ends = e == SY_EVENT_START_FAILED || e == SY_EVENT_EXIT_UNASKED || e == SY_EVENT_EXIT_RESTART ||
				    e == SY_EVENT_EXIT_UNWANTED;

			if (before && !after)
				assert_true(ends); /* a process is forgotten only when it has ended */
			if (!before && after)
				assert_int_equal(step.action, SY_ACTION_START);
			if (step.action == SY_ACTION_START)
				assert_false(before); /* one process per workspace */
			if (step.action == SY_ACTION_KILL)
				assert_int_equal(step.next, SY_WORKER_KILLING);
			if (s == SY_WORKER_GONE)
				assert_int_equal(step.action, SY_ACTION_NONE);
		}
	}
}

static void names_are_all_different(void **state)
{
	(void)state;
	for (unsigned a = 0; a <= SY_WORKER_STATE_MAX; a++)
		for (unsigned b = 0; b < a; b++)
			assert_string_not_equal(sy_worker_state_name((enum sy_worker_state)a),
						sy_worker_state_name((enum sy_worker_state)b));
	for (unsigned a = 0; a <= SY_WORKER_EVENT_MAX; a++)
		for (unsigned b = 0; b < a; b++)
			assert_string_not_equal(sy_worker_event_name((enum sy_worker_event)a),
						sy_worker_event_name((enum sy_worker_event)b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell_is_as_expected),
		cmocka_unit_test(processes_are_neither_lost_nor_doubled),
		cmocka_unit_test(names_are_all_different),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
