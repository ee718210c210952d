/* A worker's start, in two steps. *Prepare* belongs to no tenant: parent watch, privileges, allocator, libraries; it starts no thread, so
 * that a prepared process could be kept as a template and forked. *Serve* begins with the boot message, the first bytes of a tenant. */
#ifndef SY_WORKERS_BOOT_H
#define SY_WORKERS_BOOT_H

#include "proto/boot.h"

/* Exit codes of syncer-worker, see workers/README.md. */
enum sy_worker_exit {
	SY_EXIT_ORDERLY = 0,		      /* told to stop */
	SY_EXIT_FAILED = 1,		      /* could not set itself up: memory, descriptors, sandbox */
	SY_EXIT_USAGE = 2,		      /* started by hand, or wrong arguments */
	SY_EXIT_BOOT = 3,		      /* the boot message is not acceptable */
	SY_EXIT_ORPHAN = 4,		      /* the supervisor is gone */
	SY_EXIT_UNHEARD = 5,		      /* nothing was acknowledged for too long */
	SY_EXIT_PROTOCOL = 6,		      /* the supervisor sends what this program does not understand */
	SY_EXIT_MEMORY = SY_BOOT_EXIT_MEMORY, /* an allocation failed; see allocate.c */
};

/* Step one. Fails with -ESRCH when the supervisor ended meanwhile. */
int sy_worker_prepare(int argc, char **argv, char **envp, struct sy_error *err);

/* Step two: take the boot message from SY_BOOT_FD and close it. -ENOENT when there is none: not started by syncerd. -EPERM when it is not
 * a sealed memfd or the life-line is not a pipe. The caller owns *ret_boot. */
int sy_worker_take_boot(struct sy_boot *ret_boot, struct sy_error *err);

/* The same from any descriptor; the descriptor stays the caller's. */
int sy_worker_read_boot(int fd, struct sy_boot *ret_boot, struct sy_error *err);

#endif
