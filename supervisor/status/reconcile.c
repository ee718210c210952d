#include "supervisor/status/reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/num.h"
#include "supervisor/status/status.h"

#define COALESCE_MS 20
#define RETRY_MAX_MS 8000
#define LEARN_MS 5000	   /* after a start: time to learn what a status that is ours says already */
#define LEARN_AGAIN_MS 200 /* how often to look meanwhile */

struct sy_reconcile {
	struct sy_loop *loop;
	struct sy_kube *kube;
	struct sy_target *target;
	const struct sy_timings *timings;
	const struct sy_reconcile_ops *ops;
	void *arg;
	struct sy_timer *timer;
	struct sy_timer *limit;
	struct sy_kube_request *request;
	int64_t born_ms;
	int64_t written_ms;
	int64_t retry_ms;	      /* present back-off, 0 = none */
	enum sy_kube_verdict verdict; /* of the last write that was told */
	json_object *sent;	      /* by the last write */
	json_object *kept;	      /* what the server made of it; NULL = not accepted */
	bool dirty;
	bool warned;
	bool learned;  /* a first write of what is true has succeeded since the start */
	bool greeting; /* the write under way says only that we are back */
	bool ending;   /* only the final write comes now */
	bool last;     /* the final write may go, once what is under way is answered */
	bool said;     /* it has gone */
	sy_loop_fn *done;
	void *done_arg;
};

static void finish(struct sy_reconcile *reconcile)
{
	sy_loop_fn *done = reconcile->done;

	sy_timer_stop(reconcile->limit);
	reconcile->done = NULL;
	if (done)
		done(reconcile->done_arg);
}

static void retry_later(struct sy_reconcile *reconcile)
{
	reconcile->retry_ms = reconcile->retry_ms ? reconcile->retry_ms * 2 : 1000;
	if (reconcile->retry_ms > RETRY_MAX_MS)
		reconcile->retry_ms = RETRY_MAX_MS;
	reconcile->dirty = true;
	sy_timer_start(reconcile->timer, reconcile->retry_ms);
}

/* A refusal is logged once, not at every retry: until the next that is another one, or a success. What a fresh look at the object cures is
 * none. */
static void tell(struct sy_reconcile *reconcile, const struct sy_kube_result *result)
{
	if (result->verdict == reconcile->verdict || result->verdict == SY_KUBE_CONFLICT || result->verdict == SY_KUBE_NOT_FOUND)
		return;
	reconcile->verdict = result->verdict;
	if (result->verdict == SY_KUBE_OK)
		sy_info(NULL, "the SyncTarget's status can be written again");
	else
		sy_warn(NULL, "writing the SyncTarget's status: %s; trying again", result->message);
}

static void remember(json_object **slot, json_object *value)
{
	json_object_put(*slot);
	*slot = value;
}

/* A schema that does not know all that is written drops it: to write the same once more would end the same. */
static bool is_settled(struct sy_reconcile *reconcile, json_object *stored, json_object *wanted)
{
	if (sy_status_same(stored, wanted)) {
		remember(&reconcile->sent, NULL); /* as always: nothing to be kept in mind */
		remember(&reconcile->kept, NULL);
		return true;
	}
	return reconcile->sent && reconcile->kept && sy_status_same(stored, reconcile->kept) && sy_status_same(wanted, reconcile->sent);
}

static void answered(void *arg, const struct sy_kube_result *result)
{
	struct sy_reconcile *reconcile = arg;
	json_object *kept = result->verdict == SY_KUBE_OK ? sy_json_object(result->object, "status", NULL) : NULL;

	reconcile->request = NULL;
	remember(&reconcile->kept, kept ? sy_json_copy(kept) : NULL);
	sy_target_written(reconcile->target, result);
	tell(reconcile, result);
	if (result->verdict != SY_KUBE_OK)
		reconcile->greeting = false;
	if (result->warning && !reconcile->warned) {
		reconcile->warned = true;
		sy_warn(NULL, "the SyncTarget's schema does not know all that this version writes: %s; renew it with syncerctl install kcp",
			result->warning);
	}
	if (result->verdict == SY_KUBE_OK) {
		reconcile->retry_ms = 0;
		reconcile->written_ms = sy_loop_now_ms(reconcile->loop);
		reconcile->learned = reconcile->learned || !reconcile->greeting;
		sy_target_store(reconcile->target, result);
		if (!reconcile->last)
			reconcile->ops->written(reconcile->arg);
		reconcile->dirty = true; /* compare once more: the server may have defaulted or dropped something */
		sy_timer_start(reconcile->timer, COALESCE_MS);
	} else {
		sy_target_refresh(reconcile->target);
		retry_later(reconcile);
	}
	/* The last word is tried again until its limit; after a success there is nothing more to say. */
	if (reconcile->said && result->verdict == SY_KUBE_OK)
		finish(reconcile);
}

