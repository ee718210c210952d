/* Was it the kernel's out-of-memory killer? Reads the counter of this service's own cgroup; where it cannot be read (root cgroup, no
 * memory controller) the answer is always no, and a SIGKILL counts as a crash. */
#ifndef SY_SUPERVISOR_OOM_H
#define SY_SUPERVISOR_OOM_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct sy_oom {
	char path[PATH_MAX]; /* of memory.events, or memory.oom_control with version 1; "" = not readable */
	int64_t seen;	     /* kills that are accounted for */
};

/* path NULL: of the cgroup this process is in. */
void sy_oom_init(struct sy_oom *oom, const char *path);
/* True when the counter has grown since it was last accounted for; accounts for one kill. */
bool sy_oom_claim(struct sy_oom *oom);
/* The counter "oom_kill" in such a file; -1 = not readable. */
int64_t sy_oom_count(const char *path);

#endif
