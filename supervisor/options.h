/* The command line of syncerd. */
#ifndef SY_SUPERVISOR_OPTIONS_H
#define SY_SUPERVISOR_OPTIONS_H

#include <stdbool.h>

#include "supervisor/config/config.h"

/* Exit codes of syncerd; part of its interface. */
#define SY_EXIT_OK 0 /* stopped as asked, or the SyncTarget was deleted and all is drained */
#define SY_EXIT_FAILURE 1
#define SY_EXIT_USAGE 2
#define SY_EXIT_CONFIG 3 /* configuration or kubeconfig */
#define SY_EXIT_LOST 4	 /* the SyncTarget is gone or has another uid; nothing was deleted */

struct sy_options {
	const char *config; /* file */
	bool check_config;
	bool take_over;
	bool has_level;
	enum sy_log_level level;
	bool has_format;
	enum sy_log_format format;
	unsigned int minute_s; /* 0 = a minute has 60 seconds; see timings.h */
	const char *worker;    /* program, NULL = configuration */
};

/* Parse; prints help, version and usage errors itself and exits then (0 or SY_EXIT_USAGE). */
void sy_options_parse(int argc, char **argv, struct sy_options *ret_options);
/* What the command line says stands above the file, for workers too. */
int sy_options_override(const struct sy_options *options, struct sy_config *config, struct sy_error *err);

#endif
