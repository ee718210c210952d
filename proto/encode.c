#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "proto/schema.h"

/* Text for people may come from a server's plain error page: cut it, and replace what would make the whole message unacceptable. */
static json_object *clean_text(const char *text, size_t limit)
{
	size_t len = strlen(text);
	size_t used = 0;
	sy_auto_free char *out = malloc(limit + 1);

	if (!out)
		return NULL;
	while (len > 0) {
		size_t good = sy_utf8_char(text, len, NULL);
		size_t step = good ? good : 1;

		if (used + step > limit)
			break;
		memcpy(out + used, good ? text : "?", step);
		used += step;
		text += step;
		len -= step;
	}
	return json_object_new_string_len(out, (int)used);
}

static int put(json_object *object, const char *name, json_object *value, struct sy_error *err)
{
	if (!value || sy_json_add(object, name, value) < 0)
		return sy_error_oom(err);
	return 0;
}

static int put_string(const struct sy_field *field, const void *at, json_object *object, struct sy_error *err)
{
	const char *text = *(char *const *)at;

	if (!text && field->optional)
		return 0;
	if (!text)
		text = "";
	if (field->kind == SY_FIELD_TEXT)
		return put(object, field->name, clean_text(text, (size_t)field->limit), err);
	return put(object, field->name, json_object_new_string(text), err);
}

static int put_enum(const struct sy_field *field, const void *at, json_object *object, struct sy_error *err)
{
	int value = *(const int *)at;

	if (value < 0 || (uint64_t)value >= field->limit)
		return sy_error_set(err, EINVAL, "%s: value %d has no name", field->name, value);
	return put(object, field->name, json_object_new_string(field->name_of(value)), err);
}

static int put_strings(const struct sy_field *field, const void *from, json_object *object, struct sy_error *err)
{
	char *const *items = *(char *const *const *)(const void *)((const char *)from + field->offset);
	size_t count = *(const size_t *)(const void *)((const char *)from + field->count_offset);
	sy_auto_json json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < count; i++) {
		json_object *item = json_object_new_string(items[i]);

		if (!item || json_object_array_add(array, item) < 0) {
			json_object_put(item);
			return sy_error_oom(err);
		}
	}
	return put(object, field->name, sy_take_ptr(array), err);
}

static int put_records(const struct sy_field *field, const void *from, json_object *object, struct sy_error *err)
{
	const char *items = *(const char *const *)(const void *)((const char *)from + field->offset);
	size_t count = *(const size_t *)(const void *)((const char *)from + field->count_offset);
	sy_auto_json json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < count; i++) {
		json_object *item = NULL;
		int rc = sy_record_encode(field->record, items + i * field->record->size, &item, err);

		if (rc < 0)
			return rc;
		if (json_object_array_add(array, item) < 0) {
			json_object_put(item);
			return sy_error_oom(err);
		}
	}
	return put(object, field->name, sy_take_ptr(array), err);
}

static int put_value(const struct sy_field *field, const void *at, json_object *object, struct sy_error *err)
{
	json_object *value = *(json_object *const *)at;

	return value ? put(object, field->name, json_object_get(value), err) : 0;
}

static int put_custom(const struct sy_field *field, const void *at, json_object *object, struct sy_error *err)
{
	json_object *value = NULL;
	int rc = field->custom->encode(at, &value, err);

	return rc < 0 ? rc : put(object, field->name, value, err);
}

static int put_field(const struct sy_field *field, const void *from, json_object *object, struct sy_error *err)
{
	const void *at = (const char *)from + field->offset;

	switch (field->kind) {
	case SY_FIELD_STRING:
	case SY_FIELD_TEXT:
		return put_string(field, at, object, err);
	case SY_FIELD_UINT:
		return put(object, field->name, json_object_new_uint64(*(const uint64_t *)at), err);
	case SY_FIELD_INT:
		return put(object, field->name, json_object_new_int64(*(const int64_t *)at), err);
	case SY_FIELD_BOOL:
		return put(object, field->name, json_object_new_boolean(*(const bool *)at), err);
	case SY_FIELD_ENUM:
		return put_enum(field, at, object, err);
	case SY_FIELD_LABELS:
	case SY_FIELD_VALUE:
		return put_value(field, at, object, err);
	case SY_FIELD_STRINGS:
		return put_strings(field, from, object, err);
	case SY_FIELD_RECORDS:
		return put_records(field, from, object, err);
	case SY_FIELD_CUSTOM:
		return put_custom(field, at, object, err);
	}
	return sy_error_set(err, EINVAL, "%s: unknown kind of field", field->name);
}

int sy_record_encode(const struct sy_record *record, const void *from, json_object **ret_value, struct sy_error *err)
{
	sy_auto_json json_object *object = json_object_new_object();

	if (!object)
		return sy_error_oom(err);
	for (size_t i = 0; i < record->count; i++) {
		int rc = put_field(&record->fields[i], from, object, err);

		if (rc < 0)
			return rc;
	}
	*ret_value = sy_take_ptr(object);
	return 0;
}
