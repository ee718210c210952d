/* One worker: its process, its conversation, its deadlines, its last report. worker.c follows the table of worker_state.h,
 * worker_process.c starts and reaps, worker_talk.c decides what to believe of what it says, worker_lag.c how long it may go on with an
 * older plan. */
#ifndef SY_SUPERVISOR_WORKER_H
#define SY_SUPERVISOR_WORKER_H

#include "base/loop.h"
#include "link/link.h"
#include "proto/channel.h"
#include "supervisor/discovery/strv.h"
#include "supervisor/process/worker_limits.h"
#include "supervisor/process/worker_state.h"
#include "supervisor/process/workers.h"

/* What one worker may make the supervisor do. An honest one sends at most 5 reports and 20 events a second; beyond a bound of the first
 * two it is killed (WorkerMisbehaved), events beyond theirs are counted and forgotten. */
#define SY_WORKER_MESSAGES_PER_S 400
#define SY_WORKER_BYTES_PER_S (8u * 1024 * 1024)
#define SY_WORKER_EVENTS_PER_S 20
#define SY_WORKER_VIOLATIONS 5 /* unacceptable messages of one incarnation */
#define SY_WORKER_DUMPS 16     /* dumps asked for at the same time */
#define SY_WORKER_DUMP_MS 5000
#define SY_WORKER_GRACE_MS 500	       /* beyond a deadline: it may be this process that stood still, with reports waiting to be read */
#define SY_WORKER_HELD_MS 10000	       /* the end of a hold is written to the disk no sooner after the last change */
#define SY_WORKER_SPARE_DESCRIPTORS 32 /* no start with fewer free: the control socket and the servers need some, too */
#define SY_WORKER_LINK_SILENT_MS 5000  /* unacknowledged for longer: renew the listener */

struct sy_dump;
struct sy_program;

struct sy_worker {
	struct sy_workers *owner;
	struct sy_worker *next_dead;
	char *cluster;
	struct sy_plan plan; /* what is wanted; its generation is the latest */
	enum sy_worker_state state;
	bool wanted;
	bool drained;		      /* the worker said so of the present plan */
	uint64_t approved;	      /* times an operator let go what the guard held (proto/plan.h) */
	uint64_t approved_generation; /* of the plan that said so last: what reports of older ones hold is let go */
	struct sy_strv held;	      /* labels of what the guard holds, for its next process */
	int64_t held_ms;	      /* when owner->holds was last changed for it, 0 = never */
	bool paused;		      /* by an operator; also in owner->pauses, which outlives this process */
	int log_level;		      /* operator's override, -1 = none */
	bool renewing;		      /* it was told to restart for new settings, and has not come back yet */
	unsigned ends;		      /* processes that ended unasked or could not be started */
	bool moved;		      /* by the rollout under way: its next processes are of the new program */
	bool moved_well;	      /* it did well when it was */
	unsigned moved_ends;	      /* ends, then */
	uint64_t queued;
	int64_t retry_ms;  /* BACKOFF: when it ends */
	unsigned failures; /* since the last stable run */
	unsigned restarts;
	unsigned starts;
	char last_exit[32];
	char last_exit_detail[64];
	struct sy_timer *deadline; /* of the state */
	struct sy_timer *tick;	   /* of the conversation */

	/* Of the present process; all of it ends with worker_process.c's reaping. */
	pid_t pid; /* 0 = none */
	int pidfd;
	struct sy_io *exit_io;
	struct sy_link *link;
	struct sy_channel *channel;
	struct sy_limited limited;
	uint64_t incarnation;
	char token[65];
	int64_t started_ms;
	int64_t running_ms;
	int64_t renewed_ms;
	/* What it was booted with: a reload may have changed the configuration since. */
	int64_t heartbeat_ms;
	int64_t heartbeat_deadline_ms;
	enum sy_log_format log_format;
	struct sy_program *program;
	char version[65];	      /* as its hello says, "" = not yet */
	enum sy_log_level told_level; /* by the boot message or a command since */
	bool hello_late;
	bool heartbeat_late;
	bool told_to_stop;
	const char *fault; /* why it was killed: static CamelCase, NULL = not */
	bool plan_due;
	bool access_due;
	uint64_t access_version; /* last handed over */
	bool has_report;
	struct sy_report report;
	int64_t report_ms;
	uint64_t awaited;   /* generation of the plan that it has still to take up, 0 = it follows the latest */
	int64_t behind_ms;  /* since when it owes that one */
	int64_t overdue_ms; /* when it was first seen beyond the deadline, 0 = it was not */
	struct sy_dump *dumps;
	size_t dump_count;
	uint64_t replies_due; /* commands of this incarnation that it has not answered */