static json_object *without_heartbeat(json_object *status)
{
	json_object *copy = status ? sy_json_copy(status) : json_object_new_object();

	if (copy)
		json_object_object_del(copy, "lastSyncerHeartbeatTime");
	return copy;
}

/* {"metadata":{"resourceVersion":...},"status":<difference>}; NULL without memory. */
static char *make_body(struct sy_reconcile *reconcile, json_object *stored, json_object *wanted, const char *now)
{
	sy_auto_json json_object *from = without_heartbeat(stored);
	sy_auto_json json_object *body = json_object_new_object();
	json_object *difference = NULL, *metadata;
	int r;

	if (!from || !body || sy_json_merge_diff(from, wanted, &difference, NULL) < 0)
		return NULL;
	if (!difference)
		difference = json_object_new_object();
	r = now ? sy_json_add_str(difference, "lastSyncerHeartbeatTime", now) : 0;
	if (r < 0) {
		json_object_put(difference);
		return NULL;
	}
	r = sy_json_add(body, "status", difference);
	metadata = json_object_new_object();
	if (r == 0)
		r = sy_json_add_str(metadata, "resourceVersion", sy_target_view(reconcile->target)->resource_version);
	if (r < 0) {
		json_object_put(metadata);
		return NULL;
	}
	r = sy_json_add(body, "metadata", metadata);
	return r < 0 ? NULL : sy_json_text(body);
}

static void send(struct sy_reconcile *reconcile, json_object *stored, json_object *wanted, const char *now)
{
	sy_auto_free char *body = make_body(reconcile, stored, wanted, reconcile->last ? NULL : now);
	struct sy_kube_call call = {.method = "PATCH",
				    .base = sy_target_base(reconcile->target),
				    .path = sy_target_status_path(reconcile->target),
				    .query = "fieldManager=syncerd",
				    .content_type = SY_CT_MERGE_PATCH,
				    .body = body,
				    .body_len = body ? strlen(body) : 0};
	struct sy_error err = {0};

	reconcile->said = reconcile->last;
	remember(&reconcile->sent, sy_json_copy(wanted));
	remember(&reconcile->kept, NULL);
	if (!body || sy_kube_do(reconcile->kube, &call, answered, reconcile, &reconcile->request, &err) < 0)
		retry_later(reconcile);
}

static bool has_unknown(json_object *status)
{
	json_object *list = sy_json_array(status, "conditions", NULL);

	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		const char *value = sy_json_str(json_object_array_get_idx(list, i), "status", NULL);

		if (value && strcmp(value, "Unknown") == 0)
			return true;
	}
	return false;
}

/* A restart is no transition: what was true before it and is true after it shall not be Unknown in between, only because nothing has been
 * asked yet. A status that is not ours is replaced at once, since it tells others who serves the SyncTarget. */
static bool still_learning(const struct sy_reconcile *reconcile, json_object *wanted)
{
	return !reconcile->learned && !reconcile->last && sy_target_view(reconcile->target)->owned &&
	       sy_loop_now_ms(reconcile->loop) - reconcile->born_ms < LEARN_MS && has_unknown(wanted);
}

/* While we learn, others must not take us for gone: what is stored has our own farewell, or a heartbeat that they will soon call history. */
static bool must_greet(const struct sy_reconcile *reconcile, json_object *stored)
{
	const char *reason = sy_json_str(sy_status_condition(stored, "HeartbeatHealthy"), "reason", NULL);
	const char *text = sy_json_str(stored, "lastSyncerHeartbeatTime", NULL);
	time_t beat;

	if (reason && strcmp(reason, "SyncerStopped") == 0)
		return true;
	return !text || !sy_time_parse(text, &beat) ||
	       (int64_t)(sy_target_now(reconcile->target) - beat) * 2000 >= reconcile->timings->foreign_ms;
}

/* True when a write is under way. */
static bool greet(struct sy_reconcile *reconcile, json_object *stored, const char *now)
{
	sy_auto_json json_object *status = NULL;

	if (!must_greet(reconcile, stored) || reconcile->ops->back(reconcile->arg, stored, now, &status) < 0)
		return false;
	reconcile->greeting = true;
	send(reconcile, stored, status, now);
	return true;
}

