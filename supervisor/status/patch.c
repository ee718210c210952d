#include "supervisor/status/patch.h"

#include <errno.h>
#include <string.h>

int sy_patch_op(json_object *patch, const char *op, const char *path, json_object *value)
{
	json_object *item = patch ? json_object_new_object() : NULL;
	int r;

	if (!item) {
		json_object_put(value);
		return -ENOMEM;
	}
	r = sy_json_add_str(item, "op", op);
	if (r == 0)
		r = sy_json_add_str(item, "path", path);
	if (r == 0 && value)
		r = sy_json_add(item, "value", value);
	else if (r < 0)
		json_object_put(value);
	if (r == 0 && json_object_array_add(patch, item) == 0)
		return 0;
	json_object_put(item);
	return -ENOMEM;
}

int sy_patch_test_str(json_object *patch, const char *path, const char *value)
{
	json_object *text = json_object_new_string(value);

	return text ? sy_patch_op(patch, "test", path, text) : -ENOMEM;
}

int sy_patch_index(json_object *array, const char *text)
{
	for (size_t i = 0; array && i < json_object_array_length(array); i++) {
		json_object *item = json_object_array_get_idx(array, i);

		if (json_object_is_type(item, json_type_string) && strcmp(json_object_get_string(item), text) == 0)
			return (int)i;
	}
	return -1;
}
