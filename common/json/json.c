#include "json/json.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/limits.h"
#include "json/scan.h"

/* Puts back what json-c changed: walks the tree in the order of the text, in which members and elements stand, and counts numbers. */
struct restore {
	const char *data;
	const struct sy_wide_numbers *wide;
	uint32_t numbers;
	size_t next; /* of wide */
};

static bool restore_tree(struct restore *restore, json_object *value);

/* The number as its text says, when value is one that was changed. NULL: leave it; *ret_failed: out of memory. */
static json_object *original(struct restore *restore, json_object *value, bool *ret_failed)
{
	char text[SY_JSON_NUMBER_MAX + 1];
	enum json_type type = json_object_get_type(value);

	if (type != json_type_int && type != json_type_double)
		return NULL;
	if (restore->next >= restore->wide->count || restore->wide->items[restore->next].ordinal != restore->numbers++)
		return NULL;
	const struct sy_wide_number *number = &restore->wide->items[restore->next++];
	memcpy(text, restore->data + number->pos, number->len);
	text[number->len] = '\0';
	json_object *exact = json_object_new_double_s(strtod(text, NULL), text);
	*ret_failed = !exact;
	return exact;
}

static bool restore_object(struct restore *restore, json_object *object)
{
	json_object_object_foreach(object, key, member)
	{
		bool failed = false;
		json_object *exact = original(restore, member, &failed);
		/* The entry exists: only its value changes, which the walk allows. */
		if (failed || (exact && sy_json_add(object, key, exact) < 0) || (!exact && !restore_tree(restore, member)))
			return false;
	}
	return true;
}

static bool restore_array(struct restore *restore, json_object *array)
{
	size_t count = json_object_array_length(array);

	for (size_t i = 0; i < count; i++) {
		json_object *element = json_object_array_get_idx(array, i);
		bool failed = false;
		json_object *exact = original(restore, element, &failed);
		if (failed || (!exact && !restore_tree(restore, element)))
			return false;
		if (exact && json_object_array_put_idx(array, i, exact) < 0) {
			json_object_put(exact);
			return false;
		}
	}
	return true;
}

static bool restore_tree(struct restore *restore, json_object *value)
{
	if (json_object_is_type(value, json_type_object))
		return restore_object(restore, value);
	return !json_object_is_type(value, json_type_array) || restore_array(restore, value);
}

static int restore_numbers(const char *data, const struct sy_wide_numbers *wide, json_object **value, struct sy_error *err)
{
	struct restore restore = {.data = data, .wide = wide};
	bool failed = false;
	json_object *exact = original(&restore, *value, &failed);

	if (exact) {
		json_object_put(*value);
		*value = exact;
	}
	if (failed || (!exact && !restore_tree(&restore, *value)))
		return sy_error_oom(err);
	return 0;
}

static int parse(const char *data, size_t len, json_object **ret_value, struct sy_error *err)
{
	/* json-c counts the scalar in the innermost container as a level of its own. */
	json_tokener *tok = json_tokener_new_ex(SY_MAX_JSON_DEPTH + 2);
	if (!tok)
		return sy_error_oom(err);
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	json_object *value = json_tokener_parse_ex(tok, data, (int)len);
	/* A number or word at the very end is complete only when a NUL follows. */
	if (json_tokener_get_error(tok) == json_tokener_continue)
		value = json_tokener_parse_ex(tok, "", 1);
	enum json_tokener_error code = json_tokener_get_error(tok);
	json_tokener_free(tok);
	if (code == json_tokener_success) {
		*ret_value = value;
		return 0;
	}
	json_object_put(value);
	/* Well-formed text that is still refused: json-c ran out of memory, which 0.16 reports in several ways. */
	return sy_error_set(err, EINVAL, "JSON text: %s", json_tokener_error_desc(code));
}

int sy_json_parse(const char *data, size_t len, size_t max, json_object **ret_value, struct sy_error *err)
{
	struct sy_wide_numbers wide = {0};
	sy_auto_json json_object *value = NULL;

	if (len > max)
		return sy_error_set(err, EMSGSIZE, "JSON text of %zu bytes, at most %zu are accepted", len, max);
	int ret = sy_json_scan_wide(data, len, SY_MAX_JSON_DEPTH, &wide, err);
	if (ret == 0)
		ret = parse(data, len, &value, err);
	if (ret == 0 && wide.count > 0)
		ret = restore_numbers(data, &wide, &value, err);
	free(wide.items);
	if (ret == 0)
		*ret_value = sy_take_ptr(value);
	return ret;
}

static json_object *walk(json_object *value, va_list ap)
{
	const char *name;

	while ((name = va_arg(ap, const char *))) {
		json_object *next = NULL;
		if (!json_object_is_type(value, json_type_object) || !json_object_object_get_ex(value, name, &next))
			return NULL;
		value = next;
	}
	return value;
}

json_object *sy_json_get(json_object *value, ...)
{
	va_list ap;

	va_start(ap, value);
	value = walk(value, ap);
	va_end(ap);
	return value;
}

const char *sy_json_str(json_object *value, ...)
{
	va_list ap;

	va_start(ap, value);
	value = walk(value, ap);
	va_end(ap);
	if (!json_object_is_type(value, json_type_string))
		return NULL;
	const char *text = json_object_get_string(value);
	return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

bool sy_json_int(json_object *value, int64_t *ret_number, ...)
{
	va_list ap;

	va_start(ap, ret_number);
	value = walk(value, ap);
	va_end(ap);
	if (!json_object_is_type(value, json_type_int))
		return false;
	int64_t number = json_object_get_int64(value);
	/* get_int64 saturates what is stored as uint64. */
	if (number == INT64_MAX && json_object_get_uint64(value) != (uint64_t)INT64_MAX)
		return false;
	*ret_number = number;
	return true;
}

bool sy_json_bool(json_object *value, bool *ret_bool, ...)
{
	va_list ap;

	va_start(ap, ret_bool);
	value = walk(value, ap);
	va_end(ap);
	if (!json_object_is_type(value, json_type_boolean))
		return false;
	*ret_bool = json_object_get_boolean(value);
	return true;
}

json_object *sy_json_array(json_object *value, ...)
{
	va_list ap;

	va_start(ap, value);
	value = walk(value, ap);
	va_end(ap);
	return json_object_is_type(value, json_type_array) ? value : NULL;
}

json_object *sy_json_object(json_object *value, ...)
{
	va_list ap;

	va_start(ap, value);
	value = walk(value, ap);
	va_end(ap);
	return json_object_is_type(value, json_type_object) ? value : NULL;
}

json_object *sy_json_copy(json_object *value)
{
	json_object *copy = NULL;

	/* The default shallow copy duplicates number texts (json_object_new_double_s). */
	if (!value || json_object_deep_copy(value, &copy, NULL) < 0)
		return NULL;
	return copy;
}
