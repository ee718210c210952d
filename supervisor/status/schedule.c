#include "supervisor/status/schedule.h"

#include <string.h>

#include "base/num.h"
#include "supervisor/status/status.h"

void sy_schedule_read(json_object *spec, json_object *status, time_t now, struct sy_schedule *ret_schedule)
{
	json_object *condition = sy_status_condition(status, "Schedulable");
	const char *after = sy_json_str(spec, "evictAfter", NULL);
	const char *is = sy_json_str(condition, "status", NULL);
	const char *since = sy_json_str(condition, "lastTransitionTime", NULL);
	struct sy_schedule schedule = {0};
	time_t at = 0;

	(void)sy_json_bool(spec, &schedule.cordoned, "unschedulable", NULL);
	if (after && sy_time_parse(after, &at)) {
		schedule.evicting = at <= now;
		schedule.evict_at = schedule.evicting ? 0 : at;
	} else {
		schedule.unreadable = after != NULL;
	}
	if (!is || strcmp(is, "False") != 0 || !since || !sy_time_parse(since, &schedule.since))
		schedule.since = 0;
	*ret_schedule = schedule;
}

bool sy_schedule_new(const struct sy_schedule *schedule, const struct sy_bindings *bindings, size_t first, size_t count)
{
	if (!(schedule->cordoned || schedule->evicting) || schedule->since == 0 || count == 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct sy_binding *binding = sy_bindings_at(bindings, first + i);

		if (binding->facts.created <= schedule->since)
			return false;
	}
	return true;
}
