/* How many descriptors this process has open, for tests that none is lost. */
#ifndef SY_TESTS_UNIT_DESCRIPTORS_H
#define SY_TESTS_UNIT_DESCRIPTORS_H

#include <dirent.h>

static inline unsigned count_fds(void)
{
	unsigned count = 0;
	DIR *dir = opendir("/proc/self/fd");

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

#endif
