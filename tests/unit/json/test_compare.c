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

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static json_object *parse(const char *text)
{
	json_object *value = NULL;
	struct sy_error err = {0};

	if (sy_json_parse(text, strlen(text), SY_MAX_OBJECT_BYTES, &value, &err) != 0)
		fail_msg("%s: %s", text, err.text);
	return value;
}

/* Texts of one row mean the same; texts of different rows never do. */
static const char *const classes[][6] = {
	{"null"},
	{"true"},
	{"false"},
	{"0", "-0", "0.0", "-0.0", "0e5", "0.000e-12345678901234567890"},
	{"1", "1.0", "1e0", "10e-1", "0.1e1", "1.000"},
	{"-1", "-1.0", "-1e0"},
	{"1.1", "1.10", "11e-1", "0.11e1", "110E-2", "1.1e+0"},
	{"1000", "1e3", "1E+03", "1000.00"},
	{"9007199254740993", "9007199254740993.0", "9.007199254740993e15"},
	{"9007199254740992"},
	{"9223372036854775807", "9223372036854775807.0"},
	{"-9223372036854775808", "-9223372036854775808.00"},
	{"18446744073709551615", "1.8446744073709551615e19"},
	{"18446744073709551616", "18446744073709551616.0", "1.8446744073709551616e19"},
	{"200000000000000000000", "2e20", "2E+20", "200000000000000000000.0"},
	{"-200000000000000000000", "-2e20"},
	{"1e999999999999999", "10e999999999999998"},
	{"1e1000000000000000", "1.0E+1000000000000000", "1e0001000000000000000"},
	{"1e-1000000000000000"},
	{"-1e1000000000000000"},
	{"2e1000000000000000"},
	{"0.1000000000000000055511151231257827"},
	{"0.1", "1e-1", "0.10000000000000000000000000000000000000000000000000000000000000000000000000000"},
	{"1e400", "10e399"},
	{"1e-400"},
	{"1e401"},
	{"\"1\""},
	{"\"\""},
	{"\"a\"", "\"\\u0061\""},
	{"\"a\\u0000\""},
	{"\"a/b\"", "\"a\\/b\""},
	{"[]"},
	{"{}", "{ }", "{\"a\":null}", "{\"a\":null,\"b\":null}"},
	{"[null]"},
	{"[{}]", "[{\"x\":null}]"},
	{"[1,2]", "[1.0,2e0]"},
	{"[2,1]"},
	{"[[1],2]"},
	{"[[1,2]]"},
	{"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", "{\"b\":2.0,\"c\":null,\"a\":1}"},
	{"{\"a\":2,\"b\":1}"},
	{"{\"a\":{\"b\":1}}"},
	{"{\"a\":{},\"b\":1}"},
	{"{\"ab\":1}"},
	{"{\"a\":\"b\"}"},
};

static void test_classes(void **state)
{
	(void)state;
	struct sy_hash hashes[COUNT(classes)];

	for (size_t row = 0; row < COUNT(classes); row++) {
		sy_auto_json json_object *first = parse(classes[row][0]);
		assert_int_equal(sy_json_hash(first, &hashes[row], NULL), 0);
		assert_true(sy_hash_known(&hashes[row]));
		for (size_t i = 1; i < 6 && classes[row][i]; i++) {
			sy_auto_json json_object *other = parse(classes[row][i]);
			struct sy_hash hash;
			assert_int_equal(sy_json_hash(other, &hash, NULL), 0);
			if (!sy_hash_equal(&hash, &hashes[row]) || !sy_json_equal(first, other) || !sy_json_equal(other, first))
				fail_msg("%s and %s differ", classes[row][0], classes[row][i]);
		}
		for (size_t earlier = 0; earlier < row; earlier++) {
			sy_auto_json json_object *other = parse(classes[earlier][0]);
			if (sy_hash_equal(&hashes[earlier], &hashes[row]) || sy_json_equal(first, other) || sy_json_equal(other, first))
				fail_msg("%s and %s are equal", classes[row][0], classes[earlier][0]);
		}
	}
}

/* More members than the stack array holds, in both orders. */
static void test_many_members(void **state)
{
	(void)state;
	sy_auto_json json_object *up = json_object_new_object();
	sy_auto_json json_object *down = json_object_new_object();
	struct sy_hash a;
	struct sy_hash b;
	char key[32];

	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		assert_int_equal(sy_json_add_int(up, key, i), 0);
		snprintf(key, sizeof(key), "key-%d", 999 - i);
		assert_int_equal(sy_json_add_int(down, key, 999 - i), 0);
	}
	assert_int_equal(sy_json_hash(up, &a, NULL), 0);
	assert_int_equal(sy_json_hash(down, &b, NULL), 0);
	assert_true(sy_hash_equal(&a, &b));
	assert_true(sy_json_equal(up, down));
	assert_int_equal(sy_json_add_int(down, "key-500", 501), 0);
	assert_int_equal(sy_json_hash(down, &b, NULL), 0);
	assert_false(sy_hash_equal(&a, &b));
	assert_false(sy_json_equal(up, down));
}

