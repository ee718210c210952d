/* SyncTarget mode: bindings to plan. */
#include <stdlib.h>
#include <string.h>

#include "supervisor/planner.h"

/* One planning run over the bindings of one logical cluster. */
struct run {
	const struct sy_plan_input *input;
	struct sy_plan *plan;
	int64_t due_ms;
	bool waiting;  /* something is not known yet */
	bool draining; /* every binding leaves */
	bool all_gone; /* and none is left upstream */
	bool any_bound;
};

static bool binding_leaves(const struct sy_binding *binding)
{
	return binding->gone || binding->facts.deleting || binding->export->retired;
}

static bool binding_counts(const struct sy_binding *binding)
{
	return binding->facts.phase == SY_BINDING_BOUND || binding->facts.bound_count > 0;
}

static int up_base(const struct sy_binding *binding, char **ret_base, struct sy_error *err)
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

/* The schema of the binding counts; it trails the export's during an upgrade. */
static const struct sy_schema *bound_schema(struct run *run, const struct sy_binding *binding, const struct sy_named_resource *bound)
{
	return sy_schemas_get(run->input->knowledge->schemas, binding->export->workspace, bound->schema);
}

static int add_bound(struct run *run, const struct sy_binding *binding, const struct sy_named_resource *bound, char *base,
		     struct sy_error *err)
{
	const struct sy_knowledge *knowledge = run->input->knowledge;
	const struct sy_schema *schema = bound_schema(run, binding, bound);
	const struct sy_review *review = sy_reviews_find(knowledge->reviews, bound->group, bound->resource);
	struct sy_match match = sy_match_resource(schema, knowledge->downstream, review);
	struct sy_plan_resource resource = {.group = bound->group, .resource = bound->resource, .up_base = base};
	char *version;
	int r;

	if (match.unknown || !review || (!review->known && review->state == SY_REVIEW_UNKNOWN)) {
		run->waiting = true;
		return 0;
	}
	if (!match.usable || (!schema->namespaced && !knowledge->config->cluster_scoped))
		return 0;
	/* A worker that drains must look at everything it may have written, also where a right is missing now. */
	if (match.denied && !run->draining)
		return 0;
	version = strdup(match.version);
	if (!version)
		return sy_error_oom(err);
	resource.version = version;
	resource.kind = schema->kind;
	resource.namespaced = schema->namespaced;
	resource.up_status = match.has_status;
	resource.origin = binding->export->label;
	resource.removed = !run->draining && binding_leaves(binding);
	r = sy_plan_add(run->plan, knowledge->config, &resource, err);
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
static bool claim_planned(struct run *run, const struct sy_binding *binding, const char *claim, bool *ret_removed)
{
	const struct sy_claim_loss *loss = find_loss(binding, claim);
	int64_t due;

	*ret_removed = false;
	if (run->draining)
		return true;
	if (binding_leaves(binding)) {
		*ret_removed = true;
		return true;
	}
	if (!loss)
		return sy_strv_has(&binding->facts.readable, claim);
	due = loss->since_ms + run->input->timings->refused_ms;
	if (run->input->now_ms >= due) {
		*ret_removed = true;
		return true;
	}
	if (due < run->due_ms)
		run->due_ms = due;
	return loss->was_readable;
}

static int add_claim(struct run *run, const struct sy_binding *binding, char *claim, char *base, bool removed_pass, struct sy_error *err)
{
	const struct sy_knowledge *knowledge = run->input->knowledge;
	const struct sy_review *review = sy_reviews_find(knowledge->reviews, "", claim);
	char core[] = "", v1[] = "v1", configmap[] = "ConfigMap", secret[] = "Secret";
	struct sy_plan_resource resource = {
		.group = core, .version = v1, .resource = claim, .up_base = base, .namespaced = true, .claimed = true};
	bool removed;

	if (!sy_catalog_claim_allowed(knowledge->config, claim) || !claim_planned(run, binding, claim, &removed) || removed != removed_pass)
		return 0;
	if (!review || (!review->known && review->state == SY_REVIEW_UNKNOWN)) {
		run->waiting = true;
		return 0;
	}
	if (review->known && review->missing.count > 0 && !run->draining)
		return 0;
	resource.kind = strcmp(claim, "secrets") == 0 ? secret : configmap;
	resource.origin = binding->export->label;
	resource.removed = removed;
	return sy_plan_add(run->plan, knowledge->config, &resource, err);
}

static int add_binding(struct run *run, const struct sy_binding *binding, bool removed_pass, struct sy_error *err)
{
	sy_auto_free char *base = NULL;
	int r = up_base(binding, &base, err);

	if (r == 0 && (run->draining || binding_leaves(binding) == removed_pass)) {
		for (size_t i = 0; r == 0 && i < binding->facts.bound_count; i++)
			r = add_bound(run, binding, &binding->facts.bound[i], base, err);
	}
	for (size_t i = 0; r == 0 && i < binding->facts.wanted.count; i++)
		r = add_claim(run, binding, binding->facts.wanted.items[i], base, removed_pass, err);
	return r;
}

static int compare_bindings(const void *a, const void *b)
{
	const struct sy_binding *left = *(struct sy_binding *const *)a, *right = *(struct sy_binding *const *)b;
	int order = strcmp(left->export->label, right->export->label);

	return order ? order : strcmp(left->facts.name, right->facts.name);
}

static void look(struct run *run, struct sy_binding **bindings, size_t count)
{
	run->draining = true;
	run->all_gone = true;
	for (size_t i = 0; i < count; i++) {
		run->draining = run->draining && binding_leaves(bindings[i]);
		run->all_gone = run->all_gone && bindings[i]->gone;
		run->any_bound = run->any_bound || binding_counts(bindings[i]);
	}
	run->draining = run->draining || run->input->leaving;
}

static const char *path_of(struct sy_binding **bindings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (bindings[i]->facts.path[0])
			return bindings[i]->facts.path;
	}
	return "";
}

