#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/utf8.h"

static void test_limits(void **state)
{
	(void)state;
	struct sy_buf buf;

	sy_buf_init(&buf, 4);
	assert_string_equal(sy_buf_str(&buf), "");
	assert_int_equal(sy_buf_add(&buf, "abc", 3), 0);
	assert_int_equal(sy_buf_add(&buf, "de", 2), -EMSGSIZE);
	assert_string_equal(sy_buf_str(&buf), "abc");
	assert_int_equal(sy_buf_printf(&buf, "%d", 12), -EMSGSIZE);
	assert_string_equal(sy_buf_str(&buf), "abc");
	assert_int_equal(sy_buf_add(&buf, "d", 1), 0);
	assert_int_equal(sy_buf_add(&buf, "", 0), 0);
	assert_int_equal(sy_buf_add(&buf, "e", 1), -EMSGSIZE);
	assert_int_equal(sy_buf_add(&buf, "x", SIZE_MAX), -EMSGSIZE);
	assert_int_equal(buf.len, 4);
	sy_buf_done(&buf);
	assert_int_equal(sy_buf_add(&buf, "abcd", 4), 0);
	sy_buf_done(&buf);
	sy_buf_init(&buf, 0);
	assert_int_equal(sy_buf_add(&buf, "a", 1), -EMSGSIZE);
	assert_int_equal(sy_buf_add(&buf, NULL, 0), 0);
	sy_buf_done(&buf);
}

static void test_growth_and_consume(void **state)
{
	(void)state;
	struct sy_buf buf;

	sy_buf_init(&buf, SIZE_MAX);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(sy_buf_printf(&buf, "%04d", i), 0);
	assert_int_equal(buf.len, 40000);
	sy_buf_consume(&buf, 39996);
	assert_string_equal(sy_buf_str(&buf), "9999");
	sy_buf_consume(&buf, 0);
	assert_string_equal(sy_buf_str(&buf), "9999");
	sy_buf_consume(&buf, 4);
	assert_string_equal(sy_buf_str(&buf), "");
	assert_int_equal(sy_buf_add_str(&buf, "again"), 0);
	sy_buf_reset(&buf);
	assert_int_equal(buf.len, 0);
	assert_int_equal(sy_buf_add_str(&buf, "taken"), 0);
	char *text = sy_buf_take(&buf);
	assert_string_equal(text, "taken");
	free(text);
	text = sy_buf_take(&buf);
	assert_string_equal(text, "");
	free(text);
	struct sy_buf zero = {0};
	sy_buf_done(&zero);
	sy_buf_consume(&zero, 0);
}

static void test_error(void **state)
{
	(void)state;
	struct sy_error err = {0};

	assert_int_equal(sy_error_set(&err, ENOENT, "open %s", "x"), -ENOENT);
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.text, "open x");
	assert_int_equal(sy_error_wrap(&err, "read %d", 7), -ENOENT);
	assert_string_equal(err.text, "read 7: open x");
	assert_int_equal(sy_error_set(&err, EIO, "<%s>", err.text), -EIO);
	assert_string_equal(err.text, "<read 7: open x>");
	assert_int_equal(sy_error_set(NULL, EPERM, "x"), -EPERM);
	assert_int_equal(sy_error_wrap(NULL, "x"), -EIO);
	assert_int_equal(sy_error_oom(&err), -ENOMEM);
	assert_int_equal(err.code, ENOMEM);
}

static void test_error_cut(void **state)
{
	(void)state;
	char text[SY_ERROR_TEXT_MAX + 100];
	struct sy_error err;

	for (size_t shift = 0; shift < 4; shift++) {
		memset(text, 'a', sizeof(text));
		for (size_t i = shift; i + 4 < sizeof(text); i += 4)
			memcpy(text + i, "\xf0\x9f\x98\x80", 4);
		text[sizeof(text) - 1] = '\0';
		sy_error_set(&err, EIO, "%s", text);
		size_t len = strlen(err.text);
		assert_in_range(len, SY_ERROR_TEXT_MAX - 4, SY_ERROR_TEXT_MAX - 1);
		for (size_t i = 0; i < len;) {
			size_t used = sy_utf8_char(err.text + i, len - i, NULL);
			assert_int_not_equal(used, 0);
			i += used;
		}
		sy_error_wrap(&err, "%s", text);
		assert_in_range(strlen(err.text), SY_ERROR_TEXT_MAX - 4, SY_ERROR_TEXT_MAX - 1);
	}
}

static void test_utf8(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t len;
		size_t used;
		uint32_t point;
	} table[] = {
		{"", 0, 0, 0},
		{"a", 1, 1, 'a'},
		{"\0", 1, 1, 0},
		{"\xc3\xa9", 2, 2, 0xe9},
		{"\xe2\x82\xac", 3, 3, 0x20ac},
		{"\xf0\x9f\x98\x80", 4, 4, 0x1f600},
		{"\xf4\x8f\xbf\xbf", 4, 4, 0x10ffff},
		{"\xf4\x90\x80\x80", 4, 0, 0},
		{"\xed\xa0\x80", 3, 0, 0},
		{"\xed\xbf\xbf", 3, 0, 0},
		{"\xee\x80\x80", 3, 3, 0xe000},
		{"\xc0\x80", 2, 0, 0},
		{"\xc1\xbf", 2, 0, 0},
		{"\xe0\x9f\xbf", 3, 0, 0},
		{"\xf0\x8f\xbf\xbf", 4, 0, 0},
		{"\x80", 1, 0, 0},
		{"\xff", 1, 0, 0},
		{"\xc3", 1, 0, 0},
		{"\xe2\x82", 2, 0, 0},
		{"\xc3(", 2, 0, 0},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint32_t point = 0;
		char again[4];
		assert_int_equal(sy_utf8_char(table[i].text, table[i].len, &point), table[i].used);
		if (!table[i].used)
			continue;
		assert_int_equal(point, table[i].point);
		assert_int_equal(sy_utf8_encode(point, again), table[i].used);
		assert_memory_equal(again, table[i].text, table[i].used);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits), cmocka_unit_test(test_growth_and_consume),
		cmocka_unit_test(test_error),  cmocka_unit_test(test_error_cut),
		cmocka_unit_test(test_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
