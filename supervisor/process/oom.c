#include "supervisor/process/oom.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"

int64_t sy_oom_count(const char *path)
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

/* The file of one line of /proc/self/cgroup: version 2 has "0::<path>", the memory hierarchy of version 1 "<number>:<names>:<path>". */
static bool events_of(const char *line, char path[PATH_MAX])
{
	const char *names = strchr(line, ':');
	const char *cgroup = names ? strchr(names + 1, ':') : NULL;

	if (!cgroup || cgroup[1] != '/')
		return false;
	if (strncmp(line, "0::", 3) == 0)
		snprintf(path, PATH_MAX, "/sys/fs/cgroup%s/memory.events", cgroup + 1);
	else if (strncmp(names, ":memory:", 8) == 0)
		snprintf(path, PATH_MAX, "/sys/fs/cgroup/memory%s/memory.oom_control", cgroup + 1);
	else
		return false;
	return sy_oom_count(path) >= 0;
}

/* Fill path with the file of this process's cgroup that counts kills; "" = there is none. */
static void own_events(char path[PATH_MAX])
{
	char line[PATH_MAX / 2];
	bool found = false;
	FILE *file = fopen("/proc/self/cgroup", "re");

	while (file && !found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		found = events_of(line, path);
	}
	if (!found)
		path[0] = '\0';
	if (file)
		fclose(file);
}

void sy_oom_init(struct sy_oom *oom, const char *path)
{
	if (path)
		snprintf(oom->path, sizeof(oom->path), "%s", path);
	else
		own_events(oom->path);
	oom->seen = sy_oom_count(oom->path);
	if (oom->seen < 0)
		oom->path[0] = '\0';
}

bool sy_oom_claim(struct sy_oom *oom)
{
	int64_t now = sy_oom_count(oom->path);

	if (now < 0 || now <= oom->seen)
		return false;
	oom->seen++;
	return true;
}
