#include "supervisor/status/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Take over what is written in status again: an old lastTransitionTime while the phase is the same. */
static const char *phase_time(json_object *stored, const char *cluster, const char *phase, const char *now)
{
	json_object *list = sy_json_array(stored, "workspaces", NULL);

	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		json_object *item = json_object_array_get_idx(list, i);
		const char *name = sy_json_str(item, "cluster", NULL);
		const char *old = sy_json_str(item, "phase", NULL);
		const char *time = sy_json_str(item, "lastTransitionTime", NULL);

		if (name && strcmp(name, cluster) == 0)
			return old && time && strcmp(old, phase) == 0 ? time : now;
	}
	return now;
}

static int add_strings(json_object *to, const char *key, const struct sy_strv *list, size_t max)
{
	json_object *array;
	int r = 0;

	if (list->count == 0)
		return 0;
	array = json_object_new_array();
	for (size_t i = 0; array && r == 0 && i < list->count && i < max; i++)
		r = json_object_array_add(array, json_object_new_string(list->items[i]));
	if (r < 0) {
		json_object_put(array);
		return -1;
	}
	return sy_json_add(to, key, array);
}

static int add_text(json_object *to, const char *key, const char *text)
{
	return text && text[0] ? sy_json_add_str(to, key, text) : 0;
}

/* Append an object that `r` says is complete. */
static int append(json_object *array, json_object *item, int r)
{
	if (r == 0 && item && json_object_array_add(array, item) == 0)
		return 0;
	json_object_put(item);
	return -1;
}

static int add_binding(json_object *array, const struct sy_status_binding *binding)
{
	json_object *item = json_object_new_object();
	int r = sy_json_add_str(item, "name", binding->name);

	if (r == 0)
		r = add_text(item, "export", binding->export);
	if (r == 0)
		r = sy_json_add_str(item, "phase", sy_binding_phase_name(binding->phase));
	if (r == 0)
		r = add_strings(item, "acceptedClaims", binding->accepted, SY_STATUS_CLAIMS);
	if (r == 0)
		r = add_strings(item, "refusedClaims", binding->refused, SY_STATUS_CLAIMS);
	return append(array, item, r);
}

static int add_bindings(json_object *to, const struct sy_status_workspace *workspace)
{
	json_object *array;
	int r = 0;

	if (workspace->binding_count == 0)
		return 0;
	array = json_object_new_array();
	for (size_t i = 0; r == 0 && i < workspace->binding_count && i < SY_STATUS_BINDINGS; i++)
		r = add_binding(array, &workspace->bindings[i]);
	if (r < 0) {
		json_object_put(array);
		return r;
	}
	return sy_json_add(to, "bindings", array);
}

static int add_workspace(json_object *array, const struct sy_status_workspace *workspace, json_object *stored, const char *now)
{
	const char *phase = sy_phase_name(workspace->phase.phase);
	json_object *item = json_object_new_object();
	int r = sy_json_add_str(item, "cluster", workspace->cluster);

	if (r == 0)
		r = add_text(item, "path", workspace->path);
	if (r == 0)
		r = sy_json_add_str(item, "phase", phase);
	if (r == 0)
		r = add_text(item, "reason", workspace->phase.reason);
	if (r == 0)
		r = add_text(item, "message", workspace->phase.message);
	if (r == 0)
		r = sy_json_add_str(item, "lastTransitionTime", phase_time(stored, workspace->cluster, phase, now));
	if (r == 0)
		r = add_bindings(item, workspace);
	return append(array, item, r);
}

static int compare_workspaces(const void *a, const void *b)
{
	const struct sy_status_workspace *left = a, *right = b;

	if (left->phase.phase != right->phase.phase)
		return left->phase.phase < right->phase.phase ? -1 : 1;
	return strcmp(left->cluster, right->cluster);
}

static int add_summary(json_object *status, const struct sy_status_input *input, size_t listed)
{
	json_object *summary = json_object_new_object();
	size_t syncing = 0, refused = 0;
	char ready[48];
	int r;

	for (size_t i = 0; i < input->workspace_count; i++) {
		syncing += input->workspaces[i].phase.phase == SY_PHASE_SYNCING;
		refused += input->workspaces[i].phase.phase == SY_PHASE_REFUSED;
	}
	(void)snprintf(ready, sizeof(ready), "%zu/%zu", syncing, input->workspace_count);
	r = sy_json_add_str(summary, "ready", ready);
	if (r == 0)
		r = sy_json_add_int(summary, "total", (int64_t)input->workspace_count);
	if (r == 0)
		r = sy_json_add_int(summary, "notReady", (int64_t)(input->workspace_count - syncing - refused));
	if (r == 0)
		r = sy_json_add_int(summary, "refused", (int64_t)refused);
	if (r == 0)
		r = sy_json_add_int(summary, "notListed", (int64_t)(input->workspace_count - listed));
	if (r < 0) {
		json_object_put(summary);
		return r;
	}
	return sy_json_add(status, "workspaceSummary", summary);
}

static int add_workspaces(json_object *status, const struct sy_status_input *input, size_t limit)
{
	size_t listed = input->workspace_count < limit ? input->workspace_count : limit;
	json_object *array;
	int r = add_summary(status, input, listed);

	if (r < 0 || listed == 0)
		return r;
	array = json_object_new_array();
	for (size_t i = 0; r == 0 && i < listed; i++)
		r = add_workspace(array, &input->workspaces[i], input->stored, input->now);
	if (r < 0) {
		json_object_put(array);
		return r;
	}
	return sy_json_add(status, "workspaces", array);
}

