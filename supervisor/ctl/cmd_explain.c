/* syncerctl explain: what a condition, phase or reason means. Needs no syncerd. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ctl.h"
#include "explain.h"
#include "table.h"

#define WIDTH 100

static const struct ctl_explanation *const tables[] = {ctl_explain_conditions, ctl_explain_workspaces, ctl_explain_objects};

static const char *topic_name(enum ctl_topic topic)
{
	static const char *const names[CTL_TOPIC_MAX] = {"condition",	       "reason of a condition", "phase of a workspace",
							 "reason of a phase",  "state of a resource",	"reason of a resource",
							 "reason of an object"};

	return names[topic];
}

/* fn for each row with this name (NULL = all); how many there were. */
static size_t each(const char *name, void (*fn)(void *arg, const struct ctl_explanation *row), void *arg)
{
	size_t count = 0;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct ctl_explanation *row = tables[i]; row->name; row++) {
			if (name && strcasecmp(name, row->name) != 0)
				continue;
			count++;
			fn(arg, row);
		}
	}
	return count;
}

const struct ctl_explanation *ctl_explain_find(enum ctl_topic topic, const char *name)
{
	for (size_t i = 0; name && i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct ctl_explanation *row = tables[i]; row->name; row++) {
			if (row->topic == topic && strcmp(name, row->name) == 0)
				return row;
		}
	}
	return NULL;
}

static void add_json(void *arg, const struct ctl_explanation *row)
{
	json_object *item = ctl_args("name", row->name);

	ctl_args_add(item, "topic", json_object_new_string(topic_name(row->topic)));
	ctl_args_add(item, "of", json_object_new_string(row->of));
	ctl_args_add(item, "level", json_object_new_string(row->level));
	ctl_args_add(item, "meaning", json_object_new_string(row->meaning));
	ctl_args_add(item, "action", json_object_new_string(row->action));
	if (json_object_array_add(arg, item) < 0) {
		ctl_error("out of memory");
		exit(CTL_FAILED);
	}
}

static void add_row(void *arg, const struct ctl_explanation *row)
{
	struct ctl_table *table = arg;

	ctl_table_row(table);
	ctl_table_cell(table, row->name);
	ctl_table_cell(table, topic_name(row->topic));
	ctl_table_cell(table, row->of);
	ctl_table_cell(table, row->level);
}

/* Words of text in lines of at most WIDTH columns, all indented but the first, which follows lead. */
static void wrap(const char *lead, const char *text)
{
	size_t at = (size_t)printf("  %s", lead);

	while (*text) {
		size_t len = strcspn(text, " ");

		if (at + 1 + len > WIDTH)
			at = (size_t)printf("\n   ") - 1;
		at += (size_t)printf(at > 2 ? " %.*s" : "%.*s", (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_row(void *arg, const struct ctl_explanation *row)
{
	bool *again = arg;

	printf("%s%s: %s%s%s%s%s%s\n", *again ? "\n" : "", row->name, topic_name(row->topic), *row->of ? ", of " : "", row->of,
	       *row->level ? " (" : "", row->level, *row->level ? ")" : "");
	*again = true;
	wrap("", row->meaning);
	if (*row->action)
		wrap("To do:", row->action);
}

static int explain_one(const char *name)
{
	bool again = false;

	if (each(name, print_row, &again) > 0)
		return CTL_OK;
	ctl_error("no condition, phase or reason is called %s; see syncerctl explain", name);
	return CTL_NOT_FOUND;
}

static int explain_json(struct ctl *ctl, const char *name)
{
	sy_auto_json json_object *list = json_object_new_array();

	if (!list) {
		ctl_error("out of memory");
		return CTL_FAILED;
	}
	if (each(name, add_json, list) == 0)
		return explain_one(name);
	return ctl_print_value(ctl, list);
}

int ctl_explain(struct ctl *ctl, int argc, char **argv)
{
	static const char *const headings[] = {"NAME", "IS", "OF", "LEVEL", NULL};
	const char *name[1];
	struct ctl_table *table;

	ctl_parse(ctl, argc, argv, "[NAME]", "Explain a condition, phase or reason, or list them all. No syncerd is asked.", 0, name, 1);
	if (!ctl_wants_table(ctl))
		return explain_json(ctl, name[0]);
	if (name[0])
		return explain_one(name[0]);
	table = ctl_table_new(headings);
	(void)each(NULL, add_row, table);
	ctl_table_print(table, stdout);
	ctl_table_free(table);
	return CTL_OK;
}
