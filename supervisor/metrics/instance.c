/* Metrics of the process, of both servers and of the SyncTarget. */
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/num.h"
#include "supervisor/control/verbs.h"
#include "supervisor/metrics/exposition.h"
#include "supervisor/metrics/metrics.h"
#include "supervisor/process/usage.h"

#define CELL_LABEL_MAX 80 /* "cell_" and a key of the type's limit */
#define TARGET_LABELS 5

static void one(struct sy_exposition *to, enum sy_family family, int64_t value)
{
	sy_sample(to, family, NULL, 0, value, 0);
}

static void servers_up(struct sy_supervisor *sup, struct sy_exposition *to)
{
	static const char *const sides[] = {"upstream", "downstream"};
	sy_auto_json json_object *status = sy_verbs_status(sup);

	for (size_t i = 0; i < 2; i++) {
		const struct sy_label label = {"side", sides[i]};
		bool reachable = false;

		(void)sy_json_bool(status, &reachable, sides[i], "reachable", NULL);
		sy_sample(to, SY_M_SERVER_UP, &label, 1, reachable, 0);
	}
}

static void requests(const struct sy_supervisor *sup, struct sy_exposition *to)
{
	static const struct sy_label up = {"side", "upstream"}, down = {"side", "downstream"};
	const struct sy_kube_counters above = sup->up_kube ? sy_kube_counters(sup->up_kube) : (struct sy_kube_counters){0};
	const struct sy_kube_counters below = sup->down_kube ? sy_kube_counters(sup->down_kube) : (struct sy_kube_counters){0};

	sy_sample_count(to, SY_M_REQUESTS, &up, 1, above.requests);
	sy_sample_count(to, SY_M_REQUESTS, &down, 1, below.requests);
	sy_sample_count(to, SY_M_REQUEST_FAILURES, &up, 1, above.failures);
	sy_sample_count(to, SY_M_REQUEST_FAILURES, &down, 1, below.failures);
	sy_sample_count(to, SY_M_REQUESTS_THROTTLED, &up, 1, above.throttled);
	sy_sample_count(to, SY_M_REQUESTS_THROTTLED, &down, 1, below.throttled);
}

void sy_metrics_instance(struct sy_supervisor *sup, struct sy_exposition *to)
{
	const struct sy_label version = {"version", SY_VERSION};
	const struct sy_label instance[] = {{"mode", sup->target ? "SyncTarget" : "Direct"}, {"identity", sup->identity.text}};
	struct sy_health health;

	sy_health_ready(sup, &health);
	sy_sample(to, SY_M_BUILD_INFO, &version, 1, 1, 0);
	sy_sample(to, SY_M_INSTANCE_INFO, instance, 2, 1, 0);
	one(to, SY_M_READY, sy_health_ok(&health));
	one(to, SY_M_RELOAD_OK, !sup->reload_refused);
	one(to, SY_M_RELOAD_TIME, sup->configured_s);
	servers_up(sup, to);
	requests(sup, to);
}

static bool has_label(const struct sy_label *labels, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(labels[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Names that become equal as labels: the first counts, for a text with a label twice would be refused as a whole. */
static void target_info(const struct sy_target_view *view, struct sy_exposition *to)
{
	json_object *cells = sy_json_object(view->spec, "cells", NULL);
	char names[SY_LABELS_MAX][CELL_LABEL_MAX];
	struct sy_label labels[TARGET_LABELS + SY_LABELS_MAX] = {
		{"cluster", view->cluster},
		{"path", view->cluster && strcmp(view->workspace, view->cluster) == 0 ? "" : view->workspace},
		{"name", view->name},
		{"uid", view->uid},
		{"key", view->key}};
	size_t count = TARGET_LABELS, made = 0;

	if (cells) {
		json_object_object_foreach(cells, key, value)
		{
			if (made == SY_LABELS_MAX)
				break;
			sy_label_name("cell_", key, names[made], sizeof(names[made]));
			if (!json_object_is_type(value, json_type_string) || has_label(labels, count, names[made]))
				continue;
			labels[count++] = (struct sy_label){names[made++], json_object_get_string(value)};
		}
	}
	sy_sample(to, SY_M_SYNCTARGET_INFO, labels, count, 1, 0);
}

static void conditions(struct sy_supervisor *sup, struct sy_exposition *to)
{
	static const enum sy_condition_status statuses[] = {SY_TRUE, SY_FALSE, SY_UNKNOWN};
	struct sy_condition all[SY_CONDITION_MAX];

	if (!sy_assess_now(sup, all))
		return;
	for (int type = 0; type < SY_CONDITION_MAX; type++) {
		for (size_t i = 0; i < 3; i++) {
			const struct sy_label labels[] = {{"type", sy_condition_type_name((enum sy_condition_type)type)},
							  {"status", sy_condition_status_name(statuses[i])}};

			sy_sample(to, SY_M_CONDITION, labels, 2, all[type].status == statuses[i], 0);
		}
	}
	for (int type = 0; type < SY_CONDITION_MAX; type++) {
		const struct sy_label labels[] = {{"type", sy_condition_type_name((enum sy_condition_type)type)},
						  {"reason", all[type].reason},
						  {"severity", all[type].severity}};

		sy_sample(to, SY_M_CONDITION_INFO, labels, 3, 1, 0);
	}
}

void sy_metrics_target(struct sy_supervisor *sup, struct sy_exposition *to)
{
	const struct sy_target_view *view = sup->target ? sy_target_view(sup->target) : NULL;
	const char *text = view && view->owned ? sy_json_str(view->status, "lastSyncerHeartbeatTime", NULL) : NULL;
	time_t beat;

	if (!view)
		return;
	if (view->uid)
		target_info(view, to);
	if (text && sy_time_parse(text, &beat))
		one(to, SY_M_HEARTBEAT, beat);
	conditions(sup, to);
	for (int state = 0; state < SY_RESOURCE_STATE_MAX; state++) {
		const struct sy_label label = {"state", sy_resource_state_name((enum sy_resource_state)state)};

		sy_sample_count(to, SY_M_RESOURCES, &label, 1, sy_catalog_count(&sup->catalog, (enum sy_resource_state)state));
	}
}

void sy_metrics_process(const struct sy_supervisor *sup, struct sy_exposition *to)
{
	struct rlimit limit = {0};
	struct sy_usage usage;
	int64_t count = sy_usage_descriptors();

	if (sy_usage_of(getpid(), &usage)) {
		sy_sample(to, SY_M_PROCESS_CPU, NULL, 0, usage.cpu_ms, 3);
		one(to, SY_M_PROCESS_MEMORY, usage.resident_bytes);
		one(to, SY_M_PROCESS_VIRTUAL, usage.virtual_bytes);
	}
	if (count >= 0)
		one(to, SY_M_PROCESS_FDS, count);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		sy_sample_count(to, SY_M_PROCESS_MAX_FDS, NULL, 0, limit.rlim_cur);
	one(to, SY_M_PROCESS_START, sup->started_s);
}
