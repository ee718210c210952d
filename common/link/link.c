#include <errno.h>
#include <nng/transport/ipc/ipc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "link/link_impl.h"

static const char *path_of(const struct sy_link *link)
{
	return link->url + sizeof(SY_LINK_SCHEME) - 1;
}

static int link_error(struct sy_error *err, const struct sy_link *link, int nng_code, const char *what)
{
	int code = nng_code == NNG_ENOMEM ? ENOMEM : EIO;

	return sy_error_set(err, code, "link %s: %s: %s", path_of(link), what, nng_strerror(nng_code));
}

static int attach_listener(struct sy_link *link, struct sy_error *err)
{
	/* Never probed: nng would connect to what it finds. */
	if (unlink(path_of(link)) < 0 && errno != ENOENT)
		return sy_error_set(err, errno, "link %s: remove the stale socket: %s", path_of(link), strerror(errno));
	int rc = nng_stream_listener_alloc(&link->listener, link->url);
	if (rc == 0)
		rc = nng_stream_listener_set_int(link->listener, NNG_OPT_IPC_PERMISSIONS, 0600);
	if (rc == 0)
		rc = nng_stream_listener_listen(link->listener);
	return rc == 0 ? 0 : link_error(err, link, rc, "listen");
}

static int attach(struct sy_link *link, struct sy_error *err)
{
	int rc = 0;

	if (link->listens) {
		rc = attach_listener(link, err);
	} else {
		int code = nng_stream_dialer_alloc(&link->dialer, link->url);

		rc = code == 0 ? 0 : link_error(err, link, code, "dial");
	}
	if (rc == 0)
		sy_link_meet(link);
	return rc;
}

static void detach(struct sy_link *link)
{
	if (link->again)
		sy_timer_stop(link->again);
	sy_link_end_stream(link);
	sy_link_op_drop(&link->meet, true);
	if (link->listener) {
		unlink(path_of(link));
		nng_stream_listener_free(link->listener);
	}
	if (link->dialer)
		nng_stream_dialer_free(link->dialer);
	link->listener = NULL;
	link->dialer = NULL;
}

static int set_up(struct sy_link *link, struct sy_loop *loop, struct sy_error *err)
{
	link->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (link->wake < 0)
		return sy_error_set(err, errno, "link %s: eventfd: %s", path_of(link), strerror(errno));
	int rc = sy_link_op_init(&link->meet, link->wake);
	if (rc == 0)
		rc = sy_link_op_init(&link->in, link->wake);
	if (rc == 0)
		rc = sy_link_op_init(&link->out, link->wake);
	if (rc != 0)
		return link_error(err, link, rc, "set up");
	rc = sy_defer_new(&link->more, loop, sy_link_take_messages, link, err);
	if (rc == 0)
		rc = sy_timer_new(&link->again, loop, sy_link_meet, link, err);
	if (rc == 0)
		rc = sy_io_new(&link->io, loop, link->wake, SY_READ, sy_link_on_wake, link, err);
	return rc;
}

static int check_directory(const struct sy_link *link, struct sy_error *err)
{
	char directory[sizeof(link->url)];
	struct stat st;

	snprintf(directory, sizeof(directory), "%s", path_of(link));
	char *slash = strrchr(directory, '/');
	if (!slash || slash == directory)
		return sy_error_set(err, EINVAL, "link %s: must be a file in a directory of its own", path_of(link));
	*slash = '\0';
	if (lstat(directory, &st) < 0)
		return sy_error_set(err, errno, "link %s: %s: %s", path_of(link), directory, strerror(errno));
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 0077))
		return sy_error_set(err, EPERM, "link %s: %s must be a directory of this user with mode 0700", path_of(link), directory);
	return 0;
}

static int make(struct sy_link **ret_link, bool listens, struct sy_loop *loop, const char *path, size_t max, sy_link_recv_fn *recv,
		void *arg, struct sy_error *err)
{
	struct sockaddr_un address;

	if (path[0] != '/' || strlen(path) >= sizeof(address.sun_path))
		return sy_error_set(err, EINVAL, "link %.120s: must be an absolute path of at most %zu bytes", path,
				    sizeof(address.sun_path) - 1);
	struct sy_link *link = calloc(1, sizeof(*link));
	if (!link)
		return sy_error_oom(err);
	link->listens = listens;
	link->max = max;
	link->recv = recv;
	link->arg = arg;
	link->wake = -1;
	sy_buf_init(&link->got, max + SY_LINK_HEAD + SY_LINK_CHUNK);
	snprintf(link->url, sizeof(link->url), SY_LINK_SCHEME "%s", path);
	int rc = listens ? check_directory(link, err) : 0;
	if (rc == 0)
		rc = set_up(link, loop, err);
	if (rc == 0)
		rc = attach(link, err);
	if (rc < 0) {
		sy_link_free(link);
		return rc;
	}
	*ret_link = link;
	return 0;
}

int sy_link_listen(struct sy_link **ret_link, struct sy_loop *loop, const char *path, size_t max, sy_link_recv_fn *recv, void *arg,
		   struct sy_error *err)
{
	return make(ret_link, true, loop, path, max, recv, arg, err);
}

int sy_link_dial(struct sy_link **ret_link, struct sy_loop *loop, const char *path, size_t max, sy_link_recv_fn *recv, void *arg,
		 struct sy_error *err)
{
	return make(ret_link, false, loop, path, max, recv, arg, err);
}

int sy_link_renew(struct sy_link *link, struct sy_error *err)
{
	detach(link);
	link->failures = 0;
	return attach(link, err);
}

void sy_link_expect(struct sy_link *link, pid_t pid)
{
	link->expected = pid;
}

void sy_link_free(struct sy_link *link)
{
	if (!link)
		return;
	sy_io_free(link->io); /* before its descriptor goes */
	detach(link);
	sy_defer_free(link->more);
	sy_timer_free(link->again);
	sy_link_op_fini(&link->meet);
	sy_link_op_fini(&link->in);
	sy_link_op_fini(&link->out);
	sy_link_queue_done(&link->queue);
	sy_buf_done(&link->got);
	if (link->wake >= 0)
		close(link->wake);
	free(link);
}

int sy_link_send(struct sy_link *link, const char *data, size_t len, struct sy_error *err)
{
	int rc = sy_link_queue_add(&link->queue, data, len);

	if (rc < 0)
		return sy_error_set(err, -rc, "link %s: send: %s", path_of(link), rc == -EAGAIN ? "the peer does not read" : strerror(-rc));
	sy_link_write_more(link);
	return 0;
}
