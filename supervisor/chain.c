/* SyncTarget mode from the SyncTarget to bindings (syncerd-rules(7) 4.1), and its deletion (7.5). */
#include <stdlib.h>
#include <string.h>

#include "supervisor/supervisor.h"

static void target_changed(void *arg)
{
	struct sy_supervisor *sup = arg;

	if (sup->reconcile)
		sy_reconcile_mark(sup->reconcile);
	sy_supervisor_changed(sup);
}

int sy_chain_open(struct sy_supervisor *sup, struct sy_error *err)
{
	static const struct sy_target_ops ops = {target_changed};
	const struct sy_target_options options = {.base = sup->base,
						  .workspace = sup->workspace,
						  .name = sup->config->target_name,
						  .identity = sup->identity.text,
						  .take_over = sup->options->take_over};

	sup->spec_generation = -1;
	return sy_target_new(&sup->target, sup->loop, sup->up_kube, &sup->timings, &options, &ops, sup, err);
}

bool sy_chain_leaving(const struct sy_supervisor *sup)
{
	return sup->target && sy_target_view(sup->target)->deleting;
}

static void status_written(void *arg)
{
	struct sy_supervisor *sup = arg;

	sy_heartbeat_beaten(sup->heartbeat);
}

/* Everything that needs to know the SyncTarget's uid and logical cluster; made once, when it has become ours. */
static int follow(struct sy_supervisor *sup, struct sy_error *err)
{
	static const struct sy_reconcile_ops reconcile_ops = {sy_assess_build, sy_assess_back, status_written};
	const struct sy_target_view *view = sy_target_view(sup->target);
	const struct sy_target_id id = {view->cluster, view->name, view->uid};
	int r = sy_think_follow(sup, &id, err);

	if (r == 0)
		r = sy_schemas_new(&sup->schemas, sup->loop, sup->up_kube, sup->base, sy_supervisor_changed, sup, err);
	if (r == 0)
		r = sy_exports_new(&sup->exports, sup->loop, sup->up_kube, sup->base, sy_supervisor_changed, sup, err);
	if (r == 0)
		r = sy_bindings_new(&sup->bindings, sup->loop, sup->up_kube, &sup->timings, sy_supervisor_changed, sup, err);
	if (r == 0)
		r = sy_strays_new(&sup->strays, sup->loop, sup->down_kube, &sup->timings, &id, view->key, sy_supervisor_changed, sup, err);
	if (r == 0)
		r = sy_orphans_new(&sup->orphans, sup->loop, sup->down_kube, &sup->timings, &id, view->key, sup->strays,
				   sy_supervisor_changed, sup, err);
	if (r == 0)
		r = sy_nodes_new(&sup->nodes, sup->loop, sup->down_kube, sy_supervisor_changed, sup, err);
	if (r == 0)
		r = sy_kcp_events_new(&sup->kcp_events, sup->loop, sup->up_kube, sup->target, sup->identity.text, err);
	if (r == 0)
		r = sy_reconcile_new(&sup->reconcile, sup->loop, sup->up_kube, sup->target, &sup->timings, &reconcile_ops, sup, err);
	if (r == 0)
		r = sy_heartbeat_new(&sup->heartbeat, sup->loop, sup->up_kube, sup->target, &sup->timings, sup->identity.text,
				     sy_assess_healthy, sup, err);
	return r;
}

/* The cluster-scoped resources of the catalog, in the version that is synced. */
static int want_strays(struct sy_supervisor *sup, struct sy_error *err)
{
	sy_auto_free struct sy_gvr *types = calloc(SY_MAX_STRAY_TYPES, sizeof(*types));
	size_t count = 0;

	if (!types)
		return sy_error_oom(err);
	for (size_t i = 0; sup->config->cluster_scoped && i < sup->catalog.count && count < SY_MAX_STRAY_TYPES; i++) {
		const struct sy_catalog_entry *entry = &sup->catalog.items[i];
		const struct sy_served_resource *served =
			sy_downstream_find(sup->downstream, entry->group, entry->synced_version, entry->resource);

		if (entry->synced_version[0] && served && !served->namespaced)
			types[count++] = (struct sy_gvr){entry->group, entry->synced_version, entry->resource};
	}
	return sy_strays_want(sup->strays, types, count, err);
}

/* A drain that ended did so for the resources that were known: with other exports it is done once more. */
static void drain_again(struct sy_supervisor *sup)
{
	for (size_t i = 0; i < sup->tenants.count; i++) {
		struct sy_tenant *tenant = sup->tenants.items[i];

		tenant->planned = tenant->planned && !tenant->drained;
		tenant->drained = false;
	}
}

