#include "manifests.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "embedded.h"

#define EDGE_GROUP "workload.kcp.io"
#define RBAC "\"apiVersion\":\"rbac.authorization.k8s.io/v1\""
#define ROLE_REF "\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"%s\",\"name\":\"%s\"}"

static void out_of_memory(void)
{
	ctl_error("out of memory");
	exit(CTL_FAILED);
}

void ctl_manifests_done(struct ctl_manifests *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].workspace);
		json_object_put(list->items[i].object);
	}
	free(list->items);
	memset(list, 0, sizeof(*list));
}

void ctl_manifest_add(struct ctl_manifests *list, const char *workspace, json_object *object)
{
	struct ctl_manifest *items = reallocarray(list->items, list->count + 1, sizeof(*items));

	if (!items || !object)
		out_of_memory();
	list->items = items;
	items[list->count].workspace = workspace ? strdup(workspace) : NULL;
	items[list->count].object = object;
	if (workspace && !items[list->count].workspace)
		out_of_memory();
	list->count++;
}

void ctl_manifest_addf(struct ctl_manifests *list, const char *workspace, const char *fmt, ...)
{
	sy_auto_free char *text = NULL;
	json_object *object = NULL;
	struct sy_error err;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		out_of_memory();
	va_end(ap);
	if (sy_json_parse(text, strlen(text), SY_MAX_CONFIG_BYTES, &object, &err) < 0) {
		ctl_error("a manifest is malformed: %s", err.text);
		exit(CTL_FAILED);
	}
	ctl_manifest_add(list, workspace, object);
}

json_object *ctl_schema_object(const char *schema_name)
{
	json_object *schema = NULL;
	struct sy_error err;

	if (ctl_embedded_schema(&schema, &err) < 0) {
		ctl_error("the embedded schema cannot be used: %s", err.text);
		exit(CTL_FAILED);
	}
	if (schema_name)
		ctl_args_add(sy_json_object(schema, "metadata", NULL), "name", json_object_new_string(schema_name));
	return schema;
}

void ctl_manifests_type(struct ctl_manifests *list, const char *workspace, const char *schema_name)
{
	ctl_manifest_addf(list, workspace,
			  "{\"apiVersion\":\"apis.kcp.io/v1alpha2\",\"kind\":\"APIExport\",\"metadata\":{\"name\":\"" EDGE_GROUP "\"},"
			  "\"spec\":{\"resources\":[{\"name\":\"synctargets\",\"group\":\"" EDGE_GROUP "\",\"schema\":\"%s\","
			  "\"storage\":{\"crd\":{}}}]}}",
			  schema_name);
	ctl_manifest_addf(list, workspace,
			  "{\"apiVersion\":\"apis.kcp.io/v1alpha2\",\"kind\":\"APIBinding\",\"metadata\":{\"name\":\"" EDGE_GROUP "\"},"
			  "\"spec\":{\"reference\":{\"export\":{\"path\":\"%s\",\"name\":\"" EDGE_GROUP "\"}}}}",
			  workspace);
}

void ctl_manifests_target(struct ctl_manifests *list, const char *workspace, const char *name, json_object *exports, json_object *labels)
{
	ctl_manifest_addf(list, workspace,
			  "{\"apiVersion\":\"" EDGE_GROUP "/v1alpha1\",\"kind\":\"SyncTarget\",\"metadata\":{\"name\":\"%s\"},\"spec\":{}}",
			  name);
	json_object *target = list->items[list->count - 1].object;
	if (exports)
		ctl_args_add(sy_json_object(target, "spec", NULL), "supportedAPIExports", json_object_get(exports));
	if (labels && json_object_object_length(labels))
		ctl_args_add(sy_json_object(target, "metadata", NULL), "labels", json_object_get(labels));
}

/* ServiceAccount and a token Secret for it that the server fills. */
static void add_account(struct ctl_manifests *list, const char *workspace, const char *ns, const char *id)
{
	ctl_manifest_addf(list, workspace,
			  "{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\",\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\"}}", id,
			  ns);
	ctl_manifest_addf(list, workspace,
			  "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":\"kubernetes.io/service-account-token\",\"metadata\":{"
			  "\"name\":\"%s-token\",\"namespace\":\"%s\",\"annotations\":{\"kubernetes.io/service-account.name\":\"%s\"}}}",
			  id, ns, id);
}

/* subject is JSON text. */
static void add_cluster_binding(struct ctl_manifests *list, const char *workspace, const char *name, const char *role, const char *subject)
{
	ctl_manifest_addf(list, workspace,
			  "{" RBAC ",\"kind\":\"ClusterRoleBinding\",\"metadata\":{\"name\":\"%s\"},\"subjects\":[%s]," ROLE_REF "}", name,
			  subject, "ClusterRole", role);
}

