/* Why a SyncTarget that is being deleted is still there (syncerd-rules(7) 7.5). What drains is no reason: only what will not go on alone is
 * named. Counts appear only then, when nothing moves them. */
#include <stdlib.h>
#include <string.h>

#include "supervisor/status/assess.h"

#define LIST_MAX 5
#define CAUSES_MAX 3 /* they are long */
#define TEXT_MAX 8192

/* What of ours is in the cluster and belongs to nobody who is being drained now. */
struct left {
	struct sy_strv clusters;
	size_t namespaces;
	size_t objects;
};

static bool exports_in(const struct sy_supervisor *sup, enum sy_export_state state, struct sy_strv *names)
{
	for (size_t i = 0; i < sy_exports_count(sup->exports); i++) {
		const struct sy_export *export = sy_exports_at(sup->exports, i);

		if (!export->retired && export->state == state)
			(void)sy_strv_add_new(names, export->label, NULL);
	}
	sy_strv_sort(names);
	return names->count > 0;
}

/* "APIExport a, b does not exist" */
static bool say_exports(const struct sy_supervisor *sup, enum sy_export_state state, const char *what, struct sy_buf *out)
{
	struct sy_strv names = {0};
	bool some = exports_in(sup, state, &names);

	if (some)
		(void)(sy_buf_printf(out, "APIExport ") < 0 || sy_strv_join(&names, ", ", LIST_MAX, out) < 0 ||
		       sy_buf_printf(out, " %s", what) < 0);
	sy_strv_done(&names);
	return some;
}

static size_t living_exports(const struct sy_supervisor *sup)
{
	size_t count = 0;

	for (size_t i = 0; i < sy_exports_count(sup->exports); i++)
		count += !sy_exports_at(sup->exports, i)->retired;
	return count;
}

/* It has something that is to be drained, and there is no plan for that. */
static bool waits_for_plan(const struct sy_supervisor *sup, const struct sy_tenant *tenant)
{
	size_t first, count;
	bool has = tenant->orphan || sy_bindings_full(sup->bindings, tenant->cluster);

	if (tenant->planned && tenant->mode == SY_PLAN_DRAIN)
		return false;
	sy_phase_range(sup->bindings, tenant->cluster, &first, &count);
	for (size_t i = 0; i < count; i++)
		has = has || sy_bindings_at(sup->bindings, first + i)->facts.bound_count > 0;
	return has;
}

/* "workspaces wait to be drained (example.dev: ...)" */
static bool say_waiting(const struct sy_supervisor *sup, struct sy_buf *out)
{
	struct sy_strv causes = {0};
	bool some = false;

	for (size_t i = 0; i < sup->tenants.count; i++) {
		const struct sy_tenant *tenant = sup->tenants.items[i];

		if (!waits_for_plan(sup, tenant))
			continue;
		some = true;
		(void)sy_strv_add_new(
			&causes, tenant->note_reason[0] ? tenant->note : "it is not known yet what the physical cluster serves and allows",
			NULL);
	}
	sy_strv_sort(&causes);
	if (some)
		(void)(sy_buf_printf(out, "workspaces wait to be drained (") < 0 || sy_strv_join(&causes, ", ", CAUSES_MAX, out) < 0 ||
		       sy_buf_printf(out, ")") < 0);
	sy_strv_done(&causes);
	return some;
}

/* What is missing that would let it go on. False: nothing. */
static bool say_missing(const struct sy_supervisor *sup, struct sy_buf *out)
{
	const struct sy_strv *failed = sy_strays_failed(sup->strays);

	if (say_exports(sup, SY_EXPORT_NOT_FOUND, "does not exist", out) ||
	    say_exports(sup, SY_EXPORT_FORBIDDEN, "must not be read by syncerd", out) ||
	    say_exports(sup, SY_EXPORT_FAILING, "cannot be read", out))
		return true;
	if (sy_bindings_verdict(sup->bindings) != SY_KUBE_OK)
		return sy_buf_printf(out, "the bindings of an APIExport cannot be listed") == 0;
	if (say_waiting(sup, out))
		return true;
	if (failed->count > 0)
		return sy_buf_printf(out, "the physical cluster does not list ") == 0 && sy_strv_join(failed, ", ", LIST_MAX, out) == 0;
	if (living_exports(sup) == 0 && !sy_orphans_none_left(sup->orphans) && sy_strays_fresh(sup->strays))
		return sy_buf_printf(out, "spec.supportedAPIExports is empty") == 0;
	return false;
}

