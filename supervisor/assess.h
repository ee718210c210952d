/* Between assess.c (what is wrong) and assess_status.c (the status as a whole); nobody else includes this. */
#ifndef SY_SUPERVISOR_ASSESS_H
#define SY_SUPERVISOR_ASSESS_H

#include "supervisor/status.h"
#include "supervisor/supervisor.h"

struct sy_assessment {
	size_t workers_total;
	size_t workers_ready;
	int64_t due_ms; /* loop time at which the counts change by themselves */
	int64_t deadline_ms;
	bool stale; /* a worker's report is older than deadline_ms */
};

/* Count one tenant's worker. */
void sy_assess_count(struct sy_supervisor *sup, struct sy_tenant *tenant, const struct sy_phase_result *phase, struct sy_assessment *out);
void sy_assess_conditions(struct sy_supervisor *sup, const struct sy_assessment *counted,
			  struct sy_condition ret_conditions[SY_CONDITION_MAX]);

#endif
