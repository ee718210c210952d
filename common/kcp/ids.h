/* Names that kcp's syncer has always used, byte for byte: SyncTarget key, tenant id, downstream namespace, locator, syncer id
 * (syncerd-rules(7) 3.1, golden vectors 3.2). Pure functions. */
#ifndef SY_KCP_IDS_H
#define SY_KCP_IDS_H

#include <stdbool.h>

#include "base/error.h"

#define SY_KEY_MAX 39	    /* 38 base62 digits + NUL: key and tenant id */
#define SY_NAMESPACE_MAX 17 /* "kcp-" + 12 base36 digits + NUL */
#define SY_SYNCER_ID_MAX 64

#define SY_LABEL_CLUSTER "internal.workload.kcp.io/cluster"
#define SY_LABEL_TENANT "kcp.io/tenant-id"
#define SY_LABEL_KEY "internal.workload.kcp.io/key"
#define SY_ANNOTATION_LOCATOR "kcp.io/namespace-locator"
#define SY_ANNOTATION_SOFT_FINALIZERS "finalizers.workload.kcp.io/" /* + key */
#define SY_ANNOTATION_DELETION "deletion.internal.workload.kcp.io/" /* + key */
#define SY_LABEL_STATE "state.workload.kcp.io/"			    /* + key */
#define SY_FINALIZER "workload.kcp.io/syncer-"			    /* + key */
#define SY_ANNOTATION_ORPHANED "workload.kcp.io/orphaned-from"
#define SY_ANNOTATION_KCP_CLUSTER "kcp.io/cluster"
#define SY_ANNOTATION_KCP_PATH "kcp.io/path"

/* Who synced: the SyncTarget, or the identity of a direct-mode configuration (cluster "" then). Borrowed strings. */
struct sy_target_id {
	const char *cluster; /* logical cluster of the SyncTarget's workspace; "" in direct mode */
	const char *name;
	const char *uid;
};

/* -EINVAL when a value has a byte outside [-a-z0-9.:A-Z] (they go into the locator unescaped) or is too long. */
int sy_key_of_target(const char *cluster, const char *name, char ret_key[SY_KEY_MAX], struct sy_error *err);
int sy_key_of_direct(const char *direct_name, char ret_key[SY_KEY_MAX], struct sy_error *err);
/* Locator JSON as a malloc'ed string, ns "" or NULL for cluster-scoped objects. */
int sy_locator(const struct sy_target_id *target, const char *cluster, const char *ns, char **ret_locator, struct sy_error *err);
int sy_tenant_id(const struct sy_target_id *target, const char *cluster, char ret_tenant[SY_KEY_MAX], struct sy_error *err);
int sy_downstream_namespace(const struct sy_target_id *target, const char *cluster, const char *ns, char ret_namespace[SY_NAMESPACE_MAX],
			    struct sy_error *err);
int sy_syncer_id(const char *target_name, const char *target_uid, char ret_id[SY_SYNCER_ID_MAX], struct sy_error *err);

/* True when text (an annotation read from a server) is a locator of exactly this target, cluster and namespace; ns NULL = any namespace.
 * Understands the deprecated syncTarget.path. Malformed text is simply not ours. */
bool sy_locator_matches(const char *text, const struct sy_target_id *target, const char *cluster, const char *ns);
/* Parse a locator: *ret_cluster (logical cluster) and *ret_namespace are malloc'ed. False when it is malformed or of another target. */
bool sy_locator_parse(const char *text, const struct sy_target_id *target, char **ret_cluster, char **ret_namespace);

/* Syntax of names and paths in kcp. */
bool sy_cluster_name_valid(const char *text);	/* logical cluster name */
bool sy_workspace_path_valid(const char *text); /* "root:org:team"; a single segment counts */

#endif
