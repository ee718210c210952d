/* syncer-worker: keeps one logical cluster in step. Started by syncerd only. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "workers/boot.h"
#include "workers/sandbox.h"
#include "workers/session.h"

static const char usage[] = "syncer-worker keeps one kcp workspace in step with the cluster. It is started by syncerd, which hands it its\n"
			    "plan and credentials over an inherited descriptor; it cannot be started by hand.\n"
			    "\n"
			    "  --help     show this text\n"
			    "  --version  show the version\n";

/* -1 = no option asked for an answer: go on. */
static int options(int argc, char **argv)
{
	static const struct option names[] = {{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {0}};
	int c = getopt_long(argc, argv, "hV", names, NULL);

	if (c == -1 && optind == argc)
		return -1;
	if (c == 'h') {
		fputs(usage, stdout);
		return SY_EXIT_ORDERLY;
	}
	if (c == 'V') {
		puts("syncer-worker " SY_VERSION);
		return SY_EXIT_ORDERLY;
	}
	fputs(usage, stderr);
	return SY_EXIT_USAGE;
}

static int fail(int code, const struct sy_error *err)
{
	sy_error_log(NULL, "%s", err->text);
	return code;
}

static int serve(const struct sy_boot *boot)
{
	struct sy_error err = {0};
	struct sy_loop *loop = NULL;
	struct sy_session *session = NULL;
	int code = SY_EXIT_FAILED;

	if (sy_sandbox_enter(&err) < 0)
		return fail(SY_EXIT_FAILED, &err);
	if (sy_loop_new(&loop, &err) < 0)
		return fail(SY_EXIT_FAILED, &err);
	if (sy_session_new(&session, loop, boot, SY_LIFELINE_FD, &err) == 0) {
		sy_loop_run(loop); /* the worker's life */
		code = sy_session_result(session);
	} else {
		fail(code, &err);
	}
	sy_session_free(session);
	sy_loop_free(loop);
	return code;
}

int main(int argc, char **argv, char **envp)
{
	struct sy_error err = {0};
	struct sy_boot boot = {0};
	int code = options(argc, argv);

	if (code >= 0)
		return code;
	sy_log_init("syncer-worker", SY_LOG_INFO, SY_LOG_TEXT);
	int rc = sy_worker_prepare(argc, argv, envp, &err);
	if (rc < 0)
		return fail(rc == -ESRCH ? SY_EXIT_ORPHAN : SY_EXIT_FAILED, &err);
	rc = sy_worker_take_boot(&boot, &err);
	if (rc == -ENOENT) {
		fputs("syncer-worker: there is no boot message: this program is started by syncerd, not by hand (see --help)\n", stderr);
		return SY_EXIT_USAGE;
	}
	if (rc < 0)
		return fail(SY_EXIT_BOOT, &err);
	sy_log_init("syncer-worker", boot.log_level, boot.log_format);
	sy_log_set_cluster(boot.plan.cluster);
	setproctitle("-syncer-worker: %s", boot.plan.path[0] ? boot.plan.path : boot.plan.cluster);
	code = serve(&boot);
	sy_boot_done(&boot);
	return code;
}
