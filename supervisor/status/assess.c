/* From knowledge to conditions: what is wrong, and with what (syncerd-rules(7) 8.3). */
#include <stdlib.h>
#include <string.h>

#include "supervisor/status/assess.h"

void sy_assess_phase(struct sy_supervisor *sup, const struct sy_tenant *tenant, struct sy_phase_result *ret_phase,
		     struct sy_worker_view *ret_view)
{
	struct sy_worker_view view = {0};
	struct sy_phase_input input = {
		.config = sup->config, .tenant = tenant, .bindings = sup->bindings, .leaving = sy_chain_leaving(sup)};

	input.evicting = sy_chain_evicting(sup);
	input.cordoned = sup->schedule.cordoned;
	input.waiting = sup->target && sy_target_view(sup->target)->state != SY_TARGET_ACTIVE;

	sy_phase_range(sup->bindings, tenant->cluster, &input.first, &input.count);
	input.unready_ms = sup->timings.unready_ms;
	if (sup->workers && sy_workers_find(sup->workers, tenant->cluster, &view))
		input.worker = &view;
	if (view.behind_ms > 0 && view.behind_ms <= input.unready_ms)
		sy_think_at(sup, sy_loop_now_ms(sup->loop) + input.unready_ms - view.behind_ms + 1);
	sy_phase_of(&input, ret_phase);
	if (ret_view)
		*ret_view = view;
}

/* A server that does not answer for a moment (a watch that is opened anew) is no news; after 5 s it is. */
static bool lasting(struct sy_supervisor *sup, bool bad, int64_t *since_ms)
{
	int64_t now = sy_loop_now_ms(sup->loop);

	if (!bad) {
		*since_ms = 0;
		return false;
	}
	if (*since_ms == 0)
		*since_ms = now ? now : 1;
	if (now - *since_ms >= sup->timings.unready_ms)
		return true;
	sy_think_at(sup, *since_ms + sup->timings.unready_ms);
	return false;
}

/* Transport troubles; what 401, 403 and 404 mean is decided elsewhere. */
static bool broken(enum sy_kube_verdict verdict)
{
	return verdict == SY_KUBE_UNREACHABLE || verdict == SY_KUBE_SERVER_ERROR || verdict == SY_KUBE_THROTTLED;
}

static enum sy_syncer_fact syncer_fact(struct sy_supervisor *sup)
{
	enum sy_kube_verdict watch = sy_orphans_verdict(sup->orphans), discovery = sy_downstream_verdict(sup->downstream);
	enum sy_kube_verdict up = sy_bindings_verdict(sup->bindings);
	bool down_bad = lasting(sup, broken(watch) || broken(discovery), &sup->down_bad_ms);
	bool up_bad = lasting(sup, up != SY_KUBE_OK && up != SY_KUBE_FORBIDDEN && up != SY_KUBE_UNAUTHORIZED, &sup->up_bad_ms);

	if (watch == SY_KUBE_UNAUTHORIZED || discovery == SY_KUBE_UNAUTHORIZED)
		return SY_SYNCER_DOWNSTREAM_UNAUTHORIZED;
	if (down_bad)
		return SY_SYNCER_DOWNSTREAM_UNREACHABLE;
	if (up == SY_KUBE_UNAUTHORIZED)
		return SY_SYNCER_UPSTREAM_UNAUTHORIZED;
	if (sy_chain_leaving(sup))
		return SY_SYNCER_DELETING;
	if (up_bad)
		return SY_SYNCER_UPSTREAM_DEGRADED;
	if (!sy_downstream_asked(sup->downstream) || !sy_orphans_asked(sup->orphans))
		return SY_SYNCER_STARTING;
	return SY_SYNCER_OK;
}

static enum sy_kube_verdict upstream_verdict(enum sy_syncer_fact fact)
{
	return fact == SY_SYNCER_UPSTREAM_UNAUTHORIZED ? SY_KUBE_UNAUTHORIZED : SY_KUBE_OK;
}

static int exports_in(const struct sy_supervisor *sup, enum sy_export_state state, struct sy_strv *names)
{
	int r = 0;

	sy_strv_done(names);
	for (size_t i = 0; r == 0 && i < sy_exports_count(sup->exports); i++) {
		const struct sy_export *export = sy_exports_at(sup->exports, i);
		bool slice = state != SY_EXPORT_NOT_FOUND && export->slice_state == state; /* the slice follows a new export */

		if (export->named && (export->state == state || slice))
			r = sy_strv_add_new(names, export->label, NULL);
	}
	sy_strv_sort(names);
	return r;
}

