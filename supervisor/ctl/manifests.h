/* Objects that `syncerctl install` prints or applies: names, roles and bindings of syncerd-rules(7) 2.1 and 9. */
#ifndef SY_CTL_MANIFESTS_H
#define SY_CTL_MANIFESTS_H

#include <stddef.h>

#include "ctl.h"

/* One object and the workspace it belongs to (NULL: the physical cluster). */
struct ctl_manifest {
	char *workspace;
	json_object *object;
};

struct ctl_manifests {
	struct ctl_manifest *items;
	size_t count;
};
void ctl_manifests_done(struct ctl_manifests *list);

/* Add the object that the formatted JSON text describes. Values put into it must not need JSON escapes (they are checked names). Exits when
 * memory is short. */
void ctl_manifest_addf(struct ctl_manifests *list, const char *workspace, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void ctl_manifest_add(struct ctl_manifests *list, const char *workspace, json_object *object);

/* "path:export" split at the last colon: ("root:provider", "widgets"). */
struct ctl_export {
	char *workspace;
	char *name;
};

/* The type SyncTarget: its export and a binding to it; the schema comes before them (ctl_schema_object). */
void ctl_manifests_type(struct ctl_manifests *list, const char *workspace, const char *schema_name);
/* The SyncTarget itself. exports: array for spec.supportedAPIExports, NULL = leave the field out; labels may be NULL. Both borrowed. */
void ctl_manifests_target(struct ctl_manifests *list, const char *workspace, const char *name, json_object *exports, json_object *labels);
/* ServiceAccount, token Secret, roles and bindings in the SyncTarget's workspace (9.1). */
void ctl_manifests_identity(struct ctl_manifests *list, const char *workspace, const char *name, const char *id);
/* Role and bindings in one export's workspace (9.2). target_cluster = logical cluster of the SyncTarget; own = the same workspace; events =
 * with create on the export's content. */
void ctl_manifests_export(struct ctl_manifests *list, const struct ctl_export *export, const char *id, const char *target_cluster, bool own,
			  bool events);
/* Namespace, ServiceAccount, token Secret, role and binding in the physical cluster (9.3); rules is an array of RBAC rules for the exported
 * resources (borrowed). */
void ctl_manifests_cluster(struct ctl_manifests *list, const char *id, json_object *rules);

/* The APIResourceSchema of SyncTarget as shipped in packaging/kcp, under another name ("v2.synctargets...") if given. Owned by the caller. */
json_object *ctl_schema_object(const char *schema_name);

#endif
