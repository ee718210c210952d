#include "sample.h"

#include "base/limits.h"

static void decodes_what_it_encodes(void **state)
{
	struct sy_plan plan = {0};
	struct sy_error err = {0};
	sy_auto_json json_object *want = parse(SAMPLE_PLAN);
	sy_auto_json json_object *value = NULL;

	(void)state;
	sample_plan(&plan);
	assert_int_equal(plan.generation, 7);
	assert_int_equal(plan.resource_count, 2);
	assert_string_equal(plan.resources[0].kind, "Widget");
	assert_string_equal(plan.resources[0].ignore_fields[0], "/spec/replicas");
	assert_true(plan.resources[1].claimed);
	assert_int_equal(plan.resources[1].role, SY_ROLE_REMOVED);
	assert_int_equal(plan.resources[1].naming, SY_NAMING_PREFIXED);
	assert_true(plan.resources[1].up_gone && plan.resources[1].orphan && plan.resources[1].release_all);
	assert_false(plan.resources[0].up_gone || plan.resources[0].orphan || plan.resources[0].release_all);
	assert_int_equal(sy_plan_encode(&plan, &value, &err), 0);
	assert_true(sy_json_equal(value, want));
	sy_plan_done(&plan);
	assert_null(plan.resources);
}

static void copies_are_equal_and_independent(void **state)
{
	struct sy_plan plan = {0};
	struct sy_plan copy = {0};

	(void)state;
	sample_plan(&plan);
	assert_int_equal(sy_plan_copy(&plan, &copy, NULL), 0);
	assert_true(sy_plan_equal(&plan, &copy));
	copy.generation = 99;
	assert_true(sy_plan_equal(&plan, &copy));
	sy_plan_done(&plan);
	assert_string_equal(copy.resources[0].group, "example.dev");
	assert_string_equal(sy_json_str(copy.namespace_labels, "team", NULL), "a");
	sy_plan_done(&copy);
}

static void every_difference_counts(void **state)
{
	static const struct damage rows[] = {
		{"/mode", "\"drain\"", NULL},
		{"/removal", "\"orphan\"", NULL},
		{"/upstreamGone", "true", NULL},
		{"/path", "\"root:org\"", NULL},
		{"/targetName", "\"edge-2\"", NULL},
		{"/namespaceCleanDelayMs", "1", NULL},
		{"/namespaceLabels/team", "\"b\"", NULL},
		{"/namespaceLabels", NULL, NULL},
		{"/resources/0/ignoreFields/0", "\"/spec/x\"", NULL},
		{"/keepNamespaces", "true", NULL},
		{"/guard", "false", NULL},
		{"/approved", "4", NULL},
		{"/held", "[]", NULL},
		{"/held/0", "\"configmaps\"", NULL},
		{"/resources/0/upStatus", "false", NULL},
		{"/resources/0/role", "\"kept\"", NULL},
		{"/resources/0/role", "\"absent\"", NULL},
		{"/resources/1", NULL, NULL},
	};
	struct sy_plan plan = {0};

	(void)state;
	sample_plan(&plan);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sy_plan other = {0};
		sy_auto_json json_object *value = NULL;

		if (i == sizeof(rows) / sizeof(rows[0]) - 1) { /* an array element is not removed by pointer */
			value = parse(SAMPLE_PLAN);
			json_object_array_del_idx(sy_json_array(value, "resources", NULL), 1, 1);
		} else {
			value = damaged(SAMPLE_PLAN, &rows[i]);
		}
		assert_int_equal(sy_plan_decode(value, &other, NULL), 0);
		if (sy_plan_equal(&plan, &other))
			fail_msg("a plan that differs in %s counts as equal", rows[i].at);
		sy_plan_done(&other);
	}
	sy_plan_done(&plan);
}

