#include "json/scan.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "json/scan_keys.h"

#define DEPTH_MAX 1024 /* of any caller: the scanner recurses */

struct scan {
	const char *data;
	size_t len;
	size_t pos;
	unsigned depth;
	unsigned max_depth;
	uint32_t numbers; /* seen so far */
	size_t tree;	  /* bytes that the tree of what was seen needs */
	struct sy_scan_keys keys;
	struct sy_wide_numbers *wide; /* or NULL */
	struct sy_error *err;
};

static int scan_value(struct scan *scan);

static int fail(struct scan *scan, const char *reason)
{
	return sy_error_set(scan->err, EINVAL, "offset %zu: %s", scan->pos, reason);
}

static int peek(const struct scan *scan)
{
	return scan->pos < scan->len ? (unsigned char)scan->data[scan->pos] : -1;
}

static void skip_blanks(struct scan *scan)
{
	while (scan->pos < scan->len) {
		char c = scan->data[scan->pos];
		if (c != ' ' && c != '\n' && c != '\t' && c != '\r')
			return;
		scan->pos++;
	}
}

/* Eight bytes at a time over what needs no look: printable ASCII without quote and backslash. */
static void skip_plain(struct scan *scan)
{
	const uint64_t ones = 0x0101010101010101u;
	const uint64_t tops = 0x8080808080808080u;

	while (scan->len - scan->pos >= 8) {
		uint64_t word;
		memcpy(&word, scan->data + scan->pos, 8);
		word = le64toh(word);
		uint64_t quote = word ^ (ones * '"');
		uint64_t slash = word ^ (ones * '\\');
		/* The top bit of a byte is set where the byte is >= 0x80, < 0x20, a quote or a backslash; a borrow can only reach
		 * bytes above such a one, so the lowest hit is exact. */
		uint64_t hit = (word | (word - ones * 0x20) | (quote - ones) | (slash - ones)) & tops;
		if (hit) {
			scan->pos += (size_t)__builtin_ctzll(hit) / 8;
			return;
		}
		scan->pos += 8;
	}
}

/* Four hex digits at pos; -1 when malformed. */
static int hex4(const struct scan *scan, size_t pos)
{
	int value = 0;

	if (scan->len - pos < 4)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		char c = scan->data[pos + i];
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

/* pos is behind "\u". */
static int scan_unicode(struct scan *scan, bool key)
{
	int unit = hex4(scan, scan->pos);

	if (unit < 0)
		return fail(scan, "malformed \\u escape");
	if (unit == 0 && key)
		return fail(scan, "NUL in a key");
	if (unit >= 0xdc00 && unit <= 0xdfff)
		return fail(scan, "lone surrogate escape");
	scan->pos += 4;
	if (unit < 0xd800 || unit > 0xdbff)
		return 0;
	if (scan->len - scan->pos < 6 || scan->data[scan->pos] != '\\' || scan->data[scan->pos + 1] != 'u')
		return fail(scan, "lone surrogate escape");
	int low = hex4(scan, scan->pos + 2);
	if (low < 0xdc00 || low > 0xdfff)
		return fail(scan, "lone surrogate escape");
	scan->pos += 6;
	return 0;
}

static int scan_escape(struct scan *scan, bool key)
{
	scan->pos++;
	int c = peek(scan);
	switch (c) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		scan->pos++;
		return 0;
	case 'u':
		scan->pos++;
		return scan_unicode(scan, key);
	default:
		return fail(scan, c < 0 ? "text ends inside a string" : "unknown escape");
	}
}

