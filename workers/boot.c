#include "workers/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/limits.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int sy_worker_prepare(int argc, char **argv, char **envp, struct sy_error *err)
{
	pid_t parent = getppid();

	setproctitle_init(argc, argv, envp);
	/* Die with the supervisor whatever happens to it; the life-line covers what this cannot (a parent that was gone already). */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return sy_error_set(err, errno, "watch the supervisor: %s", strerror(errno));
	if (getppid() != parent)
		return sy_error_set(err, ESRCH, "the supervisor has ended");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return sy_error_set(err, errno, "give up new privileges: %s", strerror(errno));
	prctl(PR_SET_NAME, "syncer-worker"); /* else the number of a descriptor, where it was started by one */
	mallopt(M_ARENA_MAX, 1);
	/* A terminal's interrupt reaches the whole process group; what it means for a worker is the supervisor's decision. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

static int read_all(int fd, char *data, size_t len, struct sy_error *err)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(fd, data + done, len - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return sy_error_set(err, n < 0 ? errno : EIO, "boot message: %s",
					    n < 0 ? strerror(errno) : "shorter than its size");
		done += (size_t)n;
	}
	return 0;
}

int sy_worker_read_boot(int fd, struct sy_boot *ret_boot, struct sy_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return sy_error_set(err, ENOENT, "no boot message on descriptor %d", fd);
	int seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0)
		return sy_error_set(err, ENOENT, "descriptor %d is not a boot message", fd);
	if ((seals & SEALS) != SEALS)
		return sy_error_set(err, EPERM, "boot message: not sealed");
	if (st.st_size <= 0 || (size_t)st.st_size > SY_MAX_IPC_BYTES)
		return sy_error_set(err, EMSGSIZE, "boot message: %lld bytes are out of range", (long long)st.st_size);
	size_t len = (size_t)st.st_size;
	char *data = malloc(len);
	if (!data)
		return sy_error_oom(err);
	int rc = read_all(fd, data, len, err);
	if (rc == 0)
		rc = sy_boot_decode(data, len, ret_boot, err);
	explicit_bzero(data, len);
	free(data);
	return rc;
}

int sy_worker_take_boot(struct sy_boot *ret_boot, struct sy_error *err)
{
	struct sy_boot boot = {0};
	struct stat st;
	int rc = sy_worker_read_boot(SY_BOOT_FD, &boot, err);

	if (rc < 0)
		return rc;
	close(SY_BOOT_FD);
	if (fstat(SY_LIFELINE_FD, &st) < 0 || !S_ISFIFO(st.st_mode)) {
		sy_boot_done(&boot);
		return sy_error_set(err, EPERM, "descriptor %d is not the life-line to the supervisor", SY_LIFELINE_FD);
	}
	fcntl(SY_LIFELINE_FD, F_SETFD, FD_CLOEXEC);
	fcntl(SY_LIFELINE_FD, F_SETFL, O_NONBLOCK);
	*ret_boot = boot;
	return 0;
}
