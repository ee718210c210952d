/* A worker's report: its whole state, latest wins, bounded. Also the events it wants an operator or tenant to see. */
#ifndef SY_PROTO_REPORT_H
#define SY_PROTO_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "json/json.h"
#include "kube/client.h"
#include "proto/plan.h"

/* Phases as the SyncTarget shows them (syncerd-rules(7) 2.4), in the order of the schema's enum. A worker itself reports only DEGRADED,
 * DRAINING, STARTING, PAUSED and SYNCING; the supervisor adds the others. */
enum sy_phase {
	SY_PHASE_FAILED = 0,
	SY_PHASE_DEGRADED,
	SY_PHASE_DRAINING,
	SY_PHASE_PENDING,
	SY_PHASE_STARTING,
	SY_PHASE_PAUSED,
	SY_PHASE_REFUSED,
	SY_PHASE_SYNCING,
	SY_PHASE_MAX
};
const char *sy_phase_name(enum sy_phase phase);
bool sy_phase_parse(const char *text, enum sy_phase *ret_phase);

struct sy_report_resource {
	char *group;
	char *resource;
	uint64_t objects; /* known upstream */
	uint64_t synced;  /* in step on both sides */
	uint64_t pending; /* work to do */
	uint64_t failing; /* permanent error or back-off */
	uint64_t foreign; /* exist downstream and are not ours */
	uint64_t copies;  /* of ours that are downstream, or may be */
	bool held;	  /* the guard against mass deletion holds copies of it (proto/plan.h) */
	bool up_synced;	  /* complete list upstream */
	bool down_synced;
	char *reason; /* most frequent reason among failing objects (5.6), or "" */
};

struct sy_report {
	uint64_t plan_generation; /* plan in effect */
	enum sy_phase phase;
	char *reason;		       /* CamelCase of syncerd-rules(7) 2.4, or "" */
	char *message;		       /* deterministic: a function of state, no counts that move, no times */
	bool drained;		       /* DRAIN is complete: nothing of ours is left downstream, no finalizer of ours upstream */
	enum sy_kube_verdict upstream; /* worst verdict of the upstream reflectors now; SY_KUBE_OK when all are synced */
	enum sy_kube_verdict downstream;
	int64_t lag_ms; /* age of the oldest pending change, 0 = none */
	uint64_t up_requests;
	uint64_t down_requests;
	uint64_t writes_up;
	uint64_t writes_down;
	uint64_t namespaces; /* downstream namespaces of ours */
	struct sy_report_resource *resources;
	size_t resource_count;
};
void sy_report_done(struct sy_report *report);
int sy_report_encode(const struct sy_report *report, json_object **ret_value, struct sy_error *err);
int sy_report_decode(json_object *value, struct sy_report *ret_report, struct sy_error *err); /* strict, bounded */
int sy_report_copy(const struct sy_report *from, struct sy_report *ret_to, struct sy_error *err);
bool sy_report_equal(const struct sy_report *a, const struct sy_report *b);

/* Something a user must know about one object, already aggregated by the worker (same reason and object within 10 min = one event with a
 * count). Strings are at most 1024 bytes. */
struct sy_event {
	bool warning;
	bool told;     /* it stands on the tenant's own object already */
	char *cluster; /* filled in by the supervisor from the link, never believed from the wire */
	char *group;
	char *resource;
	char *object; /* "ns/name" or "name" */
	char *reason;
	char *message;
	uint64_t count;
	int64_t time; /* seconds since the epoch, last seen */
};
void sy_event_done(struct sy_event *event);
int sy_event_encode(const struct sy_event *event, json_object **ret_value, struct sy_error *err);
int sy_event_decode(json_object *value, struct sy_event *ret_event, struct sy_error *err);

#endif
