/* POST and PATCH. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

static const char *manager_of(const struct sim_request *request)
{
	const char *manager = sim_query(request, "fieldManager");

	if (manager && manager[0])
		return manager;
	return request->target.is_vw ? "kcp" : "unknown";
}

/* Does the namespace take new objects? Answers when not. */
static bool namespace_open(struct sim_server *server, struct sim_request *request, const struct sim_type *type, const char *cluster,
			   const char *ns)
{
	const struct sim_type *namespaces = sim_type_find(server, "", "v1", "namespaces");
	struct sim_object *object = type->namespaced ? sim_find(server, namespaces, cluster, "", ns) : NULL;

	if (!type->namespaced || (object && !sim_is_deleting(object->value)) || (object && !request))
		return true;
	if (!request)
		return false;
	if (!object) {
		json_object *details = json_object_new_object();

		sim_fail(request, 404, "NotFound", "namespaces \"%s\" not found", ns);
		sim_set_str(details, "name", ns);
		sim_set_str(details, "kind", "namespaces");
		sim_set(request->answer.body, "details", details);
		return false;
	}
	sim_fail(request, 403, "Forbidden",
		 "%s \"%s\" is forbidden: unable to create new content in namespace %s because it is being terminated", type->plural,
		 request->target.name, ns);
	sim_fail_cause(request, "NamespaceTerminating");
	return false;
}

bool sim_insert(struct sim_server *server, struct sim_request *request, const struct sim_type *type, const char *cluster, const char *ns,
		json_object *value, const char *manager)
{
	const char *name = sy_json_str(value, "metadata", "name", NULL);
	json_object *meta = sim_meta(value);
	char api_version[320];

	if (request)
		snprintf(request->target.name, sizeof(request->target.name), "%s", name ? name : "");
	if (!name || !name[0]) {
		if (request)
			sim_fail(request, 422, "Invalid", "%s \"\" is invalid: metadata.name: Required value", type->kind);
		json_object_put(value);
		return false;
	}
	if (!namespace_open(server, request, type, cluster, ns)) {
		json_object_put(value);
		return false;
	}
	if (sim_find(server, type, cluster, ns, name)) {
		if (request)
			sim_fail_object(request, 409, "AlreadyExists", "already exists");
		json_object_put(value);
		return false;
	}
	if (type->namespaced)
		sim_set_str(meta, "namespace", ns);
	if (type->has_status && request)
		json_object_object_del(value, "status");
	sim_fill_new(server, type, cluster, value);
	sim_type_api_version(type, api_version);
	sim_fields_update(NULL, value, manager, api_version, "");
	sim_put(server, type, cluster, ns, sy_json_str(value, "metadata", "name", NULL), value);
	return true;
}

void sim_create(struct sim_request *request)
{
	const struct sim_target *target = &request->target;
	struct sim_object *object;

	if (!sim_is_object(request->body)) {
		sim_fail(request, 400, "BadRequest", "the body of the request is not an object");
		return;
	}
	if (target->any_cluster || target->name[0]) {
		sim_fail(request, 404, "NotFound", "the server could not find the requested resource");
		return;
	}
	if (!sim_insert(request->server, request, target->type, target->cluster, target->ns, sy_json_copy(request->body),
			manager_of(request)))
		return;
	object = sim_find(request->server, target->type, target->cluster, target->ns, target->name);
	request->answer.code = 201;
	request->answer.body = object ? json_object_get(object->value) : json_object_new_object();
}

/* Take over from `after` only what this endpoint may write: everything but status, or status alone. Server fields are kept. */
static void restrict_scope(struct sim_request *request, json_object *before, json_object *after)
{
	static const char *const kept[] = {"uid",  "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
					   "name", "namespace",		"generation",	     "resourceVersion"};
	json_object *meta = sim_meta(after);
	bool on_status = strcmp(request->target.sub, "status") == 0;

	if (on_status) {
		json_object_object_foreach(before, key, value)
		{
			if (strcmp(key, "status") != 0)
				sim_set(after, key, sy_json_copy(value));
		}
		return;
	}
	if (request->target.type->has_status) {
		json_object *status = json_object_object_get(before, "status");

		if (status)
			sim_set(after, "status", json_object_get(status));
		else
			json_object_object_del(after, "status");
	}
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		json_object *value = sy_json_get(before, "metadata", kept[i], NULL);

		if (value)
			sim_set(meta, kept[i], json_object_get(value));
		else
			json_object_object_del(meta, kept[i]);
	}
}

/* Equal but for bookkeeping: then nothing is written and the resource version stays. */
static bool same_content(json_object *before, json_object *after)
{
	sy_auto_json json_object *a = sy_json_copy(before);
	sy_auto_json json_object *b = sy_json_copy(after);

	json_object_object_del(sim_meta(a), "resourceVersion");
	json_object_object_del(sim_meta(b), "resourceVersion");
	return sy_json_equal(a, b);
}

static bool spec_changed(json_object *before, json_object *after)
{
	sy_auto_json json_object *a = sy_json_copy(before);
	sy_auto_json json_object *b = sy_json_copy(after);

	json_object_object_del(a, "metadata");
	json_object_object_del(b, "metadata");
	json_object_object_del(a, "status");
	json_object_object_del(b, "status");
	return !sy_json_equal(a, b);
}

/* What the schema's defaults add. */
static void fill_status(const struct sim_request *request, json_object *after)
{
	json_object *defaults = sy_json_object(request->server->settings.status, request->target.type->kind, NULL);
	json_object *status = sy_json_object(after, "status", NULL);

	if (!defaults)
		return;
	if (!status) {
		status = json_object_new_object();
		sim_set(after, "status", status);
	}
	json_object_object_foreach(defaults, key, value)
	{
		if (!sy_json_get(status, key, NULL))
			sim_set(status, key, json_object_get(value));
	}
}

