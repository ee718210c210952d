#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "json/json.h"
#include "json/scan.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static json_object *parse(const char *text)
{
	json_object *value = NULL;
	struct sy_error err = {0};

	if (sy_json_parse(text, strlen(text), SY_MAX_OBJECT_BYTES, &value, &err) != 0)
		fail_msg("%s: %s", text, err.text);
	return value;
}

/* Parse, then print: byte for byte the same. */
static void test_round_trip(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"null",
		"true",
		"0",
		"12",
		"\"x\"",
		"[]",
		"{}",
		"9223372036854775807",
		"-9223372036854775808",
		"18446744073709551615",
		"9223372036854775808",
		"-1",
		"1.10",
		"1e3",
		"1E400",
		"-0.0",
		"1e-000012",
		"200000000000000000000",
		"-200000000000000000000",
		"18446744073709551616",
		"-9223372036854775809",
		"-0",
		"1e99999999999",
		"-1.5E-12345678901234567890",
		"{\"a\":[1,2.5,18446744073709551616,{\"b\":-0,\"c\":3}],\"d\":4,\"e\":123456789012345678901234567890,\"f\":[[-"
		"9223372036854775809],0]}",
		"123456789012345678901234567890.123456789012345678901234567890",
		"{\"b\":1,\"a\":[true,false,null,{\"z\":1.0}],\"c/d\":\"a/b\"}",
		"\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa9\xf0\x9f\x98\x80\\u0000end\"",
		"{\"\":null,\"k\":{}}",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		sy_auto_json json_object *value = parse(texts[i]);
		sy_auto_free char *text = sy_json_text(value);
		assert_string_equal(text, texts[i]);
		if (value) {
			sy_auto_json json_object *copy = sy_json_copy(value);
			sy_auto_free char *again = sy_json_text(copy);
			assert_string_equal(again, texts[i]);
			assert_true(sy_json_equal(value, copy));
		}
	}
	sy_auto_json json_object *value = parse("\"\\u00e9\\ud83d\\ude00\\/\"");
	sy_auto_free char *text = sy_json_text(value);
	assert_string_equal(text, "\"\xc3\xa9\xf0\x9f\x98\x80/\"");
	assert_null(sy_json_copy(NULL));
}

/* Every number up to the limit comes through; one above it is refused, and only there. */
static void test_long_numbers(void **state)
{
	(void)state;
	char text[SY_JSON_NUMBER_MAX + 3];
	struct sy_error err;
	json_object *value = NULL;

	text[0] = '[';
	memset(text + 1, '7', SY_JSON_NUMBER_MAX);
	text[1 + SY_JSON_NUMBER_MAX] = ']';
	assert_int_equal(sy_json_parse(text, SY_JSON_NUMBER_MAX + 2, 4096, &value, &err), 0);
	sy_auto_free char *again = sy_json_text(value);
	assert_memory_equal(again, text, SY_JSON_NUMBER_MAX + 2);
	assert_int_equal(json_object_get_type(json_object_array_get_idx(value, 0)), json_type_double);
	json_object_put(value);
	value = NULL;
	memset(text + 1, '7', SY_JSON_NUMBER_MAX + 1);
	text[2 + SY_JSON_NUMBER_MAX] = ']';
	assert_int_equal(sy_json_parse(text, SY_JSON_NUMBER_MAX + 3, 4096, &value, &err), -EINVAL);
	assert_string_equal(err.text, "offset 1: number of more than 400 characters");
	assert_null(value);
}

static void test_parse_refuses(void **state)
{
	(void)state;
	json_object *value = (json_object *)(uintptr_t)1;
	struct sy_error err;
	char deep[2 * SY_MAX_JSON_DEPTH + 2];

	assert_int_equal(sy_json_parse("{}", 2, 1, &value, &err), -EMSGSIZE);
	assert_int_equal(sy_json_parse("{\"a\":1,\"a\":1}", 13, 100, &value, &err), -EINVAL);
	assert_string_equal(err.text, "offset 7: duplicate key");
	assert_int_equal(sy_json_parse("", 0, 100, &value, &err), -EINVAL);
	assert_ptr_equal(value, (json_object *)(uintptr_t)1);
	memset(deep, '[', sizeof(deep));
	memset(deep + SY_MAX_JSON_DEPTH, ']', SY_MAX_JSON_DEPTH);
	assert_int_equal(sy_json_parse(deep, 2 * SY_MAX_JSON_DEPTH, 1000, &value, &err), 0);
	json_object_put(value);
	memset(deep, '[', sizeof(deep));
	memset(deep + SY_MAX_JSON_DEPTH + 1, ']', SY_MAX_JSON_DEPTH + 1);
	assert_int_equal(sy_json_parse(deep, 2 * SY_MAX_JSON_DEPTH + 2, 1000, &value, &err), -EINVAL);
	/* Scalars in the innermost container, and text without a NUL behind it. */
	assert_int_equal(sy_json_parse("[1,2]xyz", 5, 1000, &value, &err), 0);
	json_object_put(value);
	assert_int_equal(sy_json_parse("123xyz", 3, 1000, &value, &err), 0);
	assert_int_equal(json_object_get_int64(value), 123);
	json_object_put(value);
}

