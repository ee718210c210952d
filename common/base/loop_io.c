/* Descriptors and signals of the event loop; see loop.c for how handles are freed. */
#include <stdlib.h>

#include "base/loop.h"
#include "base/loop_impl.h"

struct sy_io {
	uv_poll_t uv; /* first: see sy_loop_close_handle */
	struct sy_loop *loop;
	sy_io_fn *fn;
	void *arg;
	unsigned events; /* what the caller asked for */
};

struct sy_signal {
	uv_signal_t uv; /* first: see sy_loop_close_handle */
	struct sy_loop *loop;
	sy_signal_fn *fn;
	void *arg;
};

static void on_io(uv_poll_t *uv, int status, int events)
{
	struct sy_io *io = (struct sy_io *)uv;
	unsigned ready = 0;

	if (!io->fn)
		return;
	if (status < 0) {
		/* A descriptor in error state. libuv has stopped the watch; the caller learns the reason from its next read or write,
		 * so everything it asked for is reported, and the watch goes on until the caller ends it. */
		ready = io->events;
		sy_io_set(io, io->events);
	} else {
		if (events & UV_READABLE)
			ready |= SY_READ;
		if (events & UV_WRITABLE)
			ready |= SY_WRITE;
		ready &= io->events;
	}
	if (ready)
		io->fn(io->arg, ready);
}

int sy_io_new(struct sy_io **ret_io, struct sy_loop *loop, int fd, unsigned events, sy_io_fn *fn, void *arg, struct sy_error *err)
{
	struct sy_io *io = calloc(1, sizeof(*io));

	if (!io)
		return sy_error_oom(err);
	io->loop = loop;
	io->fn = fn;
	io->arg = arg;
	int status = uv_poll_init(&loop->uv, &io->uv, fd);
	if (status < 0) {
		free(io);
		return sy_loop_error(err, status, "watch a descriptor");
	}
	status = sy_io_set(io, events);
	if (status < 0) {
		sy_io_free(io);
		return sy_loop_error(err, status, "watch a descriptor");
	}
	*ret_io = io;
	return 0;
}

int sy_io_set(struct sy_io *io, unsigned events)
{
	int wanted = 0;

	if (events & SY_READ)
		wanted |= UV_READABLE;
	if (events & SY_WRITE)
		wanted |= UV_WRITABLE;
	io->events = events & (SY_READ | SY_WRITE);
	return wanted ? uv_poll_start(&io->uv, wanted, on_io) : uv_poll_stop(&io->uv);
}

void sy_io_free(struct sy_io *io)
{
	if (!io)
		return;
	io->fn = NULL;
	sy_loop_close_handle(io->loop, (uv_handle_t *)&io->uv);
}

static void on_signal(uv_signal_t *uv, int signum)
{
	struct sy_signal *handle = (struct sy_signal *)uv;

	if (handle->fn)
		handle->fn(handle->arg, signum);
}

int sy_signal_new(struct sy_signal **ret_signal, struct sy_loop *loop, int signum, sy_signal_fn *fn, void *arg, struct sy_error *err)
{
	struct sy_signal *handle = calloc(1, sizeof(*handle));

	if (!handle)
		return sy_error_oom(err);
	handle->loop = loop;
	handle->fn = fn;
	handle->arg = arg;
	int status = uv_signal_init(&loop->uv, &handle->uv);
	if (status < 0) {
		free(handle);
		return sy_loop_error(err, status, "watch a signal");
	}
	status = uv_signal_start(&handle->uv, on_signal, signum);
	if (status < 0) {
		sy_signal_free(handle);
		return sy_loop_error(err, status, "watch a signal");
	}
	*ret_signal = handle;
	return 0;
}

void sy_signal_free(struct sy_signal *handle)
{
	if (!handle)
		return;
	handle->fn = NULL;
	sy_loop_close_handle(handle->loop, (uv_handle_t *)&handle->uv);
}
