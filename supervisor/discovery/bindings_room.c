/* How many bindings one logical cluster may make us hold. Whoever has more, or one that cannot be read, loses knowledge of its own, never that of others: the rest of
 * its bindings is not taken in, and as long as there is a rest, none of those that were taken counts as gone. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "supervisor/discovery/bindings_reader.h"

static void drop(struct sy_bindings *bindings, size_t index)
{
	free(bindings->full[index].cluster);
	free(bindings->full[index].url);
	free(bindings->full[index].name);
	bindings->full[index] = bindings->full[--bindings->full_count];
}

bool sy_bindings_full(const struct sy_bindings *bindings, const char *cluster)
{
	for (size_t i = 0; i < bindings->full_count; i++) {
		if (strcmp(bindings->full[i].cluster, cluster) == 0)
			return true;
	}
	return false;
}

/* The first one of a list says which it is; another name means that there are more. */
static int set_name(struct sy_full_cluster *full, const struct sy_unread_binding *unread, bool first, struct sy_error *err)
{
	char *copy = first && unread ? strdup(unread->name) : NULL;

	if (first && unread && !copy)
		return sy_error_oom(err);
	if (first) {
		free(full->name);
		full->name = copy;
		full->several = false;
	} else if (unread) {
		full->several = full->several || !full->name || strcmp(full->name, unread->name) != 0;
	}
	full->deleting = unread && unread->deleting;
	return 0;
}

/* unread NULL: it is for want of room. 1: it was not noted for this URL before. 0: it was. */
static int note(struct sy_bindings *bindings, struct sy_export *export, const char *cluster, const char *url,
		const struct sy_unread_binding *unread, struct sy_error *err)
{
	struct sy_full_cluster *full;

	sy_bindings_plan_tick(bindings, bindings->timings->gone_ms);
	for (size_t i = 0; i < bindings->full_count; i++) {
		bool first = !bindings->full[i].in_list;

		if (strcmp(bindings->full[i].cluster, cluster) != 0 || strcmp(bindings->full[i].url, url) != 0)
			continue;
		bindings->full[i].in_list = true;
		bindings->full[i].unread = bindings->full[i].unread && unread;
		return set_name(&bindings->full[i], unread, first, err);
	}
	if (bindings->full_count >= SY_MAX_WORKERS)
		return sy_error_set(err, E2BIG, "more than %d workspaces have bindings that cannot be held or read", SY_MAX_WORKERS);
	full = reallocarray(bindings->full, bindings->full_count + 1, sizeof(*full));
	if (!full)
		return sy_error_oom(err);
	bindings->full = full;
	full = &full[bindings->full_count++];
	*full = (struct sy_full_cluster){
		.cluster = strdup(cluster), .url = strdup(url), .export = export, .in_list = true, .unread = unread};
	if (!full->cluster || !full->url || set_name(full, unread, true, NULL) < 0) {
		drop(bindings, bindings->full_count - 1);
		return sy_error_oom(err);
	}
	return 1;
}

int sy_bindings_note_unread(struct sy_bindings *bindings, struct sy_export *export, const struct sy_unread_binding *binding,
			    const char *url, struct sy_error *err)
{
	int r = note(bindings, export, binding->cluster, url, binding, err);

	return r < 0 ? r : 0;
}

size_t sy_bindings_rests(const struct sy_bindings *bindings)
{
	return bindings->full_count;
}

struct sy_binding_rest sy_bindings_rest(const struct sy_bindings *bindings, size_t index)
{
	const struct sy_full_cluster *full = &bindings->full[index];
	bool deleting = full->unread && full->deleting && !full->several;

	return (struct sy_binding_rest){full->cluster, full->url, full->export, deleting || full->export->retired, deleting};
}

bool sy_bindings_rest_leaves(const struct sy_bindings *bindings, const char *cluster)
{
	bool any = false;

	for (size_t i = 0; i < bindings->full_count; i++) {
		if (strcmp(bindings->full[i].cluster, cluster) != 0)
			continue;
		if (!sy_bindings_rest(bindings, i).leaves)
			return false;
		any = true;
	}
	return any;
}

