/* The workers of a supervisor against processes that misbehave in every way we could think of. In each case the supervisor must survive, name
 * the right reason, and leave the other workers' processes alone. */
#include "workers_fixture.h"
#include "unit/descriptors.h"

#include <sys/resource.h>

#include "supervisor/process/usage.h"
#include "supervisor/process/workers_impl.h"

static void faults_have_their_reason(void **state)
{
	static const struct {
		const char *mode, *reason, *detail;
	} rows[] = {
		{"crash", "WorkerCrashed", "exit status 21"},
		{"segv", "WorkerCrashed", "signal 11 (SIGSEGV)"},
		{"dies", "WorkerCrashed", "exit status 3"},
		{"mute", "WorkerHung", "signal 9 (SIGKILL)"},
		{"stopped", "WorkerHung", "signal 9 (SIGKILL)"},
		{"nohello", "HandshakeFailed", "signal 9 (SIGKILL)"},
		{"wrongtoken", "HandshakeFailed", "signal 9 (SIGKILL)"},
		{"forged", "HandshakeFailed", "signal 9 (SIGKILL)"},
		{"wrongpid", "HandshakeFailed", "signal 9 (SIGKILL)"},
		{"stale", "HandshakeFailed", "signal 9 (SIGKILL)"},
		{"flood", "WorkerMisbehaved", "signal 9 (SIGKILL)"},
		{"garbage", "WorkerMisbehaved", "signal 9 (SIGKILL)"},
		{"direction", "WorkerMisbehaved", "signal 9 (SIGKILL)"},
		{"unasked", "WorkerMisbehaved", "signal 9 (SIGKILL)"},
	};
	struct fixture *fixture = *state;
	pid_t neighbour = start_neighbour(fixture);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char cluster[32];

		snprintf(cluster, sizeof(cluster), "c-%s", rows[i].mode);
		want(fixture, cluster, rows[i].mode, SY_PLAN_RUN);
		fixture->reason = rows[i].reason;
		wait_for(fixture, has_reason);
		if (!strstr(view(fixture, cluster).last_exit_detail, rows[i].detail))
			fail_msg("%s: %s", rows[i].mode, view(fixture, cluster).last_exit_detail);
		assert_int_equal(view(fixture, "neighbour").pid, neighbour);
		assert_int_equal(view(fixture, "neighbour").state, SY_WORKER_RUNNING);
		sy_workers_drop(fixture->workers, cluster);
		wait_for(fixture, is_gone);
	}
	assert_int_equal(fixture->events, 0);
}

/* Some time has passed: this is asked every 10 ms. */
static bool turned(struct fixture *fixture)
{
	return ++fixture->answers % 10 == 0;
}

static bool is_behind(struct fixture *fixture)
{
	return view(fixture, fixture->cluster).behind_ms > 0;
}

/* It reports as it should, but of the plan that it was booted with. */
static void a_plan_that_is_not_taken_up(void **state)
{
	struct fixture *fixture = *state;
	pid_t neighbour = start_neighbour(fixture);

	fixture->config.plan_deadline_ms = 600;
	want(fixture, "abc", "oldplan", SY_PLAN_RUN);
	wait_for(fixture, follows_plan);
	assert_int_equal(view(fixture, "abc").behind_ms, 0);
	fixture->pid = view(fixture, "abc").pid;
	want(fixture, "abc", "new:oldplan", SY_PLAN_RUN);
	wait_for(fixture, is_behind);
	assert_int_equal(view(fixture, "abc").pid, fixture->pid);
	fixture->reason = "PlanNotTaken";
	wait_for(fixture, has_reason);
	wait_for(fixture, restarted);
	wait_for(fixture, follows_plan); /* it came with its boot message */
	assert_int_equal(view(fixture, "abc").behind_ms, 0);
	assert_int_equal(view(fixture, "neighbour").pid, neighbour);
}

/* The next plan does not start the clock anew. */
static void newer_plans_are_no_excuse(void **state)
{
	struct fixture *fixture = *state;
	char mode[32];

	fixture->config.plan_deadline_ms = 1500;
	want(fixture, "abc", "oldplan", SY_PLAN_RUN);
	wait_for(fixture, follows_plan);
	for (int i = 0; i < 1000 && !view(fixture, "abc").last_exit[0]; i++) {
		(void)snprintf(mode, sizeof(mode), "p%d:oldplan", i);
		want(fixture, "abc", mode, SY_PLAN_RUN);
		wait_for(fixture, turned);
	}
	assert_string_equal(view(fixture, "abc").last_exit, "PlanNotTaken");
}

