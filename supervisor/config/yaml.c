#include <errno.h>
#include <libfyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "supervisor/config/yaml_tree.h"

/* The events of one parse, and the containers that are open. */
struct reader {
	struct sy_yaml *yaml;
	struct fy_parser *parser;
	struct sy_error *err;
	struct sy_yaml_cell *stack[SY_YAML_MAX_DEPTH];
	struct sy_yaml_cell *keys[SY_YAML_MAX_DEPTH]; /* key that waits for its value, per open map */
	unsigned depth;
	unsigned documents;
};

/* libfyaml puts pieces of the source into some of its messages: keep what stands before the first of them. */
static void safe_reason(const char *message, char *out, size_t size)
{
	static const char *const stems[] = {"invalid tag", "illegal major version number", "Missing tag directive"};
	size_t len = strcspn(message, "'\"`(=*\n");

	for (size_t i = 0; i < sizeof(stems) / sizeof(stems[0]); i++)
		if (strncmp(message, stems[i], strlen(stems[i])) == 0)
			len = strlen(stems[i]);
	while (len && message[len - 1] == ' ')
		len--;
	snprintf(out, size, "%.*s", (int)(len > 120 ? 120 : len), message);
}

static int syntax_error(struct reader *reader, struct fy_diag *diag)
{
	void *iter = NULL;
	struct fy_diag_error *first = fy_diag_errors_iterate(diag, &iter);
	char reason[128] = "";

	if (!first)
		return sy_error_set(reader->err, EINVAL, "%s: is not valid YAML", reader->yaml->name);
	safe_reason(first->msg ? first->msg : "", reason, sizeof(reason));
	return sy_error_set(reader->err, EINVAL, "%s:%d:%d: is not valid YAML: %s", reader->yaml->name, first->line > 0 ? first->line : 1,
			    first->column > 0 ? first->column : 1, reason[0] ? reason : "syntax error");
}

static struct sy_yaml_cell *new_cell(struct reader *reader, enum sy_yaml_type type, struct fy_token *token)
{
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
	const struct sy_yaml_cell *key = reader->depth ? reader->keys[reader->depth - 1] : NULL;
	struct sy_yaml *yaml = reader->yaml;
	unsigned line = mark ? (unsigned)mark->line + 1 : 1;
	unsigned column = mark ? (unsigned)mark->column + 1 : 1;

	if (!mark && key) { /* an empty value stands where its key does */
		line = key->node.line;
		column = key->node.column;
	}
	if (yaml->cell_count >= SY_YAML_MAX_NODES) {
		sy_error_set(reader->err, EINVAL, "%s:%u:%u: more than %d values", yaml->name, line, column, SY_YAML_MAX_NODES);
		return NULL;
	}
	struct sy_yaml_cell *cell = sy_yaml_cell_new(yaml, type, line, column);
	if (!cell)
		sy_error_oom(reader->err);
	return cell;
}

static int set_anchor(struct reader *reader, struct sy_yaml_cell *cell, struct fy_token *token)
{
	size_t len = 0;
	const char *text = token ? fy_token_get_text(token, &len) : NULL;

	if (!text)
		return 0;
	cell->anchor = strndup(text, len);
	return cell->anchor ? 0 : sy_error_oom(reader->err);
}

/* The latest anchor of that name counts, as YAML says; cells are kept newest first. */
static struct sy_yaml_cell *find_anchor(struct reader *reader, struct fy_token *token)
{
	size_t len = 0;
	const char *text = fy_token_get_text(token, &len);

	for (struct sy_yaml_cell *cell = reader->yaml->cells; text && cell; cell = cell->next)
		if (cell->anchor && strlen(cell->anchor) == len && memcmp(cell->anchor, text, len) == 0)
			return cell;
	return NULL;
}

/* Tags could make a value something else than it looks like; only the core ones that change nothing are let through. */
static int check_tag(struct reader *reader, const struct sy_yaml_cell *cell, struct fy_token *token, bool *ret_string)
{
	static const char *const harmless[] = {"int", "float", "bool", "null", "map", "seq"};
	static const char prefix[] = "tag:yaml.org,2002:";
	const char *text = token ? fy_token_get_text0(token) : NULL;

	if (!token)
		return 0;
	if (text && strcmp(text, "!") == 0) {
		*ret_string = true;
		return 0;
	}
	if (text && strncmp(text, prefix, sizeof(prefix) - 1) == 0) {
		text += sizeof(prefix) - 1;
		if (strcmp(text, "str") == 0) {
			*ret_string = true;
			return 0;
		}
		for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
			if (strcmp(text, harmless[i]) == 0)
				return 0;
	}
	return sy_yaml_error(reader->yaml, &cell->node, reader->err, "this YAML tag is not supported; write the value without it");
}

