/* Workers that are limited by resource limits: the one that wants too much ends with a reason, alone; a reload reaches those that run. */
#include "workers_fixture.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include "supervisor/process/workers_impl.h"

#define MEBI (INT64_C(1) << 20)
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OTHER_ALLOCATOR true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OTHER_ALLOCATOR true
#endif
#endif
#ifndef OTHER_ALLOCATOR
#define OTHER_ALLOCATOR false
#endif

static struct rlimit data_limit(pid_t pid)
{
	struct rlimit limit = {0};

	assert_int_equal(prlimit(pid, RLIMIT_DATA, NULL, &limit), 0);
	return limit;
}

static bool says_why(struct fixture *fixture)
{
	struct sy_worker_view v = view(fixture, fixture->cluster);

	return strcmp(v.last_exit, "WorkerOOMKilled") == 0 && strcmp(v.last_exit_detail, "exit status 7 (no memory left for it)") == 0 &&
	       v.restarts > 0;
}

static void one_that_wants_too_much_is_restarted_alone(void **state)
{
	struct fixture *fixture = *state;

	if (OTHER_ALLOCATOR || fixture->workers->limits.by_cgroup)
		skip();
	fixture->config.limits.memory_max = 32 * MEBI;
	pid_t neighbour = start_neighbour(fixture);
	assert_string_equal(view(fixture, "neighbour").limited_by, "rlimits");
	want(fixture, "abc", "eats", SY_PLAN_RUN);
	wait_for(fixture, says_why);
	assert_int_equal(view(fixture, "neighbour").pid, neighbour);
	sy_workers_drop(fixture->workers, "abc");
	wait_for(fixture, is_gone);
}

static void a_reload_reaches_those_that_run(void **state)
{
	struct fixture *fixture = *state;
	struct sy_config config = fixture->config;

	if (fixture->workers->limits.by_cgroup)
		skip();
	pid_t pid = start_neighbour(fixture);
	const rlim_t hard = data_limit(pid).rlim_max;
	const struct sy_worker *worker = sy_workers_lookup(fixture->workers, "neighbour");
	const int64_t reserved = worker->limited.reserved_bytes;
	assert_true(reserved > 0);
	config.limits.memory_max = 512 * MEBI;
	sy_workers_reload(fixture->workers, &config);
	assert_int_equal(data_limit(pid).rlim_cur, reserved + 512 * MEBI);
	struct sy_config more = config;
	more.limits.memory_max = 1024 * MEBI;
	sy_workers_reload(fixture->workers, &more);
	assert_int_equal(data_limit(pid).rlim_cur, reserved + 1024 * MEBI);
	sy_workers_reload(fixture->workers, &fixture->config); /* none again */
	assert_int_equal(data_limit(pid).rlim_cur, hard);
	assert_int_equal(data_limit(pid).rlim_max, hard); /* never lowered: it could not be raised again */
	assert_int_equal(view(fixture, "neighbour").pid, pid);
}

static void a_lower_weight_is_a_nice_value(void **state)
{
	static const struct {
		int64_t weight;
		int nice;
	} cases[] = {{100, 0}, {10000, 0}, {80, 1}, {50, 3}, {10, 10}, {1, 19}};
	struct fixture *fixture = *state;
	int own = getpriority(PRIO_PROCESS, 0);

	if (fixture->workers->limits.by_cgroup || own != 0)
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture->config.limits.cpu_weight = cases[i].weight;
		pid_t pid = start_neighbour(fixture);
		assert_int_equal(getpriority(PRIO_PROCESS, (id_t)pid), cases[i].nice);
		sy_workers_drop(fixture->workers, "neighbour");
		wait_for(fixture, is_gone);
	}
}

/* Every thread of the process has this nice value. */
static bool all_have(pid_t pid, int nice)
{
	char path[64];
	unsigned threads = 0;
	bool all = true;
	const struct dirent *entry;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		threads++;
		all = all && getpriority(PRIO_PROCESS, (id_t)strtol(entry->d_name, NULL, 10)) == nice;
	}
	closedir(dir);
	return all && threads > 0;
}

/* May a process of this user lower a nice value? Asked in a child: this process may not come back from 1 otherwise. */
static bool may_lower(void)
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(setpriority(PRIO_PROCESS, 0, 1) == 0 && setpriority(PRIO_PROCESS, 0, 0) == 0 ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void another_weight_reaches_those_that_run(void **state)
{
	struct fixture *fixture = *state;
	struct sy_config config = fixture->config;

	if (fixture->workers->limits.by_cgroup || getpriority(PRIO_PROCESS, 0) != 0)
		skip();
	fixture->pid = start_neighbour(fixture);
	assert_true(all_have(fixture->pid, 0));
	config.limits.cpu_weight = 50;
	sy_workers_reload(fixture->workers, &config);
	assert_true(all_have(fixture->pid, 3));
	sy_workers_reload(fixture->workers, &fixture->config); /* lower again, where that is allowed */
	assert_true(all_have(fixture->pid, may_lower() ? 0 : 3));
	assert_int_equal(view(fixture, "neighbour").pid, fixture->pid);
	assert_int_equal(sy_workers_restart(fixture->workers, "neighbour", NULL), 0);
	wait_for(fixture, restarted);
	assert_true(all_have(view(fixture, "neighbour").pid, 0));
}

/* Where cgroups should work and do not: the worker runs with resource limits all the same. */
static void no_cgroup_keeps_nobody_from_running(void **state)
{
	struct fixture *fixture = *state;
	struct sy_limits *limits = &fixture->workers->limits;

	*limits = (struct sy_limits){.by_cgroup = true, .cgroup = {.memory = true}};
	snprintf(limits->cgroup.base, sizeof(limits->cgroup.base), "%s/none", fixture->directory);
	start_neighbour(fixture);
	assert_string_equal(view(fixture, "neighbour").limited_by, "rlimits");
	assert_int_equal(mkdir(limits->cgroup.base, 0700), 0); /* a plain directory: no files in what is made there */
	sy_workers_drop(fixture->workers, "neighbour");
	wait_for(fixture, is_gone);
	start_neighbour(fixture);
	assert_string_equal(view(fixture, "neighbour").limited_by, "rlimits");
	assert_int_equal(rmdir(limits->cgroup.base), 0); /* and nothing left */
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORKERS_TEST(one_that_wants_too_much_is_restarted_alone),
		WORKERS_TEST(a_reload_reaches_those_that_run),
		WORKERS_TEST(a_lower_weight_is_a_nice_value),
		WORKERS_TEST(another_weight_reaches_those_that_run),
		WORKERS_TEST(no_cgroup_keeps_nobody_from_running),
	};

	return workers_run(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
