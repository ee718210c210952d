#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"

/* Everything a test's callbacks touch. Each run has a deadline timer, so a callback that never comes is a failure, not a hang. */
struct env {
	struct sy_loop *loop;
	struct sy_timer *deadline;
	struct sy_timer *timers[3];
	struct sy_defer *defers[2];
	struct sy_io *io;
	struct sy_signal *signal;
	char trace[64];
	int fds[2];
	int count;
	bool late;
};

static void note(struct env *env, char c)
{
	size_t len = strlen(env->trace);

	assert_true(len < sizeof(env->trace) - 1);
	env->trace[len] = c;
}

static void on_deadline(void *arg)
{
	struct env *env = arg;

	env->late = true;
	sy_loop_stop(env->loop);
}

static int setup(void **state)
{
	struct env *env = calloc(1, sizeof(*env));

	env->fds[0] = env->fds[1] = -1;
	assert_int_equal(sy_loop_new(&env->loop, NULL), 0);
	assert_int_equal(sy_timer_new(&env->deadline, env->loop, on_deadline, env, NULL), 0);
	sy_timer_start(env->deadline, 10000);
	*state = env;
	return 0;
}

static int teardown(void **state)
{
	struct env *env = *state;

	sy_timer_free(env->deadline);
	for (int i = 0; i < 3; i++)
		sy_timer_free(env->timers[i]);
	for (int i = 0; i < 2; i++)
		sy_defer_free(env->defers[i]);
	sy_io_free(env->io);
	sy_signal_free(env->signal);
	sy_loop_free(env->loop);
	for (int i = 0; i < 2; i++)
		if (env->fds[i] >= 0)
			close(env->fds[i]);
	free(env);
	return 0;
}

static void run(struct env *env)
{
	sy_loop_run(env->loop);
	assert_false(env->late);
}

static void on_a(void *arg)
{
	note(arg, 'a');
}

static void on_b(void *arg)
{
	note(arg, 'b');
}

static void on_stop(void *arg)
{
	struct env *env = arg;

	note(env, '.');
	sy_loop_stop(env->loop);
}

static void test_timer_order(void **state)
{
	struct env *env = *state;

	assert_int_equal(sy_timer_new(&env->timers[0], env->loop, on_a, env, NULL), 0);
	assert_int_equal(sy_timer_new(&env->timers[1], env->loop, on_b, env, NULL), 0);
	assert_int_equal(sy_timer_new(&env->timers[2], env->loop, on_stop, env, NULL), 0);
	assert_false(sy_timer_active(env->timers[0]));
	int64_t start = sy_loop_now_ms(env->loop);
	sy_timer_start(env->timers[2], 30);
	sy_timer_start(env->timers[0], 1000);
	sy_timer_start(env->timers[0], 20); /* replaces */
	sy_timer_start(env->timers[1], -5);
	assert_true(sy_timer_active(env->timers[0]));
	run(env);
	assert_string_equal(env->trace, "ba.");
	assert_true(sy_loop_now_ms(env->loop) - start >= 30);
	assert_false(sy_timer_active(env->timers[0]));
	/* Stopped timers stay silent. */
	sy_timer_start(env->timers[0], 0);
	sy_timer_stop(env->timers[0]);
	sy_timer_start(env->timers[2], 5);
	run(env);
	assert_string_equal(env->trace, "ba..");
}

static void on_free_all(void *arg)
{
	struct env *env = arg;

	note(env, 'x');
	for (int i = 0; i < 2; i++) {
		sy_timer_free(env->timers[i]);
		env->timers[i] = NULL;
	}
	sy_defer_free(env->defers[0]);
	env->defers[0] = NULL;
}

static void test_free_in_callback(void **state)
{
	struct env *env = *state;

	/* The first frees itself, a timer due in the same iteration, and a marked deferred call. */
	assert_int_equal(sy_timer_new(&env->timers[0], env->loop, on_free_all, env, NULL), 0);
	assert_int_equal(sy_timer_new(&env->timers[1], env->loop, on_a, env, NULL), 0);
	assert_int_equal(sy_timer_new(&env->timers[2], env->loop, on_stop, env, NULL), 0);
	assert_int_equal(sy_defer_new(&env->defers[0], env->loop, on_b, env, NULL), 0);
	sy_timer_start(env->timers[0], 0);
	sy_timer_start(env->timers[1], 0);
	sy_timer_start(env->timers[2], 10);
	sy_defer_mark(env->defers[0]);
	run(env);
	assert_string_equal(env->trace, "x.");
}

