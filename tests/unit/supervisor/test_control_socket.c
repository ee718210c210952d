#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "supervisor/metrics/health.h"
#include "supervisor/supervisor.h"
#include "unit/supervisor/control_fixture.h"

#define VERSION "{\"v\":1,\"id\":1,\"verb\":\"version\",\"args\":{}}\n"

static void test_mode_and_unlink(void **state)
{
	struct fixture f;
	struct stat st;

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	assert_int_equal(lstat(f.path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fcntl(f.control->fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	fixture_done(&f);
	sy_control_free(NULL);
}

static void refused(struct fixture *f, const char *path, int fd, int code, const char *part)
{
	struct sy_control *control = NULL;
	struct sy_error err = {0};

	assert_int_equal(sy_control_new(&control, f->loop, path, fd, &fixture_ops, f, &err), -code);
	if (!strstr(err.text, part))
		fail_msg("%s", err.text);
	assert_null(control);
}

static void test_live_and_stale(void **state)
{
	struct fixture f;
	struct client c;
	char stale[80];

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	refused(&f, f.path, -1, EADDRINUSE, "another syncerd answers there");
	/* The live one was not harmed by that. */
	client_open(&c, &f);
	client_send(&c, VERSION);
	expect_lines(&c, 1);
	client_close(&c);
	/* A server that died without cleaning up: its file is replaced. */
	snprintf(stale, sizeof(stale), "%s.old", f.path);
	assert_int_equal(rename(f.path, stale), 0);
	sy_control_free(f.control);
	assert_int_equal(access(stale, F_OK), 0); /* not ours any more under that name */
	assert_int_equal(rename(stale, f.path), 0);
	fixture_start(&f);
	client_open(&c, &f);
	client_send(&c, VERSION);
	expect_lines(&c, 1);
	client_close(&c);
	/* Somebody else's file in our place is left alone. */
	assert_int_equal(unlink(f.path), 0);
	int fd = open(f.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	sy_control_free(f.control);
	f.control = NULL;
	refused(&f, f.path, -1, ENOTSOCK, "there is a file that is no socket");
	assert_int_equal(unlink(f.path), 0);
	refused(&f, "/nonexistent/control.sock", -1, ENOENT, "its directory does not exist");
	fixture_done(&f);
}

/* What /healthz says of the socket that is served, wherever the configuration would have one. */
static void is_alive(struct sy_control *control, bool ok)
{
	char here[] = "/", nowhere[] = "/nonexistent/control.sock";
	struct sy_config config = {.runtime_directory = here, .control_socket = nowhere};
	const struct sy_supervisor sup = {.config = &config, .control = control};
	struct sy_health health;

	sy_health_live(&sup, &health);
	for (size_t i = 0; i < health.count; i++) {
		if (strcmp(health.checks[i].name, "control-socket") == 0)
			assert_int_equal(health.checks[i].ok, ok);
	}
}

static void test_handed_over(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct sy_error err = {0};
	struct fixture f;
	struct client c;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), pair[2];

	(void)state;
	fixture_init(&f);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", f.path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	refused(&f, f.path, fd, EINVAL, "is not a listening Unix stream socket");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	refused(&f, f.path, pair[0], EINVAL, "is not a listening Unix stream socket");
	close(pair[0]);
	close(pair[1]);
	assert_int_equal(listen(fd, 5), 0);
	if (sy_control_new(&f.control, f.loop, "/unused", fd, &fixture_ops, &f, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(sy_control_place(f.control), f.path);
	is_alive(f.control, true);
	client_open(&c, &f);
	client_send(&c, VERSION);
	expect_lines(&c, 1);
	client_close(&c);
	assert_int_equal(unlink(f.path), 0); /* it is its owner's */
	is_alive(f.control, false);
	sy_control_free(f.control);
	f.control = NULL;
	fixture_done(&f);
}

static void test_it_is_left_for_its_owner(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct fixture f;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	fixture_init(&f);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", f.path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(sy_control_new(&f.control, f.loop, "/unused", fd, &fixture_ops, &f, NULL), 0);
	sy_control_free(f.control);
	f.control = NULL;
	assert_int_equal(unlink(f.path), 0); /* it was left for its owner */
	fixture_done(&f);
}

static int handed_over(const char *pid, const char *fds, int *ret_fd, struct sy_error *err)
{
	*err = (struct sy_error){0};
	if (pid)
		assert_int_equal(setenv("LISTEN_PID", pid, 1), 0);
	assert_int_equal(setenv("LISTEN_FDS", fds, 1), 0);
	assert_int_equal(setenv("LISTEN_FDNAMES", "one", 1), 0);
	int r = sy_control_handed_over(ret_fd, err);
	assert_null(getenv("LISTEN_PID"));
	assert_null(getenv("LISTEN_FDS"));
	assert_null(getenv("LISTEN_FDNAMES"));
	return r;
}

static void test_from_the_manager(void **state)
{
	struct sy_error err;
	char pid[16];
	int fd;

	(void)state;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_int_equal(handed_over(pid, "1", &fd, &err), 0);
	assert_int_equal(fd, 3);
	assert_int_equal(sy_control_handed_over(&fd, &err), 0); /* once */
	assert_int_equal(fd, -1);
	assert_int_equal(handed_over(pid, "0", &fd, &err), 0);
	assert_int_equal(fd, -1);
	/* Meant for somebody else, such as the parent that we were started by. */
	assert_int_equal(handed_over("1", "1", &fd, &err), 0);
	assert_int_equal(fd, -1);
	assert_int_equal(handed_over(NULL, "1", &fd, &err), 0);
	assert_int_equal(fd, -1);
	assert_int_equal(handed_over(pid, "2", &fd, &err), -EINVAL);
	assert_int_equal(fd, -1);
	assert_non_null(strstr(err.text, "2 sockets were handed over"));
	assert_int_equal(handed_over(pid, "-1", &fd, &err), -EINVAL);
	assert_int_equal(handed_over(pid, "2147483647", &fd, &err), -EINVAL);
	assert_int_equal(handed_over(pid, "1x", &fd, &err), -EINVAL);
}

static void test_half_sent(void **state)
{
	struct fixture f;
	struct client silent, half;

	(void)state;
	fixture_init(&f);
	f.limits.request_ms = 50;
	fixture_start(&f);
	client_open(&silent, &f);
	client_open(&half, &f);
	client_send(&half, VERSION);
	expect_lines(&half, 1);
	client_send(&half, "{\"v\":1,");
	assert_non_null(strstr(expect_lines(&half, 2), "TimedOut"));
	expect_eof(&half);
	expect_eof(&silent);
	assert_non_null(strstr(silent.in.data, "TimedOut"));
	client_close(&silent);
	client_close(&half);
	/* Between requests there is no hurry: this one waits longer than a request may take. */
	client_open(&half, &f);
	client_send(&half, VERSION);
	expect_lines(&half, 1);
	client_open(&silent, &f);
	expect_eof(&silent);
	client_close(&silent);
	client_send(&half, VERSION);
	expect_lines(&half, 2);
	assert_false(half.eof);
	client_close(&half);
	fixture_done(&f);
}

static void test_too_many(void **state)
{
	struct fixture f;
	struct client clients[SY_MAX_CONTROL_CLIENTS + 1];

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	for (unsigned i = 0; i < SY_MAX_CONTROL_CLIENTS; i++) {
		client_open(&clients[i], &f);
		client_send(&clients[i], VERSION);
		expect_lines(&clients[i], 1);
	}
	struct client *last = &clients[SY_MAX_CONTROL_CLIENTS];
	client_open(last, &f);
	assert_non_null(strstr(expect_lines(last, 1), "TooManyClients"));
	expect_eof(last);
	client_close(last);
	/* A place becomes free. */
	client_send(&clients[1], "{\"v\":1,\"id\":1,\"verb\":\"hold\"}\n");
	expect_requests(&f, SY_MAX_CONTROL_CLIENTS + 1);
	client_close(&clients[1]);
	expect_gone(&f, 1);
	client_open(&clients[1], &f);
	client_send(&clients[1], VERSION);
	assert_non_null(strstr(expect_lines(&clients[1], 1), "1.2.3"));
	for (unsigned i = 0; i < SY_MAX_CONTROL_CLIENTS; i++)
		client_close(&clients[i]);
	fixture_done(&f);
}

/* In the child: another user connects, as far as file modes let him, and must be turned away. */
static int foreign_user(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char text[512] = "";
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (setuid(65534) < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return 2;
	if (recv(fd, text, sizeof(text) - 1, MSG_WAITALL) <= 0)
		return 3;
	return strstr(text, "Forbidden") && !strstr(text, "1.2.3") ? 0 : 4;
}

static void on_child(void *arg, unsigned events)
{
	struct fixture *f = arg;

	(void)events;
	sy_loop_stop(f->loop);
}

static void test_foreign_user(void **state)
{
	struct fixture f;
	struct sy_io *io = NULL;
	int ends[2], status = 0;

	(void)state;
	if (geteuid() != 0)
		skip();
	fixture_init(&f);
	fixture_start(&f);
	assert_int_equal(chmod(f.dir, 0711), 0);
	assert_int_equal(chmod(f.path, 0666), 0);
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0)
		_exit(foreign_user(f.path));
	close(ends[1]);
	/* End of file here = the child has ended. */
	assert_int_equal(sy_io_new(&io, f.loop, ends[0], SY_READ, on_child, &f, NULL), 0);
	run(&f);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	sy_io_free(io);
	close(ends[0]);
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mode_and_unlink),	 cmocka_unit_test(test_live_and_stale),
		cmocka_unit_test(test_handed_over),	 cmocka_unit_test(test_it_is_left_for_its_owner),
		cmocka_unit_test(test_from_the_manager), cmocka_unit_test(test_half_sent),
		cmocka_unit_test(test_too_many),	 cmocka_unit_test(test_foreign_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
