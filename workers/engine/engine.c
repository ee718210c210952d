/* Life of the engine: clients, timers, and the plan in force. */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "internal.h"
#include "rule.h"
#include "tenant_events.h"

#define REPORT_INTERVAL_MS 200

void sy_engine_wake(struct sy_engine *engine)
{
	sy_defer_mark(engine->run);
}

void sy_engine_changed(struct sy_engine *engine)
{
	if (sy_timer_active(engine->report_timer))
		return;
	int64_t since = sy_loop_now_ms(engine->loop) - engine->reported_ms;
	sy_timer_start(engine->report_timer, since >= REPORT_INTERVAL_MS ? 0 : REPORT_INTERVAL_MS - since);
}

bool sy_engine_drain(const struct sy_engine *engine)
{
	return engine->plan.mode == SY_PLAN_DRAIN;
}

struct sy_log_ref sy_object_ref(const struct sy_object *object)
{
	return (struct sy_log_ref){
		.resource = object->resource->label,
		.object = object->key,
		.reason = object->reason ? sy_reason_name((enum sy_reason)object->reason) : NULL,
	};
}

void sy_object_tell(const struct sy_object *object, enum sy_reason reason, const char *message)
{
	sy_events_tell_object(object->resource->engine->events, object, reason, message);
}

uint32_t sy_object_now_ms(const struct sy_object *object)
{
	return (uint32_t)sy_loop_now_ms(object->resource->engine->loop);
}

void sy_engine_listed(struct sy_engine *engine)
{
	struct sy_resource *resource, *next;
	bool all = engine->namespaces.synced;
	TAILQ_FOREACH_SAFE(resource, &engine->resources, link, next)
	{
		struct sy_error err = {0};
		if (sy_resource_follow(resource, &err)) {
			struct sy_log_ref ref = {.resource = resource->label};
			sy_error_log(&ref, "cannot watch: %s", err.text);
		}
		if (!resource->ready)
			sy_resource_settle(resource);
		all = all && resource->ready;
	}
	if (!all)
		return;
	if (!engine->trimmed) {
		engine->trimmed = true; /* what the first lists needed is not needed again */
		malloc_trim(0);
	}
	sy_namespaces_review(engine);
}

static void on_run(void *arg)
{
	sy_flow_run(arg);
}

static void on_timer(void *arg)
{
	sy_flow_tick(arg);
}

static void on_report(void *arg)
{
	struct sy_engine *engine = arg;
	engine->reported_ms = sy_loop_now_ms(engine->loop);
	if (engine->ops.changed)
		engine->ops.changed(engine->arg);
}

static int make_parts(struct sy_engine *engine, const struct sy_access *upstream, const struct sy_access *downstream,
		      const struct sy_engine_options *options, struct sy_error *err)
{
	struct sy_kube_options kube = {.user_agent = options->user_agent};
	int rc = sy_kube_new(&engine->kube[SY_SIDE_UP], engine->loop, upstream, &kube, err);
	if (rc == 0)
		rc = sy_kube_new(&engine->kube[SY_SIDE_DOWN], engine->loop, downstream, &kube, err);
	if (rc == 0)
		rc = sy_defer_new(&engine->run, engine->loop, on_run, engine, err);
	if (rc == 0)
		rc = sy_timer_new(&engine->timer, engine->loop, on_timer, engine, err);
	if (rc == 0)
		rc = sy_timer_new(&engine->report_timer, engine->loop, on_report, engine, err);
	if (rc == 0)
		rc = sy_events_new(&engine->events, engine->loop, &engine->ops, engine->arg, err);
	if (rc == 0)
		rc = sy_tenant_events_new(&engine->tenant_events, engine, err);
	return rc;
}

int sy_engine_new(struct sy_engine **ret_engine, struct sy_loop *loop, const struct sy_access *upstream, const struct sy_access *downstream,
		  const struct sy_engine_options *options, const struct sy_engine_ops *ops, void *arg, struct sy_error *err)
{
	struct sy_engine *engine = calloc(1, sizeof(*engine));
	if (!engine)
		return sy_error_oom(err);
	engine->loop = loop;
	engine->ops = *ops;
	engine->arg = arg;
	TAILQ_INIT(&engine->resources);
	TAILQ_INIT(&engine->stopping);
	TAILQ_INIT(&engine->retired);
	LIST_INIT(&engine->in_progress);
	sy_queue_init(&engine->queue);
	int rc = make_parts(engine, upstream, downstream, options, err);
	if (rc) {
		sy_engine_free(engine);
		return rc;
	}
	*ret_engine = engine;
	return 0;
}

