/* The workers of a supervisor in their normal life: start, plan, restart, drain, stop. */
#include "workers_fixture.h"

static char real_program[] = SY_REAL_WORKER;

static void a_good_worker_runs_and_stops(void **state)
{
	struct fixture *fixture = *state;

	want(fixture, "abc", "good", SY_PLAN_RUN);
	wait_for(fixture, is_running);
	struct sy_worker_view v = view(fixture, "abc");
	assert_true(v.pid > 0);
	assert_int_equal(v.restarts, 0);
	assert_string_equal(v.last_exit, "");
	assert_int_equal(v.report->phase, SY_PHASE_SYNCING);
	assert_int_equal(sy_workers_count(fixture->workers), 1);
	sy_workers_drop(fixture->workers, "abc");
	wait_for(fixture, is_gone);
	assert_int_equal(fixture->drained, 0);
	assert_int_equal(sy_workers_count(fixture->workers), 0);
}

static void a_new_plan_keeps_the_pid(void **state)
{
	struct fixture *fixture = *state;

	want(fixture, "abc", "good", SY_PLAN_RUN);
	wait_for(fixture, is_running);
	pid_t pid = view(fixture, "abc").pid;
	uint64_t generation = view(fixture, "abc").plan->generation;
	want(fixture, "abc", "good", SY_PLAN_RUN);
	assert_true(view(fixture, "abc").plan->generation == generation); /* equal: nothing happens */
	want(fixture, "abc", "other", SY_PLAN_RUN);
	assert_true(view(fixture, "abc").plan->generation > generation);
	wait_for(fixture, follows_plan);
	assert_int_equal(sy_workers_pause(fixture->workers, "abc", true, NULL), 0);
	assert_true(view(fixture, "abc").paused);
	wait_for(fixture, follows_plan);
	assert_int_equal(view(fixture, "abc").pid, pid);
}

static void a_restart_leaves_the_others_alone(void **state)
{
	struct fixture *fixture = *state;
	pid_t neighbour = start_neighbour(fixture);

	want(fixture, "abc", "good", SY_PLAN_RUN);
	wait_for(fixture, is_running);
	fixture->pid = view(fixture, "abc").pid;
	uint64_t incarnation = view(fixture, "abc").incarnation;
	assert_int_equal(sy_workers_restart(fixture->workers, "abc", NULL), 0);
	wait_for(fixture, restarted);
	assert_int_equal(view(fixture, "abc").restarts, 1);
	assert_true(view(fixture, "abc").incarnation > incarnation);
	assert_string_equal(view(fixture, "abc").last_exit, "");
	assert_int_equal(view(fixture, "neighbour").pid, neighbour);
	assert_int_equal(sy_workers_restart(fixture->workers, "nobody", NULL), -ENOENT);
}

static void a_restart_escalates(void **state)
{
	struct fixture *fixture = *state;

	want(fixture, "abc", "ignoresterm", SY_PLAN_RUN);
	wait_for(fixture, is_running);
	fixture->pid = view(fixture, "abc").pid;
	assert_int_equal(sy_workers_restart(fixture->workers, "abc", NULL), 0);
	wait_for(fixture, restarted);
	assert_non_null(strstr(view(fixture, "abc").last_exit_detail, "SIGKILL"));
}

static void a_drained_worker_leaves(void **state)
{
	struct fixture *fixture = *state;

	want(fixture, "abc", "good", SY_PLAN_RUN);
	wait_for(fixture, is_running);
	want(fixture, "abc", "good", SY_PLAN_DRAIN);
	wait_for(fixture, is_drained);
	assert_string_equal(fixture->drained_cluster, "abc");
	assert_int_equal(sy_workers_count(fixture->workers), 0);
}

static void a_crash_does_not_end_the_drain(void **state)
{
	struct fixture *fixture = *state;

	want(fixture, "abc", "diesdraining", SY_PLAN_RUN);
	wait_for(fixture, is_running);
	want(fixture, "abc", "diesdraining", SY_PLAN_DRAIN);
	fixture->reason = "WorkerCrashed";
	wait_for(fixture, has_reason);
	assert_int_equal(fixture->drained, 0);
	wait_for(fixture, is_drained);
}

static void wanted_again_while_it_leaves(void **state)
{
	struct fixture *fixture = *state;

	want(fixture, "abc", "good", SY_PLAN_RUN);
	wait_for(fixture, is_running);
	fixture->pid = view(fixture, "abc").pid;
	sy_workers_drop(fixture->workers, "abc");
	assert_int_equal(view(fixture, "abc").state, SY_WORKER_STOPPING);
	want(fixture, "abc", "good", SY_PLAN_RUN);
	wait_for(fixture, restarted);
	assert_int_equal(fixture->drained, 0);
}

static void on_reply(void *arg, json_object *value, const char *error)
{
	struct fixture *fixture = arg;

	fixture->answers++;
	snprintf(fixture->answer, sizeof(fixture->answer), "%s", error ? error : json_object_get_string(value));
}

