/* A worker's conversation with its supervisor, and the engine at the other end of it: hello, plans, credentials and commands come in,
 * reports and events go out. */
#ifndef SY_WORKERS_SESSION_H
#define SY_WORKERS_SESSION_H

#include "base/loop.h"
#include "proto/boot.h"

#define SY_SESSION_RENEW_MS 10000   /* unacknowledged for longer: renew the dialer */
#define SY_SESSION_GIVE_UP_MS 60000 /* for longer still: leave, and be started again */

struct sy_session;

/* Dials the supervisor and says hello; the engine starts when it was welcomed. boot is borrowed and must outlive the session. lifeline is
 * borrowed. The session ends the loop when the worker is to leave. */
int sy_session_new(struct sy_session **ret_session, struct sy_loop *loop, const struct sy_boot *boot, int lifeline, struct sy_error *err);
/* Why the loop ended: an enum sy_worker_exit. */
int sy_session_result(const struct sy_session *session);
void sy_session_free(struct sy_session *session); /* accepts NULL */

#endif