void sy_engine_free(struct sy_engine *engine)
{
	struct sy_resource *resource, *next;
	if (!engine)
		return;
	if (engine->run) {
		sy_flow_cancel_all(engine);
		TAILQ_FOREACH_SAFE(resource, &engine->resources, link, next)
		sy_resource_free(resource);
		TAILQ_FOREACH_SAFE(resource, &engine->stopping, link, next)
		sy_resource_free(resource);
		sy_namespaces_done(engine);
		sy_retired_done(engine);
	}
	sy_queue_done(&engine->queue);
	sy_kube_free(engine->kube[SY_SIDE_UP]);
	sy_kube_free(engine->kube[SY_SIDE_DOWN]);
	sy_defer_free(engine->run);
	sy_timer_free(engine->timer);
	sy_timer_free(engine->report_timer);
	sy_tenant_events_free(engine->tenant_events);
	sy_events_free(engine->events);
	sy_plan_done(&engine->plan);
	free(engine->finalizer);
	free(engine->soft_annotation);
	free(engine->leave_annotation);
	free(engine->selector);
	free(engine->cluster_locator);
	free(engine);
}

static char *join(const char *a, const char *b)
{
	char *text = NULL;
	return asprintf(&text, "%s%s", a, b) < 0 ? NULL : text;
}

/* What follows from who we are; once, with the first plan. */
static int identify(struct sy_engine *engine, struct sy_error *err)
{
	const struct sy_plan *plan = &engine->plan;
	int rc = sy_tenant_id(&engine->target, plan->cluster, engine->tenant, err);
	if (rc == 0)
		rc = sy_downstream_namespace(&engine->target, plan->cluster, "", engine->prefix, err);
	if (rc == 0)
		rc = sy_locator(&engine->target, plan->cluster, NULL, &engine->cluster_locator, err);
	if (rc)
		return rc;
	engine->finalizer = join(SY_FINALIZER, plan->key);
	engine->soft_annotation = join(SY_ANNOTATION_SOFT_FINALIZERS, plan->key);
	engine->leave_annotation = join(SY_ANNOTATION_DELETION, plan->key);
	if (asprintf(&engine->selector, SY_LABEL_CLUSTER "=%s," SY_LABEL_TENANT "=%s", plan->key, engine->tenant) < 0)
		engine->selector = NULL;
	return engine->finalizer && engine->soft_annotation && engine->leave_annotation && engine->selector ? 0 : sy_error_oom(err);
}

static bool same_identity(const struct sy_plan *a, const struct sy_plan *b)
{
	return strcmp(a->cluster, b->cluster) == 0 && strcmp(a->target_cluster, b->target_cluster) == 0 &&
	       strcmp(a->target_name, b->target_name) == 0 && strcmp(a->target_uid, b->target_uid) == 0 && strcmp(a->key, b->key) == 0;
}

/* The one wall upstream: nothing but the base URLs of the plan. */
static int allow(struct sy_engine *engine, struct sy_error *err)
{
	const struct sy_plan *plan = &engine->plan;
	const char **prefixes = calloc(plan->resource_count + 1, sizeof(*prefixes));
	if (!prefixes)
		return sy_error_oom(err);
	size_t count = 0;
	for (size_t i = 0; i < plan->resource_count; i++)
		if (plan->resources[i].role != SY_ROLE_KEPT)
			prefixes[count++] = plan->resources[i].up_base;
	int rc = sy_kube_allow(engine->kube[SY_SIDE_UP], prefixes, count, err);
	free(prefixes);
	const char *server = sy_kube_server(engine->kube[SY_SIDE_DOWN]);
	return rc ? rc : sy_kube_allow(engine->kube[SY_SIDE_DOWN], &server, 1, err);
}

static struct sy_resource *find(struct sy_engine *engine, const char *group, const char *name)
{
	struct sy_resource *resource;
	TAILQ_FOREACH(resource, &engine->resources, link)
	if (strcmp(resource->rule.group, group) == 0 && strcmp(resource->rule.resource, name) == 0)
		return resource;
	return NULL;
}

/* A new resource, in the place of one that goes, or where an earlier process had one. */
static int make_resource(struct sy_engine *engine, struct sy_resource *former, const struct sy_plan_resource *rule, struct sy_error *err)
{
	struct sy_guard guard = former ? former->guard : (struct sy_guard){0};
	struct sy_resource *resource = NULL;
	if (former)
		sy_resource_stop(former);
	int rc = sy_resource_new(&resource, engine, rule, err);
	if (rc)
		return rc;
	for (size_t i = 0; !former && i < engine->plan.held_count; i++)
		guard.kept = guard.kept || strcmp(engine->plan.held[i], resource->label) == 0;
	sy_guard_inherit(&resource->guard, &guard);
	return 0;
}

