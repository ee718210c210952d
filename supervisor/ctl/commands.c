/* syncerctl [--socket PATH] [--output FORM] COMMAND ...: the table of commands. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

static const struct ctl_command commands[] = {
	{"status", "the state of this syncerd", ctl_status},
	{"workspaces", "the workspaces that are served", ctl_workspaces},
	{"top", "workspaces with rates, lag and memory, live", ctl_top},
	{"restart", "restart one workspace's worker", ctl_restart},
	{"approve", "let go what the guard against mass deletion holds", ctl_approve},
	{"pause", "stop writing for one workspace", ctl_pause},
	{"resume", "take up a paused workspace again", ctl_resume},
	{"cordon", "let no new workspace be served", ctl_cordon},
	{"uncordon", "take back cordon and drain", ctl_uncordon},
	{"drain", "remove everything from the cluster, keep it in kcp", ctl_drain},
	{"loglevel", "set the log level", ctl_loglevel},
	{"events", "what happened to objects", ctl_events},
	{"dump", "what is known about one object", ctl_dump},
	{"describe", "the whole story of one workspace or object", ctl_describe},
	{"explain", "what a condition, phase or reason means", ctl_explain},
	{"diagnose", "a bundle for whoever is to help, without secrets", ctl_diagnose},
	{"orphans", "what is left in the cluster that no SyncTarget wants", ctl_orphans},
	{"release", "let go in kcp what a dead syncerd still holds", ctl_release},
	{"watch-heartbeat", "say it in kcp when a SyncTarget's heartbeat is missing", ctl_watch_heartbeat},
	{"install", "set up kcp or the physical cluster for syncerd", ctl_install},
	{"uninstall", "take back what install has made, and all that was synced", ctl_uninstall},
	{"upgrade", "whether programs, processes and servers fit together", ctl_upgrade},
	{"version", "versions of syncerctl and syncerd", ctl_version},
};

const struct ctl_command *ctl_command_at(size_t index)
{
	return index < sizeof(commands) / sizeof(commands[0]) ? &commands[index] : NULL;
}

struct main_input {
	struct ctl *ctl;
	const struct ctl_command *command;
	int at; /* index of the command in argv */
};

int ctl_version(struct ctl *ctl, int argc, char **argv)
{
	sy_auto_json json_object *value = NULL;
	const char *unused[1];

	ctl_parse(ctl, argc, argv, "", "Show the versions of syncerctl and of the syncerd behind the socket.", 0, unused, 0);
	int rc = ctl_request(ctl, "version", NULL, &value);
	const char *server = sy_json_str(value, "version", NULL);
	if (ctl_wants_table(ctl)) {
		printf("syncerctl %s\n", SY_VERSION);
		ctl_print_line("syncerd", 9, server ? server : rc == CTL_OK ? "unknown" : NULL);
		return rc;
	}
	sy_auto_json json_object *both = ctl_args("syncerctl", SY_VERSION);
	if (server)
		ctl_args_add(both, "syncerd", json_object_new_string(server));
	int printed = ctl_print_value(ctl, both);
	return rc == CTL_OK ? printed : rc;
}

static error_t parse_main(int key, char *arg, struct argp_state *state)
{
	struct main_input *input = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = input->ctl;
		return 0;
	case ARGP_KEY_ARG:
		for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
			if (!strcmp(arg, commands[i].name))
				input->command = &commands[i];
		if (!input->command)
			argp_error(state, "no such command: '%s'", arg);
		input->at = state->next - 1;
		state->next = state->argc; /* the rest is the command's */
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The list of commands for --help, from the table. */
static char *help_filter(int key, const char *text, void *input)
{
	char *out = NULL;
	size_t size = 0;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)(uintptr_t)text;
	FILE *stream = open_memstream(&out, &size);
	if (!stream)
		return NULL;
	fputs("Commands:\n", stream);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(stream, "  %-16s %s\n", commands[i].name, commands[i].summary);
	fprintf(stream,
		"\n'%s COMMAND --help' tells more. OPTIONs may also follow the COMMAND. WORKSPACE is a path (root:org:team) or a logical "
		"cluster name.",
		ctl_program());
	fclose(stream);
	return out;
}

static bool has_names(const char *command)
{
	static const char *const named[] = {"workspaces", "top", "restart", "approve", "pause", "resume", "dump", "describe", "explain"};

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		if (strcmp(command, named[i]) == 0)
			return true;
	}
	return false;
}

static bool can_colour(void)
{
	const char *refused = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(refused && *refused) && terminal && *terminal && strcmp(terminal, "dumb") != 0;
}

int ctl_main(int argc, char **argv)
{
	const struct argp_child children[] = {{&ctl_common_argp, 0, NULL, 0}, {0}};
	const struct argp argp = {.parser = parse_main,
				  .args_doc = "COMMAND [ARGUMENT...]",
				  .doc = "Ask and steer the syncerd of this node.\v ",
				  .children = children,
				  .help_filter = help_filter};
	struct ctl ctl = {.socket = CTL_SOCKET, .colour = can_colour()};
	struct main_input input = {.ctl = &ctl};
	char name[32];

	/* "Usage: kubectl syncer [OPTION...]" */
	(void)strlcpy(name, ctl_program(), sizeof(name));
	argv[0] = name;
	argp_program_version = "syncerctl " SY_VERSION;
	argp_err_exit_status = CTL_USAGE;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &input);
	ctl.nameless = !has_names(input.command->name);
	return input.command->run(&ctl, argc - input.at, argv + input.at);
}
