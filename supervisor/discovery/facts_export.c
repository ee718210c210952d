/* Decoders of APIExport and APIExportEndpointSlice. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kcp/ids.h"
#include "supervisor/discovery/facts.h"
#include "supervisor/config/kubeconfig_url.h"

void sy_export_facts_done(struct sy_export_facts *facts)
{
	free(facts->cluster);
	free(facts->path);
	free(facts->identity);
	sy_named_resources_free(facts->resources, facts->resource_count);
	sy_claims_free(facts->claims, facts->claim_count);
	*facts = (struct sy_export_facts){0};
}

static int decode_resources(json_object *list, struct sy_export_facts *facts, struct sy_error *err)
{
	size_t count = list ? json_object_array_length(list) : 0;
	size_t room = count < SY_MAX_EXPORT_RESOURCES ? count : SY_MAX_EXPORT_RESOURCES;

	facts->resources = calloc(room ? room : 1, sizeof(*facts->resources));
	if (!facts->resources)
		return sy_error_oom(err);
	for (size_t i = 0; i < count && facts->resource_count < SY_MAX_EXPORT_RESOURCES; i++) {
		json_object *item = json_object_array_get_idx(list, i);
		const struct sy_read_resource from = {.group = sy_json_str(item, "group", NULL),
						      .resource = sy_json_str(item, "name", NULL),
						      .schema = sy_json_str(item, "schema", NULL)};
		int r = sy_named_resource_decode(&from, &facts->resources[facts->resource_count], err);

		if (r < 0)
			return r;
		facts->resource_count += (size_t)r;
	}
	facts->cut = facts->resource_count < count;
	return 0;
}

int sy_export_decode(json_object *object, struct sy_export_facts *ret_facts, struct sy_error *err)
{
	const char *cluster = sy_json_str(object, "metadata", "annotations", SY_ANNOTATION_KCP_CLUSTER, NULL);
	struct sy_export_facts facts = {0};
	int r;

	if (!cluster || !sy_cluster_name_valid(cluster))
		return sy_error_set(err, EINVAL, "APIExport has no usable annotation " SY_ANNOTATION_KCP_CLUSTER);
	facts.cluster = strdup(cluster);
	facts.path = sy_facts_dup(sy_json_str(object, "metadata", "annotations", SY_ANNOTATION_KCP_PATH, NULL));
	facts.identity = sy_facts_dup(sy_json_str(object, "status", "identityHash", NULL));
	r = facts.cluster && facts.path && facts.identity ? 0 : sy_error_oom(err);
	if (r == 0)
		r = decode_resources(sy_json_array(object, "spec", "resources", NULL), &facts, err);
	if (r == 0)
		r = sy_claims_decode(sy_json_array(object, "spec", "permissionClaims", NULL), NULL, 0, &facts.claims, &facts.claim_count,
				     &facts.cut, err);
	if (r < 0) {
		sy_export_facts_done(&facts);
		return r;
	}
	*ret_facts = facts;
	return 0;
}

int sy_slice_decode(json_object *object, struct sy_strv *ret_urls, struct sy_error *err)
{
	json_object *list = sy_json_array(object, "status", "endpoints", NULL);
	size_t count = list ? json_object_array_length(list) : 0;
	struct sy_strv urls = {0};
	int r = 0;

	if (count > SY_MAX_ENDPOINTS)
		return sy_error_set(err, EINVAL, "status.endpoints has %zu entries, at most %d are supported", count, SY_MAX_ENDPOINTS);
	for (size_t i = 0; r == 0 && i < count; i++) {
		const char *url = sy_json_str(json_object_array_get_idx(list, i), "url", NULL);
		/* The URL receives our token: it must pass what a kubeconfig's server must pass. */
		const char *reason = url ? sy_server_url_check(url) : "is missing";

		if (reason) {
			r = sy_error_set(err, EINVAL, "status.endpoints[%zu].url %s", i, reason);
			break;
		}
		r = sy_strv_add_new(&urls, url, err);
		if (r < 0)
			break;
		for (char *text = urls.items[urls.count - 1]; strlen(text) > 9 && text[strlen(text) - 1] == '/';)
			text[strlen(text) - 1] = '\0';
	}
	if (r < 0) {
		sy_strv_done(&urls);
		return r;
	}
	sy_strv_sort(&urls);
	*ret_urls = urls;
	return 0;
}
