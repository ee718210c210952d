/* `syncerctl uninstall cluster` (syncerd-rules(7) 9.3): what is left in the physical cluster when the SyncTarget is gone. */
#include "uninstall.h"

#include <string.h>

#include "kcp/ids.h"

/* While the SyncTarget is there, its syncer needs the rights to clean up. One of the same name but another uid is not in the way. */
static int check_target(struct ctl_install *install, struct ctl_admin *kcp)
{
	sy_auto_free char *cluster = NULL;
	sy_auto_free char *uid = NULL;
	struct ctl_answer answer;
	struct sy_error err;
	char id[SY_SYNCER_ID_MAX] = "";
	int rc = CTL_OK;

	if (!ctl_read_target(kcp, install->workspace, install->name, &cluster, &uid, &answer)) {
		rc = ctl_target_is_gone(install, kcp, &answer) ? CTL_OK : CTL_FAILED;
	} else if (sy_syncer_id(install->name, uid, id, &err) < 0) {
		ctl_error("%s", err.text);
		rc = CTL_FAILED;
	} else if (!install->syncer || !strcmp(install->syncer, id)) {
		ctl_error(
			"SyncTarget %s still exists in %s, and syncerd needs these rights to remove what it has put into the cluster: run "
			"'syncerctl uninstall kcp' first",
			install->name, install->workspace);
		rc = CTL_FAILED;
	}
	ctl_answer_done(&answer);
	return rc;
}

/* The uid went with the SyncTarget: look for the namespaces of syncers of that name. Two kcp workspaces may each have one, so a person
 * decides. */
static int find_syncer(struct ctl_install *install, struct ctl_admin *cluster, struct ctl_syncers *syncers)
{
	struct ctl_answer answer;
	int rc = CTL_OK;

	ctl_admin_call(cluster, NULL, "GET", "/api/v1/namespaces", NULL, NULL, NULL, &answer);
	if (answer.verdict != SY_KUBE_OK) {
		ctl_error("the namespaces of %s cannot be listed; name the syncer with --syncer: %s", ctl_admin_base(cluster),
			  answer.message);
		rc = CTL_FAILED;
	} else if (!ctl_syncers_find(syncers, answer.object, install->name)) {
		ctl_error("more than %d syncers of SyncTargets called %s are in %s; these are the first", CTL_MAX_SYNCERS, install->name,
			  ctl_admin_base(cluster));
	}
	ctl_answer_done(&answer);
	for (size_t i = 0; rc == CTL_OK && i < syncers->count; i++)
		ctl_error("found %s: if it belonged to workspace %s, run this again with --syncer %s", syncers->ids[i], install->workspace,
			  syncers->ids[i]);
	return rc == CTL_OK && syncers->count ? CTL_FAILED : rc;
}

static int delete_side(struct ctl_install *install, struct ctl_admin *cluster)
{
	sy_auto_json json_object *rules = json_object_new_array();
	struct ctl_syncers syncers = {0};
	struct ctl_manifests list = {0};
	int rc = CTL_OK;

	if (install->syncer) {
		ctl_manifests_cluster(&list, install->syncer, rules);
		rc = ctl_delete_list(install, cluster, &list);
	} else {
		rc = find_syncer(install, cluster, &syncers);
		if (rc == CTL_OK)
			ctl_error("nothing of a syncer of SyncTarget %s is in %s", install->name, ctl_admin_base(cluster));
	}
	ctl_manifests_done(&list);
	ctl_syncers_done(&syncers);
	return rc;
}

int ctl_uninstall_cluster(struct ctl_install *install)
{
	struct ctl_admin *kcp = NULL;
	struct ctl_admin *cluster = NULL;
	int rc = CTL_FAILED;

	if (ctl_admin_open(&kcp, install->kubeconfig, install->context, "kcp"))
		rc = check_target(install, kcp);
	if (rc == CTL_OK && !ctl_admin_open(&cluster, install->cluster_kubeconfig, install->cluster_context, "cluster"))
		rc = CTL_FAILED;
	if (rc == CTL_OK && !ctl_is_other_server(kcp, cluster))
		rc = CTL_FAILED;
	if (rc == CTL_OK)
		rc = delete_side(install, cluster);
	ctl_admin_free(cluster);
	ctl_admin_free(kcp);
	return rc;
}
