/* Small helpers on the facts of an object. */
#ifndef SY_WORKERS_PAIR_H
#define SY_WORKERS_PAIR_H

#include <string.h>

#include "object.h"

/* Two hashes in the space of one: enough to see that neither has changed since. */
static inline struct sy_hash sy_pair(const struct sy_hash *a, const struct sy_hash *b)
{
	struct sy_hash pair;
	memcpy(pair.bytes, a->bytes, sizeof(pair.bytes) / 2);
	memcpy(pair.bytes + sizeof(pair.bytes) / 2, b->bytes, sizeof(pair.bytes) / 2);
	return pair;
}

static inline uint64_t sy_half(const struct sy_hash *hash)
{
	uint64_t half;
	memcpy(&half, hash->bytes, sizeof(half));
	return half;
}

/* Downstream is as upstream asks: what we own equals the body, or nothing has changed since our last write. */
static inline bool sy_in_step(const struct sy_object *object)
{
	if (sy_hash_known(&object->owned) && sy_hash_equal(&object->owned, &object->desired))
		return true;
	struct sy_hash now = sy_pair(&object->desired, &object->owned);
	return sy_hash_known(&object->written) && sy_hash_equal(&now, &object->written);
}

/* uid was measured before. */
static inline void sy_uid_copy(char to[SY_UID_MAX], const char *uid)
{
	memcpy(to, uid, strlen(uid) + 1);
}

#endif