static void test_print_errors(void **state)
{
	(void)state;
	struct sy_buf out;
	struct sy_error err;
	sy_auto_json json_object *value = parse("{\"a\":[1,2,3]}");

	sy_buf_init(&out, 10);
	assert_int_equal(sy_buf_add_str(&out, "xy"), 0);
	assert_int_equal(sy_json_print(value, &out, &err), -EMSGSIZE);
	assert_string_equal(sy_buf_str(&out), "xy");
	sy_buf_done(&out);
	sy_auto_json json_object *nan = json_object_new_double(0.0 / 0.0);
	assert_null(sy_json_text(nan));
	sy_auto_json json_object *number = json_object_new_double(1.1);
	sy_auto_free char *text = sy_json_text(number);
	assert_string_equal(text, "1.1");
	/* A tree that loops over itself would end here, too. */
	json_object *deep = json_object_new_array();
	for (int i = 0; i < 300; i++) {
		json_object *outer = json_object_new_array();
		json_object_array_add(outer, deep);
		deep = outer;
	}
	assert_null(sy_json_text(deep));
	struct sy_hash hash;
	assert_int_equal(sy_json_hash(deep, &hash, &err), -EINVAL);
	json_object_put(deep);
}

static void test_get(void **state)
{
	(void)state;
	sy_auto_json json_object *value = parse(
		"{\"m\":{\"s\":\"x\",\"i\":5,\"b\":true,\"a\":[1],\"n\":null,\"z\":\"a\\u0000b\",\"u\":18446744073709551615,\"d\":1.5,"
		"\"max\":9223372036854775807}}");
	int64_t number = 9;
	bool flag = false;

	assert_string_equal(sy_json_str(value, "m", "s", NULL), "x");
	assert_null(sy_json_str(value, "m", "i", NULL));
	assert_null(sy_json_str(value, "m", "z", NULL));
	assert_null(sy_json_str(value, "m", "s", "t", NULL));
	assert_null(sy_json_str(value, "x", "s", NULL));
	assert_true(sy_json_int(value, &number, "m", "i", NULL));
	assert_int_equal(number, 5);
	assert_false(sy_json_int(value, &number, "m", "u", NULL));
	assert_false(sy_json_int(value, &number, "m", "d", NULL));
	assert_false(sy_json_int(value, &number, "m", "s", NULL));
	assert_int_equal(number, 5);
	assert_true(sy_json_int(value, &number, "m", "max", NULL));
	assert_true(number == INT64_MAX);
	assert_true(sy_json_bool(value, &flag, "m", "b", NULL));
	assert_true(flag);
	assert_false(sy_json_bool(value, &flag, "m", "n", NULL));
	assert_non_null(sy_json_array(value, "m", "a", NULL));
	assert_null(sy_json_array(value, "m", NULL));
	assert_non_null(sy_json_object(value, "m", NULL));
	assert_null(sy_json_object(value, "m", "a", NULL));
	assert_null(sy_json_get(NULL, "m", NULL));
	assert_ptr_equal(sy_json_get(value, NULL), value);
	assert_null(sy_json_get(value, "m", "n", NULL));
}

static void test_add(void **state)
{
	(void)state;
	sy_auto_json json_object *obj = json_object_new_object();

	assert_int_equal(sy_json_add_str(obj, "s", "x"), 0);
	assert_int_equal(sy_json_add_str(obj, "none", NULL), 0);
	assert_int_equal(sy_json_add_int(obj, "i", INT64_MIN), 0);
	assert_int_equal(sy_json_add_bool(obj, "b", false), 0);
	assert_int_equal(sy_json_add(obj, "n", NULL), 0);
	sy_auto_free char *text = sy_json_text(obj);
	assert_string_equal(text, "{\"s\":\"x\",\"i\":-9223372036854775808,\"b\":false,\"n\":null}");
}

