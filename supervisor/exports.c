#include "supervisor/exports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kube/reflector.h"

/* Both reflectors of one export. */
struct sy_export_watch {
	struct sy_exports *owner;
	struct sy_export *export;
	struct sy_reflector *export_reflector;
	struct sy_reflector *slice_reflector;
	bool export_seen; /* in the list under way */
	bool slice_seen;
};

struct sy_exports {
	struct sy_loop *loop;
	struct sy_kube *kube;
	char *base;
	sy_loop_fn *changed;
	void *arg;
	struct sy_export **items;
	size_t count;
};

static void export_free(struct sy_export *export)
{
	if (!export)
		return;
	if (export->watch) {
		sy_reflector_free(export->watch->export_reflector);
		sy_reflector_free(export->watch->slice_reflector);
		free(export->watch);
	}
	free(export->path);
	free(export->name);
	free(export->workspace);
	free(export->label);
	if (export->known)
		sy_export_facts_done(&export->facts);
	sy_strv_done(&export->urls);
	free(export);
}

static enum sy_export_state state_of_verdict(enum sy_kube_verdict verdict)
{
	if (verdict == SY_KUBE_NOT_FOUND)
		return SY_EXPORT_NOT_FOUND;
	if (verdict == SY_KUBE_FORBIDDEN || verdict == SY_KUBE_UNAUTHORIZED)
		return SY_EXPORT_FORBIDDEN;
	return SY_EXPORT_FAILING;
}

static void set_label(struct sy_export *export)
{
	const char *path = export->known && export->facts.path[0] ? export->facts.path : export->workspace;
	struct sy_buf text;

	sy_buf_init(&text, 1280);
	if (sy_buf_printf(&text, "%s:%s", path, export->name) == 0) {
		free(export->label);
		export->label = sy_buf_take(&text);
	}
	sy_buf_done(&text);
}

/* --- the APIExport --- */

static void export_begin(void *arg)
{
	((struct sy_export_watch *)arg)->export_seen = false;
}

static void export_event(void *arg, enum sy_reflector_event type, json_object *object, const char *raw, size_t raw_len)
{
	struct sy_export_watch *watch = arg;
	struct sy_export *export = watch->export;
	struct sy_export_facts facts = {0};
	struct sy_error err = {0};

	(void)raw;
	(void)raw_len;
	if (type == SY_DELETED) {
		export->state = SY_EXPORT_NOT_FOUND;
	} else if (sy_export_decode(object, &facts, &err) == 0) {
		if (export->known)
			sy_export_facts_done(&export->facts);
		export->facts = facts;
		export->known = true;
		export->state = SY_EXPORT_READY;
		watch->export_seen = true;
		set_label(export);
	} else {
		sy_warn(NULL, "APIExport %s in workspace %s: %s", export->name, export->workspace, err.text);
		watch->export_seen = true;
		export->state = SY_EXPORT_FAILING;
	}
	watch->owner->changed(watch->owner->arg);
}

static void export_synced(void *arg)
{
	struct sy_export_watch *watch = arg;

	if (!watch->export_seen) {
		watch->export->state = SY_EXPORT_NOT_FOUND;
		sy_warn(NULL, "APIExport %s does not exist in workspace %s", watch->export->name, watch->export->workspace);
	}
	watch->owner->changed(watch->owner->arg);
}

static void export_state(void *arg, enum sy_reflector_state state, const struct sy_kube_result *result)
{
	struct sy_export_watch *watch = arg;
	struct sy_export *export = watch->export;

	if (state == SY_REFLECTOR_FAILING && result) {
		export->state = state_of_verdict(result->verdict);
		sy_warn(NULL, "reading APIExport %s in workspace %s: %s", export->name, export->workspace, result->message);
	} else if (state == SY_REFLECTOR_SYNCED && export->state != SY_EXPORT_NOT_FOUND && export->known) {
		export->state = SY_EXPORT_READY;
	}
	watch->owner->changed(watch->owner->arg);
}

/* --- its endpoint slice --- */

static void slice_begin(void *arg)
{
	((struct sy_export_watch *)arg)->slice_seen = false;
}

static void slice_event(void *arg, enum sy_reflector_event type, json_object *object, const char *raw, size_t raw_len)
{
	struct sy_export_watch *watch = arg;
	struct sy_export *export = watch->export;
	struct sy_strv urls = {0};
	struct sy_error err = {0};

	(void)raw;
	(void)raw_len;
	watch->slice_seen = type != SY_DELETED;
	if (type == SY_DELETED) {
		export->slice_state = SY_EXPORT_NOT_FOUND; /* no knowledge about consumers: the URLs stay */
	} else if (sy_slice_decode(object, &urls, &err) == 0) {
		sy_strv_done(&export->urls);
		export->urls = urls;
		export->slice_state = SY_EXPORT_READY;
	} else {
		sy_warn(NULL, "APIExportEndpointSlice %s in workspace %s: %s", export->name, export->workspace, err.text);
		export->slice_state = SY_EXPORT_FAILING;
	}
	watch->owner->changed(watch->owner->arg);
}

