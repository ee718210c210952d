/* Logical clusters, and the rules of the virtual workspace of an APIExport. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

static const struct sim_type *type_workspaces(const struct sim_server *server)
{
	return sim_type_find(server, "core.kcp.io", NULL, "logicalclusters");
}

/* Every logical cluster has one LogicalCluster object "cluster" that carries its path. */
bool sim_resolve_cluster(const struct sim_server *server, const char *name_or_path, char out[128])
{
	sy_auto_free struct sim_object **found = NULL;
	size_t count = 0;

	found = sim_select(server, type_workspaces(server), NULL, NULL, &count);
	for (size_t i = 0; i < count; i++) {
		const char *path = sy_json_str(found[i]->value, "metadata", "annotations", "kcp.io/path", NULL);

		if (strcmp(found[i]->cluster, name_or_path) == 0 || (path && strcmp(path, name_or_path) == 0)) {
			snprintf(out, 128, "%s", found[i]->cluster);
			return true;
		}
	}
	return false;
}

const char *sim_workspace_path(const struct sim_server *server, const char *cluster)
{
	struct sim_object *object = sim_find(server, type_workspaces(server), cluster, "", "cluster");
	const char *path = object ? sy_json_str(object->value, "metadata", "annotations", "kcp.io/path", NULL) : NULL;

	return path ? path : cluster;
}

static void insert_named(struct sim_server *server, const struct sim_type *type, const char *cluster, const char *name, const char *path)
{
	json_object *value = json_object_new_object();
	json_object *annotations = json_object_new_object();

	sim_set_str(sim_meta(value), "name", name);
	if (path)
		sim_set_str(annotations, "kcp.io/path", path);
	sim_set(sim_meta(value), "annotations", annotations);
	sim_insert(server, NULL, type, cluster, "", value, "kcp");
}

void sim_workspace_new(struct sim_server *server, const char *path, const char *cluster)
{
	insert_named(server, type_workspaces(server), cluster, "cluster", path);
	insert_named(server, sim_type_find(server, "", "v1", "namespaces"), cluster, "default", NULL);
	insert_named(server, sim_type_find(server, "", "v1", "namespaces"), cluster, "kube-system", NULL);
}

static struct sim_object *export_of(const struct sim_server *server, const struct sim_target *target)
{
	return sim_find(server, sim_type_find(server, "apis.kcp.io", NULL, "apiexports"), target->provider, "", target->export_name);
}

static bool lists_resource(json_object *array, const char *key_group, const char *key_resource, const struct sim_type *type, bool accepted)
{
	size_t count = array ? json_object_array_length(array) : 0;

	for (size_t i = 0; i < count; i++) {
		json_object *entry = json_object_array_get_idx(array, i);
		const char *group = sy_json_str(entry, key_group, NULL);
		const char *resource = sy_json_str(entry, key_resource, NULL);
		const char *state = sy_json_str(entry, "state", NULL);

		if (resource && strcmp(resource, type->plural) == 0 && strcmp(group ? group : "", type->group) == 0 &&
		    (!accepted || (state && strcmp(state, "Accepted") == 0)))
			return true;
	}
	return false;
}

bool sim_bound(const struct sim_server *server, const struct sim_type *type, const char *cluster)
{
	sy_auto_free struct sim_object **found = NULL;
	size_t count = 0;

	found = sim_select(server, sim_type_find(server, "apis.kcp.io", NULL, "apibindings"), cluster, NULL, &count);
	for (size_t i = 0; i < count; i++)
		if (lists_resource(sy_json_array(found[i]->value, "status", "boundResources", NULL), "group", "resource", type, false))
			return true;
	return false;
}

static bool is_bindings(const struct sim_type *type)
{
	return sim_type_is(type, "apis.kcp.io", "apibindings");
}

/* Is this type, and this object of it, part of the view? value NULL: is the type served at all. cluster NULL: in discovery. */
bool sim_vw_shows(struct sim_server *server, const struct sim_target *target, const struct sim_type *type, const char *cluster,
		  json_object *value)
{
	struct sim_object *export = export_of(server, target);
	struct sim_object *binding;
	bool exported;
	bool claimed;

	if (!export)
		return false;
	if (is_bindings(type))
		return !value || sim_binding_refers(server, value, target->provider, target->export_name);
	exported = lists_resource(sy_json_array(export->value, "spec", "resources", NULL), "group", "name", type, false);
	claimed = lists_resource(sy_json_array(export->value, "spec", "permissionClaims", NULL), "group", "resource", type, false);
	if (!value || !cluster)
		return exported || claimed;
	binding = sim_binding_of(server, cluster, target->provider, target->export_name);
	if (!binding)
		return false;
	return exported || (claimed && lists_resource(sy_json_array(binding->value, "spec", "permissionClaims", NULL), "group", "resource",
						      type, true));
}

static void deny(struct sim_request *request)
{
	const struct sim_type *type = request->target.type;

	sim_fail(request, 403, "Forbidden",
		 "%s%s%s is forbidden: User \"syncer\" cannot list resource \"%s\" in API group \"%s\": access denied",
		 type ? type->plural : "", type && type->group[0] ? "." : "", type ? type->group : "", type ? type->plural : "",
		 type ? type->group : "");
}

static bool any_consumer(struct sim_server *server, const struct sim_target *target)
{
	return sim_binding_of(server, NULL, target->provider, target->export_name) != NULL;
}

/* Checks before any verb; false = answered. */
bool sim_vw_allows(struct sim_request *request)
{
	const struct sim_target *target = &request->target;
	struct sim_object *binding;

	if (!export_of(request->server, target)) {
		sim_fail_text(request, 500, "Internal Server Error: API export not found\n");
		return false;
	}
	if (target->any_cluster) {
		if (any_consumer(request->server, target))
			return true;
		sim_fail(request, 404, "NotFound", "the server could not find the requested resource");
		sim_fail_cause(request, "UnexpectedServerResponse");
		return false;
	}
	binding = sim_binding_of(request->server, target->cluster, target->provider, target->export_name);
	if (!binding) {
		deny(request);
		return false;
	}
	if (!target->type || is_bindings(target->type))
		return true;
	if (!sim_vw_shows(request->server, target, target->type, NULL, NULL)) {
		sim_fail_text(request, 404, "404 page not found\n");
		return false;
	}
	/* A claimed type is open only to those consumers that accepted the claim. */
	if (!sim_vw_shows(request->server, target, target->type, target->cluster, binding->value)) {
		deny(request);
		return false;
	}
	return true;
}
