/* A worker that the kernel kills for memory: what the counter says, and a real kill in a memory cgroup of its own where one can be made. */
#include "workers_fixture.h"

#include <fcntl.h>

#include "supervisor/process/workers_impl.h"

#define ROOM "268435456" /* bytes; more than test and workers need, with a sanitizer too */

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* As the kernel prints them, of version 2 and of version 1. */
static const char *const recorded[][2] = {
	{"low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 0\n", "low 0\nhigh 0\nmax 40\noom 3\noom_kill 3\noom_group_kill 0\n"},
	{"oom_kill_disable 0\nunder_oom 0\noom_kill 1\n", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"},
};

static void each_kill_is_claimed_once(void **state)
{
	struct fixture *fixture = *state;
	struct sy_oom oom;
	char path[128];

	snprintf(path, sizeof(path), "%s/events", fixture->directory);
	for (size_t i = 0; i < 2; i++) {
		write_text(path, recorded[i][0]);
		sy_oom_init(&oom, path);
		assert_false(sy_oom_claim(&oom)); /* what was before us is not ours */
		write_text(path, recorded[i][1]);
		assert_true(sy_oom_claim(&oom));
		assert_true(sy_oom_claim(&oom));
		assert_false(sy_oom_claim(&oom));
	}
	unlink(path);
}

static void what_cannot_be_read_is_no_kill(void **state)
{
	static const char *const odd[] = {"", "oom_kill\n", "oom_kill -1\n", "oom_kill 99999999999999999999\n", "oom_kill 1x\n", "oom 7\n"};
	struct fixture *fixture = *state;
	struct sy_oom oom;
	char path[128];

	snprintf(path, sizeof(path), "%s/events", fixture->directory);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		write_text(path, odd[i]);
		sy_oom_init(&oom, path);
		assert_string_equal(oom.path, "");
		assert_false(sy_oom_claim(&oom));
	}
	write_text(path, "oom_kill 0\n");
	sy_oom_init(&oom, path);
	unlink(path);
	assert_false(sy_oom_claim(&oom));
}

static bool ended_twice(struct fixture *fixture)
{
	return view(fixture, fixture->cluster).restarts >= 2;
}

/* SIGKILL alone is a crash; SIGKILL while the counter rises is the kernel's. */
static void a_kill_is_told_by_the_counter(void **state)
{
	struct fixture *fixture = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/events", fixture->directory);
	write_text(path, recorded[0][0]);
	sy_oom_init(&fixture->workers->oom, path);
	want(fixture, "abc", "killed", SY_PLAN_RUN);
	fixture->reason = "WorkerCrashed";
	wait_for(fixture, has_reason);
	write_text(path, recorded[0][1]);
	fixture->reason = "WorkerOOMKilled";
	wait_for(fixture, has_reason);
	wait_for(fixture, ended_twice);
	fixture->reason = "WorkerCrashed"; /* both kills are accounted for */
	wait_for(fixture, has_reason);
	sy_workers_drop(fixture->workers, "abc");
	wait_for(fixture, is_gone);
	unlink(path);
}

struct cgroup {
	char home[PATH_MAX]; /* where this process was */
	char room[PATH_MAX];
};

static bool put(const char *directory, const char *name, const char *text)
{
	char path[PATH_MAX + 64];
	int fd;
	bool ok;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0)
		close(fd);
	return ok;
}

static void leave(const struct cgroup *cgroup)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	put(cgroup->home, "cgroup.procs", pid);
	rmdir(cgroup->room);
}

/* Into a cgroup of our own below the present one; false where the machine does not allow that. */
static bool enter(struct cgroup *cgroup)
{
	struct sy_oom oom;
	char pid[16];
	char *slash;

	sy_oom_init(&oom, NULL);
	slash = strrchr(oom.path, '/');
	if (!slash)
		return false;
	snprintf(cgroup->home, sizeof(cgroup->home), "%.*s", (int)(slash - oom.path), oom.path);
	if (snprintf(cgroup->room, sizeof(cgroup->room), "%s/sy-oom-%d", cgroup->home, (int)getpid()) >= (int)sizeof(cgroup->room))
		return false;
	if (mkdir(cgroup->room, 0755) < 0)
		return false;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if ((put(cgroup->room, "memory.max", ROOM) || put(cgroup->room, "memory.limit_in_bytes", ROOM)) &&
	    put(cgroup->room, "cgroup.procs", pid)) {
		(void)put(cgroup->room, "memory.swap.max", "0");
		return true;
	}
	leave(cgroup);
	return false;
}

static void the_kernel_kills_one_and_the_other_lives(void **state)
{
	struct fixture *fixture = *state;
	struct cgroup cgroup;

	if (!enter(&cgroup)) {
		print_message("no memory cgroup can be made here\n");
		skip();
	}
	sy_oom_init(&fixture->workers->oom, NULL);
	pid_t neighbour = start_neighbour(fixture);
	want(fixture, "abc", "eats", SY_PLAN_RUN);
	fixture->reason = "WorkerOOMKilled";
	wait_for(fixture, has_reason);
	assert_int_equal(view(fixture, "neighbour").pid, neighbour);
	sy_workers_drop(fixture->workers, "abc");
	wait_for(fixture, is_gone);
	sy_workers_drop(fixture->workers, "neighbour");
	fixture->cluster = "neighbour";
	wait_for(fixture, is_gone);
	leave(&cgroup);
	assert_int_equal(access(cgroup.room, F_OK), -1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORKERS_TEST(each_kill_is_claimed_once),
		WORKERS_TEST(what_cannot_be_read_is_no_kill),
		WORKERS_TEST(a_kill_is_told_by_the_counter),
		WORKERS_TEST(the_kernel_kills_one_and_the_other_lives),
	};

	return workers_run(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
