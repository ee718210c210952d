/* /version, health, /api, /apis and the resource lists. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

static bool visible(const struct sim_request *request, const struct sim_type *type)
{
	const struct sim_target *target = &request->target;

	if (target->is_vw)
		return sim_vw_shows(request->server, target, type, NULL, NULL);
	return request->server->side == SIM_CLUSTER || type->builtin || sim_bound(request->server, type, target->cluster);
}

static void push(json_object *array, json_object *value)
{
	if (json_object_array_add(array, value) != 0)
		abort();
}

static json_object *verbs(const struct sim_type *type)
{
	static const char *const all[] = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
	json_object *array;

	/* kcp answers null here; clients must accept it. */
	if (!type)
		return NULL;
	array = json_object_new_array();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		push(array, json_object_new_string(all[i]));
	return array;
}

static void push_resource(json_object *array, const struct sim_type *type, const char *sub, bool null_verbs)
{
	json_object *entry = json_object_new_object();
	char name[300];

	snprintf(name, sizeof(name), "%s%s%s", type->plural, sub[0] ? "/" : "", sub);
	sim_set_str(entry, "name", name);
	sim_set_str(entry, "singularName", "");
	sim_set(entry, "namespaced", json_object_new_boolean(type->namespaced));
	sim_set_str(entry, "kind", type->kind);
	sim_set(entry, "verbs", verbs(null_verbs ? NULL : type));
	push(array, entry);
}

static void resource_list(struct sim_request *request, const char *group, const char *version)
{
	json_object *body = json_object_new_object();
	json_object *resources = json_object_new_array();
	char text[640];

	sim_set_str(body, "kind", "APIResourceList");
	sim_set_str(body, "apiVersion", "v1");
	snprintf(text, sizeof(text), "%s%s%s", group, group[0] ? "/" : "", version);
	sim_set_str(body, "groupVersion", text);
	for (size_t i = 0; i < request->server->type_count; i++) {
		const struct sim_type *type = request->server->types[i];

		if (strcmp(type->group, group) != 0 || strcmp(type->version, version) != 0 || !visible(request, type))
			continue;
		push_resource(resources, type, "", false);
		if (type->has_status)
			push_resource(resources, type, "status", request->server->side == SIM_KCP);
	}
	sim_set(body, "resources", resources);
	if (json_object_array_length(resources) == 0 && group[0]) {
		json_object_put(body);
		sim_fail_text(request, 404, "404 page not found\n");
		return;
	}
	request->answer.code = 200;
	request->answer.body = body;
}

static json_object *find_group(json_object *groups, const char *name)
{
	for (size_t i = 0; i < json_object_array_length(groups); i++) {
		json_object *group = json_object_array_get_idx(groups, i);

		if (strcmp(sy_json_str(group, "name", NULL), name) == 0)
			return group;
	}
	return NULL;
}

static void add_version(json_object *groups, const struct sim_type *type)
{
	json_object *group = find_group(groups, type->group);
	json_object *entry = json_object_new_object();
	char text[320];

	sim_type_api_version(type, text);
	sim_set_str(entry, "groupVersion", text);
	sim_set_str(entry, "version", type->version);
	if (!group) {
		group = json_object_new_object();
		sim_set_str(group, "name", type->group);
		sim_set(group, "versions", json_object_new_array());
		sim_set(group, "preferredVersion", json_object_get(entry));
		push(groups, group);
	}
	json_object *versions = sy_json_array(group, "versions", NULL);

	for (size_t i = 0; i < json_object_array_length(versions); i++) {
		if (sy_json_equal(json_object_array_get_idx(versions, i), entry)) {
			json_object_put(entry);
			return;
		}
	}
	push(versions, entry);
}

static void group_list(struct sim_request *request)
{
	json_object *body = json_object_new_object();
	json_object *groups = json_object_new_array();

	sim_set_str(body, "kind", "APIGroupList");
	sim_set_str(body, "apiVersion", "v1");
	for (size_t i = 0; i < request->server->type_count; i++)
		if (request->server->types[i]->group[0] && visible(request, request->server->types[i]))
			add_version(groups, request->server->types[i]);
	sim_set(body, "groups", groups);
	request->answer.code = 200;
	request->answer.body = body;
}

static void one_group(struct sim_request *request, const char *name)
{
	json_object *group;

	group_list(request);
	group = find_group(sy_json_array(request->answer.body, "groups", NULL), name);
	if (!group) {
		sim_fail_text(request, 404, "404 page not found\n");
		return;
	}
	json_object_get(group);
	json_object_put(request->answer.body);
	sim_set_str(group, "kind", "APIGroup");
	sim_set_str(group, "apiVersion", "v1");
	request->answer.body = group;
}

static void fixed(struct sim_request *request, const char *json)
{
	request->answer.code = 200;
	request->answer.text = strdup(json);
	request->answer.is_json = true;
}

void sim_discovery(struct sim_request *request)
{
	const struct sim_target *target = &request->target;
	const char *first = target->word_count ? target->words[0] : "";

	if (strcmp(first, "version") == 0 && target->word_count == 1)
		fixed(request,
		      request->server->side == SIM_KCP
			      ? "{\"major\":\"1\",\"minor\":\"36\",\"gitVersion\":\"v1.36.0+kcp-v0.32.3\",\"platform\":\"linux/amd64\"}"
			      : "{\"major\":\"1\",\"minor\":\"36\",\"gitVersion\":\"v1.36.3\",\"platform\":\"linux/amd64\"}");
	else if (strcmp(first, "readyz") == 0 || strcmp(first, "livez") == 0 || strcmp(first, "healthz") == 0)
		fixed(request, "ok");
	else if (strcmp(first, "api") == 0 && target->word_count == 1)
		fixed(request, "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"]}");
	else if (strcmp(first, "api") == 0 && target->word_count == 2)
		resource_list(request, "", target->words[1]);
	else if (strcmp(first, "apis") == 0 && target->word_count == 1)
		group_list(request);
	else if (strcmp(first, "apis") == 0 && target->word_count == 2)
		one_group(request, target->words[1]);
	else if (strcmp(first, "apis") == 0 && target->word_count == 3)
		resource_list(request, target->words[1], target->words[2]);
	else
		sim_fail_text(request, 404, "404 page not found\n");
}
