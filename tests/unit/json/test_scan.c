#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/scan.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT(s) s, sizeof(s) - 1

static const struct {
	const char *text;
	size_t len;
} good[] = {
	{TEXT("{}")},
	{TEXT("[]")},
	{TEXT(" \t\r\n null \n")},
	{TEXT("true")},
	{TEXT("false")},
	{TEXT("\"\"")},
	{TEXT("0")},
	{TEXT("-0")},
	{TEXT("-0.0")},
	{TEXT("0e0")},
	{TEXT("1.10")},
	{TEXT("1e3")},
	{TEXT("1E+3")},
	{TEXT("1E400")},
	{TEXT("1e-000000000000012")},
	{TEXT("1e999999999")},
	{TEXT("1e1234567890")},
	{TEXT("-1E-12345678901234567890123456789012345678901234567890")},
	{TEXT("18446744073709551616")},
	{TEXT("-9223372036854775809")},
	{TEXT("200000000000000000000")},
	{TEXT("123456789012345678901234567890")},
	{TEXT("9223372036854775807")},
	{TEXT("-9223372036854775808")},
	{TEXT("18446744073709551615")},
	{TEXT("18446744073709551616.0")},
	{TEXT("123456789012345678901234567890.5")},
	{TEXT("3.14159265358979323846264338327950288419716939937510")},
	{TEXT("{\"a\":1,\"b\":{\"a\":1},\"c\":[{\"a\":1},{\"a\":2}]}")},
	{TEXT("\"\\u0000\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\\\\\\"\"")},
	{TEXT("\"\xf0\x9f\x98\x80\xc3\xa9\x7f\"")},
	{TEXT("{\"\":1,\" \":2}")},
	{TEXT("{\"a\":1,\"A\":2}")},
	{TEXT("[1,[2,[3]],\"x\",{\"y\":null}]")},
};

static const struct {
	const char *text;
	size_t len;
	const char *error;
} bad[] = {
	{TEXT(""), "offset 0: text ends where a value is expected"},
	{TEXT("  "), "offset 2: text ends"},
	{TEXT("\xef\xbb\xbf{}"), "offset 0: expected a value"},
	{TEXT("00"), "malformed number"},
	{TEXT("01"), "malformed number"},
	{TEXT("-"), "malformed number"},
	{TEXT("-01"), "malformed number"},
	{TEXT("1."), "malformed number"},
	{TEXT("1.e3"), "malformed number"},
	{TEXT("1e"), "malformed number"},
	{TEXT("1e+"), "malformed number"},
	{TEXT(".5"), "expected a value"},
	{TEXT("+1"), "expected a value"},
	{TEXT("0x10"), "text after the value"},
	{TEXT("NaN"), "expected a value"},
	{TEXT("nan"), "unexpected text"},
	{TEXT("Infinity"), "expected a value"},
	{TEXT("-Infinity"), "malformed number"},
	{TEXT("nul"), "unexpected text"},
	{TEXT("True"), "expected a value"},
	{TEXT("{\"a\":1,\"a\":2}"), "offset 7: duplicate key"},
	{TEXT("{\"a\":1,\"\\u0061\":2}"), "offset 7: duplicate key"},
	{TEXT("{\"\\u0061\":1,\"a\":2}"), "offset 12: duplicate key"},
	{TEXT("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}"), "duplicate key"},
	{TEXT("{\"x\":{\"\\/\":1,\"/\":2}}"), "duplicate key"},
	{TEXT("{\"\":1,\"\":2}"), "duplicate key"},
	{TEXT("{\"k\\u0000z\":1}"), "NUL in a key"},
	{TEXT("{'a':1}"), "expected a key"},
	{TEXT("{a:1}"), "expected a key"},
	{TEXT("\"a\nb\""), "offset 2: raw control character"},
	{TEXT("\"a\0b\""), "offset 2: raw control character"},
	{TEXT("\"abcdefgh\tijkl\""), "offset 9: raw control character"},
	{TEXT("\"\xff\""), "invalid UTF-8"},
	{TEXT("\"\xc0\x80\""), "invalid UTF-8"},
	{TEXT("\"\xed\xa0\x80\""), "invalid UTF-8"},
	{TEXT("\"\xf4\x90\x80\x80\""), "invalid UTF-8"},
	{TEXT("\"\xe2\x82\""), "invalid UTF-8"},
	{TEXT("{\"\xff\":1}"), "invalid UTF-8"},
	{TEXT("\"\\ud83d\""), "lone surrogate"},
	{TEXT("\"\\ude00\""), "lone surrogate"},
	{TEXT("\"\\ud83d\\u0041\""), "lone surrogate"},
	{TEXT("\"\\ud83dxxxxxxxx\""), "lone surrogate"},
	{TEXT("\"\\u12g4\""), "malformed \\u escape"},
	{TEXT("\"\\u12"), "malformed \\u escape"},
	{TEXT("\"\\x41\""), "unknown escape"},
	{TEXT("\"abc"), "text ends inside a string"},
	{TEXT("\"abc\\"), "text ends inside a string"},
	{TEXT("[1,]"), "expected a value"},
	{TEXT("{\"a\":1,}"), "expected a key"},
	{TEXT("[1 2]"), "expected ',' or ']'"},
	{TEXT("{\"a\" 1}"), "expected ':'"},
	{TEXT("{\"a\":1 \"b\":2}"), "expected ',' or '}'"},
	{TEXT("[1"), "expected ',' or ']'"},
	{TEXT("{\"a\":1"), "expected ',' or '}'"},
	{TEXT("{\"a\""), "expected ':'"},
	{TEXT("{\"a\":"), "text ends where a value"},
	{TEXT("{} {}"), "offset 3: text after the value"},
	{TEXT("{}\0"), "text after the value"},
	{TEXT("/* c */ 1"), "expected a value"},
	{TEXT("1 // c"), "text after the value"},
};

