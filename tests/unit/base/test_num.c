#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/hash.h"
#include "base/num.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_num(void **state)
{
	(void)state;
	static const char *const bad[] = {"",	 " 5", "+5", "-", "--1", "12x", "5 ", "0x10", "9223372036854775808", "-9223372036854775809",
					  "1.0", "\t1"};
	int64_t value = 77;

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(sy_num_parse(bad[i], INT64_MIN, INT64_MAX, &value));
	assert_int_equal(value, 77);
	assert_true(sy_num_parse("9223372036854775807", INT64_MIN, INT64_MAX, &value));
	assert_true(value == INT64_MAX);
	assert_true(sy_num_parse("-9223372036854775808", INT64_MIN, INT64_MAX, &value));
	assert_true(value == INT64_MIN);
	assert_true(sy_num_parse("10", 1, 10, &value));
	assert_int_equal(value, 10);
	assert_false(sy_num_parse("11", 1, 10, &value));
	assert_false(sy_num_parse("0", 1, 10, &value));
}

static void test_duration(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {{"20s", 20000},	    {"1m30s", 90000}, {"500ms", 500}, {"2h", 7200000},
		    {"1h1m1s1ms", 3661001}, {"0", 0},	      {"0s", 0},      {"90m", 5400000}};
	static const char *const bad[] = {"",
					  "5",
					  "s",
					  "-1s",
					  "+1s",
					  "1.5s",
					  "1s ",
					  " 1s",
					  "1s1h",
					  "1s1s",
					  "1d",
					  "1us",
					  "1m30",
					  "9223372036854775807h",
					  "99999999999999999999s",
					  "00"};
	int64_t ms = -5;

	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(sy_duration_parse(bad[i], &ms));
		assert_int_equal(ms, -5);
	}
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(sy_duration_parse(good[i].text, &ms));
		assert_int_equal(ms, good[i].ms);
	}
}

static void test_bytes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t bytes;
	} good[] = {{"64Mi", 64 << 20}, {"1Gi", 1 << 30}, {"512k", 512000}, {"100", 100},
		    {"0", 0},		{"1Ki", 1024},	  {"1M", 1000000},  {"7Ei", 7LL << 60}};
	static const char *const bad[] = {"", "Mi", "-1", "1.5Gi", "1mi", "1K", "1MiB", "8Ei", "10E", "1 Mi", "1m"};
	int64_t bytes = -5;

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(sy_bytes_parse(bad[i], &bytes));
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(sy_bytes_parse(good[i].text, &bytes));
		assert_true(bytes == good[i].bytes);
	}
}

static void test_time(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		time_t t;
	} good[] = {
		{"2026-11-24T05:45:00Z", 1795499100},
		{"2026-11-24T05:45:00.123456789Z", 1795499100},
		{"2026-11-24t07:45:00+02:00", 1795499100},
		{"2026-11-23T23:15:00-06:30", 1795499100},
		{"1970-01-01T00:00:00Z", 0},
		{"2024-02-29T00:00:00Z", 1709164800},
		{"2016-12-31T23:59:60Z", 1483228800},
	};
	static const char *const bad[] = {
		"",
		"2026-11-24",
		"2026-11-24T05:45:00",
		"2026-11-24 05:45:00Z",
		"2026-13-24T05:45:00Z",
		"2026-02-29T05:45:00Z",
		"2026-00-10T05:45:00Z",
		"2026-11-24T24:00:00Z",
		"2026-11-24T05:60:00Z",
		"2026-11-24T05:45:61Z",
		"2026-11-24T05:45:00.Z",
		"2026-11-24T05:45:00Z ",
		"2026-11-24T05:45:00+0200",
		"2026-11-24T05:45:00+24:00",
		"26-11-24T05:45:00Z",
		"2026-1-24T05:45:00Z",
		"0000-01-01T00:00:00Z",
	};
	time_t t;
	char text[21];

	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(sy_time_parse(good[i].text, &t));
		assert_int_equal(t, good[i].t);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		if (sy_time_parse(bad[i], &t))
			fail_msg("accepted %s", bad[i]);
	sy_time_format(1795499100, text);
	assert_string_equal(text, "2026-11-24T05:45:00Z");
	sy_time_format(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
	sy_time_format(INT64_MIN, text);
	assert_string_equal(text, "0001-01-01T00:00:00Z");
}