static void slice_synced(void *arg)
{
	struct sy_export_watch *watch = arg;

	if (!watch->slice_seen)
		watch->export->slice_state = SY_EXPORT_NOT_FOUND;
	watch->owner->changed(watch->owner->arg);
}

static void slice_state(void *arg, enum sy_reflector_state state, const struct sy_kube_result *result)
{
	struct sy_export_watch *watch = arg;

	if (state == SY_REFLECTOR_FAILING && result)
		watch->export->slice_state = state_of_verdict(result->verdict);
	else if (state == SY_REFLECTOR_SYNCED && watch->slice_seen)
		watch->export->slice_state = SY_EXPORT_READY;
	watch->owner->changed(watch->owner->arg);
}

/* --- both --- */

static const struct sy_reflector_ops export_ops = {export_begin, export_event, export_synced, export_state};
static const struct sy_reflector_ops slice_ops = {slice_begin, slice_event, slice_synced, slice_state};

static int start_watch(struct sy_exports *exports, struct sy_export *export, struct sy_error *err)
{
	struct sy_reflector_spec spec = {.gvr = {"apis.kcp.io", "v1alpha2", "apiexports"}};
	struct sy_buf base, selector;
	int r;

	export->watch = calloc(1, sizeof(*export->watch));
	if (!export->watch)
		return sy_error_oom(err);
	export->watch->owner = exports;
	export->watch->export = export;
	if (!exports->kube)
		return 0;
	sy_buf_init(&base, 4096);
	sy_buf_init(&selector, 1024);
	r = sy_buf_printf(&base, "%s/clusters/%s", exports->base, export->workspace);
	if (r == 0)
		r = sy_buf_printf(&selector, "metadata.name=%s", export->name);
	if (r < 0)
		r = sy_error_oom(err);
	spec.base = sy_buf_str(&base);
	spec.field_selector = sy_buf_str(&selector);
	if (r == 0)
		r = sy_reflector_new(&export->watch->export_reflector, exports->kube, &spec, &export_ops, export->watch, err);
	spec.gvr = (struct sy_gvr){"apis.kcp.io", "v1alpha1", "apiexportendpointslices"};
	if (r == 0)
		r = sy_reflector_new(&export->watch->slice_reflector, exports->kube, &spec, &slice_ops, export->watch, err);
	sy_buf_done(&base);
	sy_buf_done(&selector);
	return r;
}

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
		export_free(exports->items[i]);
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

static int compare_label(const void *a, const void *b)
{
	return strcmp((*(struct sy_export *const *)a)->label, (*(struct sy_export *const *)b)->label);
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
	export->path = strdup(path);
	export->name = strdup(name);
	export->workspace = strdup(path[0] ? path : own_workspace);
	if (export->path && export->name && export->workspace)
		set_label(export);
	if (!export->label)
		r = sy_error_oom(err);
	if (r == 0)
		r = start_watch(exports, export, err);
	if (r < 0) {
		export_free(export);
		return r;
	}
	items[exports->count++] = export;
	return 0;
}

int sy_exports_set(struct sy_exports *exports, const char *own_workspace, json_object *supported, struct sy_error *err)
{
	size_t count = supported ? json_object_array_length(supported) : 0;

	if (count > SY_MAX_EXPORTS)
		count = SY_MAX_EXPORTS;
	for (size_t i = 0; i < exports->count; i++)
		exports->items[i]->retired = true;
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
			export->retired = false;
			continue;
		}
		r = add_export(exports, own_workspace, path ? path : "", name, err);
		if (r < 0)
			return r;
	}
	if (exports->count > 1)
		qsort(exports->items, exports->count, sizeof(struct sy_export *), compare_label);
	return 0;
}

void sy_exports_forget(struct sy_exports *exports, struct sy_export *export)
{
	for (size_t i = 0; i < exports->count; i++) {
		if (exports->items[i] != export)
			continue;
		export_free(export);
		for (size_t j = i + 1; j < exports->count; j++)
			exports->items[j - 1] = exports->items[j];
		exports->count--;
		return;
	}
}

size_t sy_exports_count(const struct sy_exports *exports)
{
	return exports->count;
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
	int r = add_export(exports, path, path, name, err);
	struct sy_export *export;

	if (r < 0)
		return r;
	export = find_export(exports, path, name);
	export_event(export->watch, SY_ADDED, object, NULL, 0);
	export->slice_state = SY_EXPORT_READY;
	*ret_export = export;
	return export->known ? 0 : sy_error_set(err, EINVAL, "not an APIExport");
}
