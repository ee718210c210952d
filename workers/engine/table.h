/* Objects of one resource by key: a chained hash table that owns its objects. */
#ifndef SY_WORKERS_TABLE_H
#define SY_WORKERS_TABLE_H

#include <stddef.h>

#include "object.h"
#include "slab.h"

#define SY_KEY_TEXT_MAX 320 /* 63 + '/' + 253 + '=' + NUL, rounded up */

struct sy_table {
	struct sy_object **buckets;
	size_t bucket_count; /* power of two, 0 before the first object */
	size_t count;
	struct sy_slab *slab; /* where the objects live */
	uint32_t seed;	      /* keys are chosen by tenants: no chain of their making */
};

/* The slab is borrowed and outlives the table. */
void sy_table_init(struct sy_table *table, struct sy_slab *slab, uint32_t seed);
/* Frees all objects; they must be in no list. */
void sy_table_done(struct sy_table *table);
struct sy_object *sy_table_find(const struct sy_table *table, const char *key);
/* A new, zeroed object with its key; NULL when out of memory or the key is too long. The key must not be there yet. */
struct sy_object *sy_table_add(struct sy_table *table, const char *key);
/* Unlinks and frees. */
void sy_table_remove(struct sy_table *table, struct sy_object *object);
/* Iterate: first with NULL. The object given may be removed after its successor was asked for. */
struct sy_object *sy_table_next(const struct sy_table *table, const struct sy_object *object);

#endif
