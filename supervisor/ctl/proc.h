/* Processes of syncerd as /proc shows them: which ones, which program, which configuration. Nothing is asked of them, so it also works when
 * they hang. */
#ifndef SY_CTL_PROC_H
#define SY_CTL_PROC_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "ctl.h"

#define CTL_PROC_CHILDREN 4097 /* SY_MAX_WORKERS and one more, which says that there are more */

/* /proc/PID/name into out, up to out->max. 0, -EMSGSIZE (the beginning is there), -errno. */
int ctl_proc_read(pid_t pid, const char *name, struct sy_buf *out);
/* Where its program was when it was started; *ret_deleted: that file has been replaced or removed since. */
bool ctl_proc_program(pid_t pid, char ret_path[PATH_MAX], bool *ret_deleted);
/* pids of its children, at most max. */
size_t ctl_proc_children(pid_t pid, pid_t *pids, size_t max);
/* The syncerd behind the socket: as it says itself, or, when it does not answer, as the kernel says; 0 = none is to be found. *ret_status is
 * its answer to `status`, which the caller owns, or NULL: then err says why there is none. */
pid_t ctl_proc_syncerd(struct ctl *ctl, json_object **ret_status, struct sy_error *err);
/* The configuration file in a syncerd's command line; false: it names none (the default is used), or not in a way that we can use. */
bool ctl_proc_config(pid_t pid, char ret_path[PATH_MAX]);

#endif
