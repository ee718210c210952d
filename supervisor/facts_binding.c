/* Decoder of APIBinding: phase, bound resources and which claims are in force (synctarget.md 4.3). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kcp/ids.h"
#include "supervisor/facts.h"

const char *sy_binding_phase_name(enum sy_binding_phase phase)
{
	static const char *const names[SY_BINDING_PHASE_MAX] = {"Unknown", "Binding", "Bound", "Unbinding"};

	return phase < SY_BINDING_PHASE_MAX ? names[phase] : names[0];
}

void sy_binding_facts_done(struct sy_binding_facts *facts)
{
	free(facts->cluster);
	free(facts->path);
	free(facts->name);
	free(facts->export_path);
	free(facts->export_name);
	free(facts->export_cluster);
	sy_named_resources_free(facts->bound, facts->bound_count);
	sy_strv_done(&facts->accepted);
	sy_strv_done(&facts->refused);
	sy_strv_done(&facts->readable);
	sy_strv_done(&facts->wanted);
	*facts = (struct sy_binding_facts){0};
}

static int decode_bound(json_object *list, struct sy_binding_facts *facts, struct sy_error *err)
{
	size_t count = list ? json_object_array_length(list) : 0;

	if (count > SY_MAX_EXPORT_RESOURCES)
		return sy_error_set(err, EINVAL, "status.boundResources has %zu entries, at most %d are supported", count,
				    SY_MAX_EXPORT_RESOURCES);
	facts->bound = calloc(count ? count : 1, sizeof(*facts->bound));
	if (!facts->bound)
		return sy_error_oom(err);
	for (size_t i = 0; i < count; i++) {
		json_object *item = json_object_array_get_idx(list, i);
		const char *resource = sy_json_str(item, "resource", NULL);
		struct sy_named_resource *bound = &facts->bound[i];

		if (!resource)
			return sy_error_set(err, EINVAL, "status.boundResources[%zu] has no resource", i);
		facts->bound_count = i + 1;
		bound->group = sy_facts_dup(sy_json_str(item, "group", NULL));
		bound->resource = strdup(resource);
		bound->schema = sy_facts_dup(sy_json_str(item, "schema", "name", NULL));
		if (!bound->group || !bound->resource || !bound->schema)
			return sy_error_oom(err);
	}
	return 0;
}

static const struct sy_claim *find_claim(const struct sy_claim *claims, size_t count, const struct sy_claim *like)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(claims[i].group, like->group) == 0 && strcmp(claims[i].resource, like->resource) == 0)
			return &claims[i];
	}
	return NULL;
}

/* What the export asks for and what the consumer's spec says decide; the condition PermissionClaimsApplied stays True for a refused claim.
 * status.appliedPermissionClaims trails spec by a moment: a claim is in force when both agree. */
static int sort_claim(const struct sy_claim *asked, const struct sy_claim *given, bool applied, struct sy_binding_facts *facts,
		      struct sy_error *err)
{
	bool accepted = given && given->accepted && applied && sy_strv_same_set(&given->verbs, &asked->verbs);
	bool core = asked->group[0] == '\0' && sy_claim_reads(asked);
	char *text = sy_claim_text(asked->group, asked->resource);
	int r;

	if (!text)
		return sy_error_oom(err);
	r = sy_strv_add_new(accepted ? &facts->accepted : &facts->refused, text, err);
	if (r == 0 && core)
		r = sy_strv_add_new(&facts->wanted, text, err);
	if (r == 0 && core && accepted)
		r = sy_strv_add_new(&facts->readable, text, err);
	free(text);
	return r;
}

static int decode_claims(json_object *object, struct sy_binding_facts *facts, struct sy_error *err)
{
	struct sy_claim *claims[3] = {NULL};
	size_t counts[3] = {0};
	int r;

	r = sy_claims_decode(sy_json_array(object, "status", "exportPermissionClaims", NULL), "status.exportPermissionClaims", &claims[0],
			     &counts[0], err);
	if (r == 0)
		r = sy_claims_decode(sy_json_array(object, "spec", "permissionClaims", NULL), "spec.permissionClaims", &claims[1],
				     &counts[1], err);
	if (r == 0)
		r = sy_claims_decode(sy_json_array(object, "status", "appliedPermissionClaims", NULL), "status.appliedPermissionClaims",
				     &claims[2], &counts[2], err);
	for (size_t i = 0; r == 0 && i < counts[0]; i++)
		r = sort_claim(&claims[0][i], find_claim(claims[1], counts[1], &claims[0][i]),
			       find_claim(claims[2], counts[2], &claims[0][i]) != NULL, facts, err);
	for (size_t i = 0; i < 3; i++)
		sy_claims_free(claims[i], counts[i]);
	sy_strv_sort(&facts->accepted);
	sy_strv_sort(&facts->refused);
	sy_strv_sort(&facts->readable);
	sy_strv_sort(&facts->wanted);
	return r;
}

static enum sy_binding_phase decode_phase(json_object *object, bool deleting)
{
	const char *phase = sy_json_str(object, "status", "phase", NULL);

	if (deleting)
		return SY_BINDING_UNBINDING;
	if (phase && strcmp(phase, "Bound") == 0)
		return SY_BINDING_BOUND;
	if (!phase || phase[0] == '\0' || strcmp(phase, "Binding") == 0)
		return SY_BINDING_BINDING;
	return SY_BINDING_UNKNOWN;
}

static int decode_names(json_object *object, struct sy_binding_facts *facts, struct sy_error *err)
{
	const char *cluster = sy_json_str(object, "metadata", "annotations", SY_ANNOTATION_KCP_CLUSTER, NULL);
	const char *path = sy_json_str(object, "metadata", "annotations", SY_ANNOTATION_KCP_PATH, NULL);
	const char *name = sy_json_str(object, "metadata", "name", NULL);

	if (!cluster || !sy_cluster_name_valid(cluster))
		return sy_error_set(err, EINVAL, "APIBinding has no usable annotation " SY_ANNOTATION_KCP_CLUSTER);
	if (!name)
		return sy_error_set(err, EINVAL, "APIBinding has no name");
	facts->cluster = strdup(cluster);
	facts->path = sy_facts_dup(path && sy_workspace_path_valid(path) ? path : NULL);
	facts->name = strdup(name);
	facts->export_path = sy_facts_dup(sy_json_str(object, "spec", "reference", "export", "path", NULL));
	facts->export_name = sy_facts_dup(sy_json_str(object, "spec", "reference", "export", "name", NULL));
	facts->export_cluster = sy_facts_dup(sy_json_str(object, "status", "apiExportClusterName", NULL));
	if (!facts->cluster || !facts->path || !facts->name || !facts->export_path || !facts->export_name || !facts->export_cluster)
		return sy_error_oom(err);
	return 0;
}

int sy_binding_decode(json_object *object, struct sy_binding_facts *ret_facts, struct sy_error *err)
{
	struct sy_binding_facts facts = {0};
	int r = decode_names(object, &facts, err);

	if (r == 0) {
		facts.deleting = sy_json_str(object, "metadata", "deletionTimestamp", NULL) != NULL;
		facts.phase = decode_phase(object, facts.deleting);
		r = decode_bound(sy_json_array(object, "status", "boundResources", NULL), &facts, err);
	}
	if (r == 0)
		r = decode_claims(object, &facts, err);
	if (r < 0) {
		sy_binding_facts_done(&facts);
		return r;
	}
	*ret_facts = facts;
	return 0;
}
