/* `syncerctl install kcp` (syncerd-rules(7) 9.1, 9.2, 9.4). */
#include "install.h"

#include <stdlib.h>
#include <string.h>

#include "kcp/ids.h"

#define SCHEMA_SUFFIX ".synctargets.workload.kcp.io"
#define MAX_SCHEMA_VERSION 99
#define BIND_SECONDS 60

bool ctl_same_schema(json_object *wanted, json_object *stored)
{
	sy_auto_json json_object *difference = NULL;
	json_object *a = sy_json_object(wanted, "spec", NULL);
	json_object *b = sy_json_object(stored, "spec", NULL);
	struct sy_error err;

	if (!a || !b || sy_json_merge_diff(b, a, &difference, &err) < 0)
		return false;
	if (!difference)
		return true;
	/* Members that only the server has are its defaults, not a difference. */
	json_object_object_foreach(difference, key, value)
	{
		(void)key;
		if (value)
			return false;
	}
	return true;
}

/* A schema's spec is immutable: find the first "vN." name that is free, or already holds what we ship (*ret_there). */
static int choose_schema(struct ctl_install *install, struct ctl_admin *admin, char *ret_name, size_t size, bool *ret_there)
{
	for (int version = 1; version <= MAX_SCHEMA_VERSION; version++) {
		sy_auto_json json_object *schema = NULL;
		sy_auto_free char *path = NULL;
		struct ctl_answer answer;

		snprintf(ret_name, size, "v%d" SCHEMA_SUFFIX, version);
		schema = ctl_schema_object(ret_name);
		path = ctl_object_path(schema);
		ctl_admin_call(admin, install->workspace, "GET", path, NULL, NULL, NULL, &answer);
		/* Who may not read may not write either: what follows will say so. */
		bool readable = answer.verdict == SY_KUBE_OK;
		bool usable =
			readable ? ctl_same_schema(schema, answer.object) : ctl_is_absent(&answer) || answer.verdict == SY_KUBE_FORBIDDEN;
		if (!readable && !usable)
			ctl_error("%s: APIResourceSchema %s cannot be read: %s", install->workspace, ret_name, answer.message);
		ctl_answer_done(&answer);
		*ret_there = readable;
		if (usable || !readable)
			return usable ? CTL_OK : CTL_FAILED;
	}
	ctl_error("%s: no free schema name up to v%d" SCHEMA_SUFFIX, install->workspace, MAX_SCHEMA_VERSION);
	return CTL_FAILED;
}

static bool is_bound(void *arg, const struct ctl_answer *answer)
{
	const char *phase = sy_json_str(answer->object, "status", "phase", NULL);

	(void)arg;
	return phase && !strcmp(phase, "Bound");
}

static bool is_served(void *arg, const struct ctl_answer *answer)
{
	(void)arg;
	return answer->verdict == SY_KUBE_OK || answer->verdict == SY_KUBE_FORBIDDEN;
}

/* The SyncTarget can be made only once its type is bound and served. */
static int wait_type(struct ctl_install *install, struct ctl_admin *admin)
{
	struct ctl_answer answer;
	bool ok;

	ok = ctl_admin_wait(admin, install->workspace, "/apis/apis.kcp.io/v1alpha2/apibindings/workload.kcp.io", BIND_SECONDS, is_bound,
			    NULL, &answer);
	if (ok) {
		ctl_answer_done(&answer);
		ok = ctl_admin_wait(admin, install->workspace, "/apis/workload.kcp.io/v1alpha1/synctargets", BIND_SECONDS, is_served, NULL,
				    &answer);
	}
	if (!ok)
		ctl_error("%s: APIBinding workload.kcp.io is not Bound and served after %d s%s%s", install->workspace, BIND_SECONDS,
			  *answer.message ? ": " : "", answer.message);
	ctl_answer_done(&answer);
	return ok ? CTL_OK : CTL_FAILED;
}

/* The type with its export and binding, then the SyncTarget. */
static int install_type(struct ctl_install *install, struct ctl_admin *admin)
{
	struct ctl_manifests type = {0};
	char schema[64];
	bool there = false;
	int rc = choose_schema(install, admin, schema, sizeof(schema), &there);

	if (rc != CTL_OK)
		return rc;
	ctl_manifest_add(&type, install->workspace, ctl_schema_object(schema));
	if (there && install->apply) {
		ctl_print_result(install, &type.items[0], "unchanged");
		ctl_manifests_done(&type);
	}
	ctl_manifests_type(&type, install->workspace, schema);
	rc = ctl_install_list(install, admin, &type);
	if (rc == CTL_OK && install->apply)
		rc = wait_type(install, admin);
	if (rc == CTL_OK)
		rc = ctl_install_target(install, admin, false);
	else if (rc == CTL_INCOMPLETE && ctl_install_target(install, admin, true) != CTL_OK)
		rc = CTL_FAILED;
	ctl_manifests_done(&type);
	return rc;
}

