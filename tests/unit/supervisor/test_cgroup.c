/* A cgroup for each worker: what is read and written, on a directory tree of plain files; and the kernel's own rules where one can be made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/process/cgroup.h"
#include "supervisor/process/worker_limits.h"

#define MEBI (INT64_C(1) << 20)

struct tree {
	char mount[64];
	char membership[96];
	struct sy_cgroup cgroup;
};

static void at(const struct tree *tree, const char *file, char path[256])
{
	snprintf(path, 256, "%s/%s", tree->mount, file);
}

static void put(const struct tree *tree, const char *file, const char *text)
{
	char path[256];

	at(tree, file, path);
	FILE *stream = fopen(path, "we");
	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

static const char *get(const struct tree *tree, const char *file)
{
	static char text[256];
	char path[256];

	at(tree, file, path);
	FILE *stream = fopen(path, "re");
	assert_non_null(stream);
	text[fread(text, 1, sizeof(text) - 1, stream)] = '\0';
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void directory(const struct tree *tree, const char *name)
{
	char path[256];

	at(tree, name, path);
	assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
}

static void member_of(const struct tree *tree, const char *path)
{
	FILE *stream = fopen(tree->membership, "we");

	assert_non_null(stream);
	assert_true(fprintf(stream, "9:name=systemd:/\n4:memory:/x\n%s%s", path, path[0] ? "\n" : "") > 0);
	assert_int_equal(fclose(stream), 0);
}

/* What the kernel and systemd would have made for a service with Delegate=yes. */
static int set_up(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return -1;
	snprintf(tree->mount, sizeof(tree->mount), "/tmp/sy-cgroup-XXXXXX");
	if (!mkdtemp(tree->mount))
		return -1;
	snprintf(tree->membership, sizeof(tree->membership), "%s/self", tree->mount);
	directory(tree, "a.slice");
	directory(tree, "a.slice/s.service");
	put(tree, "a.slice/s.service/cgroup.controllers", "cpuset cpu io memory pids\n");
	put(tree, "a.slice/s.service/cgroup.events", "populated 1\nfrozen 0\n");
	put(tree, "a.slice/s.service/cgroup.subtree_control", "");
	char pid[16];
	snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	put(tree, "a.slice/s.service/cgroup.procs", pid);
	directory(tree, "a.slice/s.service/supervisor");
	put(tree, "a.slice/s.service/supervisor/cgroup.procs", "");
	member_of(tree, "0::/a.slice/s.service");
	*state = tree;
	return 0;
}

static int tear_down(void **state)
{
	struct tree *tree = *state;
	char rm[] = "rm", rf[] = "-rf";
	char *argv[] = {rm, rf, tree->mount, NULL};
	pid_t pid = fork();
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	free(tree);
	return 0;
}

static int open_tree(struct tree *tree, struct sy_error *err)
{
	return sy_cgroup_open(&tree->cgroup, tree->mount, tree->membership, err);
}

static void refused(struct tree *tree, int code, const char *what)
{
	struct sy_error err = {0};

	assert_int_equal(open_tree(tree, &err), code);
	if (!strstr(err.text, what))
		fail_msg("\"%s\" does not say \"%s\"", err.text, what);
	assert_string_equal(tree->cgroup.base, "");
	assert_string_equal(get(tree, "a.slice/s.service/supervisor/cgroup.procs"), ""); /* and nothing was moved */
}

static void the_supervisor_moves_to_its_leaf(void **state)
{
	struct tree *tree = *state;
	char pid[16];

	assert_int_equal(open_tree(tree, NULL), 0);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_string_equal(get(tree, "a.slice/s.service/supervisor/cgroup.procs"), pid);
	assert_string_equal(get(tree, "a.slice/s.service/cgroup.subtree_control"), "+memory"); /* the last of three writes */
	assert_true(tree->cgroup.memory && tree->cgroup.cpu && tree->cgroup.pids);
	/* In the leaf already, as after another start in the same place: the same base, nothing moves. */
	put(tree, "a.slice/s.service/supervisor/cgroup.procs", "");
	put(tree, "a.slice/s.service/cgroup.procs", "");
	put(tree, "a.slice/s.service/cgroup.controllers", "memory\n");
	member_of(tree, "0::/a.slice/s.service/supervisor");
	assert_int_equal(open_tree(tree, NULL), 0);
	assert_string_equal(get(tree, "a.slice/s.service/supervisor/cgroup.procs"), "");
	assert_true(tree->cgroup.memory && !tree->cgroup.cpu && !tree->cgroup.pids);
	assert_non_null(strstr(tree->cgroup.base, "/a.slice/s.service"));
	assert_null(strstr(tree->cgroup.base, "supervisor"));
}

