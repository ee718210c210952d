#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "engine/body.h"

static json_object *parse(const char *text)
{
	struct sy_error err = {0};
	json_object *value = NULL;
	if (sy_json_parse(text, strlen(text), 1 << 20, &value, &err))
		fail_msg("%s: %s", text, err.text);
	return value;
}

static const struct sy_body_rules rules = {
	.api_version = "example.dev/v1",
	.kind = "Widget",
	.ns = "kcp-33wvscual9o8",
	.name = "w",
	.key = "KEY",
	.tenant = "TENANT",
};

static void check(const char *object, const struct sy_body_rules *with, const char *expected)
{
	struct sy_error err = {0};
	sy_auto_json json_object *from = parse(object), *want = parse(expected), *copy = parse(object);
	sy_auto_json json_object *body = NULL;
	if (sy_body_build(from, with, &body, &err))
		fail_msg("%s", err.text);
	if (!sy_json_equal(body, want)) {
		sy_auto_free char *text = sy_json_text(body);
		fail_msg("got %s\nnot %s", text, expected);
	}
	assert_true(sy_json_equal(from, copy)); /* the event's tree is untouched */
}

#define LABELS "\"internal.workload.kcp.io/cluster\":\"KEY\",\"kcp.io/tenant-id\":\"TENANT\""
#define HEAD                                                                                                                               \
	"{\"apiVersion\":\"example.dev/"                                                                                                   \
	"v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"w\",\"namespace\":\"kcp-33wvscual9o8\",\"labels\":{"

static void drops_and_adds(void **state)
{
	(void)state;
	check("{\"apiVersion\":\"example.dev/v2\",\"kind\":\"Other\",\"metadata\":{\"name\":\"x\",\"namespace\":\"y\",\"uid\":\"u\","
	      "\"resourceVersion\":\"5\",\"generation\":3,\"finalizers\":[\"f\"],\"ownerReferences\":[{}],\"managedFields\":[{}],"
	      "\"generateName\":\"x-\",\"labels\":{\"a\":\"b\",\"kcp.io/tenant-id\":\"forged\",\"claimed.internal.apis.kcp.io/1\":\"1\"},"
	      "\"annotations\":{\"kcp.io/cluster\":\"c\",\"kubectl.kubernetes.io/last-applied-configuration\":\"{}\",\"n\":\"1\"}},"
	      "\"spec\":{\"n\":9007199254740993,\"d\":1.10,\"x\":null},\"status\":{\"s\":1},\"extra\":[1]}",
	      &rules,
	      HEAD "\"a\":\"b\"," LABELS "},\"annotations\":{\"n\":\"1\"}},\"spec\":{\"n\":9007199254740993,\"d\":1.1},\"extra\":[1]}");
	check("{\"metadata\":{}}", &rules, HEAD LABELS "}}}");
	check("{\"metadata\":{\"labels\":\"odd\"},\"data\":\"x\"}", &rules, HEAD LABELS "}},\"data\":\"x\"}");
}

static void marks_cluster_scoped_objects(void **state)
{
	(void)state;
	struct sy_body_rules scoped = rules;
	scoped.ns = NULL;
	scoped.locator = "{\"l\":1}";
	check("{\"metadata\":{\"annotations\":{\"kcp.io/namespace-locator\":\"forged\"}}}", &scoped,
	      "{\"apiVersion\":\"example.dev/v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"w\",\"labels\":{" LABELS
	      "},\"annotations\":{\"kcp.io/namespace-locator\":\"{\\\"l\\\":1}\"}}}");
}

static void leaves_ignored_fields_out(void **state)
{
	(void)state;
	char replicas[] = "/spec/replicas", label[] = "/metadata/labels/a", mark[] = "/metadata/labels/kcp.io~1tenant-id";
	char *fields[] = {replicas, label, mark};
	struct sy_body_rules with = rules;
	with.ignore_fields = fields;
	with.ignore_count = 3;
	check("{\"metadata\":{\"labels\":{\"a\":\"1\",\"b\":\"2\"}},\"spec\":{\"replicas\":3,\"t\":{}}}", &with,
	      HEAD "\"b\":\"2\"," LABELS "}},\"spec\":{\"t\":{}}}");
}

static void turns_tokens_into_opaque_secrets(void **state)
{
	(void)state;
	struct sy_body_rules with = rules;
	with.secret = with.sync_tokens = true;
	check("{\"type\":\"kubernetes.io/service-account-token\",\"metadata\":{\"annotations\":{\"kubernetes.io/"
	      "service-account.name\":\"d\","
	      "\"kubernetes.io/service-account.uid\":\"u\",\"k\":\"v\"}}}",
	      &with, HEAD LABELS "},\"annotations\":{\"k\":\"v\"}},\"type\":\"Opaque\"}");
	sy_auto_json json_object *token = parse("{\"type\":\"kubernetes.io/service-account-token\"}");
	sy_auto_json json_object *bootstrap = parse("{\"type\":\"bootstrap.kubernetes.io/token\"}");
	assert_true(sy_body_server_secret(token, false));
	assert_false(sy_body_server_secret(token, true));
	assert_true(sy_body_server_secret(bootstrap, true));
}

static void knows_marks(void **state)
{
	(void)state;
	static const char *const marks[] = {"kcp.io/cluster", "internal.workload.kcp.io/cluster", "a.kcp.io/",
					    "kubectl.kubernetes.io/last-applied-configuration"};
	static const char *const others[] = {"kcp.io", "mykcp.io/x", "kcp.io.example.dev/x", "app", "", "/x", "io/x"};
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		assert_true(sy_body_mark(marks[i]));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_false(sy_body_mark(others[i]));
}

static struct sy_hash hash_of(const char *text)
{
	struct sy_hash hash = {0};
	sy_auto_json json_object *value = parse(text);
	assert_int_equal(sy_body_hash(value, &hash, NULL), 0);
	return hash;
}

static void hashes_what_can_differ(void **state)
{
	(void)state;
	struct sy_hash a = hash_of("{\"apiVersion\":\"v1\",\"kind\":\"K\",\"metadata\":{\"name\":\"n\",\"uid\":\"u\",\"labels\":{\"a\":"
				   "\"1\"}},\"spec\":{\"x\":1}}");
	struct sy_hash same = hash_of("{\"spec\":{\"x\":1.0,\"y\":null},\"metadata\":{\"labels\":{\"a\":\"1\"},\"namespace\":\"z\"}}");
	struct sy_hash other = hash_of("{\"spec\":{\"x\":2},\"metadata\":{\"labels\":{\"a\":\"1\"}}}");
	struct sy_hash label = hash_of("{\"spec\":{\"x\":1},\"metadata\":{\"labels\":{}}}");
	assert_true(sy_hash_equal(&a, &same));
	assert_false(sy_hash_equal(&a, &other));
	assert_false(sy_hash_equal(&a, &label));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drops_and_adds),
		cmocka_unit_test(marks_cluster_scoped_objects),
		cmocka_unit_test(leaves_ignored_fields_out),
		cmocka_unit_test(turns_tokens_into_opaque_secrets),
		cmocka_unit_test(knows_marks),
		cmocka_unit_test(hashes_what_can_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
