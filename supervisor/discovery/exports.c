#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/discovery/exports_impl.h"

int sy_exports_new(struct sy_exports **ret_exports, struct sy_loop *loop, struct sy_kube *kube, const char *base, sy_loop_fn *changed,
		   void *arg, struct sy_error *err)
{
	struct sy_exports *exports = calloc(1, sizeof(*exports));

	if (!exports)
		return sy_error_oom(err);
	*exports = (struct sy_exports){.loop = loop, .kube = kube, .changed = changed, .arg = arg, .base = strdup(base)};
	if (!exports->base) {
		free(exports);
		return sy_error_oom(err);
	}
	*ret_exports = exports;
	return 0;
}

void sy_exports_free(struct sy_exports *exports)
{
	if (!exports)
		return;
	for (size_t i = 0; i < exports->count; i++)
		sy_export_free(exports->items[i]);
	free(exports->items);
	free(exports->base);
	free(exports);
}

static struct sy_export *find_export(struct sy_exports *exports, const char *path, const char *name)
{
	for (size_t i = 0; i < exports->count; i++) {
		if (strcmp(exports->items[i]->path, path) == 0 && strcmp(exports->items[i]->name, name) == 0)
			return exports->items[i];
	}
	return NULL;
}

static int compare_exports(const void *a, const void *b)
{
	const struct sy_export *left = *(struct sy_export *const *)a, *right = *(struct sy_export *const *)b;
	int order = (int)left->alias - (int)right->alias;

	if (order == 0)
		order = strcmp(left->label, right->label);
	return order ? order : (left->serial > right->serial) - (left->serial < right->serial);
}

static void sort(struct sy_exports *exports)
{
	if (exports->count > 1)
		qsort(exports->items, exports->count, sizeof(struct sy_export *), compare_exports);
	exports->visible = exports->count;
	while (exports->visible > 0 && exports->items[exports->visible - 1]->alias)
		exports->visible--;
}

static int add_export(struct sy_exports *exports, const char *own_workspace, const char *path, const char *name, struct sy_error *err)
{
	struct sy_export **items = reallocarray(exports->items, exports->count + 1, sizeof(struct sy_export *));
	struct sy_export *export;
	int r = 0;

	if (!items)
		return sy_error_oom(err);
	exports->items = items;
	export = calloc(1, sizeof(*export));
	if (!export)
		return sy_error_oom(err);
	export->serial = ++exports->serials;
	export->named = true;
	export->added_ms = sy_loop_now_ms(exports->loop);
	export->path = strdup(path);
	export->name = strdup(name);
	export->workspace = strdup(path[0] ? path : own_workspace);
	if (export->path && export->name && export->workspace)
		sy_export_set_label(export);
	if (!export->label)
		r = sy_error_oom(err);
	if (r == 0)
		r = sy_export_start_watch(exports, export, err);
	if (r < 0) {
		sy_export_free(export);
		return r;
	}
	items[exports->count++] = export;
	sort(exports);
	return 0;
}

