#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "engine/generation.h"

static json_object *parse(const char *text)
{
	json_object *value = NULL;
	if (text && sy_json_parse(text, strlen(text), 1 << 20, &value, NULL))
		fail_msg("%s", text);
	return value;
}

struct row {
	struct sy_generations generations;
	const char *down, *up, *expected;
	unsigned found, lower;
};

#define AT(u, d)                                                                                                                           \
	{                                                                                                                                  \
		.translate = true, .up = (u), .down = (d)                                                                                  \
	}

static const struct row rows[] = {
	{AT(7, 3), "{\"observedGeneration\":3,\"a\":1}", NULL, "{\"observedGeneration\":7,\"a\":1}", 1, 0},
	{AT(7, 3), "{\"observedGeneration\":4}", "{\"observedGeneration\":6}", "{\"observedGeneration\":7}", 1, 0},
	{AT(7, 3), "{\"observedGeneration\":2}", "{\"observedGeneration\":6}", "{\"observedGeneration\":6}", 1, 1},
	{AT(7, 3), "{\"observedGeneration\":2,\"x\":1}", "{}", "{\"x\":1}", 1, 1},
	{AT(7, 3), "{\"observedGeneration\":2,\"x\":1}", NULL, "{\"x\":1}", 1, 1},
	{AT(7, 3), "{\"conditions\":[{\"type\":\"A\",\"observedGeneration\":3},{\"type\":\"B\",\"observedGeneration\":1}]}",
	 "{\"conditions\":[{\"type\":\"B\",\"observedGeneration\":5},{\"type\":\"A\",\"observedGeneration\":6}]}",
	 "{\"conditions\":[{\"type\":\"A\",\"observedGeneration\":7},{\"type\":\"B\",\"observedGeneration\":5}]}", 2, 1},
	{AT(7, 3), "{\"observedGeneration\":\"3\",\"conditions\":{\"observedGeneration\":3},\"deep\":{\"observedGeneration\":3}}", NULL,
	 "{\"observedGeneration\":\"3\",\"conditions\":{\"observedGeneration\":3},\"deep\":{\"observedGeneration\":3}}", 0, 0},
	{AT(7, 0), "{\"observedGeneration\":3}", NULL, "{}", 1, 1},
	{AT(7, 0), "{\"observedGeneration\":9,\"x\":1}", "{\"observedGeneration\":6}", "{\"observedGeneration\":6,\"x\":1}", 1, 1},
	{AT(0, 0), "{\"conditions\":[{\"type\":\"A\",\"observedGeneration\":3}]}", NULL, "{\"conditions\":[{\"type\":\"A\"}]}", 1, 1},
	{{false, 7, 3}, "{\"observedGeneration\":3}", NULL, "{\"observedGeneration\":3}", 0, 0},
	{AT(7, 3), "{\"a\":null,\"b\":{\"c\":null,\"d\":[{\"e\":null},null]}}", NULL, "{\"b\":{\"d\":[{},null]}}", 0, 0},
};

static void translates_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sy_status_facts facts;
		sy_auto_json json_object *down = parse(rows[i].down), *copy = parse(rows[i].down), *up = parse(rows[i].up);
		sy_auto_json json_object *want = parse(rows[i].expected), *got = NULL;
		assert_int_equal(sy_status_translate(down, up, &rows[i].generations, &got, &facts, NULL), 0);
		sy_auto_free char *text = sy_json_text(got), *wanted = sy_json_text(want);
		if (!sy_json_equal(got, want) || facts.found != rows[i].found || facts.lower != rows[i].lower)
			fail_msg("row %zu: got %s, not %s (%u, %u)", i, text, wanted, facts.found, facts.lower);
		assert_true(sy_json_equal(down, copy));
	}
}

static void strips_numbers_only(void **state)
{
	(void)state;
	sy_auto_json json_object *status =
		parse("{\"observedGeneration\":1,\"conditions\":[{\"type\":\"A\",\"observedGeneration\":2},3],\"x\":1}");
	sy_auto_json json_object *want = parse("{\"conditions\":[{\"type\":\"A\"},3],\"x\":1}");
	sy_status_strip(status);
	assert_true(sy_json_equal(status, want));
	sy_status_strip(NULL);
}

static void refuses_what_is_no_object(void **state)
{
	(void)state;
	struct sy_generations generations = AT(1, 1);
	struct sy_status_facts facts;
	json_object *got = NULL;
	sy_auto_json json_object *text = parse("\"x\"");
	assert_true(sy_status_translate(text, NULL, &generations, &got, &facts, NULL) < 0);
	assert_true(sy_status_translate(NULL, NULL, &generations, &got, &facts, NULL) < 0);
	assert_null(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(translates_every_row),
		cmocka_unit_test(strips_numbers_only),
		cmocka_unit_test(refuses_what_is_no_object),
	};
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
