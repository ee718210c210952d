/* Collects what status.c needs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/status/assess.h"

static int collect_urls(const struct sy_supervisor *sup, struct sy_status_url **ret_urls, size_t *ret_count)
{
	size_t count = 0, at = 0;
	struct sy_status_url *urls;

	for (size_t i = 0; i < sy_exports_count(sup->exports); i++)
		count += sy_exports_at(sup->exports, i)->urls.count;
	urls = calloc(count ? count : 1, sizeof(*urls));
	if (!urls)
		return -ENOMEM;
	for (size_t i = 0; i < sy_exports_count(sup->exports); i++) {
		const struct sy_export *export = sy_exports_at(sup->exports, i);

		for (size_t j = 0; !export->retired && j < export->urls.count; j++)
			urls[at++] = (struct sy_status_url){export->urls.items[j], export->label};
	}
	*ret_urls = urls;
	*ret_count = at;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct sy_status_binding *)a)->name, ((const struct sy_status_binding *)b)->name);
}

static int collect_bindings(const struct sy_supervisor *sup, const char *cluster, struct sy_status_workspace *out)
{
	size_t first, count;

	sy_phase_range(sup->bindings, cluster, &first, &count);
	out->bindings = calloc(count ? count : 1, sizeof(*out->bindings));
	if (!out->bindings)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct sy_binding *binding = sy_bindings_at(sup->bindings, first + i);

		if (binding->gone)
			continue;
		out->bindings[out->binding_count++] = (struct sy_status_binding){.name = binding->facts.name,
										 .export = binding->export->label,
										 .phase = binding->facts.phase,
										 .accepted = &binding->facts.accepted,
										 .refused = &binding->facts.refused};
	}
	if (out->binding_count > 1)
		qsort(out->bindings, out->binding_count, sizeof(*out->bindings), compare_names);
	return 0;
}

bool sy_assess_counts(const struct sy_supervisor *sup, const struct sy_tenant *tenant)
{
	return !(tenant->drained && (sy_chain_leaving(sup) || sy_chain_evicting(sup) || tenant->orphan));
}

static int collect_workspaces(struct sy_supervisor *sup, struct sy_status_workspace *out, size_t *ret_count, struct sy_assessment *counted)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sup->tenants.count; i++) {
		struct sy_tenant *tenant = sup->tenants.items[i];
		struct sy_status_workspace *workspace = &out[*ret_count];

		if (!sy_assess_counts(sup, tenant))
			continue;
		*workspace = (struct sy_status_workspace){.cluster = tenant->cluster, .path = tenant->path};
		sy_assess_phase(sup, tenant, &workspace->phase, NULL);
		sy_assess_count(sup, tenant, &workspace->phase, counted);
		r = collect_bindings(sup, tenant->cluster, workspace);
		(*ret_count)++;
	}
	return r;
}

static void tell_manager(struct sy_supervisor *sup, const struct sy_condition *ready, const struct sy_assessment *counted)
{
	sy_notify_status(sup->notify, "Ready=%s %s; %zu of %zu workers ready%s", sy_condition_status_name(ready->status), ready->reason,
			 counted->workers_ready, counted->workers_total,
			 sy_supervisor_is_old(sup) ? "; syncerd has been replaced: restart it" : "");
}

static int build(struct sy_supervisor *sup, struct sy_status_input *input, const struct sy_assessment *counted, json_object **ret_status)
{
	const struct sy_target_view *view = sy_target_view(sup->target);
	struct sy_condition conditions[SY_CONDITION_MAX];
	struct sy_error err = {0};
	int r;

	sy_assess_conditions(sup, counted, conditions);
	input->conditions = conditions;
	input->generation = view->generation;
	input->identity = sup->identity.text;
	input->version = SY_VERSION;
	input->kubernetes_version = sy_downstream_version(sup->downstream);
	input->allocatable = sy_nodes_allocatable(sup->nodes);
	input->capacity = sy_nodes_capacity(sup->nodes);
	input->catalog = &sup->catalog;
	r = sy_status_build(input, ret_status, &err);
	if (r < 0)
		sy_error_log(NULL, "computing the SyncTarget's status: %s", err.text);
	tell_manager(sup, &conditions[SY_CONDITION_READY], counted);
	input->conditions = NULL; /* it pointed at this function's own */
	return r;
}

