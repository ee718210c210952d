/* `syncerctl orphans`: what kcp says of the SyncTargets and tenants that objects in the cluster name. An error proves nothing. */
#include <stdlib.h>
#include <string.h>

#include "install.h"
#include "kcp/ids.h"
#include "orphans.h"
#include "supervisor/status/patch.h"
#include "uninstall.h"

static void out_of_memory(void)
{
	ctl_error("out of memory");
	exit(CTL_FAILED);
}

/* Names of the exports that a living SyncTarget serves. */
static json_object *exports_of(json_object *target)
{
	json_object *entries = sy_json_array(target, "spec", "supportedAPIExports", NULL);
	json_object *names = json_object_new_array();

	for (size_t i = 0; entries && i < json_object_array_length(entries); i++) {
		json_object *name = sy_json_get(json_object_array_get_idx(entries, i), "export", NULL);

		if (!names || json_object_array_add(names, json_object_get(name)) < 0)
			out_of_memory();
	}
	return names;
}

/* {"state"}, and of a living one {"exports"}. */
static json_object *ask_target(struct ctl_orphans *orphans, const char *workspace, const char *name, const char *uid)
{
	struct ctl_install place = {.ctl = orphans->ctl, .workspace = workspace, .name = name};
	sy_auto_free char *cluster = NULL;
	sy_auto_free char *found = NULL;
	struct ctl_answer answer;
	json_object *state;

	if (!*workspace)
		return ctl_args("state", "direct");
	if (ctl_read_target(orphans->kcp, workspace, name, &cluster, &found, &answer)) {
		state = ctl_args("state", strcmp(found, uid) != 0 ? "re-created" : "alive");
		ctl_args_add(state, "exports", exports_of(answer.object));
	} else if (ctl_is_absent(&answer) && ctl_target_is_gone(&place, orphans->kcp, &answer)) {
		state = ctl_args("state", "gone");
	} else {
		sy_auto_free char *what = NULL;

		if (asprintf(&what, "SyncTarget %s in %s", name, workspace) < 0)
			out_of_memory();
		ctl_orphans_unread(orphans, what, answer.message);
		state = ctl_args("state", "unknown");
	}
	ctl_answer_done(&answer);
	return state;
}

/* By name only: the path of an export may be written in two ways, and taking one too many for bound is the safe side. */
static bool is_bound(json_object *bindings, json_object *exports)
{
	size_t count = bindings ? json_object_array_length(bindings) : 0;

	for (size_t i = 0; i < count; i++) {
		const char *name = sy_json_str(json_object_array_get_idx(bindings, i), "spec", "reference", "export", "name", NULL);

		if (name && sy_patch_index(exports, name) >= 0)
			return true;
	}
	return false;
}

static json_object *ask_tenant(struct ctl_orphans *orphans, const char *tenant, json_object *exports)
{
	struct ctl_answer answer;
	const char *state = "unknown";

	ctl_admin_call(orphans->kcp, tenant, "GET", "/apis/apis.kcp.io/v1alpha2/apibindings", NULL, NULL, NULL, &answer);
	json_object *items = sy_json_array(answer.object, "items", NULL);
	if (answer.verdict == SY_KUBE_OK && items)
		state = is_bound(items, exports) ? "alive" : "unbound";
	else
		ctl_orphans_unread(orphans, tenant, answer.message);
	ctl_answer_done(&answer);
	return ctl_args("state", state);
}

const char *ctl_orphans_state(struct ctl_orphans *orphans, json_object *owner, bool whole)
{
	const char *workspace = sy_json_str(owner, "workspace", NULL);
	const char *name = sy_json_str(owner, "syncTarget", NULL);
	const char *uid = sy_json_str(owner, "uid", NULL);
	const char *tenant = sy_json_str(owner, "tenant", NULL);
	sy_auto_free char *id = NULL;
	sy_auto_free char *tenant_at = NULL;

	if (asprintf(&id, "%s %s %s", workspace, name, uid) < 0 || asprintf(&tenant_at, "%s %s", id, tenant) < 0)
		out_of_memory();
	json_object *target = sy_json_object(orphans->states, id, NULL);
	if (!target)
		ctl_args_add(orphans->states, id, target = ask_target(orphans, workspace, name, uid));
	const char *state = sy_json_str(target, "state", NULL);
	if (whole || strcmp(state, "alive") != 0)
		return state;
	json_object *bound = sy_json_object(orphans->states, tenant_at, NULL);
	if (!bound)
		ctl_args_add(orphans->states, tenant_at, bound = ask_tenant(orphans, tenant, sy_json_array(target, "exports", NULL)));
	return sy_json_str(bound, "state", NULL);
}
