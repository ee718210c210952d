#include "supervisor/process/worker_state.h"

/* Where an event cannot happen the cell says that nothing changes: a stray timer must never start or end a process.
 * One line per cell, so that each is a decision that can be seen. */
#define DO(action, state)                                                                                                                  \
	{                                                                                                                                  \
		SY_ACTION_##action, SY_WORKER_##state                                                                                      \
	}
#define STAY(state)                                                                                                                        \
	{                                                                                                                                  \
		SY_ACTION_NONE, SY_WORKER_##state                                                                                          \
	}
/* clang-format off */
static const struct sy_worker_step table[][SY_WORKER_EVENT_MAX] = {
	[SY_WORKER_IDLE] = {
		[SY_EVENT_SLOT] = DO(START, STARTING),
		[SY_EVENT_START_FAILED] = STAY(IDLE),
		[SY_EVENT_HELLO] = STAY(IDLE),
		[SY_EVENT_HELLO_LATE] = STAY(IDLE),
		[SY_EVENT_HELLO_NEVER] = STAY(IDLE),
		[SY_EVENT_SILENT] = STAY(IDLE),
		[SY_EVENT_BEHIND] = STAY(IDLE),
		[SY_EVENT_MISBEHAVED] = STAY(IDLE),
		[SY_EVENT_RESTART] = STAY(IDLE),
		[SY_EVENT_UNWANTED] = DO(FREE, GONE),
		[SY_EVENT_STOP_LATE] = STAY(IDLE),
		[SY_EVENT_EXIT_UNASKED] = STAY(IDLE),
		[SY_EVENT_EXIT_RESTART] = STAY(IDLE),
		[SY_EVENT_EXIT_UNWANTED] = STAY(IDLE),
		[SY_EVENT_RETRY] = STAY(IDLE),
	},
	[SY_WORKER_STARTING] = {
		[SY_EVENT_SLOT] = STAY(STARTING),
		[SY_EVENT_START_FAILED] = DO(DELAY, BACKOFF),
		[SY_EVENT_HELLO] = DO(ADMIT, RUNNING),
		[SY_EVENT_HELLO_LATE] = DO(RENEW, STARTING),
		[SY_EVENT_HELLO_NEVER] = DO(KILL, KILLING),
		[SY_EVENT_SILENT] = STAY(STARTING),
		[SY_EVENT_BEHIND] = STAY(STARTING),
		[SY_EVENT_MISBEHAVED] = DO(KILL, KILLING),
		[SY_EVENT_RESTART] = DO(TERM, STOPPING),
		[SY_EVENT_UNWANTED] = DO(TERM, STOPPING),
		[SY_EVENT_STOP_LATE] = STAY(STARTING),
		[SY_EVENT_EXIT_UNASKED] = DO(DELAY, BACKOFF),
		[SY_EVENT_EXIT_RESTART] = DO(QUEUE, IDLE),
		[SY_EVENT_EXIT_UNWANTED] = DO(FREE, GONE),
		[SY_EVENT_RETRY] = STAY(STARTING),
	},
	[SY_WORKER_RUNNING] = {
		[SY_EVENT_SLOT] = STAY(RUNNING),
		[SY_EVENT_START_FAILED] = STAY(RUNNING),
		[SY_EVENT_HELLO] = STAY(RUNNING),
		[SY_EVENT_HELLO_LATE] = STAY(RUNNING),
		[SY_EVENT_HELLO_NEVER] = STAY(RUNNING),
		[SY_EVENT_SILENT] = DO(KILL, KILLING),
		[SY_EVENT_BEHIND] = DO(KILL, KILLING),
		[SY_EVENT_MISBEHAVED] = DO(KILL, KILLING),
		[SY_EVENT_RESTART] = DO(TERM, STOPPING),
		[SY_EVENT_UNWANTED] = DO(TERM, STOPPING),
		[SY_EVENT_STOP_LATE] = STAY(RUNNING),
		[SY_EVENT_EXIT_UNASKED] = DO(DELAY, BACKOFF),
		[SY_EVENT_EXIT_RESTART] = DO(QUEUE, IDLE),
		[SY_EVENT_EXIT_UNWANTED] = DO(FREE, GONE),
		[SY_EVENT_RETRY] = STAY(RUNNING),
	},
	[SY_WORKER_STOPPING] = {
		[SY_EVENT_SLOT] = STAY(STOPPING),
		[SY_EVENT_START_FAILED] = STAY(STOPPING),
		[SY_EVENT_HELLO] = STAY(STOPPING),
		[SY_EVENT_HELLO_LATE] = STAY(STOPPING),
		[SY_EVENT_HELLO_NEVER] = STAY(STOPPING),
		[SY_EVENT_SILENT] = STAY(STOPPING),
		[SY_EVENT_BEHIND] = STAY(STOPPING),
		[SY_EVENT_MISBEHAVED] = DO(KILL, KILLING),
		[SY_EVENT_RESTART] = STAY(STOPPING),
		[SY_EVENT_UNWANTED] = STAY(STOPPING),
		[SY_EVENT_STOP_LATE] = DO(KILL, KILLING),
		[SY_EVENT_EXIT_UNASKED] = DO(DELAY, BACKOFF),
		[SY_EVENT_EXIT_RESTART] = DO(QUEUE, IDLE),
		[SY_EVENT_EXIT_UNWANTED] = DO(FREE, GONE),
		[SY_EVENT_RETRY] = STAY(STOPPING),
	},
	[SY_WORKER_KILLING] = {
		[SY_EVENT_SLOT] = STAY(KILLING),
		[SY_EVENT_START_FAILED] = STAY(KILLING),
		[SY_EVENT_HELLO] = STAY(KILLING),
		[SY_EVENT_HELLO_LATE] = STAY(KILLING),
		[SY_EVENT_HELLO_NEVER] = STAY(KILLING),
		[SY_EVENT_SILENT] = STAY(KILLING),
		[SY_EVENT_BEHIND] = STAY(KILLING),
		[SY_EVENT_MISBEHAVED] = STAY(KILLING),
		[SY_EVENT_RESTART] = STAY(KILLING),
		[SY_EVENT_UNWANTED] = STAY(KILLING),
		[SY_EVENT_STOP_LATE] = STAY(KILLING),
		[SY_EVENT_EXIT_UNASKED] = DO(DELAY, BACKOFF),
		[SY_EVENT_EXIT_RESTART] = DO(QUEUE, IDLE),
		[SY_EVENT_EXIT_UNWANTED] = DO(FREE, GONE),
		[SY_EVENT_RETRY] = STAY(KILLING),
	},
	[SY_WORKER_BACKOFF] = {
		[SY_EVENT_SLOT] = STAY(BACKOFF),
		[SY_EVENT_START_FAILED] = STAY(BACKOFF),
		[SY_EVENT_HELLO] = STAY(BACKOFF),
		[SY_EVENT_HELLO_LATE] = STAY(BACKOFF),
		[SY_EVENT_HELLO_NEVER] = STAY(BACKOFF),
		[SY_EVENT_SILENT] = STAY(BACKOFF),
		[SY_EVENT_BEHIND] = STAY(BACKOFF),
		[SY_EVENT_MISBEHAVED] = STAY(BACKOFF),
		[SY_EVENT_RESTART] = DO(QUEUE, IDLE),
		[SY_EVENT_UNWANTED] = DO(FREE, GONE),
		[SY_EVENT_STOP_LATE] = STAY(BACKOFF),
		[SY_EVENT_EXIT_UNASKED] = STAY(BACKOFF),
		[SY_EVENT_EXIT_RESTART] = STAY(BACKOFF),
		[SY_EVENT_EXIT_UNWANTED] = STAY(BACKOFF),
		[SY_EVENT_RETRY] = DO(QUEUE, IDLE),
	},
	[SY_WORKER_GONE] = {
		[SY_EVENT_SLOT] = STAY(GONE),
		[SY_EVENT_START_FAILED] = STAY(GONE),
		[SY_EVENT_HELLO] = STAY(GONE),
		[SY_EVENT_HELLO_LATE] = STAY(GONE),
		[SY_EVENT_HELLO_NEVER] = STAY(GONE),
		[SY_EVENT_SILENT] = STAY(GONE),
		[SY_EVENT_BEHIND] = STAY(GONE),
		[SY_EVENT_MISBEHAVED] = STAY(GONE),
		[SY_EVENT_RESTART] = STAY(GONE),
		[SY_EVENT_UNWANTED] = STAY(GONE),
		[SY_EVENT_STOP_LATE] = STAY(GONE),
		[SY_EVENT_EXIT_UNASKED] = STAY(GONE),
		[SY_EVENT_EXIT_RESTART] = STAY(GONE),
		[SY_EVENT_EXIT_UNWANTED] = STAY(GONE),
		[SY_EVENT_RETRY] = STAY(GONE),
	},
};
/* clang-format on */
_Static_assert(sizeof(table) / sizeof(table[0]) == SY_WORKER_STATE_MAX, "one row per state");
_Static_assert(SY_WORKER_EVENT_MAX == 15, "a new event needs a decision in every row");

struct sy_worker_step sy_worker_step(enum sy_worker_state state, enum sy_worker_event event)
{
	return table[state][event];
}

const char *sy_worker_state_name(enum sy_worker_state state)
{
	static const char *const names[] = {"Idle", "Starting", "Running", "Stopping", "Killing", "Backoff", "Gone"};

	_Static_assert(sizeof(names) / sizeof(names[0]) == SY_WORKER_STATE_MAX, "one name per state");
	return state < SY_WORKER_STATE_MAX ? names[state] : "Unknown";
}

const char *sy_worker_event_name(enum sy_worker_event event)
{
	static const char *const names[] = {"Slot",	"StartFailed", "Hello",	      "HelloLate",    "HelloNever",
					    "Silent",	"Behind",      "Misbehaved",  "Restart",      "Unwanted",
					    "StopLate", "ExitUnasked", "ExitRestart", "ExitUnwanted", "Retry"};

	_Static_assert(sizeof(names) / sizeof(names[0]) == SY_WORKER_EVENT_MAX, "one name per event");
	return event < SY_WORKER_EVENT_MAX ? names[event] : "Unknown";
}
