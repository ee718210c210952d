#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/visible.h"
#include "proto/schema.h"

#define PATH_BYTES 160

static int decode_record(const struct sy_record *record, json_object *value, void *to, const char *where, struct sy_error *err);

static int wrong(struct sy_error *err, const char *where, const char *what)
{
	return sy_error_set(err, EINVAL, "%s: must be %s", where, what);
}

static int take_string(const struct sy_field *field, json_object *value, size_t limit, char **ret_text, const char *where,
		       struct sy_error *err)
{
	if (!json_object_is_type(value, json_type_string))
		return wrong(err, where, "a string");
	const char *text = json_object_get_string(value);
	size_t len = (size_t)json_object_get_string_len(value);
	if (memchr(text, '\0', len))
		return wrong(err, where, "text without NUL");
	if (len > limit)
		return sy_error_set(err, EINVAL, "%s: %zu bytes are more than the limit of %zu", where, len, limit);
	if (field->check && !field->check(text))
		return wrong(err, where, field->expected ? field->expected : "of the right form");
	char *copy = strdup(text);
	if (!copy)
		return sy_error_oom(err);
	*ret_text = copy;
	return 0;
}

/* Text for people is shown in terminals and kept in status: no other process gets a control into it. In place, never longer. */
static void make_visible(char *text)
{
	char *out = text;
	uint32_t point;

	for (size_t left = strlen(text), step; left > 0; left -= step, text += step) {
		step = sy_utf8_char(text, left, &point);
		if (step == 0 || sy_is_hidden(point)) {
			*out++ = *text == '\n' || *text == '\t' ? ' ' : '?';
			step = step ? step : 1;
		} else {
			memmove(out, text, step);
			out += step;
		}
	}
	*out = '\0';
}

static int take_text(const struct sy_field *field, json_object *value, char **ret_text, const char *where, struct sy_error *err)
{
	int rc = take_string(field, value, (size_t)field->limit, ret_text, where, err);

	if (rc == 0 && !field->verbatim)
		make_visible(*ret_text);
	return rc;
}

static int take_uint(const struct sy_field *field, json_object *value, uint64_t *ret_number, const char *where, struct sy_error *err)
{
	if (!json_object_is_type(value, json_type_int))
		return wrong(err, where, "a whole number");
	if (json_object_get_int64(value) < 0)
		return wrong(err, where, "zero or more");
	uint64_t number = json_object_get_uint64(value);
	uint64_t limit = field->limit;
	if (!limit)
		limit = field->kind == SY_FIELD_INT ? (uint64_t)INT64_MAX : UINT64_MAX;
	if (number > limit)
		return sy_error_set(err, EINVAL, "%s: must be at most %" PRIu64, where, limit);
	*ret_number = number;
	return 0;
}

static int take_int(const struct sy_field *field, json_object *value, int64_t *ret_number, const char *where, struct sy_error *err)
{
	uint64_t number = 0;
	int rc = take_uint(field, value, &number, where, err);

	if (rc == 0)
		*ret_number = (int64_t)number;
	return rc;
}

static int take_bool(json_object *value, bool *ret_bool, const char *where, struct sy_error *err)
{
	if (!json_object_is_type(value, json_type_boolean))
		return wrong(err, where, "true or false");
	*ret_bool = json_object_get_boolean(value);
	return 0;
}

static int take_enum(const struct sy_field *field, json_object *value, int *ret_number, const char *where, struct sy_error *err)
{
	if (!json_object_is_type(value, json_type_string))
		return wrong(err, where, "a string");
	for (int i = 0; (uint64_t)i < field->limit; i++) {
		if (strcmp(field->name_of(i), json_object_get_string(value)) == 0) {
			*ret_number = i;
			return 0;
		}
	}
	return wrong(err, where, "one of the known names");
}

static int take_labels(const struct sy_field *field, json_object *value, json_object **ret_value, const char *where, struct sy_error *err)
{
	if (!json_object_is_type(value, json_type_object))
		return wrong(err, where, "an object");
	if ((uint64_t)json_object_object_length(value) > field->limit)
		return sy_error_set(err, EINVAL, "%s: more than %" PRIu64 " members", where, field->limit);
	json_object_object_foreach(value, key, member)
	{
		if (!json_object_is_type(member, json_type_string) || json_object_get_string_len(member) > SY_STRING_BYTES ||
		    strlen(key) > SY_STRING_BYTES)
			return wrong(err, where, "an object of short strings");
	}
	*ret_value = json_object_get(value);
	return 0;
}

