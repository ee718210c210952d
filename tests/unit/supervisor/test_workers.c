/* The workers of a supervisor against processes that misbehave in every way we could think of (fake_worker.c). In each case the
 * supervisor must survive, name the right reason, and leave the other workers' processes alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "link/link.h"
#include "supervisor/worker.h"
#include "supervisor/workers.h"

#define DEADLINE_MS 20000

struct fixture {
	struct sy_loop *loop;
	struct sy_timer *poll;
	struct sy_workers *workers;
	struct sy_config config;
	struct sy_access up;
	struct sy_access down;
	char directory[64];
	unsigned events;
	unsigned drained;
	char drained_cluster[64];
	char event_cluster[64];
	bool stopped;
	unsigned answers;
	char answer[64];

	bool (*condition)(struct fixture *fixture);
	const char *cluster; /* what conditions look at */
	const char *reason;
	pid_t pid;
	unsigned want;
	int64_t give_up_ms;
	bool met;
};

static void check(struct fixture *fixture)
{
	if (!fixture->condition || fixture->met)
		return;
	fixture->met = fixture->condition(fixture);
	if (fixture->met || sy_loop_now_ms(fixture->loop) > fixture->give_up_ms)
		sy_loop_stop(fixture->loop);
}

static void on_poll(void *arg)
{
	struct fixture *fixture = arg;

	sy_timer_start(fixture->poll, 10);
	check(fixture);
}

#define wait_for(fixture, condition) wait_for_(fixture, condition, #condition, __LINE__)
static void wait_for_(struct fixture *fixture, bool (*condition)(struct fixture *), const char *name, int line)
{
	fixture->condition = condition;
	fixture->met = false;
	sy_loop_update_now(fixture->loop);
	fixture->give_up_ms = sy_loop_now_ms(fixture->loop) + DEADLINE_MS;
	sy_timer_start(fixture->poll, 0);
	sy_loop_run(fixture->loop);
	fixture->condition = NULL;
	if (!fixture->met)
		fail_msg("line %d: %s did not come true for %s", line, name, fixture->cluster ? fixture->cluster : "-");
}

static struct sy_worker_view view(struct fixture *fixture, const char *cluster)
{
	struct sy_worker_view view = {.state = SY_WORKER_GONE, .last_exit = "", .last_exit_detail = ""};

	sy_workers_find(fixture->workers, cluster, &view);
	return view;
}

static bool is_running(struct fixture *fixture)
{
	struct sy_worker_view v = view(fixture, fixture->cluster);

	return v.state == SY_WORKER_RUNNING && v.report;
}

static bool has_reason(struct fixture *fixture)
{
	return strcmp(view(fixture, fixture->cluster).last_exit, fixture->reason) == 0;
}

static bool restarted(struct fixture *fixture)
{
	return is_running(fixture) && view(fixture, fixture->cluster).pid != fixture->pid;
}

static bool follows_plan(struct fixture *fixture)
{
	struct sy_worker_view v = view(fixture, fixture->cluster);

	return v.report && v.report->plan_generation == v.plan->generation;
}

static bool is_gone(struct fixture *fixture)
{
	return view(fixture, fixture->cluster).state == SY_WORKER_GONE;
}

static bool is_drained(struct fixture *fixture)
{
	return fixture->drained > 0;
}

static bool has_events(struct fixture *fixture)
{
	return fixture->events >= fixture->want;
}

static bool is_answered(struct fixture *fixture)
{
	return fixture->answers > 0;
}

static bool all_stopped(struct fixture *fixture)
{
	return fixture->stopped;
}

static void on_changed(void *arg, const char *cluster)
{
	(void)cluster;
	check(arg);
}

static void on_event(void *arg, const struct sy_event *event)
{
	struct fixture *fixture = arg;

	fixture->events++;
	snprintf(fixture->event_cluster, sizeof(fixture->event_cluster), "%s", event->cluster);
}

static void on_drained(void *arg, const char *cluster)
{
	struct fixture *fixture = arg;

	fixture->drained++;
	snprintf(fixture->drained_cluster, sizeof(fixture->drained_cluster), "%s", cluster);
}

static const struct sy_workers_ops ops = {.changed = on_changed, .event = on_event, .drained = on_drained};

