/* Metrics of workspaces and their workers. The first metrics.maxWorkspaces of them, in the order of their logical clusters, have series of
 * their own; the rest is one more, so that the number of series is bounded whatever consumers do. */
#include <errno.h>
#include <stdlib.h>

#include "supervisor/metrics/exposition.h"
#include "supervisor/metrics/metrics.h"
#include "supervisor/process/usage.h"

enum value {
	V_UP = 0,
	V_RESTARTS,
	V_MEMORY,
	V_CPU_MS,
	V_LAG_MS,
	V_OBJECTS,
	V_SYNCED,
	V_PENDING,
	V_FAILING,
	V_FOREIGN,
	V_NAMESPACES,
	V_REQUESTS_UP,
	V_REQUESTS_DOWN,
	V_WRITES_UP,
	V_WRITES_DOWN,
	V_MAX
};

/* How a value is shown, and how those of several workspaces make one. */
static const struct {
	enum sy_family family;
	const char *side; /* NULL = no such label */
	unsigned decimals;
	enum { SUM = 0, LEAST, MOST } together;
} rows[V_MAX] = {
	[V_UP] = {SY_M_WORKER_UP, NULL, 0, LEAST},
	[V_RESTARTS] = {SY_M_WORKER_RESTARTS, NULL, 0, SUM},
	[V_MEMORY] = {SY_M_WORKER_MEMORY, NULL, 0, SUM},
	[V_CPU_MS] = {SY_M_WORKER_CPU, NULL, 3, SUM},
	[V_LAG_MS] = {SY_M_WORKER_LAG, NULL, 3, MOST},
	[V_OBJECTS] = {SY_M_WORKER_OBJECTS, NULL, 0, SUM},
	[V_SYNCED] = {SY_M_WORKER_SYNCED, NULL, 0, SUM},
	[V_PENDING] = {SY_M_WORKER_PENDING, NULL, 0, SUM},
	[V_FAILING] = {SY_M_WORKER_FAILING, NULL, 0, SUM},
	[V_FOREIGN] = {SY_M_WORKER_FOREIGN, NULL, 0, SUM},
	[V_NAMESPACES] = {SY_M_WORKER_NAMESPACES, NULL, 0, SUM},
	[V_REQUESTS_UP] = {SY_M_WORKER_REQUESTS, "upstream", 0, SUM},
	[V_REQUESTS_DOWN] = {SY_M_WORKER_REQUESTS, "downstream", 0, SUM},
	[V_WRITES_UP] = {SY_M_WORKER_WRITES, "upstream", 0, SUM},
	[V_WRITES_DOWN] = {SY_M_WORKER_WRITES, "downstream", 0, SUM},
};

struct series {
	const char *cluster;
	const char *path;
	struct sy_phase_result phase; /* of one that has series of its own */
	int64_t value[V_MAX];
	bool known[V_MAX];
};

static void put(struct series *series, enum value value, uint64_t number)
{
	series->value[value] = number > INT64_MAX ? INT64_MAX : (int64_t)number;
	series->known[value] = true;
}

static void from_report(const struct sy_report *report, struct series *out)
{
	uint64_t objects = 0, synced = 0, pending = 0, failing = 0, foreign = 0;

	for (size_t i = 0; i < report->resource_count; i++) {
		objects += report->resources[i].objects;
		synced += report->resources[i].synced;
		pending += report->resources[i].pending;
		failing += report->resources[i].failing;
		foreign += report->resources[i].foreign;
	}
	put(out, V_LAG_MS, report->lag_ms > 0 ? (uint64_t)report->lag_ms : 0);
	put(out, V_OBJECTS, objects);
	put(out, V_SYNCED, synced);
	put(out, V_PENDING, pending);
	put(out, V_FAILING, failing);
	put(out, V_FOREIGN, foreign);
	put(out, V_NAMESPACES, report->namespaces);
	put(out, V_REQUESTS_UP, report->up_requests);
	put(out, V_REQUESTS_DOWN, report->down_requests);
	put(out, V_WRITES_UP, report->writes_up);
	put(out, V_WRITES_DOWN, report->writes_down);
}

