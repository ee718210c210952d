/* syncerctl status: the state of this syncerd in one screen. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "ctl.h"
#include "table.h"

#define NAME_WIDTH 14

static void line(const char *name, const char *text)
{
	ctl_print_line(name, NAME_WIDTH, text);
}

static const char *paint(const struct ctl *ctl, const char *status)
{
	if (!ctl->colour || !status)
		return "";
	return !strcmp(status, "True") ? "\033[32m" : !strcmp(status, "False") ? "\033[31m" : "\033[33m";
}

static void print_server(const char *name, json_object *server)
{
	const char *url = sy_json_str(server, "server", NULL);
	const char *message = sy_json_str(server, "message", NULL);
	bool reachable = false;

	sy_json_bool(server, &reachable, "reachable", NULL);
	if (reachable)
		line(name, url);
	else
		ctl_print_linef(name, NAME_WIDTH, "%s (not reachable%s%s)", url ? url : "-", message && *message ? ": " : "",
				message ? message : "");
}

/* Nothing while there is nothing to say. */
static void print_upgrade(json_object *upgrade)
{
	const char *state = sy_json_str(upgrade, "state", NULL);
	const char *message = sy_json_str(upgrade, "message", NULL);
	int64_t old = 0;

	if (!state || strcmp(state, "Idle") == 0)
		return;
	sy_json_int(upgrade, &old, "oldWorkers", NULL);
	ctl_print_linef("Upgrade", NAME_WIDTH, "%s, %lld workers run the old program%s%s", state, (long long)old,
			message && *message ? ": " : "", message ? message : "");
}

static void print_target(struct ctl *ctl, json_object *target)
{
	const char *path = sy_json_str(target, "path", NULL);
	const char *cluster = sy_json_str(target, "cluster", NULL);
	const char *name = sy_json_str(target, "name", NULL);
	const char *ready = sy_json_str(target, "ready", NULL);
	const char *reason = sy_json_str(target, "reason", NULL);
	const char *message = sy_json_str(target, "message", NULL);
	const char *beat = sy_json_str(target, "lastHeartbeatTime", NULL);
	time_t at;
	char age[32] = "never";

	ctl_print_linef("SyncTarget", NAME_WIDTH, "%s in %s (%s)", name ? name : "-", path && *path ? path : "-", cluster ? cluster : "-");
	line("Key", sy_json_str(target, "key", NULL));
	if (beat && sy_time_parse(beat, &at)) {
		ctl_format_age((long)(time(NULL) - at), age, sizeof(age));
		ctl_print_linef("Heartbeat", NAME_WIDTH, "%s ago", age);
	}
	sy_auto_free char *state = ctl_visible(ready ? ready : "Unknown");
	sy_auto_free char *why = ctl_visible(reason ? reason : "");
	sy_auto_free char *text = ctl_visible(message ? message : "");
	printf("%-*s %s%s%s%s%s%s%s\n", NAME_WIDTH, "Ready", paint(ctl, ready), state, *paint(ctl, ready) ? "\033[0m" : "", *why ? " " : "",
	       why, *text ? ": " : "", text);
}

static void print_conditions(json_object *conditions)
{
	static const char *const headings[] = {"CONDITION", "STATUS", "REASON", "MESSAGE", NULL};
	size_t count = json_object_is_type(conditions, json_type_array) ? json_object_array_length(conditions) : 0;

	if (!count)
		return;
	struct ctl_table *table = ctl_table_new(headings);
	for (size_t i = 0; i < count; i++) {
		json_object *condition = json_object_array_get_idx(conditions, i);

		ctl_table_row(table);
		ctl_table_cell(table, sy_json_str(condition, "type", NULL));
		ctl_table_cell(table, sy_json_str(condition, "status", NULL));
		ctl_table_cell(table, sy_json_str(condition, "reason", NULL));
		ctl_table_cell(table, sy_json_str(condition, "message", NULL));
	}
	putchar('\n');
	ctl_table_print(table, stdout);
	ctl_table_free(table);
}

int ctl_status(struct ctl *ctl, int argc, char **argv)
{
	sy_auto_json json_object *value = NULL;
	const char *unused[1];
	int64_t total = 0;
	int64_t ready = 0;
	int64_t uptime = 0;
	char age[32];

	ctl_parse(ctl, argc, argv, "", "Show the state of this syncerd, its SyncTarget and both servers.", 0, unused, 0);
	int rc = ctl_request(ctl, "status", NULL, &value);
	if (rc != CTL_OK)
		return rc;
	if (!ctl_wants_table(ctl))
		return ctl_print_value(ctl, value);
	sy_json_int(value, &uptime, "uptimeSeconds", NULL);
	sy_json_int(value, &total, "workspaces", "total", NULL);
	sy_json_int(value, &ready, "workspaces", "ready", NULL);
	ctl_format_age((long)uptime, age, sizeof(age));
	const char *version = sy_json_str(value, "version", NULL);
	const char *binary = sy_json_str(value, "binary", NULL);
	ctl_print_linef("syncerd", NAME_WIDTH, "%s, up %s%s", version ? version : "of unknown version", age,
			binary && strcmp(binary, "old") == 0 ? "; its program has been replaced: restart syncerd" : "");
	line("Mode", sy_json_str(value, "mode", NULL));
	line("Identity", sy_json_str(value, "identity", NULL));
	print_server("kcp", sy_json_object(value, "upstream", NULL));
	print_server("Cluster", sy_json_object(value, "downstream", NULL));
	const char *limits = sy_json_str(value, "workerLimits", NULL);
	ctl_print_linef("Workspaces", NAME_WIDTH, "%lld of %lld syncing", (long long)ready, (long long)total);
	print_upgrade(sy_json_object(value, "upgrade", NULL));
	if (limits && *limits)
		line("Limits", limits);
	if (sy_json_object(value, "syncTarget", NULL)) {
		print_target(ctl, sy_json_object(value, "syncTarget", NULL));
		print_conditions(sy_json_array(value, "syncTarget", "conditions", NULL));
	}
	return CTL_OK;
}
