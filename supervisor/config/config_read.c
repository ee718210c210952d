/* From the YAML tree to struct sy_config by the rows of config_table.c: sections, lists, defaults. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "supervisor/config/config_check.h"
#include "supervisor/config/config_value.h"

static int read_section(struct sy_config_place *place, const struct sy_key *keys, const struct sy_yaml_node *node, void *base);
static int set_defaults(struct sy_config_place *place, const struct sy_key *keys, void *base);

/* Edit distance of two short words, ignoring case; large when one is too long to be a misspelling of the other. */
static unsigned distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned row[33];

	if (la > 32 || lb > 32)
		return 99;
	for (unsigned k = 0; k <= lb; k++)
		row[k] = k;
	for (unsigned i = 1; i <= la; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned k = 1; k <= lb; k++) {
			unsigned change = diagonal + (strncasecmp(&a[i - 1], &b[k - 1], 1) != 0);
			unsigned least = row[k] < row[k - 1] ? row[k] + 1 : row[k - 1] + 1;

			diagonal = row[k];
			row[k] = change < least ? change : least;
		}
	}
	return row[lb];
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static int unknown_key(struct sy_config_place *place, const struct sy_key *keys, const struct sy_yaml_node *key)
{
	const char *nearest = NULL;
	unsigned best = 99;

	for (; keys->name; keys++) {
		unsigned d = distance(key->text, keys->name);

		if (d < best) {
			best = d;
			nearest = keys->name;
		}
	}
	const char *unknown = place->path[0] ? "has an unknown" : "unknown";
	/* What does not look like a key may be a secret that slipped out of place: it is not quoted. */
	bool quote = strlen(key->text) <= 32 && strspn(key->text, LETTERS) == strlen(key->text);
	const char *name = quote ? key->text : "";
	const char *mark = quote ? "\"" : "";

	if (nearest && best <= 2 + strlen(nearest) / 4)
		return sy_place_refuse(place, key, "%s key%s%s%s%s: did you mean \"%s\"?", unknown, quote ? " " : "", mark, name, mark,
				       nearest);
	return sy_place_refuse(place, key, "%s key%s%s%s%s", unknown, quote ? " " : "", mark, name, mark);
}

/* Room for a list of node->count elements of size bytes at *ret_array; *ret_count is set as elements are completed. */
static int make_array(struct sy_config_place *place, const struct sy_key *key, const struct sy_yaml_node *node, size_t size,
		      void **ret_array)
{
	if (node->type != SY_YAML_LIST)
		return sy_place_wrong_type(place, node, "a list");
	if ((int64_t)node->count > key->max)
		return sy_place_refuse(place, node, "has more than %" PRId64 " entries", key->max);
	if (key->required && node->count == 0)
		return sy_place_refuse(place, node, "is empty, but needs at least one entry");
	*ret_array = calloc(node->count ? node->count : 1, size);
	return *ret_array ? 0 : sy_error_oom(place->err);
}

static void forget_strings(char ***slot, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		free((*slot)[i]);
	free(*slot);
	*slot = NULL;
	*count = 0;
}

static int read_strings(struct sy_config_place *place, const struct sy_key *key, const struct sy_yaml_node *node, void *at, size_t *count)
{
	char ***slot = at;
	void *array = NULL;
	int r = make_array(place, key, node, sizeof(char *), &array);

	if (r < 0 || !array)
		return r;
	forget_strings(slot, count);
	char **strings = array;
	*slot = strings;
	for (size_t i = 0; r == 0 && i < node->count; i++) {
		size_t len = sy_place_enter_index(place, i);

		r = sy_value_string(place, key, node->items[i].value, &strings[i]);
		*count += r == 0;
		for (size_t k = 0; r == 0 && k < i; k++)
			if (strcmp(strings[k], strings[i]) == 0)
				r = sy_place_refuse(place, node->items[i].value, "is listed already (entry %zu)", k);
		sy_place_leave(place, len);
	}
	return r;
}

static int read_labels(struct sy_config_place *place, const struct sy_key *key, const struct sy_yaml_node *node, void *at)
{
	json_object **slot = at;

	if (node->type != SY_YAML_MAP)
		return sy_place_wrong_type(place, node, "a mapping");
	if ((int64_t)node->count > key->max)
		return sy_place_refuse(place, node, "has more than %" PRId64 " entries", key->max);
	if (!*slot)
		*slot = json_object_new_object();
	if (!*slot)
		return sy_error_oom(place->err);
	for (size_t i = 0; i < node->count; i++) {
		const struct sy_yaml_node *name = node->items[i].key, *value = node->items[i].value;
		const char *reason = sy_config_check_label_key(name->text);

		if (reason)
			return sy_place_refuse(place, name, "has a key that %s", reason);
		if (value->type != SY_YAML_STRING)
			return sy_place_refuse(place, value, "has a value that must be a string, not %s: put it in quotes",
					       sy_yaml_type_name(value->type));
		reason = sy_config_check_label_value(value->text);
		if (reason)
			return sy_place_refuse(place, value, "has a value that %s", reason);
		if (sy_json_add_str(*slot, name->text, value->text) < 0)
			return sy_error_oom(place->err);
	}
	return 0;
}

