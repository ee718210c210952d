#include "supervisor/status/tenants.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

static void tenant_free(struct sy_tenant *tenant)
{
	if (!tenant)
		return;
	free(tenant->cluster);
	free(tenant->path);
	free(tenant);
}

void sy_tenants_done(struct sy_tenants *tenants)
{
	for (size_t i = 0; i < tenants->count; i++)
		tenant_free(tenants->items[i]);
	free(tenants->items);
	*tenants = (struct sy_tenants){0};
}

/* Index of the first record that is not below cluster. */
static size_t lower_bound(const struct sy_tenants *tenants, const char *cluster)
{
	size_t low = 0, high = tenants->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(tenants->items[middle]->cluster, cluster) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct sy_tenant *sy_tenants_find(const struct sy_tenants *tenants, const char *cluster)
{
	size_t at = lower_bound(tenants, cluster);

	return at < tenants->count && strcmp(tenants->items[at]->cluster, cluster) == 0 ? tenants->items[at] : NULL;
}

static int set_path(struct sy_tenant *tenant, const char *path, struct sy_error *err)
{
	char *copy;

	if (tenant->path && (path[0] == '\0' || strcmp(tenant->path, path) == 0))
		return 0;
	copy = strdup(path);
	if (!copy)
		return sy_error_oom(err);
	free(tenant->path);
	tenant->path = copy;
	return 0;
}

int sy_tenants_get(struct sy_tenants *tenants, const char *cluster, const char *path, struct sy_tenant **ret_tenant, struct sy_error *err)
{
	size_t at = lower_bound(tenants, cluster);
	struct sy_tenant **items, *tenant;

	if (at < tenants->count && strcmp(tenants->items[at]->cluster, cluster) == 0) {
		*ret_tenant = tenants->items[at];
		return set_path(tenants->items[at], path, err);
	}
	if (tenants->count >= SY_MAX_TENANTS)
		return sy_error_set(err, E2BIG, "more than %d workspaces", SY_MAX_TENANTS);
	items = reallocarray(tenants->items, tenants->count + 1, sizeof(struct sy_tenant *));
	if (!items)
		return sy_error_oom(err);
	tenants->items = items;
	tenant = calloc(1, sizeof(*tenant));
	if (!tenant)
		return sy_error_oom(err);
	tenant->cluster = strdup(cluster);
	if (!tenant->cluster || set_path(tenant, path, err) < 0) {
		tenant_free(tenant);
		return sy_error_oom(err);
	}
	memmove(&items[at + 1], &items[at], (tenants->count - at) * sizeof(struct sy_tenant *));
	items[at] = tenant;
	tenants->count++;
	*ret_tenant = tenant;
	return 0;
}

static bool served(const struct sy_tenant *tenant)
{
	return tenant->planned && !tenant->drained;
}

void sy_tenants_room(const struct sy_tenants *tenants, size_t limit, struct sy_tenants_room *ret_room)
{
	*ret_room = (struct sy_tenants_room){.limit = limit};
	for (size_t i = 0; i < tenants->count; i++)
		ret_room->served += served(tenants->items[i]);
}

bool sy_tenants_admit(struct sy_tenants_room *room, struct sy_tenant *tenant)
{
	tenant->refused = !served(tenant) && room->served >= room->limit;
	room->refused += tenant->refused;
	room->served += !served(tenant) && !tenant->refused;
	return !tenant->refused;
}

void sy_tenants_remove(struct sy_tenants *tenants, struct sy_tenant *tenant)
{
	size_t at = lower_bound(tenants, tenant->cluster);

	if (at >= tenants->count || tenants->items[at] != tenant)
		return;
	memmove(&tenants->items[at], &tenants->items[at + 1], (tenants->count - at - 1) * sizeof(struct sy_tenant *));
	tenants->count--;
	tenant_free(tenant);
}

struct sy_tenant *sy_tenants_named(const struct sy_tenants *tenants, const char *name, struct sy_tenant **ret_other)
{
	struct sy_tenant *tenant = sy_tenants_find(tenants, name);

	*ret_other = NULL;
	if (tenant || !*name)
		return tenant;
	for (size_t i = 0; i < tenants->count && !*ret_other; i++) {
		if (strcmp(tenants->items[i]->path, name) != 0)
			continue;
		if (tenant)
			*ret_other = tenants->items[i];
		else
			tenant = tenants->items[i];
	}
	return tenant;
}
