/* The logical clusters that this supervisor serves: one record each, sorted by name. Holds what outlives one planning run; what a worker
 * does is asked from sy_workers, what a binding says from sy_bindings. */
#ifndef SY_SUPERVISOR_TENANTS_H
#define SY_SUPERVISOR_TENANTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/limits.h"
#include "proto/plan.h"

#define SY_MAX_TENANTS (SY_MAX_WORKERS * 8) /* those that have a worker, and those for which there is none */

struct sy_tenant {
	char *cluster;
	char *path;
	bool planned;		/* a plan was handed to sy_workers */
	enum sy_plan_mode mode; /* of that plan */
	bool upstream_gone;	/* of that plan */
	bool drained;		/* its DRAIN is complete; reset when it runs again */
	bool orphan;		/* known from the physical cluster only */
	bool keep;		/* mark of the run under way */
	bool refused;		/* has a plan to follow, and all workers that there may be are taken */
	bool elsewhere;		/* its bindings name other SyncTargets only (4.5) */
	bool shut;		/* elsewhere with nothing left here, or new while the SyncTarget is closed for new ones (4.4): no worker */
	char problem[256];	/* why there is no plan; direct mode: all resources that cannot be synced, and why; "" = none */
	char note_reason[64];	/* what its plan leaves out or waits for; "" = nothing */
	char note[257];
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
/* The places that there are for workers during one planning run. */
struct sy_tenants_room {
	size_t limit;
	size_t served;	/* by tenants that have a plan and are not done with it */
	size_t refused; /* tenants for which there was none */
};
void sy_tenants_room(const struct sy_tenants *tenants, size_t limit, struct sy_tenants_room *ret_room);
/* The tenant is to get a plan. True when it has a place or gets one; else it is marked refused. Who is served keeps its place. */
bool sy_tenants_admit(struct sy_tenants_room *room, struct sy_tenant *tenant);
void sy_tenants_remove(struct sy_tenants *tenants, struct sy_tenant *tenant);
/* By logical cluster name, else by path. NULL = unknown. A path is not always one tenant's: a workspace that was made anew has it together with the
   former one, while that drains. Then *ret_other is the second of them, otherwise NULL. */
struct sy_tenant *sy_tenants_named(const struct sy_tenants *tenants, const char *name, struct sy_tenant **ret_other);

#endif
