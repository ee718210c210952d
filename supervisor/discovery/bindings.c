#include "supervisor/discovery/bindings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "kcp/ids.h"
#include "supervisor/discovery/bindings_reader.h"

static void binding_free(struct sy_binding *binding)
{
	if (!binding)
		return;
	sy_binding_facts_done(&binding->facts);
	sy_binding_losses_free(binding->losses, binding->loss_count);
	sy_strv_done(&binding->in_force);
	free(binding->url);
	free(binding);
}

static int compare_key(const struct sy_binding *binding, const char *cluster, const struct sy_export *export, const char *name)
{
	int order = strcmp(binding->facts.cluster, cluster);

	if (order == 0)
		order = strcmp(binding->export->label, export->label);
	return order ? order : strcmp(binding->facts.name, name);
}

size_t sy_bindings_first_of(const struct sy_bindings *bindings, const char *cluster)
{
	size_t low = 0, high = bindings->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(bindings->items[middle]->facts.cluster, cluster) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct sy_binding *find_binding(struct sy_bindings *bindings, const char *cluster, const struct sy_export *export, const char *name)
{
	for (size_t i = sy_bindings_first_of(bindings, cluster); i < bindings->count; i++) {
		struct sy_binding *binding = bindings->items[i];

		if (strcmp(binding->facts.cluster, cluster) != 0)
			break;
		/* The label is for people and may change; the record of the export is its identity. */
		if (binding->export == export && strcmp(binding->facts.name, name) == 0)
			return binding;
	}
	return NULL;
}

static int insert_binding(struct sy_bindings *bindings, struct sy_binding *binding, struct sy_error *err)
{
	struct sy_binding **items;
	size_t at = bindings->count;

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

static void see(struct sy_binding *binding)
{
	binding->seen = true;
	binding->gone = false;
	binding->deleted = false;
	binding->missing_since_ms = 0;
}

static int take_facts(struct sy_bindings *bindings, struct sy_export *export, const char *url, struct sy_binding_facts *facts,
		      struct sy_error *err)
{
	struct sy_binding *binding = find_binding(bindings, facts->cluster, export, facts->name);
	bool fresh = !binding;
	char *copy;
	int r = fresh ? sy_bindings_admit(bindings, export, facts, url, err) : 1;

	if (r <= 0)
		return r;
	copy = strdup(url);
	if (fresh)
		binding = calloc(1, sizeof(*binding));
	if (!binding || !copy) {
		if (fresh)
			free(binding);
		free(copy);
		return sy_error_oom(err);
	}
	r = sy_binding_update_losses(bindings, binding, facts, err);
	sy_binding_facts_done(&binding->facts);
	binding->facts = *facts;
	*facts = (struct sy_binding_facts){0};
	binding->export = export;
	free(binding->url);
	binding->url = copy;
	see(binding);
	if (fresh && r == 0)
		r = insert_binding(bindings, binding, err);
	if (fresh && r < 0)
		binding_free(binding);
	return r;
}

/* A binding that we could not take: what the lists of this URL do not show is not known to be gone until one was taken as a whole. */
static void note_untaken(struct sy_bindings *bindings, const char *url)
{
	if (sy_strv_add_new(&bindings->untaken, url, NULL) < 0 || sy_strv_add_new(&bindings->cut, url, NULL) < 0)
		bindings->untaken_lost = true;
	sy_bindings_plan_tick(bindings, bindings->timings->gone_ms);
}

/* It exists: whatever else the object says, and whether or not we understand it. */
static void mark_seen(struct sy_bindings *bindings, const struct sy_export *export, const struct sy_binding_facts *names)
{
	struct sy_binding *binding = find_binding(bindings, names->cluster, export, names->name);

	if (binding)
		see(binding);
}

static int take_living(struct sy_bindings *bindings, struct sy_export *export, const char *url, json_object *object, struct sy_error *err)
{
	struct sy_binding_facts facts = {0};
	int r = sy_binding_decode(object, &facts, err);

	if (r == 0)
		r = take_facts(bindings, export, url, &facts, err);
	sy_binding_facts_done(&facts);
	return r;
}

/* Of a cluster that has more bindings than we hold, another one may stand for the same export. */
static void delete_known(struct sy_bindings *bindings, struct sy_binding *binding)
{
	binding->gone = !sy_bindings_full(bindings, binding->facts.cluster);
	binding->deleted = !binding->gone;
	if (binding->deleted)
		binding->seen = false;
}

int sy_bindings_take(struct sy_bindings *bindings, struct sy_export *export, const char *url, bool deleted, json_object *object,
		     struct sy_error *err)
{
	struct sy_binding_facts names = {0};
	int r = sy_binding_decode_names(object, &names, err);

	if (r == 0 && belongs(&names, export)) {
		struct sy_binding *binding = find_binding(bindings, names.cluster, export, names.name);

		if (!deleted) {
			mark_seen(bindings, export, &names);
			r = take_living(bindings, export, url, object, err);
		} else if (binding && strcmp(binding->url, url) == 0) {
			/* The last state of another shard's copy must not remove a binding that has moved to this shard. */
			delete_known(bindings, binding);
		}
	}
	if (r < 0)
		note_untaken(bindings, url);
	sy_binding_facts_done(&names);
	return r;
}

void sy_bindings_take_broken(struct sy_bindings *bindings, struct sy_export *export, const char *url, bool deleted, json_object *about)
{
	const char *cluster = sy_json_str(about, "metadata", "annotations", SY_ANNOTATION_KCP_CLUSTER, NULL);
	const char *name = sy_json_str(about, "metadata", "name", NULL);
	struct sy_binding *binding = cluster && name ? find_binding(bindings, cluster, export, name) : NULL;
	bool named = cluster && name && sy_cluster_name_valid(cluster);
	const struct sy_unread_binding unread = {cluster, name, sy_json_str(about, "metadata", "deletionTimestamp", NULL) != NULL};

	if (binding && !deleted)
		see(binding);
	else if (binding && strcmp(binding->url, url) == 0)
		delete_known(bindings, binding);
	if (binding || deleted)
		return;
	/* Its workspace alone pays for it, where that is known. */
	if (!named || sy_bindings_note_unread(bindings, export, &unread, url, NULL) < 0)
		note_untaken(bindings, url);
}

void sy_bindings_list_begin(struct sy_bindings *bindings, struct sy_export *export, const char *url)
{
	sy_strv_remove(&bindings->cut, url); /* untaken stays: this list is not read yet */
	sy_bindings_room_begin(bindings, url);
	for (size_t i = 0; i < bindings->count; i++) {
		if (bindings->items[i]->export == export && strcmp(bindings->items[i]->url, url) == 0)
			bindings->items[i]->seen = false;
	}
}

void sy_bindings_forget_url(struct sy_bindings *bindings, const char *url)
{
	sy_strv_remove(&bindings->untaken, url);
	sy_strv_remove(&bindings->cut, url);
	sy_bindings_room_close(bindings, url);
}

/* A complete list does not have it. True when another one has to be read before that counts. */
static bool miss(struct sy_bindings *bindings, struct sy_binding *binding, int64_t now)
{
	if (binding->missing_since_ms == 0)
		binding->missing_since_ms = now ? now : 1;
	if (sy_bindings_full(bindings, binding->facts.cluster))
		return true;
	binding->gone = binding->deleted || (now - binding->missing_since_ms >= bindings->timings->gone_ms &&
					     bindings->timings->gone_ms >= 0 && binding->missing_since_ms != now);
	return !binding->gone;
}

void sy_bindings_list_end(struct sy_bindings *bindings, struct sy_export *export, const char *url)
{
	int64_t now = sy_loop_now_ms(bindings->loop);
	bool again = false;

	if (bindings->untaken_lost || sy_strv_has(&bindings->cut, url))
		return;
	sy_strv_remove(&bindings->untaken, url);
	sy_bindings_room_end(bindings, url);
	for (size_t i = 0; i < bindings->count; i++) {
		struct sy_binding *binding = bindings->items[i];

		if (binding->export == export && strcmp(binding->url, url) == 0 && !binding->seen && !binding->gone)
			again = miss(bindings, binding, now) || again;
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

bool sy_bindings_untaken(const struct sy_bindings *bindings, const char *url)
{
	return bindings->untaken_lost || sy_strv_has(&bindings->untaken, url);
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

void sy_bindings_forget_one(struct sy_bindings *bindings, struct sy_binding *binding)
{
	size_t kept = 0;

	for (size_t i = 0; i < bindings->count; i++) {
		if (bindings->items[i] != binding)
			bindings->items[kept++] = bindings->items[i];
	}
	bindings->count = kept;
	binding_free(binding);
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

void sy_bindings_merge(void *arg, struct sy_export *from, struct sy_export *into)
{
	struct sy_bindings *bindings = arg;
	size_t kept = 0;

	/* First decide, while the records stand in their order and can be found; then take out the duplicates. */
	for (size_t i = 0; i < bindings->count; i++) {
		struct sy_binding *binding = bindings->items[i];

		if (binding->export != from)
			continue;
		struct sy_binding *twin = find_binding(bindings, binding->facts.cluster, into, binding->facts.name);
		if (twin)
			twin->gone = twin->gone && binding->gone;
		binding->export = twin ? NULL : into;
	}
	for (size_t i = 0; i < bindings->count; i++) {
		struct sy_binding *binding = bindings->items[i];

		if (binding->export)
			bindings->items[kept++] = binding;
		else
			binding_free(binding);
	}
	bindings->count = kept;
	sy_bindings_room_merge(bindings, from, into);
	sy_bindings_merge_readers(bindings, from, into);
}