/* RFC 7386, section 2, to check that a patch really leads from one to the other. */
static json_object *apply(json_object *target, json_object *patch)
{
	if (!json_object_is_type(patch, json_type_object)) {
		json_object_put(target);
		return sy_json_copy(patch);
	}
	if (!json_object_is_type(target, json_type_object)) {
		json_object_put(target);
		target = json_object_new_object();
	}
	json_object_object_foreach(patch, key, value)
	{
		if (!value)
			json_object_object_del(target, key);
		else
			json_object_object_add(target, key, apply(json_object_get(json_object_object_get(target, key)), value));
	}
	return target;
}

static void test_merge_diff(void **state)
{
	(void)state;
	static const struct {
		const char *from;
		const char *to;
		const char *patch; /* NULL: equal */
	} table[] = {
		{"{}", "{}", NULL},
		{"{\"a\":1}", "{\"a\":1.0}", NULL},
		{"{\"a\":null}", "{}", NULL},
		{"{}", "{\"a\":null}", NULL},
		{"null", "null", NULL},
		{"null", "{\"a\":1}", "{\"a\":1}"},
		{"{}", "{\"a\":1.10}", "{\"a\":1.10}"},
		{"{\"a\":1}", "{}", "{\"a\":null}"},
		{"{\"a\":1}", "{\"a\":2,\"b\":[]}", "{\"a\":2,\"b\":[]}"},
		{"{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":1,\"c\":3}}", "{\"a\":{\"c\":3}}"},
		{"{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":1}}", "{\"a\":{\"c\":null}}"},
		{"{\"a\":{\"b\":1}}", "{\"a\":{}}", "{\"a\":{\"b\":null}}"},
		{"{\"a\":{\"b\":{\"c\":1}}}", "{\"a\":{\"b\":{\"c\":1}}}", NULL},
		{"{\"a\":{}}", "{\"a\":null}", "{\"a\":null}"},
		{"{\"a\":{}}", "{}", "{\"a\":null}"},
		{"{}", "{\"a\":{}}", "{\"a\":{}}"},
		{"{\"a\":5}", "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}}"},
		{"{\"a\":{\"b\":1}}", "{\"a\":5}", "{\"a\":5}"},
		{"{\"a\":[1,2]}", "{\"a\":[1,3]}", "{\"a\":[1,3]}"},
		{"{\"a\":[1,2]}", "{\"a\":[1.0,2.0]}", NULL},
		{"{\"a\":[{\"x\":null}]}", "{\"a\":[{}]}", NULL},
		{"[1]", "[2]", "[2]"},
		{"{\"a\":9223372036854775807}", "{\"a\":18446744073709551615}", "{\"a\":18446744073709551615}"},
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		sy_auto_json json_object *from = parse(table[i].from);
		sy_auto_json json_object *to = parse(table[i].to);
		json_object *patch = (json_object *)(uintptr_t)1;
		assert_int_equal(sy_json_merge_diff(from, to, &patch, NULL), 0);
		if (!table[i].patch) {
			if (patch)
				fail_msg("row %zu: patch %s", i, sy_json_text(patch));
			assert_true(sy_json_equal(from, to));
			continue;
		}
		sy_auto_free char *text = sy_json_text(patch);
		assert_string_equal(text, table[i].patch);
		assert_false(sy_json_equal(from, to));
		from = apply(from, patch);
		assert_true(sy_json_equal(from, to));
		json_object_put(patch);
	}
	sy_auto_json json_object *value = parse("{}");
	json_object *patch = NULL;
	struct sy_error err;
	assert_int_equal(sy_json_merge_diff(value, NULL, &patch, &err), -EINVAL);
}

/* The patch shares nothing with the trees: they may change or go first. */
static void test_patch_is_independent(void **state)
{
	(void)state;
	json_object *from = parse("{}");
	json_object *to = parse("{\"a\":{\"n\":1.10}}");
	sy_auto_json json_object *patch = NULL;

	assert_int_equal(sy_json_merge_diff(from, to, &patch, NULL), 0);
	assert_int_equal(sy_json_add_int(sy_json_get(to, "a", NULL), "n", 7), 0);
	json_object_put(from);
	json_object_put(to);
	sy_auto_free char *text = sy_json_text(patch);
	assert_string_equal(text, "{\"a\":{\"n\":1.10}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_many_members),
		cmocka_unit_test(test_merge_diff),
		cmocka_unit_test(test_patch_is_independent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
