/* What the physical cluster is asked about: everything that an export offers or a binding has, as far as there is room. */
#include <string.h>

#include "supervisor/supervisor.h"

#define MAX_GROUPS 2048

struct wish {
	struct sy_supervisor *sup;
	struct sy_strv groups;
	size_t share; /* of an export, before any other may have more */
};

static int want_resource(struct wish *wish, const struct sy_export *export, const struct sy_named_resource *resource, struct sy_error *err)
{
	int r;

	if (!sy_named_resource_possible(resource, export->known ? export->facts.identity : ""))
		return 0;
	r = sy_reviews_want(wish->sup->reviews, resource->group, resource->resource, err);
	if (r == 0 && wish->groups.count < MAX_GROUPS)
		r = sy_strv_add_new(&wish->groups, resource->group, err);
	return r;
}

static int want_offered(struct wish *wish, size_t first, size_t end, struct sy_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sy_exports_count(wish->sup->exports); i++) {
		const struct sy_export *export = sy_exports_at(wish->sup->exports, i);

		for (size_t j = first; r == 0 && j < end && j < export->facts.resource_count; j++)
			r = want_resource(wish, export, &export->facts.resources[j], err);
	}
	return r;
}

static int want_claims(struct wish *wish, struct sy_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sy_exports_count(wish->sup->exports); i++) {
		const struct sy_export *export = sy_exports_at(wish->sup->exports, i);

		for (size_t j = 0; r == 0 && j < export->facts.claim_count; j++) {
			const struct sy_claim *claim = &export->facts.claims[j];

			/* Of what is not allowed there may be copies, from a time when it was. */
			if (claim->group[0] == '\0' && sy_catalog_claimable(claim->resource))
				r = sy_reviews_want(wish->sup->reviews, "", claim->resource, err);
		}
	}
	for (size_t i = 0; r == 0 && i < sy_bindings_count(wish->sup->bindings); i++) {
		const struct sy_binding *binding = sy_bindings_at(wish->sup->bindings, i);

		/* The export, which names them too, may not be readable. */
		for (size_t j = 0; r == 0 && j < binding->in_force.count; j++) {
			if (sy_catalog_claimable(binding->in_force.items[j]))
				r = sy_reviews_want(wish->sup->reviews, "", binding->in_force.items[j], err);
		}
		for (size_t j = 0; r == 0 && j < binding->loss_count; j++)
			r = sy_reviews_want(wish->sup->reviews, "", binding->losses[j].resource, err);
	}
	return r;
}

/* Mostly what the exports offer, too; more only where an export has dropped a resource that is still bound. */
static int want_bound(struct wish *wish, struct sy_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sy_bindings_count(wish->sup->bindings); i++) {
		const struct sy_binding *binding = sy_bindings_at(wish->sup->bindings, i);

		for (size_t j = 0; r == 0 && j < binding->facts.bound_count; j++)
			r = want_resource(wish, binding->export, &binding->facts.bound[j], err);
	}
	return r;
}

/* In this order, so that no provider with many resources, and no tenant with many entries, leaves others without. */
int sy_chain_want(struct sy_supervisor *sup, struct sy_error *err)
{
	size_t exports = sy_exports_count(sup->exports);
	struct wish wish = {.sup = sup, .share = (SY_MAX_REVIEWS - 16) / (exports ? exports : 1)};
	int r = sy_strv_add(&wish.groups, "", err);

	sy_reviews_begin(sup->reviews);
	if (r == 0)
		r = sy_reviews_want(sup->reviews, "", "namespaces", err);
	if (r == 0)
		r = want_claims(&wish, err);
	if (r == 0)
		r = want_offered(&wish, 0, wish.share, err);
	if (r == 0)
		r = want_bound(&wish, err);
	if (r == 0)
		r = want_offered(&wish, wish.share, SY_MAX_EXPORT_RESOURCES, err);
	if (r == 0) {
		sy_reviews_end(sup->reviews);
		r = sy_downstream_want(sup->downstream, &wish.groups, err);
	}
	sy_strv_done(&wish.groups);
	return r;
}
