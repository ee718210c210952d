/* syncerctl diagnose: versions, the machine, each process with its limits, and which files lie where. Their content is not read. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "base/visible.h"
#include "diagnose.h"

#define FILE_BYTES (64u * 1024)	    /* of one file of /proc */
#define PROCESS_BYTES (512u * 1024) /* all about one process */
#define LIST_BYTES (1024u * 1024)
#define LIST_DEPTH 4
#define PROCESSES_SHOWN 256

static void add_buf(struct ctl_diagnose *diagnose, const char *file, struct sy_buf *text)
{
	ctl_bundle_add(&diagnose->bundle, file, sy_buf_str(text), text->len);
	sy_buf_done(text);
}

/* "== title" and the file's text. */
static void add_file(struct sy_buf *to, const char *title, const char *path)
{
	sy_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	sy_auto_free char *text = malloc(FILE_BYTES);
	ssize_t n = fd >= 0 && text ? read(fd, text, FILE_BYTES) : -1;

	if (n < 0)
		(void)sy_buf_printf(to, "== %s\n%s\n", title, text ? strerror(errno) : "out of memory");
	else
		(void)sy_buf_printf(to, "== %s\n%.*s%s", title, (int)n, text, n > 0 && text[n - 1] == '\n' ? "" : "\n");
}

static void add_machine(struct ctl_diagnose *diagnose)
{
	static const char *const paths[] = {"/etc/os-release",
					    "/proc/version",
					    "/proc/uptime",
					    "/proc/loadavg",
					    "/proc/meminfo",
					    "/proc/self/cgroup",
					    "/sys/fs/cgroup/cgroup.controllers"};
	struct utsname name = {0};
	struct sy_buf text;
	char now[21];

	sy_buf_init(&text, PROCESS_BYTES);
	(void)uname(&name);
	sy_time_format(time(NULL), now);
	(void)sy_buf_printf(&text, "== time\n%s\n== kernel\n%s %s %s %s\n", now, name.sysname, name.release, name.version, name.machine);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		add_file(&text, paths[i], paths[i]);
	add_buf(diagnose, "machine.txt", &text);
}

/* The shared libraries that a process has mapped, with " (deleted)" behind those that were replaced since. */
static void add_libraries(struct sy_buf *to, pid_t pid)
{
	sy_auto_free char *copy = NULL;
	const char *last = "";
	struct sy_buf maps;

	sy_buf_init(&maps, PROCESS_BYTES);
	(void)ctl_proc_read(pid, "maps", &maps);
	copy = sy_buf_take(&maps);
	(void)sy_buf_add_str(to, "== libraries\n");
	for (char *rest = copy, *line; rest && (line = strsep(&rest, "\n"));) {
		const char *path = strchr(line, '/');

		if (!path || !strstr(path, ".so") || strcmp(path, last) == 0)
			continue;
		(void)sy_buf_printf(to, "%s\n", path);
		last = path;
	}
}

static void add_command(struct sy_buf *to, pid_t pid)
{
	char program[PATH_MAX];
	bool deleted = false;
	struct sy_buf line;

	sy_buf_init(&line, 4096);
	(void)ctl_proc_program(pid, program, &deleted);
	(void)ctl_proc_read(pid, "cmdline", &line);
	for (size_t i = 0; i + 1 < line.len; i++)
		if (!line.data[i])
			line.data[i] = ' ';
	(void)sy_buf_printf(to, "== program\n%s%s\n== command line\n%s\n", program,
			    deleted ? " (replaced or removed since it was started)" : "", sy_buf_str(&line));
	sy_buf_done(&line);
}

/* Its group of version 2 and the limits there. */
static void add_cgroup(struct sy_buf *to, pid_t pid)
{
	static const char *const names[] = {"memory.current", "memory.high", "memory.max",   "memory.events",
					    "cpu.weight",     "cpu.stat",    "pids.current", "pids.max"};
	struct sy_buf text;
	const char *group;

	sy_buf_init(&text, FILE_BYTES);
	(void)ctl_proc_read(pid, "cgroup", &text);
	(void)sy_buf_printf(to, "== cgroup\n%s", sy_buf_str(&text));
	group = strstr(sy_buf_str(&text), "0::/");
	for (size_t i = 0; group && i < sizeof(names) / sizeof(names[0]); i++) {
		char path[PATH_MAX];

		(void)snprintf(path, sizeof(path), "/sys/fs/cgroup%.*s/%s", (int)strcspn(group + 3, "\n"), group + 3, names[i]);
		if (access(path, R_OK) == 0)
			add_file(to, names[i], path);
	}
	sy_buf_done(&text);
}

