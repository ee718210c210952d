/* Direct mode: workspaces and resources come from the configuration. Each path is resolved to its logical cluster, what is served there is
 * discovered, and both are looked at again every minute, sooner while something is missing.
 *
 * There is no binding here whose end would be positive knowledge, so nothing is ever drained: a workspace that leaves the configuration, or
 * a path that names another logical cluster from now on, has its worker stopped and nothing deleted; a 404 or 403 changes nothing at all.
 *
 * Nor is a type that is gone knowledge about its objects: kcp v0.32.3 may remove a CustomResourceDefinition and leave the objects in its
 * storage, where they cannot be seen until the type is there again. Those that it does delete are seen going, by our finalizer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "supervisor/direct.h"

static void entry_free(struct sy_direct_entry *entry)
{
	if (!entry)
		return;
	sy_kube_cancel(entry->request);
	free(entry->configured);
	free(entry->cluster);
	free(entry->path);
	free(entry->trouble);
	for (size_t i = 0; i < entry->group_count; i++)
		sy_served_done(&entry->groups[i].served);
	free(entry->groups);
	free(entry);
}

static struct sy_direct_entry *find_entry(struct sy_direct *direct, const char *configured)
{
	for (size_t i = 0; i < direct->count; i++) {
		if (strcmp(direct->entries[i]->configured, configured) == 0)
			return direct->entries[i];
	}
	return NULL;
}

static int add_entry(struct sy_direct *direct, const char *configured, struct sy_error *err)
{
	struct sy_direct_entry **entries = reallocarray(direct->entries, direct->count + 1, sizeof(struct sy_direct_entry *));
	struct sy_direct_entry *entry;

	if (!entries)
		return sy_error_oom(err);
	direct->entries = entries;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return sy_error_oom(err);
	entry->direct = direct;
	entry->configured = strdup(configured);
	if (!entry->configured) {
		entry_free(entry);
		return sy_error_oom(err);
	}
	entries[direct->count++] = entry;
	return 0;
}

static bool configured(const struct sy_config *config, const char *workspace)
{
	for (size_t i = 0; i < config->direct_workspace_count; i++) {
		if (strcmp(config->direct_workspaces[i], workspace) == 0)
			return true;
	}
	return false;
}

/* Stop the worker of a logical cluster that nobody names any more; nothing is deleted. */
static void drop_unnamed(struct sy_supervisor *sup)
{
	for (size_t i = sup->tenants.count; i > 0; i--) {
		struct sy_tenant *tenant = sup->tenants.items[i - 1];
		const struct sy_log_ref ref = {.cluster = tenant->cluster, .path = tenant->path};
		bool named = false;

		for (size_t j = 0; j < sup->direct->count && !named; j++)
			named = sup->direct->entries[j]->cluster && strcmp(sup->direct->entries[j]->cluster, tenant->cluster) == 0;
		if (named)
			continue;
		sy_info(&ref, "no longer configured: its worker is stopped, nothing is deleted");
		sy_workers_drop(sup->workers, tenant->cluster);
		sy_tenants_remove(&sup->tenants, tenant);
	}
}

static int sync_entries(struct sy_supervisor *sup, struct sy_error *err)
{
	struct sy_direct *direct = sup->direct;
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < direct->count; i++) {
		if (configured(sup->config, direct->entries[i]->configured))
			direct->entries[kept++] = direct->entries[i];
		else
			entry_free(direct->entries[i]);
	}
	direct->count = kept;
	for (size_t i = 0; r == 0 && i < sup->config->direct_workspace_count; i++) {
		if (!find_entry(direct, sup->config->direct_workspaces[i]))
			r = add_entry(direct, sup->config->direct_workspaces[i], err);
	}
	return r;
}

static int want(struct sy_supervisor *sup, struct sy_error *err)
{
	struct sy_strv groups = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sup->config->direct_resource_count; i++) {
		const struct sy_config_direct_resource *resource = &sup->config->direct_resources[i];

		r = sy_strv_add_new(&groups, resource->group, err);
		if (r == 0)
			r = sy_reviews_want(sup->reviews, resource->group, resource->resource, err);
	}
	if (r == 0)
		r = sy_downstream_want(sup->downstream, &groups, err);
	sy_strv_done(&groups);
	return r;
}

/* Something that the configuration names was not there when it was last looked for. */
static bool incomplete(const struct sy_supervisor *sup)
{
	for (size_t i = 0; i < sup->direct->count; i++) {
		const struct sy_direct_entry *entry = sup->direct->entries[i];

		if (!entry->cluster || entry->trouble)
			return true;
		for (size_t j = 0; j < sup->config->direct_resource_count; j++)
			if (!sy_direct_served(entry, &sup->config->direct_resources[j]))
				return true;
	}
	return false;
}

