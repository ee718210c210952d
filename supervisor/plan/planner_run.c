/* SyncTarget mode: from the bindings of a logical cluster, or from none, to its plan. */
#include <stdlib.h>
#include <string.h>

#include "supervisor/plan/planner_impl.h"

static bool binding_counts(const struct sy_binding *binding)
{
	return binding->facts.phase == SY_BINDING_BOUND || binding->facts.bound_count > 0;
}

static int compare_bindings(const void *a, const void *b)
{
	const struct sy_binding *left = *(struct sy_binding *const *)a, *right = *(struct sy_binding *const *)b;
	int order = left->gone != right->gone ? (left->gone ? 1 : -1) : 0;

	/* What can still be asked upstream first, and what is known before what stands for the rest. */
	if (order == 0 && left->rest != right->rest)
		order = left->rest ? 1 : -1;
	if (order == 0)
		order = strcmp(left->export->label, right->export->label);
	return order ? order : strcmp(left->facts.name, right->facts.name);
}

static void look(struct sy_plan_run *run, struct sy_binding **bindings, size_t count)
{
	run->draining = run->unbound = true;
	run->all_gone = true;
	for (size_t i = 0; i < count; i++) {
		run->draining = run->draining && sy_plan_binding_leaves(bindings[i]);
		run->all_gone = run->all_gone && bindings[i]->gone;
		run->unbound = run->unbound && sy_plan_binding_leaves(bindings[i]) && !bindings[i]->elsewhere;
		run->any_bound = run->any_bound || binding_counts(bindings[i]);
	}
	run->draining = run->draining || run->input->leaving || run->input->evicting;
}

static const char *path_of(struct sy_binding **bindings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (bindings[i]->facts.path[0])
			return bindings[i]->facts.path;
	}
	return "";
}

static int keep_others(struct sy_plan_run *run, struct sy_binding **bindings, size_t count, struct sy_error *err)
{
	sy_auto_free char *base = NULL;
	int r = sy_plan_up_base(bindings[0], &base, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		r = sy_plan_keep_bound(run->plan, run->input->knowledge, bindings[i], base, err);
		if (bindings[i]->facts.cut)
			sy_plan_say(run, "BindingTooLarge", bindings[i]->facts.name,
				    "the APIBinding has more resources or claims than are supported; the rest is not synced");
	}
	return r == 0 ? sy_plan_keep_exports(run->plan, run->input->knowledge, base, err) : r;
}

static int fill(struct sy_plan_run *run, struct sy_binding **bindings, size_t count, struct sy_error *err)
{
	const struct sy_plan_input *input = run->input;
	int r = sy_plan_begin(run->plan, input->knowledge->config, &input->target, bindings[0]->facts.cluster, path_of(bindings, count),
			      err);

	if (run->draining) {
		run->plan->mode = SY_PLAN_DRAIN;
		run->plan->guard = false; /* unbound, evicted, or the SyncTarget goes: somebody said so */
		run->plan->upstream_gone = run->all_gone;
		if (input->leaving)
			run->plan->removal = input->leaving_policy;
		else if (!run->unbound)
			run->plan->removal = SY_REMOVAL_EVICT;
	}
	/* What lives first: a resource that one export still gives is not removed because another export's binding goes. */
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; r == 0 && i < count; i++) {
			if (binding_counts(bindings[i]))
				r = sy_plan_add_binding(run, bindings[i], pass == 1, err);
		}
	}
	if (r == 0)
		r = keep_others(run, bindings, count, err);
	sy_plan_sort(run->plan);
	return r;
}

/* An export that is named and was never read may have something in this workspace, and in its namespaces: a drain waits for it, but not for
 * one that has been missing or closed to us for long. That one must not hold up the tenants of others: what may be of it is left alone. Where
 * objects stay upstream, in an eviction, it is waited for: they come back, and would not find what was left alone. */
static void await_exports(struct sy_plan_run *run)
{
	const struct sy_exports *exports = run->input->knowledge->exports;
	bool evicted = !run->unbound && !run->input->leaving;

	for (size_t i = 0; i < sy_exports_count(exports); i++) {
		const struct sy_export *export = sy_exports_at(exports, i);
		bool answered = !evicted && (export->state == SY_EXPORT_NOT_FOUND || export->state == SY_EXPORT_FORBIDDEN);
		int64_t until = export->added_ms + run->input->timings->gone_ms;

		if (!export->named || export->known || (answered && run->input->now_ms >= until))
			continue;
		sy_plan_say(run, "ExportUnread", export->label, "the APIExport was not read yet; the drain waits for it");
		run->waiting = true;
		if (answered && until < run->due_ms)
			run->due_ms = until;
	}
}

static int run_over(struct sy_plan_run *run, struct sy_binding **bindings, size_t count, struct sy_error *err)
{
	if (count > 1)
		qsort(bindings, count, sizeof(struct sy_binding *), compare_bindings);
	look(run, bindings, count);
	if (count == 0 || !run->any_bound)
		return SY_PLAN_NONE;
	if (run->draining)
		await_exports(run);
	int r = fill(run, bindings, count, err);
	return r < 0 ? r : run->waiting ? SY_PLAN_WAIT : SY_PLAN_READY;
}

