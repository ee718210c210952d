/* Who writes this SyncTarget: "<node name>/<16 hex digits>" (syncerd-rules(7) 8.1). The digits are made once, kept in the state directory;
 * a lock on that file keeps a second syncerd on the same directory out. */
#ifndef SY_SUPERVISOR_IDENTITY_H
#define SY_SUPERVISOR_IDENTITY_H

#include "base/error.h"

#define SY_IDENTITY_MAX 129

struct sy_identity {
	char text[SY_IDENTITY_MAX];
	int fd; /* holds the lock; -1 = none */
};

/* Read or make <directory>/identity, creating the directory (0700) when needed. -EBUSY: another process holds the lock. */
int sy_identity_open(const char *directory, struct sy_identity *ret_identity, struct sy_error *err);
void sy_identity_close(struct sy_identity *identity);

#endif
