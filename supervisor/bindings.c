#include "supervisor/bindings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "supervisor/bindings_reader.h"

static void binding_free(struct sy_binding *binding)
{
	if (!binding)
		return;
	sy_binding_facts_done(&binding->facts);
	for (size_t i = 0; i < binding->loss_count; i++)
		free(binding->losses[i].resource);
	free(binding->losses);
	free(binding->url);
	free(binding);
}

static int compare_key(const struct sy_binding *binding, const char *cluster, const struct sy_export *export, const char *name)
{
	int order = strcmp(binding->facts.cluster, cluster);

	if (order == 0 && binding->export != export)
		order = strcmp(binding->export->label, export->label);
	return order ? order : strcmp(binding->facts.name, name);
}

static struct sy_binding *find_binding(struct sy_bindings *bindings, const char *cluster, const struct sy_export *export, const char *name)
{
	for (size_t i = 0; i < bindings->count; i++) {
		if (compare_key(bindings->items[i], cluster, export, name) == 0)
			return bindings->items[i];
	}
	return NULL;
}

static int insert_binding(struct sy_bindings *bindings, struct sy_binding *binding, struct sy_error *err)
{
	struct sy_binding **items;
	size_t at = bindings->count;

	if (bindings->count >= SY_MAX_BINDINGS)
		return sy_error_set(err, E2BIG, "more than %d bindings", SY_MAX_BINDINGS);
	items = reallocarray(bindings->items, bindings->count + 1, sizeof(struct sy_binding *));
	if (!items)
		return sy_error_oom(err);
	bindings->items = items;
	while (at > 0 && compare_key(items[at - 1], binding->facts.cluster, binding->export, binding->facts.name) > 0) {
		items[at] = items[at - 1];
		at--;
	}
	items[at] = binding;
	bindings->count++;
	return 0;
}

/* The wildcard shows bindings of this export; where an export claims apibindings it shows all, so look at the reference. */
static bool belongs(const struct sy_binding_facts *facts, const struct sy_export *export)
{
	if (strcmp(facts->export_name, export->name) != 0)
		return false;
	if (!export->known)
		return true;
	if (facts->export_cluster[0])
		return strcmp(facts->export_cluster, export->facts.cluster) == 0;
	return facts->export_path[0] == '\0' || strcmp(facts->export_path, export->facts.path) == 0 ||
	       strcmp(facts->export_path, export->facts.cluster) == 0 || strcmp(facts->export_path, export->workspace) == 0;
}

static struct sy_claim_loss *find_loss(struct sy_binding *binding, const char *resource)
{
	for (size_t i = 0; i < binding->loss_count; i++) {
		if (strcmp(binding->losses[i].resource, resource) == 0)
			return &binding->losses[i];
	}
	return NULL;
}

/* Keep the list of lost claims in step with new facts; times of claims that stay lost are kept. */
static int update_losses(struct sy_bindings *bindings, struct sy_binding *binding, const struct sy_binding_facts *facts,
			 struct sy_error *err)
{
	int64_t now = sy_loop_now_ms(bindings->loop);
	struct sy_claim_loss *losses = calloc(facts->wanted.count ? facts->wanted.count : 1, sizeof(*losses));
	size_t count = 0;

	if (!losses)
		return sy_error_oom(err);
	for (size_t i = 0; i < facts->wanted.count; i++) {
		const char *resource = facts->wanted.items[i];
		struct sy_claim_loss *old = find_loss(binding, resource);

		if (sy_strv_has(&facts->readable, resource))
			continue;
		losses[count].resource = strdup(resource);
		if (!losses[count].resource)
			break;
		losses[count].since_ms = old ? old->since_ms : now;
		losses[count++].was_readable = old ? old->was_readable : sy_strv_has(&binding->facts.readable, resource);
	}
	for (size_t i = 0; i < binding->loss_count; i++)
		free(binding->losses[i].resource);
	free(binding->losses);
	binding->losses = losses;
	binding->loss_count = count;
	return 0;
}

static int take_facts(struct sy_bindings *bindings, struct sy_export *export, const char *url, struct sy_binding_facts *facts,
		      struct sy_error *err)
{
	struct sy_binding *binding = find_binding(bindings, facts->cluster, export, facts->name);
	char *copy = strdup(url);
	bool fresh = !binding;
	int r = 0;

