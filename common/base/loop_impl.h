/* Private to base/loop*.c: the only files of the project that see libuv. */
#ifndef SY_BASE_LOOP_IMPL_H
#define SY_BASE_LOOP_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "base/error.h"

struct sy_defer;

struct sy_loop {
	uv_loop_t uv;
	uv_check_t check; /* both run only while something is marked */
	uv_idle_t idle;
	TAILQ_HEAD(, sy_defer) marked;
	uint64_t round;
	size_t closing; /* close callbacks still to come */
	bool in_timer;
};

/* Turn a libuv status (negative errno) into an error. */
int sy_loop_error(struct sy_error *err, int status, const char *what);

/* Close a uv handle that is the first member of a heap object; the object is freed in the loop, or in sy_loop_free. */
void sy_loop_close_handle(struct sy_loop *loop, uv_handle_t *handle);

#endif
