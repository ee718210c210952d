/* Claims on core resources: which are in force, and since when others are lost (syncerd-rules(7) 4.3, 5.7). */
#include <stdlib.h>
#include <string.h>

#include "supervisor/discovery/bindings_reader.h"

void sy_binding_losses_free(struct sy_claim_loss *losses, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(losses[i].resource);
	free(losses);
}

static const struct sy_claim_loss *find_loss(const struct sy_binding *binding, const char *resource)
{
	for (size_t i = 0; i < binding->loss_count; i++) {
		if (strcmp(binding->losses[i].resource, resource) == 0)
			return &binding->losses[i];
	}
	return NULL;
}

static bool allowed(const struct sy_bindings *bindings, const char *resource)
{
	return !bindings->limited || sy_strv_has(&bindings->allowed, resource);
}

/* Everything of which there may be copies: what is claimed now, and what was in force or lost before. */
static int collect(const struct sy_binding *binding, const struct sy_binding_facts *facts, struct sy_strv *ret_all, struct sy_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < facts->wanted.count; i++)
		r = sy_strv_add_new(ret_all, facts->wanted.items[i], err);
	for (size_t i = 0; r == 0 && i < binding->in_force.count; i++)
		r = sy_strv_add_new(ret_all, binding->in_force.items[i], err);
	for (size_t i = 0; r == 0 && i < binding->loss_count; i++)
		r = sy_strv_add_new(ret_all, binding->losses[i].resource, err);
	sy_strv_sort(ret_all);
	return r;
}

int sy_binding_update_losses(struct sy_bindings *bindings, struct sy_binding *binding, const struct sy_binding_facts *facts,
			     struct sy_error *err)
{
	int64_t now = sy_loop_now_ms(bindings->loop);
	struct sy_strv all = {0}, in_force = {0};
	struct sy_claim_loss *losses = NULL;
	size_t count = 0;
	int r = collect(binding, facts, &all, err);

	losses = r == 0 ? calloc(all.count ? all.count : 1, sizeof(*losses)) : NULL;
	for (size_t i = 0; losses && r == 0 && i < all.count; i++) {
		const struct sy_claim_loss *old = find_loss(binding, all.items[i]);

		if (sy_strv_has(&facts->readable, all.items[i]) && allowed(bindings, all.items[i])) {
			r = sy_strv_add(&in_force, all.items[i], err);
			continue;
		}
		losses[count].resource = strdup(all.items[i]);
		if (!losses[count].resource) {
			r = sy_error_oom(err);
			break;
		}
		losses[count].since_ms = old ? old->since_ms : now;
		losses[count++].was_in_force = old ? old->was_in_force : sy_strv_has(&binding->in_force, all.items[i]);
	}
	sy_strv_done(&all);
	if (!losses || r < 0) {
		sy_binding_losses_free(losses, count);
		sy_strv_done(&in_force);
		return r < 0 ? r : sy_error_oom(err);
	}
	sy_binding_losses_free(binding->losses, binding->loss_count);
	sy_strv_done(&binding->in_force);
	binding->losses = losses;
	binding->loss_count = count;
	binding->in_force = in_force;
	return 0;
}

int sy_bindings_allow(struct sy_bindings *bindings, char *const *resources, size_t count, struct sy_error *err)
{
	struct sy_strv fresh = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = sy_strv_add_new(&fresh, resources[i], err);
	sy_strv_sort(&fresh);
	if (r < 0 || (bindings->limited && sy_strv_equal(&fresh, &bindings->allowed))) {
		sy_strv_done(&fresh);
		return r;
	}
	sy_strv_done(&bindings->allowed);
	bindings->allowed = fresh;
	bindings->limited = true;
	for (size_t i = 0; r == 0 && i < bindings->count; i++)
		r = sy_binding_update_losses(bindings, bindings->items[i], &bindings->items[i]->facts, err);
	return r;
}