static void add_process(struct ctl_diagnose *diagnose, pid_t pid, const char *name)
{
	static const char *const names[] = {"status", "limits", "stat", "oom_score_adj", "wchan"};
	char file[CTL_BUNDLE_NAME];
	struct sy_buf text;

	sy_buf_init(&text, PROCESS_BYTES);
	add_command(&text, pid);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, names[i]);
		add_file(&text, names[i], path);
	}
	add_cgroup(&text, pid);
	add_libraries(&text, pid);
	(void)snprintf(file, sizeof(file), "processes/%s-%ld.txt", name, (long)pid);
	add_buf(diagnose, file, &text);
}

static void add_processes(struct ctl_diagnose *diagnose)
{
	pid_t pids[PROCESSES_SHOWN];
	size_t count;

	add_process(diagnose, getpid(), "syncerctl");
	if (diagnose->pid <= 0) {
		ctl_bundle_missing(&diagnose->bundle, "processes", "no syncerd is behind %s", diagnose->ctl->socket);
		return;
	}
	add_process(diagnose, diagnose->pid, "syncerd");
	count = ctl_proc_children(diagnose->pid, pids, PROCESSES_SHOWN);
	for (size_t i = 0; i < count; i++)
		add_process(diagnose, pids[i], "worker");
	if (count == PROCESSES_SHOWN)
		ctl_bundle_missing(&diagnose->bundle, "processes", "only %d processes are in here", PROCESSES_SHOWN);
}

/* Names are whoever's may write there: they are shown with their controls in view, and no link is followed in place of a directory. */
static void list(struct sy_buf *to, int at, const char *name, const char *path, unsigned depth)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (at == AT_FDCWD ? 0 : O_NOFOLLOW));
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);

	if (!folder) {
		const char *why = strerror(errno);

		if (fd >= 0)
			(void)close(fd);
		(void)sy_visible_add(to, path);
		(void)sy_buf_printf(to, ": %s\n", why);
		return;
	}
	for (struct dirent *entry; (entry = readdir(folder));) {
		char below[PATH_MAX], when[21];
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) >= (int)sizeof(below) ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		sy_time_format(st.st_mtime, when);
		(void)sy_buf_printf(to, "%06o %u:%u %lld %s ", (unsigned)st.st_mode, (unsigned)st.st_uid, (unsigned)st.st_gid,
				    (long long)st.st_size, when);
		(void)sy_visible_add(to, below);
		(void)sy_buf_add_str(to, "\n");
		if (S_ISDIR(st.st_mode) && depth > 1)
			list(to, fd, entry->d_name, below, depth - 1);
	}
	(void)closedir(folder);
}

static void add_folders(struct ctl_diagnose *diagnose)
{
	const struct sy_config *config = diagnose->config;
	const char *const paths[] = {config ? config->state_directory : "/var/lib/syncerd",
				     config ? config->runtime_directory : "/run/syncerd"};
	struct sy_buf text;

	sy_buf_init(&text, LIST_BYTES);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct statvfs fs;

		(void)sy_buf_printf(&text, "== %s (mode, owner, size, time, name)\n", paths[i]);
		list(&text, AT_FDCWD, paths[i], paths[i], LIST_DEPTH);
		if (statvfs(paths[i], &fs) == 0)
			(void)sy_buf_printf(&text, "room: %llu of %llu bytes free\n", (unsigned long long)fs.f_bavail * fs.f_frsize,
					    (unsigned long long)fs.f_blocks * fs.f_frsize);
	}
	add_buf(diagnose, "folders.txt", &text);
}

void ctl_diagnose_host(struct ctl_diagnose *diagnose)
{
	add_machine(diagnose);
	add_processes(diagnose);
	add_folders(diagnose);
}
