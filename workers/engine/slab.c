#include "slab.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK (64u * 1024) /* pages are only touched when their cells are */

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OWN_ALLOCATIONS true
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define OWN_ALLOCATIONS true
#endif
#ifndef OWN_ALLOCATIONS
#define OWN_ALLOCATIONS false
#endif

struct cell {
	struct sy_slab_chunk *chunk;
	union {
		struct cell *next; /* while free */
		uint64_t start;	   /* of the record */
	};
};

struct sy_slab_chunk {
	LIST_ENTRY(sy_slab_chunk) link; /* while it has a free cell */
	struct cell *free;		/* cells that were given back */
	size_t cell_size;
	size_t used, carved; /* cells in use; cells that were ever in use */
	size_t capacity;
	unsigned class;
	uint64_t cells;
};

static struct cell *cell_at(struct sy_slab_chunk *chunk, size_t i)
{
	return (struct cell *)((char *)&chunk->cells + i * chunk->cell_size);
}

void sy_slab_init(struct sy_slab *slab)
{
	*slab = (struct sy_slab){0};
}

static struct sy_slab_chunk *add_chunk(struct sy_slab *slab, unsigned class)
{
	struct sy_slab_chunk *chunk = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (chunk == MAP_FAILED)
		return NULL;
	chunk->class = class;
	chunk->cell_size = offsetof(struct cell, start) + (class + 1) * SY_SLAB_STEP;
	chunk->capacity = (CHUNK - offsetof(struct sy_slab_chunk, cells)) / chunk->cell_size;
	LIST_INSERT_HEAD(&slab->open[class], chunk, link);
	slab->chunks++;
	return chunk;
}

void *sy_slab_get(struct sy_slab *slab, size_t size)
{
	if (!size || size > SY_SLAB_MAX)
		return NULL;
	if (OWN_ALLOCATIONS)
		return calloc(1, size);
	unsigned class = (unsigned)((size - 1) / SY_SLAB_STEP);
	struct sy_slab_chunk *chunk = LIST_FIRST(&slab->open[class]);
	if (!chunk && !(chunk = add_chunk(slab, class)))
		return NULL;
	struct cell *cell = chunk->free;
	if (cell) {
		chunk->free = cell->next;
		memset(&cell->start, 0, chunk->cell_size - offsetof(struct cell, start));
	} else {
		cell = cell_at(chunk, chunk->carved++); /* fresh pages are zero */
		cell->chunk = chunk;
	}
	if (++chunk->used == chunk->capacity)
		LIST_REMOVE(chunk, link);
	return &cell->start;
}

void sy_slab_put(struct sy_slab *slab, void *record)
{
	if (!record)
		return;
	if (OWN_ALLOCATIONS) {
		free(record);
		return;
	}
	struct cell *cell = (struct cell *)((char *)record - offsetof(struct cell, start));
	struct sy_slab_chunk *chunk = cell->chunk;
	if (chunk->used == chunk->capacity)
		LIST_INSERT_HEAD(&slab->open[chunk->class], chunk, link);
	if (--chunk->used == 0) {
		LIST_REMOVE(chunk, link);
		munmap(chunk, CHUNK);
		slab->chunks--;
		return;
	}
	cell->next = chunk->free;
	chunk->free = cell;
}
