/* Memory for records that stay: cells of similar size lie side by side in chunks of their own pages. On the common heap they would land
 * between the short-lived trees of the events that brought them, and the holes that those leave could never be given back.
 * With the address sanitizer every record is an allocation of its own, so that its misuse is seen. */
#ifndef SY_WORKERS_SLAB_H
#define SY_WORKERS_SLAB_H

#include <stddef.h>
#include <sys/queue.h>

#define SY_SLAB_STEP 32u  /* sizes are rounded up to this */
#define SY_SLAB_MAX 1024u /* largest record */

struct sy_slab_chunk;
LIST_HEAD(sy_slab_chunks, sy_slab_chunk);

struct sy_slab {
	struct sy_slab_chunks open[SY_SLAB_MAX / SY_SLAB_STEP]; /* chunks with a free cell, by size */
	size_t chunks;						/* of all sizes, full ones included */
};

void sy_slab_init(struct sy_slab *slab);
/* A zeroed record, aligned for pointers; NULL: out of memory, or larger than SY_SLAB_MAX. */
void *sy_slab_get(struct sy_slab *slab, size_t size);
/* Accepts NULL. An empty chunk goes back to the system at once. */
void sy_slab_put(struct sy_slab *slab, void *record);

#endif
