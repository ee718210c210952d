/* Removal by RFC 6901 pointer; json-c 0.16 has no such function (json_patch starts with 0.17). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "json/json.h"

/* Undo ~0 and ~1 in place; the pointer was checked. */
static void unescape(char *token)
{
	char *out = token;

	for (; *token; token++) {
		if (*token == '~') {
			token++;
			*out++ = *token == '0' ? '~' : '/';
		} else {
			*out++ = *token;
		}
	}
	*out = '\0';
}

/* Index of an existing element. */
static bool array_index(json_object *array, const char *token, size_t *ret_index)
{
	int64_t index;
	size_t count = json_object_array_length(array);

	/* RFC 6901: no leading zeros. */
	if (count == 0 || (token[0] == '0' && token[1]) || !sy_num_parse(token, 0, (int64_t)count - 1, &index))
		return false;
	*ret_index = (size_t)index;
	return token[0] != '-';
}

static json_object *step(json_object *value, const char *token)
{
	size_t index;
	json_object *next = NULL;

	if (json_object_is_type(value, json_type_object))
		json_object_object_get_ex(value, token, &next);
	else if (json_object_is_type(value, json_type_array) && array_index(value, token, &index))
		next = json_object_array_get_idx(value, index);
	return next;
}

static void remove_child(json_object *value, const char *token)
{
	size_t index;

	if (json_object_is_type(value, json_type_object))
		json_object_object_del(value, token);
	else if (json_object_is_type(value, json_type_array) && array_index(value, token, &index))
		json_object_array_del_idx(value, index, 1);
}

int sy_json_remove(json_object *value, const char *pointer, struct sy_error *err)
{
	if (pointer[0] != '/')
		return sy_error_set(err, EINVAL, "JSON pointer \"%s\" does not begin with '/'", pointer);
	sy_auto_free char *copy = strdup(pointer + 1);
	if (!copy)
		return sy_error_oom(err);
	/* Check all of it first, so that a malformed pointer is always an error, whatever the document has. */
	for (const char *p = copy; (p = strchr(p, '~')); p++)
		if (p[1] != '0' && p[1] != '1')
			return sy_error_set(err, EINVAL, "JSON pointer \"%s\": '~' is not followed by 0 or 1", pointer);
	char *token = copy;
	for (;;) {
		char *slash = strchr(token, '/');
		if (slash)
			*slash = '\0';
		unescape(token);
		if (!slash) {
			remove_child(value, token);
			return 0;
		}
		value = step(value, token);
		token = slash + 1;
	}
}
