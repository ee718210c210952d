/* Whether a worker has finished with what its plan removes. */
#include <string.h>

#include "supervisor/plan/planner.h"

static const struct sy_report_resource *find_row(const struct sy_report *report, const struct sy_plan_resource *resource)
{
	for (size_t i = 0; i < report->resource_count; i++) {
		const struct sy_report_resource *row = &report->resources[i];

		if (strcmp(row->group, resource->group) == 0 && strcmp(row->resource, resource->resource) == 0)
			return row;
	}
	return NULL;
}

static bool empty(const struct sy_report *report, const struct sy_plan_resource *resource)
{
	const struct sy_report_resource *row = find_row(report, resource);

	if (!row || row->pending > 0 || row->synced > 0 || row->copies > 0 || (!row->down_synced && resource->role != SY_ROLE_ABSENT))
		return false;
	/* Being refused upstream says nothing: only a binding that is gone leaves no finalizer to release. */
	return resource->claimed || resource->up_gone || row->up_synced;
}

bool sy_plan_swept(const struct sy_plan *plan, const struct sy_report *report, const char *origin)
{
	if (report->plan_generation != plan->generation)
		return false;
	for (size_t i = 0; i < plan->resource_count; i++) {
		const struct sy_plan_resource *resource = &plan->resources[i];

		if (strcmp(resource->origin, origin) != 0)
			continue;
		switch (resource->role) {
		case SY_ROLE_REMOVED:
			if (!empty(report, resource))
				return false;
			break;
		case SY_ROLE_KEPT:
			/* Claims leave nothing upstream, and copies of one that is not allowed are not ours to keep. */
			if (resource->group[0] == '\0')
				break;
			return false;
		case SY_ROLE_ABSENT: /* living objects upstream still carry our finalizer, unless all are to lose it */
			if (!resource->release_all || !empty(report, resource))
				return false;
			break;
		case SY_ROLE_SYNC:
		case SY_ROLE_MAX:
			return false;
		}
	}
	return true;
}
