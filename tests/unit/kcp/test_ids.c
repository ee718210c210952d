#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kcp/ids.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct sy_target_id T = {.cluster = "2emvxyuo2bnz6kxr", .name = "psyncer-01", .uid = "11111111-2222-3333-4444-555555555555"};
static const struct sy_target_id upstream_test = {.cluster = "root:org:ws", .name = "us-west1", .uid = "syncTargetUID"};
static const struct sy_target_id direct = {.cluster = "", .name = "site-7", .uid = "0b6f8b1e-3c3e-4c0e-8d35-0a3b0a6f3b21"};
static const char W[] = "1ld2ccjgd5zd9iq2";

static void test_keys(void **state)
{
	(void)state;
	static const struct {
		const char *cluster;
		const char *name;
		const char *key;
	} table[] = {
		{"root:org:ws", "us-west1", "6ohB8yeXhwqTQVuBzJRgqcRJTpRjX7yTZu5g5g"},
		{"2emvxyuo2bnz6kxr", "psyncer-01", "c5NCXBde8yeGv9QVAlh4WsGWVssdAXY6k1ZlGD"},
		{"root", "edge-1", "2q0tEVfkjMoqzgkH8KYp0wWSSgctycBvQlQvgE"},
		{"2emvxyuo2bnz6kxr", "edge-204", "2ERyQEtGmbCz5E56vQ5OC6TKbu7lYXOTeEMWa"},
		{"2emvxyuo2bnz6kxr", "t33862", "5qyHQwl4sPMPVznCvHXp8nKaPGBMsVrIr4x"},
	};
	char key[SY_KEY_MAX];

	for (size_t i = 0; i < COUNT(table); i++) {
		assert_int_equal(sy_key_of_target(table[i].cluster, table[i].name, key, NULL), 0);
		assert_string_equal(key, table[i].key);
	}
	assert_int_equal(sy_key_of_direct("site-7", key, NULL), 0);
	assert_string_equal(key, "9CHuJE5i1fsVOVjgiuqj2wtYy2is3ZSjyj2ZaO");
}

static void test_namespaces(void **state)
{
	(void)state;
	const struct {
		const struct sy_target_id *target;
		const char *cluster;
		const char *ns;
		const char *result;
	} table[] = {
		{&upstream_test, "root:org:ws", "test", "kcp-33jbiactwhg0"},
		{&T, W, "default", "kcp-33wvscual9o8"},
		{&T, W, "", "kcp-329w0fihijn8"},
		{&T, W, NULL, "kcp-329w0fihijn8"},
		{&T, "27ehv3w54us5fp8e", "default", "kcp-xdvpvyyfda41"},
		{&T, W, "ns-22", "kcp-06qau04j4vb1"},
		{&direct, "27ehv3w54us5fp8e", "default", "kcp-8zlgjbzmjp85"},
	};
	char ns[SY_NAMESPACE_MAX];

	for (size_t i = 0; i < COUNT(table); i++) {
		assert_int_equal(sy_downstream_namespace(table[i].target, table[i].cluster, table[i].ns, ns, NULL), 0);
		assert_string_equal(ns, table[i].result);
	}
}

static void test_tenants_and_syncer(void **state)
{
	(void)state;
	char tenant[SY_KEY_MAX];
	char id[SY_SYNCER_ID_MAX];
	struct sy_error err;

	assert_int_equal(sy_tenant_id(&upstream_test, "root:org:ws", tenant, NULL), 0);
	assert_string_equal(tenant, "9Fn3Q4y5UDPmCOrYCujwdgCbD9SwOcKdcefYE7");
	assert_int_equal(sy_tenant_id(&T, W, tenant, NULL), 0);
	assert_string_equal(tenant, "cgsViiNCbScofAAbkXQm04c42SLcTKnYKmKt6k");
	assert_int_equal(sy_syncer_id(T.name, T.uid, id, NULL), 0);
	assert_string_equal(id, "kcp-syncer-psyncer-01-3275ls9b");
	/* 43 characters fit exactly, 44 do not. */
	assert_int_equal(sy_syncer_id("a123456789012345678901234567890123456789012", T.uid, id, &err), 0);
	assert_int_equal(strlen(id), 63);
	assert_int_equal(sy_syncer_id("a1234567890123456789012345678901234567890123", T.uid, id, &err), -EINVAL);
}

