/* Another worker program for workers that run, as rollout.c decides: the canary first, then one after the other, and back to the old program
 * where the new one does not do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "supervisor/process/workers_impl.h"

#define LOOK_MS 200 /* between two looks at a rollout */

static void replace(struct sy_program **at, struct sy_program *program)
{
	sy_program_unref(*at);
	*at = program;
}

int sy_worker_program(const struct sy_worker *worker, struct sy_program **ret_program, struct sy_error *err)
{
	struct sy_workers *owner = worker->owner;

	if (worker->moved && owner->next) {
		*ret_program = sy_program_ref(owner->next);
		return 0;
	}
	if (!owner->program) {
		int rc = sy_program_open(owner->config->worker_program, &owner->program, err);

		if (rc < 0)
			return rc;
	}
	*ret_program = sy_program_ref(owner->program);
	return 0;
}

static void on_roll(void *arg)
{
	sy_workers_renew(arg);
}

static bool is_at_work(const struct sy_worker *worker)
{
	return worker->pid > 0 && worker->program;
}

/* From now on everybody is to run this one (owned). */
static void begin(struct sy_workers *workers, struct sy_program *program)
{
	size_t left = 0;

	replace(&workers->next, program);
	workers->rollout = (struct sy_rollout){0};
	for (size_t i = 0; i < workers->count; i++) {
		struct sy_worker *worker = workers->items[i];

		worker->moved = is_at_work(worker) && worker->program == program;
		worker->moved_well = false;
		worker->moved_ends = worker->ends;
		left += !worker->moved;
	}
	sy_info(NULL, "%s is another file now: %zu workers are restarted with it, one after the other", sy_program_path(program), left);
}

/* There is no such program now. */
static void missing(struct sy_workers *workers, const struct sy_error *err)
{
	if (workers->next)
		return; /* a rollout goes on with what it has */
	(void)snprintf(workers->roll_text, sizeof(workers->roll_text),
		       "the worker program cannot be looked at (%s): workers go on with the one that was there before", err->text);
	sy_error_log(NULL, "reload: %s", workers->roll_text);
}

static bool all_run(const struct sy_workers *workers, const struct sy_program *program)
{
	for (size_t i = 0; i < workers->count; i++) {
		if (is_at_work(workers->items[i]) && workers->items[i]->program != program)
			return false;
	}
	return true;
}

void sy_workers_look(struct sy_workers *workers)
{
	struct sy_program *fresh = NULL;
	struct sy_error err = {0};

	if (!workers->program)
		return; /* nobody was started yet */
	if (sy_program_open(workers->config->worker_program, &fresh, &err) < 0) {
		missing(workers, &err);
		return;
	}
	if (workers->refused && sy_program_same(fresh, workers->refused)) {
		sy_program_unref(fresh);
		sy_warn(NULL, "reload: the worker program is still the one that failed and is not tried again: replace it, or touch(1) it");
		return;
	}
	replace(&workers->refused, NULL);
	workers->roll_text[0] = '\0';
	if (workers->next && sy_program_same(fresh, workers->next)) {
		sy_program_unref(fresh); /* goes on */
		return;
	}
	if (sy_program_same(fresh, workers->program)) {
		sy_program_unref(fresh);
		fresh = sy_program_ref(workers->program);
		if (!workers->next && all_run(workers, workers->program)) {
			sy_program_unref(fresh);
			return;
		}
	}
	begin(workers, fresh);
}

static struct sy_rollout_fact fact_of(const struct sy_worker *worker)
{
	const struct sy_report *report = worker->has_report ? &worker->report : NULL;
	bool running = worker->state == SY_WORKER_RUNNING;
	struct sy_rollout_fact fact = {
		.cluster = worker->cluster,
		.moved = worker->moved,
		.moved_well = worker->moved_well,
		.fell = worker->moved && worker->ends != worker->moved_ends,
		.on_target = is_at_work(worker) && worker->program == worker->owner->next,
		.settled = running || worker->state == SY_WORKER_BACKOFF || worker->state == SY_WORKER_IDLE,
		.running = running,
	};

	for (size_t i = 0; report && i < report->resource_count; i++)
		fact.objects += report->resources[i].objects;
	fact.in_step = running && report && worker->awaited == 0 &&
		       (report->phase == SY_PHASE_SYNCING || report->phase == SY_PHASE_DEGRADED || report->phase == SY_PHASE_PAUSED ||
			report->phase == SY_PHASE_DRAINING);
	fact.degraded = fact.in_step && report->phase == SY_PHASE_DEGRADED;
	return fact;
}

static void move(struct sy_worker *worker, const struct sy_rollout_fact *fact)
{
	const struct sy_log_ref ref = {.cluster = worker->cluster, .path = worker->plan.path};

	sy_info(&ref, "worker pid %d is restarted with the new program%s", (int)worker->pid,
		worker->owner->rollout.passed == 0 && fact->in_step ? " as the first of all" : "");
	worker->moved = true;
	worker->moved_well = fact->in_step;
	worker->moved_ends = worker->ends;
	worker->failures = 0;
	sy_worker_event(worker, SY_EVENT_RESTART);
}

