/* kcp's controllers for exports, endpoint slices and bindings: each call makes one change and says so. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

static const struct sim_type *kcp_type(const struct sim_server *server, const char *plural)
{
	return sim_type_find(server, "apis.kcp.io", NULL, plural);
}

static void store(struct sim_server *server, const struct sim_object *object, json_object *value)
{
	sim_put(server, object->type, object->cluster, object->ns, object->name, value);
}

bool sim_binding_refers(const struct sim_server *server, json_object *binding, const char *provider, const char *export_name)
{
	const char *path = sy_json_str(binding, "spec", "reference", "export", "path", NULL);
	const char *name = sy_json_str(binding, "spec", "reference", "export", "name", NULL);
	const char *own = sy_json_str(binding, "metadata", "annotations", "kcp.io/cluster", NULL);
	char cluster[128];

	if (!name || strcmp(name, export_name) != 0)
		return false;
	if (!path || !path[0])
		return own && strcmp(own, provider) == 0;
	return sim_resolve_cluster(server, path, cluster) && strcmp(cluster, provider) == 0;
}

struct sim_object *sim_binding_of(const struct sim_server *server, const char *cluster, const char *provider, const char *export_name)
{
	sy_auto_free struct sim_object **found = NULL;
	size_t count = 0;

	found = sim_select(server, kcp_type(server, "apibindings"), cluster, NULL, &count);
	for (size_t i = 0; i < count; i++)
		if (sim_binding_refers(server, found[i]->value, provider, export_name))
			return found[i];
	return NULL;
}

static void make_slice(struct sim_server *server, const struct sim_object *export)
{
	json_object *value = json_object_new_object();
	json_object *reference = json_object_new_object();
	json_object *spec = json_object_new_object();

	sim_set_str(sim_meta(value), "name", export->name);
	sim_set_str(reference, "path", sim_workspace_path(server, export->cluster));
	sim_set_str(reference, "name", export->name);
	sim_set(spec, "export", reference);
	sim_set(value, "spec", spec);
	sim_insert(server, NULL, kcp_type(server, "apiexportendpointslices"), export->cluster, "", value, "kcp");
}

static void set_identity(struct sim_server *server, const struct sim_object *export)
{
	json_object *value = sy_json_copy(export->value);
	json_object *status = json_object_new_object();
	json_object *conditions = json_object_new_array();
	sy_auto_free char *hash = NULL;

	if (asprintf(&hash, "1d%s%s", export->cluster, export->name) < 0 ||
	    json_object_array_add(conditions, sim_condition("IdentityValid", "True", "AsExpected")) != 0)
		abort();
	sim_set_str(sy_json_object(value, "metadata", "annotations", NULL), "kcp.io/path", sim_workspace_path(server, export->cluster));
	sim_set_str(status, "identityHash", hash);
	sim_set(status, "conditions", conditions);
	sim_set(value, "status", status);
	store(server, export, value);
}

/* Endpoints are there while at least one binding is. */
static bool update_slice(struct sim_server *server, const struct sim_object *slice)
{
	bool have = sy_json_get(slice->value, "status", "endpoints", NULL) != NULL;
	bool want = sim_binding_of(server, NULL, slice->cluster, slice->name) != NULL;
	json_object *value;
	json_object *status;

	if (have == want || !server->settings.slice_controller)
		return false;
	value = sy_json_copy(slice->value);
	status = json_object_new_object();
	if (want) {
		json_object *endpoints = json_object_new_array();
		json_object *endpoint = json_object_new_object();
		sy_auto_free char *url = NULL;

		if (asprintf(&url, "%s/services/apiexport/%s/%s", server->url, slice->cluster, slice->name) < 0)
			abort();
		sim_set_str(endpoint, "url", url);
		if (json_object_array_add(endpoints, endpoint) != 0)
			abort();
		sim_set(status, "endpoints", endpoints);
	}
	sim_set(value, "status", status);
	store(server, slice, value);
	return true;
}

bool sim_export_step(struct sim_server *server)
{
	sy_auto_free struct sim_object **exports = NULL;
	sy_auto_free struct sim_object **slices = NULL;
	size_t count = 0;

	exports = sim_select(server, kcp_type(server, "apiexports"), NULL, NULL, &count);
	for (size_t i = 0; i < count; i++) {
		if (!sy_json_str(exports[i]->value, "status", "identityHash", NULL)) {
			set_identity(server, exports[i]);
			return true;
		}
		if (!sim_find(server, kcp_type(server, "apiexportendpointslices"), exports[i]->cluster, "", exports[i]->name)) {
			make_slice(server, exports[i]);
			return true;
		}
	}
	slices = sim_select(server, kcp_type(server, "apiexportendpointslices"), NULL, NULL, &count);
	for (size_t i = 0; i < count; i++)
		if (update_slice(server, slices[i]))
			return true;
	return false;
}

