#include "supervisor/process/worker.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/backoff.h"
#include "base/log.h"
#include "supervisor/process/workers_impl.h"

static void on_deadline(void *arg);
static void on_tick(void *arg);

int sy_worker_new(struct sy_worker **ret_worker, struct sy_workers *owner, const struct sy_plan *plan, struct sy_error *err)
{
	struct sy_worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return sy_error_oom(err);
	worker->owner = owner;
	worker->state = SY_WORKER_IDLE;
	worker->pidfd = -1;
	worker->log_level = -1;
	worker->wanted = true;
	int rc = sy_plan_copy(plan, &worker->plan, err);
	if (rc == 0 && !(worker->cluster = strdup(plan->cluster)))
		rc = sy_error_oom(err);
	if (rc == 0)
		rc = sy_timer_new(&worker->deadline, owner->loop, on_deadline, worker, err);
	if (rc == 0)
		rc = sy_timer_new(&worker->tick, owner->loop, on_tick, worker, err);
	if (rc < 0) {
		sy_worker_free(worker);
		return rc;
	}
	worker->plan.generation = 1;
	sy_worker_held_restore(worker);
	worker->paused = sy_marks_has(&owner->pauses, worker->cluster);
	*ret_worker = worker;
	return 0;
}

void sy_worker_free(struct sy_worker *worker)
{
	siginfo_t info;

	if (worker->pid > 0) {
		sy_worker_signal(worker, SIGKILL);
		waitid(P_PIDFD, (id_t)worker->pidfd, &info, WEXITED);
	}
	sy_worker_cleanup(worker);
	sy_timer_free(worker->deadline);
	sy_timer_free(worker->tick);
	sy_plan_done(&worker->plan);
	sy_strv_done(&worker->held);
	sy_program_unref(worker->program);
	free(worker->cluster);
	free(worker);
}

void sy_worker_changed(struct sy_worker *worker)
{
	if (worker->owner->ops->changed && worker->state != SY_WORKER_GONE)
		worker->owner->ops->changed(worker->owner->arg, worker->cluster);
}

static void start(struct sy_worker *worker)
{
	const struct sy_log_ref ref = {.cluster = worker->cluster, .path = worker->plan.path};
	struct sy_error err = {0};

	if (sy_worker_start(worker, &err) == 0) {
		worker->restarts += worker->starts > 0;
		worker->starts++;
		sy_timer_start(worker->deadline, worker->owner->config->start_deadline_ms);
		sy_info(&ref, "worker started, pid %d, incarnation %llu", (int)worker->pid, (unsigned long long)worker->incarnation);
		return;
	}
	sy_error_log(&ref, "worker cannot be started: %s", err.text);
	snprintf(worker->last_exit, sizeof(worker->last_exit), "WorkerNotStarted");
	snprintf(worker->last_exit_detail, sizeof(worker->last_exit_detail), "%.63s", err.text);
	sy_worker_event(worker, SY_EVENT_START_FAILED);
}

static void delay(struct sy_worker *worker)
{
	const struct sy_config *config = worker->owner->config;
	const struct sy_backoff_rule rule = {config->backoff_first_ms, config->backoff_max_ms};

	worker->ends++;
	if (worker->failures < UINT_MAX)
		worker->failures++;
	int64_t wait = sy_backoff_delay_ms(&rule, worker->failures, arc4random());
	worker->retry_ms = sy_loop_now_ms(worker->owner->loop) + wait;
	sy_timer_start(worker->deadline, wait);
}

static void stop(struct sy_worker *worker)
{
	worker->told_to_stop = true;
	sy_worker_signal(worker, SIGTERM);
	sy_timer_start(worker->deadline, worker->owner->config->stop_deadline_ms);
}

static void act(struct sy_worker *worker, enum sy_worker_action action)
{
	switch (action) {
	case SY_ACTION_QUEUE:
		sy_timer_stop(worker->deadline);
		worker->queued = worker->owner->next_queued++;
		break;
	case SY_ACTION_START:
		start(worker);
		break;
	case SY_ACTION_RENEW:
		sy_worker_renew(worker);
		sy_timer_start(worker->deadline, worker->owner->config->start_deadline_ms);
		break;
	case SY_ACTION_ADMIT:
		sy_timer_start(worker->deadline, sy_worker_silence_ms(worker));
		sy_worker_welcome(worker);
		break;
	case SY_ACTION_TERM:
		stop(worker);
		break;
	case SY_ACTION_KILL:
		sy_timer_stop(worker->deadline);
		sy_worker_signal(worker, SIGKILL);
		break;
	case SY_ACTION_DELAY:
		delay(worker);
		break;
	case SY_ACTION_FREE:
		sy_timer_stop(worker->deadline);
		sy_workers_remove(worker->owner, worker);
		break;
	case SY_ACTION_NONE:
	case SY_WORKER_ACTION_MAX:
		break;
	}
}

void sy_worker_event(struct sy_worker *worker, enum sy_worker_event event)
{
	const struct sy_log_ref ref = {.cluster = worker->cluster};
	enum sy_worker_state before = worker->state;
	const struct sy_worker_step step = sy_worker_step(before, event);

	sy_debug(&ref, "worker: %s in %s -> %s", sy_worker_event_name(event), sy_worker_state_name(before),
		 sy_worker_state_name(step.next));
	worker->state = step.next;
	act(worker, step.action);
	if (step.next != before) {
		sy_defer_mark(worker->owner->schedule);
		sy_worker_changed(worker);
	}
}

void sy_worker_fault(struct sy_worker *worker, const char *reason, enum sy_worker_event event)
{
	if (sy_worker_step(worker->state, event).action == SY_ACTION_KILL)
		worker->fault = reason;
	sy_worker_event(worker, event);
}

/* The heartbeat deadline. This process may have been the one that stood still (a suspended machine), with reports waiting to be read: one
 * more turn of the loop decides. */
static void heartbeat_due(struct sy_worker *worker)
{
	if (!worker->heartbeat_late) {
		worker->heartbeat_late = true;
		sy_timer_start(worker->deadline, SY_WORKER_GRACE_MS);
		return;
	}
	sy_worker_fault(worker, "WorkerHung", SY_EVENT_SILENT);
}

static void on_deadline(void *arg)
{
	struct sy_worker *worker = arg;

	switch (worker->state) {
	case SY_WORKER_STARTING:
		if (worker->hello_late) {
			sy_worker_fault(worker, "HandshakeFailed", SY_EVENT_HELLO_NEVER);
		} else {
			worker->hello_late = true;
			sy_worker_event(worker, SY_EVENT_HELLO_LATE);
		}
		break;
	case SY_WORKER_RUNNING:
		heartbeat_due(worker);
		break;
	case SY_WORKER_STOPPING:
		sy_worker_event(worker, SY_EVENT_STOP_LATE);
		break;
	case SY_WORKER_BACKOFF:
		sy_worker_event(worker, SY_EVENT_RETRY);
		break;
	case SY_WORKER_IDLE:
	case SY_WORKER_KILLING:
	case SY_WORKER_GONE:
	case SY_WORKER_STATE_MAX:
		break;
	}
}

static void on_tick(void *arg)
{
	sy_worker_flush(arg);
}
