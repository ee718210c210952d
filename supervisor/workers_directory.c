#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "supervisor/workers_impl.h"

#define NAME_BYTES 35 /* "/" + 12 + "-" + 16 + ".sock" */

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

int sy_workers_directory(struct sy_workers *workers, struct sy_error *err)
{
	const char *runtime = workers->config->runtime_directory;
	struct sockaddr_un address;
	struct stat st;
	int n = snprintf(workers->directory, sizeof(workers->directory), "%s/workers", runtime);

	if (n < 0 || (size_t)n + NAME_BYTES >= sizeof(address.sun_path))
		return sy_error_set(err, ENAMETOOLONG,
				    "runtime directory %s: longer than the %zu bytes that leave room for a socket's name", runtime,
				    sizeof(address.sun_path) - NAME_BYTES - strlen("/workers") - 1);
	if (mkdir(runtime, 0755) < 0 && errno != EEXIST)
		return sy_error_set(err, errno, "runtime directory %s: %s", runtime, strerror(errno));
	if (mkdir(workers->directory, 0700) < 0 && errno != EEXIST)
		return sy_error_set(err, errno, "%s: %s", workers->directory, strerror(errno));
	if (lstat(workers->directory, &st) < 0)
		return sy_error_set(err, errno, "%s: %s", workers->directory, strerror(errno));
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 0077))
		return sy_error_set(err, EPERM, "%s: must be a directory of this user with mode 0700", workers->directory);
	remove_stale(workers->directory);
	return 0;
}
