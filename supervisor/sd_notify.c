#include "supervisor/sd_notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"

struct sy_notify {
	int fd; /* -1 = nobody listens */
	struct sockaddr_un address;
	socklen_t address_len;
	struct sy_timer *watchdog;
	int64_t watchdog_ms;
	char status[256];
};

static void send_text(struct sy_notify *notify, const char *text)
{
	if (notify && notify->fd >= 0)
		(void)sendto(notify->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&notify->address,
			     notify->address_len);
}

static void watchdog(void *arg)
{
	struct sy_notify *notify = arg;

	send_text(notify, "WATCHDOG=1");
	sy_timer_start(notify->watchdog, notify->watchdog_ms);
}

static void open_socket(struct sy_notify *notify)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;

	if (len < 2 || len >= sizeof(notify->address.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	notify->address.sun_family = AF_UNIX;
	memcpy(notify->address.sun_path, path, len);
	if (path[0] == '@')
		notify->address.sun_path[0] = '\0'; /* abstract name */
	notify->address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static void read_watchdog(struct sy_notify *notify)
{
	const char *text = getenv("WATCHDOG_USEC"), *who = getenv("WATCHDOG_PID");
	int64_t usec, pid;

	if (!text || !sy_num_parse(text, 2000, INT64_MAX / 2, &usec))
		return;
	if (who && (!sy_num_parse(who, 1, INT32_MAX, &pid) || pid != getpid()))
		return;
	notify->watchdog_ms = usec / 2000;
}

int sy_notify_new(struct sy_notify **ret_notify, struct sy_loop *loop, struct sy_error *err)
{
	struct sy_notify *notify = calloc(1, sizeof(*notify));
	int r;

	if (!notify)
		return sy_error_oom(err);
	notify->fd = -1;
	open_socket(notify);
	read_watchdog(notify);
	r = sy_timer_new(&notify->watchdog, loop, watchdog, notify, err);
	if (r < 0) {
		sy_notify_free(notify);
		return r;
	}
	if (notify->fd >= 0 && notify->watchdog_ms > 0)
		sy_timer_start(notify->watchdog, 0);
	/* Workers must not think that they are the service. */
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
	*ret_notify = notify;
	return 0;
}

void sy_notify_free(struct sy_notify *notify)
{
	if (!notify)
		return;
	sy_timer_free(notify->watchdog);
	if (notify->fd >= 0)
		close(notify->fd);
	free(notify);
}

void sy_notify_ready(struct sy_notify *notify)
{
	send_text(notify, "READY=1");
}

void sy_notify_reloading(struct sy_notify *notify)
{
	struct timespec now;
	char text[96];

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
		       (long long)now.tv_sec * 1000000 + (long long)now.tv_nsec / 1000);
	send_text(notify, text);
}

void sy_notify_stopping(struct sy_notify *notify)
{
	send_text(notify, "STOPPING=1");
}

void sy_notify_status(struct sy_notify *notify, const char *fmt, ...)
{
	char status[sizeof(notify->status)], text[sizeof(status) + 8];
	va_list ap;

	if (!notify || notify->fd < 0)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(status, sizeof(status), fmt, ap);
	va_end(ap);
	if (strcmp(status, notify->status) == 0)
		return;
	memcpy(notify->status, status, sizeof(status));
	(void)snprintf(text, sizeof(text), "STATUS=%s", status);
	send_text(notify, text);
}
