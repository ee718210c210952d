/* Planners: they turn what the supervisor knows into one sync plan per logical cluster. Pure: no request is made and no state is kept here
 * (asking sy_schemas_get for an unknown schema starts its request). Resources are sorted, so equal knowledge gives equal plans. */
#ifndef SY_SUPERVISOR_PLANNER_H
#define SY_SUPERVISOR_PLANNER_H

#include "supervisor/bindings.h"
#include "supervisor/catalog.h"

/* Who syncs: borrowed strings. */
struct sy_plan_target {
	const char *cluster; /* "" in direct mode */
	const char *name;
	const char *uid;
	const char *key;
};

struct sy_plan_input {
	const struct sy_knowledge *knowledge;
	const struct sy_bindings *bindings;
	const struct sy_timings *timings;
	struct sy_plan_target target;
	bool leaving;			     /* the SyncTarget is being deleted: everything drains (synctarget.md 7.5) */
	enum sy_plan_removal leaving_policy; /* its spec.deletionPolicy */
	int64_t now_ms;
};

enum sy_plan_outcome {
	SY_PLAN_NONE = 0, /* nothing bound yet, and nothing to remove */
	SY_PLAN_WAIT,	  /* knowledge is missing (schema, discovery, review): keep what runs */
	SY_PLAN_READY,	  /* *ret_plan is set; the caller owns it */
	SY_PLAN_OUTCOME_MAX
};

/* The plan of the logical cluster whose bindings are at first .. first+count-1 of input->bindings (4.1, 4.3, 5.7, 7.4). *ret_due_ms: loop
 * time at which the answer changes by itself (a refused claim's grace time ends), INT64_MAX = never. Returns an outcome or a negative
 * errno value. */
int sy_plan_for_bindings(const struct sy_plan_input *input, size_t first, size_t count, struct sy_plan *ret_plan, int64_t *ret_due_ms,
			 struct sy_error *err);

/* Drain-only plan for a logical cluster that is in no binding list any more but has namespaces of ours downstream (7.1 g, 7.3 C10): all
 * resources that can be synced at all, without the upstream side. */
int sy_plan_for_orphan(const struct sy_plan_input *input, const char *cluster, struct sy_plan *ret_plan, struct sy_error *err);

/* One workspace of direct mode. */
struct sy_direct_resource {
	const char *group;
	const char *version;
	const char *resource;
	const char *kind;
	bool namespaced;
	bool up_status;
};
int sy_plan_for_direct(const struct sy_config *config, const struct sy_plan_target *target, const char *cluster, const char *path,
		       const char *up_base, const struct sy_direct_resource *resources, size_t count, struct sy_plan *ret_plan,
		       struct sy_error *err);

/* Shared by the planners. */
int sy_plan_begin(struct sy_plan *plan, const struct sy_config *config, const struct sy_plan_target *target, const char *cluster,
		  const char *path, struct sy_error *err);
/* Append a resource (strings copied) with the rules of the configuration; a group+resource that is there already is left as it is. */
int sy_plan_add(struct sy_plan *plan, const struct sy_config *config, const struct sy_plan_resource *resource, struct sy_error *err);
void sy_plan_sort(struct sy_plan *plan); /* by group, then resource */

#endif
