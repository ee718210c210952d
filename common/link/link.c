#include "link/link.h"

#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/pair1/pair.h>
#include <nng/transport/ipc/ipc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "link/close.h"

/* Messages taken per turn of the loop: a peer that floods gets this share and no more, the other links have theirs in between. */
#define PER_TURN 32
#define QUEUE 256
/* What the supervisor's side lets one worker queue; times the largest message it is the memory a worker can occupy there. */
#define LISTEN_QUEUE 32
#define REDIAL_MIN_MS 100
#define REDIAL_MAX_MS 30000
#define SEND_TIMEOUT_MS 1000
#define SCHEME "ipc://"

struct sy_link {
	nng_socket socket;
	bool open;
	bool listens;
	bool attached; /* endpoint holds a listener or dialer */
	union {
		nng_listener listener;
		nng_dialer dialer;
	} endpoint;
	struct sy_link_gate *gate;
	struct sy_io *io;
	struct sy_defer *more;
	sy_link_recv_fn *recv;
	void *arg;
	char url[sizeof(SCHEME) + sizeof(((struct sockaddr_un *)0)->sun_path)];
};

static const char *path_of(const struct sy_link *link)
{
	return link->url + sizeof(SCHEME) - 1;
}

static int link_error(struct sy_error *err, const struct sy_link *link, int nng_code, const char *what)
{
	int code = nng_code == NNG_ENOMEM ? ENOMEM : nng_code == NNG_EAGAIN ? EAGAIN : EIO;

	return sy_error_set(err, code, "link %s: %s: %s", path_of(link), what, nng_strerror(nng_code));
}

/* Who is at the other end, as the kernel recorded it when the connection was made. */
static void identify(nng_pipe pipe, pid_t *ret_pid, uid_t *ret_uid)
{
	uint64_t pid = 0;
	uint64_t uid = 0;

	*ret_pid = 0;
	*ret_uid = (uid_t)-1;
	if (nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_PID, &pid) == 0 && nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_UID, &uid) == 0) {
		*ret_pid = (pid_t)pid;
		*ret_uid = (uid_t)uid;
	}
}

/* In a thread of nng: counts connections, and turns strangers away before they are part of the socket. */
static void on_connection(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
	struct sy_link_gate *gate = arg;
	int expected = atomic_load(&gate->pid);
	pid_t pid;
	uid_t uid;

	if (event == NNG_PIPE_EV_REM_POST) {
		atomic_fetch_sub(&gate->connections, 1);
		return;
	}
	atomic_fetch_add(&gate->connections, 1);
	if (expected == SY_GATE_OPEN)
		return;
	identify(pipe, &pid, &uid);
	if (pid != expected || uid != geteuid())
		nng_pipe_close(pipe);
}

/* Only a listener outlives its peer; a dialer's process ends with it, and with its connection. */
static int watch_connections(struct sy_link *link)
{
	int rc;

	if (!link->listens)
		return 0;
	rc = nng_pipe_notify(link->socket, NNG_PIPE_EV_ADD_PRE, on_connection, link->gate);
	if (rc == 0)
		rc = nng_pipe_notify(link->socket, NNG_PIPE_EV_REM_POST, on_connection, link->gate);
	return rc;
}

static void take_messages(void *arg)
{
	struct sy_link *link = arg;

	for (int i = 0; i < PER_TURN; i++) {
		nng_msg *msg = NULL;
		pid_t pid;
		uid_t uid;

		/* Any other failure than "nothing there" is the end of a connection; the next one will be seen here again. */
		if (nng_recvmsg(link->socket, &msg, NNG_FLAG_NONBLOCK) != 0)
			return;
		identify(nng_msg_get_pipe(msg), &pid, &uid);
		link->recv(link->arg, nng_msg_body(msg), nng_msg_len(msg), pid, uid);
		nng_msg_free(msg);
	}
	sy_defer_mark(link->more);
}

static void on_readable(void *arg, unsigned events)
{
	(void)events;
	take_messages(arg);
}

static int attach_listener(struct sy_link *link, struct sy_error *err)
{
	int rc;

	/* Never probed: a probe is the very connect-and-close that ends an nng listener for good. */
	if (unlink(path_of(link)) < 0 && errno != ENOENT)
		return sy_error_set(err, errno, "link %s: remove the stale socket: %s", path_of(link), strerror(errno));
	rc = nng_listener_create(&link->endpoint.listener, link->socket, link->url);
	if (rc != 0)
		return link_error(err, link, rc, "listen");
	rc = nng_listener_set_int(link->endpoint.listener, NNG_OPT_IPC_PERMISSIONS, 0600);
	if (rc == 0)
		rc = nng_listener_start(link->endpoint.listener, 0);
	if (rc != 0) {
		nng_listener_close(link->endpoint.listener);
		return link_error(err, link, rc, "listen");
	}
	link->attached = true;
	return 0;
}

