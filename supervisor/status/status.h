/* The SyncTarget's status as JSON: a pure function of what the supervisor knows (syncerd-rules(7) 2.3, 2.4, 8.3). Text is deterministic, so
 * equal knowledge gives equal JSON; lastSyncerHeartbeatTime is not part of it. */
#ifndef SY_SUPERVISOR_STATUS_H
#define SY_SUPERVISOR_STATUS_H

#include "proto/report.h"
#include "supervisor/plan/catalog.h"
#include "supervisor/status/conditions.h"
#include "supervisor/status/phase.h"

#define SY_STATUS_WORKSPACES 64		  /* entries with details */
#define SY_STATUS_BINDINGS 8		  /* per workspace */
#define SY_STATUS_CLAIMS 16		  /* per binding and list */
#define SY_STATUS_MAX_BYTES (256u * 1024) /* entries beyond are dropped from the end */

struct sy_status_binding {
	const char *name;
	const char *export; /* "<path>:<export>" */
	enum sy_binding_phase phase;
	const struct sy_strv *accepted;
	const struct sy_strv *refused;
};

struct sy_status_workspace {
	const char *cluster;
	const char *path;
	struct sy_phase_result phase;
	struct sy_status_binding *bindings;
	size_t binding_count;
};

struct sy_status_url {
	const char *url;
	const char *export;
};

/* Everything is borrowed. */
struct sy_status_input {
	int64_t generation; /* metadata.generation of the spec that was read */
	const char *identity;
	const char *version;
	const char *kubernetes_version; /* "" = unknown */
	json_object *allocatable;	/* NULL = absent */
	json_object *capacity;
	const struct sy_condition *conditions; /* SY_CONDITION_MAX of them */
	const struct sy_catalog *catalog;
	struct sy_status_url *urls; /* sorted in place by URL */
	size_t url_count;
	struct sy_status_workspace *workspaces; /* sorted in place: phase, then cluster */
	size_t workspace_count;
	json_object *stored; /* status as stored, or NULL: source of lastTransitionTime */
	const char *now;     /* RFC 3339 */
};

int sy_status_build(const struct sy_status_input *input, json_object **ret_status, struct sy_error *err);

/* Equal but for lastSyncerHeartbeatTime. */
bool sy_status_same(json_object *a, json_object *b);
/* status of condition Ready, NULL = absent. */
const char *sy_status_ready(json_object *status);
/* Some condition (NULL when absent). */
json_object *sy_status_condition(json_object *status, const char *type);

#endif