/* What is missing is looked for soon and ever less often, what is there every resolve_ms. */
static int64_t until_next_round(struct sy_supervisor *sup)
{
	const struct sy_backoff_rule rule = {2000, sup->timings.resolve_ms};

	sup->direct->incomplete_rounds = incomplete(sup) ? sup->direct->incomplete_rounds + 1 : 0;
	if (!sup->direct->incomplete_rounds)
		return sup->timings.resolve_ms;
	return sy_backoff_delay_ms(&rule, sup->direct->incomplete_rounds, arc4random());
}

static void round_start(void *arg)
{
	struct sy_supervisor *sup = arg;
	int64_t next = until_next_round(sup); /* by the round that has ended */

	for (size_t i = 0; i < sup->direct->count; i++)
		sy_direct_resolve(sup->direct->entries[i]);
	sy_timer_start(sup->direct->timer, next);
}

int sy_direct_open(struct sy_supervisor *sup, struct sy_error *err)
{
	const struct sy_target_id id = {"", sup->config->direct_name, sup->config->direct_uid};
	int r;

	sup->direct = calloc(1, sizeof(*sup->direct));
	if (!sup->direct)
		return sy_error_oom(err);
	sup->direct->sup = sup;
	r = sy_key_of_direct(sup->config->direct_name, sup->direct->key, err);
	if (r == 0)
		r = sy_think_follow(sup, &id, err);
	if (r == 0)
		r = sync_entries(sup, err);
	if (r == 0)
		r = want(sup, err);
	if (r == 0)
		r = sy_timer_new(&sup->direct->timer, sup->loop, round_start, sup, err);
	if (r == 0)
		sy_timer_start(sup->direct->timer, 0);
	return r;
}

void sy_direct_close(struct sy_supervisor *sup)
{
	struct sy_direct *direct = sup->direct;

	if (!direct)
		return;
	sy_timer_free(direct->timer);
	for (size_t i = 0; i < direct->count; i++)
		entry_free(direct->entries[i]);
	free(direct->entries);
	free(direct);
	sup->direct = NULL;
}

void sy_direct_reload(struct sy_supervisor *sup)
{
	struct sy_error err = {0};

	if (sync_entries(sup, &err) < 0 || want(sup, &err) < 0)
		sy_error_log(NULL, "%s", err.text);
	sy_timer_start(sup->direct->timer, 0);
}

bool sy_direct_reachable(const struct sy_supervisor *sup)
{
	for (size_t i = 0; sup->direct && i < sup->direct->count; i++) {
		if (sup->direct->entries[i]->verdict == SY_KUBE_UNREACHABLE)
			return false;
	}
	return true;
}

const char *sy_direct_trouble(const struct sy_supervisor *sup)
{
	for (size_t i = 0; sup->direct && i < sup->direct->count; i++) {
		if (sup->direct->entries[i]->trouble)
			return sup->direct->entries[i]->trouble;
	}
	return "";
}

/* --- plans --- */

/* What becomes of a resource that cannot be synced: once it is sure that the cluster has none of it, its objects are let go; else there may
 * be copies. */
static void set_aside(struct sy_supervisor *sup, const struct sy_config_direct_resource *wanted, const struct sy_served_resource *up,
		      struct sy_direct_resource *ret)
{
	const struct sy_served_resource *down = sy_downstream_find(sup->downstream, wanted->group, NULL, wanted->resource);
	const char *version = sy_downstream_served_version(sup->downstream, wanted->group, wanted->resource);
	bool absent = up && sy_downstream_absent_ms(sup->downstream, wanted->group, wanted->resource) >= sup->timings.absent_ms;

	*ret = (struct sy_direct_resource){.group = wanted->group,
					   .version = version ? version : wanted->version,
					   .resource = wanted->resource,
					   .kind = up ? up->kind : "Unknown",
					   .namespaced = down ? down->namespaced : !up || up->namespaced,
					   .role = absent ? SY_ROLE_ABSENT : SY_ROLE_KEPT};
}

/* What both sides serve alike; false = set it aside, with the reason in problem. wait: for an answer. */
static bool resource_usable(struct sy_supervisor *sup, const struct sy_direct_entry *entry, const struct sy_config_direct_resource *wanted,
			    struct sy_direct_resource *ret, const char **ret_problem, bool *ret_wait)
{
	const struct sy_review *review = sy_reviews_find(sup->reviews, wanted->group, wanted->resource);
	const struct sy_served_resource *up = sy_direct_served(entry, wanted), *down;

