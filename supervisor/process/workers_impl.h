/* The collection of workers from inside; shared by the workers_*.c and worker*.c files only. */
#ifndef SY_SUPERVISOR_WORKERS_IMPL_H
#define SY_SUPERVISOR_WORKERS_IMPL_H

#include <limits.h>

#include "supervisor/process/worker_limits.h"
#include "supervisor/process/oom.h"
#include "supervisor/process/marks.h"
#include "supervisor/process/program.h"
#include "supervisor/process/rollout.h"
#include "supervisor/process/worker.h"
#include "supervisor/process/workers.h"

struct sy_workers {
	struct sy_loop *loop;
	const struct sy_config *config; /* borrowed */
	struct sy_access upstream;
	struct sy_access downstream;
	uint64_t access_version; /* counts changes of the two above */
	char *user_agent;
	const struct sy_workers_ops *ops;
	void *arg;

	struct sy_worker **items; /* sorted by cluster */
	size_t count;
	size_t room;
	struct sy_worker *dead; /* GONE, to be freed at the end of this turn */
	struct sy_defer *bury;
	struct sy_defer *schedule; /* give free spawn slots to IDLE workers */

	uint64_t next_incarnation;
	uint64_t next_queued; /* order of waiting for a slot */
	uint64_t next_command;
	int log_level;		  /* operator's override, -1 = the configuration's */
	int lifeline_read;	  /* inherited by every worker */
	int lifeline_write;	  /* held by this process alone: its end is their end */
	char directory[PATH_MAX]; /* of the sockets */
	struct sy_oom oom;
	struct sy_limits limits;
	struct sy_marks pauses;
	struct sy_program *program; /* what workers are started from, NULL = not looked at yet */
	struct sy_program *next;    /* what a rollout brings, NULL = none is under way */
	struct sy_program *refused; /* whose rollout was stopped, NULL = none */
	struct sy_rollout rollout;
	struct sy_timer *roll; /* looks after the rollout */
	char roll_text[640];   /* why the last one was stopped, "" = it was not */
	struct sy_marks holds; /* where some worker's guard holds: a restart of this process must not forget it */

	bool stopping;
	void (*stopped)(void *arg);
	void *stopped_arg;
};

struct sy_worker *sy_workers_lookup(const struct sy_workers *workers, const char *cluster);
/* Insert in order; -ENOMEM. */
int sy_workers_insert(struct sy_workers *workers, struct sy_worker *worker, struct sy_error *err);
/* Take a GONE worker out at once and free it at the end of the turn. */
void sy_workers_remove(struct sy_workers *workers, struct sy_worker *worker);
/* Restart the next worker whose settings are not the configuration's, unless one is under way (workers_reload.c). */
void sy_workers_renew(struct sy_workers *workers);
/* Look at the worker program: another file begins a rollout, and the one that has failed does not (workers_rollout.c). */
void sy_workers_look(struct sy_workers *workers);
/* Take the next step of the rollout; false when none is under way. */
bool sy_workers_roll(struct sy_workers *workers);
/* The program that workers should have, also where it has failed; NULL = not looked at yet. */
const struct sy_program *sy_workers_latest(const struct sy_workers *workers);
int sy_workers_rollout_open(struct sy_workers *workers, struct sy_error *err);
void sy_workers_rollout_done(struct sy_workers *workers);
/* Socket directory: made, checked, emptied of stale sockets. */
int sy_workers_directory(struct sy_workers *workers, struct sy_error *err);
/* Before each start: made again if somebody has removed it, and checked. The sockets in it stay. The error names the directory. */
int sy_workers_directory_ensure(const struct sy_workers *workers, struct sy_error *err);

#endif
