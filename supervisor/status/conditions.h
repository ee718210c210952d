/* The conditions of the SyncTarget (syncerd-rules(7) 8.3): which are shown, why, and how Ready follows from the others. Pure. */
#ifndef SY_SUPERVISOR_CONDITIONS_H
#define SY_SUPERVISOR_CONDITIONS_H

#include <stdbool.h>

#include "json/json.h"
#include "supervisor/discovery/strv.h"

#define SY_CONDITION_MESSAGE_MAX 1025

enum sy_condition_type {
	SY_CONDITION_READY = 0, /* first, the others by name */
	SY_CONDITION_IMPORTER,
	SY_CONDITION_HEARTBEAT,
	SY_CONDITION_SCHEDULABLE,
	SY_CONDITION_AUTHORIZED,
	SY_CONDITION_SYNCER,
	SY_CONDITION_WORKERS,
	SY_CONDITION_MAX
};

enum sy_condition_status { SY_UNKNOWN = 0, SY_TRUE, SY_FALSE };

struct sy_condition {
	enum sy_condition_status status;
	const char *severity; /* "Error", "Warning", "Info" where status is False, else NULL */
	const char *reason;
	char message[SY_CONDITION_MESSAGE_MAX];
};

/* IdentityConflict of 8.3 is not among them: a SyncTarget whose identity is another's is not ours to write. `syncerctl status` says it. */
enum sy_syncer_fact {
	SY_SYNCER_STARTING = 0,
	SY_SYNCER_OK,
	SY_SYNCER_DOWNSTREAM_UNREACHABLE,
	SY_SYNCER_DOWNSTREAM_UNAUTHORIZED,
	SY_SYNCER_UPSTREAM_UNAUTHORIZED,
	SY_SYNCER_UPSTREAM_DEGRADED,
	SY_SYNCER_DELETING,
	SY_SYNCER_FACT_MAX
};
enum sy_importer_fact {
	SY_IMPORTER_PENDING = 0,
	SY_IMPORTER_OK,
	SY_IMPORTER_NO_EXPORTS,
	SY_IMPORTER_NOT_FOUND, /* names = exports */
	SY_IMPORTER_FORBIDDEN, /* names = exports */
	SY_IMPORTER_FAILING,   /* names = exports that cannot be read now */
	SY_IMPORTER_INCOMPATIBLE,
	SY_IMPORTER_FACT_MAX
};
enum sy_authorized_fact { SY_AUTHORIZED_OK = 0, SY_AUTHORIZED_DENIED, SY_AUTHORIZED_FAILED, SY_AUTHORIZED_FACT_MAX };

/* What the conditions are made of. Lists are sorted; borrowed. */
struct sy_condition_facts {
	enum sy_syncer_fact syncer;
	const struct sy_strv *upstream_urls; /* with the two UPSTREAM facts: the virtual workspaces; NULL or empty = not said */
	const char *leaving;		     /* with SY_SYNCER_DELETING: what holds it, NULL or "" = nothing but drains */
	enum sy_authorized_fact authorized;
	const struct sy_strv *denied; /* "example.dev/v1alpha1/widgets: create,patch" */
	enum sy_importer_fact importer;
	const struct sy_strv *importer_names; /* exports, or "widgets.example.dev: NotServed" */
	const struct sy_strv *importer_notes; /* sentences that matter whatever the fact; NULL or empty = none */
	const char *importer_note_reason;     /* of the condition when nothing but these is to be said */
	size_t accepted;		      /* resources in state Accepted */
	bool workers_known;		      /* bindings were listed: counts mean something */
	size_t workers_total;		      /* workspaces that should have a worker */
	size_t workers_ready;
	const char *upgrade;	/* why another worker program was not brought to all workers; NULL or "" = nothing of the kind */
	bool unschedulable;	/* spec.unschedulable */
	bool evicting;		/* spec.evictAfter has come */
	bool evicted;		/* and nothing is left */
	const char *evict_left; /* with evicting alone: what is; NULL or "" = not said */
};

void sy_conditions_compute(const struct sy_condition_facts *facts, struct sy_condition ret_conditions[SY_CONDITION_MAX]);

/* The conditions of an orderly stop: as they are stored, but HeartbeatHealthy is False (SyncerStopped), and Ready with it. Reasons are borrowed
 * from stored. False when nothing is stored. */
bool sy_conditions_stopped(json_object *stored, struct sy_condition ret_conditions[SY_CONDITION_MAX]);
/* The opposite, of a syncer that has come back and has still to learn what is true: the heartbeat is healthy, SyncerReady and WorkersReady
 * (and so Ready) are Unknown, the others as they are stored. */
bool sy_conditions_back(json_object *stored, struct sy_condition ret_conditions[SY_CONDITION_MAX]);

/* JSON array for status.conditions. stored (array or NULL): lastTransitionTime is taken over where status did not change, else it is now. */
int sy_conditions_encode(const struct sy_condition conditions[SY_CONDITION_MAX], int64_t generation, json_object *stored, const char *now,
			 json_object **ret_array, struct sy_error *err);

const char *sy_condition_type_name(enum sy_condition_type type);
const char *sy_condition_status_name(enum sy_condition_status status);

#endif
