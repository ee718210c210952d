/* Printing. json-c's own printer keeps the whole text inside the tree until it is freed; this one writes to the caller's buffer. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "json/json.h"
#include "json/json_impl.h"
#include "json/number.h"

static int print_value(struct sy_buf *out, json_object *value, unsigned depth);

/* The escape for a byte, NULL when it goes as it is. */
static const char *escape_of(unsigned char c, char space[8])
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\b':
		return "\\b";
	case '\f':
		return "\\f";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		if (c >= 0x20)
			return NULL;
		snprintf(space, 8, "\\u%04x", c);
		return space;
	}
}

static int print_string(struct sy_buf *out, const char *text, size_t len)
{
	size_t start = 0;
	int ret = sy_buf_add(out, "\"", 1);

	for (size_t i = 0; i < len && ret == 0; i++) {
		char space[8];
		unsigned char c = (unsigned char)text[i];
		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		ret = sy_buf_add(out, text + start, i - start);
		if (ret == 0)
			ret = sy_buf_add_str(out, escape_of(c, space));
		start = i + 1;
	}
	if (ret == 0)
		ret = sy_buf_add(out, text + start, len - start);
	return ret < 0 ? ret : sy_buf_add(out, "\"", 1);
}

static int print_object(struct sy_buf *out, json_object *value, unsigned depth)
{
	bool first = true;
	int ret = sy_buf_add(out, "{", 1);

	json_object_object_foreach(value, key, member)
	{
		if (ret == 0 && !first)
			ret = sy_buf_add(out, ",", 1);
		if (ret == 0)
			ret = print_string(out, key, strlen(key));
		if (ret == 0)
			ret = sy_buf_add(out, ":", 1);
		if (ret == 0)
			ret = print_value(out, member, depth + 1);
		if (ret < 0)
			return ret;
		first = false;
	}
	return ret < 0 ? ret : sy_buf_add(out, "}", 1);
}

static int print_array(struct sy_buf *out, json_object *value, unsigned depth)
{
	size_t count = json_object_array_length(value);
	int ret = sy_buf_add(out, "[", 1);

	for (size_t i = 0; i < count && ret == 0; i++) {
		if (i > 0)
			ret = sy_buf_add(out, ",", 1);
		if (ret == 0)
			ret = print_value(out, json_object_array_get_idx(value, i), depth + 1);
	}
	return ret < 0 ? ret : sy_buf_add(out, "]", 1);
}

static int print_number(struct sy_buf *out, json_object *value)
{
	char space[SY_NUMBER_TEXT_MAX];
	const char *text = sy_number_text(value, space);

	return text ? sy_buf_add_str(out, text) : -EINVAL;
}

static int print_value(struct sy_buf *out, json_object *value, unsigned depth)
{
	if (depth > SY_JSON_TREE_DEPTH)
		return -EINVAL;
	switch (json_object_get_type(value)) {
	case json_type_null:
		return sy_buf_add(out, "null", 4);
	case json_type_boolean:
		return sy_buf_add_str(out, json_object_get_boolean(value) ? "true" : "false");
	case json_type_int:
	case json_type_double:
		return print_number(out, value);
	case json_type_string:
		return print_string(out, json_object_get_string(value), (size_t)json_object_get_string_len(value));
	case json_type_array:
		return print_array(out, value, depth);
	case json_type_object:
		return print_object(out, value, depth);
	}
	return -EINVAL;
}

int sy_json_print(json_object *value, struct sy_buf *out, struct sy_error *err)
{
	size_t before = out->len;
	int ret = print_value(out, value, 0);

	if (ret == 0)
		return 0;
	if (out->data) {
		out->len = before;
		out->data[before] = '\0';
	}
	return sy_json_tree_error(ret, "print JSON", err);
}

char *sy_json_text(json_object *value)
{
	struct sy_buf out;

	sy_buf_init(&out, INT32_MAX);
	if (sy_json_print(value, &out, NULL) < 0) {
		sy_buf_done(&out);
		return NULL;
	}
	return sy_buf_take(&out);
}

/* True for what Go's YAML reader, or its writer, does not take raw. */
static bool yaml_unsafe(uint32_t point)
{
	return (point >= 0x7f && point <= 0x9f) || point == 0x2028 || point == 0x2029 || point == 0xfeff || point == 0xfffe ||
	       point == 0xffff;
}

static int hex4(const char *text)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		char c = text[i];
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

/* Code point of a surrogate pair written as two escapes at text, 0 when there is none. */
static uint32_t surrogate_pair(const char *text, size_t len)
{
	if (len < 12 || text[1] != 'u' || text[6] != '\\' || text[7] != 'u')
		return 0;
	int high = hex4(text + 2);
	int low = hex4(text + 8);
	if (high < 0xd800 || high > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return 0;
	return 0x10000u + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
}

int sy_json_yaml_safe(const char *text, size_t len, struct sy_buf *out, struct sy_error *err)
{
	size_t before = out->len;
	size_t start = 0; /* of what is not yet copied */
	size_t i = 0;
	int ret = 0;

	while (i < len && ret == 0) {
		char bytes[8];
		uint32_t point;
		size_t used = sy_utf8_char(text + i, len - i, &point);
		size_t add = 0;
		if (used == 0) {
			ret = -EILSEQ;
			break;
		}
		if (point == '\\') {
			point = surrogate_pair(text + i, len - i);
			used = point ? 12 : 2;
			add = point ? sy_utf8_encode(point, bytes) : 0;
		} else if (yaml_unsafe(point)) {
			add = (size_t)snprintf(bytes, sizeof(bytes), "\\u%04x", (unsigned)point & 0xffff);
		}
		if (add > 0) {
			ret = sy_buf_add(out, text + start, i - start);
			if (ret == 0)
				ret = sy_buf_add(out, bytes, add);
			start = i + used;
		}
		i += used;
	}
	if (ret == 0 && start < len)
		ret = sy_buf_add(out, text + start, len - start);
	if (ret == 0)
		return 0;
	if (out->data) {
		out->len = before;
		out->data[before] = '\0';
	}
	return sy_json_tree_error(ret, "write an apply body", err);
}
