/* What `syncerctl install` makes, object by object and verb by verb. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/ctl/embedded.h"
#include "supervisor/ctl/install.h"

#define ID "kcp-syncer-edge-1-3275ls9b"
#define EDGE "root:edge"

/* Each expected object is a YAML document of its own; the list must be exactly these, in this order, all of one workspace. */
static void check(const struct ctl_manifests *list, const char *workspace, const char *const *expected)
{
	size_t count = 0;

	for (; expected[count]; count++) {
		sy_auto_json json_object *wanted = NULL;
		struct sy_error err = {0};

		if (ctl_yaml_to_json("expected", expected[count], strlen(expected[count]), &wanted, &err) < 0)
			fail_msg("%s", err.text);
		assert_true(count < list->count);
		if (!sy_json_equal(wanted, list->items[count].object)) {
			sy_auto_free char *text = sy_json_text(list->items[count].object);
			fail_msg("object %zu is %s", count, text);
		}
		if (workspace)
			assert_string_equal(list->items[count].workspace, workspace);
		else
			assert_null(list->items[count].workspace);
	}
	assert_int_equal(list->count, count);
}

#define ROLE_OF(name) "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: " name "}}"
#define CLUSTER_ROLE_OF(name) "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: " name "}}"
#define CLUSTER_BINDING(name, subject, role)                                                                                               \
	"{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: " name "}, subjects: [" subject             \
	"], " CLUSTER_ROLE_OF(role)
#define ACCOUNT "{kind: ServiceAccount, namespace: default, name: " ID "}"
#define FOREIGN "{kind: User, apiGroup: rbac.authorization.k8s.io, name: 'system:kcp:serviceaccount:2hcp7bc8tzbntimb:default:" ID "'}"
#define SECRET(ns)                                                                                                                         \
	"{apiVersion: v1, kind: Secret, type: kubernetes.io/service-account-token, metadata: {name: " ID "-token, namespace: " ns          \
	", annotations: {kubernetes.io/service-account.name: " ID "}}}"

static void test_identity(void **state)
{
	static const char *const expected[] = {
		"{apiVersion: v1, kind: ServiceAccount, metadata: {name: " ID ", namespace: default}}",
		SECRET("default"),
		"{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: " ID "}, rules: [\n"
		" {apiGroups: [workload.kcp.io], resources: [synctargets], resourceNames: [edge-1], verbs: [get, list, watch, patch]},\n"
		" {apiGroups: [workload.kcp.io], resources: [synctargets/status], resourceNames: [edge-1], verbs: [patch]}]}",
		"{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: " ID ", namespace: default}, rules: [\n"
		" {apiGroups: [''], resources: [events], verbs: [create, patch]}]}",
		"{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: " ID
		", namespace: default}, subjects: [" ACCOUNT "], " ROLE_OF(ID),
		CLUSTER_BINDING(ID, ACCOUNT, ID),
		CLUSTER_BINDING(ID "-access", ACCOUNT, "'system:kcp:workspace:access'"),
		NULL};
	struct ctl_manifests list = {0};

	(void)state;
	ctl_manifests_identity(&list, EDGE, "edge-1", ID);
	check(&list, EDGE, expected);
	ctl_manifests_done(&list);
}

#define EXPORT_ROLE(content)                                                                                                               \
	"{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: " ID "-widgets}, rules: [\n"                       \
	" {apiGroups: [apis.kcp.io], resources: [apiexports, apiexportendpointslices], resourceNames: [widgets], verbs: [get, list, "      \
	"watch]},\n"                                                                                                                       \
	" {apiGroups: [apis.kcp.io], resources: [apiresourceschemas], verbs: [get]},\n"                                                    \
	" {apiGroups: [apis.kcp.io], resources: [apiexports/content], resourceNames: [widgets], verbs: [" content "]}]}"

static void test_export(void **state)
{
	static const char *const foreign[] = {EXPORT_ROLE("get, list, watch, patch"),
					      CLUSTER_BINDING(ID "-widgets", FOREIGN, ID "-widgets"),
					      CLUSTER_BINDING(ID "-access", FOREIGN, "'system:kcp:workspace:access'"), NULL};
	static const char *const own[] = {EXPORT_ROLE("get, list, watch, patch"), CLUSTER_BINDING(ID "-widgets", ACCOUNT, ID "-widgets"),
					  NULL};
	static const char *const events[] = {EXPORT_ROLE("get, list, watch, create, patch"),
					     CLUSTER_BINDING(ID "-widgets", ACCOUNT, ID "-widgets"), NULL};
	char provider[] = "root:provider";
	char edge[] = EDGE;
	char name[] = "widgets";
	struct ctl_export export = {provider, name};
	struct ctl_manifests list = {0};

	(void)state;
	ctl_manifests_export(&list, &export, ID, "2hcp7bc8tzbntimb", false, false);
	check(&list, "root:provider", foreign);
	ctl_manifests_done(&list);
	export.workspace = edge;
	ctl_manifests_export(&list, &export, ID, "2hcp7bc8tzbntimb", true, false);
	check(&list, EDGE, own);
	ctl_manifests_done(&list);
	ctl_manifests_export(&list, &export, ID, "2hcp7bc8tzbntimb", true, true);
	check(&list, EDGE, events);
	ctl_manifests_done(&list);
}

