/* The conversation with one worker. Order of checks: who sent it, how much it sends, what it says. Nothing a worker sends can do more
 * than change its own record or end its own process. */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "supervisor/process/worker.h"
#include "supervisor/process/workers_impl.h"

#define WARN_MS 10000 /* at most one line per worker and this time about what was refused */

static int64_t now_of(const struct sy_worker *worker)
{
	return sy_loop_now_ms(worker->owner->loop);
}

struct sy_plan sy_worker_effective_plan(const struct sy_worker *worker)
{
	struct sy_plan plan = worker->plan;

	plan.approved = worker->approved;
	plan.held = worker->held.items;
	plan.held_count = worker->held.count;
	if (worker->paused)
		plan.mode = SY_PLAN_PAUSED;
	return plan;
}

static void misbehaved(struct sy_worker *worker, const char *what)
{
	const struct sy_log_ref ref = {.cluster = worker->cluster, .reason = "WorkerMisbehaved"};

	if (sy_worker_step(worker->state, SY_EVENT_MISBEHAVED).action != SY_ACTION_KILL)
		return;
	sy_warn(&ref, "worker pid %d is killed: %s", (int)worker->pid, what);
	sy_worker_fault(worker, "WorkerMisbehaved", SY_EVENT_MISBEHAVED);
}

static int refuse(struct sy_error *err, const char *what)
{
	return sy_error_set(err, EPERM, "hello refused: %s", what);
}

static int check_hello(const struct sy_worker *worker, const struct sy_hello *hello, struct sy_error *err)
{
	size_t len = strlen(worker->token);

	if (strlen(hello->token) != len || CRYPTO_memcmp(hello->token, worker->token, len) != 0)
		return refuse(err, "wrong token");
	if (strcmp(hello->cluster, worker->cluster) != 0)
		return refuse(err, "it speaks for another logical cluster");
	if (hello->pid != worker->pid)
		return refuse(err, "its pid is not that of its sender");
	return 0;
}

static int take_hello(struct sy_worker *worker, json_object *body, struct sy_error *err)
{
	struct sy_hello hello = {0};
	int rc = sy_hello_decode(body, &hello, err);

	if (rc < 0)
		return rc;
	rc = check_hello(worker, &hello, err);
	if (rc == 0)
		(void)strlcpy(worker->version, hello.version, sizeof(worker->version));
	sy_hello_done(&hello);
	if (rc < 0)
		return rc;
	if (!worker->running_ms) {
		const struct sy_log_ref ref = {.cluster = worker->cluster, .path = worker->plan.path};

		worker->running_ms = now_of(worker);
		sy_limits_running(&worker->owner->limits, &worker->owner->config->limits, &worker->limited, &ref);
	}
	sy_worker_event(worker, SY_EVENT_HELLO);
	return 0;
}

static void heartbeat(struct sy_worker *worker)
{
	worker->report_ms = now_of(worker);
	worker->heartbeat_late = false;
	if (worker->state == SY_WORKER_RUNNING)
		sy_timer_start(worker->deadline, sy_worker_silence_ms(worker));
}

static int take_report(struct sy_worker *worker, json_object *body, struct sy_error *err)
{
	struct sy_report report = {0};
	int rc = sy_report_decode(body, &report, err);

	if (rc < 0)
		return rc;
	bool same = worker->has_report && sy_report_equal(&worker->report, &report);
	if (worker->has_report)
		sy_report_done(&worker->report);
	worker->report = report;
	worker->has_report = true;
	heartbeat(worker);
	sy_worker_lag_update(worker);
	sy_worker_held_update(worker);
	if (!same)
		sy_worker_changed(worker);
	/* Drained counts for the plan that is wanted now, not for one that was replaced while the worker drained. */
	if (report.drained && worker->plan.mode == SY_PLAN_DRAIN && report.plan_generation == worker->plan.generation && worker->wanted) {
		worker->drained = true;
		worker->wanted = false;
		sy_worker_event(worker, SY_EVENT_UNWANTED);
	}
	sy_worker_lag_judge(worker);
	return 0;
}

static int take_event(struct sy_worker *worker, json_object *body, struct sy_error *err)
{
	struct sy_event event = {0};
	int rc = sy_event_decode(body, &event, err);

	if (rc < 0)
		return rc;
	if (++worker->events > SY_WORKER_EVENTS_PER_S) {
		worker->events_dropped++;
	} else if (worker->owner->ops->event) {
		event.cluster = worker->cluster; /* whose it is follows from the link; borrowed for the call */
		worker->owner->ops->event(worker->owner->arg, &event);
		event.cluster = NULL;
	}
	sy_event_done(&event);
	return 0;
}

