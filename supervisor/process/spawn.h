/* The process boundary: how a worker comes to life. One function, so that everything a worker inherits can be reviewed on one screen. */
#ifndef SY_SUPERVISOR_SPAWN_H
#define SY_SUPERVISOR_SPAWN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Start program as "syncer-worker" and nothing more on its command line. It inherits
 *   0 /dev/null   1, 2 the supervisor's standard error
 *   SY_BOOT_FD      a sealed memfd that holds boot[0..len)
 *   SY_LIFELINE_FD  lifeline (stays the caller's)
 * and no other descriptor; default signal actions, an empty signal mask, and an environment of PATH, LANG, TZ, MALLOC_ARENA_MAX and the
 * options of sanitizers. *ret_pidfd is the caller's; it is opened before the child can be reaped, so it cannot name another process.
 * Call from the main thread: the worker's parent-death signal follows the thread that started it. Blocks for the exec only. */
int sy_spawn_worker(const char *program, const char *boot, size_t len, int lifeline, pid_t *ret_pid, int *ret_pidfd, struct sy_error *err);

/* Reap the process behind pidfd if it has ended: 1 and *ret_info as waitid(2) fills it, 0 when it still runs, negative errno. */
int sy_spawn_reap(int pidfd, siginfo_t *ret_info);

/* Signal the process behind pidfd; false when it is gone. */
bool sy_spawn_signal(int pidfd, int signum);

#endif