/* first .. first+count-1 are all that is known of the cluster's bindings; count may be 0. */
static int plan_cluster(const struct sy_plan_input *input, const char *cluster, size_t first, size_t count, struct sy_plan *ret_plan,
			int64_t *ret_due_ms, struct sy_error *err)
{
	struct sy_plan plan = {0};
	struct sy_plan_run run = {.input = input, .plan = &plan, .due_ms = INT64_MAX};
	sy_auto_free struct sy_binding **bindings = NULL;
	struct sy_binding *rest = NULL;
	size_t rests = 0;
	int r;

	*ret_due_ms = INT64_MAX;
	if (input->note)
		*input->note = (struct sy_plan_note){0};
	r = sy_plan_rest(input, cluster, &rest, &rests, err);
	if (r < 0)
		return r;
	bindings = calloc(count + rests + 1, sizeof(struct sy_binding *));
	for (size_t i = 0; bindings && i < count; i++)
		bindings[i] = sy_bindings_at(input->bindings, first + i);
	for (size_t i = 0; bindings && i < rests; i++)
		bindings[count + i] = &rest[i];
	r = bindings ? run_over(&run, bindings, count + rests, err) : sy_error_oom(err);
	*ret_due_ms = run.due_ms;
	sy_plan_rest_free(rest, rests);
	if (r != SY_PLAN_READY)
		sy_plan_done(&plan);
	else
		*ret_plan = plan;
	return r;
}

int sy_plan_for_bindings(const struct sy_plan_input *input, size_t first, size_t count, struct sy_plan *ret_plan, int64_t *ret_due_ms,
			 struct sy_error *err)
{
	const char *cluster = count > 0 ? sy_bindings_at(input->bindings, first)->facts.cluster : "";

	return plan_cluster(input, cluster, first, count, ret_plan, ret_due_ms, err);
}

int sy_plan_for_rest(const struct sy_plan_input *input, const char *cluster, struct sy_plan *ret_plan, int64_t *ret_due_ms,
		     struct sy_error *err)
{
	return plan_cluster(input, cluster, 0, 0, ret_plan, ret_due_ms, err);
}

/* --- orphans --- */

/* The same code as for a binding that is gone, with everything that the export offers as bound. */
static int add_orphan_export(struct sy_plan_run *run, struct sy_export *export, char *base, struct sy_error *err)
{
	struct sy_binding binding = {.export = export, .facts.phase = SY_BINDING_BOUND, .gone = true};
	int r = 0;

	for (size_t i = 0; r == 0 && i < export->facts.resource_count; i++)
		r = sy_plan_add_bound(run, &binding, &export->facts.resources[i], base, err);
	for (size_t i = 0; r == 0 && i < export->facts.claim_count; i++) {
		if (export->facts.claims[i].group[0] == '\0' && sy_claim_reads(&export->facts.claims[i]))
			r = sy_plan_add_claim(run, &binding, export->facts.claims[i].resource, base, false, err);
	}
	return r;
}

static int keep_orphans_others(struct sy_plan *plan, const struct sy_knowledge *knowledge, struct sy_error *err)
{
	sy_auto_free char *base = NULL;
	struct sy_buf text;

	sy_buf_init(&text, 4096);
	if (sy_buf_printf(&text, "https://nowhere.invalid/clusters/%s", plan->cluster) == 0)
		base = sy_buf_take(&text);
	sy_buf_done(&text);
	return base ? sy_plan_keep_exports(plan, knowledge, base, err) : sy_error_oom(err);
}

int sy_plan_for_orphan(const struct sy_plan_input *input, const char *cluster, struct sy_plan *ret_plan, struct sy_error *err)
{
	struct sy_plan plan = {0};
	struct sy_plan_run run = {.input = input, .plan = &plan, .due_ms = INT64_MAX, .draining = true, .all_gone = true};
	int r = sy_plan_begin(&plan, input->knowledge->config, &input->target, cluster, "", err);

	if (input->note)
		*input->note = (struct sy_plan_note){0};
	plan.mode = SY_PLAN_DRAIN;
	plan.guard = plan.guard && !input->leaving && !input->evicting;
	plan.upstream_gone = true;
	if (input->leaving) /* else as after an unbinding that nobody saw: sync.unbind */
		plan.removal = input->leaving_policy;
	for (size_t i = 0; r == 0 && i < sy_exports_count(input->knowledge->exports); i++) {
		struct sy_export *export = sy_exports_at(input->knowledge->exports, i);
		sy_auto_free char *base = NULL;
		struct sy_buf text;

		if (!export->known && export->retired)
			continue;
		if (!export->known) {
			sy_plan_say(&run, "ExportUnread", export->label, "the APIExport was not read yet; the drain waits for it");
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
	if (r == 0)
		r = keep_orphans_others(&plan, input->knowledge, err);
	sy_plan_sort(&plan);
	if (r < 0 || run.waiting) {
		sy_plan_done(&plan);
		return r < 0 ? r : SY_PLAN_WAIT;
	}
	*ret_plan = plan;
	return SY_PLAN_READY;
}
