/* SyncTarget mode from bindings to workers: one plan per logical cluster, orphans, and the end of a tenant. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/supervisor.h"

struct pass {
	struct sy_supervisor *sup;
	struct sy_plan_input *input;
	struct sy_strv finished; /* clusters of which nothing is left to do */
	int64_t due_ms;
	struct sy_tenants_room room;
	bool cut; /* not even a record for one of them */
};

/* Its worker has said that nothing is left, and is on its way out: a binding that vanishes now asks for nothing more. */
static bool just_drained(const struct pass *pass, const struct sy_tenant *tenant)
{
	struct sy_worker_view view;

	return tenant->planned && tenant->mode == SY_PLAN_DRAIN && sy_workers_find(pass->sup->workers, tenant->cluster, &view) &&
	       view.state == SY_WORKER_STOPPING && view.report && view.report->drained;
}

/* Said once for each change, not in each pass. */
static void tell_refused(struct pass *pass)
{
	struct sy_supervisor *sup = pass->sup;

	if (pass->room.refused > 0 && pass->room.refused != sup->refused)
		sy_warn(NULL, "more than %d workspaces: %zu of them get no worker until others are gone", SY_MAX_WORKERS,
			pass->room.refused);
	else if (pass->room.refused == 0 && sup->refused > 0)
		sy_info(NULL, "all workspaces have a worker again");
	if (pass->cut && !sup->tenants_cut)
		sy_warn(NULL, "more than %d workspaces: the rest is not even shown", SY_MAX_TENANTS);
	sup->refused = pass->room.refused;
	sup->tenants_cut = pass->cut;
}

/* What its tenant cannot be told by a phase. Logged when it changes. */
static void set_problem(struct sy_tenant *tenant, const char *text)
{
	const struct sy_log_ref ref = {.cluster = tenant->cluster, .path = tenant->path};

	if (strncmp(tenant->problem, text, sizeof(tenant->problem) - 1) == 0)
		return;
	(void)strlcpy(tenant->problem, text, sizeof(tenant->problem));
	if (text[0])
		sy_error_log(&ref, "%s", text);
}

static void apply(struct pass *pass, struct sy_tenant *tenant, const struct sy_plan *plan)
{
	const struct sy_log_ref ref = {.cluster = tenant->cluster, .path = tenant->path};
	struct sy_error err = {0};

	if (plan->mode == SY_PLAN_DRAIN && tenant->drained) {
		tenant->upstream_gone = plan->upstream_gone;
		if (plan->upstream_gone)
			(void)sy_strv_add_new(&pass->finished, tenant->cluster, NULL);
		return;
	}
	if (plan->mode == SY_PLAN_DRAIN && just_drained(pass, tenant))
		return;
	if (!sy_tenants_admit(&pass->room, tenant))
		return;
	if (!tenant->planned || tenant->mode != plan->mode)
		sy_info(&ref, "%s with %zu resources", plan->mode == SY_PLAN_DRAIN ? "draining" : "syncing", plan->resource_count);
	if (sy_workers_set_plan(pass->sup->workers, plan, &err) < 0) {
		set_problem(tenant, err.text);
		return;
	}
	set_problem(tenant, "");
	tenant->planned = true;
	tenant->mode = plan->mode;
	tenant->upstream_gone = plan->upstream_gone;
	if (plan->mode != SY_PLAN_DRAIN)
		tenant->drained = false;
}

static bool all_gone(const struct sy_bindings *bindings, size_t first, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!sy_bindings_at(bindings, first + i)->gone)
			return false;
	}
	return true;
}

/* Of some bindings nothing is known: that all others are gone is no reason to drain. */
static int plan_of_full(const struct sy_supervisor *sup, size_t first, size_t count, int r, struct sy_plan *plan, struct sy_plan_note *note)
{
	bool unread = sy_bindings_unread(sup->bindings, sy_bindings_at(sup->bindings, first)->facts.cluster);

	(void)strlcpy(note->reason, unread ? "BindingUnreadable" : "TooManyBindings", sizeof(note->reason));
	if (unread)
		(void)strlcpy(note->message,
			      "an APIBinding cannot be read: it is not served, and meanwhile none of the others counts as gone",
			      sizeof(note->message));
	else
		(void)snprintf(
			note->message, sizeof(note->message),
			"more than %d APIBindings of supported exports: the rest is not read, and meanwhile none of them counts as gone",
			SY_MAX_CLUSTER_BINDINGS);
	/* Where all leaves, what is not known leaves too, and the plan has it. */
	if (r < 0 || sy_chain_leaving(sup) || sy_chain_evicting(sup) ||
	    sy_bindings_rest_leaves(sup->bindings, sy_bindings_at(sup->bindings, first)->facts.cluster))
		return r;
	if (!all_gone(sup->bindings, first, count))
		return r;
	if (r == SY_PLAN_READY)
		sy_plan_done(plan);
	return SY_PLAN_WAIT;
}

