/* syncerctl upgrade check: the type SyncTarget and the roles, as `install` of this version would make them. */
#include <stdlib.h>
#include <string.h>

#include "kcp/ids.h"
#include "upgrade.h"

#define BINDING "/apis/apis.kcp.io/v1alpha2/apibindings/workload.kcp.io"

static const char schema_check[] = "type SyncTarget";
static const char kcp_check[] = "roles in kcp";
static const char cluster_check[] = "role in the cluster";

/* Differences of all roles, and bindings that are not there. */
struct findings {
	json_object *missing;
	json_object *superfluous;
};

static void append(json_object *array, char *text)
{
	if (json_object_array_add(array, ctl_checked(json_object_new_string(text))) < 0)
		(void)ctl_checked(NULL);
	free(text);
}

static void add_all(json_object *to, const struct ctl_manifest *manifest, json_object *texts)
{
	for (size_t i = 0; i < json_object_array_length(texts); i++)
		append(to, ctl_format("%s%s%s: %s", manifest->workspace ? manifest->workspace : "", manifest->workspace ? " " : "",
				      sy_json_str(manifest->object, "metadata", "name", NULL),
				      json_object_get_string(json_object_array_get_idx(texts, i))));
	json_object_put(texts);
}

static json_object *rules_of(json_object *role)
{
	return sy_json_array(role, "rules", NULL);
}

/* One role or binding of needed; the same object of allowed may grant more. */
static void compare_one(struct ctl_admin *admin, const struct ctl_manifest *needed, const struct ctl_manifest *allowed,
			struct findings *findings)
{
	sy_auto_free char *path = ctl_object_path(needed->object);
	const char *kind = sy_json_str(needed->object, "kind", NULL), *name = sy_json_str(needed->object, "metadata", "name", NULL);
	struct ctl_answer answer;

	ctl_admin_call(admin, needed->workspace, "GET", path, NULL, NULL, NULL, &answer);
	if (answer.verdict == SY_KUBE_OK) {
		add_all(findings->missing, needed, ctl_rules_beyond(rules_of(needed->object), rules_of(answer.object)));
		add_all(findings->superfluous, needed, ctl_rules_beyond(rules_of(answer.object), rules_of(allowed->object)));
	} else {
		append(findings->missing,
		       ctl_format("%s%s%s %s%s%s", needed->workspace ? needed->workspace : "", needed->workspace ? " " : "", kind, name,
				  ctl_is_absent(&answer) ? "" : ": ", ctl_is_absent(&answer) ? "" : answer.message));
	}
	ctl_answer_done(&answer);
}

/* Both lists have the same objects in the same order. */
static void compare(struct ctl_admin *admin, struct ctl_manifests *needed, struct ctl_manifests *allowed, struct findings *findings)
{
	for (size_t i = 0; i < needed->count && i < allowed->count; i++)
		if (strstr(sy_json_str(needed->items[i].object, "kind", NULL), "Role"))
			compare_one(admin, &needed->items[i], &allowed->items[i], findings);
	ctl_manifests_done(needed);
	ctl_manifests_done(allowed);
}

static void say(struct ctl_upgrade *upgrade, const char *check, const char *side, struct findings *findings)
{
	sy_auto_free char *missing = ctl_some_of(findings->missing), *superfluous = ctl_some_of(findings->superfluous);
	sy_auto_free char *todo = ctl_format("%s install %s --workspace %s --name %s --apply", ctl_program(), side,
					     upgrade->install.workspace, upgrade->install.name);

	if (*missing || *superfluous)
		ctl_upgrade_attention(upgrade, check, todo, "%s%s%s%s%s", *missing ? "missing: " : "", missing,
				      *missing && *superfluous ? "; " : "", *superfluous ? "superfluous: " : "", superfluous);
	else
		ctl_upgrade_good(upgrade, check, "as %s install %s of this version makes them", ctl_program(), side);
	json_object_put(findings->missing);
	json_object_put(findings->superfluous);
}

static struct findings no_findings(void)
{
	return (struct findings){ctl_checked(json_object_new_array()), ctl_checked(json_object_new_array())};
}