static size_t named_exports(const struct sy_supervisor *sup)
{
	size_t count = 0;

	for (size_t i = 0; i < sy_exports_count(sup->exports); i++)
		count += sy_exports_at(sup->exports, i)->named;
	return count;
}

static int incompatible(const struct sy_supervisor *sup, struct sy_strv *names)
{
	int r = 0;

	sy_strv_done(names);
	for (size_t i = 0; r == 0 && i < sup->catalog.count; i++) {
		const struct sy_catalog_entry *entry = &sup->catalog.items[i];
		sy_auto_free char *name = NULL;
		struct sy_buf text;

		if (entry->state != SY_RESOURCE_INCOMPATIBLE)
			continue;
		name = sy_claim_text(entry->group, entry->resource);
		sy_buf_init(&text, 1024);
		r = name && sy_buf_printf(&text, "%s: %s", name, entry->reason) == 0 ? sy_strv_add_new(names, sy_buf_str(&text), NULL) : -1;
		sy_buf_done(&text);
	}
	sy_strv_sort(names);
	return r;
}

static enum sy_importer_fact importer_fact(struct sy_supervisor *sup, struct sy_strv *names)
{
	if (named_exports(sup) == 0)
		return SY_IMPORTER_NO_EXPORTS;
	if (exports_in(sup, SY_EXPORT_NOT_FOUND, names) == 0 && names->count > 0)
		return SY_IMPORTER_NOT_FOUND;
	if (exports_in(sup, SY_EXPORT_FORBIDDEN, names) == 0 && names->count > 0)
		return SY_IMPORTER_FORBIDDEN;
	if (sy_bindings_verdict(sup->bindings) == SY_KUBE_FORBIDDEN && exports_in(sup, SY_EXPORT_READY, names) == 0)
		return SY_IMPORTER_FORBIDDEN; /* content of one of them */
	if (lasting(sup, exports_in(sup, SY_EXPORT_FAILING, names) == 0 && names->count > 0, &sup->exports_bad_ms))
		return SY_IMPORTER_FAILING;
	if (incompatible(sup, names) == 0 && names->count > 0)
		return SY_IMPORTER_INCOMPATIBLE;
	if (exports_in(sup, SY_EXPORT_PENDING, names) == 0 && names->count > 0)
		return SY_IMPORTER_PENDING;
	return sy_catalog_count(&sup->catalog, SY_RESOURCE_PENDING) > 0 ? SY_IMPORTER_PENDING : SY_IMPORTER_OK;
}

/* "example.dev/v1alpha1/widgets: create,patch" */
static int denied_text(const struct sy_supervisor *sup, const struct sy_review *review, struct sy_strv *denied)
{
	const char *version = "v1";
	struct sy_buf text;
	int r;

	for (size_t i = 0; i < sup->catalog.count; i++) {
		const struct sy_catalog_entry *entry = &sup->catalog.items[i];

		if (strcmp(entry->group, review->group) == 0 && strcmp(entry->resource, review->resource) == 0)
			version = entry->synced_version[0] ? entry->synced_version : version;
	}
	sy_buf_init(&text, 1024);
	r = sy_buf_printf(&text, "%s%s%s/%s: ", review->group, review->group[0] ? "/" : "", version, review->resource);
	if (r == 0)
		r = sy_strv_join(&review->missing, ",", review->missing.count, &text);
	if (r == 0)
		r = sy_strv_add(denied, sy_buf_str(&text), NULL);
	sy_buf_done(&text);
	return r;
}

/* Only what we would use counts: namespaces, and resources that are accepted. */
static bool review_counts(const struct sy_supervisor *sup, const struct sy_review *review)
{
	if (review->group[0] == '\0' && strcmp(review->resource, "namespaces") == 0)
		return true;
	for (size_t i = 0; i < sup->catalog.count; i++) {
		const struct sy_catalog_entry *entry = &sup->catalog.items[i];

		if (strcmp(entry->group, review->group) == 0 && strcmp(entry->resource, review->resource) == 0)
			return entry->state == SY_RESOURCE_ACCEPTED;
	}
	return false;
}

static enum sy_authorized_fact authorized_fact(const struct sy_supervisor *sup, struct sy_strv *denied)
{
	bool failed = false;

