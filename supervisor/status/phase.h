/* The phase of a workspace as SyncTarget and syncerctl show it (syncerd-rules(7) 2.4): a pure function of its record, its bindings and its
 * worker. */
#ifndef SY_SUPERVISOR_PHASE_H
#define SY_SUPERVISOR_PHASE_H

#include "supervisor/discovery/bindings.h"
#include "supervisor/config/config.h"
#include "supervisor/status/tenants.h"
#include "supervisor/process/workers.h"

#define SY_PHASE_MESSAGE_MAX 257 /* maxLength 256 of the schema */

struct sy_phase_result {
	enum sy_phase phase;
	char reason[129]; /* "" = none */
	char message[SY_PHASE_MESSAGE_MAX];
	bool wants_worker; /* Pending and Refused workspaces have none */
};

struct sy_phase_input {
	const struct sy_config *config;
	const struct sy_tenant *tenant;
	const struct sy_bindings *bindings;  /* NULL in direct mode */
	size_t first, count;		     /* its records in bindings */
	const struct sy_worker_view *worker; /* NULL = none */
	bool leaving;			     /* the SyncTarget is being deleted */
	bool evicting;			     /* spec.evictAfter has come */
	bool cordoned;			     /* spec.unschedulable */
	bool waiting;			     /* the SyncTarget is not ours to serve */
	int64_t unready_ms;		     /* a worker may go on with an older plan for so long before it is said */
};

void sy_phase_of(const struct sy_phase_input *input, struct sy_phase_result *ret_result);
/* Phases in which a worker counts as ready (8.3). */
bool sy_phase_is_ready(enum sy_phase phase);

/* Claims of a binding that the consumer refused and that are not in sync.optionalClaims. Returns 0 or -ENOMEM; appends to out. */
int sy_phase_refused(const struct sy_config *config, const struct sy_binding *binding, struct sy_strv *out, struct sy_error *err);
/* Records of one cluster in a sorted sy_bindings. */
void sy_phase_range(const struct sy_bindings *bindings, const char *cluster, size_t *ret_first, size_t *ret_count);

#endif
