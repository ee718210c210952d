/* A cgroup (version 2) for each worker, below the one that the service manager has delegated to this service (cgroups(7), systemd's
 * CGROUP_DELEGATION document):
 *   <base>/supervisor              this process; a cgroup with children that have controllers may hold no process itself
 *   <base>/worker-<name>           one worker each; removed when it has ended
 * Nothing is touched unless the cgroup is ours alone. Not thread-safe; writes to the kernel's files block for milliseconds at most. */
#ifndef SY_SUPERVISOR_CGROUP_H
#define SY_SUPERVISOR_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "supervisor/config/config.h"

#define SY_CGROUP_MOUNT "/sys/fs/cgroup"
#define SY_CGROUP_MEMBERSHIP "/proc/self/cgroup"

struct sy_cgroup {
	char base[PATH_MAX - 256]; /* "" = none; then nothing below may be called */
	bool memory;		   /* controllers that workers have */
	bool cpu;
	bool pids;
	bool left; /* a worker's cgroup could not be removed at its end */
};

/* Take over the cgroup that this process is in, by the line "0::<path>" of the file `membership` and the file system at `mount`: move this
 * process to the leaf, hand the controllers down, remove empty cgroups that an earlier supervisor left. Fails without having moved or
 * changed anything: -ENOTSUP when there is none with a memory controller or other processes are in it, else what the kernel said. */
int sy_cgroup_open(struct sy_cgroup *cgroup, const char *mount, const char *membership, struct sy_error *err);

/* Make the cgroup of one worker with these limits; name is a file name of at most 64 bytes. On failure there is none. */
int sy_cgroup_make(struct sy_cgroup *cgroup, const char *name, const struct sy_config_limits *limits, struct sy_error *err);
/* Other limits for one that exists; processes in it are not disturbed. */
int sy_cgroup_limit(const struct sy_cgroup *cgroup, const char *name, const struct sy_config_limits *limits, struct sy_error *err);
int sy_cgroup_enter(const struct sy_cgroup *cgroup, const char *name, pid_t pid, struct sy_error *err);
/* Has the kernel's out-of-memory killer met a process in it? */
bool sy_cgroup_oom_killed(const struct sy_cgroup *cgroup, const char *name);
/* Its processes have ended. The kernel may need another moment to forget them: what cannot be removed now is with the next one. */
void sy_cgroup_remove(struct sy_cgroup *cgroup, const char *name);

#endif