	int64_t second_ms; /* start of the second that is counted */
	unsigned messages;
	size_t bytes;
	unsigned events;
	uint64_t events_dropped;
	unsigned violations;
	int64_t warned_ms; /* last line about something refused */
};

/* The plan is copied; the worker is IDLE and not yet in the collection. */
int sy_worker_new(struct sy_worker **ret_worker, struct sy_workers *owner, const struct sy_plan *plan, struct sy_error *err);
/* Kills and reaps a process that is left. */
void sy_worker_free(struct sy_worker *worker);
/* Let an event happen. The worker may be GONE afterwards, but stays valid until the loop's turn ends. */
void sy_worker_event(struct sy_worker *worker, enum sy_worker_event event);
/* End its process for a fault (static CamelCase), where the state has that. */
void sy_worker_fault(struct sy_worker *worker, const char *reason, enum sy_worker_event event);
/* Somebody outside may want to look again. */
void sy_worker_changed(struct sy_worker *worker);

/* worker_process.c */
int sy_worker_start(struct sy_worker *worker, struct sy_error *err);
void sy_worker_signal(struct sy_worker *worker, int signum);
void sy_worker_cleanup(struct sy_worker *worker); /* close what belongs to the process, which must be reaped or never have been */

/* workers_reload.c */
enum sy_log_level sy_worker_level(const struct sy_worker *worker);
/* Silence after which it counts as hung, by the interval that it knows. */
int64_t sy_worker_silence_ms(const struct sy_worker *worker);

/* workers_rollout.c: what to start it from now; an own reference. */
int sy_worker_program(const struct sy_worker *worker, struct sy_program **ret_program, struct sy_error *err);

/* worker_held.c */
/* After each report: what the guard holds outlives the process. */
void sy_worker_held_update(struct sy_worker *worker);
/* An operator lets go what is held: a matter of the next plan. False when nothing is: an approval of nothing must not open the guard. */
bool sy_worker_held_release(struct sy_worker *worker);
/* Of a new record: where an earlier supervisor heard of a hold, each resource may be what was held. */
void sy_worker_held_restore(struct sy_worker *worker);
/* Nothing is left that could be held. */
void sy_worker_held_forget(struct sy_worker *worker);

/* worker_talk.c */
int sy_worker_listen(struct sy_worker *worker, const char *path, struct sy_error *err);
void sy_worker_renew(struct sy_worker *worker);
void sy_worker_welcome(struct sy_worker *worker);
/* Hand over what is due (plan, credentials, log level); for a running worker. */
void sy_worker_flush(struct sy_worker *worker);
int sy_worker_command(struct sy_worker *worker, const char *verb, json_object *args, uint64_t *ret_id, struct sy_error *err);
/* The plan as the worker is to follow it: paused where an operator said so, a drain too. Shallow, borrowed. */
struct sy_plan sy_worker_effective_plan(const struct sy_worker *worker);

/* worker_lag.c */
/* Plan or report have changed: does the clock run, and for which plan? */
void sy_worker_lag_update(struct sy_worker *worker);
/* For how long a running worker has gone on with an older plan while a newer one was there, 0 = it follows the latest. */
int64_t sy_worker_lag_ms(const struct sy_worker *worker);
/* A report has come: end the process when it owes its plan for too long. */
void sy_worker_lag_judge(struct sy_worker *worker);

/* worker_dump.c */
int sy_worker_dump(struct sy_worker *worker, json_object *args, sy_workers_reply_fn *done, void *arg, struct sy_error *err);
void sy_worker_dump_reply(struct sy_worker *worker, const struct sy_reply *reply);
void sy_worker_dump_fail_all(struct sy_worker *worker, const char *error);

#endif