static void compare_schema(struct ctl_upgrade *upgrade, const char *name, json_object *stored)
{
	sy_auto_json json_object *shipped = ctl_schema_object(NULL), *missing = ctl_fields_beyond(shipped, stored);
	sy_auto_json json_object *newer = ctl_fields_beyond(stored, shipped);
	sy_auto_free char *lacks = ctl_some_of(missing), *has = ctl_some_of(newer);
	sy_auto_free char *todo = ctl_format("%s install kcp --workspace %s --name %s --apply", ctl_program(), upgrade->install.workspace,
					     upgrade->install.name);

	if (*has)
		ctl_upgrade_attention(upgrade, schema_check, "nothing if kcp is served by a newer syncerd, too; else see the manual",
				      "%s has fields that this version does not know: %s%s%s", name, has, *lacks ? "; and lacks " : "",
				      lacks);
	else if (*lacks)
		ctl_upgrade_attention(upgrade, schema_check, todo, "%s lacks %s", name, lacks);
	else if (!ctl_same_schema(shipped, stored))
		ctl_upgrade_attention(upgrade, schema_check, todo, "%s has all fields, with other limits or texts than this version's",
				      name);
	else
		ctl_upgrade_good(upgrade, schema_check, "%s is that of this version", name);
}

/* The schema's name as it is bound. */
static const char *bound_schema(json_object *binding)
{
	json_object *bound = sy_json_array(binding, "status", "boundResources", NULL);

	for (size_t i = 0; bound && i < json_object_array_length(bound); i++) {
		json_object *item = json_object_array_get_idx(bound, i);
		const char *resource = sy_json_str(item, "resource", NULL);

		if (resource && strcmp(resource, "synctargets") == 0)
			return sy_json_str(item, "schema", "name", NULL);
	}
	return NULL;
}

static void check_schema(struct ctl_upgrade *upgrade, struct ctl_admin *admin)
{
	const char *workspace = upgrade->install.workspace;
	struct ctl_answer binding, schema = {0};
	sy_auto_free char *path = NULL;
	const char *where, *name;

	ctl_admin_call(admin, workspace, "GET", BINDING, NULL, NULL, NULL, &binding);
	name = bound_schema(binding.object);
	where = sy_json_str(binding.object, "spec", "reference", "export", "path", NULL);
	if (!name) {
		ctl_upgrade_attention(upgrade, schema_check, "syncerctl install kcp",
				      "%s has no APIBinding workload.kcp.io that is bound: %s", workspace, binding.message);
		ctl_answer_done(&binding);
		return;
	}
	path = ctl_format("/apis/apis.kcp.io/v1alpha1/apiresourceschemas/%s", name);
	ctl_admin_call(admin, where && *where ? where : workspace, "GET", path, NULL, NULL, NULL, &schema);
	if (schema.verdict == SY_KUBE_OK)
		compare_schema(upgrade, name, schema.object);
	else
		ctl_upgrade_attention(upgrade, schema_check, "ask with an administrator's kubeconfig", "%s in %s cannot be read: %s", name,
				      where && *where ? where : workspace, schema.message);
	ctl_answer_done(&schema);
	ctl_answer_done(&binding);
}

static void check_kcp_roles(struct ctl_upgrade *upgrade, struct ctl_admin *admin, const char *cluster, const char *id)
{
	struct ctl_install *install = &upgrade->install;
	struct findings findings = no_findings();
	struct ctl_manifests needed = {0}, allowed = {0};

	ctl_manifests_identity(&needed, install->workspace, install->name, id);
	ctl_manifests_identity(&allowed, install->workspace, install->name, id);
	compare(admin, &needed, &allowed, &findings);
	for (size_t i = 0; i < install->export_count; i++) {
		const struct ctl_export *export = &install->exports[i];
		bool own = strcmp(export->workspace, install->workspace) == 0 || strcmp(export->workspace, cluster) == 0;

		/* Events are a choice of whoever installs. */
		ctl_manifests_export(&needed, export, id, cluster, own, false);
		ctl_manifests_export(&allowed, export, id, cluster, own, true);
		compare(admin, &needed, &allowed, &findings);
	}
	say(upgrade, kcp_check, "kcp", &findings);
}

/* Rules for all exports, without and with those that only a claim needs. */
static bool read_rules(struct ctl_upgrade *upgrade, struct ctl_admin *kcp, json_object *needed, json_object *allowed)
{
	ctl_cluster_rules(needed, NULL, false);
	ctl_cluster_rules(allowed, NULL, false);
	for (size_t i = 0; i < upgrade->install.export_count; i++) {
		const struct ctl_export *export = &upgrade->install.exports[i];
		sy_auto_free char *path = ctl_format("/apis/apis.kcp.io/v1alpha2/apiexports/%s", export->name);
		struct ctl_answer answer;
		json_object *spec;

		ctl_admin_call(kcp, export->workspace, "GET", path, NULL, NULL, NULL, &answer);
		spec = sy_json_object(answer.object, "spec", NULL);
		if (answer.verdict != SY_KUBE_OK || !spec)
			ctl_upgrade_attention(upgrade, cluster_check, "ask with an administrator's kubeconfig",
					      "APIExport %s in %s cannot be read: %s", export->name, export->workspace, answer.message);
		if (spec)
			ctl_cluster_rules(needed, spec, false);
		if (spec)
			ctl_cluster_rules(allowed, spec, true);
		ctl_answer_done(&answer);
		if (!spec)
			return false;
	}
	return true;
}

