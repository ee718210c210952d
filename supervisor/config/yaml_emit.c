/* JSON to block YAML. Written here because libfyaml 0.7.12 cannot do it from events: after an empty list it writes every later list in
 * flow style, wrongly, and it drops leading blanks of quoted strings; its document emitter either quotes every key or writes the string
 * "yes" without quotes. A quoted string is the JSON string, which is a YAML string too once yaml-unsafe characters are escaped. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "json/json.h"
#include "supervisor/config/yaml.h"

static bool is_reserved(const char *text)
{
	static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

/* Plain only when no reader, YAML 1.1 or 1.2, could take it for anything else: letters, digits and "/._-" after a letter or slash is no
 * indicator, no number and no date. A colon or blank is harmless when a letter or digit follows. */
static bool plain_is_safe(const char *text, size_t len)
{
	if (len == 0 || len > 1024 || !(isalpha((unsigned char)text[0]) || text[0] == '/') || is_reserved(text))
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (isalnum(c) || c == '/' || c == '.' || c == '_' || c == '-')
			continue;
		if ((c == ':' || c == ' ') && isalnum((unsigned char)text[i + 1]))
			continue;
		return false;
	}
	return true;
}

/* Lines of printable ASCII (certificates, scripts) read best as they are. Anything that needs care with blanks is quoted instead. */
static bool literal_is_safe(const char *text, size_t len)
{
	if (len < 2 || text[0] == ' ' || text[0] == '\n' || text[len - 1] != '\n' || text[len - 2] == '\n')
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c != '\n' && (c < 0x20 || c > 0x7e))
			return false;
		if (c == ' ' && text[i + 1] == '\n')
			return false;
	}
	return true;
}

static int indent(struct sy_buf *out, unsigned depth)
{
	return sy_buf_printf(out, "%*s", (int)depth * 2, "");
}

static int emit_quoted(struct sy_buf *out, json_object *string, struct sy_error *err)
{
	const char *text = json_object_to_json_string_ext(string, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	return text ? sy_json_yaml_safe(text, strlen(text), out, err) : -ENOMEM;
}

/* " |" and the lines, each with its indentation; the text ends with exactly one newline, which is the one after the value. */
static int emit_literal(struct sy_buf *out, const char *text, unsigned depth)
{
	int r = sy_buf_add_str(out, " |");

	while (r == 0 && *text) {
		size_t len = strcspn(text, "\n");

		r = sy_buf_add_str(out, "\n");
		if (r == 0 && len)
			r = indent(out, depth);
		if (r == 0)
			r = sy_buf_add(out, text, len);
		text += len + 1;
	}
	return r;
}

static int emit_key(struct sy_buf *out, const char *key, struct sy_error *err)
{
	if (plain_is_safe(key, strlen(key)))
		return sy_buf_add_str(out, key);
	sy_auto_json json_object *string = json_object_new_string(key);
	return string ? emit_quoted(out, string, err) : -ENOMEM;
}

/* A scalar or an empty container, with a blank before it, on the line of its key or dash. */
static int emit_inline(struct sy_buf *out, json_object *value, unsigned depth, struct sy_error *err)
{
	json_type type = json_object_get_type(value);

	if (type == json_type_string) {
		const char *text = json_object_get_string(value);
		size_t len = (size_t)json_object_get_string_len(value);
		bool clean = strlen(text) == len; /* a NUL inside would hide the rest from the tests */

		if (clean && literal_is_safe(text, len))
			return emit_literal(out, text, depth ? depth : 1);
		int r = sy_buf_add_str(out, " ");
		if (r < 0)
			return r;
		return clean && plain_is_safe(text, len) ? sy_buf_add_str(out, text) : emit_quoted(out, value, err);
	}
	/* null, booleans, numbers, {} and []: their JSON text is YAML. */
	const char *text = value ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN) : "null";
	return text ? sy_buf_printf(out, " %s", text) : -ENOMEM;
}

static bool is_block(json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_object:
		return json_object_object_length(value) > 0;
	case json_type_array:
		return json_object_array_length(value) > 0;
	default:
		return false;
	}
}

/* Items of a non-empty container, one line each; the first one continues the current line when `joined`. The depth is bounded by the
 * scanner (SY_MAX_JSON_DEPTH). */
static int emit_block(struct sy_buf *out, json_object *value, unsigned depth, bool joined, struct sy_error *err);

static int emit_item(struct sy_buf *out, const char *key, json_object *value, unsigned depth, struct sy_error *err)
{
	int r = key ? emit_key(out, key, err) : sy_buf_add_str(out, "-");

	if (r == 0 && key)
		r = sy_buf_add_str(out, ":");
	if (r < 0)
		return r;
	if (!is_block(value)) {
		r = emit_inline(out, value, depth + 1, err);
		return r < 0 ? r : sy_buf_add_str(out, "\n");
	}
	/* Below a key a list is not indented further, as kubectl writes it; below a dash everything starts on the dash's line. */
	r = sy_buf_add_str(out, key ? "\n" : " ");
	if (r < 0)
		return r;
	return emit_block(out, value, key && json_object_is_type(value, json_type_array) ? depth : depth + 1, !key, err);
}

static int emit_block(struct sy_buf *out, json_object *value, unsigned depth, bool joined, struct sy_error *err)
{
	int r = 0;

	if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; r == 0 && i < json_object_array_length(value); i++) {
			r = joined && i == 0 ? 0 : indent(out, depth);
			if (r == 0)
				r = emit_item(out, NULL, json_object_array_get_idx(value, i), depth, err);
		}
		return r;
	}
	struct json_object_iterator it = json_object_iter_begin(value), end = json_object_iter_end(value);
	for (; r == 0 && !json_object_iter_equal(&it, &end); json_object_iter_next(&it), joined = false) {
		r = joined ? 0 : indent(out, depth);
		if (r == 0)
			r = emit_item(out, json_object_iter_peek_name(&it), json_object_iter_peek_value(&it), depth, err);
	}
	return r;
}

static int emit_root(struct sy_buf *out, json_object *value, struct sy_error *err)
{
	struct sy_buf line;

	if (is_block(value))
		return emit_block(out, value, 0, false, err);
	sy_buf_init(&line, out->max);
	int r = emit_inline(&line, value, 0, err);
	if (r == 0)
		r = sy_buf_add_str(out, sy_buf_str(&line) + 1); /* without the blank */
	sy_buf_done(&line);
	return r < 0 ? r : sy_buf_add_str(out, "\n");
}

int sy_yaml_from_json(const char *json, size_t len, char **ret_yaml, struct sy_error *err)
{
	sy_auto_json json_object *value = NULL;
	struct sy_buf out;
	int r = sy_json_parse(json, len, SY_MAX_IPC_BYTES, &value, err);

	if (r < 0)
		return r;
	/* Indentation and escapes can blow the text up; what does so beyond this is nothing that we print. */
	sy_buf_init(&out, (size_t)SY_MAX_IPC_BYTES * 4);
	r = emit_root(&out, value, err);
	if (r < 0)
		r = sy_error_set(err, -r, r == -EMSGSIZE ? "the value is too large as YAML" : "out of memory");
	else if (!(*ret_yaml = sy_buf_take(&out)))
		r = sy_error_oom(err);
	sy_buf_done(&out);
	return r;
}