#define SIX "verbs: [get, list, watch, create, patch, delete]"

/* The rules as install_cluster makes them from the exports' resources and claims. */
static void test_cluster(void **state)
{
	static const char exports_text[] =
		"resources:\n- {group: example.dev, name: widgets, schema: s}\n- {group: example.dev, name: gadgets, schema: s}\n"
		"- {name: '', group: x.dev}\n- {name: 'bad\"name', group: x.dev}\n- {group: example.dev, name: widgets, schema: again}\n- "
		"7\n"
		"permissionClaims:\n- {group: '', resource: configmaps, verbs: [get]}\n- {resource: secrets, verbs: [get]}\n"
		"- {group: '', resource: pods, verbs: ['*']}\n- {group: example.dev, resource: secrets, verbs: [get]}\n";
	static const char *const expected[] = {
		"{apiVersion: v1, kind: Namespace, metadata: {name: " ID "}}",
		"{apiVersion: v1, kind: ServiceAccount, metadata: {name: " ID ", namespace: " ID "}}",
		SECRET(ID),
		"{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: " ID "}, rules: [\n"
		" {apiGroups: [''], resources: [namespaces], " SIX "},\n {apiGroups: [''], resources: [nodes], verbs: [list, watch]},\n"
		" {apiGroups: [example.dev], resources: [widgets], " SIX "},\n {apiGroups: [example.dev], resources: [gadgets], " SIX "},\n"
		" {apiGroups: [''], resources: [configmaps], " SIX "},\n {apiGroups: [''], resources: [secrets], " SIX "}]}",
		CLUSTER_BINDING(ID, "{kind: ServiceAccount, namespace: " ID ", name: " ID "}", ID),
		NULL};
	sy_auto_json json_object *exports = NULL;
	sy_auto_json json_object *with = json_object_new_array();
	sy_auto_json json_object *without = json_object_new_array();
	struct ctl_manifests list = {0};

	(void)state;
	assert_int_equal(ctl_yaml_to_json("exports", exports_text, strlen(exports_text), &exports, NULL), 0);
	ctl_cluster_rules(with, NULL, false);
	ctl_cluster_rules(with, exports, true);
	ctl_manifests_cluster(&list, ID, with);
	check(&list, NULL, expected);
	ctl_manifests_done(&list);
	ctl_cluster_rules(without, NULL, false);
	ctl_cluster_rules(without, exports, false);
	assert_int_equal(json_object_array_length(without), 4);
}

static void test_target(void **state)
{
	static const char *const expected[] = {"{apiVersion: workload.kcp.io/v1alpha1, kind: SyncTarget, metadata: {name: edge-1, labels: "
					       "{region: 'e\"u'}}, spec: {supportedAPIExports: [\n"
					       " {path: 'root:provider', export: widgets}, {path: 'root:edge', export: mine}]}}",
					       NULL};
	static const char *const bare[] = {"{apiVersion: workload.kcp.io/v1alpha1, kind: SyncTarget, metadata: {name: edge-1}, spec: {}}",
					   NULL};
	char provider[] = "root:provider";
	char edge[] = EDGE;
	char widgets[] = "widgets";
	char mine[] = "mine";
	const struct ctl_install install = {.workspace = EDGE, .exports = {{provider, widgets}, {edge, mine}}, .export_count = 2};
	sy_auto_json json_object *labels = ctl_args("region", "e\"u");
	sy_auto_json json_object *pruned = NULL;
	sy_auto_json json_object *exports = ctl_target_exports(&install, NULL, &pruned);
	struct ctl_manifests list = {0};

	(void)state;
	ctl_manifests_target(&list, EDGE, "edge-1", exports, labels);
	check(&list, EDGE, expected);
	ctl_manifests_done(&list);
	ctl_manifests_target(&list, EDGE, "edge-1", NULL, NULL);
	check(&list, EDGE, bare);
	ctl_manifests_done(&list);
}

static void check_exports(const struct ctl_install *install, const char *stored, const char *wanted, const char *gone)
{
	sy_auto_json json_object *array = json_tokener_parse(stored);
	sy_auto_json json_object *pruned = NULL;
	sy_auto_json json_object *exports = ctl_target_exports(install, array, &pruned);
	sy_auto_free char *text = sy_json_text(exports);
	sy_auto_free char *off = sy_json_text(pruned);

	assert_string_equal(text, wanted);
	assert_string_equal(off, gone);
}

