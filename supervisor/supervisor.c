#include "supervisor/supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/metrics/metrics.h"

#define LAST_WRITE_MS 3000 /* an unreachable kcp must not hold up a stop */

static void leave(void *arg)
{
	struct sy_supervisor *sup = arg;

	sy_loop_stop(sup->loop);
}

/* Workers are down; the last word in the SyncTarget is that we are, too (syncerd-rules(7) 8.2). */
static void workers_stopped(void *arg)
{
	struct sy_supervisor *sup = arg;

	if (sup->reconcile && sup->exit_code != SY_EXIT_LOST && sy_target_view(sup->target)->state == SY_TARGET_ACTIVE)
		sy_reconcile_last(sup->reconcile, LAST_WRITE_MS, leave, sup);
	else
		sy_loop_stop(sup->loop);
}

void sy_supervisor_stop(struct sy_supervisor *sup, int exit_code)
{
	if (sup->stopping)
		return;
	sup->stopping = true;
	sup->exit_code = exit_code;
	sy_notify_stopping(sup->notify);
	if (sup->heartbeat)
		sy_heartbeat_stop(sup->heartbeat);
	if (sup->reconcile)
		sy_reconcile_end(sup->reconcile);
	if (sup->workers)
		sy_workers_stop(sup->workers, workers_stopped, sup);
	else
		sy_loop_stop(sup->loop);
}

/* What cannot be known is not said: a warning would come each time. */
static struct sy_program *own_program(void)
{
	struct sy_program *self = NULL;
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[len > 0 ? len : 0] = '\0';
	return len > 0 && sy_program_open(path, &self, NULL) == 0 ? self : NULL;
}

bool sy_supervisor_is_old(const struct sy_supervisor *sup)
{
	return sup->self && !sy_program_in_place(sup->self);
}

static int open_all(struct sy_supervisor *sup, struct sy_error *err)
{
	int r = sy_loop_new(&sup->loop, err);

	sup->self = own_program();
	if (r == 0) {
		sup->started_ms = sy_loop_now_ms(sup->loop);
		r = sy_notify_new(&sup->notify, sup->loop, err);
	}
	if (r == 0)
		r = sy_identity_open(sup->config->state_directory, &sup->identity, err);
	if (r == 0)
		r = sy_defer_new(&sup->think, sup->loop, sy_think, sup, err);
	if (r == 0)
		r = sy_timer_new(&sup->due, sup->loop, sy_supervisor_changed, sup, err);
	if (r == 0)
		r = sy_event_ring_new(&sup->ring, err);
	if (r == 0)
		r = sy_servers_open(sup, err);
	if (r == 0)
		r = sy_signals_open(sup, err);
	if (r == 0)
		r = sy_verbs_open(sup, err);
	if (r == 0)
		r = sy_metrics_open(sup, err);
	if (r == 0)
		r = sup->config->is_direct ? sy_direct_open(sup, err) : sy_chain_open(sup, err);
	return r;
}

/* In the opposite order of use: whoever calls back goes before those who are called. */
static void close_all(struct sy_supervisor *sup)
{
	sy_metrics_close(sup);
	sy_workers_free(sup->workers);
	if (sup->verbs)
		sy_verbs_close(sup);
	sy_heartbeat_free(sup->heartbeat);
	sy_reconcile_free(sup->reconcile);
	sy_direct_close(sup);
	sy_nodes_free(sup->nodes);
	sy_orphans_free(sup->orphans);
	sy_strays_free(sup->strays);
	sy_bindings_free(sup->bindings);
	sy_exports_free(sup->exports);
	sy_schemas_free(sup->schemas);
	sy_reviews_free(sup->reviews);
	sy_downstream_free(sup->downstream);
	sy_target_free(sup->target);
	sy_servers_close(sup); /* cancels what is under way, Events too */
	sy_kcp_events_free(sup->kcp_events);
	sy_catalog_done(&sup->catalog);
	sy_tenants_done(&sup->tenants);
	sy_event_ring_free(sup->ring);
	sy_signals_close(sup);
	sy_timer_free(sup->due);
	if (sup->think)
		sy_defer_free(sup->think);
	sy_notify_free(sup->notify);
	sy_identity_close(&sup->identity);
	if (sup->loop)
		sy_loop_free(sup->loop);
	sy_config_free(sup->config);
	sy_program_unref(sup->self);
}

int sy_supervisor_run(const struct sy_options *options, struct sy_config *config, struct sy_error *err)
{
	struct sy_supervisor sup = {.options = options,
				    .config = config,
				    .timings = SY_TIMINGS_DEFAULT,
				    .exit_code = SY_EXIT_OK,
				    .started_s = time(NULL),
				    .identity.fd = -1};
	int r;

	sup.configured_s = sup.started_s;
	if (options->minute_s) {
		sy_timings_shorten(&sup.timings, options->minute_s);
		sy_warn(NULL, "--test-minute: what must last a minute lasts %u s; never run a real site like this", options->minute_s);
	}
	r = open_all(&sup, err);
	if (r < 0) {
		sup.exit_code = r == -EINVAL ? SY_EXIT_CONFIG : SY_EXIT_FAILURE;
	} else {
		sy_info(NULL, "syncerd " SY_VERSION " serves %s %s (identity %s)",
			config->is_direct ? "direct configuration" : "SyncTarget",
			config->is_direct ? config->direct_name : config->target_name, sup.identity.text);
		sy_notify_ready(sup.notify);
		sy_loop_run(sup.loop);
		sy_info(NULL, "stopped");
	}
	close_all(&sup);
	return sup.exit_code;
}
