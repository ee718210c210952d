/* Between assess.c (what is wrong) and assess_status.c (the status as a whole); nobody else includes this. */
#ifndef SY_SUPERVISOR_ASSESS_H
#define SY_SUPERVISOR_ASSESS_H

#include "supervisor/status/status.h"
#include "supervisor/supervisor.h"

struct sy_assessment {
	size_t workers_total;
	size_t workers_ready;
	int64_t due_ms; /* loop time at which the counts change by themselves */
	bool stale;	/* a worker has not reported within its deadline */
};

/* Count one tenant's worker. */
void sy_assess_count(struct sy_supervisor *sup, struct sy_tenant *tenant, const struct sy_phase_result *phase, struct sy_assessment *out);
void sy_assess_conditions(struct sy_supervisor *sup, const struct sy_assessment *counted,
			  struct sy_condition ret_conditions[SY_CONDITION_MAX]);

/* While the SyncTarget is being deleted: a sentence about what keeps it and what is left in the cluster. malloc'ed; NULL when nothing but
 * the drains under way holds it. */
char *sy_assess_leaving(const struct sy_supervisor *sup);

/* What is to be said about exports beside their state: sentences, sorted, and the reason for the case that there is nothing else. */
int sy_assess_notes(const struct sy_supervisor *sup, struct sy_strv *notes, const char **ret_reason);

#endif
