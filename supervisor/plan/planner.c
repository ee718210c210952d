/* What all planners share: the head of a plan, adding resources, the order. */
#include "supervisor/plan/planner.h"

#include <stdlib.h>
#include <string.h>

int sy_plan_begin(struct sy_plan *plan, const struct sy_config *config, const struct sy_plan_target *target, const char *cluster,
		  const char *path, struct sy_error *err)
{
	*plan = (struct sy_plan){
		.mode = SY_PLAN_RUN,
		.removal = config->unbind,
		.guard = config->mass_deletion_guard,
		.cluster = strdup(cluster),
		.path = strdup(path),
		.target_cluster = strdup(target->cluster),
		.target_name = strdup(target->name),
		.target_uid = strdup(target->uid),
		.key = strdup(target->key),
		.namespace_clean_delay_ms = config->namespace_clean_delay_ms,
		.sync_root_ca = config->sync_root_ca,
		.sync_service_account_tokens = config->sync_service_account_tokens,
	};
	if (config->namespace_labels) {
		plan->namespace_labels = sy_json_copy(config->namespace_labels);
		if (!plan->namespace_labels)
			return sy_error_oom(err);
	}
	if (!plan->cluster || !plan->path || !plan->target_cluster || !plan->target_name || !plan->target_uid || !plan->key)
		return sy_error_oom(err);
	return 0;
}

static const struct sy_config_export_rule *find_rule(const struct sy_config *config, const struct sy_plan_resource *resource)
{
	for (size_t i = 0; i < config->rule_count; i++) {
		if (strcmp(config->rules[i].group, resource->group) == 0 && strcmp(config->rules[i].resource, resource->resource) == 0)
			return &config->rules[i];
	}
	return NULL;
}

static int copy_rule(struct sy_plan_resource *to, const struct sy_config_export_rule *rule, struct sy_error *err)
{
	to->translate_generation = !rule || rule->translate_generation;
	to->naming = rule ? rule->naming : SY_NAMING_SAME;
	if (!rule || rule->ignore_count == 0)
		return 0;
	to->ignore_fields = calloc(rule->ignore_count, sizeof(*to->ignore_fields));
	if (!to->ignore_fields)
		return sy_error_oom(err);
	for (size_t i = 0; i < rule->ignore_count; i++) {
		to->ignore_fields[i] = strdup(rule->ignore_fields[i]);
		if (!to->ignore_fields[i])
			return sy_error_oom(err);
		to->ignore_count++;
	}
	return 0;
}

bool sy_plan_names(const struct sy_plan *plan, const char *group, const char *resource)
{
	for (size_t i = 0; i < plan->resource_count; i++) {
		if (strcmp(plan->resources[i].group, group) == 0 && strcmp(plan->resources[i].resource, resource) == 0)
			return true;
	}
	return false;
}

int sy_plan_add(struct sy_plan *plan, const struct sy_config *config, const struct sy_plan_resource *resource, struct sy_error *err)
{
	struct sy_plan_resource *items, *to;

	if (sy_plan_names(plan, resource->group, resource->resource))
		return 0;
	if (plan->resource_count >= SY_MAX_PLAN_RESOURCES) {
		plan->keep_namespaces = true; /* one more than the plan can say: its copies must not go with a namespace */
		return 0;
	}
	items = reallocarray(plan->resources, plan->resource_count + 1, sizeof(*items));
	if (!items)
		return sy_error_oom(err);
	plan->resources = items;
	to = &items[plan->resource_count++];
	*to = (struct sy_plan_resource){
		.group = strdup(resource->group),
		.version = strdup(resource->version),
		.resource = strdup(resource->resource),
		.kind = strdup(resource->kind),
		.up_base = strdup(resource->up_base),
		.origin = strdup(resource->origin),
		.namespaced = resource->namespaced,
		.up_status = resource->up_status,
		.claimed = resource->claimed,
		.up_gone = resource->up_gone,
		.orphan = resource->orphan,
		.release_all = resource->release_all,
		.events = resource->events,
		.role = resource->role,
	};
	if (!to->group || !to->version || !to->resource || !to->kind || !to->up_base || !to->origin)
		return sy_error_oom(err);
	return copy_rule(to, find_rule(config, resource), err);
}

static int compare_resources(const void *a, const void *b)
{
	const struct sy_plan_resource *left = a, *right = b;
	int order = strcmp(left->group, right->group);

	return order ? order : strcmp(left->resource, right->resource);
}

void sy_plan_sort(struct sy_plan *plan)
{
	if (plan->resource_count > 1)
		qsort(plan->resources, plan->resource_count, sizeof(*plan->resources), compare_resources);
}

int sy_plan_for_direct(const struct sy_config *config, const struct sy_plan_target *target, const char *cluster, const char *path,
		       const char *up_base, const struct sy_direct_resource *resources, size_t count, struct sy_plan *ret_plan,
		       struct sy_error *err)
{
	struct sy_plan plan = {0};
	char origin[] = "direct";
	int r = sy_plan_begin(&plan, config, target, cluster, path, err);
	char *base = strdup(up_base);

	if (!base)
		r = sy_error_oom(err);
	for (size_t i = 0; base && r == 0 && i < count; i++) {
		struct sy_plan_resource resource = {.up_base = base, .origin = origin};

		if (!resources[i].namespaced && !config->cluster_scoped)
			continue;
		resource.group = strdup(resources[i].group);
		resource.version = strdup(resources[i].version);
		resource.resource = strdup(resources[i].resource);
		resource.kind = strdup(resources[i].kind);
		resource.namespaced = resources[i].namespaced;
		resource.up_status = resources[i].up_status;
		resource.role = resources[i].role;
		/* ConfigMaps and Secrets keep the rules of claimed ones: no finalizer, no status (5.7). */
		resource.claimed =
			resource.group && resource.resource && resource.group[0] == '\0' && sy_catalog_claimable(resource.resource);
		if (resource.claimed)
			resource.up_status = false;
		r = resource.group && resource.version && resource.resource && resource.kind ? sy_plan_add(&plan, config, &resource, err)
											     : sy_error_oom(err);
		free(resource.group);
		free(resource.version);
		free(resource.resource);
		free(resource.kind);
	}
	free(base);
	if (r < 0) {
		sy_plan_done(&plan);
		return r;
	}
	sy_plan_sort(&plan);
	*ret_plan = plan;
	return 0;
}
