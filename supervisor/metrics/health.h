/* Is this process alive, and does it do what it is for? Lists of checks, each with its reason; shown as kube-apiserver shows them. */
#ifndef SY_SUPERVISOR_HEALTH_H
#define SY_SUPERVISOR_HEALTH_H

#include <stdbool.h>

#include "base/buf.h"

struct sy_supervisor;

#define SY_HEALTH_CHECKS 16
#define SY_HEALTH_TEXT 1280

struct sy_health_check {
	const char *name; /* static */
	bool ok;
	char reason[SY_HEALTH_TEXT]; /* "" when ok */
};
struct sy_health {
	struct sy_health_check checks[SY_HEALTH_CHECKS];
	size_t count;
};

/* What only another start can mend. */
void sy_health_live(const struct sy_supervisor *sup, struct sy_health *ret_health);
/* What Ready of the SyncTarget says, and whether it can be said at all: both servers answer, the SyncTarget is ours, its heartbeat is fresh. */
void sy_health_ready(struct sy_supervisor *sup, struct sy_health *ret_health);

void sy_health_add(struct sy_health *health, const char *name, bool ok, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
bool sy_health_ok(const struct sy_health *health);
/* "ok" where all is well and nobody asked for more, else a line for each check and the verdict. name: "readyz". */
int sy_health_print(const struct sy_health *health, const char *name, bool verbose, struct sy_buf *out);

#endif
