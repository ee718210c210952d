#include "table.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_BUCKETS 16u

static const char *const reason_names[SY_REASON_MAX] = {
	[SY_REASON_NONE] = "",
	[SY_REASON_SCHEMA_MISMATCH] = "SchemaMismatch",
	[SY_REASON_INVALID] = "Invalid",
	[SY_REASON_INVALID_NAME] = "InvalidName",
	[SY_REASON_TOO_LARGE] = "TooLarge",
	[SY_REASON_UNAUTHORIZED] = "Unauthorized",
	[SY_REASON_FOREIGN] = "ForeignObject",
	[SY_REASON_NAME_COLLISION] = "NameCollision",
	[SY_REASON_STATUS_REJECTED] = "StatusRejected",
	[SY_REASON_SOFT_FINALIZERS] = "SoftFinalizers",
	[SY_REASON_NOT_SERVED] = "NotServed",
	[SY_REASON_UP_FORBIDDEN] = "UpstreamForbidden",
	[SY_REASON_TERMINATING] = "Terminating",
	[SY_REASON_CONTENDED] = "Contended",
	[SY_REASON_HELD] = "MassDeletionHeld",
	[SY_REASON_TRANSIENT] = "Transient",
};

const char *sy_reason_name(enum sy_reason reason)
{
	return reason < SY_REASON_MAX ? reason_names[reason] : "";
}

bool sy_reason_shows(enum sy_reason reason, int64_t lasts_ms)
{
	if (reason == SY_REASON_TRANSIENT || reason == SY_REASON_TERMINATING)
		return lasts_ms >= SY_LASTING_MS;
	return reason != SY_REASON_NONE;
}

const char *sy_object_name(const struct sy_object *object)
{
	const char *slash = strchr(object->key, '/');
	return slash ? slash + 1 : object->key;
}

void sy_table_init(struct sy_table *table, struct sy_slab *slab, uint32_t seed)
{
	*table = (struct sy_table){.slab = slab, .seed = seed};
}

void sy_table_done(struct sy_table *table)
{
	struct sy_object *object = sy_table_next(table, NULL);
	while (object) {
		struct sy_object *next = sy_table_next(table, object);
		sy_slab_put(table->slab, object);
		object = next;
	}
	free(table->buckets);
	sy_table_init(table, table->slab, table->seed);
}

/* FNV-1a with a random start. */
static uint32_t hash_key(const struct sy_table *table, const char *key)
{
	uint32_t hash = 2166136261u ^ table->seed;
	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 16777619u;
	return hash ^ (hash >> 15);
}

static struct sy_object **bucket_of(const struct sy_table *table, const char *key)
{
	return &table->buckets[hash_key(table, key) & (uint32_t)(table->bucket_count - 1)];
}

static bool grow(struct sy_table *table)
{
	struct sy_table bigger = {.bucket_count = table->bucket_count ? table->bucket_count * 2 : FIRST_BUCKETS, .seed = table->seed};
	bigger.buckets = calloc(bigger.bucket_count, sizeof(*bigger.buckets));
	if (!bigger.buckets)
		return false;
	for (size_t i = 0; i < table->bucket_count; i++) {
		struct sy_object *object = table->buckets[i];
		while (object) {
			struct sy_object *next = object->next;
			struct sy_object **bucket = bucket_of(&bigger, object->key);
			object->next = *bucket;
			*bucket = object;
			object = next;
		}
	}
	free(table->buckets);
	table->buckets = bigger.buckets;
	table->bucket_count = bigger.bucket_count;
	return true;
}

struct sy_object *sy_table_find(const struct sy_table *table, const char *key)
{
	if (!table->bucket_count)
		return NULL;
	struct sy_object *object = *bucket_of(table, key);
	while (object && strcmp(object->key, key) != 0)
		object = object->next;
	return object;
}

struct sy_object *sy_table_add(struct sy_table *table, const char *key)
{
	size_t len = strlen(key);
	if (len >= SY_KEY_TEXT_MAX)
		return NULL;
	/* A table that cannot grow any more still works, with longer chains. */
	if (table->count >= table->bucket_count && !grow(table) && !table->bucket_count)
		return NULL;
	/* The key begins in the padding at the end of the struct: objects are many. */
	size_t size = offsetof(struct sy_object, key) + len + 1;
	struct sy_object *object = sy_slab_get(table->slab, size > sizeof(*object) ? size : sizeof(*object));
	if (!object)
		return NULL;
	memcpy(object->key, key, len + 1);
	object->finalizer_index = SY_OBJECT_NONE;
	object->update_index = SY_OBJECT_NONE;
	struct sy_object **bucket = bucket_of(table, key);
	object->next = *bucket;
	*bucket = object;
	table->count++;
	return object;
}

void sy_table_remove(struct sy_table *table, struct sy_object *object)
{
	struct sy_object **at = bucket_of(table, object->key);
	while (*at && *at != object)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = object->next;
	table->count--;
	sy_slab_put(table->slab, object);
}

struct sy_object *sy_table_next(const struct sy_table *table, const struct sy_object *object)
{
	size_t i = 0;
	if (object) {
		if (object->next)
			return object->next;
		i = (size_t)(hash_key(table, object->key) & (uint32_t)(table->bucket_count - 1)) + 1;
	}
	for (; i < table->bucket_count; i++)
		if (table->buckets[i])
			return table->buckets[i];
	return NULL;
}