static int take_reply(struct sy_worker *worker, json_object *body, struct sy_error *err)
{
	struct sy_reply reply = {0};

	if (!worker->replies_due) /* the size of a reply is that of an object: nobody may send them unasked */
		return sy_error_set(err, EPROTO, "a reply that nobody asked for");
	worker->replies_due--;
	int rc = sy_reply_decode(body, &reply, err);
	if (rc < 0)
		return rc;
	sy_worker_dump_reply(worker, &reply);
	sy_reply_done(&reply);
	return 0;
}

static int take(void *arg, const struct sy_msg *msg, struct sy_error *err)
{
	struct sy_worker *worker = arg;

	if (!worker->running_ms && msg->type != SY_MSG_HELLO)
		return sy_error_set(err, EPROTO, "%s before an accepted hello", sy_msg_type_name(msg->type));
	switch (msg->type) {
	case SY_MSG_HELLO:
		return take_hello(worker, msg->body, err);
	case SY_MSG_REPORT:
		return take_report(worker, msg->body, err);
	case SY_MSG_EVENT:
		return take_event(worker, msg->body, err);
	case SY_MSG_REPLY:
		return take_reply(worker, msg->body, err);
	case SY_MSG_WELCOME:
	case SY_MSG_PLAN:
	case SY_MSG_CREDENTIALS:
	case SY_MSG_COMMAND:
	case SY_MSG_ACK:
	case SY_MSG_TYPE_MAX:
		break;
	}
	return sy_error_set(err, EPROTO, "%s may not come from a worker", sy_msg_type_name(msg->type));
}

/* True while the worker keeps within what it may send in one second. */
static bool within_bounds(struct sy_worker *worker, size_t len)
{
	int64_t now = now_of(worker);

	if (now - worker->second_ms >= 1000) {
		worker->second_ms = now;
		worker->messages = 0;
		worker->bytes = 0;
		worker->events = 0;
	}
	worker->messages++;
	worker->bytes += len;
	return worker->messages <= SY_WORKER_MESSAGES_PER_S && worker->bytes <= SY_WORKER_BYTES_PER_S;
}

static bool may_warn(struct sy_worker *worker)
{
	if (worker->warned_ms && now_of(worker) - worker->warned_ms < WARN_MS)
		return false;
	worker->warned_ms = now_of(worker);
	return true;
}

static void stranger(struct sy_worker *worker, pid_t pid, uid_t uid)
{
	const struct sy_log_ref ref = {.cluster = worker->cluster};

	if (may_warn(worker))
		sy_warn(&ref, "a process that is not the worker (pid %d, uid %d) spoke on its link and is not listened to", (int)pid,
			(int)uid);
}

static void refused(struct sy_worker *worker, const struct sy_error *err)
{
	const struct sy_log_ref ref = {.cluster = worker->cluster};

	if (err->code == ENOMEM)
		return; /* ours, not its fault; it will repeat */
	worker->violations++;
	if (may_warn(worker))
		sy_warn(&ref, "worker pid %d: %s", (int)worker->pid, err->text);
	/* Before the hello the deadline decides, so that the reason is HandshakeFailed. */
	if (worker->running_ms && worker->violations >= SY_WORKER_VIOLATIONS)
		misbehaved(worker, "too many messages that break the protocol");
}

static void arm(struct sy_worker *worker)
{
	int64_t wait = sy_channel_tick(worker->channel, now_of(worker));

	if (worker->plan_due || worker->access_due || worker->told_level != sy_worker_level(worker))
		wait = SY_CHANNEL_RETRY_MS / 2;
	if (wait >= 0)
		sy_timer_start(worker->tick, wait);
	else
		sy_timer_stop(worker->tick);
}

static void on_message(void *arg, const char *data, size_t len, pid_t pid, uid_t uid)
{
	struct sy_worker *worker = arg;
	struct sy_error err = {0};

	if (worker->state == SY_WORKER_KILLING || worker->pid == 0)
		return;
	if (pid != worker->pid || uid != geteuid()) {
		stranger(worker, pid, uid);
		return;
	}
	if (!within_bounds(worker, len)) {
		misbehaved(worker, "it floods its link");
		return;
	}
	if (sy_channel_input(worker->channel, data, len, now_of(worker), &err) < 0)
		refused(worker, &err);
	if (worker->state != SY_WORKER_KILLING)
		arm(worker);
}

static int on_send(void *arg, const char *data, size_t len)
{
	struct sy_worker *worker = arg;

	return sy_link_send(worker->link, data, len, NULL);
}

static const struct sy_channel_ops channel_ops = {.send = on_send, .take = take};

int sy_worker_listen(struct sy_worker *worker, const char *path, struct sy_error *err)
{
	int rc = sy_link_listen(&worker->link, worker->owner->loop, path, SY_MSG_MAX_UP, on_message, worker, err);

	return rc < 0 ? rc : sy_channel_new(&worker->channel, false, worker->incarnation, &channel_ops, worker, err);
}