bool sy_bindings_unread(const struct sy_bindings *bindings, const char *cluster)
{
	for (size_t i = 0; i < bindings->full_count; i++) {
		if (strcmp(bindings->full[i].cluster, cluster) == 0 && bindings->full[i].unread)
			return true;
	}
	return false;
}

static int note_full(struct sy_bindings *bindings, struct sy_export *export, const struct sy_binding_facts *facts, const char *url,
		     struct sy_error *err)
{
	const struct sy_log_ref ref = {.cluster = facts->cluster, .path = facts->path};
	bool known = sy_bindings_full(bindings, facts->cluster);
	int r = note(bindings, export, facts->cluster, url, NULL, err);

	if (r > 0 && !known)
		sy_warn(&ref, "the workspace has more APIBindings of supported exports than there is room for (%d); the rest is not read",
			SY_MAX_CLUSTER_BINDINGS);
	return r < 0 ? r : 0;
}

int sy_bindings_admit(struct sy_bindings *bindings, struct sy_export *export, const struct sy_binding_facts *facts, const char *url,
		      struct sy_error *err)
{
	size_t live = 0, all = 0;
	bool tight = bindings->count >= SY_MAX_BINDINGS - SY_MAX_WORKERS * SY_CLUSTER_SHARE;

	for (size_t i = sy_bindings_first_of(bindings, facts->cluster); i < bindings->count; i++, all++) {
		const struct sy_binding *binding = bindings->items[i];

		if (strcmp(binding->facts.cluster, facts->cluster) != 0)
			break;
		live += !binding->gone && !binding->deleted && binding->missing_since_ms == 0;
	}
	/* Those that went stay until all of theirs is removed: who comes and goes fast has no more room for that. */
	if (live >= SY_MAX_CLUSTER_BINDINGS || all >= 2 * SY_MAX_CLUSTER_BINDINGS || (tight && all >= SY_CLUSTER_SHARE))
		return note_full(bindings, export, facts, url, err);
	if (bindings->count >= SY_MAX_BINDINGS)
		return sy_error_set(err, E2BIG, "more than %d bindings", SY_MAX_BINDINGS);
	return 1;
}

void sy_bindings_room_begin(struct sy_bindings *bindings, const char *url)
{
	for (size_t i = 0; i < bindings->full_count; i++) {
		if (strcmp(bindings->full[i].url, url) == 0)
			bindings->full[i].in_list = false;
	}
}

static void forget(struct sy_bindings *bindings, const char *url, bool all)
{
	for (size_t i = bindings->full_count; i > 0; i--) {
		const struct sy_full_cluster *full = &bindings->full[i - 1];
		sy_auto_free char *cluster = NULL;

		if (strcmp(full->url, url) != 0 || (full->in_list && !all))
			continue;
		cluster = strdup(full->cluster);
		drop(bindings, i - 1);
		if (cluster && !sy_bindings_full(bindings, cluster))
			sy_info(&(struct sy_log_ref){.cluster = cluster}, "all APIBindings of the workspace are read again");
		/* What was deleted meanwhile is believed after one more list. */
		sy_bindings_plan_tick(bindings, bindings->timings->gone_ms);
	}
}

void sy_bindings_room_end(struct sy_bindings *bindings, const char *url)
{
	forget(bindings, url, false);
}

void sy_bindings_room_close(struct sy_bindings *bindings, const char *url)
{
	forget(bindings, url, true);
}

void sy_bindings_room_merge(struct sy_bindings *bindings, const struct sy_export *from, struct sy_export *into)
{
	for (size_t i = 0; i < bindings->full_count; i++) {
		if (bindings->full[i].export == from)
			bindings->full[i].export = into;
	}
}

void sy_bindings_room_done(struct sy_bindings *bindings)
{
	while (bindings->full_count > 0)
		drop(bindings, bindings->full_count - 1);
	free(bindings->full);
}
