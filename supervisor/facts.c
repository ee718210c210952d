#include "supervisor/facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kube/gvr.h"

char *sy_facts_dup(const char *text)
{
	return strdup(text ? text : "");
}

void sy_named_resources_free(struct sy_named_resource *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(items[i].group);
		free(items[i].resource);
		free(items[i].schema);
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

bool sy_claim_reads(const struct sy_claim *claim)
{
	if (sy_strv_has(&claim->verbs, "*"))
		return true;
	return sy_strv_has(&claim->verbs, "get") && sy_strv_has(&claim->verbs, "list") && sy_strv_has(&claim->verbs, "watch");
}

static int decode_claim(json_object *value, const char *what, size_t index, struct sy_claim *claim, struct sy_error *err)
{
	const char *group = sy_json_str(value, "group", NULL);
	const char *resource = sy_json_str(value, "resource", NULL);
	const char *state = sy_json_str(value, "state", NULL);
	json_object *verbs = sy_json_array(value, "verbs", NULL);

	if (!resource)
		return sy_error_set(err, EINVAL, "%s[%zu] has no resource", what, index);
	claim->group = sy_facts_dup(group);
	claim->resource = strdup(resource);
	claim->accepted = state && strcmp(state, "Accepted") == 0;
	if (!claim->group || !claim->resource)
		return sy_error_oom(err);
	for (size_t i = 0; verbs && i < json_object_array_length(verbs) && i < 32; i++) {
		json_object *verb = json_object_array_get_idx(verbs, i);

		if (!json_object_is_type(verb, json_type_string))
			continue;
		if (sy_strv_add_new(&claim->verbs, json_object_get_string(verb), err) < 0)
			return -ENOMEM;
	}
	return 0;
}

int sy_claims_decode(json_object *list, const char *what, struct sy_claim **ret_claims, size_t *ret_count, struct sy_error *err)
{
	size_t count = list ? json_object_array_length(list) : 0;
	struct sy_claim *claims;

	if (count > SY_MAX_CLAIMS)
		return sy_error_set(err, EINVAL, "%s has %zu entries, at most %d are supported", what, count, SY_MAX_CLAIMS);
	claims = calloc(count ? count : 1, sizeof(*claims));
	if (!claims)
		return sy_error_oom(err);
	for (size_t i = 0; i < count; i++) {
		int r = decode_claim(json_object_array_get_idx(list, i), what, i, &claims[i], err);

		if (r < 0) {
			sy_claims_free(claims, count);
			return r;
		}
	}
	*ret_claims = claims;
	*ret_count = count;
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
