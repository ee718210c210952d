/* Planners: they turn what the supervisor knows into one sync plan per logical cluster. Pure: no request is made and no state is kept here
 * (asking sy_schemas_get for an unknown schema starts its request). Resources are sorted, so equal knowledge gives equal plans. */
#ifndef SY_SUPERVISOR_PLANNER_H
#define SY_SUPERVISOR_PLANNER_H

#include "proto/report.h"
#include "supervisor/discovery/bindings.h"
#include "supervisor/plan/catalog.h"

/* Who syncs: borrowed strings. */
struct sy_plan_target {
	const char *cluster; /* "" in direct mode */
	const char *name;
	const char *uid;
	const char *key;
};

/* What a plan leaves out or waits for, and its tenant must know; a function of state. reason "" = nothing. */
struct sy_plan_note {
	char reason[64];
	char message[257];
};

struct sy_plan_input {
	const struct sy_knowledge *knowledge;
	const struct sy_bindings *bindings;
	const struct sy_timings *timings;
	struct sy_plan_target target;
	bool leaving;			     /* the SyncTarget is being deleted: everything drains (syncerd-rules(7) 7.5) */
	enum sy_plan_removal leaving_policy; /* its spec.deletionPolicy */
	bool evicting;			     /* spec.evictAfter has come: everything drains, and objects stay upstream (4.4) */
	int64_t now_ms;
	struct sy_plan_note *note; /* is set when a plan is made; NULL = nobody asks */
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

/* The same for a logical cluster of which no binding is held, but of which there is one that cannot be read: a drain, over all that its export
 * offers, where it leaves (sy_bindings_rest) or everything does; else SY_PLAN_NONE. */
int sy_plan_for_rest(const struct sy_plan_input *input, const char *cluster, struct sy_plan *ret_plan, int64_t *ret_due_ms,
		     struct sy_error *err);

/* Drain-only plan for a logical cluster that is in no binding list any more but has namespaces of ours downstream (7.1 g, 7.3 C10): all
 * resources that can be synced at all, without the upstream side. What becomes of their copies the SyncTarget's deletionPolicy says when it
 * goes, else sync.unbind. */
int sy_plan_for_orphan(const struct sy_plan_input *input, const char *cluster, struct sy_plan *ret_plan, struct sy_error *err);

/* The plan syncs nothing from this origin (label of an export), and its worker reports that all it was told to remove of it is gone on both
 * sides. */
bool sy_plan_swept(const struct sy_plan *plan, const struct sy_report *report, const char *origin);

/* One workspace of direct mode. */
struct sy_direct_resource {
	const char *group;
	const char *version;
	const char *resource;
	const char *kind;
	bool namespaced;
	bool up_status;
	enum sy_plan_role role;
};
int sy_plan_for_direct(const struct sy_config *config, const struct sy_plan_target *target, const char *cluster, const char *path,
		       const char *up_base, const struct sy_direct_resource *resources, size_t count, struct sy_plan *ret_plan,
		       struct sy_error *err);

/* Shared by the planners. */
int sy_plan_begin(struct sy_plan *plan, const struct sy_config *config, const struct sy_plan_target *target, const char *cluster,
		  const char *path, struct sy_error *err);
bool sy_plan_names(const struct sy_plan *plan, const char *group, const char *resource);
/* Append a resource (strings copied) with the rules of the configuration; a group+resource that is there already is left as it is. */
int sy_plan_add(struct sy_plan *plan, const struct sy_config *config, const struct sy_plan_resource *resource, struct sy_error *err);
void sy_plan_sort(struct sy_plan *plan); /* by group, then resource */

/* A resource that is not synced, but of which copies may exist. Borrowed strings. */
struct sy_plan_kept {
	const char *group;
	const char *resource;
	const struct sy_schema *schema; /* NULL = not known */
	const char *base;
	const char *origin;
};
/* Append it with the role kept, unless the plan names it already or it is cluster-scoped. Its version is one that the cluster serves, as
 * far as discovery knows. What a plan has no room for, and an export that was never read, set keep_namespaces; an export of which that is
 * true and which the SyncTarget no longer names does not: what it had is of no concern any more. After all others. */
int sy_plan_keep(struct sy_plan *plan, const struct sy_knowledge *knowledge, const struct sy_plan_kept *kept, struct sy_error *err);
int sy_plan_keep_bound(struct sy_plan *plan, const struct sy_knowledge *knowledge, const struct sy_binding *binding, const char *base,
		       struct sy_error *err);
int sy_plan_keep_exports(struct sy_plan *plan, const struct sy_knowledge *knowledge, const char *base, struct sy_error *err);

#endif
