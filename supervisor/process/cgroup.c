#include "supervisor/process/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/process/oom.h"

#define LEAF "supervisor"
#define PREFIX "worker-"
#define FILE_BYTES 64 /* of "/" and the name of one of the kernel's files */

/* The files of a cgroup are written at once and tell at close or write what the kernel thinks of it. */
static int put(const char *directory, const char *file, const char *text)
{
	char path[PATH_MAX + FILE_BYTES];
	ssize_t n;
	int code = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, file);
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	if (n < 0)
		code = -errno;
	if (close(fd) < 0 && code == 0)
		code = -errno;
	return code;
}

/* The first line; false when there is none. */
static bool first_line(const char *directory, const char *name, char *line, size_t size)
{
	char path[PATH_MAX + FILE_BYTES];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	bool ok = fgets(line, (int)size, file) != NULL;
	(void)fclose(file);
	line[ok ? strcspn(line, "\n") : 0] = '\0';
	return ok;
}

/* Is there nobody but us, or nobody at all? One line per process. */
static bool alone(const char *directory)
{
	char path[PATH_MAX + FILE_BYTES], line[32], own[16];
	bool others = false;

	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
	(void)snprintf(own, sizeof(own), "%d", (int)getpid());
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	while (!others && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		others = strcmp(line, own) != 0;
	}
	(void)fclose(file);
	return !others;
}

/* The cgroup of version 2 that this process is in, as a path below the mount. */
static bool own_path(const char *membership, char *path, size_t size)
{
	char line[PATH_MAX];
	bool found = false;
	FILE *file = fopen(membership, "re");

	while (file && !found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		found = strncmp(line, "0::/", 4) == 0 && strlcpy(path, line + 3, size) < size;
	}
	if (file)
		(void)fclose(file);
	return found;
}

/* Fill base. In the leaf already (the service manager can do that, too): the one above is meant. *ret_settled says so. */
static int find_base(struct sy_cgroup *cgroup, const char *mount, const char *membership, bool *ret_settled, struct sy_error *err)
{
	char path[sizeof(cgroup->base)];

	if (!own_path(membership, path, sizeof(path)))
		return sy_error_set(err, ENOTSUP, "no cgroup v2 has this process");
	char *last = strrchr(path, '/');
	*ret_settled = strcmp(last + 1, LEAF) == 0;
	if (*ret_settled || last[1] == '\0')
		*last = '\0';
	int n = snprintf(cgroup->base, sizeof(cgroup->base), "%s%s", mount, path);
	return n > 0 && (size_t)n < sizeof(cgroup->base) ? 0 : sy_error_set(err, ENAMETOOLONG, "the path of the cgroup is too long");
}

/* What can be known before anything is changed. */
static int check(const struct sy_cgroup *cgroup, char *controllers, size_t size, struct sy_error *err)
{
	char path[PATH_MAX + FILE_BYTES], line[256];

	if (!first_line(cgroup->base, "cgroup.controllers", line, sizeof(line)))
		return sy_error_set(err, ENOTSUP, "%s has no controllers of cgroup v2", cgroup->base);
	(void)snprintf(controllers, size, " %s ", line);
	if (!strstr(controllers, " memory "))
		return sy_error_set(err, ENOTSUP, "%s has no memory controller", cgroup->base);
	(void)snprintf(path, sizeof(path), "%s/cgroup.events", cgroup->base);
	if (access(path, F_OK) < 0) /* only the root has none */
		return sy_error_set(err, ENOTSUP, "%s is the root of all cgroups", cgroup->base);
	(void)snprintf(path, sizeof(path), "%s/cgroup.subtree_control", cgroup->base);
	if (access(path, W_OK) < 0)
		return sy_error_set(err, errno, "%s is not delegated to this service: %s", cgroup->base, strerror(errno));
	if (!alone(cgroup->base))
		return sy_error_set(err, ENOTSUP, "%s has other processes, too", cgroup->base);
	return 0;
}

static int move_self(const char *directory)
{
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	return put(directory, "cgroup.procs", pid);
}

static bool hand_down(const struct sy_cgroup *cgroup, const char *controllers, const char *name)
{
	char text[16];

	(void)snprintf(text, sizeof(text), " %s ", name);
	if (!strstr(controllers, text))
		return false;
	(void)snprintf(text, sizeof(text), "+%s", name);
	return put(cgroup->base, "cgroup.subtree_control", text) == 0;
}

