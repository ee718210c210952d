#include "supervisor/status/heartbeat.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/num.h"
#include "supervisor/status/patch.h"

#define NOT_HEALTHY_MS 1000 /* look again */
#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS 8000

struct sy_heartbeat {
	struct sy_loop *loop;
	struct sy_kube *kube;
	struct sy_target *target;
	const struct sy_timings *timings;
	const char *identity; /* borrowed */
	bool (*healthy)(void *arg);
	void *arg;
	struct sy_timer *timer;
	struct sy_kube_request *request;
	int64_t retry_ms;
	enum sy_kube_verdict verdict; /* of the last beat */
	bool stopped;
};

static void plan_next(struct sy_heartbeat *heartbeat)
{
	int64_t jitter = heartbeat->timings->heartbeat_jitter_ms;
	int64_t delay = heartbeat->timings->heartbeat_ms;

	if (jitter > 0)
		delay += (int64_t)arc4random_uniform((uint32_t)(2 * jitter + 1)) - jitter;
	if (!heartbeat->stopped)
		sy_timer_start(heartbeat->timer, delay);
}

char *sy_heartbeat_body(const char *uid, const char *identity, time_t now)
{
	sy_auto_json json_object *patch = json_object_new_array();
	char text[21];
	int r;

	sy_time_format(now, text);
	r = sy_patch_test_str(patch, "/metadata/uid", uid);
	if (r == 0)
		r = sy_patch_test_str(patch, "/status/syncer/identity", identity);
	if (r == 0)
		r = sy_patch_op(patch, "add", "/status/lastSyncerHeartbeatTime", json_object_new_string(text));
	return r == 0 ? sy_json_text(patch) : NULL;
}

static void failed(struct sy_heartbeat *heartbeat)
{
	heartbeat->retry_ms = heartbeat->retry_ms ? heartbeat->retry_ms * 2 : RETRY_FIRST_MS;
	if (heartbeat->retry_ms > RETRY_MAX_MS)
		heartbeat->retry_ms = RETRY_MAX_MS;
	if (!heartbeat->stopped)
		sy_timer_start(heartbeat->timer, heartbeat->retry_ms);
}

/* A failure is logged once, not at every retry: until the next that is another one, or a success. */
static void tell(struct sy_heartbeat *heartbeat, const struct sy_kube_result *result)
{
	if (result->verdict == heartbeat->verdict)
		return;
	heartbeat->verdict = result->verdict;
	if (result->verdict == SY_KUBE_OK)
		sy_info(NULL, "heartbeat: accepted again");
	else
		sy_warn(NULL, "heartbeat: %s; trying again", result->message);
}

static void answered(void *arg, const struct sy_kube_result *result)
{
	struct sy_heartbeat *heartbeat = arg;

	heartbeat->request = NULL;
	sy_target_written(heartbeat->target, result);
	tell(heartbeat, result);
	if (result->verdict == SY_KUBE_OK) {
		heartbeat->retry_ms = 0;
		sy_target_store(heartbeat->target, result);
		plan_next(heartbeat);
		return;
	}
	/* 422: one of the tests failed. Which one shows the object: another uid or another identity is target's decision. */
	if (result->verdict == SY_KUBE_INVALID || result->verdict == SY_KUBE_NOT_FOUND)
		sy_target_refresh(heartbeat->target);
	failed(heartbeat);
}

static void beat(void *arg)
{
	struct sy_heartbeat *heartbeat = arg;
	const struct sy_target_view *view = sy_target_view(heartbeat->target);
	sy_auto_free char *body = NULL;
	struct sy_kube_call call = {.method = "PATCH",
				    .base = sy_target_base(heartbeat->target),
				    .path = sy_target_status_path(heartbeat->target),
				    .query = "fieldManager=syncerd",
				    .content_type = SY_CT_JSON_PATCH};

	if (heartbeat->request || heartbeat->stopped)
		return;
	if (view->state != SY_TARGET_ACTIVE || !view->owned || !heartbeat->healthy(heartbeat->arg)) {
		sy_timer_start(heartbeat->timer, NOT_HEALTHY_MS);
		return;
	}
	body = sy_heartbeat_body(view->uid, heartbeat->identity, sy_target_now(heartbeat->target));
	call.body = body;
	call.body_len = body ? strlen(body) : 0;
	if (!body || sy_kube_do(heartbeat->kube, &call, answered, heartbeat, &heartbeat->request, NULL) < 0)
		failed(heartbeat);
}

int sy_heartbeat_new(struct sy_heartbeat **ret_heartbeat, struct sy_loop *loop, struct sy_kube *kube, struct sy_target *target,
		     const struct sy_timings *timings, const char *identity, bool (*healthy)(void *arg), void *arg, struct sy_error *err)
{
	struct sy_heartbeat *heartbeat = calloc(1, sizeof(*heartbeat));
	int r;

	if (!heartbeat)
		return sy_error_oom(err);
	*heartbeat = (struct sy_heartbeat){
		.loop = loop, .kube = kube, .target = target, .timings = timings, .identity = identity, .healthy = healthy, .arg = arg};
	r = sy_timer_new(&heartbeat->timer, loop, beat, heartbeat, err);
	if (r < 0) {
		free(heartbeat);
		return r;
	}
	plan_next(heartbeat);
	*ret_heartbeat = heartbeat;
	return 0;
}

void sy_heartbeat_free(struct sy_heartbeat *heartbeat)
{
	if (!heartbeat)
		return;
	sy_kube_cancel(heartbeat->request);
	sy_timer_free(heartbeat->timer);
	free(heartbeat);
}

void sy_heartbeat_beaten(struct sy_heartbeat *heartbeat)
{
	heartbeat->retry_ms = 0;
	if (!heartbeat->request)
		plan_next(heartbeat);
}

void sy_heartbeat_kick(struct sy_heartbeat *heartbeat)
{
	if (!heartbeat->request && !heartbeat->stopped)
		sy_timer_start(heartbeat->timer, 0);
}

void sy_heartbeat_stop(struct sy_heartbeat *heartbeat)
{
	heartbeat->stopped = true;
	sy_kube_cancel(heartbeat->request);
	heartbeat->request = NULL;
	sy_timer_stop(heartbeat->timer);
}
