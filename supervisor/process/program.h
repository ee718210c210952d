/* The file of a program, kept open from the moment it was looked at: what is started from it later is that file, also when another one has
 * taken its place, or its name is gone. Counted references; for the loop's thread only. */
#ifndef SY_SUPERVISOR_PROGRAM_H
#define SY_SUPERVISOR_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"

struct sy_program;

/* Look at path now. The new value has one reference, which is the caller's. */
int sy_program_open(const char *path, struct sy_program **ret_program, struct sy_error *err);
struct sy_program *sy_program_ref(struct sy_program *program);
void sy_program_unref(struct sy_program *program); /* accepts NULL */
const char *sy_program_path(const struct sy_program *program);
/* Same name, same file: device, inode, size and time of its last change. */
bool sy_program_same(const struct sy_program *a, const struct sy_program *b);
/* The name still means this file. */
bool sy_program_in_place(const struct sy_program *program);
/* What a child of this process is to execute: the name while it means this file (true), else its descriptor in this process (those of the child
 * are closed by then), which needs /proc and a process that its own user may look into. A name may come to mean another file meanwhile: ask
 * sy_program_in_place afterwards. */
bool sy_program_exec_path(const struct sy_program *program, char out[PATH_MAX]);

#endif
