/* What is not synced but may have copies downstream: every resource of a supported export or of a binding that the plan does not name yet. */
#include <stdlib.h>
#include <string.h>

#include "supervisor/plan/planner.h"

int sy_plan_keep(struct sy_plan *plan, const struct sy_knowledge *knowledge, const struct sy_plan_kept *kept, struct sy_error *err)
{
	const struct sy_served_resource *served = sy_downstream_find(knowledge->downstream, kept->group, NULL, kept->resource);
	const char *version = sy_downstream_served_version(knowledge->downstream, kept->group, kept->resource);
	const char *kind = kept->schema ? kept->schema->kind : "Unknown"; /* nobody asks for it */
	bool namespaced = served ? served->namespaced : !kept->schema || kept->schema->namespaced;
	struct sy_plan_resource resource = {.role = SY_ROLE_KEPT, .namespaced = true};
	int r;

	if (!namespaced)
		return 0;
	if (!version)
		version = kept->schema && kept->schema->version_count > 0 ? kept->schema->versions[0].name : "v1";
	resource.group = strdup(kept->group);
	resource.version = strdup(version);
	resource.resource = strdup(kept->resource);
	resource.kind = strdup(kind);
	resource.up_base = strdup(kept->base);
	resource.origin = strdup(kept->origin);
	if (resource.group && resource.version && resource.resource && resource.kind && resource.up_base && resource.origin)
		r = sy_plan_add(plan, knowledge->config, &resource, err);
	else
		r = sy_error_oom(err);
	free(resource.group);
	free(resource.version);
	free(resource.resource);
	free(resource.kind);
	free(resource.up_base);
	free(resource.origin);
	return r;
}

static int keep_named(struct sy_plan *plan, const struct sy_knowledge *knowledge, const struct sy_export *export,
		      const struct sy_named_resource *named, const char *base, struct sy_error *err)
{
	bool possible = sy_named_resource_possible(named, export->known ? export->facts.identity : "");
	const struct sy_plan_kept kept = {
		.group = named->group,
		.resource = named->resource,
		.schema = possible ? sy_schemas_get(knowledge->schemas, sy_export_place(export), named->schema, false) : NULL,
		.base = base,
		.origin = export->label};

	if (named->group[0] == '\0')
		return 0; /* core resources are kept as claims, or not at all */
	return sy_plan_keep(plan, knowledge, &kept, err);
}

int sy_plan_keep_bound(struct sy_plan *plan, const struct sy_knowledge *knowledge, const struct sy_binding *binding, const char *base,
		       struct sy_error *err)
{
	int r = 0;

	plan->keep_namespaces = plan->keep_namespaces || binding->facts.cut; /* there is more than we can name */
	for (size_t i = 0; r == 0 && i < binding->facts.bound_count; i++)
		r = keep_named(plan, knowledge, binding->export, &binding->facts.bound[i], base, err);
	return r;
}

int sy_plan_keep_exports(struct sy_plan *plan, const struct sy_knowledge *knowledge, const char *base, struct sy_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sy_exports_count(knowledge->exports); i++) {
		const struct sy_export *export = sy_exports_at(knowledge->exports, i);

		if (!export->known) {
			/* Its resources may be in there, and nobody can say which they are. */
			plan->keep_namespaces = plan->keep_namespaces || !export->retired;
			continue;
		}
		plan->keep_namespaces = plan->keep_namespaces || export->facts.cut;
		for (size_t j = 0; r == 0 && j < export->facts.resource_count; j++)
			r = keep_named(plan, knowledge, export, &export->facts.resources[j], base, err);
		for (size_t j = 0; r == 0 && j < export->facts.claim_count; j++) {
			const struct sy_claim *claim = &export->facts.claims[j];
			const struct sy_plan_kept kept = {"", claim->resource, NULL, base, export->label};

			if (claim->group[0] == '\0' && sy_catalog_claimable(claim->resource) && sy_claim_reads(claim))
				r = sy_plan_keep(plan, knowledge, &kept, err);
		}
	}
	return r;
}
