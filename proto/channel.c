#include "proto/channel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

/* How far back a receiver remembers single numbers. Older ones count as taken: a sender repeats every two seconds, so a message that is
 * this far behind was lost for longer than either side keeps a silent link. */
#define WINDOW 1024u
#define PENDING_BYTES (2u * SY_MAX_IPC_BYTES)
#define REFUSED_MS 200 /* the link would not take a message: ask again soon */

struct pending {
	struct pending *next;
	uint64_t seq;
	enum sy_msg_type type;
	bool sent;
	int64_t sent_ms;
	int64_t since_ms; /* when the state it carries began to wait */
	char *data;
	size_t len;
};

struct sy_channel {
	bool worker;
	uint64_t incarnation;
	const struct sy_channel_ops *ops;
	void *arg;

	uint64_t last_sent;
	struct pending *pending; /* in order of seq */
	size_t pending_count;
	size_t pending_bytes;
	int64_t acked_ms; /* time of the last acknowledgement of anything that was waiting */

	uint64_t highest;		   /* largest seq taken */
	uint64_t taken[WINDOW / 64];	   /* bit of seq % WINDOW, for (highest - WINDOW, highest] */
	uint64_t last_of[SY_MSG_TYPE_MAX]; /* largest seq taken per type */
};

static bool coalesces(enum sy_msg_type type)
{
	return type == SY_MSG_REPORT || type == SY_MSG_PLAN || type == SY_MSG_CREDENTIALS;
}

int sy_channel_new(struct sy_channel **ret_channel, bool worker, uint64_t incarnation, const struct sy_channel_ops *ops, void *arg,
		   struct sy_error *err)
{
	struct sy_channel *channel = calloc(1, sizeof(*channel));

	if (!channel)
		return sy_error_oom(err);
	channel->worker = worker;
	channel->incarnation = incarnation;
	channel->ops = ops;
	channel->arg = arg;
	*ret_channel = channel;
	return 0;
}

static void pending_free(struct pending *pending)
{
	if (pending->data)
		explicit_bzero(pending->data, pending->len); /* hello and credentials hold secrets */
	free(pending->data);
	free(pending);
}

/* Take the entry at *at out of the list. */
static void pending_remove(struct sy_channel *channel, struct pending **at)
{
	struct pending *pending = *at;

	*at = pending->next;
	channel->pending_count--;
	channel->pending_bytes -= pending->len;
	pending_free(pending);
}

void sy_channel_free(struct sy_channel *channel)
{
	if (!channel)
		return;
	while (channel->pending)
		pending_remove(channel, &channel->pending);
	free(channel);
}

/* Send what is due, oldest first, until the link refuses. */
static void transmit(struct sy_channel *channel, int64_t now_ms)
{
	for (struct pending *p = channel->pending; p; p = p->next) {
		if (p->sent && now_ms - p->sent_ms < SY_CHANNEL_RETRY_MS)
			continue;
		if (channel->ops->send(channel->arg, p->data, p->len) < 0)
			return;
		p->sent = true;
		p->sent_ms = now_ms;
	}
}

/* Encode body as the next message. */
static int make(struct sy_channel *channel, enum sy_msg_type type, json_object *body, struct pending **ret_pending, struct sy_error *err)
{
	struct sy_buf buf;
	struct pending *pending = calloc(1, sizeof(*pending));

	if (!pending)
		return sy_error_oom(err);
	sy_buf_init(&buf, SY_MAX_IPC_BYTES);
	int rc = sy_msg_encode(channel->incarnation, channel->last_sent + 1, type, body, &buf, err);
	if (rc < 0) {
		sy_buf_done(&buf);
		free(pending);
		return rc;
	}
	pending->seq = channel->last_sent + 1;
	pending->type = type;
	pending->len = buf.len;
	pending->data = sy_buf_take(&buf);
	*ret_pending = pending;
	return 0;
}

static void append(struct sy_channel *channel, struct pending *pending)
{
	struct pending **at = &channel->pending;

	/* A newer state replaces the one waiting, but keeps its age: otherwise a stream of reports would hide a dead link. */
	while (*at) {
		if (coalesces(pending->type) && (*at)->type == pending->type) {
			pending->since_ms = (*at)->since_ms;
			pending_remove(channel, at);
		} else {
			at = &(*at)->next;
		}
	}
	*at = pending;
	channel->pending_count++;
	channel->pending_bytes += pending->len;
	channel->last_sent = pending->seq;
}

int sy_channel_send(struct sy_channel *channel, enum sy_msg_type type, json_object *body, int64_t now_ms, uint64_t *ret_seq,
		    struct sy_error *err)
{
	struct pending *pending = NULL;

	if (type == SY_MSG_ACK || !(channel->worker ? sy_msg_from_worker(type) : sy_msg_from_supervisor(type)))
		return sy_error_set(err, EINVAL, "a message of type %s is not sent by this side", sy_msg_type_name(type));
	/* One place is kept free per state, so that a flood of events cannot silence the reports. */
	size_t most = coalesces(type) ? SY_CHANNEL_PENDING : SY_CHANNEL_PENDING - 3;
	if (channel->pending_count >= most)
		return sy_error_set(err, EAGAIN, "%zu messages wait for their acknowledgement", channel->pending_count);
	int rc = make(channel, type, body, &pending, err);
	if (rc < 0 || !pending)
		return rc;
	if (channel->pending_bytes + pending->len > PENDING_BYTES && !coalesces(type)) {
		pending_free(pending);
		return sy_error_set(err, EAGAIN, "%zu bytes wait for their acknowledgement", channel->pending_bytes);
	}
	pending->since_ms = now_ms;
	append(channel, pending);
	if (ret_seq)
		*ret_seq = pending->seq;
	transmit(channel, now_ms);
	return 0;
}

