/* The collection: one record per logical cluster, sorted; spawn slots; views. */
#include "supervisor/process/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "supervisor/process/workers_impl.h"

static void give_slots(void *arg);
static void bury(void *arg);

/* A damaged file must not keep the others from being served. */
static int open_marks(struct sy_workers *workers, struct sy_error *err)
{
	struct sy_error trouble = {0};
	int rc = sy_marks_open(&workers->pauses, workers->config->state_directory, "paused", &trouble);

	if (rc == -ENOMEM)
		return sy_error_oom(err);
	if (rc < 0)
		sy_error_log(NULL, "%s; no workspace is paused: pause again what must stay paused", trouble.text);
	rc = sy_marks_open(&workers->holds, workers->config->state_directory, "held", &trouble);
	if (rc == -ENOMEM)
		return sy_error_oom(err);
	if (rc < 0)
		sy_error_log(NULL, "%s; what the guards against mass deletion held is counted anew", trouble.text);
	for (size_t i = 0; i < workers->pauses.clusters.count; i++) {
		const struct sy_log_ref ref = {.cluster = workers->pauses.clusters.items[i]};

		sy_warn(&ref, "stays paused, as before this start, until `syncerctl resume`");
	}
	return 0;
}

static int set_up(struct sy_workers *workers, const struct sy_access *upstream, const struct sy_access *downstream, const char *user_agent,
		  struct sy_error *err)
{
	int ends[2];
	int rc = sy_access_copy(upstream, &workers->upstream, err);

	if (rc == 0)
		rc = sy_access_copy(downstream, &workers->downstream, err);
	if (rc == 0 && !(workers->user_agent = strdup(user_agent)))
		rc = sy_error_oom(err);
	if (rc == 0)
		rc = sy_defer_new(&workers->schedule, workers->loop, give_slots, workers, err);
	if (rc == 0)
		rc = sy_defer_new(&workers->bury, workers->loop, bury, workers, err);
	if (rc == 0)
		rc = sy_workers_rollout_open(workers, err);
	if (rc == 0)
		rc = open_marks(workers, err);
	if (rc == 0)
		rc = sy_workers_directory(workers, err);
	if (rc < 0)
		return rc;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return sy_error_set(err, errno, "life-line of the workers: %s", strerror(errno));
	workers->lifeline_read = ends[0];
	workers->lifeline_write = ends[1];
	return 0;
}

int sy_workers_new(struct sy_workers **ret_workers, struct sy_loop *loop, const struct sy_config *config, const struct sy_access *upstream,
		   const struct sy_access *downstream, const char *user_agent, const struct sy_workers_ops *ops, void *arg,
		   struct sy_error *err)
{
	struct sy_workers *workers = calloc(1, sizeof(*workers));
	char text[SY_LIMITS_TEXT_MAX];

	if (!workers)
		return sy_error_oom(err);
	workers->loop = loop;
	workers->config = config;
	workers->ops = ops;
	workers->arg = arg;
	workers->lifeline_read = -1;
	workers->lifeline_write = -1;
	workers->log_level = -1;
	workers->next_command = 1;
	workers->access_version = 1;
	/* Never used before on this machine, also not by an earlier supervisor whose workers may still be leaving. */
	workers->next_incarnation = (uint64_t)time(NULL) << 16;
	sy_oom_init(&workers->oom, NULL); /* before the cgroups: of the service as a whole */
	sy_limits_open(&workers->limits, NULL, NULL);
	int rc = set_up(workers, upstream, downstream, user_agent, err);
	if (rc < 0) {
		sy_workers_free(workers);
		return rc;
	}
	sy_workers_limits_text(workers, text);
	sy_info(NULL, "limits of each worker: %s", text);
	*ret_workers = workers;
	return 0;
}

static void free_dead(struct sy_workers *workers)
{
	while (workers->dead) {
		struct sy_worker *worker = workers->dead;

		workers->dead = worker->next_dead;
		sy_worker_free(worker);
	}
}

void sy_workers_free(struct sy_workers *workers)
{
	if (!workers)
		return;
	free_dead(workers);
	for (size_t i = 0; i < workers->count; i++)
		sy_worker_free(workers->items[i]);
	free(workers->items);
	sy_workers_rollout_done(workers);
	sy_defer_free(workers->schedule);
	sy_defer_free(workers->bury);
	if (workers->lifeline_read >= 0)
		close(workers->lifeline_read);
	if (workers->lifeline_write >= 0)
		close(workers->lifeline_write);
	sy_access_done(&workers->upstream);
	sy_access_done(&workers->downstream);
	sy_marks_done(&workers->pauses);
	sy_marks_done(&workers->holds);
	free(workers->user_agent);
	free(workers);
}

