/* The supervisor's one decision point. Whoever learns something marks it; at the end of the loop's turn the next step is taken from all that
 * is known. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/supervisor.h"

void sy_supervisor_changed(void *arg)
{
	struct sy_supervisor *sup = arg;

	if (sup->think)
		sy_defer_mark(sup->think);
}

void sy_think_at(struct sy_supervisor *sup, int64_t at_ms)
{
	int64_t delay = at_ms - sy_loop_now_ms(sup->loop);

	if (at_ms == INT64_MAX || (sy_timer_active(sup->due) && sup->due_ms <= at_ms))
		return;
	sup->due_ms = at_ms;
	sy_timer_start(sup->due, delay > 0 ? delay : 1);
}

void sy_think(void *arg)
{
	struct sy_supervisor *sup = arg;

	if (sup->stopping)
		return;
	if (sup->target)
		sy_chain_step(sup);
	else if (sup->direct)
		sy_direct_step(sup);
}

/* Of which resource is it? Lists that are not complete tell, and objects that cannot be written; else it may be any of them. */
static void review_refused(struct sy_supervisor *sup, const struct sy_report *report)
{
	bool told = false;

	for (int all = 0; all < 2 && !told; all++) {
		for (size_t i = 0; i < report->resource_count; i++) {
			const struct sy_report_resource *row = &report->resources[i];

			if (!all && row->down_synced && strcmp(row->reason ? row->reason : "", "Unauthorized") != 0)
				continue;
			told = true;
			sy_reviews_again(sup->reviews, row->group, row->resource);
		}
	}
	sy_reviews_again(sup->reviews, "", "namespaces");
}

static void worker_changed(void *arg, const char *cluster)
{
	struct sy_supervisor *sup = arg;
	struct sy_worker_view view;

	/* A request that was refused or not served is a cause to look anew at what the cluster serves and allows. */
	if (sy_workers_find(sup->workers, cluster, &view) && view.report) {
		if (view.report->downstream == SY_KUBE_NOT_SERVED)
			sy_downstream_rediscover(sup->downstream);
		else if (view.report->downstream == SY_KUBE_FORBIDDEN)
			review_refused(sup, view.report);
		if (view.report->upstream == SY_KUBE_UNAUTHORIZED && sup->up_token)
			sy_token_watch_check(sup->up_token);
		if (view.report->downstream == SY_KUBE_UNAUTHORIZED && sup->down_token)
			sy_token_watch_check(sup->down_token);
	}
	sy_supervisor_changed(sup);
}

static void worker_event(void *arg, const struct sy_event *event)
{
	struct sy_supervisor *sup = arg;
	const struct sy_tenant *tenant = event->cluster ? sy_tenants_find(&sup->tenants, event->cluster) : NULL;
	const char *path = tenant ? tenant->path : "";
	const struct sy_log_ref ref = {
		.cluster = event->cluster, .path = path, .resource = event->resource, .object = event->object, .reason = event->reason};
	json_object *value = NULL;

	sy_debug(&ref, "event: %s", event->message ? event->message : ""); /* the worker has logged it */
	/* A write was refused. Told once for each object, unlike the report's reason, which would ask as long as an admission rule refuses it. */
	if (event->reason && strcmp(event->reason, "Unauthorized") == 0 && event->resource)
		sy_reviews_again(sup->reviews, event->group ? event->group : "", event->resource);
	if (sy_event_ring_add(sup->ring, event, path, &value, NULL) == 0)
		sy_verbs_event(sup, event->cluster, value);
	if (sup->kcp_events && !event->told)
		sy_kcp_events_send(sup->kcp_events, event, path);
}

static void worker_drained(void *arg, const char *cluster)
{
	struct sy_supervisor *sup = arg;
	struct sy_tenant *tenant = sy_tenants_find(&sup->tenants, cluster);
	const struct sy_log_ref ref = {.cluster = cluster, .path = tenant ? tenant->path : NULL};

	sy_info(&ref, "drained: nothing of this workspace is left in the physical cluster");
	if (tenant)
		tenant->drained = true;
	if (sup->strays)
		sy_strays_again(sup->strays); /* what it has removed is still in the last round */
	sy_supervisor_changed(sup);
}

static const struct sy_workers_ops workers_ops = {worker_changed, worker_event, worker_drained};

int sy_think_follow(struct sy_supervisor *sup, const struct sy_target_id *target, struct sy_error *err)
{
	char agent[160];
	int r = sy_syncer_id(target->name, target->uid, sup->syncer_id, err);

	(void)snprintf(agent, sizeof(agent), "syncer-worker/" SY_VERSION " (%s)", sup->syncer_id);
	if (r == 0)
		r = sy_workers_new(&sup->workers, sup->loop, sup->config, &sup->up, &sup->down, agent, &workers_ops, sup, err);
	if (r == 0)
		r = sy_downstream_new(&sup->downstream, sup->loop, sup->down_kube, &sup->timings, sy_supervisor_changed, sup, err);
	if (r == 0)
		r = sy_reviews_new(&sup->reviews, sup->loop, sup->down_kube, &sup->timings, sy_supervisor_changed, sup, err);
	if (r == 0)
		r = sy_reviews_want(sup->reviews, "", "namespaces", err);
	sup->followed = r == 0;
	return r;
}
