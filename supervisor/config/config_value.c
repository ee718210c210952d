#include "supervisor/config/config_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "supervisor/config/file.h"

int sy_place_refuse(struct sy_config_place *place, const struct sy_yaml_node *node, const char *fmt, ...)
{
	char text[SY_ERROR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return sy_yaml_error(place->yaml, node, place->err, "%s%s%s", place->path, place->path[0] ? " " : "", text);
}

/* Append to the path; the returned length takes it back. */
size_t sy_place_enter(struct sy_config_place *place, const char *name)
{
	size_t len = strlen(place->path);

	snprintf(place->path + len, sizeof(place->path) - len, "%s%s", len && name[0] != '[' ? "." : "", name);
	return len;
}

size_t sy_place_enter_index(struct sy_config_place *place, size_t index)
{
	char name[32];

	snprintf(name, sizeof(name), "[%zu]", index);
	return sy_place_enter(place, name);
}

void sy_place_leave(struct sy_config_place *place, size_t len)
{
	place->path[len] = '\0';
}

void sy_config_duration_text(int64_t ms, char *out, size_t size)
{
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = {{3600000, "h"}, {60000, "m"}, {1000, "s"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (ms && ms % units[i].ms == 0) {
			snprintf(out, size, "%" PRId64 "%s", ms / units[i].ms, units[i].unit);
			return;
		}
	}
	snprintf(out, size, "%" PRId64 "%s", ms, ms ? "ms" : "s");
}

void sy_config_bytes_text(int64_t bytes, char *out, size_t size)
{
	static const char units[][3] = {"", "Ki", "Mi", "Gi", "Ti"};
	size_t unit = 0;

	for (; bytes && bytes % 1024 == 0 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		bytes /= 1024;
	snprintf(out, size, "%" PRId64 "%s", bytes, units[unit]);
}

int sy_place_wrong_type(struct sy_config_place *place, const struct sy_yaml_node *node, const char *wanted)
{
	return sy_place_refuse(place, node, "must be %s, not %s", wanted, sy_yaml_type_name(node->type));
}

/* A string node into a malloc'ed string, checked. */
int sy_value_string(struct sy_config_place *place, const struct sy_key *key, const struct sy_yaml_node *node, char **ret_text)
{
	const char *reason;

	if (node->type == SY_YAML_BOOL || node->type == SY_YAML_INT || node->type == SY_YAML_FLOAT)
		return sy_place_refuse(place, node, "must be a string, not %s: put it in quotes", sy_yaml_type_name(node->type));
	if (node->type != SY_YAML_STRING)
		return sy_place_wrong_type(place, node, "a string");
	char *text = key->kind == SY_KEY_PATH ? sy_file_beside(place->config->file, node->text) : strdup(node->text);
	if (!text)
		return sy_error_oom(place->err);
	reason = key->check ? key->check(text) : NULL;
	if (reason) {
		free(text);
		return sy_place_refuse(place, node, "%s", reason);
	}
	*ret_text = text;
	return 0;
}

static int read_one_string(struct sy_config_place *place, const struct sy_key *key, const struct sy_yaml_node *node, void *at)
{
	char **slot = at;
	char *text = NULL;

	if (node->type == SY_YAML_STRING && node->text[0] == '\0' && !key->keep_empty) {
		if (key->required)
			return sy_place_refuse(place, node, "is empty, but must be set");
		return 0;
	}
	int r = sy_value_string(place, key, node, &text);
	if (r < 0)
		return r;
	free(*slot);
	*slot = text;
	return 0;
}

static int read_bool(struct sy_config_place *place, const struct sy_yaml_node *node, void *at)
{
	if (node->type != SY_YAML_BOOL)
		return sy_place_wrong_type(place, node, "true or false");
	*(bool *)at = node->truth;
	return 0;
}

static int read_duration(struct sy_config_place *place, const struct sy_key *key, const struct sy_yaml_node *node, void *at)
{
	char least[32], most[32];
	int64_t ms;

	if (!node->text || !sy_duration_parse(node->text, &ms))
		return sy_place_refuse(place, node, "must be a duration such as 20s, 1m30s or 500ms");
	if (ms < key->min || ms > key->max) {
		sy_config_duration_text(key->min, least, sizeof(least));
		sy_config_duration_text(key->max, most, sizeof(most));
		return sy_place_refuse(place, node, "must be from %s to %s", least, most);
	}
	*(int64_t *)at = ms;
	return 0;
}

static int read_int(struct sy_config_place *place, const struct sy_key *key, const struct sy_yaml_node *node, void *at)
{
	if (node->type != SY_YAML_INT)
		return sy_place_wrong_type(place, node, "a whole number");
	if (!sy_num_parse(node->text, key->min, key->max, at))
		return sy_place_refuse(place, node, "must be from %" PRId64 " to %" PRId64, key->min, key->max);
	return 0;
}

static int read_bytes(struct sy_config_place *place, const struct sy_key *key, const struct sy_yaml_node *node, void *at)
{
	bool scalar = node->type == SY_YAML_INT || node->type == SY_YAML_STRING;
	char least[32], most[32];
	int64_t bytes;

	if (!scalar || !sy_bytes_parse(node->text, &bytes))
		return sy_place_refuse(place, node, "must be a size such as 64Mi or 1Gi");
	if (bytes < key->min || bytes > key->max) {
		sy_config_bytes_text(key->min, least, sizeof(least));
		sy_config_bytes_text(key->max, most, sizeof(most));
		return sy_place_refuse(place, node, "must be from %s to %s", least, most);
	}
	*(int64_t *)at = bytes;
	return 0;
}

static int read_word(struct sy_config_place *place, const struct sy_key *key, const struct sy_yaml_node *node, unsigned *ret_index)
{
	char all[128] = "";
	size_t len = 0;

	for (unsigned i = 0; node->type == SY_YAML_STRING && key->words[i]; i++) {
		if (strcmp(node->text, key->words[i]) == 0) {
			*ret_index = i;
			return 0;
		}
	}
	for (unsigned i = 0; key->words[i] && len < sizeof(all); i++)
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s",
					i == 0		    ? ""
					: key->words[i + 1] ? ", "
							    : " or ",
					key->words[i]);
	return sy_place_refuse(place, node, "must be %s", all);
}

int sy_value_scalar(struct sy_config_place *place, const struct sy_key *key, const struct sy_yaml_node *node, void *at)
{
	unsigned index = 0;
	int r;

	switch (key->kind) {
	case SY_KEY_BOOL:
		return read_bool(place, node, at);
	case SY_KEY_DURATION:
		return read_duration(place, key, node, at);
	case SY_KEY_INT:
		return read_int(place, key, node, at);
	case SY_KEY_BYTES:
		return read_bytes(place, key, node, at);
	case SY_KEY_CONST:
		return read_word(place, key, node, &index);
	case SY_KEY_ENUM:
		r = read_word(place, key, node, &index);
		if (r == 0)
			memcpy(at, &index, sizeof(index));
		return r;
	default:
		return read_one_string(place, key, node, at);
	}
}
