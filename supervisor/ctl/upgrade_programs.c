/* syncerctl upgrade check: what lies on this machine and what runs. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "run_program.h"
#include "supervisor/config/file.h"
#include "upgrade.h"

#define RUN_MS 20000
#define SAID_BYTES 4096
#define STATE_VERSION 1 /* of paused.json and held.json */
#define PIDS_SHOWN 8

/* The path of a program comes from a syncerd that may be somebody else's by now: with the rights of whoever asks only what that person or
 * root has written is run. -errno. */
static int open_own(const char *path, int *ret_fd, struct sy_error *err)
{
	sy_auto_close int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return sy_error_set(err, errno, "%s: %s", path, strerror(errno));
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & S_IWOTH))
		return sy_error_set(err, EPERM, "%s is not run: users other than root and you can write to it", path);
	*ret_fd = sy_take_fd(fd);
	return 0;
}

/* The first line that a program prints for these words; its exit status, or -errno. */
static int first_line(const char *const *argv, char **ret_line)
{
	sy_auto_close int fd = -1;
	char file[64];
	const struct ctl_run run = {.argv = argv, .file = file, .timeout_ms = RUN_MS, .with_stderr = true};
	struct sy_error err = {0};
	struct sy_buf said;
	int status = open_own(argv[0], &fd, &err);

	sy_buf_init(&said, SAID_BYTES);
	(void)snprintf(file, sizeof(file), "/proc/%ld/fd/%d", (long)getpid(), fd); /* that one, whatever has its name by now */
	if (status == 0)
		status = ctl_run(&run, &said, NULL, &err);
	*ret_line = status < 0 ? ctl_format("%s", err.text) : ctl_format("%.*s", (int)strcspn(sy_buf_str(&said), "\n"), sy_buf_str(&said));
	sy_buf_done(&said);
	return status;
}

/* "0.1.0" of "syncerd 0.1.0"; "" when it says nothing like that. malloc'ed. */
static char *version_of(const char *program)
{
	const char *const argv[] = {program, "--version", NULL};
	sy_auto_free char *line = NULL;
	const char *blank;

	if (first_line(argv, &line) != 0)
		return ctl_format("%s", "");
	blank = strrchr(line, ' ');
	return ctl_format("%s", blank ? blank + 1 : "");
}

static void check_installed(struct ctl_upgrade *upgrade)
{
	sy_auto_free char *worker = upgrade->config ? ctl_format("%s", upgrade->config->worker_program) : NULL;
	sy_auto_free char *own = NULL, *theirs = NULL;

	if (!worker || access(worker, X_OK) < 0) {
		free(worker);
		worker = ctl_checked(sy_file_beside(upgrade->program, "syncer-worker"));
		if (access(worker, X_OK) < 0) {
			free(worker);
			worker = ctl_checked(sy_file_beside(upgrade->program, "../libexec/syncerd/syncer-worker"));
		}
	}
	own = version_of(upgrade->program);
	theirs = version_of(worker);
	if (!*own || !*theirs)
		ctl_upgrade_attention(upgrade, "installed programs", "install the package again",
				      "%s does not tell its version: it is missing, cannot be run, or is not root's",
				      *own ? worker : upgrade->program);
	else if (strcmp(own, theirs) != 0 || strcmp(own, SY_VERSION) != 0)
		ctl_upgrade_attention(upgrade, "installed programs", "install syncerd, syncer-worker and syncerctl of one version",
				      "syncerd %s, syncer-worker %s, syncerctl %s", own, theirs, SY_VERSION);
	else
		ctl_upgrade_good(upgrade, "installed programs", "all of version %s", own);
}

/* Whether a process runs another file than the one that has its program's name now. false also when that cannot be told. */
static bool is_old(pid_t pid, bool *ret_known)
{
	char path[PATH_MAX], link[64];
	struct stat running, installed;
	bool deleted = false;

	*ret_known = ctl_proc_program(pid, path, &deleted);
	if (!*ret_known || deleted)
		return deleted;
	(void)snprintf(link, sizeof(link), "/proc/%ld/exe", (long)pid);
	*ret_known = stat(link, &running) == 0 && stat(path, &installed) == 0;
	return *ret_known && (running.st_ino != installed.st_ino || running.st_dev != installed.st_dev);
}

static void check_supervisor(struct ctl_upgrade *upgrade)
{
	const char *running = sy_json_str(upgrade->status, "version", NULL);
	sy_auto_free char *installed = version_of(upgrade->program);
	bool known = false, old = upgrade->pid > 0 && is_old(upgrade->pid, &known);

	if (upgrade->pid <= 0)
		ctl_upgrade_attention(upgrade, "running syncerd", "systemctl start syncerd", "none: %s", upgrade->trouble.text);
	else if (!known)
		ctl_upgrade_attention(upgrade, "running syncerd", "run this as root", "the program of pid %ld cannot be told",
				      (long)upgrade->pid);
	else if (old || (running && *installed && strcmp(running, installed) != 0))
		ctl_upgrade_attention(upgrade, "running syncerd", "systemctl restart syncerd",
				      "pid %ld is version %s from a program that was replaced; version %s is installed", (long)upgrade->pid,
				      running ? running : "unknown", *installed ? installed : "unknown");
	else
		ctl_upgrade_good(upgrade, "running syncerd", "pid %ld is version %s, as installed", (long)upgrade->pid,
				 running ? running : installed);
}