/* A finished scalar, alias or container goes to where it belongs. */
static int place(struct reader *reader, struct sy_yaml_cell *cell)
{
	if (reader->depth == 0) {
		reader->yaml->root = &cell->node;
		return 0;
	}
	unsigned top = reader->depth - 1;
	struct sy_yaml_cell *parent = reader->stack[top];
	struct sy_yaml_cell *key = reader->keys[top];
	if (parent->node.type == SY_YAML_MAP && !key) {
		if (!cell->node.text)
			return sy_yaml_error(reader->yaml, &cell->node, reader->err, "the key of a mapping must be a plain string");
		reader->keys[top] = cell;
		return 0;
	}
	reader->keys[top] = NULL;
	return sy_yaml_cell_add(reader->yaml, parent, key, cell, reader->err);
}

static int on_scalar(struct reader *reader, const struct fy_event *event)
{
	struct fy_token *token = event->scalar.value;
	struct sy_yaml_cell *cell = new_cell(reader, SY_YAML_STRING, token ? token : event->scalar.anchor);
	size_t len = 0;

	if (!cell)
		return -reader->err->code;
	enum fy_scalar_style style = token ? fy_token_scalar_style(token) : FYSS_PLAIN;
	if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && cell->node.column > 1)
		cell->node.column--; /* the token begins behind its quote */
	/* An empty plain scalar has a token without text. */
	const char *text = token ? fy_token_get_text(token, &len) : "";
	bool string = style != FYSS_PLAIN;
	int r = check_tag(reader, cell, event->scalar.tag, &string);
	if (r == 0)
		r = sy_yaml_cell_text(reader->yaml, cell, text, text ? len : 0, !string, reader->err);
	if (r == 0)
		r = set_anchor(reader, cell, event->scalar.anchor);
	return r < 0 ? r : place(reader, cell);
}

static int on_alias(struct reader *reader, const struct fy_event *event)
{
	struct sy_yaml_cell *cell = find_anchor(reader, event->alias.anchor);
	const struct fy_mark *mark = fy_token_start_mark(event->alias.anchor);

	/* A missing anchor, or one that is still open (a loop). */
	if (!cell || cell->open)
		return sy_error_set(reader->err, EINVAL, "%s:%d:%d: %s", reader->yaml->name, mark ? mark->line + 1 : 1,
				    mark ? mark->column + 1 : 1,
				    cell ? "this alias stands inside the value that it names" : "this alias has no anchor before it");
	return place(reader, cell);
}

static int on_start(struct reader *reader, enum sy_yaml_type type, struct fy_token *token, struct fy_token *tag, struct fy_token *anchor)
{
	struct sy_yaml_cell *cell = new_cell(reader, type, token);
	bool string = false;

	if (!cell)
		return -reader->err->code;
	if (reader->depth == SY_YAML_MAX_DEPTH)
		return sy_yaml_error(reader->yaml, &cell->node, reader->err, "nested deeper than %d levels", SY_YAML_MAX_DEPTH);
	int r = check_tag(reader, cell, tag, &string);
	if (r == 0)
		r = set_anchor(reader, cell, anchor);
	if (r < 0)
		return r;
	cell->open = true;
	reader->stack[reader->depth] = cell;
	reader->keys[reader->depth] = NULL;
	reader->depth++;
	return 0;
}

static int on_end(struct reader *reader)
{
	struct sy_yaml_cell *cell = reader->stack[--reader->depth];
	int r = sy_yaml_cell_close(reader->yaml, cell, reader->err);

	return r < 0 ? r : place(reader, cell);
}

static int on_document(struct reader *reader, struct fy_token *token)
{
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;

	if (++reader->documents == 1)
		return 0;
	return sy_error_set(reader->err, EINVAL, "%s:%d:1: holds more than one YAML document", reader->yaml->name,
			    mark ? mark->line + 1 : 1);
}