/* How long a write has to wait: not at all when Ready changes. */
static int64_t wait_ms(const struct sy_reconcile *reconcile, json_object *stored, json_object *wanted)
{
	const char *old = sy_status_ready(stored), *new = sy_status_ready(wanted);
	int64_t since = sy_loop_now_ms(reconcile->loop) - reconcile->written_ms;

	if (still_learning(reconcile, wanted))
		return LEARN_AGAIN_MS;
	if (reconcile->last || !old || !new || strcmp(old, new) != 0 || since >= reconcile->timings->status_ms)
		return 0;
	return reconcile->timings->status_ms - since;
}

static void compare(void *arg)
{
	struct sy_reconcile *reconcile = arg;
	json_object *stored = sy_target_view(reconcile->target)->status;
	sy_auto_json json_object *wanted = NULL;
	int64_t wait;
	char now[21];

	if (reconcile->request || sy_target_view(reconcile->target)->state != SY_TARGET_ACTIVE || (reconcile->ending && !reconcile->last))
		return;
	if (reconcile->last && !sy_target_view(reconcile->target)->owned) {
		finish(reconcile); /* nothing of ours was ever stored */
		return;
	}
	sy_time_format(sy_target_now(reconcile->target), now);
	if (reconcile->ops->build(reconcile->arg, stored, now, &wanted) < 0) {
		if (reconcile->last)
			finish(reconcile);
		return;
	}
	if (is_settled(reconcile, stored, wanted)) {
		reconcile->dirty = false;
		reconcile->retry_ms = 0;
		if (reconcile->last)
			finish(reconcile);
		return;
	}
	if (still_learning(reconcile, wanted) && greet(reconcile, stored, now))
		return;
	reconcile->greeting = false;
	wait = wait_ms(reconcile, stored, wanted);
	if (wait > 0)
		sy_timer_start(reconcile->timer, wait);
	else
		send(reconcile, stored, wanted, now);
}

static void limit_reached(void *arg)
{
	struct sy_reconcile *reconcile = arg;

	sy_kube_cancel(reconcile->request);
	reconcile->request = NULL;
	finish(reconcile);
}

int sy_reconcile_new(struct sy_reconcile **ret_reconcile, struct sy_loop *loop, struct sy_kube *kube, struct sy_target *target,
		     const struct sy_timings *timings, const struct sy_reconcile_ops *ops, void *arg, struct sy_error *err)
{
	struct sy_reconcile *reconcile = calloc(1, sizeof(*reconcile));
	int r;

	if (!reconcile)
		return sy_error_oom(err);
	*reconcile = (struct sy_reconcile){
		.loop = loop, .kube = kube, .target = target, .timings = timings, .ops = ops, .arg = arg, .dirty = true};
	reconcile->born_ms = sy_loop_now_ms(loop);
	reconcile->written_ms = reconcile->born_ms - timings->status_ms;
	r = sy_timer_new(&reconcile->timer, loop, compare, reconcile, err);
	if (r == 0)
		r = sy_timer_new(&reconcile->limit, loop, limit_reached, reconcile, err);
	if (r < 0) {
		sy_reconcile_free(reconcile);
		return r;
	}
	*ret_reconcile = reconcile;
	return 0;
}

void sy_reconcile_free(struct sy_reconcile *reconcile)
{
	if (!reconcile)
		return;
	sy_kube_cancel(reconcile->request);
	remember(&reconcile->sent, NULL);
	remember(&reconcile->kept, NULL);
	sy_timer_free(reconcile->timer);
	sy_timer_free(reconcile->limit);
	free(reconcile);
}

void sy_reconcile_mark(struct sy_reconcile *reconcile)
{
	if (reconcile->last)
		return;
	reconcile->dirty = true;
	if (!reconcile->request && !sy_timer_active(reconcile->timer))
		sy_timer_start(reconcile->timer, COALESCE_MS);
}

void sy_reconcile_rest(struct sy_reconcile *reconcile)
{
	sy_timer_stop(reconcile->timer);
	sy_kube_cancel(reconcile->request);
	reconcile->request = NULL;
	reconcile->dirty = true;
}

void sy_reconcile_end(struct sy_reconcile *reconcile)
{
	sy_timer_stop(reconcile->timer);
	reconcile->ending = true;
}

bool sy_reconcile_in_sync(const struct sy_reconcile *reconcile)
{
	return !reconcile->dirty && !reconcile->request && !reconcile->last;
}

void sy_reconcile_last(struct sy_reconcile *reconcile, int64_t limit_ms, sy_loop_fn *done, void *arg)
{
	reconcile->last = true;
	reconcile->done = done;
	reconcile->done_arg = arg;
	sy_timer_start(reconcile->limit, limit_ms);
	if (sy_target_view(reconcile->target)->state != SY_TARGET_ACTIVE)
		sy_timer_start(reconcile->limit, 0);
	else if (!reconcile->request)
		sy_timer_start(reconcile->timer, 0);
}
