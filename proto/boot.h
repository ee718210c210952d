/* The boot message: what a worker gets through the sealed memfd it inherits as descriptor SY_BOOT_FD, read before it touches the
 * network. The only way secrets reach a worker at start. */
#ifndef SY_PROTO_BOOT_H
#define SY_PROTO_BOOT_H

#include "base/log.h"
#include "kube/access.h"
#include "proto/plan.h"

#define SY_BOOT_FD 3	 /* sealed memfd with the boot message */
#define SY_LIFELINE_FD 4 /* read end of a pipe whose write end only the supervisor holds: end of file = leave */

#define SY_BOOT_EXIT_MEMORY 7 /* exit status of a worker that got no memory */

struct sy_boot {
	int protocol;	      /* SY_PROTO_VERSION */
	uint64_t incarnation; /* of this worker; in every message */
	char *address;	      /* path of the socket to dial */
	char *token;	      /* random, proves to the supervisor that the hello comes from the process it started; secret */
	char *user_agent;
	int64_t heartbeat_ms; /* interval at which the worker reports at least */
	enum sy_log_level log_level;
	enum sy_log_format log_format;
	struct sy_access upstream;
	struct sy_access downstream;
	struct sy_plan plan;
};
void sy_boot_done(struct sy_boot *boot); /* wipes secrets */
int sy_boot_encode(const struct sy_boot *boot, struct sy_buf *out, struct sy_error *err);
int sy_boot_decode(const char *data, size_t len, struct sy_boot *ret_boot, struct sy_error *err);

#endif
