#include "kcp/base_n.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/hash.h"

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* Divide the big-endian number in place; returns the remainder. */
static unsigned divide(uint8_t *number, size_t len, unsigned base)
{
	unsigned rest = 0;

	for (size_t i = 0; i < len; i++) {
		rest = rest << 8 | number[i];
		number[i] = (uint8_t)(rest / base);
		rest %= base;
	}
	return rest;
}

static bool is_zero(const uint8_t *number, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (number[i])
			return false;
	return true;
}

static int digest_base(const char *text, unsigned base, bool keep_zero_bytes, char out[SY_DIGEST_TEXT_MAX])
{
	uint8_t number[SY_SHA224_SIZE];
	char reversed[SY_DIGEST_TEXT_MAX];
	size_t len = 0;
	size_t used = 0;

	int ret = sy_sha224(text, strlen(text), number);
	if (ret < 0)
		return ret;
	for (size_t i = 0; keep_zero_bytes && i < sizeof(number) && !number[i]; i++)
		out[used++] = '0';
	while (!is_zero(number, sizeof(number)))
		reversed[len++] = digits[divide(number, sizeof(number), base)];
	while (len > 0)
		out[used++] = reversed[--len];
	if (used == 0)
		out[used++] = '0';
	out[used] = '\0';
	return 0;
}

int sy_digest_base62(const char *text, char out[SY_DIGEST_TEXT_MAX])
{
	return digest_base(text, 62, false, out);
}

int sy_digest_base36(const char *text, char out[SY_DIGEST_TEXT_MAX])
{
	return digest_base(text, 36, true, out);
}