/* Index of the first worker that does not sort before cluster. */
static size_t position(const struct sy_workers *workers, const char *cluster)
{
	size_t low = 0;
	size_t high = workers->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(workers->items[middle]->cluster, cluster) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct sy_worker *sy_workers_lookup(const struct sy_workers *workers, const char *cluster)
{
	size_t at = position(workers, cluster);

	if (at < workers->count && strcmp(workers->items[at]->cluster, cluster) == 0)
		return workers->items[at];
	return NULL;
}

int sy_workers_insert(struct sy_workers *workers, struct sy_worker *worker, struct sy_error *err)
{
	if (workers->count >= SY_MAX_WORKERS)
		return sy_error_set(err, ENOSPC, "more than %d workspaces: no worker for %s", SY_MAX_WORKERS, worker->cluster);
	if (workers->count == workers->room) {
		size_t room = workers->room ? 2 * workers->room : 16;
		struct sy_worker **items = reallocarray(workers->items, room, sizeof(struct sy_worker *));

		if (!items)
			return sy_error_oom(err);
		workers->items = items;
		workers->room = room;
	}
	size_t at = position(workers, worker->cluster);
	memmove(&workers->items[at + 1], &workers->items[at], (workers->count - at) * sizeof(struct sy_worker *));
	workers->items[at] = worker;
	workers->count++;
	worker->queued = workers->next_queued++;
	sy_defer_mark(workers->schedule);
	return 0;
}

void sy_workers_remove(struct sy_workers *workers, struct sy_worker *worker)
{
	size_t at = position(workers, worker->cluster);

	if (at >= workers->count || workers->items[at] != worker)
		return;
	workers->count--;
	memmove(&workers->items[at], &workers->items[at + 1], (workers->count - at) * sizeof(struct sy_worker *));
	worker->next_dead = workers->dead;
	workers->dead = worker;
	sy_defer_mark(workers->bury);
}

static void bury(void *arg)
{
	struct sy_workers *workers = arg;

	while (workers->dead) {
		struct sy_worker *worker = workers->dead;

		workers->dead = worker->next_dead;
		/* Not when the cluster was wanted again meanwhile: its new worker has drained nothing. */
		bool drained = worker->drained && !sy_workers_lookup(workers, worker->cluster);
		if (drained)
			sy_worker_held_forget(worker);
		if (drained && !workers->stopping && workers->ops->drained)
			workers->ops->drained(workers->arg, worker->cluster);
		sy_worker_free(worker);
	}
	if (workers->stopping && workers->count == 0 && workers->stopped) {
		void (*stopped)(void *) = workers->stopped;

		workers->stopped = NULL;
		stopped(workers->stopped_arg); /* may free workers */
	}
}

/* Start the worker that has waited longest, until max_spawning are starting. */
static void give_slots(void *arg)
{
	struct sy_workers *workers = arg;

	for (;;) {
		struct sy_worker *first = NULL;
		int64_t starting = 0;

		for (size_t i = 0; i < workers->count; i++) {
			struct sy_worker *worker = workers->items[i];

			starting += worker->state == SY_WORKER_STARTING;
			if (worker->state == SY_WORKER_IDLE && (!first || worker->queued < first->queued))
				first = worker;
		}
		if (!first || starting >= workers->config->max_spawning || workers->stopping)
			break;
		sy_worker_event(first, SY_EVENT_SLOT);
	}
	sy_workers_renew(workers);
}

static struct sy_worker_view view_of(const struct sy_worker *worker)
{
	int64_t now = sy_loop_now_ms(worker->owner->loop);

	return (struct sy_worker_view){
		.cluster = worker->cluster,
		.path = worker->plan.path ? worker->plan.path : "",
		.state = worker->state,
		.pid = worker->pid,
		.incarnation = worker->incarnation,
		.restarts = worker->restarts,
		.last_exit = worker->last_exit,
		.last_exit_detail = worker->last_exit_detail,
		.started_ms = worker->started_ms,
		.report_age_ms = worker->has_report ? now - worker->report_ms : -1,
		.report = worker->has_report ? &worker->report : NULL,
		.plan = &worker->plan,
		.paused = worker->paused,
		.limited_by = sy_limits_by(&worker->limited),
		.version = worker->pid ? worker->version : "",
		.binary = !worker->pid						? ""
			  : worker->program == sy_workers_latest(worker->owner) ? "current"
										: "old",
		.silence_ms = sy_worker_silence_ms(worker),
		.behind_ms = sy_worker_lag_ms(worker),
		.retry_in_ms = worker->state == SY_WORKER_BACKOFF && worker->retry_ms > now ? worker->retry_ms - now : 0,
	};
}

void sy_workers_each(struct sy_workers *workers, bool (*fn)(void *arg, const struct sy_worker_view *view), void *arg)
{
	for (size_t i = 0; i < workers->count; i++) {
		const struct sy_worker_view view = view_of(workers->items[i]);

		if (!fn(arg, &view))
			return;
	}
}

bool sy_workers_find(struct sy_workers *workers, const char *cluster, struct sy_worker_view *ret_view)
{
	const struct sy_worker *worker = sy_workers_lookup(workers, cluster);

	if (worker)
		*ret_view = view_of(worker);
	return worker != NULL;
}

size_t sy_workers_count(const struct sy_workers *workers)
{
	return workers->count;
}

void sy_workers_limits_text(const struct sy_workers *workers, char out[SY_LIMITS_TEXT_MAX])
{
	sy_limits_text(&workers->limits, &workers->config->limits, out);
}
