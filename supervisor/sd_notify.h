/* Tells the service manager how the service is (sd_notify(3) protocol): datagrams to $NOTIFY_SOCKET. Without it everything is a no-op. */
#ifndef SY_SUPERVISOR_SD_NOTIFY_H
#define SY_SUPERVISOR_SD_NOTIFY_H

#include "base/loop.h"

struct sy_notify;

/* Reads NOTIFY_SOCKET and WATCHDOG_USEC / WATCHDOG_PID once and starts the watchdog beat at half the interval. */
int sy_notify_new(struct sy_notify **ret_notify, struct sy_loop *loop, struct sy_error *err);
void sy_notify_free(struct sy_notify *notify); /* accepts NULL */

void sy_notify_ready(struct sy_notify *notify);
void sy_notify_reloading(struct sy_notify *notify); /* with MONOTONIC_USEC; sy_notify_ready follows */
void sy_notify_stopping(struct sy_notify *notify);
/* One line for `systemctl status`; sent only when it differs from the last one. */
void sy_notify_status(struct sy_notify *notify, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
