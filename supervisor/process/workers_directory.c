#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "supervisor/process/workers_impl.h"

#define NAME_BYTES 35 /* "/" + 12 + "-" + 16 + ".sock" */
#define WORKERS "/workers"

static void remove_stale(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (len > 5 && strcmp(entry->d_name + len - 5, ".sock") == 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
}

int sy_workers_runtime_fits(const char *path, struct sy_error *err)
{
	struct sockaddr_un address;
	size_t room = sizeof(address.sun_path) - NAME_BYTES - strlen(WORKERS) - 1;

	if (strlen(path) <= room)
		return 0;
	return sy_error_set(err, ENAMETOOLONG, "runtime directory %s: longer than the %zu bytes that leave room for a socket's name", path,
			    room);
}

int sy_workers_runtime(const char *path, struct sy_error *err)
{
	int rc = sy_workers_runtime_fits(path, err);

	if (rc == 0 && mkdir(path, 0755) < 0 && errno != EEXIST)
		rc = sy_error_set(err, errno, "make runtimeDirectory %s: %s; create it, writable for this user", path, strerror(errno));
	return rc;
}

int sy_workers_directory_ensure(const struct sy_workers *workers, struct sy_error *err)
{
	char runtime[sizeof(workers->directory)];
	struct stat st;

	(void)snprintf(runtime, sizeof(runtime), "%.*s", (int)(strlen(workers->directory) - strlen(WORKERS)), workers->directory);
	int rc = sy_workers_runtime(runtime, err);
	if (rc < 0)
		return rc;
	if (mkdir(workers->directory, 0700) < 0 && errno != EEXIST)
		return sy_error_set(err, errno, "%s: %s", workers->directory, strerror(errno));
	if (lstat(workers->directory, &st) < 0)
		return sy_error_set(err, errno, "%s: %s", workers->directory, strerror(errno));
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 0077))
		return sy_error_set(err, EPERM, "%s: must be a directory of this user with mode 0700", workers->directory);
	return 0;
}

int sy_workers_directory(struct sy_workers *workers, struct sy_error *err)
{
	(void)snprintf(workers->directory, sizeof(workers->directory), "%s" WORKERS, workers->config->runtime_directory);
	int rc = sy_workers_directory_ensure(workers, err);

	if (rc == 0)
		remove_stale(workers->directory);
	return rc;
}
