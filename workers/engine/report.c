/* The state of the whole engine, as the supervisor sees it. Texts are functions of state: no counts that move, no times. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* From most to least urgent for the one reason that is shown. */
static const char *const worker_reasons[] = {"MassDeletionHeld", "NameCollision", "ForeignObjects", "ObjectsFailing", "SoftFinalizers"};

struct tally {
	uint64_t by_reason[SY_REASON_MAX];
	uint64_t shown[SY_REASON_MAX]; /* of them, those that lower the state */
	int64_t oldest_ms;
};

static void count_object(const struct sy_object *object, struct sy_report_resource *out, struct tally *tally)
{
	enum sy_action action = sy_flow_action(object);
	out->objects += object->up == SY_PRESENT;
	out->foreign += object->down == SY_FOREIGN;
	out->copies += sy_flow_copy(object);
	out->failing += object->reason != SY_REASON_NONE && object->reason != SY_REASON_SOFT_FINALIZERS;
	out->pending += action != SY_ACT_NONE && action != SY_ACT_FORGET;
	out->synced += object->up == SY_PRESENT && object->down == SY_PRESENT && action == SY_ACT_NONE && !object->permanent &&
		       !object->contended && !object->up_broken && !object->down_broken;
	int64_t lasts = object->since_ms ? sy_loop_now_ms(object->resource->engine->loop) - object->since_ms : 0;
	tally->by_reason[object->reason]++;
	tally->shown[object->reason] += sy_reason_shows((enum sy_reason)object->reason, lasts);
	if (object->since_ms && (!tally->oldest_ms || object->since_ms < tally->oldest_ms))
		tally->oldest_ms = object->since_ms;
}

static enum sy_reason most_frequent(const struct tally *tally)
{
	enum sy_reason best = SY_REASON_NONE;
	for (int reason = SY_REASON_NONE + 1; reason < SY_REASON_MAX; reason++)
		if (tally->by_reason[reason] && (best == SY_REASON_NONE || tally->by_reason[reason] > tally->by_reason[best]))
			best = (enum sy_reason)reason;
	return best;
}

static int report_resource(const struct sy_resource *resource, struct sy_report_resource *out, struct tally *all)
{
	struct tally tally = {.oldest_ms = all->oldest_ms};
	for (struct sy_object *object = sy_table_next(&resource->table, NULL); object; object = sy_table_next(&resource->table, object))
		count_object(object, out, &tally);
	for (int reason = 0; reason < SY_REASON_MAX; reason++) {
		all->by_reason[reason] += tally.by_reason[reason];
		all->shown[reason] += tally.shown[reason];
	}
	all->oldest_ms = tally.oldest_ms;
	out->held = resource->engine->plan.guard && (resource->guard.held || resource->guard.kept);
	out->up_synced = resource->view[SY_SIDE_UP].synced;
	out->down_synced = resource->view[SY_SIDE_DOWN].synced;
	out->group = strdup(resource->rule.group);
	out->resource = strdup(resource->rule.resource);
	out->reason = strdup(sy_reason_name(most_frequent(&tally)));
	return out->group && out->resource && out->reason ? 0 : -1;
}

static enum sy_kube_verdict worst(const struct sy_engine *engine, enum sy_side side)
{
	enum sy_kube_verdict verdict = side == SY_SIDE_DOWN ? engine->namespaces.verdict : SY_KUBE_OK;
	const struct sy_resource *resource;
	TAILQ_FOREACH(resource, &engine->resources, link)
	if (resource->view[side].verdict > verdict)
		verdict = resource->view[side].verdict;
	return verdict;
}

static bool all_ready(const struct sy_engine *engine)
{
	const struct sy_resource *resource;
	TAILQ_FOREACH(resource, &engine->resources, link)
	if (!resource->ready)
		return false;
	return engine->namespaces.synced;
}

static bool any_young(const struct sy_engine *engine)
{
	const struct sy_resource *resource;
	TAILQ_FOREACH(resource, &engine->resources, link)
	if (sy_loop_now_ms(engine->loop) - resource->born_ms < SY_TRANSIENT_MS)
		return true;
	return false;
}

bool sy_engine_drained(struct sy_engine *engine)
{
	if (!sy_engine_drain(engine) || !all_ready(engine) || sy_namespaces_present(engine) || engine->in_progress_count)
		return false;
	const struct sy_resource *resource;
	TAILQ_FOREACH(resource, &engine->resources, link)
	{
		/* A resource that was removed may be gone upstream: its finalizers are then not ours to see. */
		if (!sy_resource_up_gone(resource) && resource->rule.role != SY_ROLE_REMOVED && !resource->view[SY_SIDE_UP].synced)
			return false;
		for (struct sy_object *object = sy_table_next(&resource->table, NULL); object;
		     object = sy_table_next(&resource->table, object))
			if (sy_flow_action(object) != SY_ACT_NONE || sy_flow_copy(object))
				return false;
	}
	return true;
}