/* What is not known is left out: a worker that has not reported yet has no zero objects. */
static void look(struct sy_supervisor *sup, const struct sy_tenant *tenant, struct series *out)
{
	struct sy_worker_view view;
	struct sy_usage usage;
	int64_t memory;

	*out = (struct series){.cluster = tenant->cluster, .path = tenant->path};
	sy_assess_phase(sup, tenant, &out->phase, &view);
	if (!view.cluster)
		return;
	put(out, V_UP, view.state == SY_WORKER_RUNNING && view.report && view.report_age_ms <= view.silence_ms);
	put(out, V_RESTARTS, view.restarts);
	memory = view.pid > 0 ? sy_usage_anonymous_bytes(view.pid) : -1;
	if (memory >= 0)
		put(out, V_MEMORY, (uint64_t)memory);
	if (view.pid > 0 && sy_usage_of(view.pid, &usage))
		put(out, V_CPU_MS, (uint64_t)usage.cpu_ms);
	if (view.report)
		from_report(view.report, out);
}

static void join(struct series *all, const struct series *one)
{
	for (int i = 0; i < V_MAX; i++) {
		int64_t sum;

		if (!one->known[i])
			continue;
		if (!all->known[i])
			all->value[i] = one->value[i];
		else if (rows[i].together == SUM)
			all->value[i] = __builtin_add_overflow(all->value[i], one->value[i], &sum) ? INT64_MAX : sum;
		else if ((rows[i].together == LEAST) == (one->value[i] < all->value[i]))
			all->value[i] = one->value[i];
		all->known[i] = true;
	}
}

static void write_info(struct sy_exposition *to, const struct series *series, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct sy_label labels[] = {{"cluster", series[i].cluster},
						  {"path", series[i].path},
						  {"phase", sy_phase_name(series[i].phase.phase)},
						  {"reason", series[i].phase.reason}};

		sy_sample(to, SY_M_WORKSPACE_INFO, labels, 4, 1, 0);
	}
}

/* Samples of a family follow one another, so workspaces are the inner loop; the two sides of a family are neighbours in rows. */
static void write_values(struct sy_exposition *to, const struct series *series, size_t count)
{
	for (int i = 0; i < V_MAX; i++) {
		for (size_t k = 0; k < count; k++) {
			const struct sy_label labels[] = {{"cluster", series[k].cluster}, {"path", series[k].path}, {"side", rows[i].side}};

			if (series[k].known[i])
				sy_sample(to, rows[i].family, labels, rows[i].side ? 3 : 2, series[k].value[i], rows[i].decimals);
		}
	}
}

static void write_phases(struct sy_exposition *to, const uint64_t by_phase[SY_PHASE_MAX], uint64_t summed)
{
	for (int phase = 0; phase < SY_PHASE_MAX; phase++) {
		const struct sy_label label = {"phase", sy_phase_name((enum sy_phase)phase)};

		sy_sample_count(to, SY_M_WORKSPACES, &label, 1, by_phase[phase]);
	}
	sy_sample_count(to, SY_M_WORKSPACES_SUMMED, NULL, 0, summed);
}

void sy_metrics_workspaces(struct sy_supervisor *sup, struct sy_exposition *to)
{
	size_t limit = (size_t)sup->config->metrics_workspaces, count = 0, summed = 0;
	struct series *series = calloc(limit + 1, sizeof(*series));
	struct series other = {.cluster = "other", .path = ""}, one;
	uint64_t by_phase[SY_PHASE_MAX] = {0};

	if (!series) {
		to->r = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < sup->tenants.count; i++) {
		if (!sy_assess_counts(sup, sup->tenants.items[i]))
			continue;
		look(sup, sup->tenants.items[i], &one);
		by_phase[one.phase.phase]++;
		if (count < limit) {
			series[count++] = one;
			continue;
		}
		join(&other, &one);
		summed++;
	}
	write_phases(to, by_phase, summed);
	write_info(to, series, count);
	if (summed > 0)
		series[count++] = other;
	write_values(to, series, count);
	free(series);
}
