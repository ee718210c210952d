/* Copying, comparing and freeing of structs that a field table describes. */
#include <stdlib.h>
#include <string.h>

#include "proto/schema.h"

static void free_string(char *text, bool secret)
{
	if (text && secret)
		explicit_bzero(text, strlen(text));
	free(text);
}

static void done_field(const struct sy_field *field, void *value)
{
	void *at = (char *)value + field->offset;

	switch (field->kind) {
	case SY_FIELD_STRING:
	case SY_FIELD_TEXT:
		free_string(*(char **)at, field->secret);
		break;
	case SY_FIELD_LABELS:
	case SY_FIELD_VALUE:
		json_object_put(*(json_object **)at);
		break;
	case SY_FIELD_STRINGS: {
		size_t count = *(size_t *)(void *)((char *)value + field->count_offset);

		for (size_t i = 0; i < count; i++)
			free((*(char ***)at)[i]);
		free(*(char ***)at);
		break;
	}
	case SY_FIELD_RECORDS: {
		size_t count = *(size_t *)(void *)((char *)value + field->count_offset);

		for (size_t i = 0; i < count; i++)
			sy_record_done(field->record, *(char **)at + i * field->record->size);
		free(*(void **)at);
		break;
	}
	case SY_FIELD_CUSTOM:
		field->custom->done(at);
		break;
	case SY_FIELD_UINT:
	case SY_FIELD_INT:
	case SY_FIELD_BOOL:
	case SY_FIELD_ENUM:
		break;
	}
}

void sy_record_done(const struct sy_record *record, void *value)
{
	for (size_t i = 0; i < record->count; i++)
		done_field(&record->fields[i], value);
	memset(value, 0, record->size);
}

static int copy_strings(const struct sy_field *field, const void *from, void *to, struct sy_error *err)
{
	char *const *items = *(char *const *const *)(const void *)((const char *)from + field->offset);
	size_t count = *(const size_t *)(const void *)((const char *)from + field->count_offset);

	if (count == 0)
		return 0;
	char **copy = calloc(count, sizeof(*copy));
	if (!copy)
		return sy_error_oom(err);
	*(char ***)(void *)((char *)to + field->offset) = copy;
	*(size_t *)(void *)((char *)to + field->count_offset) = count;
	for (size_t i = 0; i < count; i++) {
		copy[i] = strdup(items[i]);
		if (!copy[i])
			return sy_error_oom(err);
	}
	return 0;
}

static int copy_into(const struct sy_record *record, const void *from, void *to, struct sy_error *err);

