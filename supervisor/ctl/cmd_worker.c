/* Verbs on one workspace: restart, approve, pause, resume, loglevel, dump. */
#include <string.h>

#include "base/log.h"
#include "ctl.h"

/* Send {"workspace": ws} under a verb and say in one line what happened: `unchanged` when the answer says that nothing was to be done. */
static int workspace_verb(struct ctl *ctl, int argc, char **argv, const char *verb, const char *doc, const char *done,
			  const char *unchanged)
{
	bool changed = true;
	sy_auto_json json_object *value = NULL;
	const char *workspace[1];

	ctl_parse(ctl, argc, argv, "WORKSPACE", doc, 1, workspace, 1);
	int rc = ctl_request(ctl, verb, ctl_args("workspace", workspace[0]), &value);
	if (rc != CTL_OK)
		return rc;
	if (!ctl_wants_table(ctl))
		return ctl_print_value(ctl, value);
	(void)sy_json_bool(value, &changed, "changed", NULL);
	printf("workspace %s %s\n", workspace[0], changed ? done : unchanged);
	return CTL_OK;
}

int ctl_restart(struct ctl *ctl, int argc, char **argv)
{
	return workspace_verb(ctl, argc, argv, "restart",
			      "Restart the worker of one workspace; the others are not touched. WORKSPACE is a path or a logical cluster.",
			      "is being restarted", "");
}

int ctl_approve(struct ctl *ctl, int argc, char **argv)
{
	return workspace_verb(
		ctl, argc, argv, "approve",
		"Let the worker of one workspace delete what its guard against mass deletion holds: copies whose objects vanished "
		"upstream, many at once and unexplained.",
		"may delete what was held", "holds nothing: there is nothing to approve");
}

int ctl_pause(struct ctl *ctl, int argc, char **argv)
{
	return workspace_verb(ctl, argc, argv, "pause", "Stop writing for one workspace on both sides; watching goes on.", "is paused", "");
}

int ctl_resume(struct ctl *ctl, int argc, char **argv)
{
	return workspace_verb(ctl, argc, argv, "resume", "Take up syncing of a paused workspace again.", "is syncing again", "");
}

int ctl_loglevel(struct ctl *ctl, int argc, char **argv)
{
	sy_auto_json json_object *value = NULL;
	const char *names[2];
	enum sy_log_level level;

	ctl_parse(
		ctl, argc, argv, "LEVEL [WORKSPACE]",
		"Set the log level (error, warning, info, debug) of syncerd and all workers, or of one workspace's worker, until they end.",
		1, names, 2);
	if (!sy_log_level_parse(names[0], &level)) {
		ctl_error("loglevel %s: want error, warning, info or debug", names[0]);
		return CTL_USAGE;
	}
	json_object *args = ctl_args("level", names[0]);
	if (names[1])
		ctl_args_add(args, "workspace", json_object_new_string(names[1]));
	int rc = ctl_request(ctl, "loglevel", args, &value);
	if (rc == CTL_OK && ctl_wants_table(ctl))
		printf("log level %s%s%s\n", names[0], names[1] ? " for workspace " : "", names[1] ? names[1] : "");
	else if (rc == CTL_OK)
		return ctl_print_value(ctl, value);
	return rc;
}

/* The first part names the resource when two more follow, or when it has a dot: namespaces have none. */
json_object *ctl_dump_args(const char *workspace, const char *key)
{
	json_object *args = ctl_args("workspace", workspace);
	const char *first = key ? strchr(key, '/') : NULL;

	const char *dot = key ? strchr(key, '.') : NULL;

	if (first && (strchr(first + 1, '/') || (dot && dot < first))) {
		ctl_args_add(args, "resource", json_object_new_string_len(key, (int)(first - key)));
		key = first + 1;
	}
	if (key)
		ctl_args_add(args, "key", json_object_new_string(key));
	return args;
}

int ctl_dump(struct ctl *ctl, int argc, char **argv)
{
	sy_auto_json json_object *value = NULL;
	const char *names[2];

	ctl_parse(ctl, argc, argv, "WORKSPACE [KEY]",
		  "Show what the worker knows about one object (KEY is [RESOURCE/]NAMESPACE/NAME or [RESOURCE/]NAME), or, without KEY, all "
		  "failing "
		  "ones.",
		  1, names, 2);
	int rc = ctl_request(ctl, "dump", ctl_dump_args(names[0], names[1]), &value);
	if (rc != CTL_OK)
		return rc;
	if (ctl_wants_table(ctl))
		ctl->output = CTL_YAML;
	return ctl_print_value(ctl, value);
}
