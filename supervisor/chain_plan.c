/* SyncTarget mode from bindings to workers: one plan per logical cluster, orphans, and the end of a tenant. */
#include <stdlib.h>
#include <string.h>

#include "supervisor/supervisor.h"

struct pass {
	struct sy_supervisor *sup;
	struct sy_plan_input *input;
	struct sy_strv finished; /* clusters of which nothing is left to do */
	int64_t due_ms;
};

/* Its worker has said that nothing is left, and is on its way out: a binding that vanishes now asks for nothing more. */
static bool just_drained(const struct pass *pass, const struct sy_tenant *tenant)
{
	struct sy_worker_view view;

	return tenant->planned && tenant->mode == SY_PLAN_DRAIN && sy_workers_find(pass->sup->workers, tenant->cluster, &view) &&
	       view.state == SY_WORKER_STOPPING && view.report && view.report->drained;
}

static void apply(struct pass *pass, struct sy_tenant *tenant, const struct sy_plan *plan)
{
	const struct sy_log_ref ref = {.cluster = tenant->cluster, .path = tenant->path};
	struct sy_error err = {0};

	if (plan->mode == SY_PLAN_DRAIN && tenant->drained) {
		tenant->upstream_gone = plan->upstream_gone;
		if (plan->upstream_gone)
			(void)sy_strv_add_new(&pass->finished, tenant->cluster, NULL);
		return;
	}
	if (plan->mode == SY_PLAN_DRAIN && just_drained(pass, tenant))
		return;
	if (!tenant->planned || tenant->mode != plan->mode)
		sy_info(&ref, "%s with %zu resources", plan->mode == SY_PLAN_DRAIN ? "draining" : "syncing", plan->resource_count);
	if (sy_workers_set_plan(pass->sup->workers, plan, &err) < 0) {
		sy_error_log(&ref, "%s", err.text);
		return;
	}
	tenant->planned = true;
	tenant->mode = plan->mode;
	tenant->upstream_gone = plan->upstream_gone;
	if (plan->mode != SY_PLAN_DRAIN)
		tenant->drained = false;
}

static bool all_gone(const struct sy_bindings *bindings, size_t first, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!sy_bindings_at(bindings, first + i)->gone)
			return false;
	}
	return true;
}

static void plan_one(struct pass *pass, size_t first, size_t count)
{
	struct sy_supervisor *sup = pass->sup;
	const struct sy_binding *binding = sy_bindings_at(sup->bindings, first);
	const struct sy_log_ref ref = {.cluster = binding->facts.cluster, .path = binding->facts.path};
	struct sy_tenant *tenant = NULL;
	struct sy_plan plan = {0};
	struct sy_error err = {0};
	int64_t due = INT64_MAX;
	int r = sy_tenants_get(&sup->tenants, binding->facts.cluster, binding->facts.path, &tenant, &err);

	if (r == 0) {
		tenant->keep = true;
		tenant->orphan = false;
		r = sy_plan_for_bindings(pass->input, first, count, &plan, &due, &err);
	}
	if (due < pass->due_ms)
		pass->due_ms = due;
	if (r < 0) {
		sy_error_log(&ref, "%s", err.text);
	} else if (r == SY_PLAN_READY) {
		apply(pass, tenant, &plan);
		sy_plan_done(&plan);
	} else if (r == SY_PLAN_NONE && all_gone(sup->bindings, first, count) && !tenant->planned) {
		(void)sy_strv_add_new(&pass->finished, tenant->cluster, NULL);
	}
}

static void plan_bindings(struct pass *pass)
{
	const struct sy_bindings *bindings = pass->sup->bindings;
	size_t first = 0;

	while (first < sy_bindings_count(bindings)) {
		size_t end = first + 1;

		while (end < sy_bindings_count(bindings) &&
		       strcmp(sy_bindings_at(bindings, end)->facts.cluster, sy_bindings_at(bindings, first)->facts.cluster) == 0)
			end++;
		plan_one(pass, first, end - first);
		first = end;
	}
}

static bool is_listed(void *arg, const char *cluster)
{
	struct sy_supervisor *sup = arg;
	size_t first, count;

	sy_phase_range(sup->bindings, cluster, &first, &count);
	return count > 0;
}

