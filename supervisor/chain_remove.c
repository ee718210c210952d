/* SyncTarget mode: bindings and exports that are done with, and the release of a SyncTarget of which nothing is left. */
#include "supervisor/supervisor.h"

/* Nothing of what this binding gave is left: its workspace is drained, or its worker, which goes on for other bindings, has removed it. */
static bool binding_done(const struct sy_supervisor *sup, const struct sy_binding *binding)
{
	const struct sy_tenant *tenant = sy_tenants_find(&sup->tenants, binding->facts.cluster);
	struct sy_worker_view view;

	if (!tenant)
		return false;
	if (!tenant->planned) /* what waits for knowledge may have objects */
		return binding->gone || binding->facts.bound_count == 0;
	if (tenant->mode == SY_PLAN_DRAIN)
		return tenant->drained;
	return sy_workers_find(sup->workers, tenant->cluster, &view) && view.state == SY_WORKER_RUNNING && !view.paused && view.report &&
	       sy_plan_swept(view.plan, view.report, binding->export->label);
}

static bool export_done(const struct sy_supervisor *sup, const struct sy_export *export)
{
	for (size_t i = 0; i < sy_bindings_count(sup->bindings); i++) {
		const struct sy_binding *binding = sy_bindings_at(sup->bindings, i);

		if (binding->export == export && !binding_done(sup, binding))
			return false;
	}
	for (size_t i = 0; i < sy_bindings_rests(sup->bindings); i++) {
		const struct sy_binding_rest rest = sy_bindings_rest(sup->bindings, i);
		const struct sy_tenant *tenant = sy_tenants_find(&sup->tenants, rest.cluster);

		if (rest.export == export && tenant && tenant->planned && tenant->mode == SY_PLAN_DRAIN && !tenant->drained)
			return false;
	}
	return true;
}

/* An export that the SyncTarget no longer names leaves when nothing of it is left at its consumers. */
static void remove_exports(struct sy_supervisor *sup)
{
	for (size_t i = sy_exports_count(sup->exports); i > 0; i--) {
		struct sy_export *export = sy_exports_at(sup->exports, i - 1);

		if (!export->retired || !export_done(sup, export))
			continue;
		sy_info(NULL, "export %s is not supported any more", export->label);
		sy_bindings_forget_export(sup->bindings, export);
		sy_exports_forget(sup->exports, export);
		sy_supervisor_changed(sup);
	}
}

/* The same for one binding of several that a workspace had; the last one ends with the workspace. */
static void remove_bindings(struct sy_supervisor *sup)
{
	for (size_t i = sy_bindings_count(sup->bindings); i > 0; i--) {
		struct sy_binding *binding = sy_bindings_at(sup->bindings, i - 1);
		const struct sy_tenant *tenant = sy_tenants_find(&sup->tenants, binding->facts.cluster);

		if (!binding->gone || !tenant || !tenant->planned || tenant->mode == SY_PLAN_DRAIN || !binding_done(sup, binding))
			continue;
		sy_bindings_forget_one(sup->bindings, binding);
		sy_supervisor_changed(sup);
	}
}

/* 7.5 step 3: nothing upstream, nothing downstream, all of it from complete answers. */
static void maybe_release(struct sy_supervisor *sup)
{
	if (!sy_chain_leaving(sup) || !sy_chain_all_drained(sup))
		return;
	sy_heartbeat_stop(sup->heartbeat);
	sy_target_release(sup->target);
}

void sy_chain_remove(struct sy_supervisor *sup)
{
	remove_exports(sup);
	remove_bindings(sup);
	maybe_release(sup);
}