	for (size_t i = 0; i < sy_reviews_count(sup->reviews); i++) {
		const struct sy_review *review = sy_reviews_at(sup->reviews, i);

		if (!review_counts(sup, review))
			continue;
		failed = failed || review->state != SY_REVIEW_ANSWERED;
		if (review->known && review->missing.count > 0)
			(void)denied_text(sup, review, denied);
	}
	sy_strv_sort(denied);
	if (denied->count > 0)
		return SY_AUTHORIZED_DENIED;
	return failed ? SY_AUTHORIZED_FAILED : SY_AUTHORIZED_OK;
}

/* A worker outside of its ready phases counts only after 5 s: a restart is no outage. */
void sy_assess_count(struct sy_supervisor *sup, struct sy_tenant *tenant, const struct sy_phase_result *phase, struct sy_assessment *out)
{
	int64_t now = sy_loop_now_ms(sup->loop);

	if (!phase->wants_worker)
		return;
	out->workers_total++;
	if (sy_phase_is_ready(phase->phase)) {
		tenant->unready_since_ms = 0;
		out->workers_ready++;
		return;
	}
	if (tenant->unready_since_ms == 0)
		tenant->unready_since_ms = now ? now : 1;
	if (now - tenant->unready_since_ms < sup->timings.unready_ms) {
		out->workers_ready++;
		out->due_ms = tenant->unready_since_ms + sup->timings.unready_ms < out->due_ms
				      ? tenant->unready_since_ms + sup->timings.unready_ms
				      : out->due_ms;
	}
}

/* Whom the eviction waits for. NULL: not known, or no memory. */
static char *evict_left(const struct sy_supervisor *sup)
{
	struct sy_strv left = {0};
	struct sy_buf text;
	bool good;

	sy_buf_init(&text, 8192);
	good = sy_chain_evict_left(sup, &left) && sy_buf_printf(&text, left.count ? "left: " : "the cluster is looked through") == 0 &&
	       sy_strv_join(&left, ", ", 5, &text) == 0;
	sy_strv_done(&left);
	if (good)
		return sy_buf_take(&text);
	sy_buf_done(&text);
	return NULL;
}

void sy_assess_conditions(struct sy_supervisor *sup, const struct sy_assessment *counted,
			  struct sy_condition ret_conditions[SY_CONDITION_MAX])
{
	struct sy_strv denied = {0}, names = {0}, notes = {0}, urls = {0};
	sy_auto_free char *leaving = sy_chain_leaving(sup) ? sy_assess_leaving(sup) : NULL;
	sy_auto_free char *left = NULL;
	struct sy_condition_facts facts = {
		.syncer = syncer_fact(sup),
		.leaving = leaving,
		.denied = &denied,
		.importer_names = &names,
		.accepted = sy_catalog_count(&sup->catalog, SY_RESOURCE_ACCEPTED),
		.workers_known = sup->bindings_listed || counted->workers_total > 0,
		.workers_total = counted->workers_total,
		.workers_ready = counted->workers_ready,
	};

	if (sy_bindings_failing_urls(sup->bindings, upstream_verdict(facts.syncer), &urls) == 0) {
		sy_strv_sort(&urls);
		facts.upstream_urls = &urls;
	}
	facts.authorized = authorized_fact(sup, &denied);
	facts.importer = importer_fact(sup, &names);
	if (sy_assess_notes(sup, &notes, &facts.importer_note_reason) == 0)
		facts.importer_notes = &notes;
	if (sup->workers)
		facts.upgrade = sy_workers_upgrade(sup->workers).message;
	facts.unschedulable = sup->schedule.cordoned;
	facts.evicting = sy_chain_evicting(sup);
	facts.evicted = sy_chain_evicted(sup);
	left = facts.evicting && !facts.evicted ? evict_left(sup) : NULL;
	facts.evict_left = left;
	sy_conditions_compute(&facts, ret_conditions);
	sy_strv_done(&denied);
	sy_strv_done(&names);
	sy_strv_done(&notes);
	sy_strv_done(&urls);
}

static bool worker_fresh(void *arg, const struct sy_worker_view *view)
{
	struct sy_assessment *out = arg;

	if (view->state == SY_WORKER_RUNNING && view->report_age_ms > view->silence_ms)
		out->stale = true;
	return !out->stale;
}

bool sy_assess_healthy(void *arg)
{
	struct sy_supervisor *sup = arg;
	struct sy_assessment look = {0};

	if (!sup->followed || sup->stopping || !sy_target_current(sup->target))
		return false;
	sy_workers_each(sup->workers, worker_fresh, &look);
	if (look.stale)
		return false;
	if (!sy_reconcile_in_sync(sup->reconcile)) {
		sy_reconcile_mark(sup->reconcile);
		return false;
	}
	return true;
}