static char *account_subject(const char *ns, const char *id)
{
	char *text = NULL;

	if (asprintf(&text, "{\"kind\":\"ServiceAccount\",\"namespace\":\"%s\",\"name\":\"%s\"}", ns, id) < 0)
		out_of_memory();
	return text;
}

void ctl_manifests_identity(struct ctl_manifests *list, const char *workspace, const char *name, const char *id)
{
	sy_auto_free char *subject = account_subject("default", id);
	sy_auto_free char *access = NULL;

	if (asprintf(&access, "%s-access", id) < 0)
		out_of_memory();
	add_account(list, workspace, "default", id);
	ctl_manifest_addf(list, workspace,
			  "{" RBAC ",\"kind\":\"ClusterRole\",\"metadata\":{\"name\":\"%s\"},\"rules\":["
			  "{\"apiGroups\":[\"" EDGE_GROUP "\"],\"resources\":[\"synctargets\"],\"resourceNames\":[\"%s\"],"
			  "\"verbs\":[\"get\",\"list\",\"watch\",\"patch\"]},"
			  "{\"apiGroups\":[\"" EDGE_GROUP
			  "\"],\"resources\":[\"synctargets/status\"],\"resourceNames\":[\"%s\"],\"verbs\":[\"patch\"]}]}",
			  id, name, name);
	ctl_manifest_addf(list, workspace,
			  "{" RBAC ",\"kind\":\"Role\",\"metadata\":{\"name\":\"%s\",\"namespace\":\"default\"},\"rules\":["
			  "{\"apiGroups\":[\"\"],\"resources\":[\"events\"],\"verbs\":[\"create\",\"patch\"]}]}",
			  id);
	ctl_manifest_addf(list, workspace,
			  "{" RBAC
			  ",\"kind\":\"RoleBinding\",\"metadata\":{\"name\":\"%s\",\"namespace\":\"default\"},\"subjects\":[%s]," ROLE_REF
			  "}",
			  id, subject, "Role", id);
	add_cluster_binding(list, workspace, id, id, subject);
	add_cluster_binding(list, workspace, access, "system:kcp:workspace:access", subject);
}

void ctl_manifests_export(struct ctl_manifests *list, const struct ctl_export *export, const char *id, const char *target_cluster, bool own,
			  bool events)
{
	sy_auto_free char *subject = NULL;
	sy_auto_free char *role = NULL;
	sy_auto_free char *access = NULL;

	if (own)
		subject = account_subject("default", id);
	else if (asprintf(&subject,
			  "{\"kind\":\"User\",\"apiGroup\":\"rbac.authorization.k8s.io\",\"name\":\"system:kcp:serviceaccount:%s:default:%"
			  "s\"}",
			  target_cluster, id) < 0)
		out_of_memory();
	if (asprintf(&role, "%s-%s", id, export->name) < 0 || asprintf(&access, "%s-access", id) < 0)
		out_of_memory();
	ctl_manifest_addf(
		list, export->workspace,
		"{" RBAC ",\"kind\":\"ClusterRole\",\"metadata\":{\"name\":\"%s\"},\"rules\":["
		"{\"apiGroups\":[\"apis.kcp.io\"],\"resources\":[\"apiexports\",\"apiexportendpointslices\"],\"resourceNames\":[\"%s\"],"
		"\"verbs\":[\"get\",\"list\",\"watch\"]},"
		"{\"apiGroups\":[\"apis.kcp.io\"],\"resources\":[\"apiresourceschemas\"],\"verbs\":[\"get\"]},"
		"{\"apiGroups\":[\"apis.kcp.io\"],\"resources\":[\"apiexports/content\"],\"resourceNames\":[\"%s\"],"
		"\"verbs\":[\"get\",\"list\",\"watch\",%s\"patch\"]}]}",
		role, export->name, export->name, events ? "\"create\"," : "");
	add_cluster_binding(list, export->workspace, role, role, subject);
	if (!own)
		add_cluster_binding(list, export->workspace, access, "system:kcp:workspace:access", subject);
}

void ctl_manifests_cluster(struct ctl_manifests *list, const char *id, json_object *rules)
{
	sy_auto_free char *subject = account_subject(id, id);
	sy_auto_free char *text = sy_json_text(rules);

	if (!text)
		out_of_memory();
	ctl_manifest_addf(list, NULL, "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"%s\"}}", id);
	add_account(list, NULL, id, id);
	ctl_manifest_addf(list, NULL, "{" RBAC ",\"kind\":\"ClusterRole\",\"metadata\":{\"name\":\"%s\"},\"rules\":%s}", id, text);
	add_cluster_binding(list, NULL, id, id, subject);
}
