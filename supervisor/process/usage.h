/* What processes cost, from /proc. */
#ifndef SY_SUPERVISOR_USAGE_H
#define SY_SUPERVISOR_USAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define SY_USAGE_DESCRIPTORS_MOST 65536

/* Memory that a process has to itself: exact where we may know it, else its anonymous memory; 0 = no such process. Slow for a large one:
 * the kernel walks its page tables. */
int64_t sy_usage_private_bytes(pid_t pid);
/* Its anonymous memory alone, which costs the same for every process; -1 = unknown. */
int64_t sy_usage_anonymous_bytes(pid_t pid);

/* Resident memory, and what of it is anonymous, with one look that costs the same for every process. False: no such process. */
bool sy_usage_memory(pid_t pid, int64_t *ret_resident_bytes, int64_t *ret_anonymous_bytes);

/* Memory that counts for RLIMIT_DATA without being used, such as the stacks of its threads; -1 = unknown. */
int64_t sy_usage_reserved_bytes(pid_t pid);

struct sy_usage {
	int64_t cpu_ms; /* user and system */
	int64_t virtual_bytes;
	int64_t resident_bytes;
};
/* False: no such process. */
bool sy_usage_of(pid_t pid, struct sy_usage *ret_usage);
/* Open descriptors of this process, -1 = unknown. */
int64_t sy_usage_descriptors(void);
/* Let this process, and those that it starts, open more: the soft limit goes up to the hard one, at most to SY_USAGE_DESCRIPTORS_MOST, and
 * never down. What cannot be raised stays as it is. */
void sy_usage_raise_descriptors(void);
/* -EMFILE: fewer than spare descriptors are free below the soft limit; the error says what to do. 0 also when that is not known. */
int sy_usage_spare_descriptors(int64_t spare, struct sy_error *err);

#endif