static void test_http_date(void **state)
{
	(void)state;
	static const char *const bad[] = {"",
					  "Mon, 24 Nov 2026 05:45:00 GMT",
					  "Tue, 31 Jun 2026 05:45:00 GMT",
					  "Tue, 24 Nov 2026 05:45:00 UTC",
					  "Tuesday, 24-Nov-26 05:45:00 GMT",
					  "Tue Nov 24 05:45:00 2026",
					  "Tue,  4 Nov 2026 05:45:00 GMT",
					  "Tue, 24 Nov 2026 05:45:00 GMT "};
	time_t t;

	assert_true(sy_http_date_parse("Tue, 24 Nov 2026 05:45:00 GMT", &t));
	assert_int_equal(t, 1795499100);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(sy_http_date_parse(bad[i], &t));
}

static void test_backoff(void **state)
{
	(void)state;
	const struct sy_backoff_rule rule = {.first_ms = 100, .max_ms = 5000};
	static const int64_t expect[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};

	for (unsigned n = 1; n <= COUNT(expect); n++) {
		int64_t d = expect[n - 1];
		assert_int_equal(sy_backoff_delay_ms(&rule, n, 0), d);
		for (uint32_t r = 1; r < 60000; r += 37) {
			int64_t delay = sy_backoff_delay_ms(&rule, n, r * 71557u);
			assert_in_range(delay, d / 2, d);
		}
	}
	assert_in_range(sy_backoff_delay_ms(&rule, UINT32_MAX, UINT32_MAX), 2500, 5000);
	const struct sy_backoff_rule huge = {.first_ms = INT64_MAX / 2, .max_ms = INT64_MAX};
	assert_true(sy_backoff_delay_ms(&huge, 40, UINT32_MAX) >= INT64_MAX / 2);
	const struct sy_backoff_rule odd = {.first_ms = 0, .max_ms = 10};
	assert_int_equal(sy_backoff_delay_ms(&odd, 5, 3), 0);
}

static void test_hash(void **state)
{
	(void)state;
	static const uint8_t abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23};
	static const uint8_t abc224[] = {0x23, 0x09, 0x7d, 0x22, 0x34, 0x05, 0xd8, 0x22};
	struct sy_hash hash = {{0}};
	struct sy_hash other;
	uint8_t digest[SY_SHA224_SIZE];

	assert_false(sy_hash_known(&hash));
	assert_int_equal(sy_hash_of("abc", 3, &hash), 0);
	assert_memory_equal(hash.bytes, abc, sizeof(abc));
	assert_true(sy_hash_known(&hash));
	assert_int_equal(sy_sha224("abc", 3, digest), 0);
	assert_memory_equal(digest, abc224, sizeof(abc224));
	assert_int_equal(sy_hash_of(NULL, 0, &other), 0);
	assert_false(sy_hash_equal(&hash, &other));
	sy_hash_clear(&hash);
	assert_false(sy_hash_known(&hash));
}

static void test_hasher(void **state)
{
	(void)state;
	static char data[20000];
	static const size_t pieces[] = {1, 7, 4095, 4096, 4097, 9000};

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 31);
	struct sy_hash whole;
	assert_int_equal(sy_hash_of(data, sizeof(data), &whole), 0);
	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct sy_hasher *hasher = NULL;
		struct sy_hash hash;
		assert_int_equal(sy_hasher_new(&hasher), 0);
		for (size_t at = 0; at < sizeof(data); at += pieces[i]) {
			size_t len = sizeof(data) - at < pieces[i] ? sizeof(data) - at : pieces[i];
			assert_int_equal(sy_hasher_add(hasher, data + at, len), 0);
		}
		assert_int_equal(sy_hasher_finish(hasher, &hash), 0);
		assert_true(sy_hash_equal(&hash, &whole));
		sy_hasher_free(hasher);
	}
	sy_hasher_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_num),  cmocka_unit_test(test_duration),  cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_time), cmocka_unit_test(test_http_date), cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_hash), cmocka_unit_test(test_hasher),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
