/* All workers of this supervisor: exactly one process per logical cluster that has a plan. Starts, watches, restarts with back-off, drains
 * and stops them; keeps their last report. Knows nothing of kcp: plans come in, views and events go out.
 */
#ifndef SY_SUPERVISOR_WORKERS_H
#define SY_SUPERVISOR_WORKERS_H

#include "base/loop.h"
#include "proto/plan.h"
#include "proto/report.h"
#include "supervisor/config/config.h"
#include "supervisor/process/worker_limits.h"

struct sy_workers;

/* Life of a worker: rows of the table in worker_state.c. */
enum sy_worker_state {
	SY_WORKER_IDLE = 0, /* wanted, waiting for a free spawn slot */
	SY_WORKER_STARTING, /* process runs, no hello yet */
	SY_WORKER_RUNNING,  /* hello accepted */
	SY_WORKER_STOPPING, /* told to stop (TERM sent), waiting for exit */
	SY_WORKER_KILLING,  /* KILL sent, waiting for exit */
	SY_WORKER_BACKOFF,  /* exited or could not start; waiting to start again */
	SY_WORKER_GONE,	    /* not wanted and not running: the record is about to be freed */
	SY_WORKER_STATE_MAX
};
const char *sy_worker_state_name(enum sy_worker_state state);

/* What one worker looks like from outside; borrowed, valid until the loop runs again. */
struct sy_worker_view {
	const char *cluster;
	const char *path;
	enum sy_worker_state state;
	pid_t pid; /* 0 = no process */
	uint64_t incarnation;
	unsigned restarts;		/* since the supervisor started, operator's restarts included */
	const char *last_exit;		/* CamelCase: "WorkerCrashed", "WorkerNotStarted", "WorkerHung", "HandshakeFailed", ... or "" */
	const char *last_exit_detail;	/* "signal 9 (SIGKILL)", "exit status 1", for people; not for SyncTarget status */
	int64_t started_ms;		/* loop time of the present process */
	int64_t report_age_ms;		/* -1 = no report from this incarnation yet */
	const struct sy_report *report; /* last one of this incarnation, NULL = none */
	const struct sy_plan *plan;
	bool paused;		/* by an operator */
	const char *limited_by; /* "cgroup", "rlimits", "" = no process */
	const char *version;	/* as the present process says, "" = it has not yet; not to be trusted */
	const char *binary;	/* "current", "old" = the worker program has been replaced since, "" = no process */
	int64_t silence_ms;	/* without a report for longer, it counts as hung */
	int64_t behind_ms;	/* for so long it has gone on with an older plan, 0 = it follows the latest */
	int64_t retry_in_ms;	/* BACKOFF: time left */
};

/* Of another worker program; borrowed, valid until the loop runs again. */
struct sy_upgrade_view {
	const char *state;     /* "Idle", "Rolling", "Stopped" */
	const char *workspace; /* Rolling: path of the one that is restarted at present, or "" */
	const char *message;   /* Stopped: why, in words without times and pids; else "" */
	size_t old;	       /* workers that do not run the present program */
};

struct sy_workers_ops {
	/* Something that a reader could see has changed (state, report content, pid). Coalesce before acting. */
	void (*changed)(void *arg, const char *cluster);
	void (*event)(void *arg, const struct sy_event *event);
	/* The plan's drain is complete and the process has left; the record is freed after this call. */
	void (*drained)(void *arg, const char *cluster);
};

/* Make the runtime directory when only it is missing; path must leave room for the names of sockets. */
int sy_workers_runtime(const char *path, struct sy_error *err);
/* Only the second of these. */
int sy_workers_runtime_fits(const char *path, struct sy_error *err);

/* config is borrowed and must outlive the workers (replace it with sy_workers_reload). */
int sy_workers_new(struct sy_workers **ret_workers, struct sy_loop *loop, const struct sy_config *config, const struct sy_access *upstream,
		   const struct sy_access *downstream, const char *user_agent, const struct sy_workers_ops *ops, void *arg,
		   struct sy_error *err);
/* Kill what is left and free; for after sy_workers_stop. */
void sy_workers_free(struct sy_workers *workers);

/* Want exactly one worker with this plan (copied) for plan->cluster. Equal plan = nothing happens; another plan = sent to the running worker,
 * which keeps its pid. The generation is assigned here. A plan of mode DRAIN ends with ops.drained. */
int sy_workers_set_plan(struct sy_workers *workers, const struct sy_plan *plan, struct sy_error *err);
/* No longer wanted: stop the process at once, touch nothing on either server. */
void sy_workers_drop(struct sy_workers *workers, const char *cluster);
/* New credentials or limits; workers whose access changed get a credentials message, none is restarted for it. */
int sy_workers_set_access(struct sy_workers *workers, const struct sy_access *upstream, const struct sy_access *downstream,
			  struct sy_error *err);
/* Another configuration. Deadlines, back-off and spawn slots count at once; another log level goes to running workers as a message and ends
 * what an operator has set; where heartbeat or log format differ, the workers are restarted one after the other. Another worker program (name
 * or file) is brought to one worker after the other, the canary first, as rollout.h says; where it fails that stops, and workers go on with the
 * old one. The old configuration must be valid during the call. */
void sy_workers_reload(struct sy_workers *workers, const struct sy_config *config);

/* Operator's verbs; cluster is a logical cluster name. -ENOENT when there is no such worker. */
int sy_workers_restart(struct sy_workers *workers, const char *cluster, struct sy_error *err);
/* Stop writing on both sides, a drain included; without a worker it counts for the next one. Outlives worker and process; an error other than
 * -ENOENT says that it is done but will not outlive this process. -ENOENT: resume of what neither runs nor is paused. */
int sy_workers_pause(struct sy_workers *workers, const char *cluster, bool paused, struct sy_error *err);
/* Let the worker delete what its guard against mass deletion holds. 1 = it may, 0 = nothing is held, and nothing changes. -ENOENT: no worker.
 * -EBUSY: it is paused. */
int sy_workers_approve(struct sy_workers *workers, const char *cluster, struct sy_error *err);
bool sy_workers_is_paused(const struct sy_workers *workers, const char *cluster);
int sy_workers_loglevel(struct sy_workers *workers, const char *cluster_or_null, enum sy_log_level level, struct sy_error *err);
/* Ask a worker for a dump; done runs once, with value (borrowed) or an error text, at the latest after 5 s. */
typedef void sy_workers_reply_fn(void *arg, json_object *value, const char *error);
int sy_workers_dump(struct sy_workers *workers, const char *cluster, json_object *args, sy_workers_reply_fn *done, void *arg,
		    struct sy_error *err);

/* Views, sorted by cluster. fn returns false to stop. */
void sy_workers_each(struct sy_workers *workers, bool (*fn)(void *arg, const struct sy_worker_view *view), void *arg);
bool sy_workers_find(struct sy_workers *workers, const char *cluster, struct sy_worker_view *ret_view);
size_t sy_workers_count(const struct sy_workers *workers);
struct sy_upgrade_view sy_workers_upgrade(const struct sy_workers *workers);
/* The limits of each worker and what enforces them, in one line. */
void sy_workers_limits_text(const struct sy_workers *workers, char out[SY_LIMITS_TEXT_MAX]);

/* TERM to all, KILL at the deadline; done runs when the last process is gone (at once when there is none). */
void sy_workers_stop(struct sy_workers *workers, void (*done)(void *arg), void *arg);

#endif
