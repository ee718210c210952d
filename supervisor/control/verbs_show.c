/* status and workspace as JSON. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/config/advice.h"
#include "supervisor/control/maker.h"
#include "supervisor/control/verbs.h"
#include "supervisor/process/usage.h"
#include "supervisor/status/status.h"

/* --- status --- */

static json_object *show_target(const struct sy_supervisor *sup)
{
	const struct sy_target_view *view = sy_target_view(sup->target);
	json_object *ready = sy_status_condition(view->status, "Ready");
	bool ours = view->state == SY_TARGET_ACTIVE && view->owned;
	json_object *conditions = ours ? sy_json_array(view->status, "conditions", NULL) : NULL;
	/* We served it, and somebody else does now: it cannot stand in a status that is not ours to write. */
	const char *waiting = view->state == SY_TARGET_FOREIGN && sup->followed ? "IdentityConflict" : "Waiting";
	struct maker out = make();

	put_str(&out, "cluster", view->cluster);
	put_str(&out, "path", view->cluster && strcmp(view->workspace, view->cluster) == 0 ? "" : view->workspace);
	put_str(&out, "name", view->name);
	put_str(&out, "uid", view->uid);
	put_str(&out, "key", view->key);
	/* Somebody else's conditions say nothing about this syncerd. */
	put_str(&out, "ready", ours ? sy_json_str(ready, "status", NULL) : "Unknown");
	put_str(&out, "reason", ours ? sy_json_str(ready, "reason", NULL) : waiting);
	put_str(&out, "message", ours ? sy_json_str(ready, "message", NULL) : view->message);
	put_str(&out, "lastHeartbeatTime", sy_json_str(view->status, "lastSyncerHeartbeatTime", NULL));
	put(&out, "conditions", conditions ? sy_json_copy(conditions) : json_object_new_array());
	return made(&out);
}

static json_object *show_server(const char *server, bool reachable, const char *message)
{
	struct maker out = make();

	put_str(&out, "server", server);
	put_bool(&out, "reachable", reachable);
	put_str(&out, "message", message);
	return made(&out);
}

/* The virtual workspaces that cannot be read, in a sentence. */
static json_object *show_unread(const struct sy_supervisor *sup)
{
	struct sy_strv urls = {0};
	struct sy_buf text;
	json_object *out;
	int r = sy_bindings_failing_urls(sup->bindings, SY_KUBE_OK, &urls);

	sy_strv_sort(&urls);
	sy_buf_init(&text, 32768);
	if (r == 0)
		r = sy_buf_printf(&text, "a virtual workspace cannot be read: ");
	if (r == 0)
		r = sy_strv_join(&urls, ", ", 5, &text);
	out = show_server(sup->base, true, r == 0 ? sy_buf_str(&text) : "a virtual workspace cannot be read");
	sy_buf_done(&text);
	sy_strv_done(&urls);
	return out;
}

static json_object *show_no_target(const struct sy_supervisor *sup)
{
	const struct sy_target_view *view = sy_target_view(sup->target);
	const char *trouble = sy_target_trouble(sup->target);
	const char *advice = view->state == SY_TARGET_WAITING ? "" : sy_advice(SY_ADVICE_KCP, view->verdict, trouble);
	struct sy_buf text;
	json_object *out;
	int r;

	sy_buf_init(&text, 4096);
	r = sy_buf_printf(&text, "%s%s%s", *trouble ? trouble : sy_kube_verdict_name(view->verdict), *advice ? "; " : "", advice);
	out = show_server(sup->base, false, r == 0 ? sy_buf_str(&text) : trouble);
	sy_buf_done(&text);
	return out;
}

static json_object *show_upstream(const struct sy_supervisor *sup)
{
	const struct sy_target_view *view = sup->target ? sy_target_view(sup->target) : NULL;
	const char *trouble = sy_direct_trouble(sup);

	if (!view)
		return show_server(sup->base, sy_direct_reachable(sup), trouble);
	if (view->verdict != SY_KUBE_OK)
		return show_no_target(sup);
	if (*sy_target_refusal(sup->target))
		return show_server(sup->base, false, sy_target_refusal(sup->target));
	if (sup->bindings && sy_bindings_failing(sup->bindings))
		return show_unread(sup);
	return show_server(sup->base, true, "");
}

static json_object *show_downstream(const struct sy_supervisor *sup)
{
	json_object *out;

	if (!sup->downstream)
		return show_server(sup->down.server, false, "not asked yet");
	if (sup->orphans && sy_orphans_verdict(sup->orphans) != SY_KUBE_OK)
		out = show_server(sup->down.server, false, sy_orphans_message(sup->orphans));
	else
		out = show_server(sup->down.server,
				  sy_downstream_asked(sup->downstream) && sy_downstream_verdict(sup->downstream) == SY_KUBE_OK,
				  sy_downstream_message(sup->downstream));
	if (out && sy_json_add_str(out, "version", sy_downstream_version(sup->downstream)) < 0) {
		json_object_put(out);
		return NULL;
	}
	return out;
}

