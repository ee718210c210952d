/* Another configuration for workers that run: what a message can change is sent, for the rest they are restarted one after the other. */
#include "base/log.h"
#include "supervisor/process/workers_impl.h"

enum sy_log_level sy_worker_level(const struct sy_worker *worker)
{
	if (worker->log_level >= 0)
		return (enum sy_log_level)worker->log_level;
	if (worker->owner->log_level >= 0)
		return (enum sy_log_level)worker->owner->log_level;
	return worker->owner->config->log_level;
}

int64_t sy_worker_silence_ms(const struct sy_worker *worker)
{
	const struct sy_config *config = worker->owner->config;

	/* A deadline is chosen for an interval: one that reports at another interval is judged by what it was booted with. */
	return worker->heartbeat_ms == config->heartbeat_ms ? config->heartbeat_deadline_ms : worker->heartbeat_deadline_ms;
}

/* The key in which a running worker differs from the configuration; NULL = in none. */
static const char *differs(const struct sy_worker *worker)
{
	const struct sy_config *config = worker->owner->config;

	if (worker->state != SY_WORKER_RUNNING || !worker->wanted)
		return NULL;
	if (worker->heartbeat_ms != config->heartbeat_ms)
		return "workers.heartbeat";
	return worker->log_format != config->log_format ? "log.format" : NULL;
}

static bool under_way(struct sy_worker *worker)
{
	worker->renewing = worker->renewing && worker->state != SY_WORKER_RUNNING && worker->state != SY_WORKER_BACKOFF;
	return worker->renewing;
}

void sy_workers_renew(struct sy_workers *workers)
{
	struct sy_worker *next = NULL;

	if (workers->stopping)
		return;
	for (size_t i = 0; i < workers->count; i++) {
		if (under_way(workers->items[i]))
			return;
	}
	if (sy_workers_roll(workers))
		return; /* which brings the new settings along */
	for (size_t i = 0; i < workers->count; i++) {
		if (!next && differs(workers->items[i]))
			next = workers->items[i];
	}
	if (!next)
		return;
	const struct sy_log_ref ref = {.cluster = next->cluster, .path = next->plan.path};
	sy_info(&ref, "worker pid %d is restarted: %s has changed", (int)next->pid, differs(next));
	next->renewing = true;
	sy_worker_event(next, SY_EVENT_RESTART);
}

static bool same_limits(const struct sy_config_limits *a, const struct sy_config_limits *b)
{
	return a->memory_max == b->memory_max && a->memory_high == b->memory_high && a->cpu_weight == b->cpu_weight &&
	       a->pids_max == b->pids_max;
}

static void change_limits(struct sy_workers *workers)
{
	char text[SY_LIMITS_TEXT_MAX];

	for (size_t i = 0; i < workers->count; i++) {
		const struct sy_worker *worker = workers->items[i];
		const struct sy_log_ref ref = {.cluster = worker->cluster, .path = worker->plan.path};

		sy_limits_change(&workers->limits, &workers->config->limits, &worker->limited, &ref);
	}
	sy_workers_limits_text(workers, text);
	sy_info(NULL, "reload: limits of each worker: %s", text);
}

void sy_workers_reload(struct sy_workers *workers, const struct sy_config *config)
{
	bool another_level = workers->config->log_level != config->log_level;
	bool other_limits = !same_limits(&workers->config->limits, &config->limits);

	workers->config = config;
	if (other_limits)
		change_limits(workers);
	if (another_level)
		workers->log_level = -1;
	for (size_t i = 0; i < workers->count; i++) {
		if (another_level)
			workers->items[i]->log_level = -1;
		sy_worker_flush(workers->items[i]);
	}
	sy_workers_look(workers);
	sy_defer_mark(workers->schedule); /* there may be more slots now, or somebody to restart */
}
