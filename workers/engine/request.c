/* How an op talks to a server: one request at a time, and the body that goes downstream. */
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "internal.h"

/* The downstream name of an object. */
static int down_name(const struct sy_object *object, char name[SY_NAME_MAX], struct sy_error *err)
{
	const char *up = sy_object_name(object);
	if (*up == '=')
		return strlcpy(name, up + 1, SY_NAME_MAX) < SY_NAME_MAX ? 0 : sy_error_set(err, ENAMETOOLONG, "the name is too long");
	int rc = sy_name_map(&object->resource->names, SY_DOWN, up, name);
	return rc ? sy_error_set(err, -rc, "%s has no name downstream", object->key) : 0;
}

int sy_op_body(const struct sy_object *object, json_object *up, json_object **ret_body, struct sy_error *err)
{
	const struct sy_resource *resource = object->resource;
	const struct sy_engine *engine = resource->engine;
	char name[SY_NAME_MAX];
	int rc = down_name(object, name, err);
	if (rc)
		return rc;
	struct sy_body_rules rules = {
		.api_version = resource->api_version,
		.kind = resource->rule.kind,
		.ns = object->ns ? object->ns->down : NULL,
		.name = name,
		.key = engine->plan.key,
		.tenant = engine->tenant,
		.locator = object->ns ? NULL : engine->cluster_locator,
		.ignore_fields = resource->rule.ignore_fields,
		.ignore_count = resource->rule.ignore_count,
		.secret = resource->names.secrets,
		.sync_tokens = resource->names.sync_tokens,
	};
	return sy_body_build(up, &rules, ret_body, err);
}

static int path_of(const struct sy_object *object, const struct sy_call *call, struct sy_buf *path, struct sy_error *err)
{
	char down[SY_NAME_MAX], up_ns[64];
	const char *ns = NULL, *name = sy_object_name(object);
	if (object->ns) {
		strlcpy(up_ns, object->ns->up, sizeof(up_ns));
		ns = call->side == SY_SIDE_UP ? up_ns : object->ns->down;
	}
	if (call->side == SY_SIDE_DOWN) {
		int rc = down_name(object, down, err);
		if (rc)
			return rc;
		name = down;
	}
	return sy_kube_path(path, &object->resource->gvr, ns, strcmp(call->method, "POST") == 0 ? NULL : name, call->subresource, err);
}

int sy_op_not_sent(struct sy_op *op, int rc, const char *text)
{
	bool write = op->action == SY_ACT_CREATE || op->action == SY_ACT_APPLY || op->action == SY_ACT_RENAME;
	bool refused = rc == -EMSGSIZE || rc == -EACCES || rc == -EINVAL || rc == -ENAMETOOLONG || rc == -ENOENT;
	enum sy_reason reason = rc == -EMSGSIZE ? SY_REASON_TOO_LARGE : SY_REASON_INVALID_NAME;
	struct sy_log_ref ref = sy_object_ref(op->object);
	sy_warn(&ref, "%s: %s", sy_action_name(op->action), text);
	op->object->permanent |= refused && write;
	sy_flow_fail(op, refused ? reason : SY_REASON_TRANSIENT, refused, 0, refused ? text : NULL);
	return 1;
}

int sy_op_request(struct sy_op *op, const struct sy_call *call, sy_kube_done_fn *done)
{
	struct sy_error err = {0};
	struct sy_buf path;
	sy_buf_init(&path, 4096);
	int rc = path_of(op->object, call, &path, &err);
	if (rc == 0) {
		struct sy_kube_call request = {
			.method = call->method,
			.base = call->side == SY_SIDE_UP ? op->object->resource->rule.up_base : NULL,
			.path = sy_buf_str(&path),
			.query = call->query,
			.content_type = call->content_type,
			.body = call->body,
			.body_len = call->body ? strlen(call->body) : 0,
		};
		op->asked_rv[SY_SIDE_UP] = op->object->up_rv;
		op->asked_rv[SY_SIDE_DOWN] = op->object->down_rv;
		rc = sy_kube_do(op->engine->kube[call->side], &request, done, op, &op->request, &err);
	}
	sy_buf_done(&path);
	if (rc)
		return sy_op_not_sent(op, rc, err.text);
	if (strcmp(call->method, "GET") != 0)
		op->engine->writes[call->side]++;
	return 1;
}