static int attach_dialer(struct sy_link *link, struct sy_error *err)
{
	int rc = nng_dialer_create(&link->endpoint.dialer, link->socket, link->url);

	if (rc != 0)
		return link_error(err, link, rc, "dial");
	rc = nng_dialer_start(link->endpoint.dialer, NNG_FLAG_NONBLOCK);
	if (rc != 0) {
		nng_dialer_close(link->endpoint.dialer);
		return link_error(err, link, rc, "dial");
	}
	link->attached = true;
	return 0;
}

static int attach(struct sy_link *link, struct sy_error *err)
{
	return link->listens ? attach_listener(link, err) : attach_dialer(link, err);
}

static void detach(struct sy_link *link)
{
	if (!link->attached)
		return;
	link->attached = false;
	if (link->listens)
		nng_listener_close(link->endpoint.listener);
	else
		nng_dialer_close(link->endpoint.dialer);
}

/* Options of a new socket; all of them before there is a listener or dialer, which inherit them. */
static int set_options(struct sy_link *link, size_t max)
{
	int rc = nng_socket_set_int(link->socket, NNG_OPT_SENDBUF, QUEUE);

	if (rc == 0)
		rc = nng_socket_set_int(link->socket, NNG_OPT_RECVBUF, link->listens ? LISTEN_QUEUE : QUEUE);
	if (rc == 0)
		rc = nng_socket_set_size(link->socket, NNG_OPT_RECVMAXSZ, max);
	if (rc == 0)
		rc = nng_socket_set_ms(link->socket, NNG_OPT_RECONNMINT, REDIAL_MIN_MS);
	if (rc == 0)
		rc = nng_socket_set_ms(link->socket, NNG_OPT_RECONNMAXT, REDIAL_MAX_MS);
	if (rc == 0)
		rc = nng_socket_set_ms(link->socket, NNG_OPT_RECVTIMEO, SY_GATE_RECV_MS);
	if (rc == 0)
		rc = nng_socket_set_ms(link->socket, NNG_OPT_SENDTIMEO, SEND_TIMEOUT_MS);
	return rc;
}

static int open_socket(struct sy_link *link, struct sy_loop *loop, size_t max, struct sy_error *err)
{
	int fd = -1;
	int rc = nng_pair1_open(&link->socket);

	if (rc != 0)
		return link_error(err, link, rc, "open");
	link->open = true;
	rc = set_options(link, max);
	if (rc == 0)
		rc = watch_connections(link);
	if (rc == 0)
		rc = nng_socket_get_int(link->socket, NNG_OPT_RECVFD, &fd);
	if (rc != 0)
		return link_error(err, link, rc, "set up");
	rc = sy_defer_new(&link->more, loop, take_messages, link, err);
	if (rc < 0)
		return rc;
	return sy_io_new(&link->io, loop, fd, SY_READ, on_readable, link, err);
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
	link->gate = calloc(1, sizeof(*link->gate));
	if (!link->gate) {
		free(link);
		return sy_error_oom(err);
	}
	link->listens = listens;
	link->recv = recv;
	link->arg = arg;
	snprintf(link->url, sizeof(link->url), SCHEME "%s", path);
	int rc = listens ? check_directory(link, err) : 0;
	if (rc == 0)
		rc = open_socket(link, loop, max, err);
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
	return attach(link, err);
}

void sy_link_expect(struct sy_link *link, pid_t pid)
{
	atomic_store(&link->gate->pid, pid);
}

void sy_link_free(struct sy_link *link)
{
	if (!link)
		return;
	sy_io_free(link->io); /* before its descriptor goes with the socket */
	sy_defer_free(link->more);
	if (link->listens && link->attached)
		unlink(path_of(link));
	if (link->open)
		sy_link_close_socket(link->socket, link->gate);
	else
		free(link->gate);
	free(link);
}

int sy_link_send(struct sy_link *link, const char *data, size_t len, struct sy_error *err)
{
	nng_msg *msg = NULL;
	int rc = nng_msg_alloc(&msg, 0);

	if (rc != 0)
		return link_error(err, link, rc, "send");
	rc = nng_msg_append(msg, data, len);
	if (rc == 0)
		rc = nng_sendmsg(link->socket, msg, NNG_FLAG_NONBLOCK); /* the library owns msg on success only */
	if (rc == 0)
		return 0;
	nng_msg_free(msg);
	return link_error(err, link, rc, "send");
}
