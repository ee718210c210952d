/* The life of a worker as a table: [state][event] -> what to do, and the state after it. Pure: what the actions mean is worker.c. */
#ifndef SY_SUPERVISOR_WORKER_STATE_H
#define SY_SUPERVISOR_WORKER_STATE_H

#include "supervisor/process/workers.h"

enum sy_worker_event {
	SY_EVENT_SLOT = 0,	/* a spawn slot is free */
	SY_EVENT_START_FAILED,	/* the process could not be started */
	SY_EVENT_HELLO,		/* a hello was checked and accepted */
	SY_EVENT_HELLO_LATE,	/* no hello within the deadline, first time */
	SY_EVENT_HELLO_NEVER,	/* nor after the listener was renewed */
	SY_EVENT_SILENT,	/* no report within the heartbeat deadline */
	SY_EVENT_BEHIND,	/* reports, but has not taken up its plan within the deadline */
	SY_EVENT_MISBEHAVED,	/* broke a bound of the protocol */
	SY_EVENT_RESTART,	/* an operator wants a new process */
	SY_EVENT_UNWANTED,	/* drained, dropped, or the supervisor stops */
	SY_EVENT_STOP_LATE,	/* still there at the stop deadline */
	SY_EVENT_EXIT_UNASKED,	/* the process ended and should not have, or was killed for a fault */
	SY_EVENT_EXIT_RESTART,	/* the process ended as told and is to be replaced at once */
	SY_EVENT_EXIT_UNWANTED, /* the process ended and is not to be replaced */
	SY_EVENT_RETRY,		/* the back-off is over */
	SY_WORKER_EVENT_MAX
};
const char *sy_worker_event_name(enum sy_worker_event event);

enum sy_worker_action {
	SY_ACTION_NONE = 0,
	SY_ACTION_QUEUE, /* ask for a spawn slot */
	SY_ACTION_START, /* start the process, watch the hello deadline */
	SY_ACTION_RENEW, /* renew the listener, watch the hello deadline once more */
	SY_ACTION_ADMIT, /* welcome it, watch the heartbeat deadline */
	SY_ACTION_TERM,	 /* SIGTERM, watch the stop deadline */
	SY_ACTION_KILL,	 /* SIGKILL */
	SY_ACTION_DELAY, /* compute the back-off, wait for it */
	SY_ACTION_FREE,	 /* the record has served its purpose */
	SY_WORKER_ACTION_MAX
};

struct sy_worker_step {
	enum sy_worker_action action;
	enum sy_worker_state next;
};

/* Both must be below their _MAX. */
struct sy_worker_step sy_worker_step(enum sy_worker_state state, enum sy_worker_event event);

#endif