static int take_ack(struct sy_channel *channel, const struct sy_msg *msg, int64_t now_ms, struct sy_error *err)
{
	uint64_t seq = 0;
	int rc = sy_ack_decode(msg->body, &seq, err);

	if (rc < 0)
		return rc;
	if (seq == 0 || seq > channel->last_sent)
		return sy_error_set(err, EPROTO, "message.body.seq: %" PRIu64 " was never sent", seq);
	/* Also an acknowledgement of a message that was replaced meanwhile says that the link works. */
	channel->acked_ms = now_ms;
	for (struct pending **at = &channel->pending; *at; at = &(*at)->next) {
		if ((*at)->seq == seq) {
			enum sy_msg_type type = (*at)->type;

			pending_remove(channel, at);
			if (channel->ops->acked)
				channel->ops->acked(channel->arg, type, seq);
			break;
		}
	}
	return 0;
}

static bool was_taken(const struct sy_channel *channel, const struct sy_msg *msg)
{
	if (coalesces(msg->type) && msg->seq <= channel->last_of[msg->type])
		return true; /* an older state than the one we have */
	if (msg->seq > channel->highest)
		return false;
	if (channel->highest - msg->seq >= WINDOW)
		return true;
	return channel->taken[msg->seq % WINDOW / 64] >> (msg->seq % 64) & 1;
}

static void mark_taken(struct sy_channel *channel, const struct sy_msg *msg)
{
	if (msg->seq > channel->highest) {
		if (msg->seq - channel->highest >= WINDOW) {
			memset(channel->taken, 0, sizeof(channel->taken));
		} else {
			/* Counted by distance: a worker may send the largest number there is, after which seq++ would begin again. */
			for (uint64_t step = msg->seq - channel->highest; step > 0; step--) {
				uint64_t seq = msg->seq - step + 1;

				channel->taken[seq % WINDOW / 64] &= ~(UINT64_C(1) << (seq % 64));
			}
		}
		channel->highest = msg->seq;
	}
	channel->taken[msg->seq % WINDOW / 64] |= UINT64_C(1) << (msg->seq % 64);
	if (msg->seq > channel->last_of[msg->type])
		channel->last_of[msg->type] = msg->seq;
}

/* An acknowledgement that does not go out is no loss: the peer repeats, and is answered again. */
static int answer(struct sy_channel *channel, uint64_t seq, struct sy_error *err)
{
	struct sy_buf buf;
	sy_auto_json json_object *body = NULL;
	int rc = sy_ack_encode(seq, &body, err);

	if (rc < 0)
		return rc;
	sy_buf_init(&buf, 256);
	/* Acknowledgements are not numbered among the messages that are acknowledged: their seq is the one they answer. */
	rc = sy_msg_encode(channel->incarnation, seq, SY_MSG_ACK, body, &buf, err);
	if (rc == 0)
		channel->ops->send(channel->arg, buf.data, buf.len);
	sy_buf_done(&buf);
	return rc;
}

static int take_message(struct sy_channel *channel, const struct sy_msg *msg, int64_t now_ms, struct sy_error *err)
{
	if (msg->incarnation != channel->incarnation)
		return sy_error_set(err, EPROTO, "message.inc: of another incarnation");
	if (!(channel->worker ? sy_msg_from_supervisor(msg->type) : sy_msg_from_worker(msg->type)))
		return sy_error_set(err, EPROTO, "message.type: %s may not come from this side", sy_msg_type_name(msg->type));
	if (msg->type == SY_MSG_ACK)
		return take_ack(channel, msg, now_ms, err);
	if (!was_taken(channel, msg)) {
		int rc = channel->ops->take(channel->arg, msg, err);

		if (rc < 0)
			return rc;
		mark_taken(channel, msg);
	}
	return answer(channel, msg->seq, err);
}

int sy_channel_input(struct sy_channel *channel, const char *data, size_t len, int64_t now_ms, struct sy_error *err)
{
	struct sy_msg msg = {0};
	int rc = sy_msg_decode(data, len, &msg, err);

	if (rc < 0)
		return rc;
	rc = take_message(channel, &msg, now_ms, err);
	sy_msg_done(&msg);
	return rc;
}

int64_t sy_channel_tick(struct sy_channel *channel, int64_t now_ms)
{
	int64_t next = -1;

	transmit(channel, now_ms);
	for (const struct pending *p = channel->pending; p; p = p->next) {
		int64_t wait = p->sent ? p->sent_ms + SY_CHANNEL_RETRY_MS - now_ms : REFUSED_MS;

		if (wait < 1)
			wait = REFUSED_MS;
		if (next < 0 || wait < next)
			next = wait;
	}
	return next;
}

int64_t sy_channel_oldest_ms(const struct sy_channel *channel, int64_t now_ms)
{
	int64_t since = now_ms;

	for (const struct pending *p = channel->pending; p; p = p->next)
		if (p->since_ms < since)
			since = p->since_ms;
	if (channel->pending && channel->acked_ms > since)
		since = channel->acked_ms;
	return now_ms - since;
}
