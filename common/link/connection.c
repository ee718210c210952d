#include <endian.h>
#include <errno.h>
#include <nng/transport/ipc/ipc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/backoff.h"
#include "link/link_impl.h"

/* Messages taken per turn of the loop: a peer that floods gets this share and no more, the other links have theirs in between. */
#define PER_TURN 32
#define KEPT_BYTES (64 * 1024) /* memory for incoming messages that an idle link keeps */

static const struct sy_backoff_rule redial = {.first_ms = 100, .max_ms = 30000};

/* Who is at the other end, as the kernel recorded it when the connection was made. */
static bool identify(struct sy_link *link)
{
	uint64_t pid = 0;
	uint64_t uid = 0;

	if (nng_stream_get_uint64(link->stream, NNG_OPT_IPC_PEER_PID, &pid) != 0 ||
	    nng_stream_get_uint64(link->stream, NNG_OPT_IPC_PEER_UID, &uid) != 0)
		return false;
	link->peer_pid = (pid_t)pid;
	link->peer_uid = (uid_t)uid;
	return link->expected == 0 || (link->peer_pid == link->expected && link->peer_uid == geteuid());
}

void sy_link_meet(void *arg)
{
	struct sy_link *link = arg;

	if (link->stream || link->meet.pending)
		return;
	sy_link_op_begin(&link->meet);
	if (link->listener)
		nng_stream_listener_accept(link->listener, link->meet.aio);
	else
		nng_stream_dialer_dial(link->dialer, link->meet.aio);
}

static void meet_later(struct sy_link *link)
{
	link->failures++;
	sy_timer_start(link->again, sy_backoff_delay_ms(&redial, link->failures, arc4random()));
}

void sy_link_end_stream(struct sy_link *link)
{
	if (!link->stream)
		return;
	bool sending = link->out.pending;

	nng_stream_close(link->stream);
	sy_link_op_drop(&link->in, false);
	sy_link_op_drop(&link->out, false);
	nng_stream_free(link->stream);
	link->stream = NULL;
	sy_link_queue_cut(&link->queue, sending);
	sy_buf_reset(&link->got);
}

static void hang_up(struct sy_link *link)
{
	sy_link_end_stream(link);
	if (link->listens)
		sy_link_meet(link);
	else
		meet_later(link);
}

static void read_more(struct sy_link *link)
{
	nng_iov iov = {.iov_buf = link->chunk, .iov_len = sizeof(link->chunk)};

	if (link->got.len == 0 && link->got.cap > KEPT_BYTES)
		sy_buf_done(&link->got);
	nng_aio_set_iov(link->in.aio, 1, &iov);
	sy_link_op_begin(&link->in);
	nng_stream_recv(link->stream, link->in.aio);
}

void sy_link_write_more(struct sy_link *link)
{
	const char *data = NULL;
	size_t len = sy_link_queue_front(&link->queue, &data);

	if (!link->stream || link->out.pending || len == 0)
		return;
	/* nng only reads what is sent; the queue keeps it until then. */
	nng_iov iov = {.iov_buf = (void *)(uintptr_t)data, .iov_len = len};
	nng_aio_set_iov(link->out.aio, 1, &iov);
	sy_link_op_begin(&link->out);
	nng_stream_send(link->stream, link->out.aio);
}

/* Length of the first message in `got`, -EAGAIN while it is not complete, -EMSGSIZE when it never will be. */
static int64_t complete(const struct sy_link *link)
{
	uint32_t head;

	if (link->got.len < SY_LINK_HEAD)
		return -EAGAIN;
	memcpy(&head, link->got.data, SY_LINK_HEAD);
	size_t len = be32toh(head);
	if (len > link->max)
		return -EMSGSIZE;
	return link->got.len - SY_LINK_HEAD < len ? -EAGAIN : (int64_t)len;
}

void sy_link_take_messages(void *arg)
{
	struct sy_link *link = arg;
	nng_stream *stream = link->stream;

	if (!stream || link->in.pending)
		return;
	for (int i = 0; i < PER_TURN; i++) {
		int64_t len = complete(link);

		if (len == -EMSGSIZE) {
			hang_up(link);
			return;
		}
		if (len < 0) {
			read_more(link);
			return;
		}
		link->recv(link->arg, link->got.data + SY_LINK_HEAD, (size_t)len, link->peer_pid, link->peer_uid);
		if (link->stream != stream || link->in.pending)
			return; /* it was renewed */
		sy_buf_consume(&link->got, SY_LINK_HEAD + (size_t)len);
	}
	sy_defer_mark(link->more);
}

static void on_met(struct sy_link *link)
{
	if (nng_aio_result(link->meet.aio) != 0) {
		meet_later(link);
		return;
	}
	link->stream = nng_aio_get_output(link->meet.aio, 0);
	if (!identify(link)) {
		hang_up(link);
		return;
	}
	link->failures = 0;
	read_more(link);
	sy_link_write_more(link);
}

static void on_read(struct sy_link *link)
{
	size_t len = nng_aio_count(link->in.aio);

	if (nng_aio_result(link->in.aio) != 0 || len == 0 || sy_buf_add(&link->got, link->chunk, len) < 0)
		hang_up(link);
	else
		sy_link_take_messages(link);
}

static void on_written(struct sy_link *link)
{
	if (nng_aio_result(link->out.aio) != 0) {
		hang_up(link);
		return;
	}
	sy_link_queue_written(&link->queue, nng_aio_count(link->out.aio));
	sy_link_write_more(link);
}

void sy_link_on_wake(void *arg, unsigned events)
{
	struct sy_link *link = arg;
	uint64_t count;

	(void)events;
	if (read(link->wake, &count, sizeof(count)) < 0)
		return; /* a wake that an earlier one has answered */
	if (sy_link_op_ended(&link->meet))
		on_met(link);
	if (sy_link_op_ended(&link->out))
		on_written(link);
	if (sy_link_op_ended(&link->in))
		on_read(link);
}
