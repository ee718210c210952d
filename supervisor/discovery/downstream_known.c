/* What is known of the physical cluster by the last complete answers. */
#include <stdlib.h>
#include <string.h>

#include "supervisor/discovery/downstream_impl.h"

struct sy_group *sy_downstream_group(const struct sy_downstream *downstream, const char *name)
{
	for (size_t i = 0; i < downstream->group_count; i++) {
		if (strcmp(downstream->groups[i].name, name) == 0)
			return &downstream->groups[i];
	}
	return NULL;
}

enum sy_served_state sy_downstream_state(const struct sy_downstream *downstream, const char *name)
{
	const struct sy_group *group = sy_downstream_group(downstream, name);

	return group ? group->state : SY_SERVED_UNKNOWN;
}

const struct sy_served_resource *sy_downstream_find(const struct sy_downstream *downstream, const char *group_name, const char *version,
						    const char *resource)
{
	const struct sy_group *group = sy_downstream_group(downstream, group_name);

	return group ? sy_group_find(group, version, resource, NULL) : NULL;
}

const char *sy_downstream_served_version(const struct sy_downstream *downstream, const char *group_name, const char *resource)
{
	const struct sy_group *group = sy_downstream_group(downstream, group_name);
	const char *version = NULL;

	if (group)
		(void)sy_group_find(group, NULL, resource, &version);
	return version;
}

int64_t sy_downstream_absent_ms(const struct sy_downstream *downstream, const char *group_name, const char *resource)
{
	const struct sy_group *group = sy_downstream_group(downstream, group_name);

	return group ? sy_group_absent_ms(group, resource) : -1;
}

const char *sy_downstream_version(const struct sy_downstream *downstream)
{
	return downstream->version ? downstream->version : "";
}

enum sy_kube_verdict sy_downstream_verdict(const struct sy_downstream *downstream)
{
	return downstream->verdict;
}

const char *sy_downstream_message(const struct sy_downstream *downstream)
{
	return downstream->message ? downstream->message : "";
}

bool sy_downstream_asked(const struct sy_downstream *downstream)
{
	return downstream->asked;
}

int sy_downstream_learn(struct sy_downstream *downstream, const char *name, const char *version, json_object *list, struct sy_error *err)
{
	struct sy_group *groups = sy_downstream_group(downstream, name)
					  ? NULL
					  : reallocarray(downstream->groups, downstream->group_count + 1, sizeof(*groups));
	struct sy_group *group;
	int r = 0;

	if (groups) {
		downstream->groups = groups;
		groups[downstream->group_count++] = (struct sy_group){.name = strdup(name)};
	}
	group = sy_downstream_group(downstream, name);
	if (!group)
		return sy_error_oom(err);
	group->fresh = calloc(1, sizeof(*group->fresh));
	if (!group->fresh)
		return sy_error_oom(err);
	group->fresh[0].name = strdup(version);
	group->fresh_count = 1;
	if (list)
		r = sy_served_decode(list, &group->fresh[0].served, err);
	sy_group_complete(group, sy_loop_now_ms(downstream->loop));
	return r;
}
