/* Started by test_spawn.c in place of a worker: examines what it inherited and exits with the number of the first thing that is wrong,
 * 0 when all is right, or waits when the boot message says so. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/boot.h"

extern char **environ;

static int check_environment(void)
{
	static const char *const allowed[] = {
		"PATH=", "LANG=", "TZ=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS=", "TSAN_OPTIONS=", "MALLOC_ARENA_MAX=1"};
	for (char **entry = environ; *entry; entry++) {
		bool found = false;

		for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
			found |= strncmp(*entry, allowed[i], strlen(allowed[i])) == 0;
		if (!found)
			return 20;
	}
	return getenv("MALLOC_ARENA_MAX") ? 0 : 21;
}

static int check_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	struct stat st, null;
	int extra = 0;

	if (!dir)
		return 30;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && strtoul(entry->d_name, NULL, 10) > SY_LIFELINE_FD &&
		    strtoul(entry->d_name, NULL, 10) != (unsigned long)dirfd(dir))
			extra++;
	closedir(dir);
	if (extra)
		return 31;
	if (fstat(STDIN_FILENO, &st) < 0 || stat("/dev/null", &null) < 0 || st.st_rdev != null.st_rdev)
		return 32;
	if (fstat(SY_LIFELINE_FD, &st) < 0 || !S_ISFIFO(st.st_mode) || write(SY_LIFELINE_FD, "x", 1) >= 0)
		return 33;
	return 0;
}

static int check_signals(void)
{
	sigset_t mask;
	struct sigaction action;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (int signum = 1; signum < 32; signum++) {
		if (sigismember(&mask, signum) == 1)
			return 40;
		if (sigaction(signum, NULL, &action) == 0 && signum != SIGSEGV && signum != SIGBUS && signum != SIGFPE &&
		    signum != SIGILL && action.sa_handler != SIG_DFL)
			return 41;
	}
	return 0;
}

static int check_boot(char *text, size_t size)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	ssize_t n;

	if (fcntl(SY_BOOT_FD, F_GET_SEALS) != seals)
		return 50;
	if (pwrite(SY_BOOT_FD, "x", 1, 0) >= 0)
		return 51;
	n = read(SY_BOOT_FD, text, size - 1); /* also: it is read from its beginning */
	if (n <= 0)
		return 52;
	text[n] = '\0';
	return 0;
}

int main(int argc, char **argv)
{
	char text[64] = "";
	int rc = check_environment();

	if (rc == 0)
		rc = check_descriptors();
	if (rc == 0)
		rc = check_signals();
	if (rc == 0)
		rc = check_boot(text, sizeof(text));
	if (rc == 0 && (argc != 1 || strcmp(argv[0], "syncer-worker") != 0))
		rc = 60;
	if (rc == 0 && strcmp(text, "lifeline") == 0) {
		struct pollfd lifeline = {.fd = SY_LIFELINE_FD, .events = POLLIN};
		char byte;

		poll(&lifeline, 1, 30000);
		rc = read(SY_LIFELINE_FD, &byte, 1) == 0 ? 70 : 71;
	}
	if (rc == 0 && strcmp(text, "wait") == 0)
		pause();
	return rc;
}
