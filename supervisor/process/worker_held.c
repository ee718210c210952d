/* What the guard of a worker holds (syncerd-rules(7) 7.1), remembered for its next process: that one sees only that the objects are not there,
 * and might find them few beside what is new. For the next supervisor only the logical cluster is kept. */
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "kube/gvr.h"
#include "supervisor/process/workers_impl.h"

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

static int change(struct sy_worker *worker, const char *group, const char *resource, bool held, struct sy_error *err)
{
	struct sy_buf label;
	int rc;

	sy_buf_init(&label, 512);
	rc = sy_kube_group_resource(&label, group, resource);
	if (rc < 0)
		sy_error_oom(err);
	else if (!held)
		sy_strv_remove(&worker->held, sy_buf_str(&label));
	else if (worker->held.count < SY_MAX_PLAN_RESOURCES)
		rc = sy_strv_add_new(&worker->held, sy_buf_str(&label), err);
	sy_buf_done(&label);
	return rc;
}

static void complain(const struct sy_worker *worker, const struct sy_error *err)
{
	const struct sy_log_ref ref = {.cluster = worker->cluster, .path = worker->plan.path};

	sy_warn(&ref, "what the guard holds may be forgotten: %s", err->text);
}

/* A hold is written at once. Its end has time: it costs no copy, and no worker may keep the disk busy with both. */
static void save(struct sy_worker *worker)
{
	int64_t now = sy_loop_now_ms(worker->owner->loop);
	bool any = worker->held.count > 0;
	struct sy_error err = {0};

	if (sy_marks_has(&worker->owner->holds, worker->cluster) == any ||
	    (!any && worker->held_ms && now - worker->held_ms < SY_WORKER_HELD_MS))
		return;
	worker->held_ms = now;
	if (sy_marks_set(&worker->owner->holds, worker->cluster, any, &err) < 0)
		complain(worker, &err);
}

void sy_worker_held_update(struct sy_worker *worker)
{
	const struct sy_report *report = &worker->report;

	for (size_t i = 0; i < report->resource_count; i++) {
		const struct sy_report_resource *resource = &report->resources[i];
		struct sy_error err = {0};

		if (resource->held ? report->plan_generation < worker->approved_generation : worker->held.count == 0)
			continue;
		if (planned(worker, resource) && change(worker, resource->group, resource->resource, resource->held, &err) < 0)
			complain(worker, &err);
	}
	save(worker);
}

bool sy_worker_held_release(struct sy_worker *worker)
{
	if (worker->held.count == 0)
		return false;
	worker->approved++;
	worker->approved_generation = worker->plan.generation + 1;
	sy_worker_held_forget(worker);
	return true;
}

void sy_worker_held_forget(struct sy_worker *worker)
{
	sy_strv_done(&worker->held);
	worker->held_ms = 0;
	save(worker);
}

void sy_worker_held_restore(struct sy_worker *worker)
{
	struct sy_error err = {0};

	if (!sy_marks_has(&worker->owner->holds, worker->cluster))
		return;
	for (size_t i = 0; i < worker->plan.resource_count; i++) {
		const struct sy_plan_resource *rule = &worker->plan.resources[i];

		if (rule->role != SY_ROLE_KEPT && change(worker, rule->group, rule->resource, true, &err) < 0)
			complain(worker, &err);
	}
}
