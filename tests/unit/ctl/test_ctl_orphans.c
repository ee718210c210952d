/* Whose an object in the cluster is, by its marks: what orphans lists, and deletes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "kcp/ids.h"
#include "supervisor/ctl/orphans.h"

#define CLUSTER "2emvxyuo2bnz6kxr"
#define TENANT "1ld2ccjgd5zd9iq2"
#define UID "11111111-2222-3333-4444-555555555555"
#define KEY "c5NCXBde8yeGv9QVAlh4WsGWVssdAXY6k1ZlGD"
#define TENANT_ID "cgsViiNCbScofAAbkXQm04c42SLcTKnYKmKt6k"
#define LOCATOR(ns)                                                                                                                        \
	"{\\\"syncTarget\\\":{\\\"cluster\\\":\\\"" CLUSTER "\\\",\\\"name\\\":\\\"psyncer-01\\\",\\\"uid\\\":\\\"" UID                    \
	"\\\"},\\\"cluster\\\":\\\"" TENANT "\\\",\\\"namespace\\\":\\\"" ns "\\\"}"
#define LABELS(key, tenant) "\"labels\":{\"internal.workload.kcp.io/cluster\":\"" key "\",\"kcp.io/tenant-id\":\"" tenant "\"}"
#define OURS LABELS(KEY, TENANT_ID)
#define BY(manager)                                                                                                                        \
	"\"managedFields\":[{\"manager\":\"kubectl\",\"fieldsV1\":{}},{\"manager\":\"" manager                                             \
	"\",\"fieldsV1\":{\"f:metadata\":{\"f:labels\":{\"f:internal.workload.kcp.io/cluster\":{}}}}}]"
#define AT(ns) "\"annotations\":{\"kcp.io/namespace-locator\":\"" LOCATOR(ns) "\"}"
#define NAME(name) "\"name\":\"" name "\""
#define IN(ns) "\"namespace\":\"" ns "\""
#define NAMESPACE "kcp-33wvscual9o8" /* of default */

static json_object *owner_of(struct ctl_orphans *orphans, bool is_namespace, const char *metadata)
{
	sy_auto_json json_object *item = NULL;
	char text[4096];

	snprintf(text, sizeof(text), "{\"metadata\":{%s}}", metadata);
	assert_int_equal(sy_json_parse(text, strlen(text), sizeof(text), &item, NULL), 0);
	return ctl_orphans_owner(orphans, is_namespace, item);
}

static const struct {
	bool is_namespace;
	bool is_ours;
	const char *metadata;
} cases[] = {
	{true, true, NAME(NAMESPACE) "," OURS "," AT("default")},
	/* a namespace is known by all its marks, and by its name */
	{true, false, NAME("kcp-000000000000") "," OURS "," AT("default")},
	{true, false, NAME(NAMESPACE) "," OURS "," AT("ns-22")},
	{true, false, NAME(NAMESPACE) "," OURS},
	{true, false, NAME(NAMESPACE) "," AT("default")},
	{true, false, NAME(NAMESPACE) "," LABELS("abc", TENANT_ID) "," AT("default")},
	{true, false, NAME(NAMESPACE) "," LABELS(KEY, "abc") "," AT("default")},
	{true, false, NAME(NAMESPACE) "," OURS ",\"annotations\":{\"kcp.io/namespace-locator\":\"{\"}"},
	{true, false, NAME(NAMESPACE) "," OURS ",\"annotations\":{\"kcp.io/namespace-locator\":\"{}\"}"},
	/* outside of namespaces: labels, locator, and who set them */
	{false, true, NAME("g") "," OURS "," AT("") "," BY("syncerd")},
	{false, true, NAME("g") "," OURS "," AT("") "," BY("syncer")},
	{false, true, NAME("g") "," OURS "," AT("")}, /* a server that keeps no books */
	{false, false, NAME("g") "," OURS "," AT("") ",\"ownerReferences\":[{}]"},
	{false, false, NAME("g") "," OURS "," AT("") "," BY("kubectl")},
	{false, false, NAME("g") "," OURS "," AT("default") "," BY("syncerd")},
	{false, false, NAME("g") "," OURS "," BY("syncerd")},
	/* in a namespace that is ours */
	{false, true, NAME("w") "," IN(NAMESPACE) "," OURS "," BY("syncerd")},
	{false, false, NAME("w") "," IN(NAMESPACE) "," OURS "," BY("endpoint-controller")},
	{false, false, NAME("w") "," IN(NAMESPACE) "," LABELS(KEY, "abc") "," BY("syncerd")},
	{false, false, NAME("w") "," IN(NAMESPACE) "," BY("syncerd")},
	{false, false, NAME("w") "," IN("default") "," OURS "," BY("syncerd")},
	{false, false, NAME("w") "," IN("default") "," OURS "," AT("") "," BY("syncerd")},
};