static int add_resource(json_object *array, const struct sy_catalog_entry *entry)
{
	json_object *item = json_object_new_object();
	int r = sy_json_add_str(item, "group", entry->group);

	if (r == 0)
		r = sy_json_add_str(item, "resource", entry->resource);
	if (r == 0)
		r = add_strings(item, "versions", &entry->versions, 16);
	if (r == 0)
		r = sy_json_add_str(item, "identityHash", entry->identity);
	if (r == 0)
		r = add_text(item, "syncedVersion", entry->synced_version);
	if (r == 0)
		r = sy_json_add_str(item, "state", sy_resource_state_name(entry->state));
	if (r == 0)
		r = add_text(item, "reason", entry->reason);
	if (r == 0)
		r = add_text(item, "message", entry->message);
	return append(array, item, r);
}

static int add_resources(json_object *status, const struct sy_catalog *catalog)
{
	json_object *array;
	char summary[48];
	int r;

	(void)snprintf(summary, sizeof(summary), "%zu/%zu", sy_catalog_count(catalog, SY_RESOURCE_ACCEPTED), catalog->count);
	r = sy_json_add_str(status, "resourceSummary", summary);
	if (r < 0 || catalog->count == 0)
		return r;
	array = json_object_new_array();
	for (size_t i = 0; r == 0 && i < catalog->count; i++)
		r = add_resource(array, &catalog->items[i]);
	if (r < 0) {
		json_object_put(array);
		return r;
	}
	return sy_json_add(status, "syncedResources", array);
}

static int compare_urls(const void *a, const void *b)
{
	return strcmp(((const struct sy_status_url *)a)->url, ((const struct sy_status_url *)b)->url);
}

static int add_urls(json_object *status, const struct sy_status_input *input)
{
	json_object *array;
	int r = 0;

	if (input->url_count == 0)
		return 0;
	qsort(input->urls, input->url_count, sizeof(*input->urls), compare_urls);
	array = json_object_new_array();
	for (size_t i = 0; r == 0 && i < input->url_count && i < 256; i++) {
		json_object *item = json_object_new_object();

		if (i > 0 && strcmp(input->urls[i].url, input->urls[i - 1].url) == 0) {
			json_object_put(item);
			continue;
		}
		r = sy_json_add_str(item, "syncerURL", input->urls[i].url);
		if (r == 0)
			r = add_text(item, "export", input->urls[i].export);
		r = append(array, item, r);
	}
	if (r < 0) {
		json_object_put(array);
		return r;
	}
	return sy_json_add(status, "virtualWorkspaces", array);
}

static int add_syncer(json_object *status, const struct sy_status_input *input)
{
	json_object *syncer = json_object_new_object();
	int r = sy_json_add_str(syncer, "identity", input->identity);

	if (r == 0)
		r = sy_json_add_str(syncer, "version", input->version);
	if (r == 0)
		r = add_text(syncer, "kubernetesVersion", input->kubernetes_version);
	if (r < 0) {
		json_object_put(syncer);
		return r;
	}
	return sy_json_add(status, "syncer", syncer);
}

static int add_copy(json_object *status, const char *key, json_object *value)
{
	json_object *copy;

	if (!value || json_object_object_length(value) == 0)
		return 0;
	copy = sy_json_copy(value);
	return copy ? sy_json_add(status, key, copy) : -1;
}

static json_object *build(const struct sy_status_input *input, size_t limit)
{
	json_object *status = json_object_new_object(), *conditions = NULL;
	int r = sy_json_add_int(status, "observedGeneration", input->generation);

	if (r == 0)
		r = add_syncer(status, input);
	if (r == 0)
		r = add_copy(status, "allocatable", input->allocatable);
	if (r == 0)
		r = add_copy(status, "capacity", input->capacity);
	if (r == 0)
		r = sy_conditions_encode(input->conditions, input->generation, sy_json_array(input->stored, "conditions", NULL), input->now,
					 &conditions, NULL);
	if (r == 0)
		r = sy_json_add(status, "conditions", conditions);
	if (r == 0)
		r = add_resources(status, input->catalog);
	if (r == 0)
		r = add_urls(status, input);
	if (r == 0)
		r = add_workspaces(status, input, limit);
	if (r < 0) {
		json_object_put(status);
		return NULL;
	}
	return status;
}

int sy_status_build(const struct sy_status_input *input, json_object **ret_status, struct sy_error *err)
{
	size_t limit = SY_STATUS_WORKSPACES;

	if (input->workspace_count > 1)
		qsort(input->workspaces, input->workspace_count, sizeof(*input->workspaces), compare_workspaces);
	for (;;) {
		json_object *status = build(input, limit);
		sy_auto_free char *text = status ? sy_json_text(status) : NULL;

		if (!text) {
			json_object_put(status);
			return sy_error_oom(err);
		}
		if (strlen(text) <= SY_STATUS_MAX_BYTES || limit == 0) {
			*ret_status = status;
			return 0;
		}
		json_object_put(status);
		limit /= 2;
	}
}

json_object *sy_status_condition(json_object *status, const char *type)
{
	json_object *list = sy_json_array(status, "conditions", NULL);

	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		json_object *condition = json_object_array_get_idx(list, i);
		const char *name = sy_json_str(condition, "type", NULL);

		if (name && strcmp(name, type) == 0)
			return condition;
	}
	return NULL;
}

const char *sy_status_ready(json_object *status)
{
	return sy_json_str(sy_status_condition(status, "Ready"), "status", NULL);
}

bool sy_status_same(json_object *a, json_object *b)
{
	sy_auto_json json_object *left = a ? sy_json_copy(a) : json_object_new_object();
	sy_auto_json json_object *right = b ? sy_json_copy(b) : json_object_new_object();

	if (!left || !right)
		return false;
	json_object_object_del(left, "lastSyncerHeartbeatTime");
	json_object_object_del(right, "lastSyncerHeartbeatTime");
	return sy_json_equal(left, right);
}
