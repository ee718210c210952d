/* What a worker inherits, seen from inside (spawned.c), and what the supervisor learns of its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "proto/boot.h"
#include "proto/msg.h"
#include "supervisor/process/spawn.h"

#define DEADLINE_MS 20000

static int lifeline[2];

static int set_up(void **state)
{
	(void)state;
	return pipe2(lifeline, O_CLOEXEC);
}

static int tear_down(void **state)
{
	(void)state;
	close(lifeline[0]);
	if (lifeline[1] >= 0)
		close(lifeline[1]);
	return 0;
}

static int start_program(const char *program, const char *boot)
{
	struct sy_error err = {0};
	pid_t pid = 0;
	int pidfd = -1;

	if (sy_spawn_worker(program, boot, strlen(boot), lifeline[0], &pid, &pidfd, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(pid > 0);
	assert_int_equal(fcntl(pidfd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	return pidfd;
}

static int start(const char *boot)
{
	return start_program(SY_SPAWNED, boot);
}

static siginfo_t end_of(int pidfd)
{
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};
	siginfo_t info = {0};

	assert_int_equal(poll(&ended, 1, DEADLINE_MS), 1);
	assert_int_equal(sy_spawn_reap(pidfd, &info), 1);
	assert_false(sy_spawn_signal(pidfd, SIGKILL));
	close(pidfd);
	return info;
}

static void inherits_what_it_should_and_nothing_else(void **state)
{
	sigset_t blocked;

	(void)state;
	/* Leave traps: an open descriptor that is not close-on-exec, a secret in the environment, a blocked and an ignored signal. */
	int extra = open("/dev/null", O_RDONLY);
	assert_true(extra >= 0);
	setenv("KUBE_TOKEN", "secret", 1);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signal(SIGHUP, SIG_IGN);
	siginfo_t info = end_of(start("check"));
	signal(SIGHUP, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	close(extra);
	assert_int_equal(info.si_code, CLD_EXITED);
	assert_int_equal(info.si_status, 0);
}

static void a_running_process_can_be_signalled(void **state)
{
	siginfo_t info;

	(void)state;
	int pidfd = start("wait");
	assert_int_equal(sy_spawn_reap(pidfd, &info), 0);
	assert_true(sy_spawn_signal(pidfd, SIGKILL));
	info = end_of(pidfd);
	assert_int_equal(info.si_code, CLD_KILLED);
	assert_int_equal(info.si_status, SIGKILL);
}

static void the_lifeline_ends_with_its_holder(void **state)
{
	(void)state;
	int pidfd = start("lifeline");
	close(lifeline[1]);
	lifeline[1] = -1;
	siginfo_t info = end_of(pidfd);
	assert_int_equal(info.si_status, 70);
}

static void a_missing_program_is_an_error_and_leaks_nothing(void **state)
{
	struct sy_error err = {0};
	pid_t pid = 4242;
	int pidfd = 4242;
	int before = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	close(before);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(sy_spawn_worker("/nonexistent", "x", 1, lifeline[0], &pid, &pidfd, &err), -ENOENT);
		assert_non_null(strstr(err.text, "/nonexistent"));
	}
	assert_int_equal(pid, 4242);
	assert_int_equal(pidfd, 4242);
	int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(after);
	assert_int_equal(before, after);
}

/* A boot message for the real worker whose supervisor does not listen. */
static char *lonely_boot(void)
{
	char address[] = "/tmp/sy-nobody-listens.sock", token[] = "cafe", agent[] = "a/1", server[] = "https://127.0.0.1:1";
	char cluster[] = "abc", empty[] = "", name[] = "edge", uid[] = "u", key[] = "k";
	const struct sy_boot boot = {
		.protocol = SY_PROTO_VERSION,
		.incarnation = 7,
		.address = address,
		.token = token,
		.user_agent = agent,
		.heartbeat_ms = 1000,
		.upstream = {.server = server},
		.downstream = {.server = server},
		.plan = {.cluster = cluster, .path = empty, .target_cluster = empty, .target_name = name, .target_uid = uid, .key = key}};
	struct sy_buf buf;

	sy_buf_init(&buf, SY_MAX_IPC_BYTES);
	assert_int_equal(sy_boot_encode(&boot, &buf, NULL), 0);
	return sy_buf_take(&buf);
}

static void the_real_worker_leaves_with_its_supervisor(void **state)
{
	char *boot = lonely_boot();

	(void)state;
	int pidfd = start_program(SY_REAL_WORKER, boot);
	free(boot);
	close(lifeline[1]);
	lifeline[1] = -1;
	assert_int_equal(end_of(pidfd).si_status, 4);
}

static void the_real_worker_refuses_a_bad_boot_message(void **state)
{
	(void)state;
	assert_int_equal(end_of(start_program(SY_REAL_WORKER, "{\"v\":1}")).si_status, 3);
	assert_int_equal(end_of(start_program(SY_REAL_WORKER, "no message")).si_status, 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(inherits_what_it_should_and_nothing_else),	  TEST(a_running_process_can_be_signalled),
		TEST(the_lifeline_ends_with_its_holder),	  TEST(the_real_worker_leaves_with_its_supervisor),
		TEST(the_real_worker_refuses_a_bad_boot_message), TEST(a_missing_program_is_an_error_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
