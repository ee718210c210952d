/* `syncerctl install`: parts shared by its two targets. */
#ifndef SY_CTL_INSTALL_H
#define SY_CTL_INSTALL_H

#include "admin.h"
#include "manifests.h"

#define CTL_MAX_EXPORTS 32

struct ctl_install {
	struct ctl *ctl;
	const char *kubeconfig; /* administrator's of kcp; NULL = default */
	const char *context;
	const char *cluster_kubeconfig; /* install cluster: the physical cluster's administrator */
	const char *cluster_context;
	const char *workspace;
	const char *name;
	struct ctl_export exports[CTL_MAX_EXPORTS];
	size_t export_count;
	json_object *labels;
	bool apply;
	bool tenant_events;
	bool allow_claims;
	const char *output;	    /* kubeconfig file, "-" = standard output, NULL = none */
	int64_t token_ttl_ms;	    /* 0 = the Secret's token without expiry */
	FILE *out;		    /* manifests and what was done; stderr when standard output is for the kubeconfig */
	const char *last_workspace; /* of the manifest printed last (borrowed from install or an export) */
};

int ctl_install_kcp(struct ctl_install *install);
int ctl_install_cluster(struct ctl_install *install);
/* Append the rules (9.3) for an APIExport's spec (its resources; with allow_claims also its claims on ConfigMaps and Secrets), or, with spec
 * NULL, those that are always needed. Nothing is there twice. */
void ctl_cluster_rules(json_object *rules, json_object *spec, bool allow_claims);

/* URL path of an object from its apiVersion, kind and names (exits for a kind that is none of ours). */
char *ctl_object_path(json_object *object);
/* As a YAML document with "# workspace <path>" in front when that differs from the one before, or as one line of JSON
 * {"workspace":..., "object":...}. */
void ctl_print_manifests(struct ctl_install *install, const struct ctl_manifests *list);
/* "<workspace> <kind>/<name> created|unchanged|configured", or the same as one line of JSON. */
void ctl_print_result(struct ctl_install *install, const struct ctl_manifest *manifest, const char *result);
/* Server-side apply with field manager syncerctl, then ctl_print_result. Fills *ret_answer. Returns false without a message when it was
 * refused. */
bool ctl_apply_manifest(struct ctl_install *install, struct ctl_admin *admin, const struct ctl_manifest *manifest,
			struct ctl_answer *ret_answer);
/* Apply, or only print, all of a list. Returns CTL_OK, CTL_FAILED, or CTL_INCOMPLETE when the rights were missing (the whole list is printed
 * for another administrator then). */
int ctl_install_list(struct ctl_install *install, struct ctl_admin *admin, const struct ctl_manifests *list);
/* The SyncTarget by name: logical cluster and uid (owned); false without a message when it cannot be read. */
bool ctl_read_target(struct ctl_admin *admin, const char *workspace, const char *name, char **ret_cluster, char **ret_uid,
		     struct ctl_answer *ret_answer);
/* Whether the answer says that the object, or its type, is not there. */
bool ctl_is_absent(const struct ctl_answer *answer);

/* Token of ServiceAccount ns/id: from the Secret <id>-token (waits 30 s for it), or a TokenRequest when token_ttl_ms is set. Prints errors. */
bool ctl_fetch_token(struct ctl_install *install, struct ctl_admin *admin, const char *workspace, const char *ns, const char *id,
		     char **ret_token);
/* Write a kubeconfig with one cluster, user and context to install->output: "-", or a new file of mode 0600. Returns an exit code. */
int ctl_write_kubeconfig(struct ctl_install *install, const struct sy_access *access, const char *server, const char *id,
			 const char *token);

#endif
