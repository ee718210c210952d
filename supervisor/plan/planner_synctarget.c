/* SyncTarget mode: what one binding adds to a plan. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/plan/planner_impl.h"

void sy_plan_say(struct sy_plan_run *run, const char *reason, const char *what, const char *message)
{
	struct sy_plan_note *to = run->input->note;

	if (!to || to->reason[0])
		return;
	(void)strlcpy(to->reason, reason, sizeof(to->reason));
	(void)snprintf(to->message, sizeof(to->message), "%.100s: %.150s", what, message);
}

bool sy_plan_binding_leaves(const struct sy_binding *binding)
{
	return binding->gone || binding->elsewhere || binding->facts.deleting || binding->export->retired;
}

int sy_plan_up_base(const struct sy_binding *binding, char **ret_base, struct sy_error *err)
{
	struct sy_buf text;

	sy_buf_init(&text, 4096);
	if (sy_buf_printf(&text, "%s/clusters/%s", binding->url, binding->facts.cluster) < 0) {
		sy_buf_done(&text);
		return sy_error_oom(err);
	}
	*ret_base = sy_buf_take(&text);
	return *ret_base ? 0 : sy_error_oom(err);
}

static const char *identity_of(const struct sy_export *export)
{
	return export->known ? export->facts.identity : "";
}

/* The schema of the binding counts; it trails the export's during an upgrade. */
static const struct sy_schema *bound_schema(struct sy_plan_run *run, const struct sy_binding *binding,
					    const struct sy_named_resource *bound)
{
	return sy_schemas_get(run->input->knowledge->schemas, sy_export_place(binding->export), bound->schema, false);
}

static bool leaves(const struct sy_plan_run *run, const struct sy_binding *binding)
{
	return run->draining || sy_plan_binding_leaves(binding);
}

/* What it means for a resource or a claim that its binding leaves. */
static void set_role(const struct sy_plan_run *run, const struct sy_binding *binding, struct sy_plan_resource *resource)
{
	resource->up_gone = binding->gone;
	resource->role = SY_ROLE_SYNC;
	resource->events = run->input->knowledge->config->tenant_events && binding->facts.events && !sy_plan_binding_leaves(binding);
	if (run->draining || !sy_plan_binding_leaves(binding))
		return;
	resource->role = SY_ROLE_REMOVED;
	resource->orphan = run->input->knowledge->config->unbind == SY_REMOVAL_ORPHAN && !binding->elsewhere;
}

static int add(struct sy_plan_run *run, const struct sy_plan_resource *resource, struct sy_error *err)
{
	if (run->plan->resource_count >= SY_MAX_PLAN_RESOURCES && !sy_plan_names(run->plan, resource->group, resource->resource))
		sy_plan_say(run, "TooManyResources", resource->resource, "more resources than one workspace can have; it is not synced");
	return sy_plan_add(run->plan, run->input->knowledge->config, resource, err);
}

/* The cluster has no such resource. Once that is sure, its objects upstream are let go (4.2). A drain without it would be over before. */
static int add_absent(struct sy_plan_run *run, const struct sy_binding *binding, struct sy_plan_resource *resource,
		      const struct sy_schema *schema, const struct sy_match *match, struct sy_error *err)
{
	if (run->all_gone || schema->version_count == 0)
		return 0;
	if (match->absent_ms < run->input->timings->absent_ms) {
		run->waiting = run->waiting || run->draining;
		return 0;
	}
	resource->version = schema->versions[0].name;
	resource->kind = schema->kind;
	resource->namespaced = schema->namespaced;
	resource->role = SY_ROLE_ABSENT;
	resource->up_gone = binding->gone;
	resource->release_all = !run->draining && sy_plan_binding_leaves(binding);
	return add(run, resource, err);
}

/* Another export that stays offers it, too. */
static bool offered_elsewhere(const struct sy_plan_run *run, const struct sy_binding *binding, const struct sy_plan_resource *resource)
{
	const struct sy_exports *exports = run->input->knowledge->exports;

	for (size_t i = 0; i < sy_exports_count(exports); i++) {
		const struct sy_export *export = sy_exports_at(exports, i);

		for (size_t j = 0; export != binding->export && !export->retired && j < export->facts.resource_count; j++) {
			if (strcmp(export->facts.resources[j].group, resource->group) == 0 &&
			    strcmp(export->facts.resources[j].resource, resource->resource) == 0)
				return true;
		}
	}
	return false;
}