static void check_cluster_role(struct ctl_upgrade *upgrade, struct ctl_admin *kcp, const char *id)
{
	sy_auto_json json_object *needed_rules = ctl_checked(json_object_new_array());
	sy_auto_json json_object *allowed_rules = ctl_checked(json_object_new_array());
	struct ctl_install *install = &upgrade->install;
	struct ctl_manifests needed = {0}, allowed = {0};
	struct ctl_admin *cluster = NULL;
	struct findings findings;

	if (!install->cluster_kubeconfig) {
		ctl_upgrade_skipped(upgrade, cluster_check, "give --cluster-kubeconfig",
				    "without the kubeconfig of the cluster's administrator");
		return;
	}
	if (!read_rules(upgrade, kcp, needed_rules, allowed_rules))
		return;
	if (!ctl_admin_open(&cluster, install->cluster_kubeconfig, install->cluster_context, "cluster") ||
	    !ctl_is_other_server(kcp, cluster)) {
		ctl_upgrade_attention(upgrade, cluster_check, "give another --cluster-kubeconfig", "it cannot be used");
	} else {
		findings = no_findings();
		ctl_manifests_cluster(&needed, id, needed_rules);
		ctl_manifests_cluster(&allowed, id, allowed_rules);
		compare(cluster, &needed, &allowed, &findings);
		say(upgrade, cluster_check, "cluster", &findings);
	}
	ctl_admin_free(cluster);
}

static void check_with(struct ctl_upgrade *upgrade, struct ctl_admin *kcp)
{
	struct ctl_install *install = &upgrade->install;
	sy_auto_free char *cluster = NULL, *uid = NULL;
	char id[SY_SYNCER_ID_MAX];
	struct ctl_answer target;
	struct sy_error err = {0};

	check_schema(upgrade, kcp);
	if (!ctl_read_target(kcp, install->workspace, install->name, &cluster, &uid, &target))
		ctl_upgrade_attention(upgrade, kcp_check, "ask with an administrator's kubeconfig",
				      "SyncTarget %s in %s cannot be read: %s", install->name, install->workspace, target.message);
	else if (sy_syncer_id(install->name, uid, id, &err) < 0 || !ctl_read_exports(install, target.object))
		ctl_upgrade_attention(upgrade, kcp_check, NULL, "the roles of SyncTarget %s cannot be told: %s", install->name, err.text);
	else {
		check_kcp_roles(upgrade, kcp, cluster, id);
		check_cluster_role(upgrade, kcp, id);
	}
	ctl_answer_done(&target);
}

/* Where the command line does not say which SyncTarget, the configuration does, or the running syncerd. */
static bool find_target(struct ctl_upgrade *upgrade)
{
	struct ctl_install *install = &upgrade->install;
	const struct sy_config *config = upgrade->config;

	if (!install->workspace)
		install->workspace = config && config->target_workspace ? config->target_workspace
									: sy_json_str(upgrade->status, "syncTarget", "cluster", NULL);
	if (!install->name)
		install->name = config ? config->target_name : sy_json_str(upgrade->status, "syncTarget", "name", NULL);
	return install->workspace && *install->workspace && install->name && *install->name;
}

void ctl_upgrade_servers(struct ctl_upgrade *upgrade)
{
	static const char *const checks[] = {schema_check, kcp_check, cluster_check};
	struct ctl_install *install = &upgrade->install;
	struct ctl_admin *kcp = NULL;
	const char *why = NULL, *todo = NULL;

	if (upgrade->config && upgrade->config->is_direct) {
		why = "there is no SyncTarget in direct mode";
	} else if (!install->kubeconfig) {
		why = "without the kubeconfig of kcp's administrator";
		todo = "give --kubeconfig";
	} else if (!find_target(upgrade)) {
		why = "neither the configuration nor a running syncerd tells which SyncTarget";
		todo = "give --workspace and --name";
	}
	for (size_t i = 0; why && i < sizeof(checks) / sizeof(checks[0]); i++)
		ctl_upgrade_skipped(upgrade, checks[i], todo, "%s", why);
	if (why)
		return;
	if (ctl_admin_open(&kcp, install->kubeconfig, install->context, "kcp"))
		check_with(upgrade, kcp);
	else
		ctl_upgrade_attention(upgrade, schema_check, "give another --kubeconfig", "it cannot be used");
	ctl_admin_free(kcp);
}
