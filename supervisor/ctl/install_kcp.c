/* `syncerctl install kcp` (synctarget.md 9.1, 9.2, 9.4). */
#include "install.h"

#include <stdlib.h>
#include <string.h>

#include "kcp/ids.h"

#define SCHEMA_SUFFIX ".synctargets.workload.kcp.io"
#define MAX_SCHEMA_VERSION 99

static bool same_schema(json_object *wanted, json_object *stored)
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

/* A schema's spec is immutable: find the first "vN." name that is free or already holds what we ship. */
static int apply_schema(struct ctl_install *install, struct ctl_admin *admin, char *ret_name, size_t size)
{
	for (int version = 1; version <= MAX_SCHEMA_VERSION; version++) {
		struct ctl_manifests list = {0};
		struct ctl_answer answer;
		bool usable;

		snprintf(ret_name, size, "v%d" SCHEMA_SUFFIX, version);
		ctl_manifest_add(&list, install->workspace, ctl_schema_object(ret_name));
		if (!install->apply) {
			int rc = ctl_install_list(install, admin, &list);
			ctl_manifests_done(&list);
			return rc;
		}
		sy_auto_free char *path = ctl_object_path(list.items[0].object, true);
		ctl_admin_call(admin, install->workspace, "GET", path, NULL, NULL, NULL, &answer);
		usable = answer.verdict != SY_KUBE_OK || same_schema(list.items[0].object, answer.object);
		bool there = answer.verdict == SY_KUBE_OK;
		ctl_answer_done(&answer);
		if (usable) {
			int rc = CTL_OK;

			if (there)
				fprintf(stderr, "%s APIResourceSchema/%s unchanged\n", install->workspace, ret_name);
			else
				rc = ctl_install_list(install, admin, &list);
			ctl_manifests_done(&list);
			return rc;
		}
		ctl_manifests_done(&list);
	}
	ctl_error("%s: no free schema name up to v%d" SCHEMA_SUFFIX, install->workspace, MAX_SCHEMA_VERSION);
	return CTL_FAILED;
}

static bool is_bound(const struct ctl_answer *answer)
{
	const char *phase = sy_json_str(answer->object, "status", "phase", NULL);

	return phase && !strcmp(phase, "Bound");
}

static int apply_type(struct ctl_install *install, struct ctl_admin *admin)
{
	struct ctl_manifests list = {0};
	struct ctl_manifests target = {0};
	struct ctl_answer answer;
	char schema[64];
	int rc = apply_schema(install, admin, schema, sizeof(schema));

	if (rc != CTL_OK)
		return rc;
	ctl_manifests_target(&list, install->workspace, install->name, schema, install->exports, install->export_count, install->labels);
	/* The SyncTarget can be made only once its type is bound. */
	target.items = &list.items[list.count - 1];
	target.count = 1;
	list.count--;
	rc = ctl_install_list(install, admin, &list);
	if (rc == CTL_OK && install->apply) {
		if (!ctl_admin_wait(admin, install->workspace, "/apis/apis.kcp.io/v1alpha2/apibindings/workload.kcp.io", 60, is_bound,
				    &answer)) {
			ctl_error("%s: APIBinding workload.kcp.io is not Bound after 60 s: %s", install->workspace, answer.message);
			rc = CTL_FAILED;
		}
		ctl_answer_done(&answer);
	}
	if (rc == CTL_OK)
		rc = ctl_install_list(install, admin, &target);
	list.count++;
	ctl_manifests_done(&list);
	return rc;
}

static int apply_roles(struct ctl_install *install, struct ctl_admin *admin, const char *cluster, const char *id)
{
	struct ctl_manifests list = {0};
	int rc;
	int worst;

	ctl_manifests_identity(&list, install->workspace, install->name, id);
	rc = worst = ctl_install_list(install, admin, &list);
	ctl_manifests_done(&list);
	for (size_t i = 0; i < install->export_count && rc != CTL_FAILED; i++) {
		const struct ctl_export *export = &install->exports[i];
		bool own = !strcmp(export->workspace, install->workspace) || !strcmp(export->workspace, cluster);

		ctl_manifests_export(&list, export, id, cluster, own, install->tenant_events);
		rc = ctl_install_list(install, admin, &list);
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

static int install_with(struct ctl_install *install, struct ctl_admin *admin)
{
	sy_auto_free char *cluster = NULL;
	sy_auto_free char *uid = NULL;
	struct ctl_answer answer;
	struct sy_error err;
	char id[SY_SYNCER_ID_MAX];
	int rc = apply_type(install, admin);

	if (rc != CTL_OK)
		return rc;
	bool found = ctl_read_target(admin, install->workspace, install->name, &cluster, &uid, &answer);
	ctl_answer_done(&answer);
	if (!found) {
		ctl_error("SyncTarget %s does not exist in %s yet, and the names of the rest come from its uid: apply the above, then run "
			  "this again",
			  install->name, install->workspace);
		return CTL_WAITING;
	}
	if (sy_syncer_id(install->name, uid, id, &err) < 0) {
		ctl_error("%s", err.text);
		return CTL_FAILED;
	}
	rc = apply_roles(install, admin, cluster, id);
	if (rc != CTL_FAILED && install->output) {
		int written = write_access(install, admin, cluster, id);

		rc = written == CTL_OK ? rc : written;
	}
	return rc;
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