static bool crashed_thrice(struct fixture *fixture)
{
	return view(fixture, fixture->cluster).restarts >= 3;
}

static void crashes_are_retried_with_back_off(void **state)
{
	struct fixture *fixture = *state;

	want(fixture, "abc", "crash", SY_PLAN_RUN);
	wait_for(fixture, crashed_thrice);
	want(fixture, "abc", "good", SY_PLAN_RUN); /* the next start gets the latest plan */
	wait_for(fixture, is_running);
}

static bool is_waiting(struct fixture *fixture)
{
	return view(fixture, fixture->cluster).state == SY_WORKER_BACKOFF;
}

static bool crashed_twice(struct fixture *fixture)
{
	return view(fixture, fixture->cluster).restarts >= 1 && is_waiting(fixture);
}

static bool was_stable(struct fixture *fixture)
{
	const struct sy_worker *worker = sy_workers_lookup(fixture->workers, fixture->cluster);

	return is_running(fixture) && sy_loop_now_ms(fixture->loop) - worker->running_ms >= fixture->config.stable_ms;
}

/* Crash, crash, a run that is long enough, crash: it waits as after the first one. */
static void a_stable_run_ends_the_back_off(void **state)
{
	struct fixture *fixture = *state;

	fixture->config.backoff_max_ms = 10000;
	want(fixture, "abc", "crash", SY_PLAN_RUN);
	const struct sy_worker *worker = sy_workers_lookup(fixture->workers, "abc");
	wait_for(fixture, crashed_twice);
	unsigned failures = worker->failures;
	assert_true(failures >= 2);
	want(fixture, "abc", "good", SY_PLAN_RUN);
	wait_for(fixture, is_running);
	assert_true(worker->failures >= failures); /* a start alone makes nothing good */
	fixture->config.stable_ms = 100;
	wait_for(fixture, was_stable);
	/* From the upper half of its bound: the delay after a third crash would be 2000 ms or more. */
	fixture->config.backoff_first_ms = 1000;
	assert_int_equal(kill(worker->pid, SIGKILL), 0);
	wait_for(fixture, is_waiting);
	assert_int_equal(worker->failures, 1);
	assert_true(view(fixture, "abc").retry_in_ms <= 1000);
}

static void a_missing_program_is_retried(void **state)
{
	struct fixture *fixture = *state;
	char missing[] = "/nonexistent/syncer-worker";

	fixture->config.worker_program = missing;
	want(fixture, "abc", "good", SY_PLAN_RUN);
	fixture->reason = "WorkerNotStarted";
	wait_for(fixture, has_reason);
	assert_int_equal(view(fixture, "abc").pid, 0);
	fixture->config.worker_program = program;
	wait_for(fixture, is_running);
}

static void no_start_takes_the_last_descriptors(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit usual, few;
	pid_t neighbour = start_neighbour(fixture);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
	few = usual;
	few.rlim_cur = (rlim_t)sy_usage_descriptors() + SY_WORKER_SPARE_DESCRIPTORS - 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	want(fixture, "abc", "good", SY_PLAN_RUN);
	fixture->reason = "WorkerNotStarted";
	wait_for(fixture, has_reason);
	assert_non_null(strstr(view(fixture, "abc").last_exit_detail, "descriptors in use"));
	assert_int_equal(view(fixture, "neighbour").pid, neighbour);
	sy_usage_raise_descriptors();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &few), 0);
	assert_true(few.rlim_cur == usual.rlim_max || few.rlim_cur == SY_USAGE_DESCRIPTORS_MOST);
	wait_for(fixture, is_running);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
}

static void an_oversized_message_changes_nothing(void **state)
{
	struct fixture *fixture = *state;

	want(fixture, "abc", "oversize", SY_PLAN_RUN);
	wait_for(fixture, is_running);
	pid_t pid = view(fixture, "abc").pid;
	want(fixture, "abc", "good", SY_PLAN_RUN);
	wait_for(fixture, follows_plan);
	assert_int_equal(view(fixture, "abc").pid, pid);
}

static void events_are_limited_and_named_by_their_link(void **state)
{
	struct fixture *fixture = *state;

	want(fixture, "abc", "events", SY_PLAN_RUN);
	fixture->want = 10;
	wait_for(fixture, has_events);
	wait_for(fixture, is_running);
	assert_true(fixture->events <= 2 * SY_WORKER_EVENTS_PER_S); /* may fall into two seconds */
	assert_string_equal(fixture->event_cluster, "abc");
}