/* Told once, as one of the workspace's own Events. */
static void tell(struct sy_workers *workers, struct sy_worker *worker)
{
	char reason[] = "UpgradeStopped";
	const struct sy_log_ref ref = {.cluster = worker->cluster, .path = worker->plan.path, .reason = reason};
	const struct sy_event event = {
		.warning = true, .cluster = worker->cluster, .reason = reason, .message = workers->roll_text, .count = 1};

	sy_error_log(&ref, "%s", workers->roll_text);
	if (workers->ops->event)
		workers->ops->event(workers->arg, &event);
}

/* The tenant is served by the old program again; who has taken the new one and does well with it goes on. */
static void fall_back(struct sy_workers *workers, struct sy_worker *worker, bool late)
{
	const char *where = worker->plan.path && worker->plan.path[0] ? worker->plan.path : worker->cluster;

	(void)snprintf(
		workers->roll_text, sizeof(workers->roll_text),
		"the new worker program failed in workspace %.256s (%s): it is back with the old one, and no other worker gets the new "
		"one; replace %.96s and reload",
		where,
		late		       ? "not in step in time"
		: worker->last_exit[0] ? worker->last_exit
				       : "WorkerCrashed",
		sy_program_path(workers->next));
	replace(&workers->refused, workers->next);
	workers->next = NULL;
	for (size_t i = 0; i < workers->count; i++)
		workers->items[i]->moved = false;
	worker->failures = 0;
	worker->renewing = true;
	tell(workers, worker);
	sy_worker_event(worker, SY_EVENT_RESTART);
}

static void finish(struct sy_workers *workers)
{
	replace(&workers->program, workers->next);
	workers->next = NULL;
	for (size_t i = 0; i < workers->count; i++)
		workers->items[i]->moved = false;
	sy_info(NULL, "all workers run %s as it is now", sy_program_path(workers->program));
}

static size_t collect(struct sy_workers *workers, struct sy_rollout_fact *facts, struct sy_worker **who)
{
	size_t count = 0;

	for (size_t i = 0; i < workers->count; i++) {
		if (!workers->items[i]->wanted)
			continue;
		facts[count] = fact_of(workers->items[i]);
		who[count++] = workers->items[i];
	}
	return count;
}

static void follow(struct sy_workers *workers, enum sy_rollout_deed deed, struct sy_worker *worker, const struct sy_rollout_fact *fact)
{
	switch (deed) {
	case SY_ROLLOUT_MOVE:
		move(worker, fact);
		break;
	case SY_ROLLOUT_DONE:
		finish(workers);
		break;
	case SY_ROLLOUT_ENDED:
		fall_back(workers, worker, false);
		break;
	case SY_ROLLOUT_LATE:
		fall_back(workers, worker, true);
		break;
	case SY_ROLLOUT_WAIT:
	case SY_ROLLOUT_DEED_MAX:
		break;
	}
}

bool sy_workers_roll(struct sy_workers *workers)
{
	const struct sy_rollout_rule rule = {.stable_ms = workers->config->upgrade_stable_ms,
					     .deadline_ms = workers->config->upgrade_deadline_ms};

	if (!workers->next)
		return false;
	sy_timer_start(workers->roll, LOOK_MS);
	sy_auto_free struct sy_rollout_fact *facts = calloc(workers->count + 1, sizeof(*facts));
	sy_auto_free struct sy_worker **who = calloc(workers->count + 1, sizeof(struct sy_worker *));
	if (!facts || !who)
		return true; /* at the next look */
	size_t at = 0;
	size_t count = collect(workers, facts, who);
	enum sy_rollout_deed deed = sy_rollout_step(&workers->rollout, &rule, facts, count, sy_loop_now_ms(workers->loop), &at);
	follow(workers, deed, who[at], &facts[at]);
	if (!workers->next)
		sy_defer_mark(workers->schedule);
	return true;
}

const struct sy_program *sy_workers_latest(const struct sy_workers *workers)
{
	return workers->refused ? workers->refused : workers->next ? workers->next : workers->program;
}

struct sy_upgrade_view sy_workers_upgrade(const struct sy_workers *workers)
{
	const struct sy_program *latest = sy_workers_latest(workers);
	struct sy_upgrade_view view = {.state = workers->next		? "Rolling"
						: workers->roll_text[0] ? "Stopped"
									: "Idle",
				       .message = workers->roll_text};
	const struct sy_worker *in_hand =
		workers->next && workers->rollout.cluster[0] ? sy_workers_lookup(workers, workers->rollout.cluster) : NULL;

	view.workspace = in_hand && in_hand->plan.path ? in_hand->plan.path : "";
	for (size_t i = 0; i < workers->count; i++)
		view.old += is_at_work(workers->items[i]) && workers->items[i]->program != latest;
	return view;
}

int sy_workers_rollout_open(struct sy_workers *workers, struct sy_error *err)
{
	return sy_timer_new(&workers->roll, workers->loop, on_roll, workers, err);
}

void sy_workers_rollout_done(struct sy_workers *workers)
{
	sy_timer_free(workers->roll);
	replace(&workers->program, NULL);
	replace(&workers->next, NULL);
	replace(&workers->refused, NULL);
}