/* What is stored with conditions made from the stored ones. */
static int build_from_stored(struct sy_supervisor *sup, bool (*conditions_of)(json_object *, struct sy_condition *), json_object *stored,
			     const char *now, json_object **ret_status)
{
	struct sy_condition conditions[SY_CONDITION_MAX];
	json_object *list = sy_json_array(stored, "conditions", NULL), *fresh = NULL;
	json_object *status = list && conditions_of(list, conditions) ? sy_json_copy(stored) : NULL;
	int r = status ? sy_conditions_encode(conditions, sy_target_view(sup->target)->generation, list, now, &fresh, NULL) : -EAGAIN;

	if (r == 0)
		r = sy_json_add(status, "conditions", fresh);
	if (r < 0) {
		json_object_put(status);
		return r;
	}
	*ret_status = status;
	return 0;
}

int sy_assess_back(void *arg, json_object *stored, const char *now, json_object **ret_status)
{
	return build_from_stored(arg, sy_conditions_back, stored, now, ret_status);
}

int sy_assess_build(void *arg, json_object *stored, const char *now, json_object **ret_status)
{
	struct sy_supervisor *sup = arg;
	struct sy_assessment counted = {.due_ms = INT64_MAX};
	struct sy_status_input input = {.stored = stored, .now = now};
	size_t room = sup->tenants.count;
	int r;

	if (!sup->followed)
		return -EAGAIN;
	/* The last word before an orderly end: everything stays as it was said last, but for the heartbeat and Ready. */
	if (sup->stopping)
		return build_from_stored(sup, sy_conditions_stopped, stored, now, ret_status);
	input.workspaces = calloc(room ? room : 1, sizeof(*input.workspaces));
	r = input.workspaces ? collect_urls(sup, &input.urls, &input.url_count) : -ENOMEM;
	if (r == 0)
		r = collect_workspaces(sup, input.workspaces, &input.workspace_count, &counted);
	if (r == 0)
		r = build(sup, &input, &counted, ret_status);
	for (size_t i = 0; input.workspaces && i < input.workspace_count; i++)
		free(input.workspaces[i].bindings);
	free(input.workspaces);
	free(input.urls);
	if (counted.due_ms != INT64_MAX)
		sy_think_at(sup, counted.due_ms + 1);
	return r;
}

static void count_workers(struct sy_supervisor *sup, struct sy_assessment *counted)
{
	for (size_t i = 0; i < sup->tenants.count; i++) {
		struct sy_tenant *tenant = sup->tenants.items[i];
		struct sy_phase_result phase;

		if (!sy_assess_counts(sup, tenant))
			continue;
		sy_assess_phase(sup, tenant, &phase, NULL);
		sy_assess_count(sup, tenant, &phase, counted);
	}
}

bool sy_assess_now(struct sy_supervisor *sup, struct sy_condition ret_conditions[SY_CONDITION_MAX])
{
	struct sy_assessment counted = {.due_ms = INT64_MAX};

	/* reconcile is the last that SyncTarget mode makes; of what another syncer serves we have nothing to say */
	if (!sup->target || !sup->reconcile || sy_target_view(sup->target)->state != SY_TARGET_ACTIVE)
		return false;
	count_workers(sup, &counted);
	sy_assess_conditions(sup, &counted, ret_conditions);
	return true;
}

void sy_assess_workers(struct sy_supervisor *sup, size_t *ret_total, size_t *ret_ready)
{
	struct sy_assessment counted = {.due_ms = INT64_MAX};

	count_workers(sup, &counted);
	*ret_total = counted.workers_total;
	*ret_ready = counted.workers_ready;
}