static int on_event(struct reader *reader, const struct fy_event *event)
{
	switch (event->type) {
	case FYET_DOCUMENT_START:
		return on_document(reader, event->document_start.document_start);
	case FYET_SCALAR:
		return on_scalar(reader, event);
	case FYET_ALIAS:
		return on_alias(reader, event);
	case FYET_SEQUENCE_START:
		return on_start(reader, SY_YAML_LIST, event->sequence_start.sequence_start, event->sequence_start.tag,
				event->sequence_start.anchor);
	case FYET_MAPPING_START:
		return on_start(reader, SY_YAML_MAP, event->mapping_start.mapping_start, event->mapping_start.tag,
				event->mapping_start.anchor);
	case FYET_SEQUENCE_END:
	case FYET_MAPPING_END:
		return on_end(reader);
	default:
		return 0;
	}
}

/* libfyaml takes a NUL or a malformed character for the end of the input: what follows would silently not count. */
static int check_bytes(struct reader *reader, const char *data, size_t len)
{
	unsigned line = 1, column = 1;

	for (size_t i = 0; i < len; column++) {
		uint32_t point;
		size_t n = sy_utf8_char(data + i, len - i, &point);

		if (n == 0 || data[i] == '\0')
			return sy_error_set(reader->err, EINVAL, "%s:%u:%u: is not valid YAML: %s", reader->yaml->name, line, column,
					    n ? "NUL character" : "not UTF-8 text");
		if (data[i] == '\n') {
			line++;
			column = 0;
		}
		i += n;
	}
	return 0;
}

static int read_events(struct reader *reader, struct fy_diag *diag, const char *data, size_t len)
{
	struct fy_event *event;
	int r = 0;

	r = check_bytes(reader, data, len);
	if (r < 0)
		return r;
	if (fy_parser_set_string(reader->parser, data, len) != 0)
		return sy_error_oom(reader->err);
	while (r == 0 && (event = fy_parser_parse(reader->parser))) {
		r = on_event(reader, event);
		fy_parser_event_free(reader->parser, event);
	}
	if (r < 0)
		return r;
	if (fy_parser_get_stream_error(reader->parser) || fy_diag_got_error(diag) || reader->depth > 0)
		return syntax_error(reader, diag);
	if (!reader->yaml->root) {
		struct sy_yaml_cell *cell = sy_yaml_cell_new(reader->yaml, SY_YAML_NULL, 1, 1);

		if (!cell)
			return sy_error_oom(reader->err);
		reader->yaml->root = &cell->node;
	}
	return 0;
}

/* Known of libfyaml 0.7.12: a long quoted scalar without an end leaks its buffer, at most the size of the file that is refused.
 *
 * Errors are collected and never printed: the default diagnostics write the offending line, which may hold a secret, to stderr. */
static struct fy_diag *quiet_diag(void)
{
	struct fy_diag_cfg cfg;

	fy_diag_cfg_default(&cfg);
	cfg.fp = NULL;
	cfg.output_fn = NULL;
	cfg.level = FYET_ERROR;
	cfg.colorize = false;
	struct fy_diag *diag = fy_diag_create(&cfg);
	if (diag)
		fy_diag_set_collect_errors(diag, true);
	return diag;
}

static int parse(struct reader *reader, const char *data, size_t len)
{
	struct fy_diag *diag = quiet_diag();
	struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE | FYPCF_DISABLE_RECYCLING, .diag = diag};
	int r = -ENOMEM;

	if (diag)
		reader->parser = fy_parser_create(&cfg);
	if (reader->parser) {
		r = read_events(reader, diag, data, len);
		fy_parser_destroy(reader->parser);
	} else {
		sy_error_oom(reader->err);
	}
	if (diag)
		fy_diag_destroy(diag);
	return r;
}

int sy_yaml_parse(const char *name, const char *data, size_t len, struct sy_yaml **ret_yaml, struct sy_error *err)
{
	struct sy_error local = {0};
	struct reader reader = {.err = err ? err : &local};

	if (len > SY_MAX_CONFIG_BYTES)
		return sy_error_set(err, EMSGSIZE, "%s: is larger than %u bytes", name, SY_MAX_CONFIG_BYTES);
	reader.yaml = calloc(1, sizeof(*reader.yaml));
	if (reader.yaml)
		reader.yaml->name = strdup(name);
	int r = reader.yaml && reader.yaml->name ? parse(&reader, data, len) : sy_error_oom(err);
	if (r < 0) {
		sy_yaml_free(reader.yaml);
		return r;
	}
	*ret_yaml = reader.yaml;
	return 0;
}
