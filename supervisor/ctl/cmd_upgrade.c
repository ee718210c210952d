/* syncerctl upgrade check: one row for each thing that must fit, and what is to be done. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/config/file.h"
#include "table.h"
#include "upgrade.h"

enum { OPT_CONFIG = 1024 };

static const struct argp_option options[] = {
	{"config", OPT_CONFIG, "FILE", 0, "Configuration (default: that of the running syncerd, else /etc/syncerd/syncerd.yaml)", 0},
	{"workspace", CTL_OPT_WORKSPACE, "PATH", 0, "Workspace that holds the SyncTarget (default: of the configuration)", 0},
	{"name", CTL_OPT_NAME, "NAME", 0, "Name of the SyncTarget (default: of the configuration)", 0},
	{"kubeconfig", CTL_OPT_KUBECONFIG, "FILE", 0, "Your administrator's kubeconfig of kcp; without it kcp is not looked at", 0},
	{"context", CTL_OPT_CONTEXT, "NAME", 0, "Context in it", 0},
	{"cluster-kubeconfig", CTL_OPT_CLUSTER_KUBECONFIG, "FILE", 0,
	 "Your administrator's kubeconfig of the physical cluster; without it the cluster is not looked at", 0},
	{"cluster-context", CTL_OPT_CLUSTER_CONTEXT, "NAME", 0, "Context in it", 0},
	{0},
};

static void add_row(struct ctl_upgrade *upgrade, const char *check, const char *state, const char *todo, const char *fmt, va_list ap)
{
	json_object *row = ctl_args("check", check);
	char *found = NULL;

	if (vasprintf(&found, fmt, ap) < 0)
		found = ctl_checked(NULL);
	ctl_args_add(row, "state", json_object_new_string(state));
	ctl_args_add(row, "found", json_object_new_string(found));
	ctl_args_add(row, "todo", json_object_new_string(todo ? todo : ""));
	free(found);
	if (json_object_array_add(upgrade->rows, row) < 0)
		(void)ctl_checked(NULL);
}

void ctl_upgrade_good(struct ctl_upgrade *upgrade, const char *check, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_row(upgrade, check, "ok", NULL, fmt, ap);
	va_end(ap);
}

void ctl_upgrade_skipped(struct ctl_upgrade *upgrade, const char *check, const char *todo, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_row(upgrade, check, "skipped", todo, fmt, ap);
	va_end(ap);
}

void ctl_upgrade_attention(struct ctl_upgrade *upgrade, const char *check, const char *todo, const char *fmt, ...)
{
	va_list ap;

	upgrade->attention = true;
	va_start(ap, fmt);
	add_row(upgrade, check, "attention", todo, fmt, ap);
	va_end(ap);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct ctl_upgrade *upgrade = state->input;

	switch (key) {
	case OPT_CONFIG:
		upgrade->config_given = arg;
		return 0;
	case ARGP_KEY_END:
		return 0; /* unlike `install` it needs nothing */
	default:
		state->input = &upgrade->install;
		error_t rc = ctl_install_parse(key, arg, state);
		state->input = upgrade;
		return rc;
	}
}

/* The syncerd that a start would run: where the running one came from, else beside this program, else where packages put it. */
static void find_program(struct ctl_upgrade *upgrade)
{
	static const char *const places[] = {"syncerd", "../sbin/syncerd"};
	char self[PATH_MAX];
	bool deleted;

	if (upgrade->pid > 0 && ctl_proc_program(upgrade->pid, upgrade->program, &deleted))
		return;
	for (size_t i = 0; ctl_proc_program(getpid(), self, &deleted) && i < sizeof(places) / sizeof(places[0]); i++) {
		sy_auto_free char *path = ctl_checked(sy_file_beside(self, places[i]));

		if (access(path, X_OK) == 0 && strlcpy(upgrade->program, path, sizeof(upgrade->program)) < sizeof(upgrade->program))
			return;
	}
	(void)strlcpy(upgrade->program, "/usr/sbin/syncerd", sizeof(upgrade->program));
}

static void look(struct ctl_upgrade *upgrade)
{
	struct sy_error err = {0};

	upgrade->install.ctl->answer_seconds = CTL_PATIENCE;
	upgrade->pid = ctl_proc_syncerd(upgrade->install.ctl, &upgrade->status, &upgrade->trouble);
	if (upgrade->config_given)
		(void)strlcpy(upgrade->config_file, upgrade->config_given, sizeof(upgrade->config_file));
	else if (upgrade->pid <= 0 || !ctl_proc_config(upgrade->pid, upgrade->config_file))
		(void)strlcpy(upgrade->config_file, CTL_CONFIG, sizeof(upgrade->config_file));
	find_program(upgrade);
	/* What is wrong with it the installed syncerd says. */
	if (sy_config_load(upgrade->config_file, &upgrade->config, &err) < 0)
		upgrade->config = NULL;
	ctl_upgrade_programs(upgrade);
	ctl_upgrade_servers(upgrade);
}

static int say(struct ctl_upgrade *upgrade)
{
	static const char *const headings[] = {"CHECK", "STATE", "FOUND", "TO DO", NULL};
	static const char *const members[] = {"check", "state", "found", "todo"};
	struct ctl *ctl = upgrade->install.ctl;

	if (!ctl_wants_table(ctl)) {
		sy_auto_json json_object *value = ctl_args("syncerctl", SY_VERSION);

		ctl_args_add(value, "ok", json_object_new_boolean(!upgrade->attention));
		ctl_args_add(value, "checks", json_object_get(upgrade->rows));
		return ctl_print_value(ctl, value);
	}
	struct ctl_table *table = ctl_table_new(headings);
	for (size_t i = 0; i < json_object_array_length(upgrade->rows); i++) {
		ctl_table_row(table);
		for (size_t j = 0; j < sizeof(members) / sizeof(members[0]); j++)
			ctl_table_cell(table, sy_json_str(json_object_array_get_idx(upgrade->rows, i), members[j], NULL));
	}
	ctl_table_print(table, stdout);
	ctl_table_free(table);
	return CTL_OK;
}

int ctl_upgrade(struct ctl *ctl, int argc, char **argv)
{
	const struct argp_child children[] = {{&ctl_common_argp, 0, NULL, 0}, {0}};
	const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.doc = "Say whether what runs, what is installed and what kcp and the cluster hold fit together, and what is to be "
		       "done next. Nothing is changed."};
	struct ctl_upgrade upgrade = {.install = {.ctl = ctl, .out = stdout}};
	int rc;

	if (argc < 2 || strcmp(argv[1], "check") != 0) {
		bool asked = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0 || strcmp(argv[1], "--usage") == 0);

		fprintf(asked ? stdout : stderr, "Usage: %s upgrade check [OPTION...]\n", ctl_program());
		return asked ? CTL_OK : CTL_USAGE;
	}
	ctl_argp(&argp, "upgrade check", argc - 1, argv + 1, &upgrade);
	upgrade.rows = ctl_checked(json_object_new_array());
	look(&upgrade);
	rc = say(&upgrade);
	if (rc == CTL_OK && upgrade.attention)
		rc = CTL_FAILED;
	json_object_put(upgrade.rows);
	json_object_put(upgrade.status);
	sy_config_free(upgrade.config);
	ctl_install_done(&upgrade.install);
	return rc;
}
