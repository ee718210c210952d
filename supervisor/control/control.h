/* The control socket: accepts syncerctl's requests (proto/control.h), checks who asks, answers through a handler. */
#ifndef SY_SUPERVISOR_CONTROL_H
#define SY_SUPERVISOR_CONTROL_H

#include "base/loop.h"
#include "proto/control.h"

struct sy_control;
struct sy_control_call; /* one request under way */

/* Handle one request: answer now or later with sy_control_answer / sy_control_fail, exactly once (or several times with `more` for events).
 * The call is valid until it was answered without `more` or its client went away, which is told through `gone`. */
struct sy_control_ops {
	void (*request)(void *arg, struct sy_control_call *call, const struct sy_control_request *request);
	void (*gone)(void *arg, struct sy_control_call *call);
};

/* Creates the socket 0600 (connect first to find a live instance: -EADDRINUSE; a stale file is replaced). fd >= 0: a listening socket
 * handed over by socket activation instead. Only root and the supervisor's own uid are served. */
int sy_control_new(struct sy_control **ret_control, struct sy_loop *loop, const char *path, int fd, const struct sy_control_ops *ops,
		   void *arg, struct sy_error *err);
/* Not from inside an op. Calls under way are told gone; the socket file is removed unless it was handed over. Accepts NULL. */
void sy_control_free(struct sy_control *control);

/* Where clients reach it: the path of the configuration, or the one at which the socket that was handed over listens; "" when that has none.
 * Borrowed. */
const char *sy_control_place(const struct sy_control *control);

/* The socket that a service manager opened for this process (sd_listen_fds(3): LISTEN_PID, LISTEN_FDS, descriptor 3), for sy_control_new;
 * *ret_fd is -1 when there is none. Takes the variables out of the environment, so only the first call can find one. -EINVAL: several. */
int sy_control_handed_over(int *ret_fd, struct sy_error *err);

void sy_control_answer(struct sy_control_call *call, json_object *value, bool more); /* takes ownership of value */
void sy_control_fail(struct sy_control_call *call, const char *code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