static void test_yaml_safe(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		const char *out;
	} table[] = {
		{"", ""},
		{"{\"a\":1}", "{\"a\":1}"},
		{"\"\x7f\"", "\"\\u007f\""},
		{"\"\xc2\x80\xc2\x85\xc2\x9f\xc2\xa0\"", "\"\\u0080\\u0085\\u009f\xc2\xa0\""},
		{"\"a\xe2\x80\xa8z\xe2\x80\xa9\"", "\"a\\u2028z\\u2029\""},
		{"\"\xef\xbb\xbf\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd\"", "\"\\ufeff\\ufffe\\uffff\xef\xbf\xbd\""},
		{"\"\xf0\x9f\x98\x80\"", "\"\xf0\x9f\x98\x80\""},
		{"\"\\ud83d\\ude00!\\uD83D\\uDE00\"", "\"\xf0\x9f\x98\x80!\xf0\x9f\x98\x80\""},
		{"\"\\\\ud83d\\\\ude00\"", "\"\\\\ud83d\\\\ude00\""},
		{"\"\\u00e9\\n\"", "\"\\u00e9\\n\""},
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		struct sy_buf out;
		sy_buf_init(&out, 1000);
		assert_int_equal(sy_json_yaml_safe(table[i].in, strlen(table[i].in), &out, NULL), 0);
		assert_string_equal(sy_buf_str(&out), table[i].out);
		sy_buf_done(&out);
	}
	struct sy_buf out;
	struct sy_error err;
	sy_buf_init(&out, 3);
	assert_int_equal(sy_json_yaml_safe("\"\x7f\"", 3, &out, &err), -EMSGSIZE);
	assert_int_equal(sy_json_yaml_safe("\"\xff\"", 3, &out, &err), -EINVAL);
	assert_int_equal(out.len, 0);
	sy_buf_done(&out);
}

static void test_remove(void **state)
{
	(void)state;
	static const char doc[] = "{\"spec\":{\"replicas\":3,\"a/b\":1,\"m~n\":2,\"\":4},\"list\":[10,11,{\"x\":1}]}";
	static const struct {
		const char *pointer;
		const char *left;
	} table[] = {
		{"/spec/replicas", "{\"spec\":{\"a/b\":1,\"m~n\":2,\"\":4},\"list\":[10,11,{\"x\":1}]}"},
		{"/spec/a~1b", "{\"spec\":{\"replicas\":3,\"m~n\":2,\"\":4},\"list\":[10,11,{\"x\":1}]}"},
		{"/spec/m~0n", "{\"spec\":{\"replicas\":3,\"a/b\":1,\"\":4},\"list\":[10,11,{\"x\":1}]}"},
		{"/spec/", "{\"spec\":{\"replicas\":3,\"a/b\":1,\"m~n\":2},\"list\":[10,11,{\"x\":1}]}"},
		{"/spec", "{\"list\":[10,11,{\"x\":1}]}"},
		{"/list/0", "{\"spec\":{\"replicas\":3,\"a/b\":1,\"m~n\":2,\"\":4},\"list\":[11,{\"x\":1}]}"},
		{"/list/2/x", "{\"spec\":{\"replicas\":3,\"a/b\":1,\"m~n\":2,\"\":4},\"list\":[10,11,{}]}"},
		{"/list/3", doc},
		{"/list/-", doc},
		{"/list/-0", doc},
		{"/list/00", doc},
		{"/list/18446744073709551616", doc},
		{"/none/x", doc},
		{"/spec/replicas/x", doc},
		{"/", doc},
	};
	static const char *const malformed[] = {"", "spec", "/a~", "/a~2b", "/none/x~"};
	struct sy_error err;

	for (size_t i = 0; i < COUNT(table); i++) {
		sy_auto_json json_object *value = parse(doc);
		assert_int_equal(sy_json_remove(value, table[i].pointer, &err), 0);
		sy_auto_free char *text = sy_json_text(value);
		assert_string_equal(text, table[i].left);
	}
	sy_auto_json json_object *value = parse(doc);
	for (size_t i = 0; i < COUNT(malformed); i++)
		assert_int_equal(sy_json_remove(value, malformed[i], &err), -EINVAL);
	assert_int_equal(sy_json_remove(NULL, "/a/b", &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_long_numbers), cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_print_errors), cmocka_unit_test(test_get),	  cmocka_unit_test(test_add),
		cmocka_unit_test(test_yaml_safe),    cmocka_unit_test(test_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
