/* Cordon and eviction (syncerd-rules(7) 4.4): who gets no worker, when the eviction begins, and when it is over. */
#include <string.h>

#include "supervisor/supervisor.h"

#define LOOK_AGAIN_S 60 /* a clock that was corrected meanwhile counts */

static void tell(const struct sy_schedule *was, const struct sy_schedule *is)
{
	if (is->unreadable && !was->unreadable)
		sy_warn(NULL, "spec.evictAfter of the SyncTarget is no time that can be read; it has no effect");
	if (is->evicting != was->evicting)
		sy_info(NULL, "%s", is->evicting ? "spec.evictAfter has come: all workspaces are drained" : "the eviction is taken back");
	if (is->cordoned != was->cordoned)
		sy_info(NULL, "%s", is->cordoned ? "cordoned: new workspaces get no worker" : "uncordoned");
}

void sy_chain_schedule(struct sy_supervisor *sup)
{
	const struct sy_target_view *view = sy_target_view(sup->target);
	struct sy_schedule was = sup->schedule;
	time_t now = sy_target_now(sup->target);

	sy_schedule_read(view->spec, view->status, now, &sup->schedule);
	tell(&was, &sup->schedule);
	if (sup->schedule.evict_at) {
		int64_t left = (int64_t)(sup->schedule.evict_at - now);

		sy_think_at(sup, sy_loop_now_ms(sup->loop) + (left < LOOK_AGAIN_S ? left : LOOK_AGAIN_S) * 1000);
	}
}

bool sy_chain_evicting(const struct sy_supervisor *sup)
{
	return sup->target && sup->schedule.evicting && !sy_chain_leaving(sup);
}

/* After a restart nobody knows who was served, but what was made for them is still there. */
bool sy_chain_has_copies(const struct sy_supervisor *sup, const char *cluster)
{
	const struct sy_strv *strays = sy_strays_clusters(sup->strays);

	for (size_t i = 0; i < sy_orphans_namespaces(sup->orphans); i++) {
		if (strcmp(sy_orphans_cluster(sup->orphans, i), cluster) == 0)
			return true;
	}
	return strays && sy_strv_has(strays, cluster);
}

void sy_chain_place(struct sy_supervisor *sup)
{
	const char *key = sy_target_view(sup->target)->key;

	for (size_t i = 0; i < sy_bindings_count(sup->bindings); i++) {
		struct sy_binding *binding = sy_bindings_at(sup->bindings, i);

		binding->elsewhere = binding->facts.scheduled && !sy_strv_has(&binding->facts.targets, key);
		binding->shared = binding->facts.targets.count > 1;
	}
}

static bool is_elsewhere(const struct sy_supervisor *sup, size_t first, size_t count)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		const struct sy_binding *binding = sy_bindings_at(sup->bindings, first + i);

		if (!binding->gone && !binding->elsewhere)
			return false;
		any = any || !binding->gone;
	}
	return any;
}

bool sy_chain_shut(const struct sy_supervisor *sup, struct sy_tenant *tenant, size_t first, size_t count)
{
	tenant->elsewhere = is_elsewhere(sup, first, count);
	if (sy_chain_leaving(sup))
		return false;
	if (tenant->elsewhere)
		return tenant->planned ? tenant->mode == SY_PLAN_DRAIN && tenant->drained : !sy_chain_has_copies(sup, tenant->cluster);
	if (tenant->planned)
		return false;
	return sy_schedule_new(&sup->schedule, sup->bindings, first, count) && !sy_chain_has_copies(sup, tenant->cluster);
}

/* A bound workspace without a plan waits for knowledge: it may have objects. */
static bool binding_left(const struct sy_supervisor *sup, const struct sy_binding *binding)
{
	const struct sy_tenant *tenant = sy_tenants_find(&sup->tenants, binding->facts.cluster);

	return binding->facts.bound_count > 0 && (!tenant || !(tenant->drained || tenant->shut));
}

bool sy_chain_all_drained(const struct sy_supervisor *sup)
{
	if (!sup->bindings_listed || !sy_bindings_complete(sup->bindings, sup->exports) || !sy_orphans_none_left(sup->orphans))
		return false;
	for (size_t i = 0; i < sup->tenants.count; i++) {
		if (sup->tenants.items[i]->planned && !sup->tenants.items[i]->drained)
			return false;
	}
	for (size_t i = 0; i < sy_bindings_count(sup->bindings); i++) {
		if (binding_left(sup, sy_bindings_at(sup->bindings, i)))
			return false;
	}
	return true;
}

bool sy_chain_evicted(const struct sy_supervisor *sup)
{
	return sy_chain_evicting(sup) && sup->followed && sy_chain_all_drained(sup);
}

bool sy_chain_evict_left(const struct sy_supervisor *sup, struct sy_strv *out)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sup->tenants.count; i++) {
		const struct sy_tenant *tenant = sup->tenants.items[i];

		if (!tenant->drained && !tenant->shut)
			r = sy_strv_add_new(out, tenant->path[0] ? tenant->path : tenant->cluster, NULL);
	}
	sy_strv_sort(out);
	return r == 0;
}
