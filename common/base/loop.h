/* The event loop of a process: descriptors, timers, signals, deferred calls. A thin layer over libuv, so that callers get handles
 * whose free is immediate (no callback runs after it) and one place decides how the loop behaves.
 *
 * One loop per process, used from its main thread only. Callbacks may free any handle, including their own. No function blocks,
 * except sy_loop_run. No thread is ever started (libuv's pool is not used).
 */
#ifndef SY_BASE_LOOP_H
#define SY_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct sy_loop;
struct sy_timer;
struct sy_io;
struct sy_signal;

typedef void sy_loop_fn(void *arg);
typedef void sy_io_fn(void *arg, unsigned events); /* SY_READ | SY_WRITE */
typedef void sy_signal_fn(void *arg, int signum);

#define SY_READ 1u
#define SY_WRITE 2u

int sy_loop_new(struct sy_loop **ret_loop, struct sy_error *err);
void sy_loop_free(struct sy_loop *loop); /* every handle must have been freed */

/* Run until sy_loop_stop (an iteration is always finished, a stop before the run ends it at once). Also returns when nothing could ever
 * happen again: no timer runs, no descriptor and no signal is watched, nothing is marked. */
void sy_loop_run(struct sy_loop *loop);
void sy_loop_stop(struct sy_loop *loop);

/* Monotonic milliseconds, read once per loop iteration: cheap, and equal for all decisions of one iteration. */
int64_t sy_loop_now_ms(struct sy_loop *loop);
/* Re-read the clock (after a long computation). */
void sy_loop_update_now(struct sy_loop *loop);

/* Timer, created stopped. start: fires once after delay_ms (>= 0); starting again replaces the deadline.
 * Timers due in one iteration fire in order of their deadlines; a delay of 0 given inside a timer callback means 1 ms, so that timers cannot
 * starve descriptors. */
int sy_timer_new(struct sy_timer **ret_timer, struct sy_loop *loop, sy_loop_fn *fn, void *arg, struct sy_error *err);
void sy_timer_start(struct sy_timer *timer, int64_t delay_ms);
void sy_timer_stop(struct sy_timer *timer);
bool sy_timer_active(const struct sy_timer *timer);
void sy_timer_free(struct sy_timer *timer); /* accepts NULL */

/* Watch a descriptor (which stays the caller's; it must outlive the handle). events may be 0 = idle. Level-triggered. The descriptor is
 * switched to non-blocking; regular files are refused (-EPERM), a descriptor has one watch (-EEXIST). Hang-up and errors are reported as
 * the events asked for: the next read or write tells. */
int sy_io_new(struct sy_io **ret_io, struct sy_loop *loop, int fd, unsigned events, sy_io_fn *fn, void *arg, struct sy_error *err);
int sy_io_set(struct sy_io *io, unsigned events);
void sy_io_free(struct sy_io *io); /* accepts NULL; call before closing the descriptor */

int sy_signal_new(struct sy_signal **ret_signal, struct sy_loop *loop, int signum, sy_signal_fn *fn, void *arg, struct sy_error *err);
void sy_signal_free(struct sy_signal *signal);

/* A coalescing "do this soon": after sy_defer_mark the callback runs once, at the end of the current loop iteration; marked
 * from a deferred callback, at the end of the next one. */
struct sy_defer;
int sy_defer_new(struct sy_defer **ret_defer, struct sy_loop *loop, sy_loop_fn *fn, void *arg, struct sy_error *err);
void sy_defer_mark(struct sy_defer *defer);
void sy_defer_free(struct sy_defer *defer);

#endif
