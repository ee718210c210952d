#include "json/scan_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define FEW 12 /* keys that are compared pair by pair */

void sy_scan_keys_init(struct sy_scan_keys *keys, const char *text)
{
	*keys = (struct sy_scan_keys){.text = text};
}

void sy_scan_keys_done(struct sy_scan_keys *keys)
{
	free(keys->stack);
	free(keys->plain);
}

size_t sy_scan_keys_begin(const struct sy_scan_keys *keys)
{
	return keys->count;
}

/* Cheap and not keyed: it only saves comparisons, the bound on their number does not depend on it. */
static uint32_t hash_of(const char *text, size_t len)
{
	uint64_t hash = len;

	while (len >= 8) {
		uint64_t word;
		memcpy(&word, text, 8);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
		text += 8;
		len -= 8;
	}
	uint64_t rest = 0;
	memcpy(&rest, text, len);
	hash = (hash ^ rest) * 0x9e3779b97f4a7c15u;
	return (uint32_t)(hash >> 32);
}

static const char *bytes_of(const struct sy_scan_keys *keys, const struct sy_scan_key *key)
{
	return (key->unescaped ? keys->plain : keys->text) + key->from;
}

static uint32_t hex4(const char *p)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++) {
		char c = p[i];
		value = value << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return value;
}

/* One escape at p (on the backslash), known to be well formed: its bytes to out, its end returned. */
static const char *unescape_one(const char *p, char out[4], size_t *ret_len)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";

	if (p[1] != 'u') {
		out[0] = to[strchr(from, p[1]) - from];
		*ret_len = 1;
		return p + 2;
	}
	uint32_t point = hex4(p + 2);
	p += 6;
	if (point >= 0xd800 && point <= 0xdbff) {
		point = 0x10000 + ((point - 0xd800) << 10) + (hex4(p + 2) - 0xdc00);
		p += 6;
	}
	*ret_len = sy_utf8_encode(point, out);
	return p;
}

/* Append the key without its escapes to plain. Unescaping never makes text longer. */
static int add_plain(struct sy_scan_keys *keys, struct sy_scan_key *key, const char *text, size_t len)
{
	if (len > keys->plain_cap - keys->plain_len) {
		size_t cap = (keys->plain_len + len) * 2;
		char *plain = realloc(keys->plain, cap);
		if (!plain)
			return -ENOMEM;
		keys->plain = plain;
		keys->plain_cap = cap;
	}
	char *out = keys->plain + keys->plain_len;
	const char *end = text + len;
	while (text < end) {
		char bytes[4];
		size_t count;
		if (*text != '\\') {
			*out++ = *text++;
			continue;
		}
		text = unescape_one(text, bytes, &count);
		memcpy(out, bytes, count);
		out += count;
	}
	key->unescaped = true;
	key->from = (uint32_t)keys->plain_len;
	key->len = (uint32_t)((size_t)(out - keys->plain) - keys->plain_len);
	keys->plain_len += key->len;
	return 0;
}

int sy_scan_keys_push(struct sy_scan_keys *keys, size_t from, size_t len, bool escaped)
{
	struct sy_scan_key key = {.len = (uint32_t)len, .from = (uint32_t)from, .at = (uint32_t)(from - 1)};

	if (keys->count == keys->cap) {
		size_t cap = keys->cap ? keys->cap * 2 : 128;
		struct sy_scan_key *stack = reallocarray(keys->stack, cap, sizeof(*stack));
		if (!stack)
			return -ENOMEM;
		keys->stack = stack;
		keys->cap = cap;
	}
	if (escaped) {
		int ret = add_plain(keys, &key, keys->text + from, len);
		if (ret < 0)
			return ret;
	}
	key.hash = hash_of(bytes_of(keys, &key), key.len);
	keys->stack[keys->count++] = key;
	return 0;
}

static int compare(const void *va, const void *vb, void *arg)
{
	const struct sy_scan_keys *keys = arg;
	const struct sy_scan_key *a = va;
	const struct sy_scan_key *b = vb;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(bytes_of(keys, a), bytes_of(keys, b), a->len);
}

static bool same(const struct sy_scan_keys *keys, const struct sy_scan_key *a, const struct sy_scan_key *b, size_t *ret_where)
{
	if (a->hash != b->hash || a->len != b->len || memcmp(bytes_of(keys, a), bytes_of(keys, b), a->len) != 0)
		return false;
	*ret_where = a->at > b->at ? a->at : b->at;
	return true;
}

static bool find_twin(struct sy_scan_keys *keys, struct sy_scan_key *first, size_t count, size_t *ret_where)
{
	if (count <= FEW) {
		for (size_t i = 1; i < count; i++)
			for (size_t j = 0; j < i; j++)
				if (same(keys, &first[i], &first[j], ret_where))
					return true;
		return false;
	}
	qsort_r(first, count, sizeof(*first), compare, keys);
	for (size_t i = 1; i < count; i++)
		if (same(keys, &first[i - 1], &first[i], ret_where))
			return true;
	return false;
}

bool sy_scan_keys_end(struct sy_scan_keys *keys, size_t base, size_t *ret_where)
{
	size_t count = keys->count - base;

	if (count > 1 && find_twin(keys, keys->stack + base, count, ret_where))
		return true;
	/* Inner objects have popped theirs, so the first unescaped key of this one marks where its part of plain begins. Sorting may
	 * have moved it: take the smallest. */
	for (size_t i = base; i < keys->count; i++)
		if (keys->stack[i].unescaped && keys->stack[i].from < keys->plain_len)
			keys->plain_len = keys->stack[i].from;
	keys->count = base;
	return false;
}
