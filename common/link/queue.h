/* Messages that wait to be written, in order, each behind its length. Bounded by number and bytes. Private to common/link. */
#ifndef SY_LINK_QUEUE_H
#define SY_LINK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#define SY_LINK_HEAD 4 /* bytes before a message: its length, big-endian */
#define SY_LINK_QUEUE_MESSAGES 256
#define SY_LINK_QUEUE_BYTES (1024u * 1024) /* a message larger than this waits alone */

struct sy_link_message;

struct sy_link_queue {
	struct sy_link_message *first;
	struct sy_link_message *last;
	size_t count;
	size_t bytes;
	size_t written; /* of the first, its head included */
};

/* Copies. 0, -EAGAIN (full), -EMSGSIZE or -ENOMEM. */
int sy_link_queue_add(struct sy_link_queue *queue, const char *data, size_t len);
/* What is left of the first message; 0 = nothing waits. Valid until the queue changes. */
size_t sy_link_queue_front(const struct sy_link_queue *queue, const char **ret_data);
/* So much of it is written. */
void sy_link_queue_written(struct sy_link_queue *queue, size_t len);
/* The connection has ended: a message that was begun is given up, so that one which the peer does not take cannot come back for ever. */
void sy_link_queue_cut(struct sy_link_queue *queue, bool begun);
void sy_link_queue_done(struct sy_link_queue *queue);

#endif
