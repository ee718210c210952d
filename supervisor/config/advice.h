/* What a person can do about a server's refusal: the most likely mistake in a configuration, and the next step. One text for the log, the
 * service manager and syncerctl. */
#ifndef SY_SUPERVISOR_ADVICE_H
#define SY_SUPERVISOR_ADVICE_H

#include "kube/client.h"

enum sy_advice_server {
	SY_ADVICE_KCP = 0, /* asked for the SyncTarget */
	SY_ADVICE_DIRECT,  /* kcp, asked for a workspace of direct mode */
	SY_ADVICE_CLUSTER,
};

/* A static sentence without a full stop, "" when time alone helps. message: what the server or the transport said ("" = nothing). */
const char *sy_advice(enum sy_advice_server server, enum sy_kube_verdict verdict, const char *message);
/* True for the refusal of a server that takes /clusters/<workspace> for a path of its own: it is no kcp. */
bool sy_advice_no_kcp(enum sy_kube_verdict verdict, const char *message);

#endif
