/* The inside of a link, shared by link.c (where it listens or dials) and connection.c (what passes over it). */
#ifndef SY_LINK_LINK_IMPL_H
#define SY_LINK_LINK_IMPL_H

#include <sys/un.h>

#include "base/buf.h"
#include "link/link.h"
#include "link/op.h"
#include "link/queue.h"

#define SY_LINK_CHUNK 4096 /* bytes asked for at a time */
#define SY_LINK_SCHEME "ipc://"

struct sy_link {
	bool listens;
	size_t max;
	sy_link_recv_fn *recv;
	void *arg;
	int wake; /* eventfd: an operation has ended */
	struct sy_io *io;
	struct sy_defer *more;	/* messages are left in `got` */
	struct sy_timer *again; /* meet again */
	nng_stream_listener *listener;
	nng_stream_dialer *dialer;
	struct sy_link_op meet; /* accept or dial */
	unsigned failures;	/* to meet, in a row */
	pid_t expected;		/* 0 = whoever comes */

	nng_stream *stream; /* NULL = no connection */
	pid_t peer_pid;
	uid_t peer_uid;
	struct sy_link_op in;
	struct sy_link_op out;
	struct sy_buf got; /* read and not yet taken */
	struct sy_link_queue queue;
	char chunk[SY_LINK_CHUNK]; /* being read into */
	char url[sizeof(SY_LINK_SCHEME) + sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* Wait for the next connection, unless there is one. Also a timer's callback. */
void sy_link_meet(void *link);
/* End the connection, and no more. */
void sy_link_end_stream(struct sy_link *link);
/* Go on with what has been read: a deferred callback. */
void sy_link_take_messages(void *link);
/* Go on with what is queued. */
void sy_link_write_more(struct sy_link *link);
/* An operation has ended: callback of the eventfd. */
void sy_link_on_wake(void *link, unsigned events);

#endif
