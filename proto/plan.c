#include "proto/plan.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "kcp/ids.h"
#include "proto/schema.h"

#define MAX_IGNORE_FIELDS 64
#define MAX_LABELS 64
#define MAX_DELAY_MS (24LL * 3600 * 1000)

static const char *mode_name(int mode)
{
	static const char *const names[] = {"run", "paused", "drain"};

	_Static_assert(sizeof(names) / sizeof(names[0]) == SY_PLAN_MODE_MAX, "one name per mode");
	return names[mode];
}

static const char *removal_name(int removal)
{
	static const char *const names[] = {"delete", "orphan", "evict"};

	_Static_assert(sizeof(names) / sizeof(names[0]) == SY_REMOVAL_MAX, "one name per removal");
	return names[removal];
}

static const char *role_name(int role)
{
	static const char *const names[] = {"sync", "removed", "kept", "absent"};

	_Static_assert(sizeof(names) / sizeof(names[0]) == SY_ROLE_MAX, "one name per role");
	return names[role];
}

static const char *naming_name(int naming)
{
	static const char *const names[] = {"same", "prefixed"};

	_Static_assert(sizeof(names) / sizeof(names[0]) == SY_NAMING_MAX, "one name per naming");
	return names[naming];
}

#define R(member) offsetof(struct sy_plan_resource, member)
#define P(member) offsetof(struct sy_plan, member)

static const struct sy_field resource_fields[] = {
	{.name = "group", .offset = R(group), .limit = 253, .check = sy_check_group, .expected = "an API group"},
	{.name = "version", .offset = R(version), .limit = 63, .check = sy_check_version, .expected = "an API version"},
	{.name = "resource", .offset = R(resource), .limit = 63, .check = sy_check_name, .expected = "a plural resource name"},
	{.name = "kind", .offset = R(kind), .limit = 63, .check = sy_check_word, .expected = "a kind"},
	{.name = "upBase", .offset = R(up_base), .limit = 1024, .check = sy_check_url, .expected = "an http(s) URL"},
	{.name = "origin", .kind = SY_FIELD_TEXT, .offset = R(origin), .limit = 1024},
	{.name = "namespaced", .kind = SY_FIELD_BOOL, .offset = R(namespaced)},
	{.name = "upStatus", .kind = SY_FIELD_BOOL, .offset = R(up_status)},
	{.name = "claimed", .kind = SY_FIELD_BOOL, .offset = R(claimed)},
	{.name = "upGone", .kind = SY_FIELD_BOOL, .offset = R(up_gone)},
	{.name = "orphan", .kind = SY_FIELD_BOOL, .offset = R(orphan)},
	{.name = "releaseAll", .kind = SY_FIELD_BOOL, .offset = R(release_all)},
	{.name = "role", .kind = SY_FIELD_ENUM, .offset = R(role), .limit = SY_ROLE_MAX, .name_of = role_name},
	{.name = "events", .kind = SY_FIELD_BOOL, .offset = R(events)},
	{.name = "translateGeneration", .kind = SY_FIELD_BOOL, .offset = R(translate_generation)},
	{.name = "naming", .kind = SY_FIELD_ENUM, .offset = R(naming), .limit = SY_NAMING_MAX, .name_of = naming_name},
	{.name = "ignoreFields",
	 .kind = SY_FIELD_STRINGS,
	 .offset = R(ignore_fields),
	 .count_offset = R(ignore_count),
	 .limit = MAX_IGNORE_FIELDS,
	 .check = sy_check_pointer,
	 .expected = "a JSON pointer"},
};
static const struct sy_record resource_record = {"resource", resource_fields, sizeof(resource_fields) / sizeof(resource_fields[0]),
						 sizeof(struct sy_plan_resource)};

