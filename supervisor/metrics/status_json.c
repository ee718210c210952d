/* What the status page shows, as JSON. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/control/verbs.h"
#include "supervisor/metrics/status_page.h"
#include "supervisor/process/usage.h"

/* One workspace, and what tells how much it needs a look. */
struct ranked {
	const struct sy_tenant *tenant;
	enum sy_phase phase; /* in the order of the enum: the worst first */
	uint64_t failing;
	int64_t lag_ms;
};

static int compare(const void *a, const void *b)
{
	const struct ranked *left = a, *right = b;

	if (left->phase != right->phase)
		return left->phase < right->phase ? -1 : 1;
	if (left->failing != right->failing)
		return left->failing > right->failing ? -1 : 1;
	if (left->lag_ms != right->lag_ms)
		return left->lag_ms > right->lag_ms ? -1 : 1;
	return strcmp(left->tenant->cluster, right->tenant->cluster);
}

static struct ranked *rank(struct sy_supervisor *sup, uint64_t by_phase[SY_PHASE_MAX])
{
	struct ranked *all = calloc(sup->tenants.count + 1, sizeof(*all));

	for (size_t i = 0; all && i < sup->tenants.count; i++) {
		struct sy_phase_result phase;
		struct sy_worker_view view;

		sy_assess_phase(sup, sup->tenants.items[i], &phase, &view);
		all[i] = (struct ranked){.tenant = sup->tenants.items[i], .phase = phase.phase};
		by_phase[phase.phase]++;
		if (!view.report)
			continue;
		all[i].lag_ms = view.report->lag_ms;
		for (size_t k = 0; k < view.report->resource_count; k++)
			all[i].failing += view.report->resources[k].failing;
	}
	if (all)
		qsort(all, sup->tenants.count, sizeof(*all), compare);
	return all;
}

static int add_workspaces(struct sy_supervisor *sup, json_object *out)
{
	size_t limit = (size_t)sup->config->metrics_workspaces, count = sup->tenants.count;
	json_object *list = json_object_new_array(), *phases = json_object_new_object();
	uint64_t by_phase[SY_PHASE_MAX] = {0};
	struct ranked *all = rank(sup, by_phase);
	int r = all && list && phases ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < count && i < limit; i++) {
		json_object *item = sy_verbs_brief(sup, all[i].tenant);

		if (item && json_object_array_add(list, item) == 0)
			continue;
		json_object_put(item);
		r = -ENOMEM;
	}
	free(all);
	for (int phase = 0; r == 0 && phase < SY_PHASE_MAX; phase++)
		r = sy_json_add_int(phases, sy_phase_name((enum sy_phase)phase), (int64_t)by_phase[phase]);
	if (r < 0) {
		json_object_put(list);
		json_object_put(phases);
		return r;
	}
	r = sy_json_add(out, "workspaces", list);
	if (r < 0) {
		json_object_put(phases);
		return r;
	}
	r = sy_json_add(out, "phases", phases);
	return r < 0 ? r : sy_json_add_int(out, "unlisted", count > limit ? (int64_t)(count - limit) : 0);
}

static json_object *show_check(const struct sy_health_check *check)
{
	json_object *out = json_object_new_object();
	int r = sy_json_add_str(out, "name", check->name);

	if (r == 0)
		r = sy_json_add_bool(out, "ok", check->ok);
	if (r == 0)
		r = sy_json_add_str(out, "reason", check->reason);
	if (r == 0)
		return out;
	json_object_put(out);
	return NULL;
}

static int add_health(const struct sy_health *health, json_object *out)
{
	json_object *checks = json_object_new_array(), *value = json_object_new_object();
	int r = sy_json_add_bool(value, "ready", sy_health_ok(health));

	for (size_t i = 0; r == 0 && i < health->count; i++) {
		json_object *check = show_check(&health->checks[i]);

		if (check && checks && json_object_array_add(checks, check) == 0)
			continue;
		json_object_put(check);
		r = -ENOMEM;
	}
	if (r < 0) {
		json_object_put(checks);
		json_object_put(value);
		return r;
	}
	r = sy_json_add(value, "checks", checks);
	if (r == 0)
		return sy_json_add(out, "health", value);
	json_object_put(value);
	return r;
}

/* The status as syncerctl gets it, and the memory of this process. */
static json_object *show_status(struct sy_supervisor *sup)
{
	json_object *status = sy_verbs_status(sup);
	int64_t resident, anonymous;

	if (!status || !sy_usage_memory(getpid(), &resident, &anonymous) || sy_json_add_int(status, "anonymousBytes", anonymous) == 0)
		return status;
	json_object_put(status);
	return NULL;
}

int sy_status_json_write(struct sy_supervisor *sup, const struct sy_health *health, struct sy_buf *out, struct sy_error *err)
{
	sy_auto_json json_object *value = json_object_new_object();
	json_object *status = show_status(sup);
	int r = status ? sy_json_add_int(value, "time", (int64_t)time(NULL)) : -ENOMEM;

	if (r == 0)
		r = sy_json_add(value, "status", status);
	else
		json_object_put(status);
	if (r == 0)
		r = add_health(health, value);
	if (r == 0)
		r = add_workspaces(sup, value);
	if (r < 0)
		return sy_error_oom(err);
	return sy_json_print(value, out, err);
}