static void on_rearm(void *arg)
{
	struct env *env = arg;

	env->count++;
	sy_timer_start(env->timers[0], 0);
}

static void test_zero_timer_starves_nobody(void **state)
{
	struct env *env = *state;

	assert_int_equal(sy_timer_new(&env->timers[0], env->loop, on_rearm, env, NULL), 0);
	assert_int_equal(sy_timer_new(&env->timers[1], env->loop, on_stop, env, NULL), 0);
	sy_timer_start(env->timers[0], 0);
	sy_timer_start(env->timers[1], 20);
	run(env);
	assert_in_range(env->count, 2, 1000);
}

static void on_defer_self(void *arg)
{
	struct env *env = arg;

	note(env, 'd');
	if (++env->count < 3)
		sy_defer_mark(env->defers[0]);
	else
		sy_loop_stop(env->loop);
}

static void on_mark(void *arg)
{
	struct env *env = arg;

	note(env, 't');
	sy_defer_mark(env->defers[0]);
	sy_defer_mark(env->defers[0]);
	note(env, 'u');
}

static void test_defer(void **state)
{
	struct env *env = *state;

	/* Nothing else happens in the loop: it must not sleep until the deadline. */
	assert_int_equal(sy_timer_new(&env->timers[0], env->loop, on_mark, env, NULL), 0);
	assert_int_equal(sy_defer_new(&env->defers[0], env->loop, on_defer_self, env, NULL), 0);
	sy_timer_start(env->timers[0], 0);
	run(env);
	assert_string_equal(env->trace, "tuddd");
	/* Marked before the loop runs. */
	env->count = 2;
	sy_defer_mark(env->defers[0]);
	run(env);
	assert_string_equal(env->trace, "tudddd");
}

static void on_defer_free(void *arg)
{
	struct env *env = arg;

	note(env, 'f');
	for (int i = 0; i < 2; i++) {
		sy_defer_free(env->defers[i]);
		env->defers[i] = NULL;
	}
	sy_loop_stop(env->loop);
}

static void test_defer_free_in_callback(void **state)
{
	struct env *env = *state;

	assert_int_equal(sy_defer_new(&env->defers[0], env->loop, on_defer_free, env, NULL), 0);
	assert_int_equal(sy_defer_new(&env->defers[1], env->loop, on_a, env, NULL), 0);
	sy_defer_mark(env->defers[0]);
	sy_defer_mark(env->defers[1]);
	run(env);
	assert_string_equal(env->trace, "f");
}

static void on_pipe(void *arg, unsigned events)
{
	struct env *env = arg;
	char c;

	assert_int_equal(events, SY_READ);
	ssize_t ret = read(env->fds[0], &c, 1);
	assert_true(ret >= 0);
	note(env, ret == 0 ? '$' : c);
	if (ret == 0) {
		sy_io_free(env->io);
		env->io = NULL;
		sy_loop_stop(env->loop);
	} else if (c == 'y') {
		close(env->fds[1]);
		env->fds[1] = -1;
	}
}

static void test_pipe(void **state)
{
	struct env *env = *state;

	assert_int_equal(pipe2(env->fds, O_CLOEXEC), 0);
	assert_int_equal(sy_io_new(&env->io, env->loop, env->fds[0], SY_READ, on_pipe, env, NULL), 0);
	assert_int_equal(write(env->fds[1], "xy", 2), 2);
	run(env);
	assert_string_equal(env->trace, "xy$");
	/* The descriptor is still ours. */
	assert_true(fcntl(env->fds[0], F_GETFD) >= 0);
}

static void on_idle_io(void *arg, unsigned events)
{
	(void)events;
	note(arg, '!');
}

