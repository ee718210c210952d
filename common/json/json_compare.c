/* Equality by the rules of the hash, and merge patches. */
#include <errno.h>
#include <string.h>

#include "json/json.h"
#include "json/json_impl.h"
#include "json/number.h"

static bool equal(json_object *a, json_object *b, unsigned depth);

static bool numbers_equal(json_object *a, json_object *b)
{
	struct sy_number na;
	struct sy_number nb;

	if (sy_number_of(a, &na) < 0)
		return false;
	bool same = sy_number_of(b, &nb) == 0;
	if (same) {
		same = sy_number_equal(&na, &nb);
		sy_number_done(&nb);
	}
	sy_number_done(&na);
	return same;
}

static size_t count_members(json_object *value)
{
	size_t count = 0;

	json_object_object_foreach(value, key, member)
	{
		(void)key;
		count += member ? 1 : 0;
	}
	return count;
}

static bool objects_equal(json_object *a, json_object *b, unsigned depth)
{
	if (count_members(a) != count_members(b))
		return false;
	json_object_object_foreach(a, key, member)
	{
		if (member && !equal(member, json_object_object_get(b, key), depth + 1))
			return false;
	}
	return true;
}

static bool arrays_equal(json_object *a, json_object *b, unsigned depth)
{
	size_t count = json_object_array_length(a);

	if (count != json_object_array_length(b))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!equal(json_object_array_get_idx(a, i), json_object_array_get_idx(b, i), depth + 1))
			return false;
	return true;
}

static bool is_number(enum json_type type)
{
	return type == json_type_int || type == json_type_double;
}

static bool equal(json_object *a, json_object *b, unsigned depth)
{
	enum json_type type = json_object_get_type(a);
	enum json_type other = json_object_get_type(b);

	if (a == b)
		return true;
	if (depth > SY_JSON_TREE_DEPTH)
		return false;
	if (is_number(type) && is_number(other))
		return numbers_equal(a, b);
	if (type != other)
		return false;
	switch (type) {
	case json_type_boolean:
		return json_object_get_boolean(a) == json_object_get_boolean(b);
	case json_type_string:
		return json_object_get_string_len(a) == json_object_get_string_len(b) &&
		       memcmp(json_object_get_string(a), json_object_get_string(b), (size_t)json_object_get_string_len(a)) == 0;
	case json_type_array:
		return arrays_equal(a, b, depth);
	case json_type_object:
		return objects_equal(a, b, depth);
	case json_type_null:
	case json_type_int:
	case json_type_double:
		break;
	}
	return true;
}

bool sy_json_equal(json_object *a, json_object *b)
{
	return equal(a, b, 0);
}

static int diff_objects(json_object *from, json_object *to, json_object **ret_patch, unsigned depth);

/* What the patch says about one member of to. */
static int diff_member(json_object *patch, const char *key, json_object *before, json_object *after, unsigned depth)
{
	json_object *change = NULL;

	if (json_object_is_type(before, json_type_object) && json_object_is_type(after, json_type_object)) {
		int ret = diff_objects(before, after, &change, depth + 1);
		if (ret < 0)
			return ret;
		return change ? sy_json_add(patch, key, change) : 0;
	}
	if (equal(before, after, depth))
		return 0;
	change = sy_json_copy(after);
	return change ? sy_json_add(patch, key, change) : -ENOMEM;
}

static int diff_objects(json_object *from, json_object *to, json_object **ret_patch, unsigned depth)
{
	if (depth > SY_JSON_TREE_DEPTH)
		return -EINVAL;
	sy_auto_json json_object *patch = json_object_new_object();
	if (!patch)
		return -ENOMEM;
	json_object_object_foreach(to, key, after)
	{
		int ret = after ? diff_member(patch, key, json_object_object_get(from, key), after, depth) : 0;
		if (ret < 0)
			return ret;
	}
	json_object_object_foreach(from, old_key, before)
	{
		if (!before || json_object_object_get(to, old_key))
			continue;
		int ret = sy_json_add(patch, old_key, NULL);
		if (ret < 0)
			return ret;
	}
	*ret_patch = json_object_object_length(patch) > 0 ? sy_take_ptr(patch) : NULL;
	return 0;
}

int sy_json_merge_diff(json_object *from, json_object *to, json_object **ret_patch, struct sy_error *err)
{
	json_object *patch = NULL;
	int ret = 0;

	if (json_object_is_type(from, json_type_object) && json_object_is_type(to, json_type_object)) {
		ret = diff_objects(from, to, &patch, 0);
	} else if (!sy_json_equal(from, to)) {
		/* The patch would be null itself, which *ret_patch cannot tell from "equal". */
		if (!to)
			return sy_error_set(err, EINVAL, "merge patch: a whole document cannot become null");
		patch = sy_json_copy(to);
		ret = patch ? 0 : -ENOMEM;
	}
	if (ret < 0)
		return sy_json_tree_error(ret, "merge patch", err);
	*ret_patch = patch;
	return 0;
}
