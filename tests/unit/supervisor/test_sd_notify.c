/* What the service manager is told, and the watchdog that it may ask for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "supervisor/sd_notify.h"

struct manager {
	char directory[32];
	char path[64];
	int fd;
	struct sy_loop *loop;
	struct sy_timer *limit;
	struct sy_io *io;
	unsigned alive;
	char last[256];
};

static void too_late(void *arg)
{
	sy_loop_stop(((struct manager *)arg)->loop);
}

static void on_message(void *arg, unsigned events)
{
	struct manager *manager = arg;
	ssize_t len = recv(manager->fd, manager->last, sizeof(manager->last) - 1, MSG_DONTWAIT);

	(void)events;
	manager->last[len > 0 ? len : 0] = '\0';
	if (strcmp(manager->last, "WATCHDOG=1") == 0 && ++manager->alive == 4)
		sy_loop_stop(manager->loop);
}

static int set_up(void **state)
{
	static struct manager manager;
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	manager = (struct manager){.directory = "/tmp/sy-notify-XXXXXX"};
	if (!mkdtemp(manager.directory))
		return -1;
	snprintf(manager.path, sizeof(manager.path), "%s/notify", manager.directory);
	strlcpy(address.sun_path, manager.path, sizeof(address.sun_path));
	manager.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (manager.fd < 0 || bind(manager.fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	if (sy_loop_new(&manager.loop, NULL) < 0 || sy_timer_new(&manager.limit, manager.loop, too_late, &manager, NULL) < 0 ||
	    sy_io_new(&manager.io, manager.loop, manager.fd, SY_READ, on_message, &manager, NULL) < 0)
		return -1;
	setenv("NOTIFY_SOCKET", manager.path, 1);
	*state = &manager;
	return 0;
}

static int tear_down(void **state)
{
	struct manager *manager = *state;

	sy_io_free(manager->io);
	sy_timer_free(manager->limit);
	sy_loop_free(manager->loop);
	close(manager->fd);
	unlink(manager->path);
	return rmdir(manager->directory);
}

static void run(struct manager *manager, int64_t limit_ms)
{
	sy_timer_start(manager->limit, limit_ms);
	sy_loop_run(manager->loop);
}

static void it_is_alive_twice_in_the_managers_time(void **state)
{
	struct manager *manager = *state;
	struct sy_notify *notify = NULL;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_USEC", "100000", 1);
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(sy_notify_new(&notify, manager->loop, NULL), 0);
	assert_null(getenv("NOTIFY_SOCKET")); /* no worker may take itself for the service */
	assert_null(getenv("WATCHDOG_USEC"));
	int64_t begin = sy_loop_now_ms(manager->loop);
	run(manager, 10000);
	assert_int_equal(manager->alive, 4);
	assert_in_range(sy_loop_now_ms(manager->loop) - begin, 150, 9000); /* at 0, 50, 100, 150 */
	sy_notify_free(notify);
}

static void a_watchdog_of_another_process_is_not_ours(void **state)
{
	struct manager *manager = *state;
	struct sy_notify *notify = NULL;

	setenv("WATCHDOG_USEC", "2000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(sy_notify_new(&notify, manager->loop, NULL), 0);
	sy_notify_ready(notify);
	run(manager, 100);
	assert_int_equal(manager->alive, 0);
	assert_string_equal(manager->last, "READY=1");
	sy_notify_free(notify);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_alive_twice_in_the_managers_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_watchdog_of_another_process_is_not_ours, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
