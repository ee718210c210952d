/* The operator's verbs, and the end. */
#include <errno.h>

#include "supervisor/workers_impl.h"

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

int sy_workers_pause(struct sy_workers *workers, const char *cluster, bool paused, struct sy_error *err)
{
	struct sy_worker *worker = NULL;
	int rc = lookup(workers, cluster, &worker, err);

	if (rc < 0 || worker->paused == paused)
		return rc;
	worker->paused = paused;
	worker->plan.generation++;
	worker->plan_due = true;
	sy_worker_flush(worker);
	sy_worker_changed(worker);
	return 0;
}

static int send_level(struct sy_worker *worker, enum sy_log_level level, struct sy_error *err)
{
	sy_auto_json json_object *args = json_object_new_object();

	worker->log_level = (int)level; /* also for its next process */
	if (worker->state != SY_WORKER_RUNNING)
		return 0;
	if (!args || sy_json_add_str(args, "level", sy_log_level_name(level)) < 0)
		return sy_error_oom(err);
	return sy_worker_command(worker, "loglevel", args, NULL, err);
}

int sy_workers_loglevel(struct sy_workers *workers, const char *cluster_or_null, enum sy_log_level level, struct sy_error *err)
{
	struct sy_worker *worker = NULL;
	int result = 0;

	if (cluster_or_null) {
		int rc = lookup(workers, cluster_or_null, &worker, err);

		return rc < 0 ? rc : send_level(worker, level, err);
	}
	workers->log_level = (int)level;
	for (size_t i = 0; i < workers->count; i++) {
		int rc = send_level(workers->items[i], level, err);

		if (rc < 0)
			result = rc; /* the others get it all the same */
	}
	return result;
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
