#include "link/queue.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct sy_link_message {
	struct sy_link_message *next;
	size_t len; /* head included */
	char data[];
};

int sy_link_queue_add(struct sy_link_queue *queue, const char *data, size_t len)
{
	const uint32_t head = htobe32((uint32_t)len);

	if (len > UINT32_MAX)
		return -EMSGSIZE;
	if (queue->count >= SY_LINK_QUEUE_MESSAGES || (queue->count > 0 && queue->bytes + len > SY_LINK_QUEUE_BYTES))
		return -EAGAIN;
	struct sy_link_message *message = malloc(sizeof(*message) + SY_LINK_HEAD + len);
	if (!message)
		return -ENOMEM;
	message->next = NULL;
	message->len = SY_LINK_HEAD + len;
	memcpy(message->data, &head, SY_LINK_HEAD);
	memcpy(message->data + SY_LINK_HEAD, data, len);
	if (queue->last)
		queue->last->next = message;
	else
		queue->first = message;
	queue->last = message;
	queue->count++;
	queue->bytes += len;
	return 0;
}

size_t sy_link_queue_front(const struct sy_link_queue *queue, const char **ret_data)
{
	if (!queue->first)
		return 0;
	*ret_data = queue->first->data + queue->written;
	return queue->first->len - queue->written;
}

static void drop_first(struct sy_link_queue *queue)
{
	struct sy_link_message *message = queue->first;

	queue->first = message->next;
	if (!queue->first)
		queue->last = NULL;
	queue->count--;
	queue->bytes -= message->len - SY_LINK_HEAD;
	queue->written = 0;
	explicit_bzero(message->data, message->len); /* credentials pass here */
	free(message);
}

void sy_link_queue_written(struct sy_link_queue *queue, size_t len)
{
	queue->written += len;
	if (queue->first && queue->written >= queue->first->len)
		drop_first(queue);
}

void sy_link_queue_cut(struct sy_link_queue *queue, bool begun)
{
	if (queue->first && (begun || queue->written > 0))
		drop_first(queue);
}

void sy_link_queue_done(struct sy_link_queue *queue)
{
	while (queue->first)
		drop_first(queue);
}