static char program[] = SY_FAKE_WORKER;
static char real_program[] = SY_REAL_WORKER;
static char server[] = "https://127.0.0.1:1";

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct sy_error err = {0};

	if (!fixture)
		return -1;
	snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/sy-workers-XXXXXX");
	if (!mkdtemp(fixture->directory) || sy_loop_new(&fixture->loop, NULL) < 0 ||
	    sy_timer_new(&fixture->poll, fixture->loop, on_poll, fixture, NULL) < 0)
		return -1;
	fixture->config = (struct sy_config){.heartbeat_ms = 100,
					     .heartbeat_deadline_ms = 1500,
					     .start_deadline_ms = 2500,
					     .stop_deadline_ms = 700,
					     .backoff_first_ms = 50,
					     .backoff_max_ms = 200,
					     .stable_ms = 60000,
					     .max_spawning = 2,
					     .worker_program = program,
					     .runtime_directory = fixture->directory,
					     .log_level = SY_LOG_ERROR};
	fixture->up.server = server;
	fixture->down.server = server;
	if (sy_workers_new(&fixture->workers, fixture->loop, &fixture->config, &fixture->up, &fixture->down, "test", &ops, fixture, &err) <
	    0) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	char path[128];

	sy_workers_free(fixture->workers);
	sy_timer_free(fixture->poll);
	sy_loop_free(fixture->loop);
	snprintf(path, sizeof(path), "%s/died", fixture->directory);
	unlink(path);
	snprintf(path, sizeof(path), "%s/workers", fixture->directory);
	int left = rmdir(path) < 0; /* fails when a socket was left behind */
	left |= rmdir(fixture->directory) < 0;
	free(fixture);
	return left ? -1 : 0;
}

static void want(struct fixture *fixture, const char *cluster, const char *mode, enum sy_plan_mode plan_mode)
{
	char name[64], path[64], key[] = "k", target[] = "edge-1", uid[] = "u-1", empty[] = "";
	struct sy_plan plan = {.mode = plan_mode,
			       .cluster = name,
			       .path = path,
			       .target_cluster = empty,
			       .target_name = target,
			       .target_uid = uid,
			       .key = key};
	struct sy_error err = {0};

	snprintf(name, sizeof(name), "%s", cluster);
	snprintf(path, sizeof(path), "root:%s", mode);
	if (sy_workers_set_plan(fixture->workers, &plan, &err) < 0)
		fail_msg("set_plan: %s", err.text);
	fixture->cluster = cluster;
}

/* A neighbour that must not notice anything. */
static pid_t start_neighbour(struct fixture *fixture)
{
	want(fixture, "neighbour", "good", SY_PLAN_RUN);
	wait_for(fixture, is_running);
	return view(fixture, "neighbour").pid;
}

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

static void faults_have_their_reason(void **state)
{
	static const struct {
		const char *mode, *reason, *detail;
	} rows[] = {
		{"crash", "WorkerCrashed", "exit status 7"},
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

static void a_missing_program_is_retried(void **state)
{
	struct fixture *fixture = *state;
	char missing[] = "/nonexistent/syncer-worker";

	fixture->config.worker_program = missing;
	want(fixture, "abc", "good", SY_PLAN_RUN);
	fixture->reason = "WorkerCrashed";
	wait_for(fixture, has_reason);
	assert_int_equal(view(fixture, "abc").pid, 0);
	fixture->config.worker_program = program;
	wait_for(fixture, is_running);
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

static bool all_sockets_closed(struct fixture *fixture)
{
	(void)fixture;
	return sy_link_closing() == 0;
}

/* A worker that floods and is killed must not cost a descriptor, or the closing of any other socket. */
static void a_flood_leaves_nothing_behind(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 5; i++) {
		want(fixture, "abc", "flood", SY_PLAN_RUN);
		fixture->reason = "WorkerMisbehaved";
		wait_for(fixture, has_reason);
		sy_workers_drop(fixture->workers, "abc");
		wait_for(fixture, is_gone);
	}
	wait_for(fixture, all_sockets_closed);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_good_worker_runs_and_stops),
		TEST(a_new_plan_keeps_the_pid),
		TEST(a_restart_leaves_the_others_alone),
		TEST(a_restart_escalates),
		TEST(faults_have_their_reason),
		TEST(crashes_are_retried_with_back_off),
		TEST(a_missing_program_is_retried),
		TEST(an_oversized_message_changes_nothing),
		TEST(events_are_limited_and_named_by_their_link),
		TEST(a_drained_worker_leaves),
		TEST(a_crash_does_not_end_the_drain),
		TEST(wanted_again_while_it_leaves),
		TEST(a_dump_is_answered_once),
		TEST(new_credentials_restart_nobody),
		TEST(starts_are_limited_and_stop_ends_all),
		TEST(stop_without_workers_is_done_at_once),
		TEST(a_stranger_is_not_believed),
		TEST(a_flood_leaves_nothing_behind),
		TEST(the_real_worker_serves),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	sy_log_init("test", getenv("SY_TEST_LOG") ? SY_LOG_DEBUG : SY_LOG_ERROR, SY_LOG_TEXT);
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
