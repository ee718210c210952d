/* A supervisor's workers under test, with waits for conditions. fake_worker.c is the process that misbehaves on demand. */
#ifndef TESTS_SUPERVISOR_WORKERS_FIXTURE_H
#define TESTS_SUPERVISOR_WORKERS_FIXTURE_H

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
#include "supervisor/process/worker.h"
#include "supervisor/process/workers.h"

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
	unsigned descriptors;
};

static inline void check(struct fixture *fixture)
{
	if (!fixture->condition || fixture->met)
		return;
	fixture->met = fixture->condition(fixture);
	if (fixture->met || sy_loop_now_ms(fixture->loop) > fixture->give_up_ms)
		sy_loop_stop(fixture->loop);
}

static inline void on_poll(void *arg)
{
	struct fixture *fixture = arg;

	sy_timer_start(fixture->poll, 10);
	check(fixture);
}

#define wait_for(fixture, condition) wait_for_(fixture, condition, #condition, __LINE__)
static inline void wait_for_(struct fixture *fixture, bool (*condition)(struct fixture *), const char *name, int line)
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

static inline struct sy_worker_view view(struct fixture *fixture, const char *cluster)
{
	struct sy_worker_view view = {.state = SY_WORKER_GONE, .last_exit = "", .last_exit_detail = ""};

	sy_workers_find(fixture->workers, cluster, &view);
	return view;
}

static inline bool is_running(struct fixture *fixture)
{
	struct sy_worker_view v = view(fixture, fixture->cluster);

	return v.state == SY_WORKER_RUNNING && v.report;
}

static inline bool has_reason(struct fixture *fixture)
{
	return strcmp(view(fixture, fixture->cluster).last_exit, fixture->reason) == 0;
}

static inline bool restarted(struct fixture *fixture)
{
	return is_running(fixture) && view(fixture, fixture->cluster).pid != fixture->pid;
}

static inline bool follows_plan(struct fixture *fixture)
{
	struct sy_worker_view v = view(fixture, fixture->cluster);

	return v.report && v.report->plan_generation == v.plan->generation;
}

static inline bool is_gone(struct fixture *fixture)
{
	return view(fixture, fixture->cluster).state == SY_WORKER_GONE;
}

static inline bool is_drained(struct fixture *fixture)
{
	return fixture->drained > 0;
}

static inline bool has_events(struct fixture *fixture)
{
	return fixture->events >= fixture->want;
}

static inline bool is_answered(struct fixture *fixture)
{
	return fixture->answers > 0;
}

static inline bool all_stopped(struct fixture *fixture)
{
	return fixture->stopped;
}

static inline void on_changed(void *arg, const char *cluster)
{
	(void)cluster;
	check(arg);
}

static inline void on_event(void *arg, const struct sy_event *event)
{
	struct fixture *fixture = arg;

	fixture->events++;
	snprintf(fixture->event_cluster, sizeof(fixture->event_cluster), "%s", event->cluster);
}

static inline void on_drained(void *arg, const char *cluster)
{
	struct fixture *fixture = arg;

	fixture->drained++;
	snprintf(fixture->drained_cluster, sizeof(fixture->drained_cluster), "%s", cluster);
}

static const struct sy_workers_ops ops = {.changed = on_changed, .event = on_event, .drained = on_drained};

#ifndef SY_FAKE_WORKER /* the build says where it is */
#define SY_FAKE_WORKER "fake_worker"
#endif
static char program[] = SY_FAKE_WORKER;
static char server[] = "https://127.0.0.1:1";

static inline int set_up(void **state)
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
					     .plan_deadline_ms = 60000,
					     .start_deadline_ms = 2500,
					     .stop_deadline_ms = 700,
					     .backoff_first_ms = 50,
					     .backoff_max_ms = 200,
					     .stable_ms = 60000,
					     .upgrade_stable_ms = 100,
					     .upgrade_deadline_ms = 20000,
					     .max_spawning = 2,
					     .limits = {.cpu_weight = 100},
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

static inline int tear_down(void **state)
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

static inline void want(struct fixture *fixture, const char *cluster, const char *mode, enum sy_plan_mode plan_mode)
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
static inline pid_t start_neighbour(struct fixture *fixture)
{
	want(fixture, "neighbour", "good", SY_PLAN_RUN);
	wait_for(fixture, is_running);
	return view(fixture, "neighbour").pid;
}

#define WORKERS_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* argv[1] filters the tests by name; SY_TEST_LOG in the environment shows what the supervisor logs. */
static inline int workers_run(int argc, char **argv, const struct CMUnitTest *tests, size_t count)
{
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	sy_log_init("test", getenv("SY_TEST_LOG") ? SY_LOG_DEBUG : SY_LOG_ERROR, SY_LOG_TEXT);
	return _cmocka_run_group_tests("workers", tests, count, NULL, NULL) ? 1 : 0;
}

#endif
