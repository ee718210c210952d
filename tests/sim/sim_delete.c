/* DELETE of one object, and access reviews. */
#include <string.h>

#include "sim.h"

static bool preconditions_hold(struct sim_request *request, json_object *value)
{
	const char *uid = sy_json_str(request->body, "preconditions", "uid", NULL);
	const char *rv = sy_json_str(request->body, "preconditions", "resourceVersion", NULL);

	if (uid && strcmp(uid, sy_json_str(value, "metadata", "uid", NULL)) != 0) {
		sim_fail_object(request, 409, "Conflict", "Precondition failed: UID in precondition does not match UID in object meta");
		return false;
	}
	if (rv && strcmp(rv, sy_json_str(value, "metadata", "resourceVersion", NULL)) != 0) {
		sim_fail_object(request, 409, "Conflict",
				"Precondition failed: ResourceVersion in precondition does not match ResourceVersion in object meta");
		return false;
	}
	return true;
}

void sim_remove(struct sim_request *request)
{
	const struct sim_target *target = &request->target;
	struct sim_object *object = sim_find(request->server, target->type, target->cluster, target->ns, target->name);

	if (!object) {
		sim_fail_object(request, 404, "NotFound", "not found");
		return;
	}
	if (!preconditions_hold(request, object->value))
		return;
	sim_delete(request->server, object);
	object = sim_find(request->server, target->type, target->cluster, target->ns, target->name);
	request->answer.code = 200;
	request->answer.body = object ? json_object_get(object->value) : sim_status_body(200, "", "");
}

static bool denied(const struct sim_server *server, const char *verb, const char *resource)
{
	size_t count = server->settings.deny ? json_object_array_length(server->settings.deny) : 0;

	for (size_t i = 0; i < count; i++) {
		json_object *rule = json_object_array_get_idx(server->settings.deny, i);
		const char *rule_verb = sy_json_str(rule, "verb", NULL);
		const char *rule_resource = sy_json_str(rule, "resource", NULL);

		if ((!rule_verb || strcmp(rule_verb, verb) == 0) && (!rule_resource || strcmp(rule_resource, resource) == 0))
			return true;
	}
	return false;
}

void sim_access_review(struct sim_request *request)
{
	const char *verb = sy_json_str(request->body, "spec", "resourceAttributes", "verb", NULL);
	const char *resource = sy_json_str(request->body, "spec", "resourceAttributes", "resource", NULL);
	json_object *status = json_object_new_object();

	if (!sim_is_object(request->body)) {
		json_object_put(status);
		sim_fail(request, 400, "BadRequest", "the body of the request is not an object");
		return;
	}
	sim_set(status, "allowed", json_object_new_boolean(!denied(request->server, verb ? verb : "", resource ? resource : "")));
	request->answer.code = 201;
	request->answer.body = sy_json_copy(request->body);
	sim_set(request->answer.body, "status", status);
}