static int settle(struct sy_cgroup *cgroup, const char *controllers, bool settled, struct sy_error *err)
{
	char leaf[PATH_MAX];
	int rc = 0;

	(void)snprintf(leaf, sizeof(leaf), "%s/" LEAF, cgroup->base);
	if (!settled && mkdir(leaf, 0755) < 0 && errno != EEXIST)
		return sy_error_set(err, errno, "make %s: %s", leaf, strerror(errno));
	if (!settled)
		rc = move_self(leaf);
	if (rc < 0) {
		(void)rmdir(leaf);
		return sy_error_set(err, -rc, "move to %s: %s", leaf, strerror(-rc));
	}
	cgroup->pids = hand_down(cgroup, controllers, "pids");
	cgroup->cpu = hand_down(cgroup, controllers, "cpu");
	cgroup->memory = hand_down(cgroup, controllers, "memory");
	if (cgroup->memory)
		return 0;
	if (!settled && move_self(cgroup->base) == 0)
		(void)rmdir(leaf);
	return sy_error_set(err, ENOTSUP, "%s hands no memory controller down", cgroup->base);
}

/* Remove what is empty; the kernel refuses the others. */
static void sweep(struct sy_cgroup *cgroup)
{
	DIR *directory = opendir(cgroup->base);
	const struct dirent *entry;

	cgroup->left = false;
	if (!directory)
		return;
	while ((entry = readdir(directory))) {
		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		if (unlinkat(dirfd(directory), entry->d_name, AT_REMOVEDIR) < 0)
			cgroup->left = true;
	}
	(void)closedir(directory);
}

int sy_cgroup_open(struct sy_cgroup *cgroup, const char *mount, const char *membership, struct sy_error *err)
{
	char controllers[260];
	bool settled = false;

	*cgroup = (struct sy_cgroup){0};
	int rc = find_base(cgroup, mount, membership, &settled, err);
	if (rc == 0)
		rc = check(cgroup, controllers, sizeof(controllers), err);
	if (rc == 0)
		rc = settle(cgroup, controllers, settled, err);
	if (rc == 0)
		sweep(cgroup);
	else
		*cgroup = (struct sy_cgroup){0};
	return rc;
}

static void path_of(const struct sy_cgroup *cgroup, const char *name, char path[PATH_MAX])
{
	(void)snprintf(path, PATH_MAX, "%s/" PREFIX "%s", cgroup->base, name);
}

static int put_number(const char *path, const char *file, int64_t number, struct sy_error *err)
{
	char text[24] = "max";

	if (number > 0)
		(void)snprintf(text, sizeof(text), "%" PRId64, number);
	int rc = put(path, file, text);
	return rc < 0 ? sy_error_set(err, -rc, "write %s to %s/%s: %s", text, path, file, strerror(-rc)) : 0;
}

int sy_cgroup_limit(const struct sy_cgroup *cgroup, const char *name, const struct sy_config_limits *limits, struct sy_error *err)
{
	char path[PATH_MAX];
	int rc = 0;

	path_of(cgroup, name, path);
	if (cgroup->memory)
		rc = put_number(path, "memory.high", limits->memory_high, err);
	if (rc == 0 && cgroup->memory)
		rc = put_number(path, "memory.max", limits->memory_max, err);
	if (rc == 0 && cgroup->cpu)
		rc = put_number(path, "cpu.weight", limits->cpu_weight, err);
	if (rc == 0 && cgroup->pids)
		rc = put_number(path, "pids.max", limits->pids_max, err);
	return rc;
}

int sy_cgroup_make(struct sy_cgroup *cgroup, const char *name, const struct sy_config_limits *limits, struct sy_error *err)
{
	char path[PATH_MAX];

	if (cgroup->left)
		sweep(cgroup);
	path_of(cgroup, name, path);
	if (mkdir(path, 0755) < 0)
		return sy_error_set(err, errno, "make %s: %s", path, strerror(errno));
	int rc = sy_cgroup_limit(cgroup, name, limits, err);
	if (rc < 0)
		sy_cgroup_remove(cgroup, name);
	return rc;
}

int sy_cgroup_enter(const struct sy_cgroup *cgroup, const char *name, pid_t pid, struct sy_error *err)
{
	char path[PATH_MAX], text[16];

	path_of(cgroup, name, path);
	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	int rc = put(path, "cgroup.procs", text);
	return rc < 0 ? sy_error_set(err, -rc, "move pid %s to %s: %s", text, path, strerror(-rc)) : 0;
}

bool sy_cgroup_oom_killed(const struct sy_cgroup *cgroup, const char *name)
{
	char path[PATH_MAX], file[PATH_MAX + FILE_BYTES];

	path_of(cgroup, name, path);
	(void)snprintf(file, sizeof(file), "%s/memory.events", path);
	return sy_oom_count(file) > 0;
}

void sy_cgroup_remove(struct sy_cgroup *cgroup, const char *name)
{
	char path[PATH_MAX];

	path_of(cgroup, name, path);
	if (rmdir(path) < 0 && errno != ENOENT)
		cgroup->left = true;
}
