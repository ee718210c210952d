/* Kubernetes Events about tenants' objects, on the SyncTarget: in namespace default of its workspace, because syncerd may write nothing in a
 * consumer's; what a worker has put on the tenant's own object (told) does not come here (syncerd-rules(7) 9.2). The same reason, workspace, resource and object within 10 minutes is one Event whose count grows; how
 * many are written is limited for each logical cluster (event_budget.h). */
#ifndef SY_SUPERVISOR_KCP_EVENTS_H
#define SY_SUPERVISOR_KCP_EVENTS_H

#include "proto/report.h"
#include "supervisor/status/target.h"

struct sy_kcp_events;

int sy_kcp_events_new(struct sy_kcp_events **ret_events, struct sy_loop *loop, struct sy_kube *kube, struct sy_target *target,
		      const char *identity, struct sy_error *err);
void sy_kcp_events_free(struct sy_kcp_events *events); /* accepts NULL */

/* Write or raise one. path "" = unknown. Failures are logged once per kind of answer and never retried: an Event is a courtesy. */
void sy_kcp_events_send(struct sy_kcp_events *events, const struct sy_event *event, const char *path);

#endif