#define A "{\"path\":\"root:provider\",\"export\":\"widgets\"}"
#define B "{\"path\":\"root:other\",\"export\":\"gadgets\"}"
#define OWN "{\"path\":\"\",\"export\":\"mine\"}"

/* A second run never takes an export off unless it is told to. */
static void test_exports_are_kept(void **state)
{
	char provider[] = "root:provider", widgets[] = "widgets", edge[] = EDGE, mine[] = "mine";
	struct ctl_install install = {.workspace = EDGE, .exports = {{provider, widgets}, {edge, mine}}};

	(void)state;
	check_exports(&install, "[" A "," B "]", "[" A "," B "]", "[]");
	install.export_count = 1;
	check_exports(&install, "[" B "]", "[" B "," A "]", "[]");
	check_exports(&install, "[" A "]", "[" A "]", "[]");
	install.export_count = 2;
	check_exports(&install, "[" OWN "]", "[" OWN "," A "]", "[]");
	install.prune_exports = true;
	check_exports(&install, "[" B "," OWN "]", "[" OWN "," A "]", "[" B "]");
}

static void test_paths(void **state)
{
	static const char *const paths[] = {
		"/api/v1/namespaces/default/serviceaccounts/" ID,
		"/api/v1/namespaces/default/secrets/" ID "-token",
		"/apis/rbac.authorization.k8s.io/v1/clusterroles/" ID,
		"/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles/" ID,
		"/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings/" ID,
		"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/" ID,
		"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/" ID "-access",
		"/apis/apis.kcp.io/v1alpha2/apiexports/workload.kcp.io",
		"/apis/apis.kcp.io/v1alpha2/apibindings/workload.kcp.io",
		"/apis/workload.kcp.io/v1alpha1/synctargets/edge-1",
	};
	struct ctl_manifests list = {0};

	(void)state;
	ctl_manifests_identity(&list, EDGE, "edge-1", ID);
	ctl_manifests_type(&list, EDGE, "v1.synctargets.workload.kcp.io");
	ctl_manifests_target(&list, EDGE, "edge-1", NULL, NULL);
	assert_int_equal(list.count, sizeof(paths) / sizeof(paths[0]));
	for (size_t i = 0; i < list.count; i++) {
		sy_auto_free char *path = ctl_object_path(list.items[i].object);

		assert_string_equal(path, paths[i]);
	}
	ctl_manifests_done(&list);
}

/* One workspace comment for each run of objects of the same workspace. */
static void test_printed(void **state)
{
	struct ctl ctl = {.output = CTL_TABLE};
	char provider[] = "root:provider";
	char widgets[] = "widgets";
	struct ctl_install install = {.ctl = &ctl, .workspace = EDGE, .exports = {{provider, widgets}}, .export_count = 1};
	struct ctl_manifests home = {0};
	struct ctl_manifests other = {0};
	char *text = NULL;
	size_t size = 0;
	size_t documents = 0;

	(void)state;
	install.out = open_memstream(&text, &size);
	assert_non_null(install.out);
	ctl_manifests_type(&home, EDGE, "v1.synctargets.workload.kcp.io");
	ctl_manifests_export(&other, &install.exports[0], ID, "2hcp7bc8tzbntimb", false, false);
	ctl_print_manifests(&install, &home);
	ctl_manifests_done(&home); /* what was printed last is remembered without it */
	ctl_manifests_identity(&home, EDGE, "edge-1", ID);
	ctl_print_manifests(&install, &home);
	ctl_print_manifests(&install, &other);
	ctl_print_result(&install, &home.items[0], "created");
	ctl.output = CTL_JSON;
	ctl_print_result(&install, &home.items[0], "unchanged");
	fclose(install.out);
	const char *first = strstr(text, "# workspace root:edge\n");
	const char *second = strstr(text, "# workspace root:provider\n");
	assert_ptr_equal(first, text + 4);
	assert_true(second && !strstr(first + 1, "# workspace root:edge") && !strstr(second + 1, "# workspace"));
	for (const char *at = text; (at = strstr(at, "---\n")); at++)
		documents++;
	assert_int_equal(documents, 2 + home.count + other.count);
	assert_non_null(strstr(text, "\nroot:edge ServiceAccount/" ID " created\n{\"workspace\":\"root:edge\",\"kind\":\"ServiceAccount\","
				     "\"name\":\"" ID "\",\"result\":\"unchanged\"}\n"));
	free(text);
	ctl_manifests_done(&home);
	ctl_manifests_done(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),	 cmocka_unit_test(test_export), cmocka_unit_test(test_cluster),
		cmocka_unit_test(test_target),		 cmocka_unit_test(test_paths),	cmocka_unit_test(test_printed),
		cmocka_unit_test(test_exports_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