static void test_marks(void **state)
{
	struct ctl ctl = {0};
	struct ctl_orphans orphans;
	json_object *first = NULL;

	(void)state;
	ctl_orphans_init(&orphans, &ctl);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_object *owner = owner_of(&orphans, cases[i].is_namespace, cases[i].metadata);

		first = first ? first : owner;
		if ((owner != NULL) != cases[i].is_ours || (owner && owner != first))
			fail_msg("case %zu: %s", i, cases[i].metadata);
	}
	assert_int_equal(json_object_object_length(orphans.owners), 1);
	assert_string_equal(sy_json_str(first, "workspace", NULL), CLUSTER);
	assert_string_equal(sy_json_str(first, "syncTarget", NULL), "psyncer-01");
	assert_string_equal(sy_json_str(first, "uid", NULL), UID);
	assert_string_equal(sy_json_str(first, "tenant", NULL), TENANT);
	ctl_orphans_done(&orphans);
}

/* What a locator says goes into URLs: names that lead elsewhere are nobody's. */
static void test_locators(void **state)
{
	static const struct {
		const char *owner;
		const char *tenant;
		bool is_ours;
	} locators[] = {
		{"\"cluster\":\"abc\",\"name\":\"n\",\"uid\":\"u\"", TENANT, true},
		{"\"path\":\"root:abc\",\"name\":\"n\",\"uid\":\"u\"", TENANT, true}, /* of a syncer of old */
		{"\"name\":\"n\",\"uid\":\"u\"", TENANT, true},			      /* direct mode */
		{"\"cluster\":\"abc\",\"name\":\"..\",\"uid\":\"u\"", TENANT, false},
		{"\"cluster\":\"abc\",\"name\":\"a/b\",\"uid\":\"u\"", TENANT, false},
		{"\"cluster\":\"..\",\"name\":\"n\",\"uid\":\"u\"", TENANT, false},
		{"\"cluster\":\"abc\",\"name\":\"n\",\"uid\":\"u\"", "..", false},
		{"\"cluster\":\"abc\",\"name\":\"n\",\"uid\":\"\"", TENANT, false},
		{"\"cluster\":\"abc\",\"name\":1,\"uid\":\"u\"", TENANT, false},
		{"\"cluster\":\"abc\",\"uid\":\"u\"", TENANT, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(locators) / sizeof(locators[0]); i++) {
		const char *const name = "n";
		const char *cluster = strstr(locators[i].owner, "root:") ? "root:abc" : strstr(locators[i].owner, "abc") ? "abc" : "";
		const struct sy_target_id target = {cluster, name, "u"};
		sy_auto_json json_object *item = json_object_new_object();
		json_object *meta = json_object_new_object();
		json_object *labels = json_object_new_object();
		json_object *annotations = json_object_new_object();
		struct ctl ctl = {0};
		struct ctl_orphans orphans;
		char key[SY_KEY_MAX], tenant_id[SY_KEY_MAX], text[512];

		assert_int_equal(*cluster ? sy_key_of_target(cluster, name, key, NULL) : sy_key_of_direct(name, key, NULL), 0);
		assert_int_equal(sy_tenant_id(&target, locators[i].tenant, tenant_id, NULL), 0);
		snprintf(text, sizeof(text), "{\"syncTarget\":{%s},\"cluster\":\"%s\"}", locators[i].owner, locators[i].tenant);
		json_object_object_add(labels, SY_LABEL_CLUSTER, json_object_new_string(key));
		json_object_object_add(labels, SY_LABEL_TENANT, json_object_new_string(tenant_id));
		json_object_object_add(annotations, SY_ANNOTATION_LOCATOR, json_object_new_string(text));
		json_object_object_add(meta, "name", json_object_new_string("g"));
		json_object_object_add(meta, "labels", labels);
		json_object_object_add(meta, "annotations", annotations);
		json_object_object_add(item, "metadata", meta);
		ctl_orphans_init(&orphans, &ctl);
		if ((ctl_orphans_owner(&orphans, false, item) != NULL) != locators[i].is_ours)
			fail_msg("locator %s", text);
		ctl_orphans_done(&orphans);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_marks), cmocka_unit_test(test_locators)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
