#include "withhold.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/num.h"
#include "ctl.h"

#define LEFT_OUT "[left out]"
#define TOKEN_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
#define TOKEN_LEAST 20

static void out_of_memory(void)
{
	ctl_error("out of memory");
	exit(CTL_FAILED);
}

static void add(struct sy_buf *out, const char *text, size_t len)
{
	if (sy_buf_add(out, text, len) < 0)
		out_of_memory();
}

static void add_text(struct sy_buf *out, const char *text)
{
	add(out, text, strlen(text));
}

static char *take(struct sy_buf *out)
{
	char *text = sy_buf_take(out);

	if (!text)
		out_of_memory();
	return text;
}

/* Behind these, the rest of a line is what a server quotes of an object, or says freely about it, or a secret. */
static size_t starts_values(const char *text)
{
	static const char *const marks[] = {
		"Invalid value:", "Unsupported value:", "Duplicate value:", "denied the request:", "Bearer ", "-----BEGIN "};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strncmp(text, marks[i], strlen(marks[i])) == 0)
			return strlen(marks[i]);
	return 0;
}

/* Length of "user:password@" behind "://". */
static size_t credentials_at(const char *text)
{
	size_t len = strcspn(text, "@/?# \"'\n");

	return text[len] == '@' ? len + 1 : 0;
}

/* A JSON Web Token begins like this, its header being a JSON object in base64. */
static size_t token_at(const char *text)
{
	size_t len = strncmp(text, "eyJ", 3) == 0 ? strspn(text, TOKEN_LETTERS) : 0;

	return len >= TOKEN_LEAST ? len : 0;
}

char *ctl_without_values(const char *text)
{
	struct sy_buf out;

	sy_buf_init(&out, 4 * strlen(text) + 64);
	while (*text) {
		size_t mark = starts_values(text), credentials = strncmp(text, "://", 3) == 0 ? credentials_at(text + 3) : 0;
		size_t token = token_at(text);

		if (mark) {
			add(&out, text, mark);
			add_text(&out, text[mark - 1] == ' ' ? LEFT_OUT : " " LEFT_OUT);
			text += strcspn(text, "\n");
		} else if (credentials) {
			add_text(&out, "://" LEFT_OUT "@");
			text += 3 + credentials;
		} else if (token) {
			add_text(&out, LEFT_OUT);
			text += token;
		} else {
			add(&out, text++, 1);
		}
	}
	return take(&out);
}

static bool is_listed(const char *const *names, const char *name)
{
	for (size_t i = 0; names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static json_object *keep_text(json_object *value)
{
	sy_auto_free char *kept = ctl_without_values(json_object_get_string(value));

	return json_object_new_string(kept);
}

json_object *ctl_keep(json_object *value, const char *const *names)
{
	json_object *out;

	if (json_object_is_type(value, json_type_object)) {
		out = json_object_new_object();
		json_object_object_foreach(value, name, member)
		{
			if (is_listed(names, name) && sy_json_add(out, name, ctl_keep(member, names)) < 0)
				out_of_memory();
		}
	} else if (json_object_is_type(value, json_type_array)) {
		out = json_object_new_array();
		for (size_t i = 0; i < json_object_array_length(value); i++)
			if (json_object_array_add(out, ctl_keep(json_object_array_get_idx(value, i), names)) < 0)
				out_of_memory();
	} else if (json_object_is_type(value, json_type_string)) {
		out = keep_text(value);
	} else {
		out = sy_json_copy(value);
	}
	if (!out && value)
		out_of_memory();
	return out;
}

/* --- logs --- */

static char *keep_json_line(const char *line)
{
	static const char *const all[] = {"time",     "level",	"process", "cluster", "workspace",
					  "resource", "object", "reason",  "message", NULL};
	static const char *const no_message[] = {"time", "level", "process", "cluster", "workspace", "resource", "object", "reason", NULL};
	sy_auto_json json_object *value = NULL, *kept = NULL;
	char *text;

	if (sy_json_parse(line, strlen(line), SY_MAX_CONTROL_BYTES, &value, NULL) < 0 || !json_object_is_type(value, json_type_object))
		return ctl_without_values("a line that is no JSON: " LEFT_OUT);
	kept = ctl_keep(value, sy_json_str(value, "object", NULL) ? no_message : all);
	text = sy_json_text(kept);
	if (!text)
		out_of_memory();
	return text;
}

/* "2026-11-24T05:45:00.123Z warning cluster=1abc object=default/web reason=Invalid: text" */
static bool is_text_line(const char *line)
{
	return strlen(line) > 24 && isdigit((unsigned char)line[0]) && line[4] == '-' && line[10] == 'T' && line[23] == 'Z';
}

static char *keep_text_line(const char *line)
{
	const char *object = strstr(line, " object=");
	const char *end = strstr(line, ": ");
	struct sy_buf out;

	/* In the head a blank inside a value is written in another way, so the first ": " ends it. */
	if (!object || !end || object > end)
		return ctl_without_values(line);
	sy_buf_init(&out, strlen(line) + sizeof(LEFT_OUT));
	add(&out, line, (size_t)(end + 2 - line));
	add_text(&out, LEFT_OUT);
	return take(&out);
}

char *ctl_keep_log_line(const char *line)
{
	if (*line == '{')
		return keep_json_line(line);
	return is_text_line(line) ? keep_text_line(line) : ctl_without_values(line);
}

static void add_field(struct sy_buf *out, json_object *entry, const char *field, const char *name)
{
	const char *value = sy_json_str(entry, field, NULL);

	if (!value || !*value)
		return;
	add_text(out, name);
	add_text(out, value);
}

char *ctl_keep_journal_entry(json_object *entry)
{
	const char *message = sy_json_str(entry, "MESSAGE", NULL), *micros = sy_json_str(entry, "__REALTIME_TIMESTAMP", NULL);
	bool about_object = sy_json_str(entry, "SYNCERD_OBJECT", NULL) != NULL;
	sy_auto_free char *kept = message && !about_object ? ctl_keep_log_line(message) : NULL;
	int64_t time = 0;
	struct sy_buf out;
	char when[21];

	if (!json_object_is_type(entry, json_type_object))
		return NULL;
	(void)(micros && sy_num_parse(micros, 0, INT64_MAX, &time));
	sy_time_format((time_t)(time / 1000000), when);
	sy_buf_init(&out, SY_MAX_CONTROL_BYTES * 8);
	add_text(&out, when);
	add_field(&out, entry, "SYSLOG_IDENTIFIER", " ");
	add_field(&out, entry, "_PID", " pid=");
	add_field(&out, entry, "PRIORITY", " priority=");
	add_field(&out, entry, "SYNCERD_CLUSTER", " cluster=");
	add_field(&out, entry, "SYNCERD_WORKSPACE", " workspace=");
	add_field(&out, entry, "SYNCERD_RESOURCE", " resource=");
	add_field(&out, entry, "SYNCERD_OBJECT", " object=");
	add_field(&out, entry, "SYNCERD_REASON", " reason=");
	add_text(&out, ": ");
	add_text(&out, kept ? kept : LEFT_OUT);
	return take(&out);
}
