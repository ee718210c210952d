/* The configuration in effect, defaults filled in, as JSON with the keys of the file. */
#include <errno.h>
#include <string.h>

#include "supervisor/config/config_table.h"

static int show_table(const struct sy_key *keys, const char *base, const struct sy_config *config, json_object **ret_value);

static int show_strings(const struct sy_key *key, const char *at, size_t count, json_object *out)
{
	char *const *list = *(char *const *const *)(const void *)at;
	json_object *array = count ? json_object_new_array() : NULL;

	if (count == 0)
		return 0;
	for (size_t i = 0; array && i < count; i++) {
		if (json_object_array_add(array, json_object_new_string(list[i])) < 0) {
			json_object_put(array);
			array = NULL;
		}
	}
	return array ? sy_json_add(out, key->name, array) : -ENOMEM;
}

static int show_objects(const struct sy_key *key, const char *at, size_t count, const struct sy_config *config, json_object *out)
{
	const char *items = *(const char *const *)(const void *)at;
	json_object *array = count ? json_object_new_array() : NULL;
	int r = count && !array ? -ENOMEM : 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		json_object *item = NULL;

		r = show_table(key->sub, items + i * key->size, config, &item);
		if (r == 0 && json_object_array_add(array, item) < 0) {
			json_object_put(item);
			r = -ENOMEM;
		}
	}
	if (r == 0 && count)
		return sy_json_add(out, key->name, array);
	json_object_put(array);
	return r;
}

static int show_section(const struct sy_key *key, const char *at, const struct sy_config *config, json_object *out)
{
	json_object *section = NULL;
	int r;

	if (strcmp(key->name, config->is_direct ? "syncTarget" : "direct") == 0)
		return 0;
	r = show_table(key->sub, at, config, &section);
	return r == 0 ? sy_json_add(out, key->name, section) : r;
}

static int show_number(const struct sy_key *key, int64_t number, json_object *out)
{
	char text[64];

	if (key->kind == SY_KEY_DURATION)
		sy_config_duration_text(number, text, sizeof(text));
	else if (key->kind == SY_KEY_BYTES)
		sy_config_bytes_text(number, text, sizeof(text));
	else
		return sy_json_add_int(out, key->name, number);
	return sy_json_add_str(out, key->name, text);
}

static int show_key(const struct sy_key *key, const char *base, const struct sy_config *config, json_object *out)
{
	const void *at = base + key->offset;

	switch (key->kind) {
	case SY_KEY_CONST:
		return sy_json_add_str(out, key->name, key->words[0]);
	case SY_KEY_STRING:
	case SY_KEY_PATH:
		return sy_json_add_str(out, key->name, *(const char *const *)at);
	case SY_KEY_BOOL:
		return sy_json_add_bool(out, key->name, *(const bool *)at);
	case SY_KEY_DURATION:
	case SY_KEY_INT:
	case SY_KEY_BYTES:
		if (!key->fallback && *(const int64_t *)at == 0)
			return 0; /* not set: no limit */
		return show_number(key, *(const int64_t *)at, out);
	case SY_KEY_ENUM:
		return sy_json_add_str(out, key->name, key->words[*(const unsigned *)at]);
	case SY_KEY_STRINGS:
		return show_strings(key, at, *(const size_t *)(const void *)(base + key->count_offset), out);
	case SY_KEY_LABELS:
		return *(json_object *const *)at ? sy_json_add(out, key->name, sy_json_copy(*(json_object *const *)at)) : 0;
	case SY_KEY_SECTION:
		return show_section(key, at, config, out);
	case SY_KEY_OBJECTS:
		return show_objects(key, at, *(const size_t *)(const void *)(base + key->count_offset), config, out);
	}
	return -EINVAL;
}

static int show_table(const struct sy_key *keys, const char *base, const struct sy_config *config, json_object **ret_value)
{
	json_object *out = json_object_new_object();
	int r = out ? 0 : -ENOMEM;

	for (const struct sy_key *key = keys; r == 0 && key->name; key++)
		r = show_key(key, base, config, out);
	if (r < 0)
		json_object_put(out);
	else
		*ret_value = out;
	return r;
}

int sy_config_show(const struct sy_config *config, json_object **ret_value, struct sy_error *err)
{
	int r = show_table(sy_config_keys(), (const char *)config, config, ret_value);

	return r == 0 ? 0 : sy_error_set(err, -r, "the configuration cannot be shown: %s", strerror(-r));
}