static void what_is_not_ours_alone_is_left_alone(void **state)
{
	struct tree *tree = *state;
	char path[256];

	put(tree, "a.slice/s.service/cgroup.procs", "1\n");
	refused(tree, -ENOTSUP, "other processes");
	put(tree, "a.slice/s.service/cgroup.procs", "0\n"); /* one that this PID namespace does not show */
	refused(tree, -ENOTSUP, "other processes");
	put(tree, "a.slice/s.service/cgroup.procs", "");
	put(tree, "a.slice/s.service/cgroup.controllers", "cpu memory-like pids\n");
	refused(tree, -ENOTSUP, "no memory controller");
	put(tree, "a.slice/s.service/cgroup.controllers", "memory\n");
	at(tree, "a.slice/s.service/cgroup.events", path);
	assert_int_equal(unlink(path), 0);
	refused(tree, -ENOTSUP, "root of all cgroups");
	put(tree, "a.slice/s.service/cgroup.events", "");
	at(tree, "a.slice/s.service/cgroup.subtree_control", path);
	assert_int_equal(unlink(path), 0);
	refused(tree, -ENOENT, "not delegated");
	member_of(tree, "0::/elsewhere");
	refused(tree, -ENOTSUP, "no controllers");
	member_of(tree, "");
	refused(tree, -ENOTSUP, "no cgroup v2");
	assert_int_equal(unlink(tree->membership), 0);
	refused(tree, -ENOTSUP, "no cgroup v2");
}

/* The kernel makes a cgroup's files with it; here it is there before. */
static void worker_files(struct tree *tree)
{
	directory(tree, "a.slice/s.service/worker-w");
	put(tree, "a.slice/s.service/worker-w/memory.max", "max\n");
	put(tree, "a.slice/s.service/worker-w/memory.high", "max\n");
	put(tree, "a.slice/s.service/worker-w/cpu.weight", "100\n");
	put(tree, "a.slice/s.service/worker-w/pids.max", "max\n");
	put(tree, "a.slice/s.service/worker-w/cgroup.procs", "");
}

static void limits_are_written_and_taken_back(void **state)
{
	static const struct sy_config_limits none = {.cpu_weight = 100};
	static const struct sy_config_limits some = {.memory_max = 64 * MEBI, .memory_high = 48 * MEBI, .cpu_weight = 50, .pids_max = 128};
	struct tree *tree = *state;
	struct sy_error err = {0};

	assert_int_equal(open_tree(tree, NULL), 0);
	worker_files(tree);
	assert_int_equal(sy_cgroup_limit(&tree->cgroup, "w", &some, NULL), 0);
	assert_string_equal(get(tree, "a.slice/s.service/worker-w/memory.max"), "67108864");
	assert_string_equal(get(tree, "a.slice/s.service/worker-w/memory.high"), "50331648");
	assert_string_equal(get(tree, "a.slice/s.service/worker-w/cpu.weight"), "50");
	assert_string_equal(get(tree, "a.slice/s.service/worker-w/pids.max"), "128");
	assert_int_equal(sy_cgroup_limit(&tree->cgroup, "w", &none, NULL), 0);
	assert_string_equal(get(tree, "a.slice/s.service/worker-w/memory.max"), "max");
	assert_string_equal(get(tree, "a.slice/s.service/worker-w/memory.high"), "max");
	assert_string_equal(get(tree, "a.slice/s.service/worker-w/cpu.weight"), "100");
	assert_string_equal(get(tree, "a.slice/s.service/worker-w/pids.max"), "max");
	assert_int_equal(sy_cgroup_enter(&tree->cgroup, "w", 4711, NULL), 0);
	assert_string_equal(get(tree, "a.slice/s.service/worker-w/cgroup.procs"), "4711");
	assert_int_equal(sy_cgroup_make(&tree->cgroup, "w", &none, &err), -EEXIST);
	assert_int_equal(sy_cgroup_limit(&tree->cgroup, "nobody", &none, &err), -ENOENT);
	assert_non_null(strstr(err.text, "worker-nobody/memory.high"));
}

