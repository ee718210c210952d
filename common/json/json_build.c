/* Adders that own the failure. */
#include <errno.h>

#include "json/json.h"

int sy_json_add(json_object *obj, const char *key, json_object *value)
{
	if (json_object_object_add(obj, key, value) == 0)
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

int sy_json_add_str(json_object *obj, const char *key, const char *str)
{
	if (!str)
		return 0;
	json_object *value = json_object_new_string(str);
	return value ? sy_json_add(obj, key, value) : -ENOMEM;
}

int sy_json_add_int(json_object *obj, const char *key, int64_t number)
{
	json_object *value = json_object_new_int64(number);

	return value ? sy_json_add(obj, key, value) : -ENOMEM;
}

int sy_json_add_bool(json_object *obj, const char *key, bool flag)
{
	json_object *value = json_object_new_boolean(flag);

	return value ? sy_json_add(obj, key, value) : -ENOMEM;
}