	*ret_wait = sy_downstream_state(sup->downstream, wanted->group) == SY_SERVED_UNKNOWN || !review ||
		    (!review->known && review->state == SY_REVIEW_UNKNOWN) || !sy_direct_answered(entry, wanted);
	if (*ret_wait)
		return false;
	down = sy_downstream_find(sup->downstream, wanted->group, wanted->version, wanted->resource);
	*ret_problem = !up					? "is not served by the workspace; its copies, if any, stay"
		       : !down					? "is not served by the cluster"
		       : up->namespaced != down->namespaced	? "has another scope in the cluster"
		       : strcmp(up->kind, down->kind) != 0	? "has another kind in the cluster"
		       : review->known && review->missing.count ? "may not be written in the cluster"
								: NULL;
	if (*ret_problem) {
		set_aside(sup, wanted, up, ret);
		return false;
	}
	*ret = (struct sy_direct_resource){wanted->group,  wanted->version, wanted->resource, up->kind,
					   up->namespaced, up->has_status,  SY_ROLE_SYNC};
	return true;
}

/* A resource that cannot be synced; both borrowed. */
struct problem {
	const char *resource;
	const char *why;
};

static int compare_problems(const void *left, const void *right)
{
	const struct problem *a = left, *b = right;
	int r = strcmp(a->resource, b->resource);

	return r != 0 ? r : strcmp(a->why, b->why);
}

/* One text for all of them, in an order of its own; those for which there is no room are counted. */
static void describe(struct problem *problems, size_t count, char *ret_text, size_t size)
{
	const size_t reserve = sizeof("; and 9999 more");
	size_t used = 0;

	ret_text[0] = '\0';
	qsort(problems, count, sizeof(*problems), compare_problems);
	for (size_t i = 0; i < count; i++) {
		int n = snprintf(ret_text + used, size - used, "%s%.150s %s", used ? "; " : "", problems[i].resource, problems[i].why);

		if (n < 0 || (size_t)n + (i + 1 < count ? reserve : 0) >= size - used) {
			(void)snprintf(ret_text + used, size - used, "%sand %zu more", used ? "; " : "", count - i);
			return;
		}
		used += (size_t)n;
	}
}

/* Logged when it changes, all resources at once: this is called in every pass. */
static void set_problems(struct sy_tenant *tenant, struct problem *problems, size_t count)
{
	const struct sy_log_ref ref = {.cluster = tenant->cluster, .path = tenant->path};
	char text[sizeof(tenant->problem)];

	describe(problems, count, text, sizeof(text));
	if (strcmp(text, tenant->problem) == 0)
		return;
	if (text[0])
		sy_warn(&ref, "%s", text);
	else
		sy_info(&ref, "all its resources can be synced now");
	(void)strlcpy(tenant->problem, text, sizeof(tenant->problem));
}

static void plan_entry(struct sy_supervisor *sup, struct sy_direct_entry *entry)
{
	const struct sy_plan_target target = {"", sup->config->direct_name, sup->config->direct_uid, sup->direct->key};
	struct sy_direct_resource resources[SY_MAX_PLAN_RESOURCES];
	struct problem problems[SY_MAX_PLAN_RESOURCES];
	struct sy_tenant *tenant = NULL;
	struct sy_plan plan = {0};
	struct sy_error err = {0};
	size_t count = 0, problem_count = 0;
	char base[4096];

	if (!entry->cluster || sy_tenants_get(&sup->tenants, entry->cluster, entry->path ? entry->path : "", &tenant, &err) < 0)
		return;
	for (size_t i = 0; i < sup->config->direct_resource_count && count < SY_MAX_PLAN_RESOURCES; i++) {
		const struct sy_config_direct_resource *wanted = &sup->config->direct_resources[i];
		const char *why = NULL;
		bool wait = false;

		if (!resource_usable(sup, entry, wanted, &resources[count], &why, &wait)) {
			if (wait)
				return;
			problems[problem_count++] = (struct problem){wanted->resource, why};
		}
		count++;
	}
	set_problems(tenant, problems, problem_count);
	(void)snprintf(base, sizeof(base), "%s/clusters/%s", sup->base, entry->cluster);
	if (sy_plan_for_direct(sup->config, &target, entry->cluster, tenant->path, base, resources, count, &plan, &err) == 0) {
		if (sy_workers_set_plan(sup->workers, &plan, &err) == 0) {
			tenant->planned = true;
			tenant->mode = plan.mode;
		}
		sy_plan_done(&plan);
	}
	if (err.code)
		sy_error_log(NULL, "workspace %s: %s", entry->configured, err.text);
}

void sy_direct_step(struct sy_supervisor *sup)
{
	drop_unnamed(sup);
	for (size_t i = 0; i < sup->direct->count; i++)
		plan_entry(sup, sup->direct->entries[i]);
	sy_notify_status(sup->notify, "direct mode, %zu workspaces", sup->direct->count);
}
