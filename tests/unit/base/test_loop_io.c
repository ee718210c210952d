#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/loop.h"

/* Handles that free each other in the iteration in which all of them are ready: only one callback may run. */
#define PEERS 4

struct env {
	struct sy_loop *loop;
	struct sy_timer *timer;
	struct sy_io *io[PEERS];
	struct sy_signal *signals[2];
	int calls;
};

static void free_all(struct env *env)
{
	for (int i = 0; i < PEERS; i++) {
		sy_io_free(env->io[i]);
		env->io[i] = NULL;
	}
	for (int i = 0; i < 2; i++) {
		sy_signal_free(env->signals[i]);
		env->signals[i] = NULL;
	}
}

static void on_io(void *arg, unsigned events)
{
	struct env *env = arg;

	assert_int_equal(events, SY_READ);
	env->calls++;
	free_all(env);
}

static void on_signal(void *arg, int signum)
{
	struct env *env = arg;

	assert_true(signum == SIGUSR1 || signum == SIGUSR2);
	env->calls++;
	free_all(env);
}

static void on_stop(void *arg)
{
	struct env *env = arg;

	sy_loop_stop(env->loop);
}

static void test_peers_freed_while_ready(void **state)
{
	(void)state;
	struct env env = {0};
	int fds[PEERS][2];

	assert_int_equal(sy_loop_new(&env.loop, NULL), 0);
	assert_int_equal(sy_timer_new(&env.timer, env.loop, on_stop, &env, NULL), 0);
	for (int i = 0; i < PEERS; i++) {
		assert_int_equal(pipe2(fds[i], O_CLOEXEC), 0);
		assert_int_equal(write(fds[i][1], "x", 1), 1);
		assert_int_equal(sy_io_new(&env.io[i], env.loop, fds[i][0], SY_READ, on_io, &env, NULL), 0);
	}
	sy_timer_start(env.timer, 20);
	sy_loop_run(env.loop);
	assert_int_equal(env.calls, 1);
	sy_timer_free(env.timer);
	sy_loop_free(env.loop);
	for (int i = 0; i < PEERS; i++) {
		close(fds[i][0]);
		close(fds[i][1]);
	}
}

static void test_signals_freed_while_caught(void **state)
{
	(void)state;
	struct env env = {0};

	assert_int_equal(sy_loop_new(&env.loop, NULL), 0);
	assert_int_equal(sy_timer_new(&env.timer, env.loop, on_stop, &env, NULL), 0);
	assert_int_equal(sy_signal_new(&env.signals[0], env.loop, SIGUSR1, on_signal, &env, NULL), 0);
	assert_int_equal(sy_signal_new(&env.signals[1], env.loop, SIGUSR2, on_signal, &env, NULL), 0);
	raise(SIGUSR1);
	raise(SIGUSR2);
	sy_timer_start(env.timer, 20);
	sy_loop_run(env.loop);
	assert_int_equal(env.calls, 1);
	sy_timer_free(env.timer);
	sy_loop_free(env.loop);
}

/* A second watch of one descriptor and a regular file are errors, not surprises later. */
static void test_refused_descriptors(void **state)
{
	(void)state;
	struct env env = {0};
	struct sy_error err = {0};
	int fds[2];
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(sy_loop_new(&env.loop, NULL), 0);
	assert_int_equal(sy_io_new(&env.io[0], env.loop, fds[0], SY_READ, on_io, &env, &err), 0);
	assert_int_equal(sy_io_new(&env.io[1], env.loop, fds[0], SY_READ, on_io, &env, &err), -EEXIST);
	assert_null(env.io[1]);
	assert_int_equal(sy_io_new(&env.io[1], env.loop, file, SY_READ, on_io, &env, &err), -EPERM);
	free_all(&env);
	/* Nothing is active any more: the run ends by itself. */
	sy_loop_run(env.loop);
	assert_int_equal(env.calls, 0);
	sy_loop_free(env.loop);
	sy_loop_free(NULL);
	close(fds[0]);
	close(fds[1]);
	close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_peers_freed_while_ready),
		cmocka_unit_test(test_signals_freed_while_caught),
		cmocka_unit_test(test_refused_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
