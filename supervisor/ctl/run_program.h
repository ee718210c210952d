/* Another program's output: fixed words, no shell, nothing of our environment but PATH, a bound on what it says and on its time. */
#ifndef SY_CTL_RUN_PROGRAM_H
#define SY_CTL_RUN_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

struct ctl_run {
	const char *const *argv; /* NULL-terminated; argv[0] is looked for in PATH unless it has a slash */
	const char *file;	 /* what is run under that name; NULL = what is found by it */
	int64_t timeout_ms;	 /* then it is killed */
	bool with_stderr;	 /* its error messages are wanted, too; else they are thrown away */
};

/* Run it and append what it says to out, up to out->max: what is beyond is thrown away, and *ret_cut tells (may be NULL). Returns its exit
 * status (128 + number when a signal ended it), or -ENOENT: no such program, -ETIME: killed, -errno. */
int ctl_run(const struct ctl_run *run, struct sy_buf *out, bool *ret_cut, struct sy_error *err);
/* The same for one that writes into fd. */
int ctl_run_into(const struct ctl_run *run, int fd, struct sy_error *err);

#endif
