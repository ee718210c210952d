/* Paths, versions, access and discovery. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kube/access.h"
#include "kube/discovery.h"
#include "kube/gvr.h"

static void path_is(const struct sy_gvr *gvr, const char *ns, const char *name, const char *sub, const char *wanted)
{
	struct sy_buf out;

	sy_buf_init(&out, 256);
	assert_int_equal(sy_kube_path(&out, gvr, ns, name, sub, NULL), 0);
	assert_string_equal(sy_buf_str(&out), wanted);
	sy_buf_done(&out);
}

static void test_paths(void **state)
{
	static const struct sy_gvr core = {"", "v1", "configmaps"}, group = {"example.dev", "v1alpha1", "widgets"};
	static const char *const bad[] = {"", ".", "..", "a/b", "/"};
	struct sy_buf out;

	(void)state;
	path_is(&core, "ns", "c", NULL, "/api/v1/namespaces/ns/configmaps/c");
	path_is(&core, NULL, NULL, NULL, "/api/v1/configmaps");
	path_is(&group, NULL, "w", "status", "/apis/example.dev/v1alpha1/widgets/w/status");
	path_is(&group, "n", "a b%?\xc3\xa9:x..y", NULL, "/apis/example.dev/v1alpha1/namespaces/n/widgets/a%20b%25%3F%C3%A9:x..y");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct sy_error err = {0};

		sy_buf_init(&out, 256);
		sy_buf_add_str(&out, "x");
		assert_int_equal(sy_kube_path(&out, &core, "ns", bad[i], NULL, &err), -EINVAL);
		assert_int_equal(sy_kube_path(&out, &core, bad[i], "a", NULL, &err), -EINVAL);
		assert_string_equal(sy_buf_str(&out), "x");
		sy_buf_done(&out);
	}
}

static void test_query(void **state)
{
	struct sy_buf out;

	(void)state;
	sy_buf_init(&out, 64);
	assert_int_equal(sy_kube_query_add(&out, "a", "x=y,z!"), 0);
	assert_int_equal(sy_kube_query_add(&out, "b", "1&2"), 0);
	assert_string_equal(sy_buf_str(&out), "a=x%3Dy%2Cz%21&b=1%262");
	assert_true(sy_kube_query_add(&out, "c", "0123456789012345678901234567890123456789012345678901234567890123456789") < 0);
	assert_string_equal(sy_buf_str(&out), "a=x%3Dy%2Cz%21&b=1%262");
	sy_buf_done(&out);
}

static void test_versions(void **state)
{
	static const char *const order[] = {"v10",	"v2",	    "v1",   "v11beta2", "v3beta1", "v1beta2",  "v1beta1", "v12alpha1",
					    "v1alpha2", "v1alpha1", "foo1", "foo10",	"v",	   "v1gamma1", "vx"};
	size_t count = sizeof(order) / sizeof(*order);

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			int r = sy_kube_version_compare(order[i], order[j]);

			if ((r < 0) != (i < j) || (r > 0) != (i > j))
				fail_msg("%s against %s: %d", order[i], order[j], r);
		}
}

static json_object *parse(const char *text)
{
	json_object *value = NULL;

	assert_int_equal(sy_json_parse(text, strlen(text), 65536, &value, NULL), 0);
	return value;
}

static void test_access(void **state)
{
	json_object *value = parse("{\"server\":\"https://h\",\"ca\":\"C\",\"token\":\"T\",\"tlsServerName\":\"n\",\"insecure\":true}");
	struct sy_access access, copy;
	json_object *again = NULL;

	(void)state;
	assert_int_equal(sy_access_decode(value, &access, NULL), 0);
	assert_string_equal(access.token, "T");
	assert_true(access.insecure);
	assert_int_equal(sy_access_encode(&access, &again, NULL), 0);
	assert_true(sy_json_equal(value, again));
	assert_int_equal(sy_access_copy(&access, &copy, NULL), 0);
	assert_true(sy_access_equal(&access, &copy));
	copy.token[0] = 'U';
	assert_false(sy_access_equal(&access, &copy));
	copy.token_file = strdup("/f");
	json_object_put(again);
	assert_int_equal(sy_access_encode(&copy, &again, NULL), 0);
	assert_null(strstr(json_object_to_json_string(again), "/f"));
	json_object_put(again);
	json_object_put(value);
	sy_access_done(&access);
	sy_access_done(&copy);
	assert_null(copy.token);
}

static void test_access_refused(void **state)
{
	static const char *const texts[] = {"[]",
					    "{}",
					    "{\"server\":1}",
					    "{\"server\":\"\"}",
					    "{\"server\":\"h\",\"x\":\"SECRET\"}",
					    "{\"server\":\"h\",\"tokenFile\":\"SECRET\"}",
					    "{\"server\":\"h\",\"cert\":\"SECRET\"}",
					    "{\"server\":\"h\",\"token\":\"SECRET\\u0000x\"}",
					    "{\"server\":\"h\",\"insecure\":\"SECRET\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		json_object *value = parse(texts[i]);
		struct sy_access access;
		struct sy_error err = {0};

		if (sy_access_decode(value, &access, &err) != -EINVAL)
			fail_msg("accepted: %s", texts[i]);
		assert_null(strstr(err.text, "SECRET"));
		json_object_put(value);
	}
}

static void test_discovery(void **state)
{
	json_object *value = parse("{\"kind\":\"APIResourceList\",\"resources\":["
				   "{\"name\":\"widgets/status\",\"kind\":\"Widget\",\"namespaced\":true,\"verbs\":null},"
				   "{\"name\":\"widgets\",\"kind\":\"Widget\",\"namespaced\":true,\"verbs\":[\"get\"]},"
				   "{\"name\":\"nodes\",\"kind\":\"Node\",\"namespaced\":false,\"verbs\":null},"
				   "{\"name\":\"widgets/status\",\"kind\":\"Widget\",\"namespaced\":true,\"verbs\":null}]}");
	json_object *other = parse("{\"kind\":\"Status\",\"resources\":[]}");
	struct sy_served served;

	(void)state;
	assert_int_equal(sy_served_decode(value, &served, NULL), 0);
	assert_int_equal(served.count, 2);
	assert_true(sy_served_find(&served, "widgets")->has_status);
	assert_true(sy_served_find(&served, "widgets")->namespaced);
	assert_false(sy_served_find(&served, "nodes")->has_status);
	assert_false(sy_served_find(&served, "nodes")->namespaced);
	assert_null(sy_served_find(&served, "widget"));
	assert_null(sy_served_find(&served, "widgets/status"));
	sy_served_done(&served);
	assert_int_equal(sy_served_decode(other, &served, NULL), -EINVAL);
	assert_int_equal(sy_served_decode(NULL, &served, NULL), -EINVAL);
	json_object_put(value);
	json_object_put(other);
}

static void on_version(void *arg, const char *version)
{
	char *log = arg;

	snprintf(log + strlen(log), 64 - strlen(log), "%s ", version);
}

static void test_groups(void **state)
{
	json_object *value = parse("{\"kind\":\"APIGroupList\",\"groups\":[{\"name\":\"a\",\"versions\":[{\"version\":\"v9\"}]},"
				   "{\"name\":\"b\",\"versions\":[{\"version\":\"v2\"},{\"version\":\"v1\"},{}]}]}");
	char log[64] = "";

	(void)state;
	assert_int_equal(sy_group_versions(value, "b", on_version, log, NULL), 0);
	assert_string_equal(log, "v2 v1 ");
	assert_int_equal(sy_group_versions(value, "c", on_version, log, NULL), 0);
	assert_int_equal(sy_group_versions(NULL, "b", on_version, log, NULL), -EINVAL);
	json_object_put(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),  cmocka_unit_test(test_query),	      cmocka_unit_test(test_versions),
		cmocka_unit_test(test_access), cmocka_unit_test(test_access_refused), cmocka_unit_test(test_discovery),
		cmocka_unit_test(test_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