/* pos is on the opening quote; afterwards behind the closing one. */
static int scan_string(struct scan *scan, bool key, bool *ret_escaped)
{
	bool escaped = false;

	scan->pos++;
	for (;;) {
		skip_plain(scan);
		int c = peek(scan);
		if (c < 0)
			return fail(scan, "text ends inside a string");
		if (c == '"')
			break;
		if (c < 0x20)
			return fail(scan, "raw control character in a string");
		if (c == '\\') {
			int ret = scan_escape(scan, key);
			if (ret < 0)
				return ret;
			escaped = true;
		} else if (c < 0x80) {
			scan->pos++;
		} else {
			size_t used = sy_utf8_char(scan->data + scan->pos, scan->len - scan->pos, NULL);
			if (used == 0)
				return fail(scan, "invalid UTF-8");
			scan->pos += used;
		}
	}
	scan->pos++;
	if (ret_escaped)
		*ret_escaped = escaped;
	return 0;
}

/* Skip digits; their number. */
static size_t digits(struct scan *scan)
{
	size_t start = scan->pos;

	while (scan->pos < scan->len && scan->data[scan->pos] >= '0' && scan->data[scan->pos] <= '9')
		scan->pos++;
	return scan->pos - start;
}

/* json-c saturates integers that do not fit, so they are put back afterwards; an integer here is text without fraction and exponent. */
static bool integer_fits(const char *text, size_t count, bool negative)
{
	const char *limit = negative ? "9223372036854775808" : "18446744073709551615";
	size_t limit_len = strlen(limit);

	return count < limit_len || (count == limit_len && memcmp(text, limit, count) <= 0);
}

static int scan_exponent(struct scan *scan)
{
	scan->pos++;
	int c = peek(scan);
	if (c == '+' || c == '-')
		scan->pos++;
	return digits(scan) == 0 ? fail(scan, "malformed number") : 0;
}

static int note_wide(struct scan *scan, size_t pos)
{
	struct sy_wide_numbers *wide = scan->wide;

	if (!wide)
		return 0;
	if (wide->count == wide->size) {
		size_t size = wide->size ? wide->size * 2 : 8;
		struct sy_wide_number *items = reallocarray(wide->items, size, sizeof(*items));
		if (!items)
			return sy_error_oom(scan->err);
		wide->items = items;
		wide->size = size;
	}
	wide->items[wide->count++] = (struct sy_wide_number){scan->numbers, (uint32_t)pos, (uint32_t)(scan->pos - pos)};
	return 0;
}

static int scan_number(struct scan *scan)
{
	bool negative = scan->data[scan->pos] == '-';
	bool integer = true;
	size_t begin = scan->pos;
	size_t start = begin + (negative ? 1 : 0);

	scan->pos = start;
	size_t count = digits(scan);
	if (count == 0 || (count > 1 && scan->data[start] == '0')) {
		scan->pos = start;
		return fail(scan, "malformed number");
	}
	if (peek(scan) == '.') {
		integer = false;
		scan->pos++;
		if (digits(scan) == 0)
			return fail(scan, "malformed number");
	}
	int c = peek(scan);
	if (c == 'e' || c == 'E') {
		int ret = scan_exponent(scan);
		if (ret < 0)
			return ret;
		integer = false;
	}
	if (scan->pos - begin > SY_JSON_NUMBER_MAX) {
		scan->pos = begin;
		return fail(scan, "number of more than 400 characters");
	}
	int ret = 0;
	if (integer && (!integer_fits(scan->data + start, count, negative) || (negative && scan->data[start] == '0')))
		ret = note_wide(scan, begin);
	scan->numbers++;
	return ret;
}

static int scan_word(struct scan *scan, const char *word)
{
	size_t len = strlen(word);

	if (scan->len - scan->pos < len || memcmp(scan->data + scan->pos, word, len) != 0)
		return fail(scan, "unexpected text");
	scan->pos += len;
	return 0;
}

static int scan_member(struct scan *scan)
{
	size_t start = scan->pos + 1;
	bool escaped = false;

	if (peek(scan) != '"')
		return fail(scan, "expected a key");
	int ret = scan_string(scan, true, &escaped);
	if (ret < 0)
		return ret;
	ret = sy_scan_keys_push(&scan->keys, start, scan->pos - 1 - start, escaped);
	if (ret < 0)
		return sy_error_oom(scan->err);
	skip_blanks(scan);
	if (peek(scan) != ':')
		return fail(scan, "expected ':'");
	scan->pos++;
	return scan_value(scan);
}

