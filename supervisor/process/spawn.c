#include "supervisor/process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "proto/boot.h"

#define SPARE_FD 16 /* descriptors to be passed are first moved above the numbers they will have in the child */
#define ENV_MAX 16

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The boot message in memory that can no longer be changed or grown by anyone. */
static int sealed_boot(const char *boot, size_t len, int *ret_fd, struct sy_error *err)
{
	sy_auto_close int fd = memfd_create("syncer-boot", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return sy_error_set(err, errno, "boot message: memfd_create: %s", strerror(errno));
	int rc = write_all(fd, boot, len);
	if (rc < 0)
		return sy_error_set(err, -rc, "boot message: write: %s", strerror(-rc));
	if (lseek(fd, 0, SEEK_SET) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return sy_error_set(err, errno, "boot message: seal: %s", strerror(errno));
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, SPARE_FD);
	if (moved < 0)
		return sy_error_set(err, errno, "boot message: %s", strerror(errno));
	*ret_fd = moved;
	return 0;
}

static void add_entry(char **envp, size_t *count, char *entry)
{
	if (entry && *count + 1 < ENV_MAX)
		envp[(*count)++] = entry;
	else
		free(entry);
}

/* Nothing of a tenant and nothing secret: what a program needs to find libraries, print and be examined. */
static char **worker_environment(void)
{
	static const char *const kept[] = {"PATH", "LANG", "TZ", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"};
	char **envp = calloc(ENV_MAX, sizeof(*envp));
	size_t count = 0;

	if (!envp)
		return NULL;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		const char *value = getenv(kept[i]);
		char *entry = NULL;

		if (value && asprintf(&entry, "%s=%s", kept[i], value) >= 0)
			add_entry(envp, &count, entry);
	}
	add_entry(envp, &count, strdup("MALLOC_ARENA_MAX=1"));
	return envp;
}

static void free_environment(char **envp)
{
	for (char **entry = envp; entry && *entry; entry++)
		free(*entry);
	free(envp);
}

static int set_up(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr, int boot_fd, int lifeline_fd)
{
	sigset_t none, all;
	int rc = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(actions, STDERR_FILENO, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(actions, boot_fd, SY_BOOT_FD);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(actions, lifeline_fd, SY_LIFELINE_FD);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(actions, SY_LIFELINE_FD + 1);
	sigemptyset(&none);
	sigfillset(&all);
	if (rc == 0)
		rc = posix_spawnattr_setsigmask(attr, &none);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(attr, &all);
	if (rc == 0)
		rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return rc;
}

static int run(const char *program, int boot_fd, int lifeline_fd, char **envp, pid_t *ret_pid)
{
	char name[] = "syncer-worker";
	char *argv[] = {name, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&attr);
	if (rc == 0) {
		rc = set_up(&actions, &attr, boot_fd, lifeline_fd);
		if (rc == 0)
			rc = posix_spawn(ret_pid, program, &actions, &attr, argv, envp);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

int sy_spawn_worker(const char *program, const char *boot, size_t len, int lifeline, pid_t *ret_pid, int *ret_pidfd, struct sy_error *err)
{
	sy_auto_close int boot_fd = -1;
	sy_auto_close int lifeline_fd = fcntl(lifeline, F_DUPFD_CLOEXEC, SPARE_FD);
	pid_t pid = 0;
	int rc;

	if (lifeline_fd < 0)
		return sy_error_set(err, errno, "start %s: life-line: %s", program, strerror(errno));
	rc = sealed_boot(boot, len, &boot_fd, err);
	if (rc < 0)
		return rc;
	char **envp = worker_environment();
	if (!envp)
		return sy_error_oom(err);
	rc = run(program, boot_fd, lifeline_fd, envp, &pid);
	free_environment(envp);
	if (rc != 0)
		return sy_error_set(err, rc, "start %s: %s", program, strerror(rc));
	int pidfd = pidfd_open(pid, 0); /* close-on-exec by definition */
	if (pidfd < 0) {
		int code = errno;

		kill(pid, SIGKILL); /* not reaped yet, so the number is still its own */
		waitpid(pid, NULL, 0);
		return sy_error_set(err, code, "start %s: pidfd_open: %s", program, strerror(code));
	}
	*ret_pid = pid;
	*ret_pidfd = pidfd;
	return 0;
}

int sy_spawn_reap(int pidfd, siginfo_t *ret_info)
{
	siginfo_t info = {0};

	while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) < 0)
		if (errno != EINTR)
			return -errno;
	if (info.si_pid == 0)
		return 0;
	*ret_info = info;
	return 1;
}

bool sy_spawn_signal(int pidfd, int signum)
{
	return pidfd_send_signal(pidfd, signum, NULL, 0) == 0;
}