static json_object *bound_resources(struct sim_server *server, const struct sim_object *export)
{
	json_object *list = json_object_new_array();
	json_object *resources = sy_json_array(export->value, "spec", "resources", NULL);
	size_t count = resources ? json_object_array_length(resources) : 0;

	for (size_t i = 0; i < count; i++) {
		json_object *resource = json_object_array_get_idx(resources, i);
		const char *schema_name = sy_json_str(resource, "schema", NULL);
		struct sim_object *found =
			schema_name ? sim_find(server, kcp_type(server, "apiresourceschemas"), export->cluster, "", schema_name) : NULL;
		json_object *entry = json_object_new_object();
		json_object *schema = json_object_new_object();

		sim_set_str(schema, "name", schema_name ? schema_name : "");
		sim_set_str(schema, "UID", found ? sy_json_str(found->value, "metadata", "uid", NULL) : "");
		sim_set_str(schema, "identityHash", sy_json_str(export->value, "status", "identityHash", NULL));
		sim_set(entry, "group", json_object_get(json_object_object_get(resource, "group")));
		sim_set(entry, "resource", json_object_get(json_object_object_get(resource, "name")));
		sim_set(entry, "schema", schema);
		if (json_object_array_add(list, entry) != 0)
			abort();
	}
	return list;
}

static void copy_accepted(json_object *binding, json_object *status)
{
	json_object *claims = sy_json_array(binding, "spec", "permissionClaims", NULL);
	json_object *accepted = json_object_new_array();
	size_t count = claims ? json_object_array_length(claims) : 0;

	for (size_t i = 0; i < count; i++) {
		json_object *claim = json_object_array_get_idx(claims, i);
		const char *state = sy_json_str(claim, "state", NULL);
		json_object *copy;

		if (!state || strcmp(state, "Accepted") != 0)
			continue;
		copy = sy_json_copy(claim);
		json_object_object_del(copy, "state");
		if (json_object_array_add(accepted, copy) != 0)
			abort();
	}
	sim_set(status, "appliedPermissionClaims", accepted);
}

static struct sim_object *export_for(struct sim_server *server, json_object *binding)
{
	const char *path = sy_json_str(binding, "spec", "reference", "export", "path", NULL);
	const char *name = sy_json_str(binding, "spec", "reference", "export", "name", NULL);
	char cluster[128];

	if (!path || !path[0])
		path = sy_json_str(binding, "metadata", "annotations", "kcp.io/cluster", NULL);
	if (!name || !path || !sim_resolve_cluster(server, path, cluster))
		return NULL;
	return sim_find(server, kcp_type(server, "apiexports"), cluster, "", name);
}

/* Computed status; stored when it differs. */
static bool bind(struct sim_server *server, const struct sim_object *binding)
{
	struct sim_object *export = export_for(server, binding->value);
	sy_auto_json json_object *value = NULL;
	json_object *status;
	json_object *claims;
	json_object *finalizers;

	if (!export || !sy_json_str(export->value, "status", "identityHash", NULL))
		return false;
	value = sy_json_copy(binding->value);
	status = json_object_new_object();
	claims = sy_json_array(export->value, "spec", "permissionClaims", NULL);
	finalizers = json_object_new_array();
	if (json_object_array_add(finalizers, json_object_new_string("apis.kcp.io/apibinding-finalizer")) != 0)
		abort();
	sim_set_str(status, "phase", "Bound");
	sim_set_str(status, "apiExportClusterName", export->cluster);
	sim_set(status, "boundResources", bound_resources(server, export));
	sim_set(status, "exportPermissionClaims", claims ? sy_json_copy(claims) : json_object_new_array());
	copy_accepted(value, status);
	sim_set(value, "status", status);
	sim_set(sim_meta(value), "finalizers", finalizers);
	sim_set_str(sy_json_object(value, "metadata", "annotations", NULL), "kcp.io/path", sim_workspace_path(server, binding->cluster));
	if (sy_json_equal(value, binding->value))
		return false;
	store(server, binding, sy_take_ptr(value));
	return true;
}

/* Unbinding: the server deletes the objects of the exported types; finalizers hold it up. */
static bool unbind(struct sim_server *server, const struct sim_object *binding)
{
	json_object *resources = sy_json_array(binding->value, "status", "boundResources", NULL);
	size_t resource_count = resources ? json_object_array_length(resources) : 0;
	bool left = false;
	json_object *value;

	for (size_t r = 0; r < resource_count; r++) {
		json_object *entry = json_object_array_get_idx(resources, r);
		const char *group = sy_json_str(entry, "group", NULL);
		const struct sim_type *type = sim_type_find(server, group ? group : "", NULL, sy_json_str(entry, "resource", NULL));
		sy_auto_free struct sim_object **found = NULL;
		size_t count = 0;

		if (!type)
			continue;
		found = sim_select(server, type, binding->cluster, NULL, &count);
		left = left || count > 0;
		for (size_t i = 0; i < count; i++) {
			if (!sim_is_deleting(found[i]->value)) {
				sim_delete(server, found[i]);
				return true;
			}
		}
	}
	if (left || !sim_has_finalizers(binding->value))
		return false;
	value = sy_json_copy(binding->value);
	json_object_object_del(sim_meta(value), "finalizers");
	store(server, binding, value);
	return true;
}

bool sim_binding_step(struct sim_server *server)
{
	sy_auto_free struct sim_object **found = NULL;
	size_t count = 0;

	found = sim_select(server, kcp_type(server, "apibindings"), NULL, NULL, &count);
	for (size_t i = 0; i < count; i++)
		if (sim_is_deleting(found[i]->value) ? unbind(server, found[i]) : bind(server, found[i]))
			return true;
	return false;
}
