/* JSON merge patch (RFC 7386) and the four JSON patch operations (RFC 6902) that clients of API servers use. */
#include <string.h>

#include "base/num.h"
#include "sim.h"

json_object *sim_merge_patch(json_object *target, json_object *patch)
{
	if (!sim_is_object(patch)) {
		json_object_put(target);
		return sy_json_copy(patch);
	}
	if (!sim_is_object(target)) {
		json_object_put(target);
		target = json_object_new_object();
	}
	json_object_object_foreach(patch, key, value)
	{
		if (!value)
			json_object_object_del(target, key);
		else
			sim_set(target, key, sim_merge_patch(json_object_get(json_object_object_get(target, key)), value));
	}
	return target;
}

/* Next token of a pointer whose leading slash is gone, unescaped in place; *rest is NULL after the last one. */
static char *next_token(char **rest)
{
	char *token = strsep(rest, "/");
	char *out = token;

	for (char *in = token; in && *in; in++) {
		if (in[0] == '~' && (in[1] == '0' || in[1] == '1')) {
			*out++ = in[1] == '0' ? '~' : '/';
			in++;
		} else {
			*out++ = *in;
		}
	}
	if (out)
		*out = '\0';
	return token;
}

static json_object *child(json_object *parent, const char *token)
{
	int64_t index;

	if (sim_is_object(parent))
		return json_object_object_get(parent, token);
	if (json_object_is_type(parent, json_type_array) && sy_num_parse(token, 0, INT32_MAX, &index))
		return json_object_array_get_idx(parent, (size_t)index);
	return NULL;
}

/* Walk to the parent of the last token. */
static json_object *walk(json_object *value, char *path, char **ret_last)
{
	char *rest = path[0] == '/' ? path + 1 : NULL;
	char *token = next_token(&rest);

	while (token && rest) {
		value = child(value, token);
		if (!value)
			return NULL;
		token = next_token(&rest);
	}
	*ret_last = token;
	return token ? value : NULL;
}

static bool array_insert(json_object *array, size_t index, json_object *value)
{
	size_t length = json_object_array_length(array);

	if (index > length || json_object_array_add(array, NULL) != 0)
		return false;
	for (size_t i = length; i > index; i--)
		(void)json_object_array_put_idx(array, i, json_object_get(json_object_array_get_idx(array, i - 1)));
	return json_object_array_put_idx(array, index, value) == 0;
}

static const char *op_add(json_object *parent, const char *last, json_object *value)
{
	int64_t index;

	if (sim_is_object(parent)) {
		sim_set(parent, last, sy_json_copy(value));
		return NULL;
	}
	if (!json_object_is_type(parent, json_type_array))
		return "add operation does not apply: doc is missing path";
	if (strcmp(last, "-") == 0)
		index = (int64_t)json_object_array_length(parent);
	else if (!sy_num_parse(last, 0, INT32_MAX, &index))
		return "add operation does not apply: bad index";
	return array_insert(parent, (size_t)index, sy_json_copy(value)) ? NULL : "add operation does not apply: bad index";
}

static const char *op_remove(json_object *parent, const char *last)
{
	int64_t index;

	if (sim_is_object(parent) && json_object_object_get_ex(parent, last, NULL)) {
		json_object_object_del(parent, last);
		return NULL;
	}
	if (json_object_is_type(parent, json_type_array) && sy_num_parse(last, 0, INT32_MAX, &index) &&
	    json_object_array_del_idx(parent, (size_t)index, 1) == 0)
		return NULL;
	return "remove operation does not apply: doc is missing key";
}

static const char *op_replace(json_object *parent, const char *last, json_object *value)
{
	int64_t index;

	if (sim_is_object(parent) && json_object_object_get_ex(parent, last, NULL)) {
		sim_set(parent, last, sy_json_copy(value));
		return NULL;
	}
	if (json_object_is_type(parent, json_type_array) && sy_num_parse(last, 0, INT32_MAX, &index) &&
	    (size_t)index < json_object_array_length(parent)) {
		(void)json_object_array_put_idx(parent, (size_t)index, sy_json_copy(value));
		return NULL;
	}
	return "replace operation does not apply: doc is missing key";
}

static const char *one_op(json_object *value, json_object *op)
{
	const char *name = sy_json_str(op, "op", NULL);
	const char *path = sy_json_str(op, "path", NULL);
	json_object *operand = json_object_object_get(op, "value");
	sy_auto_free char *copy = strdup(path ? path : "");
	char *last = NULL;
	json_object *parent = copy ? walk(value, copy, &last) : NULL;

	if (!name || !parent)
		return "patch operation does not apply: doc is missing path";
	if (strcmp(name, "test") == 0)
		return sy_json_equal(child(parent, last), operand) ? NULL : "testing value failed";
	if (strcmp(name, "add") == 0)
		return op_add(parent, last, operand);
	if (strcmp(name, "remove") == 0)
		return op_remove(parent, last);
	if (strcmp(name, "replace") == 0)
		return op_replace(parent, last, operand);
	return "patch operation is not supported";
}

const char *sim_json_patch(json_object **value, json_object *patch)
{
	size_t count = json_object_is_type(patch, json_type_array) ? json_object_array_length(patch) : 0;

	for (size_t i = 0; i < count; i++) {
		const char *why = one_op(*value, json_object_array_get_idx(patch, i));

		if (why)
			return why;
	}
	return count ? NULL : "a JSON patch must be a non-empty array";
}
