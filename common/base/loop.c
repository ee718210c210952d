/* Loop, timers and deferred calls. Descriptors and signals are in loop_io.c.
 *
 * A uv handle may only be released in its close callback, which runs later in the loop. So every handle of ours is a heap object whose
 * free marks it dead (fn = NULL), closes the uv handle, and leaves the memory to the close callback. */
#include "base/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/loop_impl.h"

struct sy_timer {
	uv_timer_t uv; /* first: the close callback frees the handle's address */
	struct sy_loop *loop;
	sy_loop_fn *fn;
	void *arg;
};

struct sy_defer {
	TAILQ_ENTRY(sy_defer) link;
	struct sy_loop *loop;
	sy_loop_fn *fn;
	void *arg;
	uint64_t round; /* in which it was marked */
	bool marked;
};

int sy_loop_error(struct sy_error *err, int status, const char *what)
{
	return sy_error_set(err, -status, "event loop: %s: %s", what, uv_strerror(status));
}

static void closed(uv_handle_t *handle)
{
	struct sy_loop *loop = handle->loop->data;

	loop->closing--;
	free(handle);
}

void sy_loop_close_handle(struct sy_loop *loop, uv_handle_t *handle)
{
	loop->closing++;
	uv_close(handle, closed);
}

static void on_idle(uv_idle_t *idle)
{
	/* Its only purpose is to keep the loop from blocking while something is marked. */
	(void)idle;
}

/* End of an iteration: run what was marked until now. What these callbacks mark belongs to the next iteration, so that the loop
 * always gets back to its descriptors and timers. */
static void on_check(uv_check_t *check)
{
	struct sy_loop *loop = check->data;
	uint64_t round = loop->round++;
	struct sy_defer *defer;

	while ((defer = TAILQ_FIRST(&loop->marked)) && defer->round <= round) {
		TAILQ_REMOVE(&loop->marked, defer, link);
		defer->marked = false;
		defer->fn(defer->arg);
	}
	if (TAILQ_EMPTY(&loop->marked)) {
		uv_check_stop(&loop->check);
		uv_idle_stop(&loop->idle);
	}
}

int sy_loop_new(struct sy_loop **ret_loop, struct sy_error *err)
{
	struct sy_loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return sy_error_oom(err);
	int status = uv_loop_init(&loop->uv);
	if (status < 0) {
		free(loop);
		return sy_loop_error(err, status, "create");
	}
	loop->uv.data = loop;
	TAILQ_INIT(&loop->marked);
	uv_check_init(&loop->uv, &loop->check);
	uv_idle_init(&loop->uv, &loop->idle);
	loop->check.data = loop;
	*ret_loop = loop;
	return 0;
}

static void own_closed(uv_handle_t *handle)
{
	struct sy_loop *loop = handle->loop->data;

	loop->closing--;
}

void sy_loop_free(struct sy_loop *loop)
{
	if (!loop)
		return;
	loop->closing += 2;
	uv_close((uv_handle_t *)&loop->check, own_closed);
	uv_close((uv_handle_t *)&loop->idle, own_closed);
	while (loop->closing > 0)
		uv_run(&loop->uv, UV_RUN_NOWAIT);
	int status = uv_loop_close(&loop->uv);
	assert(status == 0); /* else a handle was not freed, and would point to freed memory */
	(void)status;
	free(loop);
}

void sy_loop_run(struct sy_loop *loop)
{
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void sy_loop_stop(struct sy_loop *loop)
{
	uv_stop(&loop->uv);
}

int64_t sy_loop_now_ms(struct sy_loop *loop)
{
	return (int64_t)uv_now(&loop->uv);
}

void sy_loop_update_now(struct sy_loop *loop)
{
	uv_update_time(&loop->uv);
}

static void on_timer(uv_timer_t *uv)
{
	struct sy_timer *timer = (struct sy_timer *)uv;
	struct sy_loop *loop = timer->loop;

	if (!timer->fn)
		return;
	loop->in_timer = true;
	timer->fn(timer->arg);
	loop->in_timer = false;
}

int sy_timer_new(struct sy_timer **ret_timer, struct sy_loop *loop, sy_loop_fn *fn, void *arg, struct sy_error *err)
{
	struct sy_timer *timer = calloc(1, sizeof(*timer));

	if (!timer)
		return sy_error_oom(err);
	timer->loop = loop;
	timer->fn = fn;
	timer->arg = arg;
	uv_timer_init(&loop->uv, &timer->uv);
	*ret_timer = timer;
	return 0;
}

void sy_timer_start(struct sy_timer *timer, int64_t delay_ms)
{
	if (delay_ms < 0)
		delay_ms = 0;
	/* libuv runs all due timers before it looks at descriptors: a timer that re-arms itself with 0 would starve them for ever. */
	if (delay_ms == 0 && timer->loop->in_timer)
		delay_ms = 1;
	uv_timer_start(&timer->uv, on_timer, (uint64_t)delay_ms, 0);
}

void sy_timer_stop(struct sy_timer *timer)
{
	uv_timer_stop(&timer->uv);
}

bool sy_timer_active(const struct sy_timer *timer)
{
	return uv_is_active((const uv_handle_t *)&timer->uv);
}

void sy_timer_free(struct sy_timer *timer)
{
	if (!timer)
		return;
	timer->fn = NULL;
	sy_loop_close_handle(timer->loop, (uv_handle_t *)&timer->uv);
}

int sy_defer_new(struct sy_defer **ret_defer, struct sy_loop *loop, sy_loop_fn *fn, void *arg, struct sy_error *err)
{
	struct sy_defer *defer = calloc(1, sizeof(*defer));

	if (!defer)
		return sy_error_oom(err);
	defer->loop = loop;
	defer->fn = fn;
	defer->arg = arg;
	*ret_defer = defer;
	return 0;
}

void sy_defer_mark(struct sy_defer *defer)
{
	struct sy_loop *loop = defer->loop;

	if (defer->marked)
		return;
	if (TAILQ_EMPTY(&loop->marked)) {
		uv_check_start(&loop->check, on_check);
		uv_idle_start(&loop->idle, on_idle);
	}
	defer->marked = true;
	defer->round = loop->round;
	TAILQ_INSERT_TAIL(&loop->marked, defer, link);
}

void sy_defer_free(struct sy_defer *defer)
{
	if (!defer)
		return;
	if (defer->marked)
		TAILQ_REMOVE(&defer->loop->marked, defer, link);
	free(defer);
}