int sy_op_send(struct sy_op *op, const struct sy_call *call, json_object *body, sy_kube_done_fn *done)
{
	struct sy_error err = {0};
	sy_auto_free char *text = body ? sy_json_text(body) : NULL;
	struct sy_buf safe;
	sy_buf_init(&safe, 2 * SY_MAX_OBJECT_BYTES);
	json_object_put(body);
	int rc = text ? sy_json_yaml_safe(text, strlen(text), &safe, &err) : sy_error_oom(&err);
	if (rc) {
		sy_buf_done(&safe);
		return sy_op_not_sent(op, rc, err.text);
	}
	struct sy_call with_body = *call;
	with_body.body = sy_buf_str(&safe);
	sy_op_request(op, &with_body, done);
	sy_buf_done(&safe);
	return 1;
}

void sy_op_answered(struct sy_op *op, enum sy_side side, const struct sy_kube_result *result)
{
	struct sy_object *object = op->object;
	op->request = NULL;
	if (result->verdict != SY_KUBE_OK && result->verdict != SY_KUBE_NOT_FOUND)
		return;
	if (side == SY_SIDE_UP)
		object->up_answer_epoch = object->resource->view[side].epoch;
	else
		object->down_answer_epoch = object->resource->view[side].epoch;
}

bool sy_said_by_server(const struct sy_kube_result *result)
{
	const char *kind = sy_json_str(result->object, "kind", NULL);
	return kind && strcmp(kind, "Status") == 0;
}

static bool has_causes(json_object *status)
{
	json_object *causes = sy_json_array(status, "details", "causes", NULL);
	return causes && json_object_array_length(causes) > 0;
}

bool sy_op_rejected(struct sy_op *op, enum sy_side side, const struct sy_kube_result *result)
{
	/* Where the object has moved in between, another test may have failed: that is one more lost race. */
	bool again = op->refused == op->action && op->refused_rv == op->asked_rv[side];
	if (result->verdict != SY_KUBE_INVALID)
		return false;
	op->refused = op->action;
	op->refused_rv = op->asked_rv[side];
	return again || has_causes(result->object);
}

bool sy_op_news(const struct sy_op *op, enum sy_side side, const struct sy_kube_result *result)
{
	const struct sy_object *object = op->object;
	uint64_t known = side == SY_SIDE_UP ? object->up_rv : object->down_rv;
	const char *known_uid = side == SY_SIDE_UP ? object->up_uid : object->down_uid;
	const char *uid = sy_json_str(result->object, "metadata", "uid", NULL);
	uint64_t rv = sy_observe_rv(result->object);
	if (known == op->asked_rv[side])
		return true; /* no event in between */
	return rv && rv >= known && uid && strcmp(uid, known_uid) == 0;
}

void sy_op_take(struct sy_op *op, enum sy_side side, json_object *tree)
{
	json_object **at = side == SY_SIDE_UP ? &op->up : &op->down;
	json_object *old = *at;
	*at = json_object_get(tree);
	json_object_put(old);
}

int sy_patch_add(json_object *patch, const char *op, const char *path, json_object *value)
{
	sy_auto_json json_object *own = value, *step = json_object_new_object();
	if (!step || sy_json_add_str(step, "op", op) || sy_json_add_str(step, "path", path))
		return -ENOMEM;
	if (own && sy_json_add(step, "value", sy_take_ptr(own)))
		return -ENOMEM;
	if (json_object_array_add(patch, step))
		return -ENOMEM;
	step = NULL;
	return 0;
}