static int copy_records(const struct sy_field *field, const void *from, void *to, struct sy_error *err)
{
	const char *items = *(const char *const *)(const void *)((const char *)from + field->offset);
	size_t count = *(const size_t *)(const void *)((const char *)from + field->count_offset);

	if (count == 0)
		return 0;
	char *copy = calloc(count, field->record->size);
	if (!copy)
		return sy_error_oom(err);
	*(void **)(void *)((char *)to + field->offset) = copy;
	*(size_t *)(void *)((char *)to + field->count_offset) = count;
	for (size_t i = 0; i < count; i++) {
		int rc = copy_into(field->record, items + i * field->record->size, copy + i * field->record->size, err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static int copy_field(const struct sy_field *field, const void *from, void *to, struct sy_error *err)
{
	const void *source = (const char *)from + field->offset;
	void *target = (char *)to + field->offset;

	switch (field->kind) {
	case SY_FIELD_STRING:
	case SY_FIELD_TEXT:
		if (!*(char *const *)source)
			return 0;
		*(char **)target = strdup(*(char *const *)source);
		return *(char **)target ? 0 : sy_error_oom(err);
	case SY_FIELD_LABELS:
	case SY_FIELD_VALUE:
		if (!*(json_object *const *)source)
			return 0;
		*(json_object **)target = sy_json_copy(*(json_object *const *)source);
		return *(json_object **)target ? 0 : sy_error_oom(err);
	case SY_FIELD_STRINGS:
		return copy_strings(field, from, to, err);
	case SY_FIELD_RECORDS:
		return copy_records(field, from, to, err);
	case SY_FIELD_UINT:
	case SY_FIELD_INT:
		memcpy(target, source, sizeof(uint64_t));
		return 0;
	case SY_FIELD_BOOL:
		memcpy(target, source, sizeof(bool));
		return 0;
	case SY_FIELD_ENUM:
		memcpy(target, source, sizeof(int));
		return 0;
	case SY_FIELD_CUSTOM:
		return 0;
	}
	return 0;
}

static int copy_into(const struct sy_record *record, const void *from, void *to, struct sy_error *err)
{
	for (size_t i = 0; i < record->count; i++) {
		int rc = copy_field(&record->fields[i], from, to, err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int sy_record_copy(const struct sy_record *record, const void *from, void *to, struct sy_error *err)
{
	memset(to, 0, record->size);
	int rc = copy_into(record, from, to, err);
	if (rc < 0)
		sy_record_done(record, to);
	return rc;
}

static bool same_string(const struct sy_field *field, const char *a, const char *b)
{
	if (field->optional && (!a || !b))
		return a == b;
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_array(const struct sy_field *field, const void *a, const void *b)
{
	size_t count = *(const size_t *)(const void *)((const char *)a + field->count_offset);

	if (count != *(const size_t *)(const void *)((const char *)b + field->count_offset))
		return false;
	const char *x = *(const char *const *)(const void *)((const char *)a + field->offset);
	const char *y = *(const char *const *)(const void *)((const char *)b + field->offset);
	for (size_t i = 0; i < count; i++) {
		if (field->kind == SY_FIELD_RECORDS) {
			if (!sy_record_equal(field->record, x + i * field->record->size, y + i * field->record->size))
				return false;
		} else if (strcmp(((char *const *)(const void *)x)[i], ((char *const *)(const void *)y)[i]) != 0) {
			return false;
		}
	}
	return true;
}

static bool same_field(const struct sy_field *field, const void *a, const void *b)
{
	const void *x = (const char *)a + field->offset;
	const void *y = (const char *)b + field->offset;

	switch (field->kind) {
	case SY_FIELD_STRING:
	case SY_FIELD_TEXT:
		return same_string(field, *(char *const *)x, *(char *const *)y);
	case SY_FIELD_LABELS:
	case SY_FIELD_VALUE:
		return sy_json_equal(*(json_object *const *)x, *(json_object *const *)y);
	case SY_FIELD_STRINGS:
	case SY_FIELD_RECORDS:
		return same_array(field, a, b);
	case SY_FIELD_UINT:
	case SY_FIELD_INT:
		return *(const uint64_t *)x == *(const uint64_t *)y;
	case SY_FIELD_BOOL:
		return *(const bool *)x == *(const bool *)y;
	case SY_FIELD_ENUM:
		return *(const int *)x == *(const int *)y;
	case SY_FIELD_CUSTOM:
		return true;
	}
	return false;
}

bool sy_record_equal(const struct sy_record *record, const void *a, const void *b)
{
	for (size_t i = 0; i < record->count; i++)
		if (!same_field(&record->fields[i], a, b))
			return false;
	return true;
}

/* json-c overwrites a string in place as long as the new one is not longer. */
static void wipe_string(json_object *value)
{
	int len = json_object_get_string_len(value);
	char *blank = calloc(1, (size_t)len + 1);

	if (blank)
		json_object_set_string_len(value, blank, len);
	free(blank);
}

void sy_json_wipe(json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_string:
		wipe_string(value);
		break;
	case json_type_object: {
		json_object_object_foreach(value, key, member)
		{
			(void)key;
			sy_json_wipe(member);
		}
		break;
	}
	case json_type_array:
		for (size_t i = 0; i < json_object_array_length(value); i++)
			sy_json_wipe(json_object_array_get_idx(value, i));
		break;
	case json_type_null:
	case json_type_boolean:
	case json_type_double:
	case json_type_int:
		break;
	}
}
