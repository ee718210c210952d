/* What is wanted: plans and credentials. */
#include <errno.h>
#include <string.h>

#include "supervisor/process/workers_impl.h"

static int add(struct sy_workers *workers, const struct sy_plan *plan, struct sy_error *err)
{
	struct sy_worker *worker = NULL;
	int rc = sy_worker_new(&worker, workers, plan, err);

	if (rc < 0)
		return rc;
	rc = sy_workers_insert(workers, worker, err);
	if (rc < 0) {
		sy_worker_free(worker);
		return rc;
	}
	sy_worker_changed(worker);
	return 0;
}

int sy_workers_set_plan(struct sy_workers *workers, const struct sy_plan *plan, struct sy_error *err)
{
	struct sy_worker *worker = sy_workers_lookup(workers, plan->cluster);
	struct sy_plan copy;

	if (workers->stopping)
		return sy_error_set(err, ESHUTDOWN, "the supervisor is stopping");
	if (!worker)
		return add(workers, plan, err);
	/* A worker that is on its way out is wanted again: its end will be followed by a start. */
	bool revived = !worker->wanted;
	/* The same DRAIN again while the drained worker leaves is no new wish: ops.drained is about to tell. */
	if ((!revived || worker->drained) && sy_plan_equal(&worker->plan, plan))
		return 0;
	int rc = sy_plan_copy(plan, &copy, err);
	if (rc < 0)
		return rc;
	copy.generation = worker->plan.generation + 1;
	sy_plan_done(&worker->plan);
	worker->plan = copy;
	worker->wanted = true;
	worker->drained = false;
	worker->plan_due = true;
	sy_worker_flush(worker);
	sy_worker_changed(worker);
	return 0;
}

void sy_workers_drop(struct sy_workers *workers, const char *cluster)
{
	struct sy_worker *worker = sy_workers_lookup(workers, cluster);

	if (!worker)
		return;
	worker->wanted = false;
	worker->drained = false;
	sy_worker_event(worker, SY_EVENT_UNWANTED);
}

int sy_workers_set_access(struct sy_workers *workers, const struct sy_access *upstream, const struct sy_access *downstream,
			  struct sy_error *err)
{
	struct sy_access up = {0};
	struct sy_access down = {0};

	if (sy_access_equal(&workers->upstream, upstream) && sy_access_equal(&workers->downstream, downstream))
		return 0;
	int rc = sy_access_copy(upstream, &up, err);
	if (rc == 0)
		rc = sy_access_copy(downstream, &down, err);
	if (rc < 0) {
		sy_access_done(&up);
		return rc;
	}
	sy_access_done(&workers->upstream);
	sy_access_done(&workers->downstream);
	workers->upstream = up;
	workers->downstream = down;
	workers->access_version++;
	for (size_t i = 0; i < workers->count; i++) {
		workers->items[i]->access_due = true;
		sy_worker_flush(workers->items[i]);
	}
	return 0;
}