	if (fresh)
		binding = calloc(1, sizeof(*binding));
	if (!binding || !copy) {
		if (fresh)
			free(binding);
		free(copy);
		return sy_error_oom(err);
	}
	r = update_losses(bindings, binding, facts, err);
	sy_binding_facts_done(&binding->facts);
	binding->facts = *facts;
	*facts = (struct sy_binding_facts){0};
	binding->export = export;
	free(binding->url);
	binding->url = copy;
	binding->seen = true;
	binding->gone = false;
	binding->missing_since_ms = 0;
	if (fresh && r == 0)
		r = insert_binding(bindings, binding, err);
	if (fresh && r < 0)
		binding_free(binding);
	return r;
}

int sy_bindings_take(struct sy_bindings *bindings, struct sy_export *export, const char *url, bool deleted, json_object *object,
		     struct sy_error *err)
{
	struct sy_binding_facts facts = {0};
	struct sy_binding *binding;
	int r = sy_binding_decode(object, &facts, err);

	if (r < 0)
		return r;
	if (!belongs(&facts, export)) {
		sy_binding_facts_done(&facts);
		return 0;
	}
	if (deleted) {
		binding = find_binding(bindings, facts.cluster, export, facts.name);
		/* The last state of another shard's copy must not remove a binding that has moved to this shard. */
		if (binding && strcmp(binding->url, url) == 0)
			binding->gone = true;
	} else {
		r = take_facts(bindings, export, url, &facts, err);
	}
	sy_binding_facts_done(&facts);
	return r;
}

void sy_bindings_list_begin(struct sy_bindings *bindings, struct sy_export *export, const char *url)
{
	for (size_t i = 0; i < bindings->count; i++) {
		if (bindings->items[i]->export == export && strcmp(bindings->items[i]->url, url) == 0)
			bindings->items[i]->seen = false;
	}
}

void sy_bindings_list_end(struct sy_bindings *bindings, struct sy_export *export, const char *url)
{
	int64_t now = sy_loop_now_ms(bindings->loop);
	bool again = false;

	for (size_t i = 0; i < bindings->count; i++) {
		struct sy_binding *binding = bindings->items[i];

		if (binding->export != export || strcmp(binding->url, url) != 0 || binding->seen || binding->gone)
			continue;
		if (binding->missing_since_ms == 0)
			binding->missing_since_ms = now ? now : 1;
		if (now - binding->missing_since_ms >= bindings->timings->gone_ms && bindings->timings->gone_ms >= 0 &&
		    binding->missing_since_ms != now)
			binding->gone = true;
		else
			again = true;
	}
	if (again)
		sy_bindings_plan_tick(bindings, bindings->timings->gone_ms + 1);
}

void sy_bindings_url_gone(struct sy_bindings *bindings, struct sy_export *export, const char *url)
{
	for (size_t i = 0; i < bindings->count; i++) {
		if (bindings->items[i]->export == export && strcmp(bindings->items[i]->url, url) == 0)
			bindings->items[i]->gone = true;
	}
}

size_t sy_bindings_count(const struct sy_bindings *bindings)
{
	return bindings->count;
}

struct sy_binding *sy_bindings_at(const struct sy_bindings *bindings, size_t index)
{
	return bindings->items[index];
}

bool sy_bindings_any_of(const struct sy_bindings *bindings, const struct sy_export *export)
{
	for (size_t i = 0; i < bindings->count; i++) {
		if (bindings->items[i]->export == export)
			return true;
	}
	return false;
}

static void forget_if(struct sy_bindings *bindings, const char *cluster, const struct sy_export *export)
{
	size_t kept = 0;

	for (size_t i = 0; i < bindings->count; i++) {
		struct sy_binding *binding = bindings->items[i];
		bool drop = export ? binding->export == export : binding->gone && cluster && strcmp(binding->facts.cluster, cluster) == 0;

		if (drop)
			binding_free(binding);
		else
			bindings->items[kept++] = binding;
	}
	bindings->count = kept;
}

void sy_bindings_forget(struct sy_bindings *bindings, const char *cluster)
{
	forget_if(bindings, cluster, NULL);
}

void sy_bindings_forget_export(struct sy_bindings *bindings, const struct sy_export *export)
{
	forget_if(bindings, NULL, export);
	sy_bindings_close_readers(bindings, export);
}