/* How the limits of workers are enforced is known once there can be workers. */
static void put_limits(struct maker *out, const struct sy_supervisor *sup)
{
	char text[SY_LIMITS_TEXT_MAX] = "";

	if (sup->workers)
		sy_workers_limits_text(sup->workers, text);
	put_str(out, "workerLimits", text);
}

static json_object *show_totals(struct sy_supervisor *sup)
{
	struct maker out = make();
	int64_t ready = 0, total = 0;

	for (size_t i = 0; i < sup->tenants.count; i++) {
		struct sy_phase_result phase;

		if (!sy_assess_counts(sup, sup->tenants.items[i]))
			continue;
		sy_assess_phase(sup, sup->tenants.items[i], &phase, NULL);
		ready += phase.phase == SY_PHASE_SYNCING;
		total++;
	}
	put_int(&out, "total", total);
	put_int(&out, "ready", ready);
	return made(&out);
}

static json_object *show_upgrade(const struct sy_supervisor *sup)
{
	struct sy_upgrade_view view = {.state = "Idle", .workspace = "", .message = ""};
	struct maker out = make();

	if (sup->workers)
		view = sy_workers_upgrade(sup->workers);
	put_str(&out, "state", view.state);
	put_str(&out, "workspace", view.workspace);
	put_str(&out, "message", view.message);
	put_uint(&out, "oldWorkers", view.old);
	return made(&out);
}

json_object *sy_verbs_status(struct sy_supervisor *sup)
{
	struct maker out = make();

	put_str(&out, "version", SY_VERSION);
	put_str(&out, "binary", sy_supervisor_is_old(sup) ? "old" : "current");
	put_str(&out, "mode", sup->target ? "SyncTarget" : "Direct");
	put_str(&out, "identity", sup->identity.text);
	put_int(&out, "pid", getpid());
	put_int(&out, "uptimeSeconds", (sy_loop_now_ms(sup->loop) - sup->started_ms) / 1000);
	if (sup->target)
		put(&out, "syncTarget", show_target(sup));
	put(&out, "upstream", show_upstream(sup));
	put(&out, "downstream", show_downstream(sup));
	put(&out, "workspaces", show_totals(sup));
	put(&out, "upgrade", show_upgrade(sup));
	put_limits(&out, sup);
	return made(&out);
}

/* --- one workspace --- */

static json_object *show_resource(const struct sy_report_resource *resource)
{
	struct maker out = make();

	put_str(&out, "group", resource->group);
	put_str(&out, "resource", resource->resource);
	put_uint(&out, "objects", resource->objects);
	put_uint(&out, "synced", resource->synced);
	put_uint(&out, "pending", resource->pending);
	put_uint(&out, "failing", resource->failing);
	put_uint(&out, "foreign", resource->foreign);
	put_str(&out, "reason", resource->reason);
	return made(&out);
}

static json_object *show_both(uint64_t up, uint64_t down)
{
	struct maker out = make();

	put_uint(&out, "up", up);
	put_uint(&out, "down", down);
	return made(&out);
}

static void put_report(struct maker *out, const struct sy_report *report)
{
	uint64_t objects = 0, synced = 0, pending = 0, failing = 0;

	for (size_t i = 0; report && i < report->resource_count; i++) {
		objects += report->resources[i].objects;
		synced += report->resources[i].synced;
		pending += report->resources[i].pending;
		failing += report->resources[i].failing;
	}
	put_uint(out, "objects", objects);
	put_uint(out, "synced", synced);
	put_uint(out, "pending", pending);
	put_uint(out, "failing", failing);
	put_int(out, "lagMs", report ? report->lag_ms : 0);
	put(out, "requests", show_both(report ? report->up_requests : 0, report ? report->down_requests : 0));
	put(out, "writes", show_both(report ? report->writes_up : 0, report ? report->writes_down : 0));
}

static void put_resources(struct maker *out, const struct sy_report *report)
{
	json_object *resources = json_object_new_array();

	for (size_t i = 0; report && i < report->resource_count; i++) {
		if (append(resources, show_resource(&report->resources[i])) < 0)
			out->r = -1;
	}
	put(out, "resources", resources);
}

static json_object *show_claims(const struct sy_strv *claims)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < claims->count; i++) {
		if (append(array, json_object_new_string(claims->items[i])) < 0) {
			json_object_put(array);
			return NULL;
		}
	}
	return array;
}