static int fill(struct run *run, struct sy_binding **bindings, size_t count, struct sy_error *err)
{
	const struct sy_plan_input *input = run->input;
	int r = sy_plan_begin(run->plan, input->knowledge->config, &input->target, bindings[0]->facts.cluster, path_of(bindings, count),
			      err);

	if (run->draining) {
		run->plan->mode = SY_PLAN_DRAIN;
		run->plan->upstream_gone = run->all_gone;
		if (input->leaving)
			run->plan->removal = input->leaving_policy;
	}
	/* What lives first: a resource that one export still gives is not removed because another export's binding goes. */
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; r == 0 && i < count; i++) {
			if (binding_counts(bindings[i]))
				r = add_binding(run, bindings[i], pass == 1, err);
		}
	}
	sy_plan_sort(run->plan);
	return r;
}

int sy_plan_for_bindings(const struct sy_plan_input *input, size_t first, size_t count, struct sy_plan *ret_plan, int64_t *ret_due_ms,
			 struct sy_error *err)
{
	struct sy_plan plan = {0};
	struct run run = {.input = input, .plan = &plan, .due_ms = INT64_MAX};
	sy_auto_free struct sy_binding **bindings = calloc(count ? count : 1, sizeof(struct sy_binding *));
	int r;

	if (!bindings)
		return sy_error_oom(err);
	for (size_t i = 0; i < count; i++)
		bindings[i] = sy_bindings_at(input->bindings, first + i);
	if (count > 1)
		qsort(bindings, count, sizeof(struct sy_binding *), compare_bindings);
	look(&run, bindings, count);
	*ret_due_ms = INT64_MAX;
	if (count == 0 || !run.any_bound)
		return SY_PLAN_NONE;
	r = fill(&run, bindings, count, err);
	*ret_due_ms = run.due_ms;
	if (r < 0 || run.waiting) {
		sy_plan_done(&plan);
		return r < 0 ? r : SY_PLAN_WAIT;
	}
	*ret_plan = plan;
	return SY_PLAN_READY;
}

/* --- orphans --- */

/* The same code as for a binding that is gone, with everything that the export offers as bound. */
static int add_orphan_export(struct run *run, struct sy_export *export, char *base, struct sy_error *err)
{
	struct sy_binding binding = {.export = export, .facts.phase = SY_BINDING_BOUND, .gone = true};
	int r = 0;

	for (size_t i = 0; r == 0 && i < export->facts.resource_count; i++)
		r = add_bound(run, &binding, &export->facts.resources[i], base, err);
	for (size_t i = 0; r == 0 && i < export->facts.claim_count; i++) {
		if (export->facts.claims[i].group[0] == '\0' && sy_claim_reads(&export->facts.claims[i]))
			r = add_claim(run, &binding, export->facts.claims[i].resource, base, false, err);
	}
	return r;
}

int sy_plan_for_orphan(const struct sy_plan_input *input, const char *cluster, struct sy_plan *ret_plan, struct sy_error *err)
{
	struct sy_plan plan = {0};
	struct run run = {.input = input, .plan = &plan, .due_ms = INT64_MAX, .draining = true, .all_gone = true};
	int r = sy_plan_begin(&plan, input->knowledge->config, &input->target, cluster, "", err);

	plan.mode = SY_PLAN_DRAIN;
	plan.upstream_gone = true;
	plan.removal = SY_REMOVAL_DELETE;
	for (size_t i = 0; r == 0 && i < sy_exports_count(input->knowledge->exports); i++) {
		struct sy_export *export = sy_exports_at(input->knowledge->exports, i);
		sy_auto_free char *base = NULL;
		struct sy_buf text;

		if (!export->known) {
			run.waiting = true;
			continue;
		}
		/* The upstream side is not used; the plan's format wants a URL all the same. */
		sy_buf_init(&text, 4096);
		r = sy_buf_printf(&text, "https://%s/clusters/%s", export->facts.cluster, cluster);
		base = sy_buf_take(&text);
		if (r == 0 && base)
			r = add_orphan_export(&run, export, base, err);
	}
	sy_plan_sort(&plan);
	if (r < 0 || run.waiting) {
		sy_plan_done(&plan);
		return r < 0 ? r : SY_PLAN_WAIT;
	}
	*ret_plan = plan;
	return SY_PLAN_READY;
}
