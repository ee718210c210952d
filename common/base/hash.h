/* Digests, from OpenSSL's EVP interface. */
#ifndef SY_BASE_HASH_H
#define SY_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* First 16 bytes of SHA-256: identifies content, all zero = "unknown". */
struct sy_hash {
	uint8_t bytes[16];
};

int sy_hash_of(const void *data, size_t len, struct sy_hash *ret_hash); /* 0 or -EIO */
bool sy_hash_equal(const struct sy_hash *a, const struct sy_hash *b);
bool sy_hash_known(const struct sy_hash *hash);
void sy_hash_clear(struct sy_hash *hash);

/* The same digest over data that comes in pieces: new, add any number of times, finish once, free. add and finish return 0 or -EIO. */
struct sy_hasher;
int sy_hasher_new(struct sy_hasher **ret_hasher); /* 0, -ENOMEM or -EIO */
int sy_hasher_add(struct sy_hasher *hasher, const void *data, size_t len);
int sy_hasher_finish(struct sy_hasher *hasher, struct sy_hash *ret_hash);
void sy_hasher_free(struct sy_hasher *hasher); /* accepts NULL */

#define SY_SHA224_SIZE 28
int sy_sha224(const void *data, size_t len, uint8_t ret_digest[SY_SHA224_SIZE]); /* 0 or -EIO */

#endif
