/* The sync engine of one logical cluster: follows a plan, keeps both sides in step, reports. Knows no mode, no supervisor, no IPC. */
#ifndef SY_WORKERS_ENGINE_H
#define SY_WORKERS_ENGINE_H

#include "base/loop.h"
#include "kube/access.h"
#include "proto/plan.h"
#include "proto/report.h"

struct sy_engine;

struct sy_engine_ops {
	/* The report would say something new; coalesced to at most one call per 200 ms. */
	void (*changed)(void *arg);
	/* Something to tell a user, aggregated and rate-limited already. event is borrowed. */
	void (*event)(void *arg, const struct sy_event *event);
};

struct sy_engine_options {
	const char *user_agent; /* copied */
};

/* access values are copied. Nothing is requested before the first plan. */
int sy_engine_new(struct sy_engine **ret_engine, struct sy_loop *loop, const struct sy_access *upstream, const struct sy_access *downstream,
		  const struct sy_engine_options *options, const struct sy_engine_ops *ops, void *arg, struct sy_error *err);
void sy_engine_free(struct sy_engine *engine);

/* Follow this plan from now on (copied). Resources that stay keep their state; keys in flight of changed or removed ones finish first. -EINVAL when
 * the plan's cluster or target differs from the first plan's: nothing has changed then. After any other failure (memory is short, a name that
 * cannot be) the new plan is followed in part only: the caller gives the plan again, or ends. */
int sy_engine_set_plan(struct sy_engine *engine, const struct sy_plan *plan, struct sy_error *err);
int sy_engine_set_access(struct sy_engine *engine, const struct sy_access *upstream, const struct sy_access *downstream,
			 struct sy_error *err);

/* Snapshot of the present state; caller owns it. */
int sy_engine_report(struct sy_engine *engine, struct sy_report *ret_report, struct sy_error *err);
/* What is known about one object: args {"key": "ns/name", "resource": "widgets.example.dev"?}; without key: all failing objects (at most 200).
 * What is not here is no failure: "missing" of the value says it in words. Caller owns *ret_value. */
int sy_engine_dump(struct sy_engine *engine, json_object *args, json_object **ret_value, struct sy_error *err);

#endif
