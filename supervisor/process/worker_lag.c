/* A worker that goes on reporting, but of a plan that was replaced long ago. Its next process gets the latest plan with its boot message. */
#include "base/log.h"
#include "supervisor/process/worker.h"
#include "supervisor/process/workers_impl.h"

static int64_t now_of(const struct sy_worker *worker)
{
	return sy_loop_now_ms(worker->owner->loop);
}

/* Counted from the oldest plan that is owed: plans that come one after the other are no excuse, and each that is taken up is progress. */
void sy_worker_lag_update(struct sy_worker *worker)
{
	if (!worker->has_report || worker->report.plan_generation >= worker->plan.generation) {
		worker->awaited = 0;
	} else if (worker->awaited == 0 || worker->report.plan_generation >= worker->awaited) {
		worker->awaited = worker->plan.generation;
		worker->behind_ms = now_of(worker);
		worker->overdue_ms = 0;
	}
}

int64_t sy_worker_lag_ms(const struct sy_worker *worker)
{
	return worker->state == SY_WORKER_RUNNING && worker->awaited ? now_of(worker) - worker->behind_ms : 0;
}

void sy_worker_lag_judge(struct sy_worker *worker)
{
	const struct sy_log_ref ref = {.cluster = worker->cluster, .path = worker->plan.path, .reason = "PlanNotTaken"};
	int64_t now = now_of(worker);

	if (worker->state != SY_WORKER_RUNNING || sy_worker_lag_ms(worker) < worker->owner->config->plan_deadline_ms)
		return;
	/* Reports that waited while this process stood still speak of the time before it. */
	if (worker->overdue_ms == 0)
		worker->overdue_ms = now;
	if (now - worker->overdue_ms < SY_WORKER_GRACE_MS)
		return;
	sy_warn(&ref, "worker pid %d is killed: it reports, but goes on with an older plan", (int)worker->pid);
	sy_worker_fault(worker, "PlanNotTaken", SY_EVENT_BEHIND);
}
