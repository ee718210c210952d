#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "supervisor/discovery/nodes.h"
#include "supervisor/discovery/quantity.h"

static void canonical(void **state)
{
	static const struct {
		const char *a, *b, *sum;
	} cases[] = {
		{"1500m", "500m", "2"},
		{"4", "4", "8"},
		{"16Gi", "16Gi", "32Gi"},
		{"1Gi", "512Mi", "1536Mi"},
		{"110", "110", "220"},
		{"500", "500", "1k"},
		{"0", "0", "0"},
		{"2e3", "1", "2001"},
		{"100Mi", "1", "104857601"},
		{"0.5", "0.25", "750m"},
		{"1n", "0", "1n"},
		{"1Ki", "0", "1Ki"},
		{"16393052Ki", "0", "16393052Ki"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sy_quantity sum = {0};
		char text[SY_QUANTITY_MAX];

		assert_true(sy_quantity_add(&sum, cases[i].a));
		assert_true(sy_quantity_add(&sum, cases[i].b));
		sy_quantity_print(&sum, text);
		assert_string_equal(text, cases[i].sum);
	}
}

static void refused(void **state)
{
	static const char *const bad[] = {"", "four", "-1", "1.2.3", "1KiB", "1 ", " 1", "1e", "1e99", "99999999999999999999999999", "Ki"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sy_quantity sum = {.nano = 7};

		assert_false(sy_quantity_add(&sum, bad[i]));
		assert_true(sum.nano == 7);
	}
}

static void take(struct sy_nodes *nodes, bool deleted, const char *json)
{
	json_object *node = NULL;

	assert_int_equal(sy_json_parse(json, strlen(json), 65536, &node, NULL), 0);
	assert_int_equal(sy_nodes_take(nodes, deleted, node, NULL), 0);
	json_object_put(node);
}

static void ignore(void *arg)
{
	(void)arg;
}

/* allocatable counts nodes that are Ready and schedulable; capacity all. */
static void nodes(void **state)
{
	struct sy_nodes *all = NULL;
	struct sy_loop *loop = NULL;

	(void)state;
	assert_int_equal(sy_loop_new(&loop, NULL), 0);
	assert_int_equal(sy_nodes_new(&all, loop, NULL, ignore, NULL, NULL), 0);
	take(all, false,
	     "{\"metadata\":{\"name\":\"a\"},\"status\":{\"allocatable\":{\"cpu\":\"3500m\"},\"capacity\":{\"cpu\":\"4\",\"pods\":110},"
	     "\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}");
	take(all, false,
	     "{\"metadata\":{\"name\":\"b\"},\"spec\":{\"unschedulable\":true},\"status\":{\"allocatable\":{\"cpu\":\"4\"},"
	     "\"capacity\":{\"cpu\":\"4\"},\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}");
	assert_string_equal(sy_json_str(sy_nodes_allocatable(all), "cpu", NULL), "3500m");
	assert_string_equal(sy_json_str(sy_nodes_capacity(all), "cpu", NULL), "8");
	assert_string_equal(sy_json_str(sy_nodes_capacity(all), "pods", NULL), "110");
	sy_nodes_free(all);
	sy_loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical),
		cmocka_unit_test(refused),
		cmocka_unit_test(nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
