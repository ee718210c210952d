#include "supervisor/config/yaml_tree.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const char *const type_names[SY_YAML_TYPE_MAX] = {
	[SY_YAML_NULL] = "null",       [SY_YAML_BOOL] = "a boolean", [SY_YAML_INT] = "a number",  [SY_YAML_FLOAT] = "a number",
	[SY_YAML_STRING] = "a string", [SY_YAML_LIST] = "a list",    [SY_YAML_MAP] = "a mapping",
};

const char *sy_yaml_type_name(enum sy_yaml_type type)
{
	return type_names[type];
}

int sy_yaml_error(const struct sy_yaml *yaml, const struct sy_yaml_node *node, struct sy_error *err, const char *fmt, ...)
{
	char text[SY_ERROR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return sy_error_set(err, EINVAL, "%s:%u:%u: %s", yaml->name, node->line, node->column, text);
}

struct sy_yaml_cell *sy_yaml_cell_new(struct sy_yaml *yaml, enum sy_yaml_type type, unsigned line, unsigned column)
{
	struct sy_yaml_cell *cell = calloc(1, sizeof(*cell));

	if (!cell)
		return NULL;
	cell->node = (struct sy_yaml_node){.type = type, .line = line, .column = column};
	cell->weight = 1;
	cell->height = 1;
	cell->next = yaml->cells;
	yaml->cells = cell;
	yaml->cell_count++;
	return cell;
}

void sy_yaml_free(struct sy_yaml *yaml)
{
	if (!yaml)
		return;
	while (yaml->cells) {
		struct sy_yaml_cell *cell = yaml->cells;

		yaml->cells = cell->next;
		if (cell->text)
			explicit_bzero(cell->text, strlen(cell->text));
		free(cell->text);
		free(cell->anchor);
		free(cell->items);
		free(cell);
	}
	free(yaml->name);
	free(yaml);
}

static const char *skip_digits(const char *p)
{
	while (isdigit((unsigned char)*p))
		p++;
	return p;
}

static bool all_of(const char *text, const char *set)
{
	return *text && text[strspn(text, set)] == '\0';
}

/* Numbers of the YAML 1.2 core schema. */
static enum sy_yaml_type number_type(const char *text)
{
	if (strncmp(text, "0x", 2) == 0 && all_of(text + 2, "0123456789abcdefABCDEF"))
		return SY_YAML_INT;
	if (strncmp(text, "0o", 2) == 0 && all_of(text + 2, "01234567"))
		return SY_YAML_INT;
	const char *start = text + (*text == '-' || *text == '+');
	if (strcasecmp(start, ".inf") == 0 || strcasecmp(text, ".nan") == 0)
		return SY_YAML_FLOAT;
	const char *p = skip_digits(start);
	size_t digits = (size_t)(p - start);
	if (digits && *p == '\0')
		return SY_YAML_INT;
	if (*p == '.') {
		const char *fraction = p + 1;

		p = skip_digits(fraction);
		digits += (size_t)(p - fraction);
	}
	if (digits && (*p == 'e' || *p == 'E')) {
		const char *exponent = p + 1 + (p[1] == '-' || p[1] == '+');

		p = skip_digits(exponent);
		if (p == exponent)
			return SY_YAML_STRING;
	}
	return digits && *p == '\0' ? SY_YAML_FLOAT : SY_YAML_STRING;
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

static void plain_type(struct sy_yaml_cell *cell)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const trues[] = {"true", "True", "TRUE", NULL};
	static const char *const falses[] = {"false", "False", "FALSE", NULL};

	if (is_one_of(cell->text, nulls)) {
		cell->node.type = SY_YAML_NULL;
	} else if (is_one_of(cell->text, trues)) {
		cell->node.type = SY_YAML_BOOL;
		cell->node.truth = true;
	} else if (is_one_of(cell->text, falses)) {
		cell->node.type = SY_YAML_BOOL;
	} else {
		cell->node.type = number_type(cell->text);
	}
	cell->merge = strcmp(cell->text, "<<") == 0;
}

int sy_yaml_cell_text(struct sy_yaml *yaml, struct sy_yaml_cell *cell, const char *text, size_t len, bool plain, struct sy_error *err)
{
	if (len && memchr(text, '\0', len))
		return sy_yaml_error(yaml, &cell->node, err, "a string must not contain a NUL character");
	cell->text = calloc(1, len + 1);
	if (!cell->text)
		return sy_error_oom(err);
	if (len)
		memcpy(cell->text, text, len);
	cell->node.text = cell->text;
	cell->node.type = SY_YAML_STRING;
	if (plain)
		plain_type(cell);
	return 0;
}

static int append(struct sy_yaml_cell *cell, const struct sy_yaml_node *key, const struct sy_yaml_node *value, struct sy_error *err)
{
	if (cell->node.count == cell->cap) {
		size_t cap = cell->cap ? cell->cap * 2 : 8;
		struct sy_yaml_item *items = reallocarray(cell->items, cap, sizeof(*items));

		if (!items)
			return sy_error_oom(err);
		cell->items = items;
		cell->cap = cap;
		cell->node.items = items;
	}
	cell->items[cell->node.count++] = (struct sy_yaml_item){.key = key, .value = value};
	return 0;
}

int sy_yaml_cell_add(struct sy_yaml *yaml, struct sy_yaml_cell *cell, const struct sy_yaml_cell *key, const struct sy_yaml_cell *value,
		     struct sy_error *err)
{
	if (key) {
		const struct sy_yaml_item *old = sy_yaml_find(&cell->node, key->node.text);

		if (old)
			return sy_yaml_error(yaml, &key->node, err, "this key stands in the mapping already (first at line %u)",
					     old->key->line);
	}
	return append(cell, key ? &key->node : NULL, &value->node, err);
}

/* Pairs of a merged mapping that the mapping does not have itself. */
static int merge_map(struct sy_yaml *yaml, struct sy_yaml_cell *cell, const struct sy_yaml_node *key, const struct sy_yaml_node *from,
		     struct sy_error *err)
{
	if (from->type != SY_YAML_MAP)
		return sy_yaml_error(yaml, key, err, "a merge key needs a mapping or a list of mappings");
	for (size_t i = 0; i < from->count; i++) {
		const struct sy_yaml_item *item = &from->items[i];

		if (++yaml->merge_steps > SY_YAML_MAX_NODES)
			return sy_yaml_error(yaml, key, err, "the document is too large once its merge keys are resolved");
		int r = sy_yaml_find(&cell->node, item->key->text) ? 0 : append(cell, item->key, item->value, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int resolve_merge(struct sy_yaml *yaml, struct sy_yaml_cell *cell, struct sy_error *err)
{
	for (size_t i = 0; i < cell->node.count; i++) {
		const struct sy_yaml_cell *key = (const struct sy_yaml_cell *)cell->items[i].key;
		const struct sy_yaml_node *from = cell->items[i].value;
		int r = 0;

		if (!key->merge)
			continue;
		/* Take the merge key itself out; what it brings goes to the end. */
		memmove(&cell->items[i], &cell->items[i + 1], (cell->node.count - i - 1) * sizeof(cell->items[0]));
		cell->node.count--;
		if (from->type != SY_YAML_LIST)
			return merge_map(yaml, cell, &key->node, from, err);
		for (size_t k = 0; k < from->count && r == 0; k++)
			r = merge_map(yaml, cell, &key->node, from->items[k].value, err);
		return r;
	}
	return 0;
}

int sy_yaml_cell_close(struct sy_yaml *yaml, struct sy_yaml_cell *cell, struct sy_error *err)
{
	unsigned height = 0;

	if (cell->node.type == SY_YAML_MAP) {
		int r = resolve_merge(yaml, cell, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < cell->node.count; i++) {
		const struct sy_yaml_cell *value = (const struct sy_yaml_cell *)cell->items[i].value;

		cell->weight += value->weight + (cell->items[i].key ? 1 : 0);
		if (value->height > height)
			height = value->height;
		/* Checked inside the loop: the sum of bounded weights cannot overflow. */
		if (cell->weight > SY_YAML_MAX_NODES)
			return sy_yaml_error(yaml, &cell->node, err, "more than %d values once aliases are resolved", SY_YAML_MAX_NODES);
	}
	cell->height = height + 1;
	if (cell->height > SY_YAML_MAX_DEPTH)
		return sy_yaml_error(yaml, &cell->node, err, "nested deeper than %d levels", SY_YAML_MAX_DEPTH);
	cell->open = false;
	return 0;
}

const struct sy_yaml_node *sy_yaml_root(const struct sy_yaml *yaml)
{
	return yaml->root;
}

const char *sy_yaml_name(const struct sy_yaml *yaml)
{
	return yaml->name;
}

const struct sy_yaml_item *sy_yaml_find(const struct sy_yaml_node *node, const char *key)
{
	if (!node || node->type != SY_YAML_MAP)
		return NULL;
	for (size_t i = 0; i < node->count; i++)
		if (strcmp(node->items[i].key->text, key) == 0)
			return &node->items[i];
	return NULL;
}

const struct sy_yaml_node *sy_yaml_get(const struct sy_yaml_node *node, const char *key)
{
	const struct sy_yaml_item *item = sy_yaml_find(node, key);

	return item ? item->value : NULL;
}