static void test_locator(void **state)
{
	(void)state;
	char *locator = NULL;

	assert_int_equal(sy_locator(&T, W, "default", &locator, NULL), 0);
	assert_string_equal(locator,
			    "{\"syncTarget\":{\"cluster\":\"2emvxyuo2bnz6kxr\",\"name\":\"psyncer-01\",\"uid\":\"11111111-2222-3333-4444-"
			    "555555555555\"},\"cluster\":\"1ld2ccjgd5zd9iq2\",\"namespace\":\"default\"}");
	assert_true(sy_locator_matches(locator, &T, W, "default"));
	assert_true(sy_locator_matches(locator, &T, W, NULL));
	assert_false(sy_locator_matches(locator, &T, W, ""));
	assert_false(sy_locator_matches(locator, &T, W, "other"));
	assert_false(sy_locator_matches(locator, &T, "27ehv3w54us5fp8e", "default"));
	assert_false(sy_locator_matches(locator, &direct, W, "default"));
	struct sy_target_id other = T;
	other.uid = "11111111-2222-3333-4444-555555555556";
	assert_false(sy_locator_matches(locator, &other, W, "default"));
	other = T;
	other.cluster = "";
	assert_false(sy_locator_matches(locator, &other, W, "default"));
	free(locator);

	assert_int_equal(sy_locator(&direct, W, NULL, &locator, NULL), 0);
	assert_string_equal(locator, "{\"syncTarget\":{\"name\":\"site-7\",\"uid\":\"0b6f8b1e-3c3e-4c0e-8d35-0a3b0a6f3b21\"},\"cluster\":"
				     "\"1ld2ccjgd5zd9iq2\",\"namespace\":\"\"}");
	char *cluster = NULL;
	char *ns = NULL;
	assert_true(sy_locator_parse(locator, &direct, &cluster, &ns));
	assert_string_equal(cluster, W);
	assert_string_equal(ns, "");
	free(cluster);
	free(ns);
	free(locator);
}

static void test_foreign_locators(void **state)
{
	(void)state;
	static const struct sy_target_id target = {.cluster = "c", .name = "n", .uid = "u"};
	static const char *const ours[] = {
		"{\"syncTarget\":{\"cluster\":\"c\",\"name\":\"n\",\"uid\":\"u\"},\"cluster\":\"w\",\"namespace\":\"s\"}",
		" { \"namespace\" : \"s\", \"cluster\":\"w\", \"syncTarget\":{\"uid\":\"u\",\"cluster\":\"c\",\"name\":\"n\"} } ",
		"{\"syncTarget\":{\"path\":\"c\",\"name\":\"n\",\"uid\":\"u\"},\"cluster\":\"w\",\"namespace\":\"s\"}",
		"{\"syncTarget\":{\"path\":\"old\",\"cluster\":\"c\",\"name\":\"n\",\"uid\":\"u\"},\"cluster\":\"w\",\"namespace\":\"s\"}",
	};
	static const char *const foreign[] = {
		"",
		"null",
		"[]",
		"\"x\"",
		"{}",
		"{\"syncTarget\":null,\"cluster\":\"w\",\"namespace\":\"s\"}",
		"{\"syncTarget\":{\"cluster\":\"c\",\"name\":\"n\",\"uid\":\"u\"},\"namespace\":\"s\"}",
		"{\"syncTarget\":{\"cluster\":\"c\",\"name\":\"n\"},\"cluster\":\"w\",\"namespace\":\"s\"}",
		"{\"syncTarget\":{\"cluster\":\"c\",\"name\":\"n\",\"uid\":5},\"cluster\":\"w\",\"namespace\":\"s\"}",
		"{\"syncTarget\":{\"cluster\":\"c\",\"name\":\"n\",\"uid\":\"u\\u0000\"},\"cluster\":\"w\",\"namespace\":\"s\"}",
		"{\"syncTarget\":{\"cluster\":\"c\",\"name\":\"n\",\"uid\":\"u\"},\"cluster\":\"w\",\"namespace\":[]}",
		"{\"syncTarget\":{\"cluster\":\"c\",\"name\":\"n\",\"uid\":\"u\"},\"cluster\":\"\",\"namespace\":\"s\"}",
		"{\"syncTarget\":{\"cluster\":\"c\",\"name\":\"n\",\"uid\":\"u\"},\"cluster\":\"w\",\"cluster\":\"w\",\"namespace\":\"s\"}",
		"{\"syncTarget\":{\"cluster\":\"c\",\"name\":\"n\",\"uid\":\"u\"},\"cluster\":\"w\",\"namespace\":\"s\"} x",
		"{\"syncTarget\":{\"path\":\"c\",\"cluster\":\"d\",\"name\":\"n\",\"uid\":\"u\"},\"cluster\":\"w\",\"namespace\":\"s\"}",
	};
	static char big[10000];
	char *cluster = NULL;
	char *ns = NULL;

	for (size_t i = 0; i < COUNT(ours); i++)
		if (!sy_locator_matches(ours[i], &target, "w", "s"))
			fail_msg("refused %s", ours[i]);
	for (size_t i = 0; i < COUNT(foreign); i++)
		if (sy_locator_matches(foreign[i], &target, "w", NULL) || sy_locator_parse(foreign[i], &target, &cluster, &ns))
			fail_msg("accepted %s", foreign[i]);
	assert_false(sy_locator_matches(NULL, &target, "w", NULL));
	memset(big, ' ', sizeof(big) - 1);
	memcpy(big, ours[0], strlen(ours[0]));
	assert_false(sy_locator_matches(big, &target, "w", "s"));
}