static void test_good(void **state)
{
	(void)state;
	struct sy_error err = {0};

	for (size_t i = 0; i < COUNT(good); i++)
		if (sy_json_scan(good[i].text, good[i].len, 64, &err) != 0)
			fail_msg("%s: %s", good[i].text, err.text);
}

static void test_bad(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct sy_error err = {0};
		/* An exact copy on the heap: a read past the end is an error of its own. */
		char *copy = malloc(bad[i].len ? bad[i].len : 1);
		memcpy(copy, bad[i].text, bad[i].len);
		int ret = sy_json_scan(copy, bad[i].len, 64, &err);
		free(copy);
		if (ret != -EINVAL || !strstr(err.text, bad[i].error))
			fail_msg("%zu %s: %d \"%s\", expected \"%s\"", i, bad[i].text, ret, err.text, bad[i].error);
	}
}

/* Every prefix of a good text is refused (numbers aside), and reads nothing behind its end. */
static void test_prefixes(void **state)
{
	(void)state;
	static const char text[] = "{\"k\\u00e9y\":[1.5e3,\"\\ud83d\\ude00 long plain text here\",true,null,{\"\xc3\xa9\":-12}]}";

	assert_int_equal(sy_json_scan(text, sizeof(text) - 1, 8, NULL), 0);
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		char *copy = malloc(len ? len : 1);
		memcpy(copy, text, len);
		assert_int_equal(sy_json_scan(copy, len, 8, NULL), -EINVAL);
		free(copy);
	}
}

static void test_tree(void **state)
{
	(void)state;
	enum { COUNT_MAX = 200000 };
	struct sy_error err = {0};
	char *text = malloc(3 * COUNT_MAX + 2);

	assert_non_null(text);
	for (int objects = 0; objects < 2; objects++) {
		size_t count = objects ? 80000 : COUNT_MAX, len = 1;
		text[0] = '[';
		for (size_t i = 0; i < count; i++) {
			if (objects)
				text[len++] = '{';
			text[len++] = objects ? '}' : '1';
			text[len++] = ',';
		}
		text[len - 1] = ']';
		assert_int_equal(sy_json_scan(text, len, 128, &err), 0);
	}
	size_t len = 1;
	for (size_t i = 0; i < 90000; i++) {
		text[len++] = '{';
		text[len++] = '}';
		text[len++] = ',';
	}
	text[len - 1] = ']';
	assert_int_equal(sy_json_scan(text, len, 128, &err), -EINVAL);
	assert_non_null(strstr(err.text, "more values than may be held at once"));
	free(text);
}

