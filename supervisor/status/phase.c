#include "supervisor/status/phase.h"

#include <string.h>

#define CLAIMS_SHOWN 5
#define CLAIMS_BYTES (CLAIMS_SHOWN * (317 + 2) + 32) /* of the longest names there are */

bool sy_phase_is_ready(enum sy_phase phase)
{
	return phase == SY_PHASE_SYNCING || phase == SY_PHASE_DEGRADED || phase == SY_PHASE_PAUSED || phase == SY_PHASE_DRAINING;
}

void sy_phase_range(const struct sy_bindings *bindings, const char *cluster, size_t *ret_first, size_t *ret_count)
{
	size_t low = 0, high = bindings ? sy_bindings_count(bindings) : 0, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(sy_bindings_at(bindings, middle)->facts.cluster, cluster) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; bindings && end < sy_bindings_count(bindings); end++) {
		if (strcmp(sy_bindings_at(bindings, end)->facts.cluster, cluster) != 0)
			break;
	}
	*ret_first = low;
	*ret_count = end - low;
}

static bool optional(const struct sy_config *config, const char *claim)
{
	for (size_t i = 0; i < config->optional_claim_count; i++) {
		if (strcmp(config->optional_claims[i], claim) == 0)
			return true;
	}
	return false;
}

int sy_phase_refused(const struct sy_config *config, const struct sy_binding *binding, struct sy_strv *out, struct sy_error *err)
{
	for (size_t i = 0; i < binding->facts.refused.count; i++) {
		const char *claim = binding->facts.refused.items[i];
		int r = optional(config, claim) ? 0 : sy_strv_add_new(out, claim, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static void set(struct sy_phase_result *result, enum sy_phase phase, const char *reason, const char *message)
{
	result->phase = phase;
	result->wants_worker = phase != SY_PHASE_PENDING && phase != SY_PHASE_REFUSED;
	(void)strlcpy(result->reason, reason ? reason : "", sizeof(result->reason));
	(void)strlcpy(result->message, message ? message : "", sizeof(result->message));
}

/* A running worker's own word; what it may not say is not believed. */
static void from_report(const struct sy_worker_view *worker, struct sy_phase_result *result)
{
	const struct sy_report *report = worker->report;

	if (!report || report->phase == SY_PHASE_STARTING) {
		set(result, SY_PHASE_STARTING, report ? report->reason : "", report ? report->message : "");
		return;
	}
	if (sy_phase_is_ready(report->phase))
		set(result, report->phase, report->reason, report->message);
	else
		set(result, SY_PHASE_DEGRADED, report->reason, report->message);
}

static void from_worker(const struct sy_phase_input *input, struct sy_phase_result *result)
{
	const struct sy_worker_view *worker = input->worker;

	if (!worker && input->tenant->note_reason[0]) {
		set(result, SY_PHASE_STARTING, input->tenant->note_reason, input->tenant->note);
		return;
	}
	if (!worker) {
		set(result, input->tenant->problem[0] ? SY_PHASE_PENDING : SY_PHASE_STARTING, "", input->tenant->problem);
		return;
	}
	if (worker->state == SY_WORKER_BACKOFF || worker->state == SY_WORKER_KILLING) {
		set(result, SY_PHASE_FAILED, worker->last_exit && worker->last_exit[0] ? worker->last_exit : "WorkerCrashed", "");
		return;
	}
	if (worker->state == SY_WORKER_RUNNING)
		from_report(worker, result);
	else
		set(result, SY_PHASE_STARTING, "", "");
}

static void refused_claims(const struct sy_phase_input *input, struct sy_phase_result *result)
{
	struct sy_strv refused = {0};
	struct sy_buf text;
	int r = 0;

	for (size_t i = 0; r == 0 && i < input->count; i++) {
		const struct sy_binding *binding = sy_bindings_at(input->bindings, input->first + i);

		if (!binding->gone && !binding->facts.deleting && !binding->export->retired)
			r = sy_phase_refused(input->config, binding, &refused, NULL);
	}
	sy_strv_sort(&refused);
	sy_buf_init(&text, CLAIMS_BYTES);
	if (refused.count > 0 && sy_strv_join(&refused, ", ", CLAIMS_SHOWN, &text) == 0)
		set(result, SY_PHASE_DEGRADED, "ClaimRefused", sy_buf_str(&text));
	else if (refused.count > 0 || r < 0) /* the reason counts, with names or without */
		set(result, SY_PHASE_DEGRADED, "ClaimRefused", "");
	sy_buf_done(&text);
	sy_strv_done(&refused);
}

static bool any_bound(const struct sy_phase_input *input)
{
	for (size_t i = 0; i < input->count; i++) {
		const struct sy_binding *binding = sy_bindings_at(input->bindings, input->first + i);

		if (binding->facts.phase == SY_BINDING_BOUND || binding->facts.bound_count > 0)
			return true;
	}
	return false;
}

static void draining(const struct sy_phase_input *input, struct sy_phase_result *result)
{
	if (input->worker && input->worker->paused)
		set(result, SY_PHASE_PAUSED, "PausedByOperator",
		    input->leaving    ? "the deletion of the SyncTarget waits for its copies to be removed: resume it"
		    : input->evicting ? "the eviction waits for its copies to be removed: resume it"
				      : "its copies are to be removed, since it is no longer bound: resume it");
	else if (result->phase != SY_PHASE_DRAINING || !result->reason[0]) /* else its worker says why it goes no further */
		set(result, SY_PHASE_DRAINING,
		    input->leaving	       ? "Deleting"
		    : input->evicting	       ? "Evicting"
		    : input->tenant->elsewhere ? "ScheduledElsewhere"
					       : "Unbinding",
		    "");
}

void sy_phase_of(const struct sy_phase_input *input, struct sy_phase_result *ret_result)
{
	const struct sy_tenant *tenant = input->tenant;
	const struct sy_worker_view *worker = input->worker;

	*ret_result = (struct sy_phase_result){0};
	if (input->waiting && !worker) {
		set(ret_result, SY_PHASE_PENDING, "", "not served from here while another syncer serves the SyncTarget");
		return;
	}
	if (tenant->shut && !worker) {
		set(ret_result, SY_PHASE_REFUSED,
		    tenant->elsewhere ? "ScheduledElsewhere"
		    : input->cordoned ? "Cordoned"
				      : "Evicting",
		    tenant->elsewhere ? "labels of its APIBinding name other SyncTargets only"
				      : "the SyncTarget takes no new workspaces at present");
		return;
	}
	if (tenant->refused && !worker) {
		set(ret_result, SY_PHASE_REFUSED, "TooManyWorkspaces",
		    "more workspaces are bound than can be served from here; it is served when another one is gone");
		return;
	}
	if (input->bindings && !tenant->orphan && !tenant->planned && !worker && !any_bound(input)) {
		set(ret_result, SY_PHASE_PENDING, "", "");
		return;
	}
	from_worker(input, ret_result);
	if (worker && worker->behind_ms > input->unready_ms) {
		set(ret_result, SY_PHASE_STARTING, "PlanNotTaken", "its worker goes on with an older plan");
		return;
	}
	if (ret_result->phase == SY_PHASE_FAILED || (ret_result->phase == SY_PHASE_PENDING && !tenant->planned))
		return;
	if (tenant->planned && tenant->mode == SY_PLAN_DRAIN) {
		draining(input, ret_result);
		return;
	}
	if (worker && worker->paused)
		set(ret_result, SY_PHASE_PAUSED, "PausedByOperator", "");
	else if (ret_result->phase == SY_PHASE_SYNCING && input->bindings)
		refused_claims(input, ret_result);
	if (ret_result->phase == SY_PHASE_SYNCING && tenant->note_reason[0])
		set(ret_result, SY_PHASE_DEGRADED, tenant->note_reason, tenant->note);
}
