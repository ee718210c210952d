/* One asynchronous operation of nng, seen from the loop. Private to common/link.
 *
 * nng ends operations in threads of its own. All that runs there of ours sets a flag and writes to an eventfd; results are looked at in the
 * loop's thread. An operation is used for one thing at a time: begin it, hand its aio to nng, and begin the next when it has ended. */
#ifndef SY_LINK_OP_H
#define SY_LINK_OP_H

#include <nng/nng.h>
#include <stdatomic.h>
#include <stdbool.h>

struct sy_link_op {
	nng_aio *aio;
	int wake;	  /* eventfd, borrowed */
	bool pending;	  /* handed to nng, its end not yet seen by the loop */
	atomic_bool done; /* set by nng's thread */
};

/* 0 or an nng error. The op must not move afterwards. */
int sy_link_op_init(struct sy_link_op *op, int wake);
/* Ends what is pending, and waits for nng's thread, which blocks nowhere. Accepts a zeroed op. */
void sy_link_op_fini(struct sy_link_op *op);

void sy_link_op_begin(struct sy_link_op *op);
/* True once for each operation that was begun: nng_aio_result and the like may be asked now. */
bool sy_link_op_ended(struct sy_link_op *op);
/* Ends what is pending, unseen; the op can be begun again. A stream that an accept or dial has brought meanwhile is freed. */
void sy_link_op_drop(struct sy_link_op *op, bool brings_stream);

#endif
