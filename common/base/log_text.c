/* Lines for people (text) and for collectors (JSON). */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/log_impl.h"
#include "base/num.h"
#include "base/utf8.h"
#include "base/visible.h"

void sy_log_out_add(struct sy_log_out *out, const char *data, size_t len)
{
	size_t room = sizeof(out->data) - out->len;

	if (len > room)
		len = room;
	memcpy(out->data + out->len, data, len);
	out->len += len;
}

static void add_str(struct sy_log_out *out, const char *text)
{
	sy_log_out_add(out, text, strlen(text));
}

/* End a line; an overlong one loses its tail, never its newline. */
static void add_end(struct sy_log_out *out, const char *end)
{
	size_t len = strlen(end);

	if (out->len > sizeof(out->data) - len)
		out->len = sizeof(out->data) - len;
	sy_log_out_add(out, end, len);
}

/* "2026-11-24T05:45:00.123Z" */
static void add_time(struct sy_log_out *out, const struct timespec *time)
{
	char text[21];
	char millis[8];

	sy_time_format(time->tv_sec, text);
	snprintf(millis, sizeof(millis), ".%03uZ", (unsigned)(time->tv_nsec / 1000000) % 1000);
	sy_log_out_add(out, text, 19);
	add_str(out, millis);
}

/* Text of a peer. A character is added whole or not at all, and room is left for the end of the line. */
static void add_visible(struct sy_log_out *out, const char *text, bool one_word)
{
	for (size_t len = strnlen(text, SY_LOG_MESSAGE_MAX); len > 0;) {
		char form[SY_VISIBLE_MAX] = "\\s"; /* a blank would end the value */
		size_t used = one_word && *text == ' ' ? 1 : sy_visible_char(text, len, form);

		if (out->len + strlen(form) >= sizeof(out->data))
			return;
		add_str(out, form);
		text += used;
		len -= used;
	}
}

static void add_field(struct sy_log_out *out, const char *name, const char *value)
{
	if (!value || !value[0])
		return;
	add_str(out, name);
	add_visible(out, value, true);
}

void sy_log_encode_text(const struct sy_log_line *line, struct sy_log_out *out)
{
	add_time(out, &line->time);
	add_str(out, " ");
	add_str(out, sy_log_level_name(line->level));
	add_field(out, " cluster=", line->ref.cluster);
	add_field(out, " workspace=", line->ref.path);
	add_field(out, " resource=", line->ref.resource);
	add_field(out, " object=", line->ref.object);
	add_field(out, " reason=", line->ref.reason);
	add_str(out, ": ");
	add_visible(out, line->message, false);
	add_end(out, "\n");
}

/* One byte or character inside a JSON string. Returns how much of the text it took. */
static size_t add_json_char(struct sy_log_out *out, const char *text, size_t len)
{
	unsigned char c = (unsigned char)text[0];
	uint32_t point;
	char escape[8];
	size_t used = sy_utf8_char(text, len, &point);

	if (used == 0) {
		add_str(out, "\\ufffd");
		return 1;
	}
	if (c == '"' || c == '\\') {
		escape[0] = '\\';
		escape[1] = (char)c;
		sy_log_out_add(out, escape, 2);
	} else if (sy_is_hidden(point)) {
		snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)point & 0xffff);
		add_str(out, escape);
	} else {
		sy_log_out_add(out, text, used);
	}
	return used;
}

static void add_json_member(struct sy_log_out *out, const char *name, const char *value)
{
	if (!value || !value[0])
		return;
	add_str(out, ",\"");
	add_str(out, name);
	add_str(out, "\":\"");
	/* Cut long values here, so that the closing brace always fits: an escape has at most 6 bytes. */
	for (size_t len = strnlen(value, SY_LOG_MESSAGE_MAX); len > 0 && out->len < sizeof(out->data) - 64;) {
		size_t used = add_json_char(out, value, len);
		value += used;
		len -= used;
	}
	add_str(out, "\"");
}

void sy_log_encode_json(const struct sy_log_line *line, struct sy_log_out *out)
{
	add_str(out, "{\"time\":\"");
	add_time(out, &line->time);
	add_str(out, "\"");
	add_json_member(out, "level", sy_log_level_name(line->level));
	add_json_member(out, "process", line->ident);
	add_json_member(out, "cluster", line->ref.cluster);
	add_json_member(out, "workspace", line->ref.path);
	add_json_member(out, "resource", line->ref.resource);
	add_json_member(out, "object", line->ref.object);
	add_json_member(out, "reason", line->ref.reason);
	add_json_member(out, "message", line->message);
	add_end(out, "}\n");
}