static void check_workers(struct ctl_upgrade *upgrade)
{
	sy_auto_free pid_t *pids = ctl_checked(calloc(CTL_PROC_CHILDREN, sizeof(*pids)));
	size_t count = upgrade->pid > 0 ? ctl_proc_children(upgrade->pid, pids, CTL_PROC_CHILDREN) : 0;
	sy_auto_json json_object *old = ctl_checked(json_object_new_array());
	sy_auto_free char *some = NULL;

	for (size_t i = 0; i < count; i++) {
		bool known;

		if (is_old(pids[i], &known) && json_object_array_add(old, ctl_checked(json_object_new_int64(pids[i]))) < 0)
			(void)ctl_checked(NULL);
	}
	some = ctl_some_of(old);
	if (upgrade->pid <= 0)
		ctl_upgrade_skipped(upgrade, "workers", NULL, "no syncerd is running");
	else if (json_object_array_length(old) > 0)
		ctl_upgrade_attention(upgrade, "workers", "systemctl reload syncerd", "%zu of %zu run a program that was replaced: pid %s",
				      json_object_array_length(old), count, some);
	else
		ctl_upgrade_good(upgrade, "workers", "%zu, all of the installed program", count);
}

static void check_protocol(struct ctl_upgrade *upgrade)
{
	if (upgrade->pid <= 0)
		ctl_upgrade_skipped(upgrade, "control protocol", NULL, "no syncerd is running");
	else if (upgrade->status)
		ctl_upgrade_good(upgrade, "control protocol", "both speak version %d", SY_CONTROL_VERSION);
	else
		ctl_upgrade_attention(upgrade, "control protocol", "systemctl restart syncerd", "%s", upgrade->trouble.text);
}

static void check_config(struct ctl_upgrade *upgrade)
{
	const char *const argv[] = {upgrade->program, "--check-config", "--config", upgrade->config_file, NULL};
	sy_auto_free char *line = NULL;

	if (first_line(argv, &line) == 0)
		ctl_upgrade_good(upgrade, "configuration", "the installed syncerd takes %s", upgrade->config_file);
	else
		ctl_upgrade_attention(upgrade, "configuration", "correct it: until then neither a reload nor a restart takes it", "%s",
				      line);
}

/* NULL, or what is wrong with a file of the state directory. malloc'ed. */
static char *state_trouble(const char *directory, const char *name)
{
	sy_auto_free char *path = ctl_format("%s/%s", directory, name);
	sy_auto_json json_object *value = NULL;
	sy_auto_free char *data = NULL;
	struct sy_error err = {0};
	int64_t version = 0;
	size_t len = 0;

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return NULL;
	if (sy_file_read(path, SY_MAX_OBJECT_BYTES, &data, &len, NULL, &err) < 0)
		return ctl_format("%s", err.text);
	if (strcmp(name, "identity") == 0)
		return len > 0 ? NULL : ctl_format("%s is empty", path);
	if (sy_json_parse(data, len, SY_MAX_OBJECT_BYTES, &value, &err) < 0)
		return ctl_format("%s: %s", path, err.text);
	if (!sy_json_int(value, &version, "version", NULL) || version != STATE_VERSION)
		return ctl_format("%s is not of version %d, which is all that this version knows", path, STATE_VERSION);
	return NULL;
}

static void check_state(struct ctl_upgrade *upgrade)
{
	static const char *const names[] = {"identity", "paused.json", "held.json"};
	const char *directory = upgrade->config ? upgrade->config->state_directory : NULL;
	struct stat st;

	if (!directory) {
		ctl_upgrade_skipped(upgrade, "state directory", NULL, "without a configuration it is not known");
		return;
	}
	if (stat(directory, &st) < 0 || !S_ISDIR(st.st_mode)) {
		ctl_upgrade_attention(upgrade, "state directory", "make it, or let the service start, which does", "%s is not there",
				      directory);
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		sy_auto_free char *trouble = state_trouble(directory, names[i]);

		if (!trouble)
			continue;
		ctl_upgrade_attention(upgrade, "state directory", "see syncerd(8), and run this as root", "%s", trouble);
		return;
	}
	ctl_upgrade_good(upgrade, "state directory", "%s, version %d", directory, STATE_VERSION);
}

void ctl_upgrade_programs(struct ctl_upgrade *upgrade)
{
	check_installed(upgrade);
	check_config(upgrade);
	check_supervisor(upgrade);
	check_workers(upgrade);
	check_protocol(upgrade);
	check_state(upgrade);
}
