/* Decoder of APIBinding: phase, bound resources and which claims are in force (syncerd-rules(7) 4.3). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "kcp/ids.h"
#include "supervisor/discovery/facts.h"

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
	sy_strv_done(&facts->targets);
	*facts = (struct sy_binding_facts){0};
}

static int decode_bound(json_object *list, struct sy_binding_facts *facts, struct sy_error *err)
{
	size_t count = list ? json_object_array_length(list) : 0;
	size_t room = count < SY_MAX_EXPORT_RESOURCES ? count : SY_MAX_EXPORT_RESOURCES;

	facts->bound = calloc(room ? room : 1, sizeof(*facts->bound));
	if (!facts->bound)
		return sy_error_oom(err);
	for (size_t i = 0; i < count && facts->bound_count < SY_MAX_EXPORT_RESOURCES; i++) {
		json_object *item = json_object_array_get_idx(list, i);
		const struct sy_read_resource from = {.group = sy_json_str(item, "group", NULL),
						      .resource = sy_json_str(item, "resource", NULL),
						      .schema = sy_json_str(item, "schema", "name", NULL),
						      .identity = sy_json_str(item, "schema", "identityHash", NULL)};
		int r = sy_named_resource_decode(&from, &facts->bound[facts->bound_count], err);

		if (r < 0)
			return r;
		facts->bound_count += (size_t)r;
	}
	facts->cut = facts->bound_count < count;
	return 0;
}

/* What the export asks for and what the consumer's spec says decide; the condition PermissionClaimsApplied stays True for a refused claim.
 * status.appliedPermissionClaims trails spec by a moment: a claim is in force when both agree. */
static int sort_claim(const struct sy_claim *asked, const struct sy_claim *given, bool applied, struct sy_binding_facts *facts,
		      struct sy_error *err)
{
	bool accepted = given && given->accepted && applied && sy_strv_same_set(&given->verbs, &asked->verbs);
	bool core = asked->group[0] == '\0' && sy_claim_possible(asked->resource) && sy_claim_reads(asked);
	char *text = sy_claim_text(asked->group, asked->resource);
	int r;

	if (!text)
		return sy_error_oom(err);
	facts->events = facts->events || (accepted && sy_claim_makes_events(asked));
	r = sy_strv_add_new(accepted ? &facts->accepted : &facts->refused, text, err);
	if (r == 0 && core)
		r = sy_strv_add_new(&facts->wanted, text, err);
	if (r == 0 && core && accepted)
		r = sy_strv_add_new(&facts->readable, text, err);
	free(text);
	return r;
}

/* What the consumer grants and the export does not claim, any more or with these verbs: copies of an earlier time may be there. */
static int add_granted(const struct sy_claim *given, size_t count, struct sy_binding_facts *facts, struct sy_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		if (given[i].group[0] == '\0' && given[i].accepted && sy_claim_possible(given[i].resource) && sy_claim_reads(&given[i]))
			r = sy_strv_add_new(&facts->wanted, given[i].resource, err);
	}
	return r;
}

static int decode_claims(json_object *object, struct sy_binding_facts *facts, struct sy_error *err)
{
	struct sy_claim *claims[3] = {NULL};
	size_t counts[3] = {0};
	bool cut = false; /* in what the consumer wrote, which matters only where the export asks for it */
	int r;

	r = sy_claims_decode(sy_json_array(object, "status", "exportPermissionClaims", NULL), NULL, 0, &claims[0], &counts[0], &facts->cut,
			     err);
	if (r == 0)
		r = sy_claims_decode(sy_json_array(object, "spec", "permissionClaims", NULL), claims[0], counts[0], &claims[1], &counts[1],
				     &cut, err);
	if (r == 0)
		r = sy_claims_decode(sy_json_array(object, "status", "appliedPermissionClaims", NULL), claims[0], counts[0], &claims[2],
				     &counts[2], &cut, err);
	for (size_t i = 0; r == 0 && i < counts[0]; i++) {
		const struct sy_claim *asked = &claims[0][i];

		r = sort_claim(asked, sy_claims_find(claims[1], counts[1], asked->group, asked->resource),
			       sy_claims_find(claims[2], counts[2], asked->group, asked->resource) != NULL, facts, err);
	}
	if (r == 0)
		r = add_granted(claims[1], counts[1], facts, err);
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

int sy_binding_decode_names(json_object *object, struct sy_binding_facts *ret_facts, struct sy_error *err)
{
	struct sy_binding_facts facts = {0};
	int r = decode_names(object, &facts, err);

	if (r < 0) {
		sy_binding_facts_done(&facts);
		return r;
	}
	*ret_facts = facts;
	return 0;
}

/* Which SyncTargets the workspace is for. */
static int decode_targets(json_object *labels, struct sy_binding_facts *facts, struct sy_error *err)
{
	if (!labels)
		return 0;
	json_object_object_foreach(labels, key, value)
	{
		int r = 0;

		if (strncmp(key, SY_LABEL_STATE, sizeof(SY_LABEL_STATE) - 1) != 0)
			continue;
		facts->scheduled = true;
		if (json_object_is_type(value, json_type_string) && strcmp(json_object_get_string(value), "Sync") == 0 &&
		    facts->targets.count < SY_MAX_BINDING_TARGETS)
			r = sy_strv_add(&facts->targets, key + sizeof(SY_LABEL_STATE) - 1, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static time_t decode_time(const char *text)
{
	time_t at = 0;

	return text && sy_time_parse(text, &at) ? at : 0;
}

int sy_binding_decode(json_object *object, struct sy_binding_facts *ret_facts, struct sy_error *err)
{
	struct sy_binding_facts facts = {0};
	int r = decode_names(object, &facts, err);

	if (r == 0) {
		facts.deleting = sy_json_str(object, "metadata", "deletionTimestamp", NULL) != NULL;
		facts.phase = decode_phase(object, facts.deleting);
		facts.created = decode_time(sy_json_str(object, "metadata", "creationTimestamp", NULL));
		r = decode_bound(sy_json_array(object, "status", "boundResources", NULL), &facts, err);
	}
	if (r == 0)
		r = decode_targets(sy_json_object(object, "metadata", "labels", NULL), &facts, err);
	if (r == 0)
		r = decode_claims(object, &facts, err);
	if (r < 0) {
		sy_binding_facts_done(&facts);
		return r;
	}
	*ret_facts = facts;
	return 0;
}