static void a_dump_is_answered_once(void **state)
{
	struct fixture *fixture = *state;
	struct sy_error err = {0};

	assert_int_equal(sy_workers_dump(fixture->workers, "abc", NULL, on_reply, fixture, &err), -ENOENT);
	want(fixture, "abc", "good", SY_PLAN_RUN);
	assert_int_equal(sy_workers_dump(fixture->workers, "abc", NULL, on_reply, fixture, &err), -EAGAIN);
	wait_for(fixture, is_running);
	assert_int_equal(sy_workers_dump(fixture->workers, "abc", NULL, on_reply, fixture, &err), 0);
	wait_for(fixture, is_answered);
	assert_string_equal(fixture->answer, "dumped");
	assert_int_equal(sy_workers_loglevel(fixture->workers, NULL, SY_LOG_DEBUG, NULL), 0);
	fixture->answers = 0;
	want(fixture, "mute", "nodump", SY_PLAN_RUN);
	wait_for(fixture, is_running);
	assert_int_equal(sy_workers_dump(fixture->workers, "mute", NULL, on_reply, fixture, &err), 0);
	sy_workers_drop(fixture->workers, "mute");
	wait_for(fixture, is_answered);
	assert_string_equal(fixture->answer, "the worker has ended");
	assert_int_equal(fixture->answers, 1);
}

/* Credentials go to running workers; none is restarted. */
static void new_credentials_restart_nobody(void **state)
{
	struct fixture *fixture = *state;
	char token[] = "new";
	struct sy_access up = {.server = server, .token = token};

	pid_t neighbour = start_neighbour(fixture);
	assert_int_equal(sy_workers_set_access(fixture->workers, &up, &fixture->down, NULL), 0);
	want(fixture, "neighbour", "other", SY_PLAN_RUN);
	wait_for(fixture, follows_plan); /* sent after the credentials */
	assert_int_equal(view(fixture, "neighbour").pid, neighbour);
}

static unsigned starting(struct fixture *fixture)
{
	unsigned count = 0;

	for (int i = 0; i < 6; i++) {
		char cluster[16];

		snprintf(cluster, sizeof(cluster), "w%d", i);
		count += view(fixture, cluster).state == SY_WORKER_STARTING;
	}
	return count;
}

static bool slots_are_kept(struct fixture *fixture)
{
	unsigned running = 0;

	if (starting(fixture) > fixture->config.max_spawning)
		fixture->want = 1;
	for (int i = 0; i < 6; i++) {
		char cluster[16];

		snprintf(cluster, sizeof(cluster), "w%d", i);
		running += view(fixture, cluster).state == SY_WORKER_RUNNING;
	}
	return running == 6;
}

static bool none_left(void *arg, const struct sy_worker_view *v)
{
	(*(unsigned *)arg)++;
	return v->pid != 0;
}

static void on_stopped(void *arg)
{
	((struct fixture *)arg)->stopped = true;
}

static void starts_are_limited_and_stop_ends_all(void **state)
{
	static const char *const names[] = {"w3", "w1", "w5", "w0", "w4", "w2"};
	struct fixture *fixture = *state;
	unsigned seen = 0;

	for (size_t i = 0; i < 6; i++)
		want(fixture, names[i], i == 2 ? "ignoresterm" : "good", SY_PLAN_RUN);
	wait_for(fixture, slots_are_kept);
	assert_int_equal(fixture->want, 0);
	sy_workers_each(fixture->workers, none_left, &seen);
	assert_int_equal(seen, 6);
	sy_workers_stop(fixture->workers, on_stopped, fixture);
	assert_int_equal(sy_workers_set_plan(fixture->workers, &(struct sy_plan){.cluster = (char[]){"x"}}, NULL), -ESHUTDOWN);
	wait_for(fixture, all_stopped);
	assert_int_equal(sy_workers_count(fixture->workers), 0);
	assert_int_equal(fixture->drained, 0);
}

static void stop_without_workers_is_done_at_once(void **state)
{
	struct fixture *fixture = *state;

	sy_workers_stop(fixture->workers, on_stopped, fixture);
	wait_for(fixture, all_stopped);
}

/* The program itself, with servers that do not answer: it says hello, reports, follows a plan and leaves. */
static void the_real_worker_serves(void **state)
{
	struct fixture *fixture = *state;

	fixture->config.worker_program = real_program;
	fixture->config.heartbeat_deadline_ms = 10000;
	want(fixture, "abc", "good", SY_PLAN_RUN);
	wait_for(fixture, is_running);
	pid_t pid = view(fixture, "abc").pid;
	want(fixture, "abc", "other", SY_PLAN_RUN);
	wait_for(fixture, follows_plan);
	assert_int_equal(view(fixture, "abc").pid, pid);
	assert_int_equal(sy_workers_dump(fixture->workers, "abc", NULL, on_reply, fixture, NULL), 0);
	wait_for(fixture, is_answered);
	sy_workers_drop(fixture->workers, "abc");
	wait_for(fixture, is_gone);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORKERS_TEST(a_good_worker_runs_and_stops),
		WORKERS_TEST(a_new_plan_keeps_the_pid),
		WORKERS_TEST(a_restart_leaves_the_others_alone),
		WORKERS_TEST(a_restart_escalates),
		WORKERS_TEST(a_drained_worker_leaves),
		WORKERS_TEST(a_crash_does_not_end_the_drain),
		WORKERS_TEST(wanted_again_while_it_leaves),
		WORKERS_TEST(a_dump_is_answered_once),
		WORKERS_TEST(new_credentials_restart_nobody),
		WORKERS_TEST(starts_are_limited_and_stop_ends_all),
		WORKERS_TEST(stop_without_workers_is_done_at_once),
		WORKERS_TEST(the_real_worker_serves),
	};

	return workers_run(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
