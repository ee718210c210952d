/* `syncerctl install`: parts shared by its two targets. */
#ifndef SY_CTL_INSTALL_H
#define SY_CTL_INSTALL_H

#include "admin.h"
#include "manifests.h"

#define CTL_MAX_EXPORTS 32

struct ctl_install {
	struct ctl *ctl;
	const char *kubeconfig; /* administrator's; NULL = default */
	const char *context;
	const char *cluster_kubeconfig; /* install cluster: the physical cluster's administrator */
	const char *workspace;
	const char *name;
	struct ctl_export exports[CTL_MAX_EXPORTS];
	size_t export_count;
	json_object *labels;
	bool apply;
	bool tenant_events;
	bool allow_claims;
	const char *output;   /* kubeconfig file, "-" = standard output, NULL = none */
	int64_t token_ttl_ms; /* 0 = the Secret's token without expiry */
};

int ctl_install_kcp(struct ctl_install *install);
int ctl_install_cluster(struct ctl_install *install);

/* URL path of an object from its apiVersion, kind and names ("" kind unknown: exits; the kinds are ours). name false: the collection. */
char *ctl_object_path(json_object *object, bool name);
/* Print as a YAML document, with "# workspace <path>" in front when it differs from *last (which is updated). */
void ctl_print_manifest(const struct ctl_manifest *manifest, const char **last);
/* Server-side apply with field manager syncerctl; prints "<workspace> <kind>/<name> created|unchanged|configured". Fills *ret_answer. Returns
 * false without a message when it was refused. */
bool ctl_apply_manifest(struct ctl_admin *admin, const struct ctl_manifest *manifest, struct ctl_answer *ret_answer);
/* Apply, or only print, all of a list. Returns CTL_OK, CTL_FAILED, or CTL_INCOMPLETE when the rights were missing (the rest of the list is
 * printed for another administrator then). */
int ctl_install_list(struct ctl_install *install, struct ctl_admin *admin, const struct ctl_manifests *list);
/* Token of ServiceAccount ns/id: from the Secret <id>-token (waits 30 s for it), or a TokenRequest when token_ttl_ms is set. Prints errors. */
bool ctl_fetch_token(struct ctl_install *install, struct ctl_admin *admin, const char *workspace, const char *ns, const char *id,
		     char **ret_token);
/* Write a kubeconfig with one cluster, user and context (mode 0600, never over an existing file). */
int ctl_write_kubeconfig(struct ctl_install *install, const struct sy_access *access, const char *server, const char *id,
			 const char *token);
/* The SyncTarget by name: logical cluster and uid (owned); false without a message when it does not exist. */
bool ctl_read_target(struct ctl_admin *admin, const char *workspace, const char *name, char **ret_cluster, char **ret_uid,
		     struct ctl_answer *ret_answer);

#endif