/* What the right reaches beyond Events, and what others have to do: the claim is the provider's, the consent each consumer's. */
static void say_events(struct ctl_install *install, const struct ctl_export *export)
{
	bool comment = !install->apply && install->ctl->output != CTL_JSON;
	FILE *to = comment ? install->out : stderr;
	const char *mark = comment ? "# " : "";

	fprintf(to,
		"%s--tenant-events: with create on apiexports/content of %s in %s the syncer can make not only Events, but any object of "
		"this\n"
		"%sexport, and of what it claims with create, in the workspace of any consumer. Without the option it is taken away "
		"again.\n"
		"%sStill to do: the provider adds {group: \"\", resource: events, verbs: [create, get, patch]} to spec.permissionClaims "
		"of\n"
		"%sAPIExport %s, each consumer accepts it with the same verbs in its APIBinding, and syncerd gets sync.tenantEvents: "
		"true.\n",
		mark, export->name, export->workspace, mark, mark, mark, export->name);
}

static int install_exports(struct ctl_install *install, struct ctl_admin *admin, const char *cluster, const char *id)
{
	int worst = CTL_OK;

	for (size_t i = 0; i < install->export_count && worst != CTL_FAILED; i++) {
		const struct ctl_export *export = &install->exports[i];
		bool own = !strcmp(export->workspace, install->workspace) || !strcmp(export->workspace, cluster);
		struct ctl_manifests list = {0};

		if (install->tenant_events)
			say_events(install, export);
		ctl_manifests_export(&list, export, id, cluster, own, install->tenant_events);
		int rc = ctl_install_list(install, admin, &list);
		if (rc != CTL_OK)
			worst = rc;
		ctl_manifests_done(&list);
	}
	return worst;
}

static int write_access(struct ctl_install *install, struct ctl_admin *admin, const char *cluster, const char *id)
{
	sy_auto_free char *token = NULL;
	sy_auto_free char *server = NULL;

	if (!ctl_fetch_token(install, admin, cluster, "default", id, &token))
		return CTL_FAILED;
	if (asprintf(&server, "%s/clusters/%s", ctl_admin_base(admin), cluster) < 0)
		return CTL_FAILED;
	return ctl_write_kubeconfig(install, ctl_admin_access(admin), server, id, token);
}

/* Account and roles; a part that needs another administrator does not keep the others from being made. */
static int install_rights(struct ctl_install *install, struct ctl_admin *admin, const char *cluster, const char *id)
{
	struct ctl_manifests list = {0};
	int account;
	int exports;

	ctl_manifests_identity(&list, install->workspace, install->name, id);
	account = ctl_install_list(install, admin, &list);
	ctl_manifests_done(&list);
	if (account == CTL_FAILED)
		return CTL_FAILED;
	exports = install_exports(install, admin, cluster, id);
	if (exports == CTL_FAILED)
		return CTL_FAILED;
	if (install->output && account == CTL_INCOMPLETE)
		ctl_error("no kubeconfig was written: it needs the ServiceAccount; run this again when all is applied");
	else if (install->output && write_access(install, admin, cluster, id) != CTL_OK)
		return CTL_FAILED;
	return account != CTL_OK ? account : exports;
}

static int install_with(struct ctl_install *install, struct ctl_admin *admin)
{
	sy_auto_free char *cluster = NULL;
	sy_auto_free char *uid = NULL;
	struct ctl_answer answer;
	struct sy_error err;
	char id[SY_SYNCER_ID_MAX];
	int rc = install_type(install, admin);

	if (rc != CTL_OK)
		return rc;
	bool found = ctl_read_target(admin, install->workspace, install->name, &cluster, &uid, &answer);
	if (!found && ctl_is_absent(&answer)) {
		ctl_error("SyncTarget %s does not exist in %s yet (%s), and the names of the rest come from its uid: apply the above, then "
			  "run this again",
			  install->name, install->workspace, answer.message);
		rc = CTL_WAITING;
	} else if (!found) {
		ctl_error("SyncTarget %s in %s cannot be read: %s", install->name, install->workspace, answer.message);
		rc = CTL_FAILED;
	} else if (sy_syncer_id(install->name, uid, id, &err) < 0) {
		ctl_error("%s", err.text);
		rc = CTL_FAILED;
	}
	ctl_answer_done(&answer);
	return rc == CTL_OK ? install_rights(install, admin, cluster, id) : rc;
}

int ctl_install_kcp(struct ctl_install *install)
{
	struct ctl_admin *admin = NULL;
	int rc = CTL_FAILED;

	if (ctl_admin_open(&admin, install->kubeconfig, install->context, "kcp"))
		rc = install_with(install, admin);
	ctl_admin_free(admin);
	return rc;
}