int sy_exports_set(struct sy_exports *exports, const char *own_workspace, json_object *supported, struct sy_error *err)
{
	size_t count = supported ? json_object_array_length(supported) : 0;

	if (count > SY_MAX_EXPORTS)
		count = SY_MAX_EXPORTS;
	for (size_t i = 0; i < exports->count; i++)
		exports->items[i]->named = false;
	for (size_t i = 0; i < count; i++) {
		json_object *item = json_object_array_get_idx(supported, i);
		const char *path = sy_json_str(item, "path", NULL);
		const char *name = sy_json_str(item, "export", NULL);
		struct sy_export *export;
		int r;

		if (!name)
			continue;
		export = find_export(exports, path ? path : "", name);
		if (export) {
			export->named = true;
			continue;
		}
		r = add_export(exports, own_workspace, path ? path : "", name, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- spellings of one export, and the end of those that are no longer named --- */

/* The one that stands for an export: the oldest entry that was read as the same object of the same logical cluster. */
static struct sy_export *stands_for(const struct sy_exports *exports, const struct sy_export *export)
{
	struct sy_export *first = NULL;

	for (size_t i = 0; export->known && i < exports->count; i++) {
		struct sy_export *item = exports->items[i];

		if (item->known && strcmp(item->facts.cluster, export->facts.cluster) == 0 && strcmp(item->name, export->name) == 0 &&
		    (!first || item->serial < first->serial))
			first = item;
	}
	return first;
}

static void find_aliases(struct sy_exports *exports, sy_exports_merge_fn *merge, void *arg)
{
	for (size_t i = 0; i < exports->count; i++) {
		struct sy_export *item = exports->items[i], *first = stands_for(exports, item);
		bool alias = first && first != item;

		if (alias && !item->alias)
			merge(arg, item, first);
		item->alias = alias;
	}
}

/* The export goes on under another spelling: what reads and knows it changes places, what others hold (the record itself) stays. */
static void respell(struct sy_export *export, struct sy_export *other)
{
	struct sy_export was = *export;

	*export = *other;
	export->serial = was.serial;
	export->alias = was.alias;
	export->retired = was.retired;
	export->unnamed_since_ms = was.unnamed_since_ms;
	was.serial = other->serial;
	was.alias = other->alias;
	*other = was;
	export->watch->export = export;
	other->watch->export = other;
}

static void take_named_spelling(struct sy_exports *exports, struct sy_export *export)
{
	for (size_t i = 0; !export->named && i < exports->count; i++) {
		struct sy_export *other = exports->items[i];

		if (other->alias && other->named && stands_for(exports, other) == export)
			respell(export, other);
	}
}

bool sy_exports_unresolved(const struct sy_exports *exports)
{
	for (size_t i = 0; i < exports->count; i++) {
		if (exports->items[i]->named && !exports->items[i]->known)
			return true;
	}
	return false;
}

/* Loop time at which this one retires, INT64_MAX = not by time alone. */
static int64_t age(struct sy_export *export, const struct sy_exports_settling *how, bool unresolved, int64_t now)
{
	if (export->named) {
		export->unnamed_since_ms = 0;
		export->retired = false;
		return INT64_MAX;
	}
	if (export->retired)
		return INT64_MAX;
	if (how->leaving || (!export->known && export->urls.count == 0)) {
		export->retired = true;
		return INT64_MAX;
	}
	/* An entry that was not read yet may be another spelling of this one. */
	if (unresolved) {
		export->unnamed_since_ms = 0;
		return INT64_MAX;
	}
	if (export->unnamed_since_ms == 0)
		export->unnamed_since_ms = now ? now : 1;
	export->retired = now - export->unnamed_since_ms >= how->grace_ms;
	return export->retired ? INT64_MAX : export->unnamed_since_ms + how->grace_ms;
}

int64_t sy_exports_settle(struct sy_exports *exports, const struct sy_exports_settling *how)
{
	bool unresolved = sy_exports_unresolved(exports);
	int64_t due = INT64_MAX;
	size_t kept = 0;

	find_aliases(exports, how->merge, how->arg);
	for (size_t i = 0; i < exports->count; i++) {
		struct sy_export *export = exports->items[i];
		int64_t at = INT64_MAX;

		if (!export->alias) {
			take_named_spelling(exports, export);
			at = age(export, how, unresolved, sy_loop_now_ms(exports->loop));
		}
		due = at < due ? at : due;
	}
	for (size_t i = 0; i < exports->count; i++) {
		if (exports->items[i]->alias && !exports->items[i]->named)
			sy_export_free(exports->items[i]);
		else
			exports->items[kept++] = exports->items[i];
	}
	exports->count = kept;
	sort(exports);
	return due;
}

void sy_exports_forget(struct sy_exports *exports, struct sy_export *export)
{
	for (size_t i = 0; i < exports->count; i++) {
		if (exports->items[i] != export)
			continue;
		sy_export_free(export);
		for (size_t j = i + 1; j < exports->count; j++)
			exports->items[j - 1] = exports->items[j];
		exports->count--;
		sort(exports);
		return;
	}
}

const char *sy_export_place(const struct sy_export *export)
{
	return export->known ? export->facts.cluster : export->workspace;
}

size_t sy_exports_count(const struct sy_exports *exports)
{
	return exports->visible;
}

struct sy_export *sy_exports_at(const struct sy_exports *exports, size_t index)
{
	return exports->items[index];
}

void sy_exports_kick(struct sy_exports *exports)
{
	for (size_t i = 0; i < exports->count; i++) {
		sy_reflector_kick(exports->items[i]->watch->export_reflector);
		sy_reflector_kick(exports->items[i]->watch->slice_reflector);
	}
}

int sy_exports_learn(struct sy_exports *exports, const char *path, const char *name, json_object *object, struct sy_export **ret_export,
		     struct sy_error *err)
{
	struct sy_export *export = find_export(exports, path, name);
	int r = export ? 0 : add_export(exports, path, path, name, err);

	if (r < 0)
		return r;
	export = find_export(exports, path, name);
	sy_export_event(export->watch, SY_ADDED, object, NULL, 0);
	export->slice_state = SY_EXPORT_READY;
	*ret_export = export;
	return export->known ? 0 : sy_error_set(err, EINVAL, "not an APIExport");
}
