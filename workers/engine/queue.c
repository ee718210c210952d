#include "queue.h"

#include <errno.h>
#include <stdlib.h>

void sy_queue_init(struct sy_queue *queue)
{
	*queue = (struct sy_queue){0};
	TAILQ_INIT(&queue->fresh);
	TAILQ_INIT(&queue->backlog);
}

void sy_queue_done(struct sy_queue *queue)
{
	free(queue->heap);
	sy_queue_init(queue);
}

void sy_queue_drop(struct sy_queue *queue, struct sy_object *object)
{
	if (object->place == SY_IN_FRESH) {
		TAILQ_REMOVE(&queue->fresh, object, link);
		queue->fresh_count--;
	} else if (object->place == SY_IN_BACKLOG) {
		TAILQ_REMOVE(&queue->backlog, object, link);
		queue->backlog_count--;
	} else {
		return;
	}
	object->place = SY_NOWHERE;
}

void sy_queue_push(struct sy_queue *queue, struct sy_object *object, bool fresh)
{
	if (object->place == SY_IN_BACKLOG && fresh)
		sy_queue_drop(queue, object);
	if (object->place != SY_NOWHERE)
		return;
	if (fresh) {
		TAILQ_INSERT_TAIL(&queue->fresh, object, link);
		queue->fresh_count++;
		object->place = SY_IN_FRESH;
	} else {
		TAILQ_INSERT_TAIL(&queue->backlog, object, link);
		queue->backlog_count++;
		object->place = SY_IN_BACKLOG;
	}
}

struct sy_object *sy_queue_pop(struct sy_queue *queue)
{
	struct sy_object *object = TAILQ_FIRST(&queue->fresh);
	if (!object)
		object = TAILQ_FIRST(&queue->backlog);
	if (object)
		sy_queue_drop(queue, object);
	return object;
}

static void put(struct sy_queue *queue, size_t i, struct sy_object *object)
{
	queue->heap[i] = object;
	object->heap_index = (uint32_t)i + 1;
}

static void sift_up(struct sy_queue *queue, size_t i, struct sy_object *object)
{
	while (i > 0) {
		size_t parent = (i - 1) / 2;
		if (queue->heap[parent]->due_ms <= object->due_ms)
			break;
		put(queue, i, queue->heap[parent]);
		i = parent;
	}
	put(queue, i, object);
}

static void sift_down(struct sy_queue *queue, size_t i, struct sy_object *object)
{
	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= queue->heap_count)
			break;
		if (child + 1 < queue->heap_count && queue->heap[child + 1]->due_ms < queue->heap[child]->due_ms)
			child++;
		if (queue->heap[child]->due_ms >= object->due_ms)
			break;
		put(queue, i, queue->heap[child]);
		i = child;
	}
	put(queue, i, object);
}

void sy_queue_unwait(struct sy_queue *queue, struct sy_object *object)
{
	if (!object->heap_index)
		return;
	size_t i = object->heap_index - 1;
	object->heap_index = 0;
	struct sy_object *last = queue->heap[--queue->heap_count];
	if (last == object)
		return;
	if (i > 0 && last->due_ms < queue->heap[(i - 1) / 2]->due_ms)
		sift_up(queue, i, last);
	else
		sift_down(queue, i, last);
}

int sy_queue_wait(struct sy_queue *queue, struct sy_object *object, int64_t due_ms)
{
	sy_queue_unwait(queue, object);
	if (queue->heap_count == queue->heap_size) {
		size_t size = queue->heap_size ? queue->heap_size * 2 : 16;
		struct sy_object **heap = reallocarray(queue->heap, size, sizeof(*heap));
		if (!heap)
			return -ENOMEM;
		queue->heap = heap;
		queue->heap_size = size;
	}
	object->due_ms = due_ms;
	sift_up(queue, queue->heap_count++, object);
	return 0;
}

struct sy_object *sy_queue_due(struct sy_queue *queue, int64_t now_ms)
{
	if (!queue->heap_count || queue->heap[0]->due_ms > now_ms)
		return NULL;
	struct sy_object *object = queue->heap[0];
	sy_queue_unwait(queue, object);
	return object;
}

int64_t sy_queue_next_due(const struct sy_queue *queue)
{
	return queue->heap_count ? queue->heap[0]->due_ms : -1;
}
