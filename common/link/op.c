#include "link/op.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

static void on_done(void *arg)
{
	struct sy_link_op *op = arg;
	const uint64_t one = 1;

	atomic_store(&op->done, true);
	while (write(op->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		continue; /* that it cannot take more than 2^64 - 2 wakes it all the same */
}

int sy_link_op_init(struct sy_link_op *op, int wake)
{
	op->wake = wake;
	op->pending = false;
	atomic_init(&op->done, false);
	return nng_aio_alloc(&op->aio, on_done, op);
}

void sy_link_op_fini(struct sy_link_op *op)
{
	if (op->aio)
		nng_aio_free(op->aio);
	op->aio = NULL;
}

void sy_link_op_begin(struct sy_link_op *op)
{
	op->pending = true;
}

bool sy_link_op_ended(struct sy_link_op *op)
{
	if (!op->pending || !atomic_exchange(&op->done, false))
		return false;
	op->pending = false;
	return true;
}

void sy_link_op_drop(struct sy_link_op *op, bool brings_stream)
{
	if (!op->pending)
		return;
	nng_aio_cancel(op->aio);
	nng_aio_wait(op->aio);
	if (brings_stream && nng_aio_result(op->aio) == 0)
		nng_stream_free(nng_aio_get_output(op->aio, 0));
	atomic_store(&op->done, false);
	op->pending = false;
}
