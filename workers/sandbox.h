/* What a worker gives up once it knows its tenant and before it opens the network. */
#ifndef SY_WORKERS_SANDBOX_H
#define SY_WORKERS_SANDBOX_H

#include "base/error.h"

/* No core dumps, no inspection by processes of the same user (its memory holds credentials). Call once, from the main thread, while there
 * is no other: file and call filters that belong here must be in force before a library starts threads. */
int sy_sandbox_enter(struct sy_error *err);

#endif
