/* Events on the tenant's own objects (syncerd-rules(7) 9.2), through the virtual workspace of the export that the object is from. Only what the
 * tenant can do something about, and only where the plan says that the consumer accepts it. The same reason about the same object is one
 * Event whose count grows, for the next worker too. What cannot stand there is passed on, and the supervisor writes it on the SyncTarget. */
#ifndef SY_WORKERS_TENANT_EVENTS_H
#define SY_WORKERS_TENANT_EVENTS_H

#include "object.h"
#include "proto/report.h"

struct sy_engine;
struct sy_tenant_events;

#define SY_TENANT_EVENTS_BURST 10	   /* Events at once, */
#define SY_TENANT_EVENTS_REFILL_MS 15000   /* then one in this time; what is above goes to the SyncTarget */
#define SY_TENANT_EVENTS_AT_ONCE 16	   /* requests under way */
#define SY_TENANT_EVENTS_REFUSED_MS 600000 /* no request to an export that has refused one */

int sy_tenant_events_new(struct sy_tenant_events **ret_tenant, struct sy_engine *engine, struct sy_error *err);
/* Forgets what is under way: after the clients. Accepts NULL. */
void sy_tenant_events_free(struct sy_tenant_events *tenant);

/* May there be Events on this object? Costs nothing. */
bool sy_tenant_events_wanted(const struct sy_object *object);
/* Post *event about the object. True: it is taken over, *event is empty, and goes to sy_events_pass once it is known whether it stands there
 * (told). False: nothing was done. */
bool sy_tenant_events_post(struct sy_tenant_events *tenant, const struct sy_object *object, enum sy_reason reason, struct sy_event *event);
/* Other rights, or another plan: what was refused may be allowed now. */
void sy_tenant_events_forgive(struct sy_tenant_events *tenant);

/* What a tenant is told of it: message, other words, or NULL = nothing, it is no concern of a tenant's (pure). */
const char *sy_tenant_events_text(enum sy_reason reason, const char *message);

#endif
