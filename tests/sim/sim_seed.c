/* The start state, from a JSON file:
 *   {"kcp": [{"path": "root:org:team-a", "cluster": "aaa...", "objects": [...]}], "cluster": [...objects...]} */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sim.h"

static int insert(struct sim_server *server, const char *cluster, json_object *value, struct sy_error *err)
{
	const char *api_version = sy_json_str(value, "apiVersion", NULL);
	const char *kind = sy_json_str(value, "kind", NULL);
	const char *name = sy_json_str(value, "metadata", "name", NULL);
	const char *ns = sy_json_str(value, "metadata", "namespace", NULL);
	const struct sim_type *type = api_version && kind ? sim_type_of_kind(server, api_version, kind) : NULL;

	if (!type || !name)
		return sy_error_set(err, EINVAL, "unknown type or no name: %s %s %s", api_version ? api_version : "?", kind ? kind : "?",
				    name ? name : "?");
	if (!sim_insert(server, NULL, type, cluster, type->namespaced ? (ns ? ns : "default") : "", sy_json_copy(value), "seed"))
		return sy_error_set(err, EINVAL, "%s %s: it exists already, or its namespace does not", kind, name);
	sim_settle(server);
	return 0;
}

static int insert_all(struct sim_server *server, const char *cluster, json_object *objects, struct sy_error *err)
{
	size_t count = objects ? json_object_array_length(objects) : 0;

	for (size_t i = 0; i < count; i++) {
		int r = insert(server, cluster, json_object_array_get_idx(objects, i), err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int load_workspaces(struct sim_server *server, json_object *list, struct sy_error *err)
{
	size_t count = list ? json_object_array_length(list) : 0;

	/* All exist before the first object is made: a binding may refer forward. */
	for (size_t i = 0; i < count; i++) {
		json_object *workspace = json_object_array_get_idx(list, i);
		const char *path = sy_json_str(workspace, "path", NULL);
		const char *cluster = sy_json_str(workspace, "cluster", NULL);

		if (!path || !cluster)
			return sy_error_set(err, EINVAL, "kcp[%zu]: path and cluster are needed", i);
		sim_workspace_new(server, path, cluster);
	}
	for (size_t i = 0; i < count; i++) {
		json_object *workspace = json_object_array_get_idx(list, i);
		int r = insert_all(server, sy_json_str(workspace, "cluster", NULL), sy_json_array(workspace, "objects", NULL), err);

		if (r < 0)
			return sy_error_wrap(err, "kcp[%zu]", i);
	}
	return 0;
}

static int read_file(const char *path, struct sy_buf *out, struct sy_error *err)
{
	FILE *file = fopen(path, "re");
	char part[16384];
	size_t got;
	int r = 0;

	if (!file)
		return sy_error_set(err, errno, "open %s: %s", path, strerror(errno));
	while (r == 0 && (got = fread(part, 1, sizeof(part), file)) > 0)
		r = sy_buf_add(out, part, got);
	fclose(file);
	return r < 0 ? sy_error_set(err, -r, "%s is too large", path) : 0;
}

int sim_seed_load(struct sim *sim, const char *path, struct sy_error *err)
{
	sy_auto_json json_object *seed = NULL;
	struct sy_buf text;
	int r;

	sy_buf_init(&text, 64u * 1024 * 1024);
	r = read_file(path, &text, err);
	if (r == 0)
		r = sy_json_parse(sy_buf_str(&text), text.len, text.max, &seed, err);
	sy_buf_done(&text);
	if (r < 0)
		return sy_error_wrap(err, "%s", path);
	r = load_workspaces(&sim->servers[SIM_KCP], sy_json_array(seed, "kcp", NULL), err);
	if (r == 0)
		r = insert_all(&sim->servers[SIM_CLUSTER], "", sy_json_array(seed, "cluster", NULL), err);
	return r;
}
