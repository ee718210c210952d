/* What is not held of a cluster's bindings, because it cannot be read or there was no room: when it leaves, it has to be drained all the
 * same. As long as nothing leaves it adds nothing to a plan, and removes nothing. */
#include <stdlib.h>
#include <string.h>

#include "supervisor/plan/planner_impl.h"

/* All that its export can have given is bound; of the claims nobody knows whether they are accepted, and so they are not asked for upstream. */
static int stand_in(const struct sy_binding_rest *rest, struct sy_binding *binding, struct sy_error *err)
{
	const struct sy_export_facts *facts = &rest->export->facts;
	int r;

	*binding = (struct sy_binding){.export = rest->export, .rest = true, .url = strdup(rest->url)};
	binding->facts = (struct sy_binding_facts){.cluster = strdup(rest->cluster),
						   .name = strdup(""),
						   .path = strdup(""),
						   .phase = SY_BINDING_BOUND,
						   .deleting = rest->deleting,
						   .bound = facts->resources,
						   .bound_count = facts->resource_count,
						   .cut = facts->cut};
	r = binding->url && binding->facts.cluster && binding->facts.name && binding->facts.path ? 0 : sy_error_oom(err);
	for (size_t i = 0; r == 0 && i < facts->claim_count; i++) {
		if (facts->claims[i].group[0] == '\0' && sy_claim_reads(&facts->claims[i]))
			r = sy_strv_add_new(&binding->in_force, facts->claims[i].resource, err);
	}
	return r;
}

int sy_plan_rest(const struct sy_plan_input *input, const char *cluster, struct sy_binding **ret_items, size_t *ret_count,
		 struct sy_error *err)
{
	struct sy_binding *items = NULL;
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sy_bindings_rests(input->bindings); i++) {
		const struct sy_binding_rest rest = sy_bindings_rest(input->bindings, i);
		struct sy_binding *more;

		if (strcmp(rest.cluster, cluster) != 0)
			continue;
		if (!rest.leaves && !input->leaving && !input->evicting)
			continue;
		more = reallocarray(items, count + 1, sizeof(*items));
		if (!more) {
			r = sy_error_oom(err);
			break;
		}
		items = more;
		r = stand_in(&rest, &items[count++], err);
	}
	if (r < 0) {
		sy_plan_rest_free(items, count);
		return r;
	}
	*ret_items = items;
	*ret_count = count;
	return 0;
}

void sy_plan_rest_free(struct sy_binding *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(items[i].url);
		free(items[i].facts.cluster);
		free(items[i].facts.name);
		free(items[i].facts.path);
		sy_strv_done(&items[i].in_force);
	}
	free(items);
}
