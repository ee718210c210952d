/* `syncerctl install` and `uninstall`: parts shared by their two targets. */
#ifndef SY_CTL_INSTALL_H
#define SY_CTL_INSTALL_H

#include "admin.h"
#include "manifests.h"

#define CTL_MAX_EXPORTS 32

enum ctl_install_option {
	CTL_OPT_WORKSPACE = 256,
	CTL_OPT_NAME,
	CTL_OPT_EXPORT,
	CTL_OPT_LABEL,
	CTL_OPT_PRUNE,
	CTL_OPT_APPLY,
	CTL_OPT_OUTPUT,
	CTL_OPT_TTL,
	CTL_OPT_CLAIMS,
	CTL_OPT_EVENTS,
	CTL_OPT_TIMEOUT,
	CTL_OPT_SYNCER,
	CTL_OPT_KUBECONFIG,
	CTL_OPT_CONTEXT,
	CTL_OPT_CLUSTER_KUBECONFIG,
	CTL_OPT_CLUSTER_CONTEXT
};

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
	bool prune_exports; /* take exports off that the command line does not name */
	bool allow_claims;
	bool tenant_events;	    /* the syncer may make Events, and with that any object, in the consumers' workspaces */
	const char *output;	    /* kubeconfig file, "-" = standard output, NULL = none */
	int64_t token_ttl_ms;	    /* 0 = the Secret's token without expiry */
	int64_t timeout_ms;	    /* uninstall kcp: for the SyncTarget's finalizer */
	const char *syncer;	    /* uninstall cluster: the syncer id, NULL = find it */
	FILE *out;		    /* manifests and what was done; stderr when standard output is for the kubeconfig */
	const char *last_workspace; /* of the manifest printed last (borrowed from install or an export) */
};

/* The parser of all four command lines; its input is a struct ctl_install. It exits after a wrong line. */
error_t ctl_install_parse(int key, char *arg, struct argp_state *state);
/* For a target that is neither kcp nor cluster. Returns an exit code. */
int ctl_install_usage(const char *verb, const char *target);
/* Release what the command line gave. */
void ctl_install_done(struct ctl_install *install);

int ctl_install_kcp(struct ctl_install *install);
int ctl_install_cluster(struct ctl_install *install);
/* install_target.c: apply or print the SyncTarget; an existing one keeps its exports. print_only: for another administrator. */
int ctl_install_target(struct ctl_install *install, struct ctl_admin *admin, bool print_only);
/* What spec.supportedAPIExports is to be: stored (array or NULL) and what the command line adds; with prune_exports only the latter, and
 * *ret_pruned has what goes. Both are owned by the caller. */
json_object *ctl_target_exports(const struct ctl_install *install, json_object *stored, json_object **ret_pruned);
/* A forgotten --cluster-kubeconfig must not turn kcp into its own physical cluster: false after a message. */
bool ctl_is_other_server(struct ctl_admin *kcp, struct ctl_admin *cluster);
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
/* Add the exports that the SyncTarget names to install->exports; false after a message: there are more than CTL_MAX_EXPORTS. */
bool ctl_read_exports(struct ctl_install *install, json_object *target);
/* Equal specs of two APIResourceSchemas, but for what the server adds. */
bool ctl_same_schema(json_object *wanted, json_object *stored);
/* Whether the answer says that the object, or its type, is not there. */
bool ctl_is_absent(const struct ctl_answer *answer);

/* Token of ServiceAccount ns/id: from the Secret <id>-token (waits 30 s for it), or a TokenRequest when token_ttl_ms is set. Prints errors. */
bool ctl_fetch_token(struct ctl_install *install, struct ctl_admin *admin, const char *workspace, const char *ns, const char *id,
		     char **ret_token);
/* Write a kubeconfig with one cluster, user and context to install->output: "-", or a new file of mode 0600. Returns an exit code. */
int ctl_write_kubeconfig(struct ctl_install *install, const struct sy_access *access, const char *server, const char *id,
			 const char *token);

#endif