static void a_kill_is_told_by_the_workers_own_counter(void **state)
{
	struct tree *tree = *state;
	struct sy_limits limits = {.by_cgroup = true};
	const struct sy_limited limited = {.name = "w", .pid = 4711};
	siginfo_t info = {.si_code = CLD_KILLED};

	assert_int_equal(open_tree(tree, NULL), 0);
	limits.cgroup = tree->cgroup;
	worker_files(tree);
	info.si_status = SIGKILL;
	assert_false(sy_limits_exceeded(&limits, &limited, &info)); /* no such file */
	put(tree, "a.slice/s.service/worker-w/memory.events", "low 0\nhigh 3\nmax 12\noom 1\noom_kill 0\noom_group_kill 0\n");
	assert_false(sy_limits_exceeded(&limits, &limited, &info));
	put(tree, "a.slice/s.service/worker-w/memory.events", "low 0\nhigh 3\nmax 12\noom 1\noom_kill 1\noom_group_kill 0\n");
	assert_true(sy_limits_exceeded(&limits, &limited, &info));
	info.si_status = SIGSEGV;
	assert_false(sy_limits_exceeded(&limits, &limited, &info));
	assert_string_equal(sy_limits_by(&limited), "cgroup");
}

static bool there(const struct tree *tree, const char *name)
{
	char path[256];

	at(tree, name, path);
	return access(path, F_OK) == 0;
}

static void what_was_left_is_removed_when_it_is_empty(void **state)
{
	static const struct sy_config_limits none = {.cpu_weight = 100};
	struct tree *tree = *state;
	char path[256];

	directory(tree, "a.slice/s.service/worker-old");
	directory(tree, "a.slice/s.service/worker-busy");
	put(tree, "a.slice/s.service/worker-busy/cgroup.procs", "17\n"); /* the kernel would refuse it, too */
	directory(tree, "a.slice/s.service/somebodys");
	assert_int_equal(open_tree(tree, NULL), 0);
	assert_false(there(tree, "a.slice/s.service/worker-old"));
	assert_true(there(tree, "a.slice/s.service/worker-busy"));
	assert_true(there(tree, "a.slice/s.service/somebodys"));
	assert_true(there(tree, "a.slice/s.service/supervisor"));
	at(tree, "a.slice/s.service/worker-busy/cgroup.procs", path);
	assert_int_equal(unlink(path), 0);
	/* Removed with the next one that is made; which fails here, since a plain directory has no files, and leaves nothing. */
	assert_int_equal(sy_cgroup_make(&tree->cgroup, "new", &none, NULL), -ENOENT);
	assert_false(there(tree, "a.slice/s.service/worker-busy"));
	assert_false(there(tree, "a.slice/s.service/worker-new"));
}

/* Where this process may make a real cgroup of version 2 (which has a controller or not); "" = nowhere. */
static void real_base(char *base, size_t size)
{
	static const char *const mounts[] = {SY_CGROUP_MOUNT, SY_CGROUP_MOUNT "/unified"};
	char path[256];

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/cgroup.subtree_control", mounts[i]);
		snprintf(base, size, "%s/sy-test-%d", mounts[i], (int)getpid());
		if (access(path, F_OK) == 0 && mkdir(base, 0755) == 0)
			return;
	}
	base[0] = '\0';
}

static void the_kernel_moves_a_process_and_forgets_its_cgroup(void **state)
{
	static const struct sy_config_limits none = {.cpu_weight = 100};
	struct sy_cgroup cgroup = {0};
	char line[256] = "", path[64];

	(void)state;
	real_base(cgroup.base, sizeof(cgroup.base));
	if (!cgroup.base[0]) {
		print_message("no cgroup of version 2 can be made here\n");
		skip();
	}
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	int made = sy_cgroup_make(&cgroup, "w", &none, NULL);
	int entered = sy_cgroup_enter(&cgroup, "w", pid, NULL);
	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	FILE *stream = fopen(path, "re");
	while (stream && fgets(line, sizeof(line), stream) && strncmp(line, "0::", 3) != 0)
		;
	if (stream)
		fclose(stream);
	sy_cgroup_remove(&cgroup, "w");
	bool kept = cgroup.left; /* there is a process in it */
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 6000 && rmdir(cgroup.base) < 0; i++) { /* each make and remove tries what is left again */
		if (sy_cgroup_make(&cgroup, "again", &none, NULL) == 0)
			sy_cgroup_remove(&cgroup, "again");
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	if (made < 0 || entered < 0) {
		print_message("this machine lets nobody into a new cgroup: %d, %d\n", made, entered);
		skip();
	}
	assert_non_null(strstr(line, "/worker-w\n"));
	assert_true(kept);
	assert_int_equal(access(cgroup.base, F_OK), -1);
}

#define TREE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(the_supervisor_moves_to_its_leaf),	      TREE_TEST(what_is_not_ours_alone_is_left_alone),
		TREE_TEST(limits_are_written_and_taken_back),	      TREE_TEST(a_kill_is_told_by_the_workers_own_counter),
		TREE_TEST(what_was_left_is_removed_when_it_is_empty), TREE_TEST(the_kernel_moves_a_process_and_forgets_its_cgroup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