/* Of a workspace whose drain is over, or, when something is missing, has not begun: nothing that goes on alone. */
static bool is_left(const struct sy_supervisor *sup, const char *cluster, bool stuck)
{
	const struct sy_tenant *tenant = sy_tenants_find(&sup->tenants, cluster);

	return tenant && tenant->planned && tenant->mode == SY_PLAN_DRAIN ? tenant->drained : stuck;
}

static void find_left(const struct sy_supervisor *sup, bool stuck, struct left *left)
{
	const struct sy_strv *strays = sy_strays_clusters(sup->strays);

	for (size_t i = 0; i < sy_orphans_namespaces(sup->orphans); i++) {
		const char *cluster = sy_orphans_cluster(sup->orphans, i);

		if (!is_left(sup, cluster, stuck))
			continue;
		left->namespaces++;
		(void)sy_strv_add_new(&left->clusters, cluster, NULL);
	}
	for (size_t i = 0; sy_strays_fresh(sup->strays) && i < strays->count; i++) {
		if (!is_left(sup, strays->items[i], stuck))
			continue;
		left->objects = sy_strays_objects(sup->strays);
		(void)sy_strv_add_new(&left->clusters, strays->items[i], NULL);
	}
	sy_strv_sort(&left->clusters);
}

static int say_left(const struct sy_supervisor *sup, const struct left *left, struct sy_buf *out)
{
	int r = sy_buf_printf(out, "; left in the cluster: ");

	if (r == 0 && left->clusters.count == 0)
		return sy_buf_printf(out, "nothing, but objects in kcp may still hold the finalizer");
	if (r == 0 && left->namespaces > 0)
		r = sy_buf_printf(out, "%zu %s%s", left->namespaces, left->namespaces == 1 ? "namespace" : "namespaces",
				  left->objects ? " and " : "");
	if (r == 0 && left->objects > 0)
		r = sy_buf_printf(out, "%zu %s (", left->objects, left->objects == 1 ? "object" : "objects");
	if (r == 0 && left->objects > 0)
		r = sy_strv_join(sy_strays_types(sup->strays), ", ", LIST_MAX, out);
	if (r == 0 && left->objects > 0)
		r = sy_buf_printf(out, ") outside of namespaces");
	if (r == 0)
		r = sy_buf_printf(out, " of %s ", left->clusters.count == 1 ? "logical cluster" : "logical clusters");
	return r == 0 ? sy_strv_join(&left->clusters, ", ", LIST_MAX, out) : r;
}

char *sy_assess_leaving(const struct sy_supervisor *sup)
{
	struct left left = {0};
	struct sy_buf missing, out;
	bool stuck;
	char *text = NULL;

	sy_buf_init(&missing, TEXT_MAX);
	sy_buf_init(&out, TEXT_MAX);
	stuck = say_missing(sup, &missing);
	find_left(sup, stuck, &left);
	if (!stuck && left.clusters.count > 0)
		stuck = sy_buf_printf(&missing, "workspaces were drained, and something was not removed") == 0;
	if (stuck && sy_buf_printf(&out, "the SyncTarget is being deleted and waits: %s", sy_buf_str(&missing)) == 0 &&
	    say_left(sup, &left, &out) == 0)
		text = sy_buf_take(&out);
	sy_buf_done(&missing);
	sy_buf_done(&out);
	sy_strv_done(&left.clusters);
	return text;
}
