/* Resource types of one server: the built-in ones, and those that schemas and CRDs add. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

static const struct sim_type kcp_types[] = {
	{"", "v1", "namespaces", "Namespace", false, true, true},
	{"", "v1", "configmaps", "ConfigMap", true, false, true},
	{"", "v1", "secrets", "Secret", true, false, true},
	{"", "v1", "events", "Event", true, false, true},
	{"", "v1", "serviceaccounts", "ServiceAccount", true, false, true},
	{"apis.kcp.io", "v1alpha2", "apiexports", "APIExport", false, true, true},
	{"apis.kcp.io", "v1alpha2", "apibindings", "APIBinding", false, true, true},
	{"apis.kcp.io", "v1alpha1", "apiresourceschemas", "APIResourceSchema", false, false, true},
	{"apis.kcp.io", "v1alpha1", "apiexportendpointslices", "APIExportEndpointSlice", false, true, true},
	{"core.kcp.io", "v1alpha1", "logicalclusters", "LogicalCluster", false, true, true},
	{"tenancy.kcp.io", "v1alpha1", "workspaces", "Workspace", false, true, true},
	{"rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false, false, true},
	{"rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", false, false, true},
	{"rbac.authorization.k8s.io", "v1", "roles", "Role", true, false, true},
	{"rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", true, false, true},
};

static const struct sim_type cluster_types[] = {
	{"", "v1", "namespaces", "Namespace", false, true, true},
	{"", "v1", "configmaps", "ConfigMap", true, false, true},
	{"", "v1", "secrets", "Secret", true, false, true},
	{"", "v1", "events", "Event", true, false, true},
	{"", "v1", "serviceaccounts", "ServiceAccount", true, false, true},
	{"", "v1", "nodes", "Node", false, true, true},
	{"apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false, true, true},
	{"rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false, false, true},
	{"rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", false, false, true},
};

void sim_types_builtin(struct sim_server *server)
{
	const struct sim_type *types = server->side == SIM_KCP ? kcp_types : cluster_types;
	size_t count =
		server->side == SIM_KCP ? sizeof(kcp_types) / sizeof(kcp_types[0]) : sizeof(cluster_types) / sizeof(cluster_types[0]);

	for (size_t i = 0; i < count; i++)
		sim_type_add(server, &types[i]);
}

const struct sim_type *sim_type_find(const struct sim_server *server, const char *group, const char *version, const char *plural)
{
	for (size_t i = 0; i < server->type_count; i++) {
		const struct sim_type *type = server->types[i];

		if (strcmp(type->group, group) == 0 && strcmp(type->plural, plural) == 0 &&
		    (!version || strcmp(type->version, version) == 0))
			return type;
	}
	return NULL;
}

void sim_type_api_version(const struct sim_type *type, char out[320])
{
	snprintf(out, 320, "%s%s%s", type->group, type->group[0] ? "/" : "", type->version);
}

bool sim_type_is(const struct sim_type *type, const char *group, const char *plural)
{
	return strcmp(type->group, group) == 0 && strcmp(type->plural, plural) == 0;
}

const struct sim_type *sim_type_of_kind(const struct sim_server *server, const char *api_version, const char *kind)
{
	for (size_t i = 0; i < server->type_count; i++) {
		char text[320];

		sim_type_api_version(server->types[i], text);
		if (strcmp(text, api_version) == 0 && strcmp(server->types[i]->kind, kind) == 0)
			return server->types[i];
	}
	return NULL;
}

void sim_type_add(struct sim_server *server, const struct sim_type *type)
{
	struct sim_type *copy;

	if (server->type_count == SIM_MAX_TYPES || sim_type_find(server, type->group, type->version, type->plural))
		return;
	copy = calloc(1, sizeof(*copy));
	if (!copy)
		abort();
	*copy = *type;
	copy->group = strdup(type->group);
	copy->version = strdup(type->version);
	copy->plural = strdup(type->plural);
	copy->kind = strdup(type->kind);
	if (!copy->group || !copy->version || !copy->plural || !copy->kind)
		abort();
	server->types[server->type_count++] = copy;
}

static void free_text(const char *text)
{
	free((void *)(uintptr_t)text);
}

void sim_types_free(struct sim_server *server)
{
	for (size_t i = 0; i < server->type_count; i++) {
		struct sim_type *type = server->types[i];

		free_text(type->group);
		free_text(type->version);
		free_text(type->plural);
		free_text(type->kind);
		free(type);
	}
	server->type_count = 0;
}
