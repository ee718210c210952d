/* A resource's own copy of its rule in the plan, and what follows from it. */
#ifndef SY_WORKERS_RULE_H
#define SY_WORKERS_RULE_H

#include "internal.h"

/* What a new rule means for a resource that runs. */
enum sy_rule_change {
	SY_RULE_SAME = 0,
	SY_RULE_REVIEW,	 /* look at every object again */
	SY_RULE_RELIST,	 /* hashes depend on it: read both sides again */
	SY_RULE_REPLACE, /* another collection or other names: start anew */
};
enum sy_rule_change sy_rule_compare(const struct sy_resource *resource, const struct sy_plan_resource *rule);

/* Replace the rule (also of a new resource); on failure the old one stays. */
int sy_resource_set_rule(struct sy_resource *resource, const struct sy_plan_resource *rule, struct sy_error *err);
void sy_resource_clear_rule(struct sy_resource *resource);

#endif
