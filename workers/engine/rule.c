#include "rule.h"

#include <stdlib.h>
#include <string.h>

static bool same_fields(const struct sy_plan_resource *a, const struct sy_plan_resource *b)
{
	if (a->ignore_count != b->ignore_count)
		return false;
	for (size_t i = 0; i < a->ignore_count; i++)
		if (strcmp(a->ignore_fields[i], b->ignore_fields[i]) != 0)
			return false;
	return true;
}

enum sy_rule_change sy_rule_compare(const struct sy_resource *resource, const struct sy_plan_resource *rule)
{
	const struct sy_plan_resource *now = &resource->rule;
	const struct sy_plan *plan = &resource->engine->plan;
	bool token_rule = resource->names.sync_tokens != plan->sync_service_account_tokens && resource->names.secrets;
	bool ca_rule = resource->names.sync_root_ca != plan->sync_root_ca && resource->names.configmaps;
	if (strcmp(now->version, rule->version) != 0 || strcmp(now->kind, rule->kind) != 0 || strcmp(now->up_base, rule->up_base) != 0 ||
	    now->namespaced != rule->namespaced || now->claimed != rule->claimed || now->naming != rule->naming || token_rule || ca_rule ||
	    (now->role == SY_ROLE_ABSENT) != (rule->role == SY_ROLE_ABSENT))
		return SY_RULE_REPLACE;
	if (!same_fields(now, rule) || now->up_status != rule->up_status || now->translate_generation != rule->translate_generation)
		return SY_RULE_RELIST;
	bool same = now->role == rule->role && now->up_gone == rule->up_gone && now->orphan == rule->orphan &&
		    now->release_all == rule->release_all && now->events == rule->events;
	return same ? SY_RULE_SAME : SY_RULE_REVIEW;
}

static void free_rule(struct sy_plan_resource *rule)
{
	for (size_t i = 0; i < rule->ignore_count; i++)
		free(rule->ignore_fields[i]);
	free(rule->ignore_fields);
	free(rule->group);
	free(rule->version);
	free(rule->resource);
	free(rule->kind);
	free(rule->up_base);
	free(rule->origin);
	*rule = (struct sy_plan_resource){0};
}

static char *copy_text(const char *text)
{
	return strdup(text ? text : "");
}

static int copy_rule(const struct sy_plan_resource *from, struct sy_plan_resource *ret_to)
{
	struct sy_plan_resource to = *from;
	to.ignore_count = 0;
	to.ignore_fields = calloc(from->ignore_count + 1, sizeof(*to.ignore_fields));
	for (size_t i = 0; to.ignore_fields && i < from->ignore_count; i++)
		if ((to.ignore_fields[i] = strdup(from->ignore_fields[i])))
			to.ignore_count++;
	to.group = copy_text(from->group);
	to.version = copy_text(from->version);
	to.resource = copy_text(from->resource);
	to.kind = copy_text(from->kind);
	to.up_base = copy_text(from->up_base);
	to.origin = copy_text(from->origin);
	if (!to.ignore_fields || to.ignore_count != from->ignore_count || !to.group || !to.version || !to.resource || !to.kind ||
	    !to.up_base || !to.origin) {
		free_rule(&to);
		return -1;
	}
	*ret_to = to;
	return 0;
}

int sy_resource_set_rule(struct sy_resource *resource, const struct sy_plan_resource *rule, struct sy_error *err)
{
	const struct sy_engine *engine = resource->engine;
	struct sy_plan_resource copy;
	struct sy_buf label, version;
	sy_buf_init(&label, 512);
	sy_buf_init(&version, 512);
	if (copy_rule(rule, &copy))
		return sy_error_oom(err);
	if (sy_kube_group_resource(&label, rule->group, rule->resource) ||
	    sy_buf_printf(&version, "%s%s%s", rule->group, *rule->group ? "/" : "", rule->version)) {
		sy_buf_done(&label);
		sy_buf_done(&version);
		free_rule(&copy);
		return sy_error_oom(err);
	}
	sy_resource_clear_rule(resource);
	resource->rule = copy;
	resource->label = sy_buf_take(&label);
	resource->api_version = sy_buf_take(&version);
	resource->gvr = (struct sy_gvr){copy.group, copy.version, copy.resource};
	bool core = !*copy.group;
	resource->names = (struct sy_names){
		.prefix = engine->prefix,
		.naming = copy.naming,
		.configmaps = core && strcmp(copy.resource, "configmaps") == 0,
		.secrets = core && strcmp(copy.resource, "secrets") == 0,
		.sync_root_ca = engine->plan.sync_root_ca,
		.sync_tokens = engine->plan.sync_service_account_tokens,
	};
	return 0;
}

void sy_resource_clear_rule(struct sy_resource *resource)
{
	free_rule(&resource->rule);
	free(resource->label);
	free(resource->api_version);
	resource->label = resource->api_version = NULL;
}
