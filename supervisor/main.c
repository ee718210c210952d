/* syncerd: reads its command line and configuration, then runs the supervisor's loop (supervisor.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/process/usage.h"
#include "supervisor/supervisor.h"

static int complain(const struct sy_error *err, int exit_code)
{
	(void)fprintf(stderr, "syncerd: %s\n", err->text);
	return exit_code;
}

/* The kubeconfigs belong to the configuration: a check that leaves them out would promise too much. */
static int check(const struct sy_config *config, struct sy_error *err)
{
	struct sy_access up = {0}, down = {0};
	sy_auto_free char *workspace = NULL;
	int r = sy_servers_load_up(config, &up, &workspace, err);

	if (r == 0)
		r = sy_access_load(&config->cluster, "cluster", &down, err);
	if (r == 0)
		r = sy_servers_differ(&up, &down, err);
	sy_access_done(&up);
	sy_access_done(&down);
	return r;
}

static int check_and_leave(struct sy_config *config)
{
	struct sy_error err = {0};
	int r = check(config, &err);

	if (r == 0)
		r = sy_check(config, &err);
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
	if (sy_options_override(&options, config, &err) < 0)
		return complain(&err, SY_EXIT_FAILURE);
	sy_usage_raise_descriptors();
	sy_log_init("syncerd", config->log_level, config->log_format);
	exit_code = sy_supervisor_run(&options, config, &err);
	return err.code ? complain(&err, exit_code ? exit_code : SY_EXIT_FAILURE) : exit_code;
}
