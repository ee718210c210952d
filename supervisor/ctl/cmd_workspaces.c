/* syncerctl workspaces: one line per workspace. */
#include "ctl.h"
#include "table.h"

static void add_row(struct ctl *ctl, struct ctl_table *table, json_object *workspace)
{
	int64_t lag = 0;
	int64_t memory = 0;
	int64_t pid = 0;
	char text[32];

	sy_json_int(workspace, &lag, "lagMs", NULL);
	sy_json_int(workspace, &memory, "memoryBytes", NULL);
	sy_json_int(workspace, &pid, "pid", NULL);
	ctl_table_row(table);
	ctl_table_cell(table, sy_json_str(workspace, "path", NULL));
	ctl_table_cell(table, sy_json_str(workspace, "cluster", NULL));
	if (pid > 0)
		ctl_table_cellf(table, "%lld", (long long)pid);
	else
		ctl_table_cell(table, NULL);
	ctl_table_cell(table, sy_json_str(workspace, "state", NULL));
	ctl_table_cell(table, sy_json_str(workspace, "reason", NULL));
	ctl_table_number(table, workspace, "objects");
	if (lag > 0)
		ctl_table_cellf(table, "%lldms", (long long)lag);
	else
		ctl_table_cell(table, "0");
	ctl_table_number(table, workspace, "restarts");
	ctl_format_bytes((long)memory, text, sizeof(text));
	ctl_table_cell(table, text);
	if (ctl->output != CTL_WIDE)
		return;
	ctl_table_cell(table, sy_json_str(workspace, "process", NULL));
	ctl_table_cell(table, sy_json_str(workspace, "version", NULL));
	ctl_table_cell(table, sy_json_str(workspace, "binary", NULL));
	ctl_table_cell(table, sy_json_str(workspace, "limitedBy", NULL));
	ctl_table_number(table, workspace, "synced");
	ctl_table_number(table, workspace, "pending");
	ctl_table_number(table, workspace, "failing");
	ctl_table_cell(table, sy_json_str(workspace, "lastExit", NULL));
	ctl_table_cell(table, sy_json_str(workspace, "message", NULL));
}

int ctl_workspaces(struct ctl *ctl, int argc, char **argv)
{
	static const char *const narrow[] = {"WORKSPACE", "CLUSTER", "PID",	 "STATE",  "REASON",
					     "OBJECTS",	  "LAG",     "RESTARTS", "MEMORY", NULL};
	static const char *const wide[] = {"WORKSPACE", "CLUSTER", "PID",	"STATE",   "REASON", "OBJECTS", "LAG",
					   "RESTARTS",	"MEMORY",  "PROCESS",	"VERSION", "BINARY", "LIMITS",	"SYNCED",
					   "PENDING",	"FAILING", "LAST-EXIT", "MESSAGE", NULL};
	sy_auto_json json_object *value = NULL;
	const char *unused[1];

	ctl_parse(ctl, argc, argv, "", "Show the workspaces that are served, one line each.", 0, unused, 0);
	int rc = ctl_request(ctl, "workspaces", NULL, &value);
	if (rc != CTL_OK)
		return rc;
	if (!ctl_wants_table(ctl))
		return ctl_print_value(ctl, value);
	struct ctl_table *table = ctl_table_new(ctl->output == CTL_WIDE ? wide : narrow);
	size_t count = json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;
	for (size_t i = 0; i < count; i++)
		add_row(ctl, table, json_object_array_get_idx(value, i));
	if (count)
		ctl_table_print(table, stdout);
	else
		puts("No workspaces: no consumer has bound a supported export yet.");
	ctl_table_free(table);
	return CTL_OK;
}