static void test_refused_values(void **state)
{
	(void)state;
	static const char *const values[] = {"", "a b", "a\"b", "a\\b", "a/b", "\xc3\xa9", "a_b", "a\nb"};
	char key[SY_KEY_MAX];
	char ns[SY_NAMESPACE_MAX];
	char id[SY_SYNCER_ID_MAX];
	char *locator = NULL;
	char longer[300];
	struct sy_error err;

	for (size_t i = 0; i < COUNT(values); i++) {
		const struct sy_target_id bad_name = {.cluster = "c", .name = values[i], .uid = "u"};
		const struct sy_target_id bad_uid = {.cluster = "c", .name = "n", .uid = values[i]};
		assert_int_equal(sy_key_of_target(values[i], "n", key, &err), -EINVAL);
		assert_int_equal(sy_key_of_target("c", values[i], key, &err), -EINVAL);
		assert_int_equal(sy_key_of_direct(values[i], key, &err), -EINVAL);
		assert_int_equal(sy_syncer_id(values[i], "u", id, &err), -EINVAL);
		assert_int_equal(sy_syncer_id("n", values[i], id, &err), -EINVAL);
		assert_int_equal(sy_tenant_id(&bad_name, "w", key, &err), -EINVAL);
		assert_int_equal(sy_locator(&bad_uid, "w", "s", &locator, &err), -EINVAL);
		assert_int_equal(sy_downstream_namespace(&T, values[i], "s", ns, &err), -EINVAL);
		if (values[i][0])
			assert_int_equal(sy_downstream_namespace(&T, W, values[i], ns, &err), -EINVAL);
	}
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(sy_key_of_target(longer, "n", key, &err), -EINVAL);
	assert_int_equal(sy_key_of_target("c", longer, key, &err), -EINVAL);
	assert_non_null(strstr(err.text, "longer than 253"));
	longer[253] = '\0';
	assert_int_equal(sy_key_of_target("c", longer, key, &err), 0);
}

static void test_syntax(void **state)
{
	(void)state;
	static const char *const names[] = {
		"root", "27ehv3w54us5fp8e", "a1", "system:admin", "a-b", "a12345678901234567890123456789012345678901234567890123456789012"};
	static const char *const bad_names[] = {"",
						"a",
						"A1",
						"-ab",
						"ab-",
						"root:org",
						"a_b",
						"*",
						"system:",
						"a b",
						"a123456789012345678901234567890123456789012345678901234567890123"};
	static const char *const paths[] = {"root", "root:org:team", "r", "a-b:c", "system:admin"};
	static const char *const bad_paths[] = {"",	  ":",	  "root:", ":root", "root::a", "*",
						"root:*", "Root", "a:-b",  "a:b-",  "a/b",     "root "};

	for (size_t i = 0; i < COUNT(names); i++)
		assert_true(sy_cluster_name_valid(names[i]));
	for (size_t i = 0; i < COUNT(bad_names); i++)
		assert_false(sy_cluster_name_valid(bad_names[i]));
	for (size_t i = 0; i < COUNT(paths); i++)
		assert_true(sy_workspace_path_valid(paths[i]));
	for (size_t i = 0; i < COUNT(bad_paths); i++)
		assert_false(sy_workspace_path_valid(bad_paths[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),	cmocka_unit_test(test_namespaces),	 cmocka_unit_test(test_tenants_and_syncer),
		cmocka_unit_test(test_locator), cmocka_unit_test(test_foreign_locators), cmocka_unit_test(test_refused_values),
		cmocka_unit_test(test_syntax),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