static void store_patched(struct sim_request *request, struct sim_object *object, json_object *after, bool is_apply)
{
	const struct sim_target *target = &request->target;
	int64_t generation = 1;
	char api_version[320];

	restrict_scope(request, object->value, after);
	fill_status(request, after);
	sim_type_api_version(target->type, api_version);
	if (!is_apply)
		sim_fields_update(object->value, after, manager_of(request), api_version, target->sub);
	if (spec_changed(object->value, after)) {
		(void)sy_json_int(object->value, &generation, "metadata", "generation", NULL);
		sim_set(sim_meta(after), "generation", json_object_new_int64(generation + 1));
	}
	request->answer.code = 200;
	request->answer.body = json_object_get(after);
	if (same_content(object->value, after)) {
		json_object_put(after);
		json_object_put(request->answer.body);
		request->answer.body = json_object_get(object->value);
		return;
	}
	sim_put(request->server, target->type, target->cluster, target->ns, target->name, after);
}

/* Identity and version that a patch names must be the object's. The real servers answer an immutable uid with 422 for apply and, in the
 * virtual workspace, with 409 for a merge patch; directly at a workspace a merge patch's uid is ignored. */
static bool check_identity(struct sim_request *request, json_object *object, bool is_apply)
{
	const char *uid = sy_json_str(request->body, "metadata", "uid", NULL);
	const char *rv = sy_json_str(request->body, "metadata", "resourceVersion", NULL);
	const char *have_uid = sy_json_str(object, "metadata", "uid", NULL);
	const char *have_rv = sy_json_str(object, "metadata", "resourceVersion", NULL);

	if (uid && strcmp(uid, have_uid) != 0 && is_apply) {
		sim_fail_object(request, 422, "Invalid", "is invalid: metadata.uid: field is immutable");
		return false;
	}
	if (uid && strcmp(uid, have_uid) != 0 && request->target.is_vw) {
		sim_fail_object(request, 409, "Conflict", "Precondition failed: UID in precondition does not match");
		return false;
	}
	if (rv && strcmp(rv, have_rv) != 0) {
		sim_fail_object(request, 409, "Conflict",
				"the object has been modified; please apply your changes to the latest version and try again");
		return false;
	}
	return true;
}

static void apply_absent(struct sim_request *request)
{
	json_object *body = sy_json_copy(request->body);
	char name[256];

	if (sy_json_str(body, "metadata", "uid", NULL)) {
		sim_fail_object(request, 409, "Conflict", "uid mismatch: the object does not exist");
		json_object_put(body);
		return;
	}
	snprintf(name, sizeof(name), "%s", request->target.name);
	sim_set_str(sim_meta(body), "name", name);
	if (sim_insert(request->server, request, request->target.type, request->target.cluster, request->target.ns, body,
		       manager_of(request))) {
		request->answer.code = 201;
		request->answer.body = json_object_get(
			sim_find(request->server, request->target.type, request->target.cluster, request->target.ns, name)->value);
	}
}

static void patch_apply(struct sim_request *request, struct sim_object *object)
{
	json_object *after = sy_json_copy(object->value);
	bool force = sim_query_is(request, "force", "true");
	char api_version[320];
	const char *conflict;

	sim_type_api_version(request->target.type, api_version);
	if (request->target.is_vw || request->target.sub[0]) {
		/* Emulated by the virtual workspace: recorded as an ordinary update. */
		store_patched(request, object, sim_merge_patch(after, request->body), false);
		return;
	}
	conflict = sim_fields_apply(after, request->body, manager_of(request), api_version, force);
	if (conflict) {
		sim_fail(request, 409, "Conflict", "Apply failed with 1 conflict: conflict with \"%s\"", conflict);
		sim_fail_cause(request, "FieldManagerConflict");
		json_object_put(after);
		return;
	}
	store_patched(request, object, after, true);
}

static void patch_json(struct sim_request *request, struct sim_object *object)
{
	json_object *after = sy_json_copy(object->value);
	const char *why = sim_json_patch(&after, request->body);

	if (why) {
		sim_fail(request, 422, "Invalid", "the server rejected our request due to an error in our request: %s", why);
		json_object_put(after);
		return;
	}
	store_patched(request, object, after, false);
}

void sim_patch(struct sim_request *request)
{
	const struct sim_target *target = &request->target;
	const char *type = request->content_type ? request->content_type : "";
	bool is_apply = strncmp(type, "application/apply-patch+yaml", 28) == 0;
	struct sim_object *object = sim_find(request->server, target->type, target->cluster, target->ns, target->name);

	if (!request->body) {
		sim_fail(request, 400, "BadRequest", "the body of the request is not JSON");
		return;
	}
	if (is_apply && !sim_query(request, "fieldManager")) {
		sim_fail(request, 422, "Invalid", "PatchOptions is invalid: fieldManager: Required value");
		return;
	}
	if (!object && is_apply && !target->sub[0]) {
		apply_absent(request);
		return;
	}
	if (!object) {
		sim_fail_object(request, 404, "NotFound", "not found");
		return;
	}
	if (strncmp(type, "application/json-patch+json", 27) == 0) {
		patch_json(request, object);
		return;
	}
	if (!is_apply && strncmp(type, "application/merge-patch+json", 28) != 0) {
		sim_fail(request, 415, "UnsupportedMediaType", "the body of the request was in an unknown format");
		return;
	}
	if (!check_identity(request, object->value, is_apply))
		return;
	if (is_apply)
		patch_apply(request, object);
	else
		store_patched(request, object, sim_merge_patch(sy_json_copy(object->value), request->body), false);
}
