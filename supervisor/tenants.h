/* The logical clusters that this supervisor serves: one record each, sorted by name. Holds what outlives one planning run; what a worker
 * does is asked from sy_workers, what a binding says from sy_bindings. */
#ifndef SY_SUPERVISOR_TENANTS_H
#define SY_SUPERVISOR_TENANTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "proto/plan.h"

struct sy_tenant {
	char *cluster;
	char *path;
	bool planned;		  /* a plan was handed to sy_workers */
	enum sy_plan_mode mode;	  /* of that plan */
	bool upstream_gone;	  /* of that plan */
	bool drained;		  /* its DRAIN is complete; reset when it runs again */
	bool orphan;		  /* known from the physical cluster only */
	bool keep;		  /* mark of the run under way */
	char problem[256];	  /* direct mode: why there is no plan; "" = none */
	int64_t unready_since_ms; /* outside of the ready phases since, 0 = ready */
};

struct sy_tenants {
	struct sy_tenant **items;
	size_t count;
};

void sy_tenants_done(struct sy_tenants *tenants);
struct sy_tenant *sy_tenants_find(const struct sy_tenants *tenants, const char *cluster); /* NULL = unknown */
/* Find or add. path is taken over when it is not empty. */
int sy_tenants_get(struct sy_tenants *tenants, const char *cluster, const char *path, struct sy_tenant **ret_tenant, struct sy_error *err);
void sy_tenants_remove(struct sy_tenants *tenants, struct sy_tenant *tenant);
/* By logical cluster name, else by path. NULL = unknown. */
struct sy_tenant *sy_tenants_named(const struct sy_tenants *tenants, const char *name);

#endif