static json_object *show_binding(const struct sy_binding *binding)
{
	struct maker out = make();

	put_str(&out, "name", binding->facts.name);
	put_str(&out, "export", binding->export->label);
	put_str(&out, "phase", binding->gone ? "Gone" : sy_binding_phase_name(binding->facts.phase));
	put(&out, "acceptedClaims", show_claims(&binding->facts.accepted));
	put(&out, "refusedClaims", show_claims(&binding->facts.refused));
	return made(&out);
}

static void put_bindings(struct maker *out, const struct sy_supervisor *sup, const char *cluster)
{
	json_object *array = json_object_new_array();
	size_t first, count;

	sy_phase_range(sup->bindings, cluster, &first, &count);
	for (size_t i = 0; i < count; i++) {
		if (append(array, show_binding(sy_bindings_at(sup->bindings, first + i))) < 0)
			out->r = -1;
	}
	put(out, "bindings", array);
}

static void put_short(struct maker *out, struct sy_supervisor *sup, const struct sy_tenant *tenant, struct sy_phase_result *ret_phase,
		      struct sy_worker_view *ret_view)
{
	int64_t resident, anonymous;

	sy_assess_phase(sup, tenant, ret_phase, ret_view);
	if (!sy_usage_memory(ret_view->pid, &resident, &anonymous))
		resident = anonymous = 0;
	put_str(out, "path", tenant->path);
	put_str(out, "cluster", tenant->cluster);
	put_int(out, "pid", ret_view->pid);
	put_int(out, "uptimeSeconds", ret_view->pid > 0 ? (sy_loop_now_ms(sup->loop) - ret_view->started_ms) / 1000 : 0);
	put_str(out, "state", sy_phase_name(ret_phase->phase));
	put_str(out, "reason", ret_phase->reason);
	put_str(out, "version", ret_view->version);
	put_str(out, "binary", ret_view->binary);
	put_str(out, "process", ret_view->cluster ? sy_worker_state_name(ret_view->state) : "");
	put_uint(out, "incarnation", ret_view->incarnation);
	put_int(out, "restarts", ret_view->restarts);
	put_int(out, "anonymousBytes", anonymous);
	put_int(out, "residentBytes", resident);
	put_int(out, "reportAgeMs", ret_view->report ? ret_view->report_age_ms : -1);
	put_bool(out, "paused", sup->workers && sy_workers_is_paused(sup->workers, tenant->cluster));
	put_report(out, ret_view->report);
}

static json_object *show_short(struct sy_supervisor *sup, const struct sy_tenant *tenant)
{
	struct sy_phase_result phase;
	struct sy_worker_view view;
	struct maker out = make();

	put_short(&out, sup, tenant, &phase, &view);
	return made(&out);
}

static void put_brief(struct maker *out, struct sy_supervisor *sup, const struct sy_tenant *tenant, struct sy_worker_view *ret_view)
{
	struct sy_phase_result phase;

	put_short(out, sup, tenant, &phase, ret_view);
	put_str(out, "message", phase.message[0] ? phase.message : tenant->problem);
	put_str(out, "lastExit", ret_view->last_exit);
	put_str(out, "lastExitDetail", ret_view->last_exit_detail);
	put_int(out, "retryInMs", ret_view->retry_in_ms);
}

json_object *sy_verbs_brief(struct sy_supervisor *sup, const struct sy_tenant *tenant)
{
	struct sy_worker_view view;
	struct maker out = make();

	put_brief(&out, sup, tenant, &view);
	return made(&out);
}

json_object *sy_verbs_workspace(struct sy_supervisor *sup, const struct sy_tenant *tenant)
{
	struct sy_worker_view view;
	struct maker out = make();

	put_brief(&out, sup, tenant, &view);
	put_int(&out, "memoryBytes", sy_usage_private_bytes(view.pid));
	put_str(&out, "limitedBy", view.limited_by);
	put_int(&out, "memoryMaxBytes", sup->config->limits.memory_max);
	put_resources(&out, view.report);
	put_bindings(&out, sup, tenant->cluster);
	return made(&out);
}

json_object *sy_verbs_sample(struct sy_supervisor *sup)
{
	struct maker out = {.object = sy_verbs_status(sup)};
	int64_t resident = 0, anonymous = 0;

	out.r = out.object && sy_usage_memory(getpid(), &resident, &anonymous) ? 0 : -1;
	put_int(&out, "uptimeMs", sy_loop_now_ms(sup->loop) - sup->started_ms);
	put_int(&out, "anonymousBytes", anonymous);
	put_int(&out, "residentBytes", resident);
	put(&out, "list", sy_verbs_each(sup, show_short));
	return made(&out);
}
