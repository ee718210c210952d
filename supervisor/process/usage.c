#include "supervisor/process/usage.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/num.h"

/* The number of KiB that a file of /proc gives for name ("Name:"), -1 when there is none. */
static int64_t proc_kib(pid_t pid, const char *in, const char *name)
{
	char path[64], line[256];
	int64_t kib = -1;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, in);
	file = pid > 0 ? fopen(path, "re") : NULL;
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		char *number = line + strlen(name);

		if (strncmp(line, name, strlen(name)) != 0)
			continue;
		number += strspn(number, " \t");
		number[strcspn(number, " ")] = '\0';
		if (!sy_num_parse(number, 0, INT64_MAX / 1024, &kib))
			kib = -1;
	}
	(void)fclose(file);
	return kib;
}

int64_t sy_usage_anonymous_bytes(pid_t pid)
{
	int64_t kib = proc_kib(pid, "status", "RssAnon:");

	return kib < 0 ? -1 : kib * 1024;
}

int64_t sy_usage_reserved_bytes(pid_t pid)
{
	int64_t data = proc_kib(pid, "status", "VmData:"), used = proc_kib(pid, "status", "RssAnon:");

	return data < 0 || used < 0 ? -1 : data > used ? (data - used) * 1024 : 0;
}

/* Workers are not dumpable, so only root may ask for the exact number; others get what is nearest to it among those that anybody may know. */
int64_t sy_usage_private_bytes(pid_t pid)
{
	int64_t kib = proc_kib(pid, "smaps_rollup", "Private_Dirty:");
	int64_t anonymous = kib < 0 ? sy_usage_anonymous_bytes(pid) : 0;

	return kib >= 0 ? kib * 1024 : anonymous < 0 ? 0 : anonymous;
}

/* A whole file of /proc that is one line. */
static bool read_line(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	size_t len;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = pid > 0 ? fopen(path, "re") : NULL;
	if (!file)
		return false;
	len = fread(text, 1, size - 1, file);
	text[len] = '\0';
	(void)fclose(file);
	return len > 0;
}

bool sy_usage_memory(pid_t pid, int64_t *ret_resident_bytes, int64_t *ret_anonymous_bytes)
{
	const int64_t page = sysconf(_SC_PAGESIZE);
	int64_t field[3]; /* size, resident, shared: all in pages */
	char text[256], *rest = text;

	if (page <= 0 || !read_line(pid, "statm", text, sizeof(text)))
		return false;
	for (size_t i = 0; i < sizeof(field) / sizeof(field[0]); i++) {
		const char *word = strsep(&rest, " \n");

		if (!word || !sy_num_parse(word, 0, INT64_MAX / page, &field[i]))
			return false;
	}
	*ret_resident_bytes = field[1] * page;
	*ret_anonymous_bytes = field[1] > field[2] ? (field[1] - field[2]) * page : 0;
	return true;
}

/* proc(5) numbers the fields from 1; the second is a name in parentheses that may hold anything. */
bool sy_usage_of(pid_t pid, struct sy_usage *ret_usage)
{
	const int64_t ticks = sysconf(_SC_CLK_TCK), page = sysconf(_SC_PAGESIZE);
	int64_t field[25] = {0};
	char text[1024], *rest, *word;

	if (ticks <= 0 || page <= 0 || !read_line(pid, "stat", text, sizeof(text)))
		return false;
	rest = strrchr(text, ')');
	if (!rest)
		return false;
	rest += strspn(rest, ") ");
	for (size_t i = 3; i < sizeof(field) / sizeof(field[0]) && (word = strsep(&rest, " \n")); i++) {
		if ((i == 14 || i == 15 || i >= 22) && !sy_num_parse(word, 0, INT64_MAX, &field[i]))
			return false;
	}
	*ret_usage = (struct sy_usage){
		.cpu_ms = (field[14] + field[15]) * 1000 / ticks, .virtual_bytes = field[23], .resident_bytes = field[24] * page};
	return true;
}

int64_t sy_usage_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	const struct dirent *entry;
	int64_t count = 0;

	if (!directory)
		return -1;
	while ((entry = readdir(directory)))
		count += entry->d_name[0] != '.';
	(void)closedir(directory);
	return count - 1; /* the one that was open for counting */
}

void sy_usage_raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	rlim_t most = limit.rlim_max < SY_USAGE_DESCRIPTORS_MOST ? limit.rlim_max : SY_USAGE_DESCRIPTORS_MOST;
	if (limit.rlim_cur >= most)
		return;
	limit.rlim_cur = most;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

int sy_usage_spare_descriptors(int64_t spare, struct sy_error *err)
{
	struct rlimit limit;
	int64_t count = sy_usage_descriptors();

	if (count < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= (rlim_t)(count + spare))
		return 0;
	return sy_error_set(err, EMFILE, "%" PRId64 " of %" PRIu64 " descriptors in use: raise LimitNOFILE (ulimit -n)", count,
			    (uint64_t)limit.rlim_cur);
}
