/* `syncerctl install cluster` (syncerd-rules(7) 9.3): one rule per resource of the SyncTarget's exports. */
#include "install.h"

#include <stdlib.h>
#include <string.h>

#include "kcp/ids.h"

static const char *const core_verbs = "[\"get\",\"list\",\"watch\",\"create\",\"patch\",\"delete\"]";

static json_object *rule(const char *group, const char *resource, const char *verbs)
{
	struct ctl_manifests list = {0};
	json_object *object;

	ctl_manifest_addf(&list, NULL, "{\"apiGroups\":[\"%s\"],\"resources\":[\"%s\"],\"verbs\":%s}", group, resource, verbs);
	object = json_object_get(list.items[0].object);
	ctl_manifests_done(&list);
	return object;
}

static void add_rule(json_object *rules, json_object *entry)
{
	if (!rules || json_object_array_add(rules, entry) < 0) {
		ctl_error("out of memory");
		exit(CTL_FAILED);
	}
}

static bool plain_name(const char *text)
{
	return text && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(text);
}

static bool has_rule(json_object *rules, const char *group, const char *resource)
{
	for (size_t i = 0; i < json_object_array_length(rules); i++) {
		json_object *entry = json_object_array_get_idx(rules, i);
		const char *g = json_object_get_string(json_object_array_get_idx(sy_json_array(entry, "apiGroups", NULL), 0));
		const char *r = json_object_get_string(json_object_array_get_idx(sy_json_array(entry, "resources", NULL), 0));

		if (g && r && !strcmp(g, group) && !strcmp(r, resource))
			return true;
	}
	return false;
}

static void add_rules(json_object *rules, json_object *entries, bool claims_only)
{
	size_t count = entries ? json_object_array_length(entries) : 0;

	for (size_t i = 0; i < count; i++) {
		json_object *entry = json_object_array_get_idx(entries, i);
		const char *group = sy_json_str(entry, "group", NULL);
		const char *resource = sy_json_str(entry, claims_only ? "resource" : "name", NULL);

		if (!group)
			group = "";
		if (!plain_name(group) || !plain_name(resource) || !*resource)
			continue;
		if (claims_only && (*group || (strcmp(resource, "configmaps") != 0 && strcmp(resource, "secrets") != 0)))
			continue;
		if (!has_rule(rules, group, resource))
			add_rule(rules, rule(group, resource, core_verbs));
	}
}

void ctl_cluster_rules(json_object *rules, json_object *spec, bool allow_claims)
{
	if (!spec) {
		add_rule(rules, rule("", "namespaces", core_verbs));
		add_rule(rules, rule("", "nodes", "[\"list\",\"watch\"]"));
		return;
	}
	add_rules(rules, sy_json_array(spec, "resources", NULL), false);
	if (allow_claims)
		add_rules(rules, sy_json_array(spec, "permissionClaims", NULL), true);
}

static int collect_rules(struct ctl_install *install, struct ctl_admin *admin, json_object *target, json_object *rules)
{
	json_object *exports = sy_json_array(target, "spec", "supportedAPIExports", NULL);
	size_t count = exports ? json_object_array_length(exports) : 0;

	ctl_cluster_rules(rules, NULL, false);
	for (size_t i = 0; i < count; i++) {
		json_object *entry = json_object_array_get_idx(exports, i);
		const char *path = sy_json_str(entry, "path", NULL);
		const char *name = sy_json_str(entry, "export", NULL);
		const char *workspace = path && *path ? path : install->workspace;
		sy_auto_free char *url = NULL;
		struct ctl_answer answer;

		if (!plain_name(name) || asprintf(&url, "/apis/apis.kcp.io/v1alpha2/apiexports/%s", name) < 0)
			continue;
		ctl_admin_call(admin, workspace, "GET", url, NULL, NULL, NULL, &answer);
		if (answer.verdict != SY_KUBE_OK) {
			ctl_error("APIExport %s in %s cannot be read: %s", name, workspace, answer.message);
			ctl_answer_done(&answer);
			return CTL_FAILED;
		}
		json_object *spec = sy_json_object(answer.object, "spec", NULL);
		if (spec)
			ctl_cluster_rules(rules, spec, install->allow_claims);
		ctl_answer_done(&answer);
	}
	return CTL_OK;
}

bool ctl_is_other_server(struct ctl_admin *kcp, struct ctl_admin *cluster)
{
	size_t len = strlen(ctl_admin_base(kcp));
	const char *server = ctl_admin_base(cluster);

	if (strncmp(server, ctl_admin_base(kcp), len) != 0 || (server[len] != '\0' && server[len] != '/'))
		return true;
	ctl_error("%s is kcp, not the physical cluster: give --cluster-kubeconfig or --cluster-context", server);
	return false;
}

static int install_cluster_side(struct ctl_install *install, struct ctl_admin *kcp, const char *id, json_object *rules)
{
	struct ctl_manifests list = {0};
	struct ctl_admin *cluster = NULL;
	sy_auto_free char *token = NULL;
	int rc;

	ctl_manifests_cluster(&list, id, rules);
	if (!install->apply) {
		rc = ctl_install_list(install, NULL, &list);
		ctl_manifests_done(&list);
		return rc;
	}
	rc = ctl_admin_open(&cluster, install->cluster_kubeconfig, install->cluster_context, "cluster") ? CTL_OK : CTL_FAILED;
	if (rc == CTL_OK && !ctl_is_other_server(kcp, cluster))
		rc = CTL_FAILED;
	if (rc == CTL_OK)
		rc = ctl_install_list(install, cluster, &list);
	if (rc == CTL_OK && install->output) {
		rc = CTL_FAILED;
		if (ctl_fetch_token(install, cluster, NULL, id, id, &token))
			rc = ctl_write_kubeconfig(install, ctl_admin_access(cluster), ctl_admin_base(cluster), id, token);
	}
	ctl_admin_free(cluster);
	ctl_manifests_done(&list);
	return rc;
}

static int install_with(struct ctl_install *install, struct ctl_admin *admin)
{
	sy_auto_json json_object *rules = json_object_new_array();
	sy_auto_free char *logical_cluster = NULL;
	sy_auto_free char *uid = NULL;
	struct ctl_answer answer;
	struct sy_error err;
	char id[SY_SYNCER_ID_MAX];
	int rc;

	if (!ctl_read_target(admin, install->workspace, install->name, &logical_cluster, &uid, &answer)) {
		rc = ctl_is_absent(&answer) ? CTL_WAITING : CTL_FAILED;
		if (rc == CTL_WAITING)
			ctl_error("SyncTarget %s does not exist in %s, and the names come from its uid: run 'syncerctl install kcp' first",
				  install->name, install->workspace);
		else
			ctl_error("SyncTarget %s in %s cannot be read: %s", install->name, install->workspace, answer.message);
		ctl_answer_done(&answer);
		return rc;
	}
	rc = collect_rules(install, admin, answer.object, rules);
	ctl_answer_done(&answer);
	if (rc != CTL_OK)
		return rc;
	if (sy_syncer_id(install->name, uid, id, &err) < 0) {
		ctl_error("%s", err.text);
		return CTL_FAILED;
	}
	return install_cluster_side(install, admin, id, rules);
}

int ctl_install_cluster(struct ctl_install *install)
{
	struct ctl_admin *admin = NULL;
	int rc = CTL_FAILED;

	if (ctl_admin_open(&admin, install->kubeconfig, install->context, "kcp"))
		rc = install_with(install, admin);
	ctl_admin_free(admin);
	return rc;
}