static const struct sy_field plan_fields[] = {
	{.name = "generation", .kind = SY_FIELD_UINT, .offset = P(generation)},
	{.name = "mode", .kind = SY_FIELD_ENUM, .offset = P(mode), .limit = SY_PLAN_MODE_MAX, .name_of = mode_name},
	{.name = "removal", .kind = SY_FIELD_ENUM, .offset = P(removal), .limit = SY_REMOVAL_MAX, .name_of = removal_name},
	{.name = "upstreamGone", .kind = SY_FIELD_BOOL, .offset = P(upstream_gone)},
	{.name = "cluster",
	 .offset = P(cluster),
	 .limit = SY_MAX_CLUSTER_NAME,
	 .check = sy_cluster_name_valid,
	 .expected = "a logical cluster name"},
	{.name = "path", .offset = P(path), .limit = 1024, .check = sy_check_path, .expected = "a workspace path"},
	{.name = "targetCluster",
	 .offset = P(target_cluster),
	 .limit = SY_MAX_CLUSTER_NAME,
	 .check = sy_check_identity_or_empty,
	 .expected = "a logical cluster name or nothing"},
	{.name = "targetName", .offset = P(target_name), .limit = 253, .check = sy_check_identity, .expected = "a name"},
	{.name = "targetUid", .offset = P(target_uid), .limit = 128, .check = sy_check_identity, .expected = "a uid"},
	{.name = "key", .offset = P(key), .limit = SY_KEY_MAX - 1, .check = sy_check_word, .expected = "a base62 key"},
	{.name = "namespaceCleanDelayMs", .kind = SY_FIELD_INT, .offset = P(namespace_clean_delay_ms), .limit = MAX_DELAY_MS},
	{.name = "guard", .kind = SY_FIELD_BOOL, .offset = P(guard)},
	{.name = "approved", .kind = SY_FIELD_UINT, .offset = P(approved)},
	{.name = "held",
	 .kind = SY_FIELD_STRINGS,
	 .offset = P(held),
	 .count_offset = P(held_count),
	 .limit = SY_MAX_PLAN_RESOURCES,
	 .check = sy_check_name,
	 .expected = "a resource with its group"},
	{.name = "keepNamespaces", .kind = SY_FIELD_BOOL, .offset = P(keep_namespaces)},
	{.name = "syncRootCa", .kind = SY_FIELD_BOOL, .offset = P(sync_root_ca)},
	{.name = "syncServiceAccountTokens", .kind = SY_FIELD_BOOL, .offset = P(sync_service_account_tokens)},
	{.name = "namespaceLabels", .kind = SY_FIELD_LABELS, .optional = true, .offset = P(namespace_labels), .limit = MAX_LABELS},
	{.name = "resources",
	 .kind = SY_FIELD_RECORDS,
	 .offset = P(resources),
	 .count_offset = P(resource_count),
	 .limit = SY_MAX_PLAN_RESOURCES,
	 .record = &resource_record},
};
static const struct sy_record plan_record = {"plan", plan_fields, sizeof(plan_fields) / sizeof(plan_fields[0]), sizeof(struct sy_plan)};

/* The wall between tenants, checked once more where a plan is read: its URLs lead to its own logical cluster and nowhere else. */
static bool base_is_of(const char *base, const char *cluster, const char *path)
{
	static const char marker[] = "/clusters/";
	const char *found = NULL;

	for (const char *p = strstr(base, marker); p; p = strstr(p + 1, marker))
		found = p;
	if (!found)
		return false;
	found += sizeof(marker) - 1;
	return strcmp(found, cluster) == 0 || (path[0] && strcmp(found, path) == 0);
}

static int check_resources(const struct sy_plan *plan, struct sy_error *err)
{
	for (size_t i = 0; i < plan->resource_count; i++) {
		const struct sy_plan_resource *resource = &plan->resources[i];

		if (!base_is_of(resource->up_base, plan->cluster, plan->path))
			return sy_error_set(err, EINVAL, "plan.resources[%zu].upBase: must end in /clusters/%s", i, plan->cluster);
		for (size_t k = 0; k < i; k++)
			if (strcmp(resource->resource, plan->resources[k].resource) == 0 &&
			    strcmp(resource->group, plan->resources[k].group) == 0)
				return sy_error_set(err, EINVAL, "plan.resources[%zu]: %s.%s is listed twice", i, resource->resource,
						    resource->group);
	}
	return 0;
}

void sy_plan_done(struct sy_plan *plan)
{
	sy_record_done(&plan_record, plan);
}

int sy_plan_encode(const struct sy_plan *plan, json_object **ret_value, struct sy_error *err)
{
	return sy_record_encode(&plan_record, plan, ret_value, err);
}

int sy_plan_decode(json_object *value, struct sy_plan *ret_plan, struct sy_error *err)
{
	struct sy_plan plan = {0};
	int rc = sy_record_decode(&plan_record, value, &plan, err);

	if (rc == 0)
		rc = check_resources(&plan, err);
	if (rc < 0) {
		sy_plan_done(&plan);
		return rc;
	}
	*ret_plan = plan;
	return 0;
}

int sy_plan_copy(const struct sy_plan *from, struct sy_plan *ret_to, struct sy_error *err)
{
	struct sy_plan copy;
	int rc = sy_record_copy(&plan_record, from, &copy, err);

	if (rc == 0)
		*ret_to = copy;
	return rc;
}

bool sy_plan_equal(const struct sy_plan *a, const struct sy_plan *b)
{
	struct sy_plan same_generation = *a; /* shallow, only looked at */

	same_generation.generation = b->generation;
	return sy_record_equal(&plan_record, &same_generation, b);
}
