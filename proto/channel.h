/* A reliable conversation over one link: numbering, acknowledgement, repetition, at most one in flight per coalescing type. Used by both
 * sides, so they cannot drift. Owns no link and no timer: the caller gives it bytes and time, it gives back bytes to send.
 *
 * Bounded: at most SY_CHANNEL_PENDING unacknowledged messages; report, plan and credentials coalesce (a newer body replaces the one waiting),
 * others are refused with -EAGAIN beyond the bound.
 */
#ifndef SY_PROTO_CHANNEL_H
#define SY_PROTO_CHANNEL_H

#include "proto/msg.h"

#define SY_CHANNEL_PENDING 64
#define SY_CHANNEL_RETRY_MS 2000

struct sy_channel;

struct sy_channel_ops {
	/* Put bytes on the link: 0, or -EAGAIN to be asked again at the next tick. */
	int (*send)(void *arg, const char *data, size_t len);
	/* A new message of the peer, in order of arrival, each seq once. A negative return means "this content is not acceptable": it is
	 * not acknowledged, and sy_channel_input returns that error so that the caller can count it against the peer. */
	int (*take)(void *arg, const struct sy_msg *msg, struct sy_error *err);
	/* The peer acknowledged a message of ours. */
	void (*acked)(void *arg, enum sy_msg_type type, uint64_t seq);
};

/* worker: true on the worker's side (decides which types may come in). */
int sy_channel_new(struct sy_channel **ret_channel, bool worker, uint64_t incarnation, const struct sy_channel_ops *ops, void *arg,
		   struct sy_error *err);
void sy_channel_free(struct sy_channel *channel);
/* Queue and try to send. body is borrowed. *ret_seq may be NULL. */
int sy_channel_send(struct sy_channel *channel, enum sy_msg_type type, json_object *body, int64_t now_ms, uint64_t *ret_seq,
		    struct sy_error *err);
/* Bytes from the link. -EINVAL/-EPROTO: the peer broke the protocol. */
int sy_channel_input(struct sy_channel *channel, const char *data, size_t len, int64_t now_ms, struct sy_error *err);
/* Repeat what is overdue. Returns the delay in ms until the next tick is useful, -1 when nothing waits. */
int64_t sy_channel_tick(struct sy_channel *channel, int64_t now_ms);
/* Age of the oldest unacknowledged message in ms, 0 = none: the sign that the link wants renewing. */
int64_t sy_channel_oldest_ms(const struct sy_channel *channel, int64_t now_ms);

#endif
