/* syncerctl diagnose: the systemd units, and the end of the service's journal without what it says about objects. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "diagnose.h"
#include "run_program.h"
#include "withhold.h"

#define UNIT_BYTES (256u * 1024)
#define JOURNAL_BYTES (32u * 1024 * 1024) /* 2000 entries of the longest kind of syncerd's own */

/* Properties by name: Environment= may hold a secret. */
static const char properties[] =
	"--property=Id,LoadState,ActiveState,SubState,Result,UnitFileState,FragmentPath,DropInPaths,NeedDaemonReload,"
	"MainPID,ExecMainStartTimestamp,ExecMainStatus,NRestarts,StatusText,MemoryCurrent,MemoryHigh,MemoryMax,"
	"TasksCurrent,TasksMax,CPUWeight,LimitNOFILE,WatchdogUSec,Delegate,ControlGroup,ActiveEnterTimestamp,"
	"InactiveEnterTimestamp";
static const char *const show_unit[] = {"systemctl", "show", "--no-pager", properties, "syncerd.service", "syncerd-control.socket", NULL};
static const char *const show_journal[] = {"journalctl", "--no-pager", "--quiet", "--output=json", "--lines=2000", "--unit=syncerd.service",
					   NULL};

/* Run; false when there is nothing to add, which then is noted. */
static bool run(struct ctl_diagnose *diagnose, const char *file, const char *const *argv, struct sy_buf *out)
{
	struct ctl_run call = {.argv = argv, .timeout_ms = ctl_diagnose_left(diagnose, file)};
	struct sy_error err = {0};
	bool cut = false;
	int status;

	if (call.timeout_ms == 0)
		return false;
	status = ctl_run(&call, out, &cut, &err);
	if (status == -ENOENT)
		ctl_bundle_absent(&diagnose->bundle, file, "there is no %s here", argv[0]);
	else if (status < 0)
		ctl_bundle_missing(&diagnose->bundle, file, "%s", err.text);
	else if (status > 0)
		ctl_bundle_absent(&diagnose->bundle, file, "%s ended with status %d: the machine may not have been started with systemd",
				  argv[0], status);
	else if (cut)
		ctl_bundle_missing(&diagnose->bundle, file, "%s said more than %zu bytes: the rest is left out", argv[0], out->max);
	return status == 0;
}

static void add_journal(struct ctl_diagnose *diagnose, const char *file, char *lines)
{
	struct sy_buf text;

	sy_buf_init(&text, JOURNAL_BYTES);
	for (char *rest = lines, *line; rest && (line = strsep(&rest, "\n"));) {
		sy_auto_json json_object *entry = NULL;
		sy_auto_free char *kept = NULL;

		if (*line && sy_json_parse(line, strlen(line), SY_MAX_OBJECT_BYTES, &entry, NULL) == 0)
			kept = ctl_keep_journal_entry(entry);
		if (kept && (sy_buf_add_str(&text, kept) < 0 || sy_buf_add_str(&text, "\n") < 0))
			break;
	}
	ctl_bundle_add(&diagnose->bundle, file, sy_buf_str(&text), text.len);
	sy_buf_done(&text);
}

void ctl_diagnose_unit(struct ctl_diagnose *diagnose)
{
	sy_auto_free char *lines = NULL;
	struct sy_buf out;

	sy_buf_init(&out, UNIT_BYTES);
	if (run(diagnose, "unit.txt", show_unit, &out))
		ctl_bundle_add(&diagnose->bundle, "unit.txt", sy_buf_str(&out), out.len);
	sy_buf_done(&out);
	sy_buf_init(&out, JOURNAL_BYTES);
	if (run(diagnose, "journal.txt", show_journal, &out)) {
		lines = sy_buf_take(&out);
		add_journal(diagnose, "journal.txt", lines);
	}
	sy_buf_done(&out);
}
