/* A reloaded configuration and workers that run: what goes by message, what by a restart, and that nobody is taken for hung. */
#include "workers_fixture.h"

static void on_reply(void *arg, json_object *value, const char *error)
{
	struct fixture *fixture = arg;

	fixture->answers++;
	snprintf(fixture->answer, sizeof(fixture->answer), "%s", error ? error : json_object_get_string(value));
}

static bool has_settings(struct fixture *fixture)
{
	if (!is_running(fixture))
		return false;
	(void)sy_workers_dump(fixture->workers, fixture->cluster, NULL, on_reply, fixture, NULL);
	return strcmp(fixture->answer, fixture->reason) == 0;
}

/* Asks until the worker says that it has them; dumps beyond the bound are refused, which does no harm. */
static void expect(struct fixture *fixture, const char *cluster, const char *settings)
{
	fixture->cluster = cluster;
	fixture->reason = settings;
	fixture->answer[0] = '\0';
	wait_for(fixture, has_settings);
}

static void start_three(struct fixture *fixture, pid_t pids[3])
{
	static const char *const names[] = {"w0", "w1", "w2"};

	for (size_t i = 0; i < 3; i++) {
		want(fixture, names[i], "settings", SY_PLAN_RUN);
		wait_for(fixture, is_running);
		pids[i] = view(fixture, names[i]).pid;
	}
}

static void unchanged(struct fixture *fixture, const pid_t pids[3])
{
	assert_int_equal(view(fixture, "w0").pid, pids[0]);
	assert_int_equal(view(fixture, "w1").pid, pids[1]);
	assert_int_equal(view(fixture, "w2").pid, pids[2]);
}

/* The test's own configurations go out of scope. */
static void back(struct fixture *fixture)
{
	sy_workers_reload(fixture->workers, &fixture->config);
}

static void the_log_level_goes_by_message(void **state)
{
	struct fixture *fixture = *state;
	struct sy_config config = fixture->config;
	pid_t pids[3];

	start_three(fixture, pids);
	assert_int_equal(sy_workers_loglevel(fixture->workers, "w1", SY_LOG_DEBUG, NULL), 0);
	expect(fixture, "w1", "100 debug text");
	expect(fixture, "w0", "100 error text");
	config.log_level = SY_LOG_WARNING;
	sy_workers_reload(fixture->workers, &config);
	expect(fixture, "w0", "100 warning text");
	expect(fixture, "w1", "100 warning text");
	unchanged(fixture, pids);
	assert_int_equal(sy_workers_restart(fixture->workers, "w2", NULL), 0);
	fixture->cluster = "w2";
	fixture->pid = pids[2];
	wait_for(fixture, restarted);
	expect(fixture, "w2", "100 warning text");
	back(fixture);
}

static bool all_renewed(struct fixture *fixture)
{
	static const char *const names[] = {"w0", "w1", "w2"};
	unsigned away = 0;
	unsigned renewed = 0;

	for (size_t i = 0; i < 3; i++) {
		struct sy_worker_view v = view(fixture, names[i]);

		away += v.state != SY_WORKER_RUNNING;
		renewed += v.state == SY_WORKER_RUNNING && v.restarts == 1 && v.report;
		assert_string_equal(v.last_exit, ""); /* never killed: an orderly end */
	}
	if (away > fixture->want)
		fixture->want = away;
	return renewed == 3;
}

/* Both lowered: a worker that goes on reporting at the old interval must not be measured with the new deadline. */
static void another_heartbeat_restarts_one_after_the_other(void **state)
{
	struct fixture *fixture = *state;
	struct sy_config slow = fixture->config, fast = fixture->config;
	pid_t pids[3];

	slow.heartbeat_ms = 700;
	fast.heartbeat_ms = 50;
	fast.heartbeat_deadline_ms = 600;
	sy_workers_reload(fixture->workers, &slow);
	start_three(fixture, pids);
	fixture->want = 0;
	sy_workers_reload(fixture->workers, &fast);
	assert_int_equal(view(fixture, "w2").silence_ms, 1500);
	wait_for(fixture, all_renewed);
	assert_int_equal(fixture->want, 1);
	assert_int_equal(view(fixture, "w2").silence_ms, 600);
	expect(fixture, "w2", "50 error text");
	back(fixture);
}

static void another_deadline_alone_restarts_nobody(void **state)
{
	struct fixture *fixture = *state;
	struct sy_config config = fixture->config;
	pid_t pids[3];

	start_three(fixture, pids);
	config.heartbeat_deadline_ms = 4000;
	config.stop_deadline_ms = 900;
	config.max_spawning = 9;
	sy_workers_reload(fixture->workers, &config);
	assert_int_equal(view(fixture, "w0").silence_ms, 4000);
	expect(fixture, "w0", "100 error text");
	unchanged(fixture, pids);
	back(fixture);
}

static void another_program_or_format_restarts(void **state)
{
	struct fixture *fixture = *state;
	struct sy_config config = fixture->config, again;
	char other[512];
	pid_t pids[3];

	start_three(fixture, pids);
	config.log_format = SY_LOG_JSON;
	sy_workers_reload(fixture->workers, &config);
	wait_for(fixture, all_renewed);
	expect(fixture, "w1", "100 error json");
	fixture->pid = view(fixture, "w1").pid;
	again = config;
	snprintf(other, sizeof(other), "%.*s/./%s", (int)(strrchr(program, '/') - program), program, strrchr(program, '/') + 1);
	again.worker_program = other;
	sy_workers_reload(fixture->workers, &again);
	wait_for(fixture, restarted);
	back(fixture);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORKERS_TEST(the_log_level_goes_by_message),
		WORKERS_TEST(another_heartbeat_restarts_one_after_the_other),
		WORKERS_TEST(another_deadline_alone_restarts_nobody),
		WORKERS_TEST(another_program_or_format_restarts),
	};

	return workers_run(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