void sy_worker_renew(struct sy_worker *worker)
{
	const struct sy_log_ref ref = {.cluster = worker->cluster};
	struct sy_error err = {0};

	worker->renewed_ms = now_of(worker);
	sy_warn(&ref, "worker pid %d does not answer on its link: the listener is renewed", (int)worker->pid);
	if (sy_link_renew(worker->link, &err) < 0)
		sy_error_log(&ref, "%s", err.text); /* the deadline that runs decides what becomes of the worker */
}

static int send_plan(struct sy_worker *worker, struct sy_error *err)
{
	const struct sy_plan plan = sy_worker_effective_plan(worker);
	sy_auto_json json_object *body = NULL;
	int rc = sy_plan_encode(&plan, &body, err);

	return rc < 0 ? rc : sy_channel_send(worker->channel, SY_MSG_PLAN, body, now_of(worker), NULL, err);
}

static int send_access(struct sy_worker *worker, struct sy_error *err)
{
	sy_auto_json json_object *body = json_object_new_object();
	json_object *up = NULL;
	json_object *down = NULL;
	int rc = body ? sy_access_encode(&worker->owner->upstream, &up, err) : sy_error_oom(err);

	if (rc == 0 && sy_json_add(body, "upstream", up) < 0)
		rc = sy_error_oom(err);
	if (rc == 0)
		rc = sy_access_encode(&worker->owner->downstream, &down, err);
	if (rc == 0 && sy_json_add(body, "downstream", down) < 0)
		rc = sy_error_oom(err);
	return rc < 0 ? rc : sy_channel_send(worker->channel, SY_MSG_CREDENTIALS, body, now_of(worker), NULL, err);
}

static int send_level(struct sy_worker *worker, enum sy_log_level level, struct sy_error *err)
{
	sy_auto_json json_object *args = json_object_new_object();

	if (!args || sy_json_add_str(args, "level", sy_log_level_name(level)) < 0)
		return sy_error_oom(err);
	return sy_worker_command(worker, "loglevel", args, NULL, err);
}

void sy_worker_flush(struct sy_worker *worker)
{
	enum sy_log_level level = sy_worker_level(worker);
	const struct sy_log_ref ref = {.cluster = worker->cluster};
	struct sy_error err = {0};
	int64_t now = now_of(worker);

	sy_worker_lag_update(worker);
	if (!worker->channel || !worker->running_ms || worker->state == SY_WORKER_KILLING)
		return;
	if (worker->access_due && send_access(worker, &err) == 0) {
		worker->access_due = false;
		worker->access_version = worker->owner->access_version;
	}
	if (worker->plan_due && send_plan(worker, &err) == 0)
		worker->plan_due = false;
	if (worker->told_level != level && send_level(worker, level, &err) == 0)
		worker->told_level = level;
	if (err.code)
		sy_warn(&ref, "cannot send to the worker, will try again: %s", err.text);
	if (sy_channel_oldest_ms(worker->channel, now) > SY_WORKER_LINK_SILENT_MS && now - worker->renewed_ms > SY_WORKER_LINK_SILENT_MS)
		sy_worker_renew(worker);
	arm(worker);
}

/* The hello was accepted: what changed since the boot message was written goes out now. */
void sy_worker_welcome(struct sy_worker *worker)
{
	const struct sy_log_ref ref = {.cluster = worker->cluster, .path = worker->plan.path};
	sy_auto_json json_object *body = json_object_new_object();
	struct sy_error err = {0};

	if (!body || sy_channel_send(worker->channel, SY_MSG_WELCOME, body, now_of(worker), NULL, &err) < 0)
		sy_warn(&ref, "welcome not sent: %s", err.text);
	if (worker->access_version != worker->owner->access_version)
		worker->access_due = true;
	sy_info(&ref, "worker pid %d is running", (int)worker->pid);
	sy_worker_flush(worker);
}

int sy_worker_command(struct sy_worker *worker, const char *verb, json_object *args, uint64_t *ret_id, struct sy_error *err)
{
	sy_auto_free char *name = strdup(verb);
	const struct sy_command command = {.id = worker->owner->next_command++, .verb = name, .args = args};
	sy_auto_json json_object *body = NULL;

	if (!name)
		return sy_error_oom(err);
	int rc = sy_command_encode(&command, &body, err);
	if (rc == 0)
		rc = sy_channel_send(worker->channel, SY_MSG_COMMAND, body, now_of(worker), NULL, err);
	if (rc < 0)
		return rc;
	worker->replies_due++;
	if (ret_id)
		*ret_id = command.id;
	arm(worker);
	return 0;
}
