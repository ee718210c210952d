/* The heartbeat (syncerd-rules(7) 8.1): every 20 s, a little scattered, and only while everything that the status says is true. A beat is a
 * JSON patch that tests uid and identity, so it can never speak for another SyncTarget or another syncer. */
#ifndef SY_SUPERVISOR_HEARTBEAT_H
#define SY_SUPERVISOR_HEARTBEAT_H

#include "supervisor/status/target.h"

struct sy_heartbeat;

/* identity is borrowed. */
int sy_heartbeat_new(struct sy_heartbeat **ret_heartbeat, struct sy_loop *loop, struct sy_kube *kube, struct sy_target *target,
		     const struct sy_timings *timings, const char *identity, bool (*healthy)(void *arg), void *arg, struct sy_error *err);
void sy_heartbeat_free(struct sy_heartbeat *heartbeat); /* accepts NULL */

/* A status write has just carried a fresh time: the next beat is due an interval from now. */
void sy_heartbeat_beaten(struct sy_heartbeat *heartbeat);
/* Beat now: with new credentials, which so are tried at once. */
void sy_heartbeat_kick(struct sy_heartbeat *heartbeat);
/* No more beats (before the last status write). */
void sy_heartbeat_stop(struct sy_heartbeat *heartbeat);

/* Body of a beat; malloc'ed, NULL without memory. */
char *sy_heartbeat_body(const char *uid, const char *identity, time_t now);

#endif