static int array_size(const struct sy_field *field, json_object *value, size_t *ret_count, const char *where, struct sy_error *err)
{
	if (!json_object_is_type(value, json_type_array))
		return wrong(err, where, "an array");
	size_t count = json_object_array_length(value);
	if (count > field->limit)
		return sy_error_set(err, EINVAL, "%s: %zu elements are more than the limit of %" PRIu64, where, count, field->limit);
	*ret_count = count;
	return 0;
}

static int take_strings(const struct sy_field *field, json_object *value, void *to, const char *where, struct sy_error *err)
{
	size_t count = 0;
	int rc = array_size(field, value, &count, where, err);

	if (rc < 0 || count == 0)
		return rc;
	char **items = calloc(count, sizeof(*items));
	if (!items)
		return sy_error_oom(err);
	/* The array belongs to the struct from here on: whoever fails below leaves it to the owner's cleanup. */
	*(char ***)(void *)((char *)to + field->offset) = items;
	*(size_t *)(void *)((char *)to + field->count_offset) = count;
	for (size_t i = 0; i < count; i++) {
		char path[PATH_BYTES];

		snprintf(path, sizeof(path), "%.120s[%zu]", where, i);
		rc = take_string(field, json_object_array_get_idx(value, i), SY_STRING_BYTES, &items[i], path, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int take_records(const struct sy_field *field, json_object *value, void *to, const char *where, struct sy_error *err)
{
	size_t count = 0;
	int rc = array_size(field, value, &count, where, err);

	if (rc < 0 || count == 0)
		return rc;
	char *items = calloc(count, field->record->size);
	if (!items)
		return sy_error_oom(err);
	*(void **)(void *)((char *)to + field->offset) = items;
	*(size_t *)(void *)((char *)to + field->count_offset) = count;
	for (size_t i = 0; i < count; i++) {
		char path[PATH_BYTES];

		snprintf(path, sizeof(path), "%.120s[%zu]", where, i);
		rc = decode_record(field->record, json_object_array_get_idx(value, i), items + i * field->record->size, path, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int take_custom(const struct sy_field *field, json_object *value, void *at, const char *where, struct sy_error *err)
{
	int rc = field->custom->decode(value, at, err);

	return rc < 0 ? sy_error_wrap(err, "%s", where) : 0;
}

static int take_field(const struct sy_field *field, json_object *value, void *to, const char *where, struct sy_error *err)
{
	void *at = (char *)to + field->offset;

	switch (field->kind) {
	case SY_FIELD_STRING:
		return take_string(field, value, (size_t)field->limit, at, where, err);
	case SY_FIELD_TEXT:
		return take_text(field, value, at, where, err);
	case SY_FIELD_UINT:
		return take_uint(field, value, at, where, err);
	case SY_FIELD_INT:
		return take_int(field, value, at, where, err);
	case SY_FIELD_BOOL:
		return take_bool(value, at, where, err);
	case SY_FIELD_ENUM:
		return take_enum(field, value, at, where, err);
	case SY_FIELD_LABELS:
		return take_labels(field, value, at, where, err);
	case SY_FIELD_VALUE:
		*(json_object **)at = json_object_get(value);
		return 0;
	case SY_FIELD_STRINGS:
		return take_strings(field, value, to, where, err);
	case SY_FIELD_RECORDS:
		return take_records(field, value, to, where, err);
	case SY_FIELD_CUSTOM:
		return take_custom(field, value, at, where, err);
	}
	return sy_error_set(err, EINVAL, "%s: unknown kind of field", where);
}

static bool known(const struct sy_record *record, const char *key)
{
	for (size_t i = 0; i < record->count; i++)
		if (strcmp(record->fields[i].name, key) == 0)
			return true;
	return false;
}

static int decode_record(const struct sy_record *record, json_object *value, void *to, const char *where, struct sy_error *err)
{
	if (!json_object_is_type(value, json_type_object))
		return wrong(err, where, "an object");
	json_object_object_foreach(value, key, ignored)
	{
		(void)ignored;
		if (!known(record, key))
			return sy_error_set(err, EINVAL, "%s.%.64s: unknown member", where, key);
	}
	for (size_t i = 0; i < record->count; i++) {
		const struct sy_field *field = &record->fields[i];
		json_object *member = NULL;
		char path[PATH_BYTES];

		snprintf(path, sizeof(path), "%s.%s", where, field->name);
		if (!json_object_object_get_ex(value, field->name, &member)) {
			if (field->optional)
				continue;
			return sy_error_set(err, EINVAL, "%s: missing", path);
		}
		int rc = take_field(field, member, to, path, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int sy_record_decode(const struct sy_record *record, json_object *value, void *to, struct sy_error *err)
{
	int rc = decode_record(record, value, to, record->name, err);

	if (rc < 0)
		sy_record_done(record, to);
	return rc;
}