/* A process that is not the worker may connect to its socket (it runs as the same user) and say what it likes. */
static void on_nothing(void *arg, const char *data, size_t len, pid_t pid, uid_t uid)
{
	(void)arg, (void)data, (void)len, (void)pid, (void)uid;
}

static bool listens(struct fixture *fixture)
{
	return view(fixture, fixture->cluster).state == SY_WORKER_STARTING;
}

static bool only_socket(const char *directory, char *path, size_t size)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	bool found = false;

	while (dir && (entry = readdir(dir))) {
		if (strstr(entry->d_name, ".sock")) {
			snprintf(path, size, "%s/%s", directory, entry->d_name);
			found = true;
		}
	}
	if (dir)
		closedir(dir);
	return found;
}

static void a_stranger_is_not_believed(void **state)
{
	struct fixture *fixture = *state;
	struct sy_link *stranger = NULL;
	char path[512];
	char directory[96];

	want(fixture, "abc", "nohello", SY_PLAN_RUN);
	wait_for(fixture, listens);
	snprintf(directory, sizeof(directory), "%s/workers", fixture->directory);
	assert_true(only_socket(directory, path, sizeof(path)));
	assert_int_equal(sy_link_dial(&stranger, fixture->loop, path, 1 << 20, on_nothing, NULL, NULL), 0);
	for (int i = 0; i < 50; i++)
		sy_link_send(stranger, "{}", 2, NULL);
	fixture->reason = "HandshakeFailed";
	wait_for(fixture, has_reason);
	sy_link_free(stranger);
}

/* As a cleaner of temporary files does: first the folder of the sockets, then the whole runtime directory. */
static void a_removed_directory_is_made_again(void **state)
{
	struct fixture *fixture = *state;
	char directory[96], path[512];
	struct stat st;

	snprintf(directory, sizeof(directory), "%s/workers", fixture->directory);
	want(fixture, "abc", "good", SY_PLAN_RUN);
	wait_for(fixture, is_running);
	for (int all = 0; all < 2; all++) {
		while (only_socket(directory, path, sizeof(path)))
			assert_int_equal(unlink(path), 0);
		assert_int_equal(rmdir(directory), 0);
		if (all)
			assert_int_equal(rmdir(fixture->directory), 0);
		fixture->pid = view(fixture, "abc").pid;
		assert_int_equal(sy_workers_restart(fixture->workers, "abc", NULL), 0);
		wait_for(fixture, restarted);
		assert_string_equal(view(fixture, "abc").last_exit, "");
		assert_int_equal(stat(directory, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0700);
	}
}

static bool none_is_lost(struct fixture *fixture)
{
	return count_fds() <= fixture->descriptors;
}

/* A worker that ends while it sends must not cost a descriptor, or the closing of any other link. */
static void ends_of_all_kinds_leave_nothing_behind(void **state)
{
	static const struct {
		const char *mode, *reason;
	} rows[] = {{"flood", "WorkerMisbehaved"}, {"halfway", "WorkerCrashed"}};
	struct fixture *fixture = *state;

	for (int i = 0; i < 10; i++) {
		want(fixture, "abc", rows[i % 2].mode, SY_PLAN_RUN);
		fixture->reason = rows[i % 2].reason;
		wait_for(fixture, has_reason);
		sy_workers_drop(fixture->workers, "abc");
		wait_for(fixture, is_gone);
		if (i == 1)
			fixture->descriptors = count_fds();
	}
	wait_for(fixture, none_is_lost);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORKERS_TEST(faults_have_their_reason),
		WORKERS_TEST(a_plan_that_is_not_taken_up),
		WORKERS_TEST(newer_plans_are_no_excuse),
		WORKERS_TEST(crashes_are_retried_with_back_off),
		WORKERS_TEST(a_stable_run_ends_the_back_off),
		WORKERS_TEST(a_missing_program_is_retried),
		WORKERS_TEST(no_start_takes_the_last_descriptors),
		WORKERS_TEST(an_oversized_message_changes_nothing),
		WORKERS_TEST(events_are_limited_and_named_by_their_link),
		WORKERS_TEST(a_stranger_is_not_believed),
		WORKERS_TEST(a_removed_directory_is_made_again),
		WORKERS_TEST(ends_of_all_kinds_leave_nothing_behind),
	};

	return workers_run(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