/* Its schema is lost, and its copies are to go: what the cluster says about the resource is enough for that. */
static int add_by_cluster(struct sy_plan_run *run, const struct sy_binding *binding, struct sy_plan_resource *resource,
			  struct sy_error *err)
{
	const struct sy_downstream *downstream = run->input->knowledge->downstream;
	const struct sy_served_resource *served = sy_downstream_find(downstream, resource->group, NULL, resource->resource);
	const char *version = sy_downstream_served_version(downstream, resource->group, resource->resource);
	int64_t absent_ms = sy_downstream_absent_ms(downstream, resource->group, resource->resource);
	int r;

	if (!served || !version) {
		/* Not served either, once that is sure: then nothing of it is there. */
		if (absent_ms < 0 || (absent_ms < run->input->timings->absent_ms && !run->all_gone))
			run->waiting = run->waiting || run->draining;
		return 0;
	}
	if (!run->draining && offered_elsewhere(run, binding, resource))
		return 0;
	resource->version = strdup(version);
	resource->kind = served->kind;
	resource->namespaced = served->namespaced;
	set_role(run, binding, resource);
	r = resource->version ? add(run, resource, err) : sy_error_oom(err);
	free(resource->version);
	return r;
}

/* Without its schema nothing can be said about a resource. What there is no answer about yet is worth waiting for; else the others go on
 * without it, and whoever leaves goes by what the cluster says. */
static int add_unknown(struct sy_plan_run *run, const struct sy_binding *binding, const struct sy_named_resource *bound,
		       struct sy_plan_resource *resource, struct sy_error *err)
{
	enum sy_schema_state state = sy_schemas_state(run->input->knowledge->schemas, sy_export_place(binding->export), bound->schema);

	if (state == SY_SCHEMA_MISSING)
		sy_plan_say(run, "SchemaMissing", bound->schema, "there is no such APIResourceSchema in the workspace of the export");
	else if (state == SY_SCHEMA_NO_ROOM)
		sy_plan_say(run, "TooManyResources", bound->schema, "more schemas than are supported; its resource is not synced");
	else if (state == SY_SCHEMA_FAILING)
		sy_plan_say(run, "SchemaUnknown", bound->schema, "the APIResourceSchema cannot be read");
	/* Of what is out of reach for good, no better answer will come. */
	if (state == SY_SCHEMA_FAILING && binding->gone && binding->export->retired)
		state = SY_SCHEMA_MISSING;
	if (state != SY_SCHEMA_MISSING && state != SY_SCHEMA_NO_ROOM) {
		run->waiting = true;
		return 0;
	}
	return leaves(run, binding) ? add_by_cluster(run, binding, resource, err) : 0;
}

/* The configuration may exclude all that is cluster-scoped. But there may be objects of a time when it did not: they go with whoever leaves.
 * Where we may not look, nobody ever gave us rights to write. */
static bool excluded(const struct sy_plan_run *run, const struct sy_binding *binding, const struct sy_schema *schema,
		     const struct sy_review *review)
{
	if (schema->namespaced || run->input->knowledge->config->cluster_scoped)
		return false;
	return !leaves(run, binding) || (review && sy_strv_has(&review->missing, "list"));
}

/* Nobody has asked about it: there was no room for the question, or it will be asked in a moment. */
static void no_review(struct sy_plan_run *run, const char *resource)
{
	if (sy_reviews_left_out(run->input->knowledge->reviews) > 0)
		sy_plan_say(run, "TooManyResources", resource, "more resources than are supported; it is not synced");
	else
		run->waiting = run->waiting || !run->draining;
}

int sy_plan_add_bound(struct sy_plan_run *run, const struct sy_binding *binding, const struct sy_named_resource *bound, char *base,
		      struct sy_error *err)
{
	const struct sy_knowledge *knowledge = run->input->knowledge;
	bool possible = sy_named_resource_possible(bound, identity_of(binding->export));
	const struct sy_schema *schema = possible ? bound_schema(run, binding, bound) : NULL;
	const struct sy_review *review = sy_reviews_find(knowledge->reviews, bound->group, bound->resource);
	struct sy_match match = sy_match_resource(schema, knowledge->downstream, review);
	struct sy_plan_resource resource = {
		.group = bound->group, .resource = bound->resource, .up_base = base, .origin = binding->export->label};
	char *version;
	int r;