static int follow_exports(struct sy_supervisor *sup, struct sy_error *err)
{
	const struct sy_target_view *view = sy_target_view(sup->target);
	int r = 0;

	/* Our own status writes leave the generation alone, so they start nothing here. */
	if (view->generation != sup->spec_generation) {
		r = sy_exports_set(sup->exports, view->cluster, sy_json_array(view->spec, "supportedAPIExports", NULL), err);
		if (r == 0)
			sup->spec_generation = view->generation;
		drain_again(sup);
	}
	if (r == 0) {
		const struct sy_exports_settling how = {
			.grace_ms = sup->timings.gone_ms, .leaving = view->deleting, .merge = sy_bindings_merge, .arg = sup->bindings};

		sy_think_at(sup, sy_exports_settle(sup->exports, &how));
		sy_servers_allow(sup);
		r = sy_bindings_allow(sup->bindings, sup->config->allow_claims, sup->config->allow_claim_count, err);
	}
	if (r == 0)
		r = sy_bindings_follow(sup->bindings, sup->exports, err);
	return r == 0 ? sy_chain_want(sup, err) : r;
}

void sy_chain_input(struct sy_supervisor *sup, struct sy_knowledge *knowledge, struct sy_plan_input *ret_input)
{
	const struct sy_target_view *view = sy_target_view(sup->target);
	const char *policy = sy_json_str(view->spec, "deletionPolicy", NULL);

	*knowledge = (struct sy_knowledge){sup->exports, sup->schemas, sup->downstream, sup->reviews, sup->config};
	*ret_input = (struct sy_plan_input){
		.knowledge = knowledge,
		.bindings = sup->bindings,
		.timings = &sup->timings,
		.target = {view->cluster, view->name, view->uid, view->key},
		.leaving = view->deleting,
		.evicting = sy_chain_evicting(sup),
		.leaving_policy = policy && strcmp(policy, "Orphan") == 0 ? SY_REMOVAL_ORPHAN : SY_REMOVAL_DELETE,
		.now_ms = sy_loop_now_ms(sup->loop),
	};
}

static void serve(struct sy_supervisor *sup)
{
	struct sy_knowledge knowledge;
	struct sy_plan_input input;
	struct sy_catalog catalog = {0};
	struct sy_error err = {0};

	if (!sup->followed && follow(sup, &err) < 0) {
		sy_error_log(NULL, "%s", err.text);
		sy_supervisor_stop(sup, SY_EXIT_FAILURE);
		return;
	}
	if (follow_exports(sup, &err) < 0)
		sy_error_log(NULL, "%s", err.text);
	sup->bindings_listed = sup->bindings_listed || sy_bindings_complete(sup->bindings, sup->exports);
	sy_schemas_begin(sup->schemas);
	sy_chain_schedule(sup);
	sy_chain_input(sup, &knowledge, &input);
	if (sy_catalog_build(&knowledge, &catalog, &err) == 0) {
		sy_catalog_done(&sup->catalog);
		sup->catalog = catalog;
	}
	if (want_strays(sup, &err) < 0)
		sy_error_log(NULL, "%s", err.text);
	if (sy_chain_leaving(sup))
		sy_strays_everything(sup->strays);
	sy_chain_plan(sup);
	sy_reconcile_mark(sup->reconcile);
}

/* Another syncer serves it: our workers stop, and delete nothing. */
static void stand_back(struct sy_supervisor *sup)
{
	if (!sup->followed)
		return;
	sy_reconcile_rest(sup->reconcile);
	for (size_t i = 0; i < sup->tenants.count; i++) {
		if (sup->tenants.items[i]->planned)
			sy_workers_drop(sup->workers, sup->tenants.items[i]->cluster);
		sup->tenants.items[i]->planned = false;
		sup->tenants.items[i]->drained = false;
	}
}

void sy_chain_step(struct sy_supervisor *sup)
{
	const struct sy_target_view *view = sy_target_view(sup->target);

	switch (view->state) {
	case SY_TARGET_WAITING:
	case SY_TARGET_CLAIMING:
		sy_notify_status(sup->notify, "waiting for SyncTarget %s%s%s", view->name, view->message[0] ? ": " : "", view->message);
		break;
	case SY_TARGET_FOREIGN:
		sy_notify_status(sup->notify, "SyncTarget %s %s", view->name, view->message);
		stand_back(sup);
		break;
	case SY_TARGET_ACTIVE:
		serve(sup);
		break;
	case SY_TARGET_LOST:
		sy_supervisor_stop(sup, SY_EXIT_LOST);
		break;
	case SY_TARGET_RELEASED:
		sy_supervisor_stop(sup, SY_EXIT_OK);
		break;
	case SY_TARGET_STATE_MAX:
		break;
	}
}