static void refuses_what_is_wrong(void **state)
{
	static const struct damage rows[] = {
		{"/extra", "1", "plan.extra: unknown member"},
		{"/generation", NULL, "plan.generation: missing"},
		{"/generation", "\"7\"", "plan.generation: must be a whole number"},
		{"/generation", "-1", "plan.generation: must be zero or more"},
		{"/generation", "1.5", "plan.generation: must be a whole number"},
		{"/mode", "\"Run\"", "plan.mode: must be one of"},
		{"/mode", "1", "plan.mode: must be a string"},
		{"/removal", "null", "plan.removal: must be a string"},
		{"/upstreamGone", "0", "plan.upstreamGone: must be true or false"},
		{"/cluster", "\"\"", "plan.cluster: must be a logical cluster name"},
		{"/cluster", "\"root/org\"", "plan.cluster: must be a logical cluster name"},
		{"/cluster", "\"..\"", "plan.cluster: must be a logical cluster name"},
		{"/cluster", "\"UPPER\"", "plan.cluster: must be a logical cluster name"},
		{"/cluster", "\"a\\u0000b\"", "plan.cluster: must be text without NUL"},
		{"/cluster", "\"2emvxyuo2bnz6kxr\"", "upBase: must end in /clusters/2emvxyuo2bnz6kxr"},
		{"/path", "\"root::x\"", "plan.path: must be a workspace path"},
		{"/targetCluster", "\"a b\"", "plan.targetCluster"},
		{"/targetName", "\"\"", "plan.targetName"},
		{"/targetUid", "\"\\\"\"", "plan.targetUid"},
		{"/key", "\"a/b\"", "plan.key: must be a base62 key"},
		{"/namespaceCleanDelayMs", "86400001", "plan.namespaceCleanDelayMs: must be at most 86400000"},
		{"/namespaceLabels", "[]", "plan.namespaceLabels: must be an object"},
		{"/namespaceLabels/team", "1", "plan.namespaceLabels: must be an object of short strings"},
		{"/resources", "{}", "plan.resources: must be an array"},
		{"/resources/0", "null", "plan.resources[0]: must be an object"},
		{"/resources/0/more", "1", "plan.resources[0].more: unknown member"},
		{"/resources/0/group", "\"a/b\"", "plan.resources[0].group: must be an API group"},
		{"/resources/0/version", "\"v1/x\"", "plan.resources[0].version"},
		{"/resources/0/resource", "\"..\"", "plan.resources[0].resource"},
		{"/resources/1/kind", "\"\"", "plan.resources[1].kind"},
		{"/resources/0/upBase", "\"file:///etc/passwd\"", "plan.resources[0].upBase: must be an http(s) URL"},
		{"/resources/0/upBase", "\"https://h/clusters/1ld2ccjgd5zd9iq2?x\"", "plan.resources[0].upBase: must be an http(s) URL"},
		{"/resources/0/upBase", "\"https://h/clusters/1ld2ccjgd5zd9iq2/../x\"", "plan.resources[0].upBase: must be an http(s) URL"},
		{"/resources/1/upBase", "\"https://h/clusters/*\"", "plan.resources[1].upBase: must end in /clusters/"},
		{"/resources/1/upBase", "\"https://h/clusters/1ld2ccjgd5zd9iq2x\"", "plan.resources[1].upBase: must end in /clusters/"},
		{"/resources/1/upBase", "\"https://h/\"", "plan.resources[1].upBase: must end in /clusters/"},
		{"/resources/0/naming", "\"other\"", "plan.resources[0].naming"},
		{"/resources/0/role", "\"Kept\"", "plan.resources[0].role: must be one of"},
		{"/resources/0/role", "2", "plan.resources[0].role: must be a string"},
		{"/resources/0/role", NULL, "plan.resources[0].role: missing"},
		{"/resources/0/removed", "true", "plan.resources[0].removed: unknown member"},
		{"/guard", NULL, "plan.guard: missing"},
		{"/approved", "-1", "plan.approved: must be"},
		{"/held", NULL, "plan.held: missing"},
		{"/held", "true", "plan.held: must be an array"},
		{"/held/0", "\"a/b\"", "plan.held[0]: must be a resource with its group"},
		{"/keepNamespaces", NULL, "plan.keepNamespaces: missing"},
		{"/keepNamespaces", "1", "plan.keepNamespaces: must be true or false"},
		{"/resources/0/ignoreFields/0", "\"spec\"", "plan.resources[0].ignoreFields[0]: must be a JSON pointer"},
		{"/resources/0/ignoreFields/0", "\"/a~2\"", "plan.resources[0].ignoreFields[0]: must be a JSON pointer"},
		{"/resources/0/ignoreFields", "\"x\"", "plan.resources[0].ignoreFields: must be an array"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sy_auto_json json_object *value = damaged(SAMPLE_PLAN, &rows[i]);
		struct sy_error err = {0};
		struct sy_plan plan = {.generation = 4242};

		expect_refusal(sy_plan_decode(value, &plan, &err), &err, &rows[i]);
		assert_int_equal(plan.generation, 4242); /* outputs are untouched on failure */
	}
}

static void refuses_what_is_no_object(void **state)
{
	static const char *const texts[] = {"[]", "1", "\"x\"", "null", "{}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		sy_auto_json json_object *value = parse(texts[i]);
		struct sy_plan plan;

		assert_int_equal(sy_plan_decode(value, &plan, NULL), -EINVAL);
	}
}

static void refuses_too_much(void **state)
{
	sy_auto_json json_object *value = parse(SAMPLE_PLAN);
	json_object *resources = sy_json_array(value, "resources", NULL);
	struct sy_error err = {0};
	struct sy_plan plan;
	char text[2048];

	(void)state;
	json_object_array_add(resources, sy_json_copy(json_object_array_get_idx(resources, 0)));
	assert_int_equal(sy_plan_decode(value, &plan, &err), -EINVAL);
	assert_non_null(strstr(err.text, "plan.resources[2]: widgets.example.dev is listed twice"));
	while (json_object_array_length(resources) <= SY_MAX_PLAN_RESOURCES)
		json_object_array_add(resources, json_object_get(json_object_array_get_idx(resources, 0)));
	assert_int_equal(sy_plan_decode(value, &plan, &err), -EINVAL);
	assert_non_null(strstr(err.text, "more than the limit of 512"));
	const struct damage longer = {"/cluster", long_string(SY_MAX_CLUSTER_NAME + 1, text), "more than the limit of 128"};
	sy_auto_json json_object *other = damaged(SAMPLE_PLAN, &longer);
	expect_refusal(sy_plan_decode(other, &plan, &err), &err, &longer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_what_it_encodes),   cmocka_unit_test(copies_are_equal_and_independent),
		cmocka_unit_test(every_difference_counts),   cmocka_unit_test(refuses_what_is_wrong),
		cmocka_unit_test(refuses_what_is_no_object), cmocka_unit_test(refuses_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
