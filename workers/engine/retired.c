/* Resources that vanished from the plan while this worker ran. Their copies downstream are not ours to touch, so a namespace that holds one
 * must stay. A worker that starts later does not know them: what has to outlive it stands in the plan with the role kept. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static bool same(const struct sy_retired *retired, const struct sy_plan_resource *rule)
{
	return strcmp(retired->gvr.group, rule->group) == 0 && strcmp(retired->gvr.resource, rule->resource) == 0;
}

static void drop(struct sy_engine *engine, struct sy_retired *retired)
{
	TAILQ_REMOVE(&engine->retired, retired, link);
	free(retired);
}

int sy_retire(struct sy_engine *engine, const struct sy_plan_resource *rule, struct sy_error *err)
{
	size_t group = strlen(rule->group) + 1, version = strlen(rule->version) + 1, name = strlen(rule->resource) + 1;
	if (!rule->namespaced)
		return 0;
	struct sy_retired *retired = calloc(1, sizeof(*retired) + group + version + name);
	if (!retired)
		return sy_error_oom(err);
	memcpy(retired->text, rule->group, group);
	memcpy(retired->text + group, rule->version, version);
	memcpy(retired->text + group + version, rule->resource, name);
	retired->gvr = (struct sy_gvr){retired->text, retired->text + group, retired->text + group + version};
	sy_unretire(engine, rule);
	TAILQ_INSERT_TAIL(&engine->retired, retired, link);
	return 0;
}

void sy_unretire(struct sy_engine *engine, const struct sy_plan_resource *rule)
{
	struct sy_retired *retired, *next;
	TAILQ_FOREACH_SAFE(retired, &engine->retired, link, next)
	{
		if (same(retired, rule))
			drop(engine, retired);
	}
}

void sy_retired_done(struct sy_engine *engine)
{
	struct sy_retired *retired, *next;
	TAILQ_FOREACH_SAFE(retired, &engine->retired, link, next)
	{
		drop(engine, retired);
	}
}
