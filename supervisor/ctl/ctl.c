#include "ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/visible.h"
#include "supervisor/config/yaml.h"

const char *ctl_program(void)
{
	return strcmp(program_invocation_short_name, "kubectl-syncer") == 0 ? "kubectl syncer" : "syncerctl";
}

void ctl_error(const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	fflush(stdout);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sy_auto_free char *visible = ctl_visible(text);
	fprintf(stderr, "%s: %s\n", ctl_program(), visible);
}

char *ctl_visible(const char *text)
{
	struct sy_buf out;

	sy_buf_init(&out, 8 * strlen(text) + 1);
	char *visible = sy_visible_add(&out, text) == 0 ? sy_buf_take(&out) : NULL;
	if (!visible) {
		fputs("syncerctl: out of memory\n", stderr);
		exit(CTL_FAILED);
	}
	return visible;
}

void ctl_print_line(const char *name, int width, const char *text)
{
	if (!text || !*text)
		return;
	sy_auto_free char *visible = ctl_visible(text);
	printf("%-*s %s\n", width, name, visible);
}

void ctl_print_linef(const char *name, int width, const char *fmt, ...)
{
	sy_auto_free char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0) {
		text = NULL;
		ctl_error("out of memory");
	}
	va_end(ap);
	ctl_print_line(name, width, text);
}

static bool output_parse(const char *text, enum ctl_output *ret_output)
{
	static const char *const names[] = {"table", "wide", "json", "yaml", "name"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(text, names[i])) {
			*ret_output = (enum ctl_output)i;
			return true;
		}
	}
	return false;
}

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	struct ctl *ctl = state->input;

	switch (key) {
	case 's':
		ctl->socket = arg;
		return 0;
	case 'o':
		if (!output_parse(arg, &ctl->output))
			argp_error(state, "--output %s: want table, wide, json, yaml or name", arg);
		return 0;
	case ARGP_KEY_SUCCESS:
		if (ctl->output == CTL_NAME && ctl->nameless)
			argp_error(state, "--output name: what this command says has no names");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option common_options[] = {
	{"socket", 's', "PATH", 0, "Control socket of syncerd (default /run/syncerd/control.sock)", 0},
	{"output", 'o', "FORM", 0, "table, wide, json, yaml or name (default table)", 0},
	{0},
};

const struct argp ctl_common_argp = {.options = common_options, .parser = parse_common};

void ctl_argp(const struct argp *argp, const char *command, int argc, char **argv, void *input)
{
	char *saved = argv[0];
	char name[96];

	snprintf(name, sizeof(name), "%s %s", ctl_program(), command);
	argv[0] = name;
	argp_parse(argp, argc, argv, 0, NULL, input);
	argv[0] = saved;
}

struct positional_input {
	struct ctl *ctl;
	const char **values;
	int count;
	int required;
	int max;
};

static error_t parse_positional(int key, char *arg, struct argp_state *state)
{
	struct positional_input *input = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = input->ctl;
		return 0;
	case ARGP_KEY_ARG:
		if (input->count >= input->max)
			argp_error(state, "unexpected argument '%s'", arg);
		input->values[input->count++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (input->count < input->required)
			argp_error(state, "an argument is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void ctl_parse(struct ctl *ctl, int argc, char **argv, const char *args_doc, const char *doc, int required, const char **positional,
	       int max)
{
	const struct argp_child children[] = {{&ctl_common_argp, 0, NULL, 0}, {0}};
	const struct argp argp = {.parser = parse_positional, .args_doc = args_doc, .doc = doc, .children = children};
	struct positional_input input = {.ctl = ctl, .values = positional, .required = required, .max = max};

	for (int i = 0; i < max; i++)
		positional[i] = NULL;
	ctl_argp(&argp, argv[0], argc, argv, &input);
}

void *ctl_checked(void *memory)
{
	if (!memory) {
		ctl_error("out of memory");
		exit(CTL_FAILED);
	}
	return memory;
}

char *ctl_format(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return ctl_checked(n < 0 ? NULL : text);
}

int64_t ctl_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool ctl_wants_table(const struct ctl *ctl)
{
	return ctl->output == CTL_TABLE || ctl->output == CTL_WIDE;
}

static int print_yaml(json_object *value)
{
	sy_auto_free char *yaml = NULL;
	sy_auto_free char *text = sy_json_text(value);
	struct sy_error err;

	if (!text) {
		ctl_error("out of memory");
		return CTL_FAILED;
	}
	if (sy_yaml_from_json(text, strlen(text), &yaml, &err) < 0) {
		ctl_error("%s", err.text);
		return CTL_FAILED;
	}
	fputs(yaml, stdout);
	return CTL_OK;
}

static const char *text_in(json_object *value, const char *key)
{
	const char *text = sy_json_str(value, key, NULL);

	return text && *text ? text : NULL;
}

/* Once each. */
static void print_name(json_object *value, json_object *said)
{
	const char *const names[] = {text_in(value, "path"), text_in(value, "cluster"), text_in(value, "name")};
	const char *resource = text_in(value, "resource"), *key = text_in(value, "key"), *name = NULL;

	for (size_t i = 0; !name && i < sizeof(names) / sizeof(names[0]); i++)
		name = names[i];
	sy_auto_free char *object = resource && key ? ctl_format("%s/%s", resource, key) : NULL;
	sy_auto_free char *visible = ctl_visible(object ? object : name ? name : "");
	if (!*visible || sy_json_get(said, visible, NULL))
		return;
	ctl_args_add(said, visible, json_object_new_boolean(true));
	puts(visible);
}

/* Of a list, of an object that holds one, or of an object. */
static int print_names(json_object *value)
{
	json_object *list = json_object_is_type(value, json_type_array) ? value : sy_json_array(value, "objects", NULL);
	sy_auto_json json_object *said = ctl_args(NULL, NULL);

	list = list ? list : sy_json_array(value, "list", NULL);
	if (!list)
		print_name(value, said);
	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		print_name(json_object_array_get_idx(list, i), said);
	return CTL_OK;
}

int ctl_print_value(struct ctl *ctl, json_object *value)
{
	if (ctl->output == CTL_NAME)
		return print_names(value);
	if (ctl->output == CTL_YAML)
		return print_yaml(value);
	puts(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	return CTL_OK;
}

int ctl_print_item(struct ctl *ctl, json_object *value)
{
	sy_auto_free char *text = NULL;

	if (ctl->output == CTL_NAME)
		return print_names(value);
	if (ctl->output == CTL_YAML) {
		puts("---");
		return print_yaml(value);
	}
	text = sy_json_text(value);
	if (!text) {
		ctl_error("out of memory");
		return CTL_FAILED;
	}
	puts(text);
	return CTL_OK;
}

json_object *ctl_args(const char *key, const char *value)
{
	json_object *args = json_object_new_object();

	if (!args || (value && sy_json_add_str(args, key, value) < 0)) {
		ctl_error("out of memory");
		exit(CTL_FAILED);
	}
	return args;
}

void ctl_args_add(json_object *args, const char *key, json_object *value)
{
	if (!value || sy_json_add(args, key, value) < 0) {
		ctl_error("out of memory");
		exit(CTL_FAILED);
	}
}
