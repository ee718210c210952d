/* Inside of the control socket: the server and its clients. */
#ifndef SY_SUPERVISOR_CONTROL_IMPL_H
#define SY_SUPERVISOR_CONTROL_IMPL_H

#include "base/buf.h"
#include "base/unix_socket.h"
#include "supervisor/control/control.h"

/* What a client may cost. Tests shorten the times. */
struct sy_control_limits {
	int64_t request_ms; /* from the first byte of a request (or the connection) to its newline */
	int64_t stall_ms;   /* without the client taking a byte of what waits for it */
	size_t max_output;  /* bytes that may wait for one client */
	unsigned max_calls; /* requests of one client under way at a time */
};

#define SY_CONTROL_PLACE_MAX 109 /* a socket's path, and a NUL */

struct sy_control {
	struct sy_loop *loop;
	struct sy_io *io;
	struct sy_defer *sweep;	  /* at the end of the turn: buries the dead, goes on with waiting lines */
	struct sy_timer *breathe; /* accepting was stopped for want of descriptors */
	const struct sy_control_ops *ops;
	void *arg;
	struct sy_control_limits limits;
	struct sy_control_client *clients;
	unsigned client_count;
	int fd;
	char *path;			  /* of the socket that is ours to unlink; NULL = handed over */
	char place[SY_CONTROL_PLACE_MAX]; /* of one that was handed over; "" = it has no path */
	struct sy_unix_file file;
};

/* The same as sy_control_new with other limits. */
int sy_control_new_limited(struct sy_control **ret_control, struct sy_loop *loop, const char *path, int fd,
			   const struct sy_control_limits *limits, const struct sy_control_ops *ops, void *arg, struct sy_error *err);

/* Take over a connected descriptor; closed when that fails. */
void sy_control_client_new(struct sy_control *control, int fd);
/* Bury the dead; with `all` everybody. */
void sy_control_clients_sweep(struct sy_control *control, bool all);
/* Go on with lines that had to wait until earlier requests were answered. */
void sy_control_clients_resume(struct sy_control *control);
/* One answer to somebody who is turned away; the descriptor stays the caller's. */
void sy_control_refuse(int fd, const char *code, const char *text);

/* Bind and listen, 0600. *ret_fd is non-blocking and close-on-exec. control_socket.c */
int sy_control_listen(const char *path, int *ret_fd, struct sy_unix_file *ret_file, struct sy_error *err);
/* Check a descriptor that was handed over; one that listens elsewhere than at path is taken, with a warning. */
int sy_control_adopt(int fd, const char *path, char ret_place[SY_CONTROL_PLACE_MAX], struct sy_error *err);

#endif