static int read_objects(struct sy_config_place *place, const struct sy_key *key, const struct sy_yaml_node *node, void *at, size_t *count)
{
	void **slot = at;
	void *array = NULL;
	int r = make_array(place, key, node, key->size, &array);

	if (r < 0)
		return r;
	free(*slot); /* read at most once: only the initial NULL is there */
	*slot = array;
	for (size_t i = 0; r == 0 && i < node->count; i++) {
		char *element = (char *)array + i * key->size;
		size_t len = sy_place_enter_index(place, i);

		*count = i + 1; /* also a half-read element is freed with the configuration */
		r = set_defaults(place, key->sub, element);
		if (r == 0)
			r = read_section(place, key->sub, node->items[i].value, element);
		sy_place_leave(place, len);
	}
	return r;
}

static int read_value(struct sy_config_place *place, const struct sy_key *key, const struct sy_yaml_node *node, char *base)
{
	void *at = base + key->offset;

	switch (key->kind) {
	case SY_KEY_STRINGS:
		return read_strings(place, key, node, at, (size_t *)(void *)(base + key->count_offset));
	case SY_KEY_LABELS:
		return read_labels(place, key, node, at);
	case SY_KEY_SECTION:
		return read_section(place, key->sub, node, at);
	case SY_KEY_OBJECTS:
		return read_objects(place, key, node, at, (size_t *)(void *)(base + key->count_offset));
	default:
		return sy_value_scalar(place, key, node, at);
	}
}

static int read_section(struct sy_config_place *place, const struct sy_key *keys, const struct sy_yaml_node *node, void *base)
{
	if (node->type != SY_YAML_MAP)
		return sy_place_wrong_type(place, node, "a mapping");
	for (size_t i = 0; i < node->count; i++) {
		const struct sy_yaml_item *item = &node->items[i];
		const struct sy_key *key = keys;

		while (key->name && strcmp(key->name, item->key->text) != 0)
			key++;
		if (!key->name)
			return unknown_key(place, keys, item->key);
		if (item->value->type == SY_YAML_NULL)
			continue; /* as if it was not there */
		size_t len = sy_place_enter(place, key->name);
		int r = read_value(place, key, item->value, base);
		if (r < 0)
			return r;
		sy_place_leave(place, len);
	}
	for (const struct sy_key *key = keys; key->name; key++) {
		const struct sy_yaml_node *value = sy_yaml_get(node, key->name);

		if (key->required && (!value || value->type == SY_YAML_NULL))
			return sy_place_refuse(place, node, "%s the key \"%s\"", place->path[0] ? "lacks" : "the file lacks", key->name);
	}
	return 0;
}

/* Defaults go through the same readers as what people write: one notation, checked by the same limits. */
static int set_defaults(struct sy_config_place *place, const struct sy_key *keys, void *base)
{
	int r = 0;

	for (const struct sy_key *key = keys; r == 0 && key->name; key++) {
		struct sy_yaml_node text = {.type = SY_YAML_STRING, .text = key->fallback};
		struct sy_yaml_item item = {.value = &text};
		struct sy_yaml_node list = {.type = SY_YAML_LIST, .items = &item, .count = 1};

		if (key->kind == SY_KEY_SECTION) {
			r = set_defaults(place, key->sub, (char *)base + key->offset);
			continue;
		}
		if (!key->fallback)
			continue;
		if (key->kind == SY_KEY_BOOL) {
			text.type = SY_YAML_BOOL;
			text.truth = strcmp(key->fallback, "true") == 0;
		} else if (key->kind == SY_KEY_INT) {
			text.type = SY_YAML_INT;
		}
		r = read_value(place, key, key->kind == SY_KEY_STRINGS ? &list : &text, base);
	}
	return r;
}

int sy_config_read(const struct sy_yaml *yaml, struct sy_config *config, struct sy_error *err)
{
	struct sy_config_place place = {.yaml = yaml, .config = config, .err = err};
	int r = set_defaults(&place, sy_config_keys(), config);

	return r < 0 ? r : read_section(&place, sy_config_keys(), sy_yaml_root(yaml), config);
}
