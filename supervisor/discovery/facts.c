#include "supervisor/discovery/facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kube/gvr.h"

char *sy_facts_dup(const char *text)
{
	return strdup(text ? text : "");
}

static void named_resource_done(struct sy_named_resource *resource)
{
	free(resource->group);
	free(resource->resource);
	free(resource->schema);
	free(resource->identity);
	*resource = (struct sy_named_resource){0};
}

void sy_named_resources_free(struct sy_named_resource *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		named_resource_done(&items[i]);
	}
	free(items);
}

void sy_claims_free(struct sy_claim *claims, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(claims[i].group);
		free(claims[i].resource);
		sy_strv_done(&claims[i].verbs);
	}
	free(claims);
}

char *sy_claim_text(const char *group, const char *resource)
{
	struct sy_buf text;

	sy_buf_init(&text, 512);
	if (sy_kube_group_resource(&text, group, resource) < 0) {
		sy_buf_done(&text);
		return NULL;
	}
	return sy_buf_take(&text);
}

bool sy_claim_possible(const char *resource)
{
	return strcmp(resource, "configmaps") == 0 || strcmp(resource, "secrets") == 0;
}

static bool allows(const struct sy_claim *claim, const char *one, const char *two, const char *three)
{
	if (sy_strv_has(&claim->verbs, "*"))
		return true;
	return sy_strv_has(&claim->verbs, one) && sy_strv_has(&claim->verbs, two) && sy_strv_has(&claim->verbs, three);
}

bool sy_claim_reads(const struct sy_claim *claim)
{
	return allows(claim, "get", "list", "watch");
}

bool sy_claim_makes_events(const struct sy_claim *claim)
{
	return claim->group[0] == '\0' && strcmp(claim->resource, "events") == 0 && allows(claim, "create", "get", "patch");
}

/* Longest names that an API server accepts. */
static bool name_usable(const char *text, size_t max)
{
	return text && strnlen(text, max + 1) <= max;
}

int sy_named_resource_decode(const struct sy_read_resource *from, struct sy_named_resource *ret_resource, struct sy_error *err)
{
	const char *group = from->group ? from->group : "", *schema = from->schema ? from->schema : "";
	const char *identity = from->identity ? from->identity : "";

	if (!name_usable(group, 253) || !name_usable(from->resource, 63) || from->resource[0] == '\0' || !name_usable(schema, 253) ||
	    !name_usable(identity, 253))
		return 0;
	*ret_resource = (struct sy_named_resource){
		.group = strdup(group), .resource = strdup(from->resource), .schema = strdup(schema), .identity = strdup(identity)};
	if (ret_resource->group && ret_resource->resource && ret_resource->schema && ret_resource->identity)
		return 1;
	named_resource_done(ret_resource);
	return sy_error_oom(err);
}

bool sy_named_resource_possible(const struct sy_named_resource *resource, const char *identity)
{
	size_t schema = strlen(resource->schema), name = strlen(resource->resource), group = strlen(resource->group);
	const char *tail;

	if (group == 0 || schema < name + group + 3)
		return false;
	if (resource->identity && resource->identity[0] && identity[0] && strcmp(resource->identity, identity) != 0)
		return false;
	tail = resource->schema + schema - group - name - 2;
	return tail[0] == '.' && memcmp(tail + 1, resource->resource, name) == 0 && tail[1 + name] == '.' &&
	       strcmp(tail + 2 + name, resource->group) == 0;
}

static int compare_claims(const void *a, const void *b)
{
	const struct sy_claim *left = a, *right = b;
	int order = strcmp(left->group, right->group);

	return order ? order : strcmp(left->resource, right->resource);
}

