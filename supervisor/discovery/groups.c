#include "supervisor/discovery/groups.h"

#include <stdlib.h>
#include <string.h>

#define MAX_LOSSES 1024

void sy_group_versions_free(struct sy_group_version *versions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(versions[i].name);
		sy_served_done(&versions[i].served);
	}
	free(versions);
}

static void forget_losses(struct sy_group *group)
{
	for (size_t i = 0; i < group->loss_count; i++)
		free(group->losses[i].resource);
	free(group->losses);
	group->losses = NULL;
	group->loss_count = 0;
}

void sy_group_done(struct sy_group *group)
{
	free(group->name);
	sy_group_versions_free(group->versions, group->version_count);
	sy_group_versions_free(group->fresh, group->fresh_count);
	forget_losses(group);
	sy_strv_done(&group->pending);
}

static const struct sy_served_resource *find_in(const struct sy_group_version *versions, size_t count, const char *version,
						const char *resource, const char **ret_version)
{
	for (size_t i = 0; i < count; i++) {
		const struct sy_served_resource *found;

		if (version && strcmp(versions[i].name, version) != 0)
			continue;
		found = sy_served_find(&versions[i].served, resource);
		if (found && ret_version)
			*ret_version = versions[i].name;
		if (found)
			return found;
	}
	return NULL;
}

const struct sy_served_resource *sy_group_find(const struct sy_group *group, const char *version, const char *resource,
					       const char **ret_version)
{
	return find_in(group->versions, group->version_count, version, resource, ret_version);
}

static struct sy_group_loss *find_loss(const struct sy_group *group, const char *resource)
{
	for (size_t i = 0; i < group->loss_count; i++) {
		if (strcmp(group->losses[i].resource, resource) == 0)
			return &group->losses[i];
	}
	return NULL;
}

static int add_loss(struct sy_group *group, const char *resource, int64_t now)
{
	if (group->loss_count >= MAX_LOSSES) { /* every absence begins anew: too long is safe, too short is not */
		forget_losses(group);
		group->first_ms = now;
	}
	struct sy_group_loss *losses = reallocarray(group->losses, group->loss_count + 1, sizeof(*losses));

	if (!losses)
		return -1;
	group->losses = losses;
	losses[group->loss_count] = (struct sy_group_loss){strdup(resource), now};
	if (!losses[group->loss_count].resource)
		return -1;
	group->loss_count++;
	return 0;
}

/* Compare the answers of this round with those before: what came back is no loss any more, what went is one from now on. */
static int note_losses(struct sy_group *group, int64_t now)
{
	for (size_t i = group->loss_count; i > 0; i--) {
		if (!find_in(group->fresh, group->fresh_count, NULL, group->losses[i - 1].resource, NULL))
			continue;
		free(group->losses[i - 1].resource);
		group->losses[i - 1] = group->losses[--group->loss_count];
	}
	for (size_t i = 0; i < group->version_count; i++) {
		const struct sy_served *served = &group->versions[i].served;

		for (size_t j = 0; j < served->count; j++) {
			const char *resource = served->items[j].resource;

			if (!find_in(group->fresh, group->fresh_count, NULL, resource, NULL) && !find_loss(group, resource) &&
			    add_loss(group, resource, now) < 0)
				return -1;
		}
	}
	return 0;
}

static bool same_resource(const struct sy_served_resource *a, const struct sy_served_resource *b)
{
	return a->namespaced == b->namespaced && a->has_status == b->has_status && strcmp(a->resource, b->resource) == 0 &&
	       strcmp(a->kind, b->kind) == 0;
}

static bool same_version(const struct sy_group_version *a, const struct sy_group_version *b)
{
	if (strcmp(a->name, b->name) != 0 || a->served.count != b->served.count)
		return false;
	for (size_t i = 0; i < a->served.count; i++) {
		if (!same_resource(&a->served.items[i], &b->served.items[i]))
			return false;
	}
	return true;
}

bool sy_group_differs(const struct sy_group *group)
{
	if (group->state == SY_SERVED_UNKNOWN || group->fresh_count != group->version_count)
		return true;
	for (size_t i = 0; i < group->fresh_count; i++) {
		if (!same_version(&group->fresh[i], &group->versions[i]))
			return true;
	}
	return false;
}

void sy_group_complete(struct sy_group *group, int64_t now)
{
	if (note_losses(group, now) < 0)
		return;
	if (group->state == SY_SERVED_UNKNOWN)
		group->first_ms = now;
	group->last_ms = now;
	sy_group_versions_free(group->versions, group->version_count);
	group->versions = group->fresh;
	group->version_count = group->fresh_count;
	group->fresh = NULL;
	group->fresh_count = 0;
	group->state = SY_SERVED_ANSWERED;
}

int64_t sy_group_absent_ms(const struct sy_group *group, const char *resource)
{
	const struct sy_group_loss *loss = find_loss(group, resource);

	if (group->state == SY_SERVED_UNKNOWN || sy_group_find(group, NULL, resource, NULL))
		return -1;
	return group->last_ms - (loss ? loss->since_ms : group->first_ms);
}