static int scan_object(struct scan *scan)
{
	size_t base = sy_scan_keys_begin(&scan->keys);
	size_t where = 0;

	scan->pos++;
	skip_blanks(scan);
	if (peek(scan) != '}') {
		for (;;) {
			int ret = scan_member(scan);
			if (ret < 0)
				return ret;
			skip_blanks(scan);
			if (peek(scan) != ',')
				break;
			scan->pos++;
			skip_blanks(scan);
		}
		if (peek(scan) != '}')
			return fail(scan, "expected ',' or '}'");
	}
	if (sy_scan_keys_end(&scan->keys, base, &where))
		return sy_error_set(scan->err, EINVAL, "offset %zu: duplicate key", where);
	scan->pos++;
	return 0;
}

static int scan_array(struct scan *scan)
{
	scan->pos++;
	skip_blanks(scan);
	if (peek(scan) != ']') {
		for (;;) {
			int ret = scan_value(scan);
			if (ret < 0)
				return ret;
			skip_blanks(scan);
			if (peek(scan) != ',')
				break;
			scan->pos++;
		}
		if (peek(scan) != ']')
			return fail(scan, "expected ',' or ']'");
	}
	scan->pos++;
	return 0;
}

/* What json-c needs for it, beside the bytes of the text: "[{},{}]" would else ask 250 times its size of us. */
static int grow_tree(struct scan *scan, int first)
{
	scan->tree += first == '{' ? 800 : first == '[' ? 350 : 64;
	return scan->tree <= SY_MAX_JSON_TREE ? 0 : fail(scan, "more values than may be held at once");
}

static int scan_nested(struct scan *scan, int (*nested)(struct scan *scan))
{
	if (scan->depth >= scan->max_depth)
		return fail(scan, "nested too deeply");
	scan->depth++;
	int ret = nested(scan);
	scan->depth--;
	return ret;
}

static int scan_value(struct scan *scan)
{
	skip_blanks(scan);
	int c = peek(scan);
	if (grow_tree(scan, c) < 0)
		return -EINVAL;
	switch (c) {
	case '{':
		return scan_nested(scan, scan_object);
	case '[':
		return scan_nested(scan, scan_array);
	case '"':
		return scan_string(scan, false, NULL);
	case 't':
		return scan_word(scan, "true");
	case 'f':
		return scan_word(scan, "false");
	case 'n':
		return scan_word(scan, "null");
	default:
		if (c == '-' || (c >= '0' && c <= '9'))
			return scan_number(scan);
		return fail(scan, c < 0 ? "text ends where a value is expected" : "expected a value");
	}
}

int sy_json_scan(const char *data, size_t len, unsigned max_depth, struct sy_error *err)
{
	return sy_json_scan_wide(data, len, max_depth, NULL, err);
}

int sy_json_scan_wide(const char *data, size_t len, unsigned max_depth, struct sy_wide_numbers *wide, struct sy_error *err)
{
	struct scan scan = {.data = data, .len = len, .max_depth = max_depth < DEPTH_MAX ? max_depth : DEPTH_MAX, .wide = wide, .err = err};

	if (len > INT32_MAX) /* json-c counts in int, the key table in 32 bits */
		return sy_error_set(err, EMSGSIZE, "offset 0: text of %zu bytes", len);
	sy_scan_keys_init(&scan.keys, data);
	int ret = scan_value(&scan);
	if (ret == 0) {
		skip_blanks(&scan);
		if (scan.pos < scan.len)
			ret = fail(&scan, "text after the value");
	}
	sy_scan_keys_done(&scan.keys);
	return ret;
}