static int follow_rule(struct sy_engine *engine, const struct sy_plan_resource *rule, struct sy_error *err)
{
	struct sy_resource *resource = find(engine, rule->group, rule->resource);
	enum sy_rule_change change = resource ? sy_rule_compare(resource, rule) : SY_RULE_REPLACE;
	if (change == SY_RULE_REPLACE)
		return make_resource(engine, resource, rule, err);
	int rc = change == SY_RULE_SAME ? 0 : sy_resource_set_rule(resource, rule, err);
	for (int side = 0; rc == 0 && change == SY_RULE_RELIST && side < SY_SIDE_MAX; side++)
		if (resource->view[side].reflector)
			sy_reflector_relist(resource->view[side].reflector);
	return rc;
}

static const struct sy_plan_resource *planned(const struct sy_plan *plan, const struct sy_plan_resource *rule)
{
	for (size_t i = 0; i < plan->resource_count; i++)
		if (strcmp(plan->resources[i].group, rule->group) == 0 && strcmp(plan->resources[i].resource, rule->resource) == 0)
			return &plan->resources[i];
	return NULL;
}

/* Bring the resources in line with the plan. */
static int follow(struct sy_engine *engine, struct sy_error *err)
{
	struct sy_resource *resource, *next;
	const struct sy_plan *plan = &engine->plan;
	TAILQ_FOREACH_SAFE(resource, &engine->resources, link, next)
	{
		const struct sy_plan_resource *rule = planned(plan, &resource->rule);
		if (rule && rule->role != SY_ROLE_KEPT)
			continue;
		int rc = rule ? 0 : sy_retire(engine, &resource->rule, err);
		if (rc)
			return rc;
		sy_resource_stop(resource);
	}
	for (size_t i = 0; i < plan->resource_count; i++) {
		sy_unretire(engine, &plan->resources[i]);
		int rc = plan->resources[i].role == SY_ROLE_KEPT ? 0 : follow_rule(engine, &plan->resources[i], err);
		if (rc)
			return rc;
	}
	int rc = sy_namespaces_start(engine, err);
	if (rc)
		return rc;
	TAILQ_FOREACH(resource, &engine->resources, link)
	{
		sy_patience_forgive(resource, true);
		sy_resource_review(resource);
	}
	sy_namespaces_hurry(engine);
	sy_engine_listed(engine);
	return 0;
}

int sy_engine_set_plan(struct sy_engine *engine, const struct sy_plan *plan, struct sy_error *err)
{
	struct sy_plan copy;
	if (engine->planned && !same_identity(&engine->plan, plan))
		return sy_error_set(err, EINVAL, "the plan is for another workspace or target than the first one");
	int rc = sy_plan_copy(plan, &copy, err);
	if (rc)
		return rc;
	bool approved = engine->planned && engine->plan.approved != copy.approved;
	sy_plan_done(&engine->plan);
	engine->plan = copy;
	engine->target = (struct sy_target_id){copy.target_cluster, copy.target_name, copy.target_uid};
	if (!engine->planned)
		rc = identify(engine, err);
	if (rc)
		return rc;
	engine->planned = true;
	sy_tenant_events_forgive(engine->tenant_events);
	rc = allow(engine, err);
	if (rc == 0)
		rc = follow(engine, err);
	if (rc == 0 && approved)
		sy_guard_approve(engine);
	sy_engine_wake(engine);
	sy_engine_changed(engine);
	return rc;
}

int sy_engine_set_access(struct sy_engine *engine, const struct sy_access *upstream, const struct sy_access *downstream,
			 struct sy_error *err)
{
	int rc = sy_kube_set_access(engine->kube[SY_SIDE_UP], upstream, err);
	if (rc == 0)
		rc = sy_kube_set_access(engine->kube[SY_SIDE_DOWN], downstream, err);
	if (rc)
		return rc;
	struct sy_resource *resource;
	sy_tenant_events_forgive(engine->tenant_events);
	if (engine->namespaces.reflector)
		sy_reflector_kick(engine->namespaces.reflector);
	TAILQ_FOREACH(resource, &engine->resources, link)
	{
		for (int side = 0; side < SY_SIDE_MAX; side++)
			if (resource->view[side].reflector)
				sy_reflector_kick(resource->view[side].reflector);
		sy_patience_forgive(resource, false);
		sy_resource_review(resource);
	}
	sy_namespaces_hurry(engine);
	return 0;
}
