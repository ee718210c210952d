#include "run_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl.h"

#define WORDS 32
#define TICK_MS 50

static int redirect(posix_spawn_file_actions_t *actions, int fd, bool with_stderr)
{
	int r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	if (r == 0)
		r = posix_spawn_file_actions_adddup2(actions, fd, STDOUT_FILENO);
	if (r == 0 && with_stderr)
		r = posix_spawn_file_actions_adddup2(actions, fd, STDERR_FILENO);
	if (r == 0 && !with_stderr)
		r = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	return r;
}

static int start(const struct ctl_run *run, int fd, pid_t *ret_pid, struct sy_error *err)
{
	static const char fallback[] = "/usr/sbin:/usr/bin:/sbin:/bin";
	const char *path = getenv("PATH");
	sy_auto_free char *path_entry = NULL;
	char locale[] = "LC_ALL=C.UTF-8";
	char *env[] = {NULL, locale, NULL};
	char *argv[WORDS] = {NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r;

	if (!run->argv[0])
		return sy_error_set(err, EINVAL, "no program is named");
	if (asprintf(&path_entry, "PATH=%s", path ? path : fallback) < 0) {
		path_entry = NULL;
		return sy_error_oom(err);
	}
	env[0] = path_entry;
	for (size_t i = 0; i < WORDS - 1 && run->argv[i]; i++)
		argv[i] = (char *)(uintptr_t)run->argv[i]; /* the call does not write to them */
	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return sy_error_set(err, r, "%s: %s", run->argv[0], strerror(r));
	r = posix_spawnattr_init(&attributes);
	if (r != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return sy_error_set(err, r, "%s: %s", run->argv[0], strerror(r));
	}
	/* A group of its own, so that what it starts ends with it. */
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	(void)posix_spawnattr_setpgroup(&attributes, 0);
	r = redirect(&actions, fd, run->with_stderr);
	if (r == 0)
		r = posix_spawnp(ret_pid, run->file ? run->file : run->argv[0], &actions, &attributes, argv, env);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return r == 0 ? 0 : sy_error_set(err, r, "%s cannot be run: %s", run->argv[0], strerror(r));
}

/* Take what has arrived. False: nothing more will. */
static bool take(int fd, struct sy_buf *out, bool *cut)
{
	char chunk[16384];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n > 0 && sy_buf_add(out, chunk, (size_t)n) < 0)
		*cut = true;
	return n > 0 || (n < 0 && errno == EINTR);
}

/* Its exit status, once it has ended; until then, or until the time is up, what it says goes into out (fd -1: it says nothing to us). */
static int follow(const struct ctl_run *run, pid_t pid, int fd, struct sy_buf *out, bool *cut, struct sy_error *err)
{
	int64_t until = ctl_now_ms() + run->timeout_ms;
	bool open = fd >= 0, late = false;
	int status = 0;

	for (;;) {
		struct pollfd wait = {.fd = open ? fd : -1, .events = POLLIN};

		if (poll(&wait, 1, TICK_MS) > 0)
			open = take(fd, out, cut);
		/* What it said last may still be in the pipe when it has ended. */
		if (!open && waitpid(pid, &status, WNOHANG) == pid)
			break;
		if (!late && ctl_now_ms() >= until) {
			(void)kill(-pid, SIGKILL);
			open = false;
			late = true;
		}
	}
	if (late)
		return sy_error_set(err, ETIME, "%s had not ended after %lld ms", run->argv[0], (long long)run->timeout_ms);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int ctl_run(const struct ctl_run *run, struct sy_buf *out, bool *ret_cut, struct sy_error *err)
{
	bool cut = false;
	int ends[2];
	pid_t pid = -1;
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return sy_error_set(err, errno, "pipe: %s", strerror(errno));
	r = start(run, ends[1], &pid, err);
	(void)close(ends[1]);
	if (r == 0)
		r = follow(run, pid, ends[0], out, &cut, err);
	(void)close(ends[0]);
	if (ret_cut)
		*ret_cut = cut;
	return r;
}

int ctl_run_into(const struct ctl_run *run, int fd, struct sy_error *err)
{
	bool cut = false;
	struct sy_buf none;
	pid_t pid = -1;
	int r = start(run, fd, &pid, err);

	sy_buf_init(&none, 0);
	return r < 0 ? r : follow(run, pid, -1, &none, &cut, err);
}
