#include "supervisor/oom.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"

/* Fill path with the memory.events of this process's cgroup (version 2: the line "0::<path>"). */
static void own_events(char path[PATH_MAX])
{
	char line[PATH_MAX / 2];
	FILE *file = fopen("/proc/self/cgroup", "re");

	path[0] = '\0';
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::/", 4) == 0)
			snprintf(path, PATH_MAX, "/sys/fs/cgroup%s/memory.events", line + 3);
	}
	fclose(file);
}

static int64_t read_counter(const char *path)
{
	static const char key[] = "oom_kill ";
	char line[128];
	int64_t count = -1;
	FILE *file = path[0] ? fopen(path, "re") : NULL;

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, key, sizeof(key) - 1) == 0 && !sy_num_parse(line + sizeof(key) - 1, 0, INT64_MAX, &count))
			count = -1;
	}
	fclose(file);
	return count;
}

void sy_oom_init(struct sy_oom *oom, const char *path)
{
	if (path)
		snprintf(oom->path, sizeof(oom->path), "%s", path);
	else
		own_events(oom->path);
	oom->seen = read_counter(oom->path);
	if (oom->seen < 0)
		oom->path[0] = '\0';
}

bool sy_oom_claim(struct sy_oom *oom)
{
	int64_t now = read_counter(oom->path);

	if (now < 0 || now <= oom->seen)
		return false;
	oom->seen++;
	return true;
}
