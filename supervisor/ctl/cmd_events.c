/* syncerctl events: what happened to objects, newest last; -f follows. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "ctl.h"
#include "table.h"

struct events_input {
	struct ctl *ctl;
	bool follow;
	const char *workspace;
};

static error_t parse_events(int key, char *arg, struct argp_state *state)
{
	struct events_input *input = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = input->ctl;
		return 0;
	case 'f':
		input->follow = true;
		return 0;
	case ARGP_KEY_ARG:
		if (input->workspace)
			argp_error(state, "unexpected argument '%s'", arg);
		input->workspace = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void add_event(struct ctl_table *table, json_object *event)
{
	const char *at = sy_json_str(event, "time", NULL);
	const char *path = sy_json_str(event, "path", NULL);
	const char *resource = sy_json_str(event, "resource", NULL);
	const char *object = sy_json_str(event, "object", NULL);
	int64_t count = 1;
	time_t when;
	char age[32] = "-";

	sy_json_int(event, &count, "count", NULL);
	if (at && sy_time_parse(at, &when))
		ctl_format_age((long)(time(NULL) - when), age, sizeof(age));
	ctl_table_row(table);
	ctl_table_cell(table, age);
	ctl_table_cell(table, sy_json_str(event, "type", NULL));
	ctl_table_cell(table, sy_json_str(event, "reason", NULL));
	ctl_table_cell(table, path && *path ? path : sy_json_str(event, "cluster", NULL));
	ctl_table_cellf(table, "%s%s%s", resource ? resource : "", resource && object && *object ? "/" : "", object ? object : "");
	ctl_table_cellf(table, "%lld", (long long)count);
	ctl_table_cell(table, sy_json_str(event, "message", NULL));
}

static bool show_followed(struct ctl *ctl, json_object *event)
{
	const char *path = sy_json_str(event, "path", NULL);

	if (!ctl_wants_table(ctl)) {
		return ctl_print_item(ctl, event) == CTL_OK && fflush(stdout) == 0;
	} else {
		const char *words[] = {sy_json_str(event, "time", NULL),     sy_json_str(event, "type", NULL),
				       sy_json_str(event, "reason", NULL),   path && *path ? path : sy_json_str(event, "cluster", NULL),
				       sy_json_str(event, "resource", NULL), sy_json_str(event, "object", NULL),
				       sy_json_str(event, "message", NULL)};

		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			sy_auto_free char *word = ctl_visible(words[i] && *words[i] ? words[i] : "-");

			printf("%s%s", word, i + 1 < sizeof(words) / sizeof(words[0]) ? "  " : "\n");
		}
	}
	return fflush(stdout) == 0;
}

void ctl_print_events(json_object *events)
{
	static const char *const headings[] = {"AGE", "TYPE", "REASON", "WORKSPACE", "OBJECT", "COUNT", "MESSAGE", NULL};
	size_t count = json_object_is_type(events, json_type_array) ? json_object_array_length(events) : 0;
	struct ctl_table *table = ctl_table_new(headings);

	for (size_t i = 0; i < count; i++)
		add_event(table, json_object_array_get_idx(events, i));
	if (count)
		ctl_table_print(table, stdout);
	else
		puts("No events.");
	ctl_table_free(table);
}

int ctl_events(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_option options[] = {{"follow", 'f', NULL, 0, "Go on and print new events as they come", 0}, {0}};
	const struct argp_child children[] = {{&ctl_common_argp, 0, NULL, 0}, {0}};
	const struct argp argp = {.options = options,
				  .parser = parse_events,
				  .args_doc = "[WORKSPACE]",
				  .doc = "Show what happened to objects, newest last, optionally of one workspace.",
				  .children = children};
	struct events_input input = {.ctl = ctl};
	sy_auto_json json_object *value = NULL;

	ctl_argp(&argp, "events", argc, argv, &input);
	json_object *args = ctl_args("workspace", input.workspace);
	if (input.follow) {
		ctl_args_add(args, "follow", json_object_new_boolean(true));
		return ctl_stream(ctl, "events", args, show_followed);
	}
	int rc = ctl_request(ctl, "events", args, &value);
	if (rc != CTL_OK)
		return rc;
	if (!ctl_wants_table(ctl))
		return ctl_print_value(ctl, value);
	ctl_print_events(value);
	return CTL_OK;
}