static void take_note(struct pass *pass, struct sy_tenant *tenant, const struct sy_plan_note *note)
{
	pass->input->note = NULL;
	(void)strlcpy(tenant->note_reason, note->reason, sizeof(tenant->note_reason));
	(void)strlcpy(tenant->note, note->message, sizeof(tenant->note));
}

static void plan_one(struct pass *pass, size_t first, size_t count)
{
	struct sy_supervisor *sup = pass->sup;
	const struct sy_binding *binding = sy_bindings_at(sup->bindings, first);
	const struct sy_log_ref ref = {.cluster = binding->facts.cluster, .path = binding->facts.path};
	struct sy_tenant *tenant = NULL;
	struct sy_plan plan = {0};
	struct sy_plan_note note = {0};
	struct sy_error err = {0};
	int64_t due = INT64_MAX;
	int r = sy_tenants_get(&sup->tenants, binding->facts.cluster, binding->facts.path, &tenant, &err);

	if (r == 0) {
		tenant->keep = true;
		tenant->orphan = false;
		pass->input->note = &note;
		tenant->shut = sy_chain_shut(sup, tenant, first, count);
		r = tenant->shut ? SY_PLAN_NONE : sy_plan_for_bindings(pass->input, first, count, &plan, &due, &err);
		if (sy_bindings_full(sup->bindings, tenant->cluster))
			r = plan_of_full(sup, first, count, r, &plan, &note);
		take_note(pass, tenant, &note);
	}
	if (due < pass->due_ms)
		pass->due_ms = due;
	if (r == -E2BIG && !tenant) {
		pass->cut = true;
	} else if (r < 0 && !tenant) {
		sy_error_log(&ref, "%s", err.text);
	} else if (r < 0) {
		set_problem(tenant, err.text);
	} else if (r == SY_PLAN_READY) {
		apply(pass, tenant, &plan);
		sy_plan_done(&plan);
	} else if (r == SY_PLAN_NONE && all_gone(sup->bindings, first, count) && !tenant->planned) {
		(void)sy_strv_add_new(&pass->finished, tenant->cluster, NULL);
	}
}

static void plan_bindings(struct pass *pass)
{
	const struct sy_bindings *bindings = pass->sup->bindings;
	size_t first = 0;

	while (first < sy_bindings_count(bindings)) {
		size_t end = first + 1;

		while (end < sy_bindings_count(bindings) &&
		       strcmp(sy_bindings_at(bindings, end)->facts.cluster, sy_bindings_at(bindings, first)->facts.cluster) == 0)
			end++;
		plan_one(pass, first, end - first);
		first = end;
	}
}

/* Of a workspace without any binding that is held. Nothing upstream says that it is served, its copies do. */
static bool rest_drains(const struct sy_supervisor *sup, const struct sy_tenant *tenant, const char *cluster)
{
	if (sy_bindings_rest_leaves(sup->bindings, cluster))
		return true;
	if (!sy_chain_leaving(sup) && !sy_chain_evicting(sup))
		return false;
	return (tenant && tenant->planned) || sy_chain_has_copies(sup, cluster);
}

/* What was to leave stays, and cannot be read: nobody knows how to go on, but nothing more is removed. */
static void rest_stays(struct sy_supervisor *sup, struct sy_tenant *tenant)
{
	if (!tenant || !tenant->planned || tenant->orphan || tenant->drained)
		return;
	sy_workers_drop(sup->workers, tenant->cluster);
	tenant->planned = false;
}