/* Reasons of objects that count as "ObjectsFailing", sorted by name, at most three. */
static void failing_text(const struct tally *tally, char *text, size_t size)
{
	static const enum sy_reason sorted[] = {SY_REASON_CONTENDED,	SY_REASON_INVALID,	   SY_REASON_INVALID_NAME,
						SY_REASON_NOT_SERVED,	SY_REASON_SCHEMA_MISMATCH, SY_REASON_STATUS_REJECTED,
						SY_REASON_TERMINATING,	SY_REASON_TOO_LARGE,	   SY_REASON_TRANSIENT,
						SY_REASON_UNAUTHORIZED, SY_REASON_UP_FORBIDDEN};
	unsigned shown = 0;
	*text = '\0';
	for (size_t i = 0; i < sizeof(sorted) / sizeof(*sorted) && shown < 3; i++) {
		if (!tally->shown[sorted[i]])
			continue;
		strlcat(text, shown++ ? ", " : "", size);
		strlcat(text, sy_reason_name(sorted[i]), size);
	}
}

static enum sy_phase degraded(const struct tally *tally, const char **reason, char *message, size_t size)
{
	failing_text(tally, message, size);
	bool applies[] = {tally->by_reason[SY_REASON_HELD] > 0, tally->by_reason[SY_REASON_NAME_COLLISION] > 0,
			  tally->by_reason[SY_REASON_FOREIGN] > 0, *message != '\0', tally->by_reason[SY_REASON_SOFT_FINALIZERS] > 0};
	for (size_t i = 0; i < sizeof(applies) / sizeof(*applies); i++) {
		if (!applies[i])
			continue;
		if (strcmp(worker_reasons[i], "ObjectsFailing") != 0)
			*message = '\0';
		*reason = worker_reasons[i];
		return SY_PHASE_DEGRADED;
	}
	return SY_PHASE_SYNCING;
}

static bool refused(enum sy_kube_verdict verdict)
{
	return verdict == SY_KUBE_FORBIDDEN || verdict == SY_KUBE_UNAUTHORIZED || verdict == SY_KUBE_NOT_SERVED ||
	       verdict == SY_KUBE_NOT_FOUND;
}

static enum sy_phase phase_of(struct sy_engine *engine, const struct sy_report *report, const struct tally *tally, const char **reason,
			      char *message, size_t size)
{
	if (sy_engine_drain(engine)) {
		*reason = tally->by_reason[SY_REASON_HELD]		? "MassDeletionHeld"
			  : tally->by_reason[SY_REASON_SOFT_FINALIZERS] ? "SoftFinalizers"
									: "";
		return SY_PHASE_DRAINING;
	}
	if (engine->plan.mode == SY_PLAN_PAUSED) {
		*reason = "PausedByOperator";
		return SY_PHASE_PAUSED;
	}
	if (refused(report->upstream) && !any_young(engine))
		*reason = "UpstreamForbidden";
	else if (report->upstream != SY_KUBE_OK && !refused(report->upstream) && report->upstream != SY_KUBE_GONE)
		*reason = "UpstreamUnreachable";
	else if (refused(report->downstream))
		*reason = "DownstreamUnauthorized";
	else if (report->downstream != SY_KUBE_OK && report->downstream != SY_KUBE_GONE)
		*reason = "DownstreamUnreachable";
	if (**reason)
		return SY_PHASE_DEGRADED;
	return all_ready(engine) ? degraded(tally, reason, message, size) : SY_PHASE_STARTING;
}

int sy_engine_report(struct sy_engine *engine, struct sy_report *ret_report, struct sy_error *err)
{
	struct sy_report report = {.plan_generation = engine->plan.generation};
	struct tally tally = {0};
	const struct sy_resource *resource;
	const char *reason = "";
	char message[256] = "";
	size_t count = 0;
	TAILQ_FOREACH(resource, &engine->resources, link)
	count++;
	report.resources = calloc(count + 1, sizeof(*report.resources));
	if (!report.resources)
		return sy_error_oom(err);
	TAILQ_FOREACH(resource, &engine->resources, link)
	if (report_resource(resource, &report.resources[report.resource_count++], &tally)) {
		sy_report_done(&report);
		return sy_error_oom(err);
	}
	report.upstream = worst(engine, SY_SIDE_UP);
	report.downstream = worst(engine, SY_SIDE_DOWN);
	report.phase = phase_of(engine, &report, &tally, &reason, message, sizeof(message));
	report.drained = sy_engine_drained(engine);
	report.lag_ms = tally.oldest_ms ? sy_loop_now_ms(engine->loop) - tally.oldest_ms : 0;
	report.up_requests = sy_kube_counters(engine->kube[SY_SIDE_UP]).requests;
	report.down_requests = sy_kube_counters(engine->kube[SY_SIDE_DOWN]).requests;
	report.writes_up = engine->writes[SY_SIDE_UP];
	report.writes_down = engine->writes[SY_SIDE_DOWN];
	report.namespaces = sy_namespaces_present(engine);
	report.reason = strdup(reason);
	report.message = strdup(message);
	if (!report.reason || !report.message) {
		sy_report_done(&report);
		return sy_error_oom(err);
	}
	*ret_report = report;
	return 0;
}
