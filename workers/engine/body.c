#include "body.h"

#include <errno.h>
#include <string.h>

#include "kcp/ids.h"

#define TYPE_TOKEN "kubernetes.io/service-account-token"
#define TYPE_BOOTSTRAP "bootstrap.kubernetes.io/token"

bool sy_body_mark(const char *key)
{
	if (strcmp(key, "kubectl.kubernetes.io/last-applied-configuration") == 0)
		return true;
	const char *slash = strchr(key, '/');
	size_t len = slash ? (size_t)(slash - key) : 0;
	if (len < 6 || strncmp(slash - 6, "kcp.io", 6) != 0)
		return false;
	return len == 6 || slash[-7] == '.';
}

bool sy_body_server_secret(json_object *object, bool sync_tokens)
{
	const char *type = sy_json_str(object, "type", NULL);
	if (!type)
		return false;
	return strcmp(type, TYPE_BOOTSTRAP) == 0 || (strcmp(type, TYPE_TOKEN) == 0 && !sync_tokens);
}

static int add_shared(json_object *to, const char *key, json_object *value)
{
	return sy_json_add(to, key, json_object_get(value));
}

/* Labels or annotations of the tenant without marks. *ret_map may stay NULL when there is none. */
static int copy_map(json_object *from, bool token, json_object **ret_map)
{
	sy_auto_json json_object *map = json_object_new_object();
	if (!map)
		return -ENOMEM;
	if (from) {
		json_object_object_foreach(from, key, value)
		{
			if (sy_body_mark(key) || (token && strncmp(key, "kubernetes.io/service-account.", 30) == 0))
				continue;
			if (add_shared(map, key, value))
				return -ENOMEM;
		}
	}
	*ret_map = sy_take_ptr(map);
	return 0;
}

static int add_metadata(json_object *body, json_object *object, const struct sy_body_rules *rules, bool token)
{
	sy_auto_json json_object *labels = NULL, *annotations = NULL, *metadata = json_object_new_object();
	if (!metadata || copy_map(sy_json_object(object, "metadata", "labels", NULL), token, &labels) ||
	    copy_map(sy_json_object(object, "metadata", "annotations", NULL), token, &annotations))
		return -ENOMEM;
	if (sy_json_add_str(labels, SY_LABEL_CLUSTER, rules->key) || sy_json_add_str(labels, SY_LABEL_TENANT, rules->tenant) ||
	    sy_json_add_str(annotations, SY_ANNOTATION_LOCATOR, rules->locator) || sy_json_add_str(metadata, "name", rules->name) ||
	    sy_json_add_str(metadata, "namespace", rules->ns) || sy_json_add(metadata, "labels", sy_take_ptr(labels)))
		return -ENOMEM;
	if (json_object_object_length(annotations) > 0 && sy_json_add(metadata, "annotations", sy_take_ptr(annotations)))
		return -ENOMEM;
	return sy_json_add(body, "metadata", sy_take_ptr(metadata));
}

/* ignoreFields change nested members, which are shared: the body gets its own copy of the member that each pointer starts with. */
static int ignore(json_object **body, const struct sy_body_rules *rules, struct sy_error *err)
{
	if (!rules->ignore_count)
		return 0;
	json_object *own = sy_json_copy(*body);
	if (!own)
		return sy_error_oom(err);
	json_object_put(*body);
	*body = own;
	for (size_t i = 0; i < rules->ignore_count; i++) {
		int rc = sy_json_remove(own, rules->ignore_fields[i], err);
		if (rc)
			return rc;
	}
	return 0;
}

int sy_body_build(json_object *object, const struct sy_body_rules *rules, json_object **ret_body, struct sy_error *err)
{
	if (!json_object_is_type(object, json_type_object))
		return sy_error_set(err, EINVAL, "the object is not a JSON object");
	sy_auto_json json_object *body = json_object_new_object();
	const char *type = rules->secret ? sy_json_str(object, "type", NULL) : NULL;
	bool token = rules->sync_tokens && type && strcmp(type, TYPE_TOKEN) == 0;
	if (!body || sy_json_add_str(body, "apiVersion", rules->api_version) || sy_json_add_str(body, "kind", rules->kind))
		return sy_error_oom(err);
	json_object_object_foreach(object, key, value)
	{
		if (strcmp(key, "apiVersion") == 0 || strcmp(key, "kind") == 0 || strcmp(key, "metadata") == 0 ||
		    strcmp(key, "status") == 0)
			continue;
		if (token && strcmp(key, "type") == 0) {
			if (sy_json_add_str(body, "type", "Opaque"))
				return sy_error_oom(err);
		} else if (add_shared(body, key, value)) {
			return sy_error_oom(err);
		}
	}
	/* The pointers name the tenant's fields: what we add afterwards cannot be ignored away. */
	json_object *metadata = sy_json_object(object, "metadata", NULL);
	sy_auto_json json_object *source = NULL;
	if (rules->ignore_count) {
		if (metadata && add_shared(body, "metadata", metadata))
			return sy_error_oom(err);
		int rc = ignore(&body, rules, err);
		if (rc)
			return rc;
		source = json_object_new_object();
		if (!source || add_shared(source, "metadata", sy_json_get(body, "metadata", NULL)))
			return sy_error_oom(err);
		json_object_object_del(body, "metadata");
	}
	if (add_metadata(body, source ? source : object, rules, token))
		return sy_error_oom(err);
	*ret_body = sy_take_ptr(body);
	return 0;
}

int sy_body_hash(json_object *body, struct sy_hash *ret_hash, struct sy_error *err)
{
	sy_auto_json json_object *rest = json_object_new_object();
	sy_auto_json json_object *metadata = json_object_new_object();
	if (!rest || !metadata)
		return sy_error_oom(err);
	json_object_object_foreach(body, key, value)
	{
		if (strcmp(key, "apiVersion") == 0 || strcmp(key, "kind") == 0 || strcmp(key, "metadata") == 0)
			continue;
		if (add_shared(rest, key, value))
			return sy_error_oom(err);
	}
	json_object *from = sy_json_object(body, "metadata", NULL);
	if (from) {
		json_object_object_foreach(from, name, member)
		{
			if (strcmp(name, "name") == 0 || strcmp(name, "namespace") == 0 || strcmp(name, "uid") == 0)
				continue;
			if (add_shared(metadata, name, member))
				return sy_error_oom(err);
		}
	}
	if (sy_json_add(rest, "metadata", sy_take_ptr(metadata)))
		return sy_error_oom(err);
	return sy_json_hash(rest, ret_hash, err);
}
