/* syncerd: reads its command line and configuration, then runs the supervisor's loop (supervisor.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/supervisor.h"

static int complain(const struct sy_error *err, int exit_code)
{
	(void)fprintf(stderr, "syncerd: %s\n", err->text);
	return exit_code;
}

/* The kubeconfigs belong to the configuration: a check that leaves them out would promise too much. */
static int check(const struct sy_config *config, struct sy_error *err)
{
	struct sy_access access = {0};
	int r = sy_access_load(&config->kcp, "kcp", &access, err);

	if (r == 0) {
		sy_access_done(&access);
		r = sy_access_load(&config->cluster, "cluster", &access, err);
	}
	if (r == 0)
		sy_access_done(&access);
	return r;
}

static int check_and_leave(struct sy_config *config)
{
	struct sy_error err = {0};
	int r = check(config, &err);

	if (r == 0)
		(void)printf("%s: ok\n", config->file);
	sy_config_free(config);
	return r < 0 ? complain(&err, SY_EXIT_CONFIG) : SY_EXIT_OK;
}

int main(int argc, char **argv)
{
	struct sy_options options;
	struct sy_config *config = NULL;
	struct sy_error err = {0};
	int exit_code;

	sy_options_parse(argc, argv, &options);
	if (sy_config_load(options.config, &config, &err) < 0)
		return complain(&err, SY_EXIT_CONFIG);
	if (options.check_config)
		return check_and_leave(config);
	if (options.worker) {
		free(config->worker_program);
		config->worker_program = strdup(options.worker);
	}
	sy_log_init("syncerd", options.has_level ? options.level : config->log_level,
		    options.has_format ? options.format : config->log_format);
	exit_code = sy_supervisor_run(&options, config, &err);
	return err.code ? complain(&err, exit_code ? exit_code : SY_EXIT_FAILURE) : exit_code;
}