	/* What an entry says must be what its schema says; else it could name anything, Secrets too. */
	if (!possible || (schema && (strcmp(schema->group, bound->group) != 0 || strcmp(schema->resource, bound->resource) != 0))) {
		sy_plan_say(run, "ResourceRefused", bound->resource,
			    "the APIBinding names a resource that its APIExport cannot give; it is not synced");
		return 0;
	}
	if (!schema)
		return add_unknown(run, binding, bound, &resource, err);
	if (!review && !run->draining) {
		no_review(run, bound->resource);
		return 0;
	}
	if (match.unknown || (review && !review->known && review->state == SY_REVIEW_UNKNOWN)) {
		run->waiting = true;
		return 0;
	}
	if (excluded(run, binding, schema, review))
		return 0;
	if (match.absent_ms >= 0)
		return add_absent(run, binding, &resource, schema, &match, err);
	if (!match.usable)
		return 0;
	/* Who removes must look at everything that may have been written, also where a right is missing now. */
	if (match.denied && !leaves(run, binding))
		return 0;
	version = strdup(match.version);
	if (!version)
		return sy_error_oom(err);
	resource.version = version;
	resource.kind = schema->kind;
	resource.namespaced = schema->namespaced;
	resource.up_status = match.has_status && !binding->shared; /* whose would it be? */
	set_role(run, binding, &resource);
	r = add(run, &resource, err);
	free(version);
	return r;
}

static const struct sy_claim_loss *find_loss(const struct sy_binding *binding, const char *claim)
{
	for (size_t i = 0; i < binding->loss_count; i++) {
		if (strcmp(binding->losses[i].resource, claim) == 0)
			return &binding->losses[i];
	}
	return NULL;
}

/* A claim in force is synced. A lost one is kept for a grace time if it was in force before, then its copies are removed. */
static bool claim_planned(struct sy_plan_run *run, const struct sy_binding *binding, const char *claim, bool *ret_removed)
{
	const struct sy_claim_loss *loss = find_loss(binding, claim);
	int64_t due;

	*ret_removed = false;
	if (run->draining)
		return true;
	if (sy_plan_binding_leaves(binding)) {
		*ret_removed = true;
		return true;
	}
	if (!loss)
		return sy_strv_has(&binding->in_force, claim) && sy_catalog_claim_allowed(run->input->knowledge->config, claim);
	due = loss->since_ms + run->input->timings->refused_ms;
	if (run->input->now_ms >= due) {
		*ret_removed = true;
		return true;
	}
	if (due < run->due_ms)
		run->due_ms = due;
	return loss->was_in_force;
}

int sy_plan_add_claim(struct sy_plan_run *run, const struct sy_binding *binding, char *claim, char *base, bool removed_pass,
		      struct sy_error *err)
{
	const struct sy_knowledge *knowledge = run->input->knowledge;
	const struct sy_review *review = sy_reviews_find(knowledge->reviews, "", claim);
	char core[] = "", v1[] = "v1", configmap[] = "ConfigMap", secret[] = "Secret";
	struct sy_plan_resource resource = {
		.group = core, .version = v1, .resource = claim, .up_base = base, .namespaced = true, .claimed = true};
	bool removed, sweeps_all;

	if (!sy_catalog_claimable(claim) || !claim_planned(run, binding, claim, &removed) || removed != removed_pass)
		return 0;
	if (!review) {
		no_review(run, claim);
		return 0;
	}
	if (!review->known && review->state == SY_REVIEW_UNKNOWN) {
		run->waiting = true;
		return 0;
	}
	/* A drain looks at everything, but for what nobody gave us rights to: then we never wrote it. */
	sweeps_all = run->draining && sy_catalog_claim_allowed(knowledge->config, claim);
	if (review->known && review->missing.count > 0 && !sweeps_all)
		return 0;
	resource.kind = strcmp(claim, "secrets") == 0 ? secret : configmap;
	resource.origin = binding->export->label;
	set_role(run, binding, &resource);
	resource.up_gone = resource.up_gone || binding->rest;
	/* Consent that was withdrawn leaves nothing behind, not even what an orphaning would. And what is not in force cannot be read
	 * upstream: a drain that waited for it would never end. */
	if (removed || (run->draining && find_loss(binding, claim)))
		resource.role = SY_ROLE_REMOVED;
	return add(run, &resource, err);
}

int sy_plan_add_binding(struct sy_plan_run *run, const struct sy_binding *binding, bool removed_pass, struct sy_error *err)
{
	sy_auto_free char *base = NULL;
	int r = sy_plan_up_base(binding, &base, err);

	if (r == 0 && (run->draining || sy_plan_binding_leaves(binding) == removed_pass)) {
		for (size_t i = 0; r == 0 && i < binding->facts.bound_count; i++)
			r = sy_plan_add_bound(run, binding, &binding->facts.bound[i], base, err);
	}
	for (size_t i = 0; r == 0 && i < binding->in_force.count; i++)
		r = sy_plan_add_claim(run, binding, binding->in_force.items[i], base, removed_pass, err);
	for (size_t i = 0; r == 0 && i < binding->loss_count; i++)
		r = sy_plan_add_claim(run, binding, binding->losses[i].resource, base, removed_pass, err);
	return r;
}
