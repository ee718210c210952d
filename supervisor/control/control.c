#include "supervisor/control/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "supervisor/control/control_impl.h"

/* An answer may be as large as an IPC message; a second one may wait behind it. */
static const struct sy_control_limits default_limits = {
	.request_ms = 10000, .stall_ms = 30000, .max_output = (size_t)SY_MAX_IPC_BYTES * 2, .max_calls = 16};

#define BREATHE_MS 1000

static bool peer_allowed(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 || len != sizeof(peer))
		return false;
	return peer.uid == 0 || peer.uid == geteuid();
}

static void admit(struct sy_control *control, int fd)
{
	if (!peer_allowed(fd)) {
		sy_control_refuse(fd, "Forbidden", "only root and the user that syncerd runs as may use the control socket");
		close(fd);
	} else if (control->client_count >= SY_MAX_CONTROL_CLIENTS) {
		sy_control_refuse(fd, "TooManyClients", "too many clients are connected; try again");
		close(fd);
	} else {
		sy_control_client_new(control, fd);
	}
}

static void on_connect(void *arg, unsigned events)
{
	struct sy_control *control = arg;

	(void)events;
	/* A few at a time: somebody who connects in a loop must not hold up the workers. */
	for (int i = 0; i < 8; i++) {
		int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			admit(control, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
			/* The connection stays in the queue and would wake us at once again. */
			sy_io_set(control->io, 0);
			sy_timer_start(control->breathe, BREATHE_MS);
		}
		return;
	}
}

static void on_breathe(void *arg)
{
	struct sy_control *control = arg;

	sy_io_set(control->io, SY_READ);
}

static void on_sweep(void *arg)
{
	sy_control_clients_sweep(arg, false);
	sy_control_clients_resume(arg);
}

static int open_socket(struct sy_control *control, const char *path, int fd, struct sy_error *err)
{
	int r;

	if (fd >= 0) {
		r = sy_control_adopt(fd, path, control->place, err);
		if (r == 0)
			control->fd = fd;
		return r;
	}
	control->path = strdup(path);
	if (!control->path)
		return sy_error_oom(err);
	return sy_control_listen(path, &control->fd, &control->file, err);
}

int sy_control_new_limited(struct sy_control **ret_control, struct sy_loop *loop, const char *path, int fd,
			   const struct sy_control_limits *limits, const struct sy_control_ops *ops, void *arg, struct sy_error *err)
{
	struct sy_control *control = calloc(1, sizeof(*control));
	int r;

	if (!control)
		return sy_error_oom(err);
	control->loop = loop;
	control->ops = ops;
	control->arg = arg;
	control->limits = *limits;
	control->fd = -1;
	r = open_socket(control, path, fd, err);
	if (r == 0)
		r = sy_defer_new(&control->sweep, loop, on_sweep, control, err);
	if (r == 0)
		r = sy_timer_new(&control->breathe, loop, on_breathe, control, err);
	if (r == 0)
		r = sy_io_new(&control->io, loop, control->fd, SY_READ, on_connect, control, err);
	if (r < 0) {
		/* A descriptor that was handed over stays the caller's when this fails. */
		if (fd >= 0)
			control->fd = -1;
		sy_control_free(control);
		return r;
	}
	*ret_control = control;
	return 0;
}

int sy_control_new(struct sy_control **ret_control, struct sy_loop *loop, const char *path, int fd, const struct sy_control_ops *ops,
		   void *arg, struct sy_error *err)
{
	return sy_control_new_limited(ret_control, loop, path, fd, &default_limits, ops, arg, err);
}

void sy_control_free(struct sy_control *control)
{
	if (!control)
		return;
	sy_control_clients_sweep(control, true);
	sy_io_free(control->io);
	if (control->breathe)
		sy_timer_free(control->breathe);
	if (control->sweep)
		sy_defer_free(control->sweep);
	if (control->path && control->fd >= 0)
		sy_unix_unlink(control->path, &control->file);
	if (control->fd >= 0)
		close(control->fd);
	free(control->path);
	free(control);
}

const char *sy_control_place(const struct sy_control *control)
{
	return control->path ? control->path : control->place;
}