static void test_io_idle_and_set(void **state)
{
	struct env *env = *state;

	assert_int_equal(pipe2(env->fds, O_CLOEXEC), 0);
	assert_int_equal(write(env->fds[1], "x", 1), 1);
	assert_int_equal(sy_io_new(&env->io, env->loop, env->fds[0], 0, on_idle_io, env, NULL), 0);
	assert_int_equal(sy_timer_new(&env->timers[0], env->loop, on_stop, env, NULL), 0);
	sy_timer_start(env->timers[0], 10);
	run(env);
	assert_string_equal(env->trace, ".");
	assert_int_equal(sy_io_set(env->io, SY_READ), 0);
	sy_timer_start(env->timers[0], 0);
	sy_loop_update_now(env->loop);
	run(env);
	assert_string_equal(env->trace, "..!");
}

static void on_write_error(void *arg, unsigned events)
{
	struct env *env = arg;

	assert_true(events & SY_WRITE);
	assert_int_equal(write(env->fds[1], "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	if (++env->count == 2) /* the watch goes on although libuv stops it after an error */
		sy_loop_stop(env->loop);
}

static void test_io_error_is_reported(void **state)
{
	struct env *env = *state;

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(env->fds, O_CLOEXEC), 0);
	close(env->fds[0]);
	env->fds[0] = -1;
	assert_int_equal(sy_io_new(&env->io, env->loop, env->fds[1], SY_WRITE, on_write_error, env, NULL), 0);
	run(env);
	assert_int_equal(env->count, 2);
}

/* A descriptor number comes back right after free and close, as libcurl does it with its sockets. */
static void test_fd_reuse(void **state)
{
	struct env *env = *state;
	struct sy_error err = {0};

	for (int i = 0; i < 20; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, env->fds), 0);
		assert_int_equal(sy_io_new(&env->io, env->loop, env->fds[0], SY_READ, on_pipe, env, &err), 0);
		assert_int_equal(write(env->fds[1], "y", 1), 1);
		env->trace[0] = env->trace[1] = '\0';
		run(env);
		assert_string_equal(env->trace, "y$");
		close(env->fds[0]);
		env->fds[0] = -1;
		memset(env->trace, 0, sizeof(env->trace));
	}
	assert_true(sy_io_new(&env->io, env->loop, 99999, SY_READ, on_pipe, env, &err) < 0);
	assert_non_null(strstr(err.text, "event loop"));
}

static void on_usr1(void *arg, int signum)
{
	struct env *env = arg;

	assert_int_equal(signum, SIGUSR1);
	note(env, 's');
	sy_signal_free(env->signal);
	env->signal = NULL;
	sy_loop_stop(env->loop);
}

static void test_signal(void **state)
{
	struct env *env = *state;

	assert_int_equal(sy_signal_new(&env->signal, env->loop, SIGUSR1, on_usr1, env, NULL), 0);
	raise(SIGUSR1);
	run(env);
	assert_string_equal(env->trace, "s");
	assert_true(sy_signal_new(&env->signal, env->loop, SIGKILL, on_usr1, env, NULL) < 0);
}

/* Freed with the signal caught and not delivered: no callback, and the loop can still be freed. */
static void test_signal_freed_while_pending(void **state)
{
	struct env *env = *state;

	assert_int_equal(sy_signal_new(&env->signal, env->loop, SIGUSR1, on_usr1, env, NULL), 0);
	raise(SIGUSR1);
	sy_signal_free(env->signal);
	env->signal = NULL;
	assert_int_equal(sy_timer_new(&env->timers[0], env->loop, on_stop, env, NULL), 0);
	sy_timer_start(env->timers[0], 5);
	run(env);
	assert_string_equal(env->trace, ".");
}

static void test_stop_before_run(void **state)
{
	struct env *env = *state;

	sy_loop_stop(env->loop);
	run(env);
	sy_loop_stop(env->loop); /* and freed while stopped, with closes pending: teardown */
}

int main(void)
{
#define LOOP_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		LOOP_TEST(test_timer_order),	 LOOP_TEST(test_free_in_callback),	     LOOP_TEST(test_zero_timer_starves_nobody),
		LOOP_TEST(test_defer),		 LOOP_TEST(test_defer_free_in_callback),     LOOP_TEST(test_pipe),
		LOOP_TEST(test_io_idle_and_set), LOOP_TEST(test_io_error_is_reported),	     LOOP_TEST(test_fd_reuse),
		LOOP_TEST(test_signal),		 LOOP_TEST(test_signal_freed_while_pending), LOOP_TEST(test_stop_before_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