const struct sy_claim *sy_claims_find(const struct sy_claim *claims, size_t count, const char *group, const char *resource)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(claims[middle].group, group);

		if (order == 0)
			order = strcmp(claims[middle].resource, resource);
		if (order == 0)
			return &claims[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int decode_claim(json_object *value, const char *group, const char *resource, struct sy_claim *claim, struct sy_error *err)
{
	const char *state = sy_json_str(value, "state", NULL);
	json_object *verbs = sy_json_array(value, "verbs", NULL);

	claim->group = strdup(group);
	claim->resource = strdup(resource);
	claim->accepted = state && strcmp(state, "Accepted") == 0;
	if (!claim->group || !claim->resource)
		return sy_error_oom(err);
	for (size_t i = 0; verbs && i < json_object_array_length(verbs) && i < 32; i++) {
		json_object *verb = json_object_array_get_idx(verbs, i);

		if (!json_object_is_type(verb, json_type_string) || !name_usable(json_object_get_string(verb), 63))
			continue;
		if (sy_strv_add_new(&claim->verbs, json_object_get_string(verb), err) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* A second claim on the same resource is none. */
static size_t sort_claims(struct sy_claim *claims, size_t count)
{
	size_t kept = 0;

	if (count > 1)
		qsort(claims, count, sizeof(*claims), compare_claims);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && compare_claims(&claims[kept - 1], &claims[i]) == 0) {
			free(claims[i].group);
			free(claims[i].resource);
			sy_strv_done(&claims[i].verbs);
		} else {
			claims[kept++] = claims[i];
		}
	}
	return kept;
}

int sy_claims_decode(json_object *list, const struct sy_claim *among, size_t among_count, struct sy_claim **ret_claims, size_t *ret_count,
		     bool *ret_cut, struct sy_error *err)
{
	size_t length = list ? json_object_array_length(list) : 0, count = 0, core = 0;
	size_t most = SY_MAX_CLAIMS + SY_MAX_CORE_CLAIMS, room = length < most ? length : most;
	struct sy_claim *claims = calloc(room ? room : 1, sizeof(*claims));

	if (!claims)
		return sy_error_oom(err);
	for (size_t i = 0; i < length; i++) {
		json_object *value = json_object_array_get_idx(list, i);
		const char *group = sy_json_str(value, "group", NULL), *resource = sy_json_str(value, "resource", NULL);

		group = group ? group : "";
		if (!name_usable(group, 253) || !name_usable(resource, 63)) {
			*ret_cut = true;
			continue;
		}
		if (among && !sy_claims_find(among, among_count, group, resource) && (group[0] || !sy_claim_possible(resource)))
			continue;
		if (group[0] ? count - core >= SY_MAX_CLAIMS : core >= SY_MAX_CORE_CLAIMS) {
			*ret_cut = true;
			continue;
		}
		core += group[0] == '\0';
		if (decode_claim(value, group, resource, &claims[count++], err) < 0) {
			sy_claims_free(claims, count);
			return -ENOMEM;
		}
	}
	*ret_claims = claims;
	*ret_count = sort_claims(claims, count);
	return 0;
}

void sy_schema_done(struct sy_schema *schema)
{
	free(schema->group);
	free(schema->resource);
	free(schema->kind);
	for (size_t i = 0; i < schema->version_count; i++)
		free(schema->versions[i].name);
	free(schema->versions);
	*schema = (struct sy_schema){0};
}

const struct sy_schema_version *sy_schema_find(const struct sy_schema *schema, const char *version)
{
	for (size_t i = 0; i < schema->version_count; i++) {
		if (strcmp(schema->versions[i].name, version) == 0)
			return &schema->versions[i];
	}
	return NULL;
}

static int compare_versions(const void *a, const void *b)
{
	return sy_kube_version_compare(((const struct sy_schema_version *)a)->name, ((const struct sy_schema_version *)b)->name);
}

static int decode_versions(json_object *list, struct sy_schema *schema, struct sy_error *err)
{
	size_t count = json_object_array_length(list);

	if (count > 16)
		return sy_error_set(err, EINVAL, "spec.versions has %zu entries, at most 16 are supported", count);
	schema->versions = calloc(count ? count : 1, sizeof(*schema->versions));
	if (!schema->versions)
		return sy_error_oom(err);
	for (size_t i = 0; i < count; i++) {
		json_object *version = json_object_array_get_idx(list, i);
		const char *name = sy_json_str(version, "name", NULL);
		bool served = false;

		if (!name)
			return sy_error_set(err, EINVAL, "spec.versions[%zu] has no name", i);
		if (!sy_json_bool(version, &served, "served", NULL) || !served)
			continue;
		schema->versions[schema->version_count].name = strdup(name);
		if (!schema->versions[schema->version_count].name)
			return sy_error_oom(err);
		schema->versions[schema->version_count++].has_status = sy_json_object(version, "subresources", "status", NULL) != NULL;
	}
	if (schema->version_count > 1)
		qsort(schema->versions, schema->version_count, sizeof(*schema->versions), compare_versions);
	return 0;
}

int sy_schema_decode(json_object *object, struct sy_schema *ret_schema, struct sy_error *err)
{
	const char *resource = sy_json_str(object, "spec", "names", "plural", NULL);
	const char *kind = sy_json_str(object, "spec", "names", "kind", NULL);
	const char *scope = sy_json_str(object, "spec", "scope", NULL);
	json_object *versions = sy_json_array(object, "spec", "versions", NULL);
	struct sy_schema schema = {0};
	int r;

	if (!resource || !kind || !scope || !versions)
		return sy_error_set(err, EINVAL, "not an APIResourceSchema: spec.names, spec.scope or spec.versions is missing");
	schema.group = sy_facts_dup(sy_json_str(object, "spec", "group", NULL));
	schema.resource = strdup(resource);
	schema.kind = strdup(kind);
	schema.namespaced = strcmp(scope, "Namespaced") == 0;
	r = schema.group && schema.resource && schema.kind ? decode_versions(versions, &schema, err) : sy_error_oom(err);
	if (r < 0) {
		sy_schema_done(&schema);
		return r;
	}
	*ret_schema = schema;
	return 0;
}
