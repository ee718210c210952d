/* The other controllers: types of schemas and CRDs, workspaces and namespaces that go away. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

#define MAX_STEPS 100000

static void add_type(struct sim_server *server, json_object *spec)
{
	json_object *versions = sy_json_array(spec, "versions", NULL);
	const char *scope = sy_json_str(spec, "scope", NULL);
	const char *group = sy_json_str(spec, "group", NULL);
	const char *plural = sy_json_str(spec, "names", "plural", NULL);
	const char *kind = sy_json_str(spec, "names", "kind", NULL);
	size_t count = versions ? json_object_array_length(versions) : 0;

	for (size_t i = 0; group && plural && kind && scope && i < count; i++) {
		json_object *version = json_object_array_get_idx(versions, i);
		struct sim_type type = {.group = group,
					.version = sy_json_str(version, "name", NULL),
					.plural = plural,
					.kind = kind,
					.namespaced = strcmp(scope, "Namespaced") == 0,
					.has_status = sy_json_get(version, "subresources", "status", NULL) != NULL};

		if (type.version)
			sim_type_add(server, &type);
	}
}

static void add_types(struct sim_server *server, const struct sim_type *source)
{
	sy_auto_free struct sim_object **found = NULL;
	size_t count = 0;

	found = sim_select(server, source, NULL, NULL, &count);
	for (size_t i = 0; i < count; i++)
		add_type(server, sy_json_object(found[i]->value, "spec", NULL));
}

/* One object of a dying workspace or namespace; true = something was deleted. *ret_left: objects that still exist. */
static bool sweep_one(struct sim_server *server, const char *cluster, const char *ns, const struct sim_object *except, size_t *ret_left)
{
	sy_auto_free struct sim_object **found = NULL;
	size_t count = 0;

	found = sim_select(server, NULL, cluster, ns, &count);
	*ret_left = 0;
	for (size_t i = 0; i < count; i++) {
		if (found[i] == except || sim_type_is(found[i]->type, "core.kcp.io", "logicalclusters") ||
		    (!ns && sim_type_is(found[i]->type, "", "namespaces")))
			continue;
		++*ret_left;
		if (!sim_is_deleting(found[i]->value)) {
			sim_delete(server, found[i]);
			return true;
		}
	}
	return false;
}

static bool namespace_step(struct sim_server *server)
{
	sy_auto_free struct sim_object **found = NULL;
	size_t count = 0;
	size_t left = 0;

	found = sim_select(server, sim_type_find(server, "", "v1", "namespaces"), NULL, NULL, &count);
	for (size_t i = 0; i < count; i++) {
		if (!sim_is_deleting(found[i]->value))
			continue;
		if (sweep_one(server, found[i]->cluster, found[i]->name, found[i], &left))
			return true;
		if (left == 0) {
			sim_drop(server, found[i]);
			return true;
		}
	}
	return false;
}

/* A Workspace in its parent names its logical cluster in spec.cluster; deleting it empties the logical cluster first. */
static bool workspace_step(struct sim_server *server)
{
	sy_auto_free struct sim_object **found = NULL;
	size_t count = 0;
	size_t left = 0;

	found = sim_select(server, sim_type_find(server, "tenancy.kcp.io", NULL, "workspaces"), NULL, NULL, &count);
	for (size_t i = 0; i < count; i++) {
		const char *cluster = sy_json_str(found[i]->value, "spec", "cluster", NULL);
		struct sim_object *logical;
		json_object *value;

		if (!cluster || !sim_is_deleting(found[i]->value))
			continue;
		if (sweep_one(server, cluster, NULL, NULL, &left))
			return true;
		logical = sim_find(server, sim_type_find(server, "core.kcp.io", NULL, "logicalclusters"), cluster, "", "cluster");
		if (left || !logical)
			continue;
		sim_drop(server, logical);
		value = sy_json_copy(found[i]->value);
		json_object_object_del(sim_meta(value), "finalizers");
		sim_put(server, found[i]->type, found[i]->cluster, "", found[i]->name, value);
		sim_watches_close(server, cluster);
		return true;
	}
	return false;
}

static void make_cluster_name(struct sim_server *server, char out[20])
{
	snprintf(out, 20, "sim%llu", (unsigned long long)server->rv);
}

static bool new_workspace_step(struct sim_server *server)
{
	sy_auto_free struct sim_object **found = NULL;
	size_t count = 0;

	found = sim_select(server, sim_type_find(server, "tenancy.kcp.io", NULL, "workspaces"), NULL, NULL, &count);
	for (size_t i = 0; i < count; i++) {
		json_object *value;
		json_object *spec;
		json_object *status;
		json_object *finalizers;
		sy_auto_free char *path = NULL;
		char cluster[20];

		if (sy_json_str(found[i]->value, "spec", "cluster", NULL))
			continue;
		make_cluster_name(server, cluster);
		if (asprintf(&path, "%s:%s", sim_workspace_path(server, found[i]->cluster), found[i]->name) < 0)
			abort();
		value = sy_json_copy(found[i]->value);
		spec = sy_json_object(value, "spec", NULL);
		if (!spec) {
			spec = json_object_new_object();
			sim_set(value, "spec", spec);
		}
		sim_set_str(spec, "cluster", cluster);
		status = json_object_new_object();
		sim_set_str(status, "phase", "Ready");
		sim_set(value, "status", status);
		finalizers = json_object_new_array();
		if (json_object_array_add(finalizers, json_object_new_string("core.kcp.io/logicalcluster")) != 0)
			abort();
		sim_set(sim_meta(value), "finalizers", finalizers);
		sim_put(server, found[i]->type, found[i]->cluster, "", found[i]->name, value);
		sim_workspace_new(server, path, cluster);
		return true;
	}
	return false;
}

bool sim_kcp_step(struct sim_server *server)
{
	add_types(server, sim_type_find(server, "apis.kcp.io", NULL, "apiresourceschemas"));
	return new_workspace_step(server) || sim_export_step(server) || sim_binding_step(server) || workspace_step(server) ||
	       namespace_step(server);
}

bool sim_cluster_step(struct sim_server *server)
{
	add_types(server, sim_type_find(server, "apiextensions.k8s.io", NULL, "customresourcedefinitions"));
	return namespace_step(server);
}

void sim_settle(struct sim_server *server)
{
	for (int i = 0; i < MAX_STEPS; i++)
		if (!(server->side == SIM_KCP ? sim_kcp_step(server) : sim_cluster_step(server)))
			return;
}
