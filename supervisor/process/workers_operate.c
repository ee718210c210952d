/* The operator's verbs, and the end. */
#include <errno.h>

#include "supervisor/process/workers_impl.h"

static int lookup(struct sy_workers *workers, const char *cluster, struct sy_worker **ret_worker, struct sy_error *err)
{
	*ret_worker = sy_workers_lookup(workers, cluster);
	return *ret_worker ? 0 : sy_error_set(err, ENOENT, "no worker for logical cluster %s", cluster);
}

int sy_workers_restart(struct sy_workers *workers, const char *cluster, struct sy_error *err)
{
	struct sy_worker *worker = NULL;
	int rc = lookup(workers, cluster, &worker, err);

	if (rc < 0)
		return rc;
	worker->failures = 0; /* asked for by a person: no waiting for what happened before */
	sy_worker_event(worker, SY_EVENT_RESTART);
	return 0;
}

/* What the plan's source knows nothing of has changed. */
static void send_plan_again(struct sy_worker *worker)
{
	worker->plan.generation++;
	worker->plan_due = true;
	sy_worker_flush(worker);
	sy_worker_changed(worker);
}

int sy_workers_pause(struct sy_workers *workers, const char *cluster, bool paused, struct sy_error *err)
{
	struct sy_worker *worker = sy_workers_lookup(workers, cluster);
	int rc;

	if (!worker && !paused && !sy_workers_is_paused(workers, cluster))
		return lookup(workers, cluster, &worker, err);
	rc = sy_marks_set(&workers->pauses, cluster, paused, err);
	if (worker && worker->paused != paused) {
		worker->paused = paused;
		send_plan_again(worker);
	}
	return rc;
}

int sy_workers_approve(struct sy_workers *workers, const char *cluster, struct sy_error *err)
{
	struct sy_worker *worker = NULL;
	int rc = lookup(workers, cluster, &worker, err);

	if (rc < 0)
		return rc;
	if (worker->paused)
		return sy_error_set(err, EBUSY, "the workspace is paused, which an approval does not end: resume it first");
	if (!sy_worker_held_release(worker))
		return 0;
	send_plan_again(worker);
	return 1;
}

bool sy_workers_is_paused(const struct sy_workers *workers, const char *cluster)
{
	return sy_marks_has(&workers->pauses, cluster);
}

int sy_workers_loglevel(struct sy_workers *workers, const char *cluster_or_null, enum sy_log_level level, struct sy_error *err)
{
	struct sy_worker *worker = NULL;

	if (cluster_or_null) {
		int rc = lookup(workers, cluster_or_null, &worker, err);

		if (rc < 0)
			return rc;
		worker->log_level = (int)level; /* also for its next process */
		sy_worker_flush(worker);
		return 0;
	}
	workers->log_level = (int)level;
	for (size_t i = 0; i < workers->count; i++) {
		workers->items[i]->log_level = -1;
		sy_worker_flush(workers->items[i]);
	}
	return 0;
}

int sy_workers_dump(struct sy_workers *workers, const char *cluster, json_object *args, sy_workers_reply_fn *done, void *arg,
		    struct sy_error *err)
{
	struct sy_worker *worker = NULL;
	int rc = lookup(workers, cluster, &worker, err);

	return rc < 0 ? rc : sy_worker_dump(worker, args, done, arg, err);
}

void sy_workers_stop(struct sy_workers *workers, void (*done)(void *arg), void *arg)
{
	workers->stopping = true;
	workers->stopped = done;
	workers->stopped_arg = arg;
	/* From the end: a worker without a process leaves the array at once. */
	for (size_t i = workers->count; i > 0; i--) {
		workers->items[i - 1]->wanted = false;
		sy_worker_event(workers->items[i - 1], SY_EVENT_UNWANTED);
	}
	sy_defer_mark(workers->bury);
}
