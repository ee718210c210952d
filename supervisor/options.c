#include "supervisor/options.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_CHECK = 256, OPT_TAKE_OVER, OPT_LEVEL, OPT_FORMAT, OPT_WORKER, OPT_MINUTE };

static const struct argp_option option_table[] = {
	{"config", 'c', "FILE", 0, "Configuration (default /etc/syncerd/syncerd.yaml)", 0},
	{"check-config", OPT_CHECK, NULL, 0, "Check the configuration and its kubeconfigs, then leave", 0},
	{"take-over", OPT_TAKE_OVER, NULL, 0, "Do not wait until another syncer's heartbeat has grown old", 0},
	{"log-level", OPT_LEVEL, "LEVEL", 0, "error, warning, info or debug; overrides the configuration", 0},
	{"log-format", OPT_FORMAT, "FORMAT", 0, "text, json or journal; overrides the configuration", 0},
	{"test-minute", OPT_MINUTE, "SECONDS", 0,
	 "For tests only: what must be so for a minute before it is believed, need only be so for this long (1 to 60)", 0},
	{"worker", OPT_WORKER, "PROGRAM", OPTION_HIDDEN, "Program to run for each workspace", 0},
	{0}};

/* The number of seconds, or 0. */
static unsigned int parse_minute(const char *arg)
{
	char *end = NULL;
	unsigned long value;

	if (*arg < '0' || *arg > '9')
		return 0;
	errno = 0;
	value = strtoul(arg, &end, 10);
	return errno || *end || value > 60 ? 0 : (unsigned int)value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct sy_options *options = state->input;

	switch (key) {
	case 'c':
		options->config = arg;
		return 0;
	case OPT_CHECK:
		options->check_config = true;
		return 0;
	case OPT_TAKE_OVER:
		options->take_over = true;
		return 0;
	case OPT_LEVEL:
		options->has_level = sy_log_level_parse(arg, &options->level);
		if (!options->has_level)
			argp_error(state, "--log-level: \"%s\" is none of error, warning, info, debug", arg);
		return 0;
	case OPT_FORMAT:
		options->has_format = sy_log_format_parse(arg, &options->format);
		if (!options->has_format)
			argp_error(state, "--log-format: \"%s\" is none of text, json, journal", arg);
		return 0;
	case OPT_MINUTE:
		options->minute_s = parse_minute(arg);
		if (options->minute_s == 0)
			argp_error(state, "--test-minute: \"%s\" is no number from 1 to 60", arg);
		return 0;
	case OPT_WORKER:
		options->worker = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument \"%s\"", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void sy_options_parse(int argc, char **argv, struct sy_options *ret_options)
{
	static const struct argp argp = {
		.options = option_table,
		.parser = parse,
		.doc = "syncerd - keeps kcp API objects in step with one Kubernetes cluster"
		       "\vSignals: TERM and INT stop in order, HUP reads configuration and credentials again.\n"
		       "Exit codes: 0 stopped in order, 1 failure, 2 usage, 3 configuration, 4 the SyncTarget is gone or is another one.",
	};

	*ret_options = (struct sy_options){.config = "/etc/syncerd/syncerd.yaml"};
	argp_program_version = "syncerd " SY_VERSION;
	argp_err_exit_status = SY_EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, ret_options) != 0)
		exit(SY_EXIT_USAGE);
}

int sy_options_override(const struct sy_options *options, struct sy_config *config, struct sy_error *err)
{
	char *worker = options->worker ? strdup(options->worker) : NULL;

	if (options->worker && !worker)
		return sy_error_oom(err);
	if (worker) {
		free(config->worker_program);
		config->worker_program = worker;
	}
	if (options->has_level)
		config->log_level = options->level;
	if (options->has_format)
		config->log_format = options->format;
	return 0;
}
