/* What is to be said about exports beside their state. */
#include <string.h>

#include "supervisor/status/assess.h"

static int say(struct sy_strv *notes, const char *label, const char *what)
{
	struct sy_buf text;
	int r;

	sy_buf_init(&text, 2048);
	r = sy_buf_printf(&text, "%s %s", label, what);
	if (r == 0)
		r = sy_strv_add_new(notes, sy_buf_str(&text), NULL);
	sy_buf_done(&text);
	return r;
}

static bool untaken(const struct sy_supervisor *sup, const struct sy_export *export)
{
	for (size_t i = 0; i < export->urls.count; i++) {
		if (sy_bindings_untaken(sup->bindings, export->urls.items[i]))
			return true;
	}
	return false;
}

static int each(const struct sy_supervisor *sup, bool (*applies)(const struct sy_supervisor *sup, const struct sy_export *export),
		const char *what, const char *reason, struct sy_strv *notes, const char **ret_reason)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sy_exports_count(sup->exports); i++) {
		const struct sy_export *export = sy_exports_at(sup->exports, i);

		if (!applies(sup, export))
			continue;
		r = say(notes, export->label, what);
		*ret_reason = *ret_reason ? *ret_reason : reason;
	}
	return r;
}

static bool cut(const struct sy_supervisor *sup, const struct sy_export *export)
{
	(void)sup;
	return export->known && export->facts.cut;
}

/* A removal is only an intention until the grace time is over, and can be taken back even after it. */
static bool waits(const struct sy_supervisor *sup, const struct sy_export *export)
{
	return !export->named && !export->retired && sy_exports_unresolved(sup->exports);
}

static bool goes(const struct sy_supervisor *sup, const struct sy_export *export)
{
	return !export->named && !export->retired && !sy_exports_unresolved(sup->exports);
}

static bool drains(const struct sy_supervisor *sup, const struct sy_export *export)
{
	return !export->named && export->retired && sy_bindings_any_of(sup->bindings, export);
}

static int removals(const struct sy_supervisor *sup, struct sy_strv *notes, const char **ret_reason)
{
	int r;

	if (sy_chain_leaving(sup))
		return 0;
	r = each(sup, waits, "is no longer named in spec.supportedAPIExports; it is kept until all that are named can be read",
		 "ExportRemoved", notes, ret_reason);
	if (r == 0)
		r = each(sup, goes,
			 "is no longer named in spec.supportedAPIExports; its workspaces will be drained soon unless it is named again",
			 "ExportRemoved", notes, ret_reason);
	if (r == 0)
		r = each(sup, drains,
			 "is no longer named in spec.supportedAPIExports; its workspaces are being drained, naming it again brings them "
			 "back",
			 "ExportRemoved", notes, ret_reason);
	return r;
}

int sy_assess_notes(const struct sy_supervisor *sup, struct sy_strv *notes, const char **ret_reason)
{
	int r = removals(sup, notes, ret_reason);

	if (r == 0)
		r = each(sup, untaken, "has APIBindings that cannot be taken in; until they can, no workspace of it counts as gone",
			 "BindingsIncomplete", notes, ret_reason);
	if (r == 0)
		r = each(sup, cut, "offers more resources or claims than are supported; the rest is left out", "ExportTooLarge", notes,
			 ret_reason);
	if (r == 0 && sup->catalog.left_out > 0) {
		r = sy_strv_add_new(notes, "status.syncedResources has no room for all resources of the exports", NULL);
		*ret_reason = *ret_reason ? *ret_reason : "TooManyResources";
	}
	if (r == 0 && sup->refused > 0) {
		r = sy_strv_add_new(notes, "more workspaces are bound than can be served from here; the rest has no worker (phase Refused)",
				    NULL);
		*ret_reason = *ret_reason ? *ret_reason : "TooManyWorkspaces";
	}
	sy_strv_sort(notes);
	return r;
}
