/* What rules grant beyond others, and which fields a schema has beyond another. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "supervisor/ctl/embedded.h"
#include "supervisor/ctl/upgrade.h"

static json_object *parse(const char *text)
{
	json_object *value = NULL;

	assert_int_equal(sy_json_parse(text, strlen(text), 1 << 20, &value, NULL), 0);
	return value;
}

/* The texts, joined. */
static void is_beyond(json_object *(*beyond)(json_object *, json_object *), const char *one, const char *other, const char *wanted)
{
	json_object *a = one ? parse(one) : NULL, *b = other ? parse(other) : NULL, *found = beyond(a, b);
	char *text = ctl_some_of(found);

	assert_string_equal(text, wanted);
	free(text);
	json_object_put(found);
	json_object_put(a);
	json_object_put(b);
}

#define RULE(groups, resources, more, verbs) "{\"apiGroups\":[" groups "],\"resources\":[" resources "]," more "\"verbs\":[" verbs "]}"
#define NAMES(names) "\"resourceNames\":[" names "],"

static void rules(void **state)
{
	static const char one[] = "[" RULE("\"\",\"a\"", "\"x\"", "", "\"get\",\"list\"") "]";
	static const char named[] = "[" RULE("\"a\"", "\"x\"", NAMES("\"n\",\"m\""), "\"get\"") "]";

	(void)state;
	is_beyond(ctl_rules_beyond, one, one, "");
	is_beyond(ctl_rules_beyond, one, NULL, "get x, list x, get x.a, list x.a");
	is_beyond(ctl_rules_beyond, NULL, one, "");
	is_beyond(ctl_rules_beyond, one, named, "get x, list x, get x.a, list x.a");
	is_beyond(ctl_rules_beyond, named, one, "");
	is_beyond(ctl_rules_beyond, named, "[" RULE("\"a\"", "\"x\"", NAMES("\"m\""), "\"get\"") "]", "get x.a n");
	/* Spread over several rules, and by wildcards. */
	is_beyond(ctl_rules_beyond, one, "[" RULE("\"\"", "\"x\"", "", "\"*\"") "," RULE("\"*\"", "\"*\"", "", "\"get\"") "]", "list x.a");
	is_beyond(ctl_rules_beyond, "[" RULE("\"*\"", "\"*\"", "", "\"*\"") "]", one, "* *.*");
	is_beyond(ctl_rules_beyond, "[{\"nonResourceURLs\":[\"/metrics\"],\"verbs\":[\"get\"]},{},7]", one, "URL /metrics");
	is_beyond(ctl_rules_beyond, "[" RULE("\"\"", "\"x\"", "", "\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\"") "]", NULL,
		  "1 x, 2 x, 3 x, 4 x, 5 x and 2 more");
}

#define SCHEMA(properties) "{\"spec\":{\"versions\":[{\"schema\":{\"properties\":{" properties "}}}]}}"

static void fields(void **state)
{
	static const char one[] = SCHEMA("\"spec\":{\"properties\":{\"a\":{},\"l\":{\"items\":{\"properties\":{\"x\":{},\"y\":{}}}}}}");
	static const char other[] =
		SCHEMA("\"spec\":{\"properties\":{\"l\":{\"items\":{\"properties\":{\"x\":{}}}},\"new\":{}}},\"status\":{}");
	json_object *shipped = NULL, *beyond;

	(void)state;
	is_beyond(ctl_fields_beyond, one, one, "");
	is_beyond(ctl_fields_beyond, one, other, "spec.a, spec.l.y");
	is_beyond(ctl_fields_beyond, other, one, "spec.new, status");
	is_beyond(ctl_fields_beyond, one, "{}", "spec");
	is_beyond(ctl_fields_beyond, "[]", one, "");
	assert_int_equal(ctl_embedded_schema(&shipped, NULL), 0);
	beyond = ctl_fields_beyond(shipped, NULL);
	assert_true(json_object_array_length(beyond) > 0);
	json_object_put(beyond);
	json_object_put(shipped);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules),
		cmocka_unit_test(fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
