/* What is read of one export under one spelling: the APIExport and its endpoint slice, one reflector for each. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "supervisor/discovery/exports_impl.h"

static enum sy_export_state state_of_verdict(enum sy_kube_verdict verdict)
{
	if (verdict == SY_KUBE_NOT_FOUND)
		return SY_EXPORT_NOT_FOUND;
	if (verdict == SY_KUBE_FORBIDDEN || verdict == SY_KUBE_UNAUTHORIZED)
		return SY_EXPORT_FORBIDDEN;
	return SY_EXPORT_FAILING;
}

void sy_export_set_label(struct sy_export *export)
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

/* It is there and cannot be understood: what was known of it stays in force. */
static void export_bad(struct sy_export_watch *watch, const char *why)
{
	sy_warn(NULL, "APIExport %s in workspace %s: %s", watch->export->name, watch->export->workspace, why);
	watch->export_seen = watch->export_bad = true;
	watch->export->state = SY_EXPORT_FAILING;
}

static void export_broken(void *arg, const struct sy_reflector_broken *broken)
{
	struct sy_export_watch *watch = arg;

	if (broken->type == SY_DELETED)
		watch->export->state = SY_EXPORT_NOT_FOUND;
	else
		export_bad(watch, broken->why->text);
	watch->owner->changed(watch->owner->arg);
}

void sy_export_event(void *arg, enum sy_reflector_event type, json_object *object, const char *raw, size_t raw_len)
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
		watch->export_bad = false;
		sy_export_set_label(export);
	} else {
		export_bad(watch, err.text);
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
	} else if (state == SY_REFLECTOR_SYNCED && export->state != SY_EXPORT_NOT_FOUND && export->known && !watch->export_bad) {
		export->state = SY_EXPORT_READY;
	}
	watch->owner->changed(watch->owner->arg);
}

/* --- its endpoint slice --- */

static void slice_begin(void *arg)
{
	((struct sy_export_watch *)arg)->slice_seen = false;
}

static void slice_bad(struct sy_export_watch *watch, const char *why)
{
	sy_warn(NULL, "APIExportEndpointSlice %s in workspace %s: %s", watch->export->name, watch->export->workspace, why);
	watch->slice_seen = watch->slice_bad = true;
	watch->export->slice_state = SY_EXPORT_FAILING;
}

static void slice_broken(void *arg, const struct sy_reflector_broken *broken)
{
	struct sy_export_watch *watch = arg;

	if (broken->type == SY_DELETED)
		watch->export->slice_state = SY_EXPORT_NOT_FOUND;
	else
		slice_bad(watch, broken->why->text);
	watch->slice_seen = broken->type != SY_DELETED;
	watch->owner->changed(watch->owner->arg);
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
		watch->slice_bad = false;
	} else {
		slice_bad(watch, err.text);
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
	else if (state == SY_REFLECTOR_SYNCED && watch->slice_seen && !watch->slice_bad)
		watch->export->slice_state = SY_EXPORT_READY;
	watch->owner->changed(watch->owner->arg);
}

/* --- both --- */

static const struct sy_reflector_ops export_ops = {export_begin, sy_export_event, export_synced, export_state};
static const struct sy_reflector_ops slice_ops = {slice_begin, slice_event, slice_synced, slice_state};

int sy_export_start_watch(struct sy_exports *exports, struct sy_export *export, struct sy_error *err)
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
	spec.broken = export_broken;
	if (r == 0)
		r = sy_reflector_new(&export->watch->export_reflector, exports->kube, &spec, &export_ops, export->watch, err);
	spec.gvr = (struct sy_gvr){"apis.kcp.io", "v1alpha1", "apiexportendpointslices"};
	spec.broken = slice_broken;
	if (r == 0)
		r = sy_reflector_new(&export->watch->slice_reflector, exports->kube, &spec, &slice_ops, export->watch, err);
	sy_buf_done(&base);
	sy_buf_done(&selector);
	return r;
}

void sy_export_free(struct sy_export *export)
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