/* 7.1 (g): what is ours downstream and belongs to nobody any more. */
static void plan_orphans(struct pass *pass)
{
	struct sy_supervisor *sup = pass->sup;
	bool complete = sy_bindings_complete(sup->bindings, sup->exports) && sy_exports_count(sup->exports) > 0;
	struct sy_strv clusters = {0};
	struct sy_error err = {0};

	if (sy_orphans_look(sup->orphans, complete, is_listed, sup, &clusters, &err) < 0)
		sy_error_log(NULL, "%s", err.text);
	for (size_t i = 0; i < clusters.count; i++) {
		struct sy_tenant *tenant = NULL;
		struct sy_plan plan = {0};

		if (sy_tenants_get(&sup->tenants, clusters.items[i], "", &tenant, &err) < 0)
			continue;
		tenant->keep = true;
		tenant->orphan = true;
		if (tenant->drained)
			continue;
		if (sy_plan_for_orphan(pass->input, clusters.items[i], &plan, &err) == SY_PLAN_READY) {
			apply(pass, tenant, &plan);
			sy_plan_done(&plan);
		}
	}
	sy_strv_done(&clusters);
}

/* Tenants that are neither bound nor orphans any more. An orphan that still drains is kept until its worker is done. */
static void remove_tenants(struct pass *pass)
{
	struct sy_supervisor *sup = pass->sup;

	for (size_t i = 0; i < pass->finished.count; i++) {
		struct sy_tenant *tenant = sy_tenants_find(&sup->tenants, pass->finished.items[i]);

		sy_bindings_forget(sup->bindings, pass->finished.items[i]);
		if (tenant)
			sy_tenants_remove(&sup->tenants, tenant);
	}
	for (size_t i = sup->tenants.count; i > 0; i--) {
		struct sy_tenant *tenant = sup->tenants.items[i - 1];

		if (!tenant->keep && !(tenant->orphan && tenant->planned && !tenant->drained))
			sy_tenants_remove(&sup->tenants, tenant);
	}
}

static bool export_drained(const struct sy_supervisor *sup, const struct sy_export *export)
{
	for (size_t i = 0; i < sy_bindings_count(sup->bindings); i++) {
		const struct sy_binding *binding = sy_bindings_at(sup->bindings, i);
		const struct sy_tenant *tenant;

		if (binding->export != export)
			continue;
		tenant = sy_tenants_find(&sup->tenants, binding->facts.cluster);
		if (tenant && !tenant->drained && tenant->planned)
			return false;
	}
	return true;
}

/* An export that the SyncTarget no longer names leaves when its consumers are drained. */
static void remove_exports(struct sy_supervisor *sup)
{
	for (size_t i = sy_exports_count(sup->exports); i > 0; i--) {
		struct sy_export *export = sy_exports_at(sup->exports, i - 1);

		if (!export->retired || !export_drained(sup, export))
			continue;
		sy_bindings_forget_export(sup->bindings, export);
		sy_exports_forget(sup->exports, export);
		sy_supervisor_changed(sup);
	}
}

/* 7.5 step 3: nothing upstream, nothing downstream, all of it from complete answers. */
static void maybe_release(struct sy_supervisor *sup)
{
	if (!sy_chain_leaving(sup) || !sup->bindings_listed || !sy_bindings_complete(sup->bindings, sup->exports) ||
	    !sy_orphans_none_left(sup->orphans))
		return;
	for (size_t i = 0; i < sup->tenants.count; i++) {
		if (sup->tenants.items[i]->planned && !sup->tenants.items[i]->drained)
			return;
	}
	for (size_t i = 0; i < sy_bindings_count(sup->bindings); i++) {
		const struct sy_tenant *tenant = sy_tenants_find(&sup->tenants, sy_bindings_at(sup->bindings, i)->facts.cluster);

		/* A bound workspace without a plan waits for knowledge: it may have objects. */
		if (sy_bindings_at(sup->bindings, i)->facts.bound_count > 0 && (!tenant || !tenant->drained))
			return;
	}
	sy_heartbeat_stop(sup->heartbeat);
	sy_target_release(sup->target);
}

void sy_chain_plan(struct sy_supervisor *sup)
{
	struct sy_knowledge knowledge;
	struct sy_plan_input input;
	struct pass pass = {.sup = sup, .input = &input, .due_ms = INT64_MAX};

	sy_chain_input(sup, &knowledge, &input);
	for (size_t i = 0; i < sup->tenants.count; i++)
		sup->tenants.items[i]->keep = false;
	plan_bindings(&pass);
	plan_orphans(&pass);
	remove_tenants(&pass);
	sy_strv_done(&pass.finished);
	remove_exports(sup);
	maybe_release(sup);
	sy_think_at(sup, pass.due_ms);
}
