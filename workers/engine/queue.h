/* The worker's queue of keys: each object at most once, fresh changes before the backlog, and one timer heap for everything that waits
 * for a moment. Holds objects, never bodies. No clock of its own: the caller passes the time. */
#ifndef SY_WORKERS_QUEUE_H
#define SY_WORKERS_QUEUE_H

#include <stddef.h>

#include "object.h"

TAILQ_HEAD(sy_object_list, sy_object);

struct sy_queue {
	struct sy_object_list fresh, backlog;
	size_t fresh_count, backlog_count;
	struct sy_object **heap; /* by due_ms, smallest first */
	size_t heap_count, heap_size;
};

void sy_queue_init(struct sy_queue *queue);
void sy_queue_done(struct sy_queue *queue); /* the objects must be out of it */

/* Put an object at the end of a list, or move it from the backlog to the fresh ones. Does nothing when it is there already or in progress.
 * The object must be in no namespace's list. */
void sy_queue_push(struct sy_queue *queue, struct sy_object *object, bool fresh);
/* Take it out of fresh or backlog; does nothing elsewhere. */
void sy_queue_drop(struct sy_queue *queue, struct sy_object *object);
struct sy_object *sy_queue_pop(struct sy_queue *queue); /* NULL: empty */

/* (Re)start the object's timer. 0 or -ENOMEM. */
int sy_queue_wait(struct sy_queue *queue, struct sy_object *object, int64_t due_ms);
void sy_queue_unwait(struct sy_queue *queue, struct sy_object *object);
/* The next object whose time has come, its timer stopped; NULL: none. */
struct sy_object *sy_queue_due(struct sy_queue *queue, int64_t now_ms);
/* When to ask again, or -1. */
int64_t sy_queue_next_due(const struct sy_queue *queue);

#endif
