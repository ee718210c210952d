/* What one worker may use (workers.memoryMax and so on): by a cgroup of its own where this service has one to divide, else by resource
 * limits, which know memory and, one way, the share of the processor only. A limit that cannot be set is told of in the log and never
 * keeps a worker from running. Not thread-safe. */
#ifndef SY_SUPERVISOR_WORKER_LIMITS_H
#define SY_SUPERVISOR_WORKER_LIMITS_H

#include <signal.h>

#include "base/log.h"
#include "supervisor/process/cgroup.h"

#define SY_LIMITS_TEXT_MAX 512

struct sy_limits {
	struct sy_cgroup cgroup;
	bool by_cgroup;
	char why_not[256]; /* there is no cgroup to divide, in words */
};

/* How one worker's process is limited; zero it before each start. */
struct sy_limited {
	char name[32];		/* of its cgroup; "" = by resource limits */
	pid_t pid;		/* 0 = no process */
	int64_t reserved_bytes; /* memory that it had reserved and not used when it had started its threads, -1 = not known yet */
};

/* mount and membership as in cgroup.h; NULL: this machine's. */
void sy_limits_open(struct sy_limits *limits, const char *mount, const char *membership);
/* The limits and what enforces them, in one line. */
void sy_limits_text(const struct sy_limits *limits, const struct sy_config_limits *wanted, char out[SY_LIMITS_TEXT_MAX]);

/* Before its start: make its cgroup, called name, if there are any. */
void sy_limits_prepare(struct sy_limits *limits, const struct sy_config_limits *wanted, const char *name, struct sy_limited *limited,
		       const struct sy_log_ref *ref);
/* Right after its start, before it has got hold of anything of its tenant. */
void sy_limits_place(struct sy_limits *limits, const struct sy_config_limits *wanted, pid_t pid, struct sy_limited *limited,
		     const struct sy_log_ref *ref);
/* It runs: its threads, whose stacks count as memory of the process for a resource limit, are there. Call once. */
void sy_limits_running(const struct sy_limits *limits, const struct sy_config_limits *wanted, struct sy_limited *limited,
		       const struct sy_log_ref *ref);
/* Other limits; a process that runs gets them at once, all its threads, but for a nice value that this process may not lower. */
void sy_limits_change(const struct sy_limits *limits, const struct sy_config_limits *wanted, const struct sy_limited *limited,
		      const struct sy_log_ref *ref);
/* Did it end because there was no memory for it? Before sy_limits_forget. */
bool sy_limits_exceeded(const struct sy_limits *limits, const struct sy_limited *limited, const siginfo_t *info);
/* It was reaped, or never started. */
void sy_limits_forget(struct sy_limits *limits, struct sy_limited *limited);
/* "cgroup", "rlimits", "" = there is no process. Static. */
const char *sy_limits_by(const struct sy_limited *limited);

#endif