static void test_depth(void **state)
{
	(void)state;
	char text[4097];
	struct sy_error err;

	memset(text, '[', sizeof(text));
	memset(text + 64, ']', 64);
	assert_int_equal(sy_json_scan(text, 128, 64, &err), 0);
	assert_int_equal(sy_json_scan(text, 128, 63, &err), -EINVAL);
	assert_string_equal(err.text, "offset 63: nested too deeply");
	memset(text, '[', sizeof(text));
	assert_int_equal(sy_json_scan(text, sizeof(text), UINT32_MAX, &err), -EINVAL);
	assert_non_null(strstr(err.text, "nested too deeply"));
	assert_int_equal(sy_json_scan("1", 1, 0, &err), 0);
	assert_int_equal(sy_json_scan("[]", 2, 0, &err), -EINVAL);
}

/* {"<prefix>0":0,...}: count keys, the last one equal to number `twin` (or to none). */
struct shape {
	const char *before;
	const char *after;
};

static char *many_keys(size_t count, size_t twin, const struct shape *shape, size_t *ret_len)
{
	char *text = malloc(count * 40 + 3);
	size_t len = 0;

	text[len++] = '{';
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			text[len++] = ',';
		len += (size_t)snprintf(text + len, 40, "\"%s%zu%s", shape->before, i == count - 1 && twin < count ? twin : i,
					shape->after);
	}
	text[len++] = '}';
	*ret_len = len;
	return text;
}

static void test_many_keys(void **state)
{
	(void)state;
	static const size_t counts[] = {2, 11, 12, 13, 14, 100, 100000};
	static const struct shape shapes[] = {{"key-", "\":0"}, {"\\u0061", "\":0"}, {"", "-a-long-tail\":[]"}};

	for (size_t f = 0; f < COUNT(shapes); f++) {
		for (size_t i = 0; i < COUNT(counts); i++) {
			struct sy_error err = {0};
			size_t len;
			char *text = many_keys(counts[i], SIZE_MAX, &shapes[f], &len);
			assert_int_equal(sy_json_scan(text, len, 4, &err), 0);
			free(text);
			text = many_keys(counts[i], counts[i] / 3, &shapes[f], &len);
			assert_int_equal(sy_json_scan(text, len, 4, &err), -EINVAL);
			/* The place named is that of the last key. */
			char *last = text + len - 2;
			while (*last != '{' && *last != ',')
				last--;
			char expect[64];
			snprintf(expect, sizeof(expect), "offset %zu: duplicate key", (size_t)(last + 1 - text));
			assert_string_equal(err.text, expect);
			free(text);
		}
	}
}

/* Keys of an outer object survive the sorting and popping of inner ones. */
static void test_nested_keys(void **state)
{
	(void)state;
	size_t inner_len;
	char *inner = many_keys(50, SIZE_MAX, &(struct shape){"\\u006b", "\":0"}, &inner_len);
	char *text = malloc(3 * inner_len + 200);

	int used = snprintf(text, 3 * inner_len + 200, "{\"\\u0061\":%.*s,\"b\":%.*s,\"\\u0063\":1,\"d\":%.*s}", (int)inner_len, inner,
			    (int)inner_len, inner, (int)inner_len, inner);
	assert_int_equal(sy_json_scan(text, (size_t)used, 4, NULL), 0);
	used = snprintf(text, 3 * inner_len + 200, "{\"\\u0061\":%.*s,\"b\":%.*s,\"\\u0063\":1,\"c\":2}", (int)inner_len, inner,
			(int)inner_len, inner);
	assert_int_equal(sy_json_scan(text, (size_t)used, 4, NULL), -EINVAL);
	free(text);
	free(inner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	    cmocka_unit_test(test_bad),	 cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_depth),	    cmocka_unit_test(test_tree), cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_nested_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
