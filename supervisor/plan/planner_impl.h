/* Between planner_synctarget.c (what one binding adds to a plan) and planner_run.c (the plan of a logical cluster); nobody else includes
 * this. */
#ifndef SY_SUPERVISOR_PLANNER_IMPL_H
#define SY_SUPERVISOR_PLANNER_IMPL_H

#include "supervisor/plan/planner.h"

/* One planning run over the bindings of one logical cluster. */
struct sy_plan_run {
	const struct sy_plan_input *input;
	struct sy_plan *plan;
	int64_t due_ms;
	bool waiting;  /* something is not known yet */
	bool draining; /* every binding leaves */
	bool unbound;  /* because they were unbound: objects upstream go with them */
	bool all_gone; /* and none is left upstream */
	bool any_bound;
};

/* What the tenant must know. The first word counts: the most urgent is said first, and bindings come in a fixed order. */
void sy_plan_say(struct sy_plan_run *run, const char *reason, const char *what, const char *message);

bool sy_plan_binding_leaves(const struct sy_binding *binding);

/* Add a resource or a claim of a binding, or both with everything that it has; strings are borrowed. removed_pass: what is to be removed
 * while the workspace goes on comes after what stays. */
int sy_plan_add_bound(struct sy_plan_run *run, const struct sy_binding *binding, const struct sy_named_resource *bound, char *base,
		      struct sy_error *err);
int sy_plan_add_claim(struct sy_plan_run *run, const struct sy_binding *binding, char *claim, char *base, bool removed_pass,
		      struct sy_error *err);
int sy_plan_add_binding(struct sy_plan_run *run, const struct sy_binding *binding, bool removed_pass, struct sy_error *err);

/* Stand-ins for what is not held of this cluster and leaves; free with sy_plan_rest_free. 0 or -ENOMEM. */
int sy_plan_rest(const struct sy_plan_input *input, const char *cluster, struct sy_binding **ret_items, size_t *ret_count,
		 struct sy_error *err);
void sy_plan_rest_free(struct sy_binding *items, size_t count);

/* URL of a binding's workspace in its virtual workspace; malloc'ed. */
int sy_plan_up_base(const struct sy_binding *binding, char **ret_base, struct sy_error *err);

#endif
