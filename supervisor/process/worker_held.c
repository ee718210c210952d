/* What the guard of a worker holds (syncerd-rules(7) 7.1), remembered for its next process: that one sees only that the objects are not there,
 * and might find them few beside what is new. */
#include "base/limits.h"
#include "base/log.h"
#include "kube/gvr.h"
#include "supervisor/process/worker.h"

#include <string.h>

/* A worker speaks for what it was told to sync. */
static bool planned(const struct sy_worker *worker, const struct sy_report_resource *resource)
{
	for (size_t i = 0; i < worker->plan.resource_count; i++) {
		const struct sy_plan_resource *rule = &worker->plan.resources[i];

		if (strcmp(rule->group, resource->group) == 0 && strcmp(rule->resource, resource->resource) == 0)
			return true;
	}
	return false;
}

static int remember(struct sy_worker *worker, const struct sy_report_resource *resource, struct sy_error *err)
{
	struct sy_buf label;
	int rc;

	sy_buf_init(&label, 512);
	rc = sy_kube_group_resource(&label, resource->group, resource->resource);
	if (rc < 0)
		sy_error_oom(err);
	else if (!resource->held)
		sy_strv_remove(&worker->held, sy_buf_str(&label));
	else if (worker->held.count < SY_MAX_PLAN_RESOURCES)
		rc = sy_strv_add_new(&worker->held, sy_buf_str(&label), err);
	sy_buf_done(&label);
	return rc;
}

void sy_worker_held_update(struct sy_worker *worker)
{
	const struct sy_log_ref ref = {.cluster = worker->cluster, .path = worker->plan.path};
	const struct sy_report *report = &worker->report;

	for (size_t i = 0; i < report->resource_count; i++) {
		const struct sy_report_resource *resource = &report->resources[i];
		struct sy_error err = {0};

		if (resource->held ? report->plan_generation < worker->approved_generation : worker->held.count == 0)
			continue;
		if (planned(worker, resource) && remember(worker, resource, &err) < 0)
			sy_warn(&ref, "what the guard holds is not remembered: %s", err.text);
	}
}

void sy_worker_held_release(struct sy_worker *worker)
{
	worker->approved++;
	worker->approved_generation = worker->plan.generation + 1;
	sy_strv_done(&worker->held);
}
