/* Direct mode: one workspace's path to its logical cluster, and discovery there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/config/advice.h"
#include "supervisor/direct.h"

static void trouble(struct sy_direct_entry *entry, enum sy_kube_verdict verdict, const char *message)
{
	const char *advice = sy_advice(SY_ADVICE_DIRECT, verdict, message ? message : "");

	entry->verdict = verdict;
	if (message && (!entry->trouble || strcmp(entry->trouble, message) != 0))
		sy_warn(NULL, "workspace %s of %s: %s%s%s; trying again", entry->configured, entry->direct->sup->base, message,
			*advice ? "; " : "", advice);
	else if (!message && entry->trouble)
		sy_info(NULL, "workspace %s can be read again", entry->configured);
	free(entry->trouble);
	entry->trouble = message ? strdup(message) : NULL;
}

static int get(struct sy_direct_entry *entry, const char *path, sy_kube_done_fn *done)
{
	struct sy_kube_call call = {.method = "GET", .base = entry->direct->sup->base, .path = path};
	struct sy_error err = {0};
	int r = sy_kube_do(entry->direct->sup->up_kube, &call, done, entry, &entry->request, &err);

	if (r < 0)
		trouble(entry, SY_KUBE_UNREACHABLE, err.text);
	return r;
}

static void next_group(struct sy_direct_entry *entry);

static void got_served(void *arg, const struct sy_kube_result *result)
{
	struct sy_direct_entry *entry = arg;
	struct sy_direct_group *group = &entry->groups[entry->at];
	struct sy_served served = {0};
	struct sy_error err = {0};

	entry->request = NULL;
	if (result->verdict == SY_KUBE_NOT_SERVED || result->verdict == SY_KUBE_NOT_FOUND) {
		/* A whole group that is not served (any more) is an answer about the type, never about objects. */
		sy_served_done(&group->served);
		group->served = (struct sy_served){0};
		group->answered = true;
	} else if (result->verdict == SY_KUBE_OK && sy_served_decode(result->object, &served, &err) == 0) {
		sy_served_done(&group->served);
		group->served = served;
		group->answered = true;
	} else {
		trouble(entry, result->verdict, result->verdict == SY_KUBE_OK ? err.text : result->message);
		sy_supervisor_changed(entry->direct->sup);
		return;
	}
	entry->at++;
	next_group(entry);
}

static void next_group(struct sy_direct_entry *entry)
{
	char path[768];
	const struct sy_direct_group *group;

	if (entry->at >= entry->group_count) {
		trouble(entry, SY_KUBE_OK, NULL);
		sy_supervisor_changed(entry->direct->sup);
		return;
	}
	group = &entry->groups[entry->at];
	if (group->group[0])
		(void)snprintf(path, sizeof(path), "/clusters/%s/apis/%s/%s", entry->cluster, group->group, group->version);
	else
		(void)snprintf(path, sizeof(path), "/clusters/%s/api/%s", entry->cluster, group->version);
	(void)get(entry, path, got_served);
}

static struct sy_direct_group *find_group(const struct sy_direct_entry *entry, const struct sy_config_direct_resource *resource)
{
	for (size_t i = 0; i < entry->group_count; i++) {
		if (strcmp(entry->groups[i].group, resource->group) == 0 && strcmp(entry->groups[i].version, resource->version) == 0)
			return &entry->groups[i];
	}
	return NULL;
}

/* Groups of the present configuration; answers that are there are kept. */
static bool collect_groups(struct sy_direct_entry *entry)
{
	const struct sy_config *config = entry->direct->sup->config;

	for (size_t i = 0; i < config->direct_resource_count; i++) {
		struct sy_direct_group *groups;

		if (find_group(entry, &config->direct_resources[i]))
			continue;
		groups = reallocarray(entry->groups, entry->group_count + 1, sizeof(*groups));
		if (!groups)
			return false;
		entry->groups = groups;
		memset(&groups[entry->group_count], 0, sizeof(*groups));
		(void)snprintf(groups[entry->group_count].group, sizeof(groups->group), "%s", config->direct_resources[i].group);
		(void)snprintf(groups[entry->group_count].version, sizeof(groups->version), "%s", config->direct_resources[i].version);
		entry->group_count++;
	}
	return true;
}

static bool set(char **slot, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return false;
	free(*slot);
	*slot = copy;
	return true;
}

static void got_cluster(void *arg, const struct sy_kube_result *result)
{
	struct sy_direct_entry *entry = arg;
	const char *cluster = sy_json_str(result->object, "metadata", "annotations", SY_ANNOTATION_KCP_CLUSTER, NULL);
	const char *path = sy_json_str(result->object, "metadata", "annotations", SY_ANNOTATION_KCP_PATH, NULL);

	entry->request = NULL;
	if (result->verdict != SY_KUBE_OK || !cluster || !sy_cluster_name_valid(cluster)) {
		trouble(entry, result->verdict,
			result->verdict == SY_KUBE_OK ? "its LogicalCluster has no annotation " SY_ANNOTATION_KCP_CLUSTER
						      : result->message);
		sy_supervisor_changed(entry->direct->sup);
		return;
	}
	if (entry->cluster && strcmp(entry->cluster, cluster) != 0) {
		sy_warn(NULL, "workspace %s is logical cluster %s now, it was %s: another tenant", entry->configured, cluster,
			entry->cluster);
		for (size_t i = 0; i < entry->group_count; i++)
			entry->groups[i].answered = false;
	}
	if (!set(&entry->cluster, cluster) || !set(&entry->path, path && sy_workspace_path_valid(path) ? path : "") ||
	    !collect_groups(entry))
		return;
	entry->at = 0;
	next_group(entry);
}

void sy_direct_resolve(struct sy_direct_entry *entry)
{
	char path[2048];

	if (entry->request)
		return;
	(void)snprintf(path, sizeof(path), "/clusters/%s/apis/core.kcp.io/v1alpha1/logicalclusters/cluster", entry->configured);
	(void)get(entry, path, got_cluster);
}

bool sy_direct_answered(const struct sy_direct_entry *entry, const struct sy_config_direct_resource *resource)
{
	const struct sy_direct_group *group = find_group(entry, resource);

	return group && group->answered;
}

const struct sy_served_resource *sy_direct_served(const struct sy_direct_entry *entry, const struct sy_config_direct_resource *resource)
{
	const struct sy_direct_group *group = find_group(entry, resource);

	return group ? sy_served_find(&group->served, resource->resource) : NULL;
}
