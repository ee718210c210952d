#include "base/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define SHA256_SIZE 32

struct sy_hasher {
	EVP_MD_CTX *ctx;
	size_t used;
	uint8_t block[4096]; /* EVP calls cost more than copies of a few bytes */
};

int sy_hasher_new(struct sy_hasher **ret_hasher)
{
	struct sy_hasher *hasher = malloc(sizeof(*hasher));

	if (!hasher)
		return -ENOMEM;
	hasher->used = 0;
	hasher->ctx = EVP_MD_CTX_new();
	if (!hasher->ctx || EVP_DigestInit_ex(hasher->ctx, EVP_sha256(), NULL) != 1) {
		sy_hasher_free(hasher);
		return -EIO;
	}
	*ret_hasher = hasher;
	return 0;
}

int sy_hasher_add(struct sy_hasher *hasher, const void *data, size_t len)
{
	if (len > sizeof(hasher->block) - hasher->used) {
		if (hasher->used > 0 && EVP_DigestUpdate(hasher->ctx, hasher->block, hasher->used) != 1)
			return -EIO;
		hasher->used = 0;
		if (len > sizeof(hasher->block))
			return EVP_DigestUpdate(hasher->ctx, data, len) == 1 ? 0 : -EIO;
	}
	if (len > 0)
		memcpy(hasher->block + hasher->used, data, len);
	hasher->used += len;
	return 0;
}

int sy_hasher_finish(struct sy_hasher *hasher, struct sy_hash *ret_hash)
{
	uint8_t digest[SHA256_SIZE];

	if (EVP_DigestUpdate(hasher->ctx, hasher->block, hasher->used) != 1 || EVP_DigestFinal_ex(hasher->ctx, digest, NULL) != 1)
		return -EIO;
	memcpy(ret_hash->bytes, digest, sizeof(ret_hash->bytes));
	return 0;
}

void sy_hasher_free(struct sy_hasher *hasher)
{
	if (!hasher)
		return;
	EVP_MD_CTX_free(hasher->ctx);
	free(hasher);
}

int sy_hash_of(const void *data, size_t len, struct sy_hash *ret_hash)
{
	uint8_t digest[SHA256_SIZE];

	if (EVP_Digest(len > 0 ? data : "", len, digest, NULL, EVP_sha256(), NULL) != 1)
		return -EIO;
	memcpy(ret_hash->bytes, digest, sizeof(ret_hash->bytes));
	return 0;
}

bool sy_hash_equal(const struct sy_hash *a, const struct sy_hash *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool sy_hash_known(const struct sy_hash *hash)
{
	static const struct sy_hash unknown;

	return !sy_hash_equal(hash, &unknown);
}

void sy_hash_clear(struct sy_hash *hash)
{
	memset(hash, 0, sizeof(*hash));
}

int sy_sha224(const void *data, size_t len, uint8_t ret_digest[SY_SHA224_SIZE])
{
	return EVP_Digest(len > 0 ? data : "", len, ret_digest, NULL, EVP_sha224(), NULL) == 1 ? 0 : -EIO;
}