static void plan_rest_of(struct pass *pass, const char *cluster)
{
	struct sy_supervisor *sup = pass->sup;
	struct sy_tenant *tenant = sy_tenants_find(&sup->tenants, cluster);
	struct sy_plan plan = {0};
	struct sy_plan_note note = {0};
	struct sy_error err = {0};
	int64_t due = INT64_MAX;
	int r;

	if (tenant && tenant->keep) /* another URL shows it, too */
		return;
	if (!rest_drains(sup, tenant, cluster)) {
		rest_stays(sup, tenant);
		return;
	}
	if (sy_tenants_get(&sup->tenants, cluster, "", &tenant, &err) < 0) {
		pass->cut = true;
		return;
	}
	tenant->keep = true;
	tenant->orphan = tenant->shut = false;
	pass->input->note = &note;
	r = sy_plan_for_rest(pass->input, cluster, &plan, &due, &err);
	take_note(pass, tenant, &note);
	if (due < pass->due_ms)
		pass->due_ms = due;
	if (r < 0)
		set_problem(tenant, err.text);
	if (r != SY_PLAN_READY)
		return;
	apply(pass, tenant, &plan);
	sy_plan_done(&plan);
}

/* Workspaces that are known by a binding that cannot be read, and by nothing else. */
static void plan_rests(struct pass *pass)
{
	const struct sy_bindings *bindings = pass->sup->bindings;
	size_t first, count;

	for (size_t i = 0; i < sy_bindings_rests(bindings); i++) {
		const struct sy_binding_rest rest = sy_bindings_rest(bindings, i);

		sy_phase_range(bindings, rest.cluster, &first, &count);
		if (count == 0)
			plan_rest_of(pass, rest.cluster);
	}
}

/* In some list, be it with a binding that cannot be held or read. */
static bool is_listed(void *arg, const char *cluster)
{
	struct sy_supervisor *sup = arg;
	size_t first, count;

	sy_phase_range(sup->bindings, cluster, &first, &count);
	return count > 0 || sy_bindings_full(sup->bindings, cluster);
}

/* 7.1 (g): what is ours downstream and belongs to nobody any more. */
static void plan_orphans(struct pass *pass)
{
	struct sy_supervisor *sup = pass->sup;
	bool complete = sy_bindings_complete(sup->bindings, sup->exports) && sy_exports_count(sup->exports) > 0;
	struct sy_strv clusters = {0};
	struct sy_error err = {0};

	if (sy_orphans_look(sup->orphans, complete, is_listed, sup, &clusters, &err) < 0)
		sy_error_log(NULL, "%s", err.text);
	for (size_t i = 0; i < clusters.count; i++) {
		struct sy_tenant *tenant = NULL;
		struct sy_plan plan = {0};
		struct sy_plan_note note = {0};

		if (sy_tenants_get(&sup->tenants, clusters.items[i], "", &tenant, &err) < 0) {
			pass->cut = true;
			continue;
		}
		tenant->keep = true;
		tenant->orphan = true;
		if (tenant->drained)
			continue;
		pass->input->note = &note;
		if (sy_plan_for_orphan(pass->input, clusters.items[i], &plan, &err) == SY_PLAN_READY) {
			apply(pass, tenant, &plan);
			sy_plan_done(&plan);
		}
		take_note(pass, tenant, &note);
	}
	sy_strv_done(&clusters);
}

/* Tenants that are neither bound nor orphans any more. An orphan that still drains is kept until its worker is done. */
static void remove_tenants(struct pass *pass)
{
	struct sy_supervisor *sup = pass->sup;

	for (size_t i = 0; i < pass->finished.count; i++) {
		struct sy_tenant *tenant = sy_tenants_find(&sup->tenants, pass->finished.items[i]);

		sy_bindings_forget(sup->bindings, pass->finished.items[i]);
		if (tenant)
			sy_tenants_remove(&sup->tenants, tenant);
	}
	for (size_t i = sup->tenants.count; i > 0; i--) {
		struct sy_tenant *tenant = sup->tenants.items[i - 1];

		if (!tenant->keep && !(tenant->orphan && tenant->planned && !tenant->drained))
			sy_tenants_remove(&sup->tenants, tenant);
	}
}

void sy_chain_plan(struct sy_supervisor *sup)
{
	struct sy_knowledge knowledge;
	struct sy_plan_input input;
	struct pass pass = {.sup = sup, .input = &input, .due_ms = INT64_MAX};

	sy_chain_place(sup);
	sy_chain_input(sup, &knowledge, &input);
	sy_tenants_room(&sup->tenants, SY_MAX_WORKERS, &pass.room);
	for (size_t i = 0; i < sup->tenants.count; i++)
		sup->tenants.items[i]->keep = sup->tenants.items[i]->refused = false;
	plan_bindings(&pass);
	plan_rests(&pass);
	plan_orphans(&pass);
	tell_refused(&pass);
	remove_tenants(&pass);
	sy_strv_done(&pass.finished);
	sy_chain_remove(sup);
	sy_think_at(sup, pass.due_ms);
}
