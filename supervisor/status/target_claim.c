/* From "read" to "ours", and back at the end: every write is a JSON patch that tests uid and resourceVersion (or the finalizer). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/log.h"
#include "base/num.h"
#include "supervisor/status/patch.h"
#include "supervisor/status/status.h"
#include "supervisor/status/target_impl.h"

#define FINALIZER_MAX (sizeof(SY_FINALIZER) + SY_KEY_MAX)

static void finalizer_of(const struct sy_target *target, char out[FINALIZER_MAX])
{
	(void)snprintf(out, FINALIZER_MAX, SY_FINALIZER "%s", target->view.key);
}

static int finalizer_index(const struct sy_target *target)
{
	char finalizer[FINALIZER_MAX];

	finalizer_of(target, finalizer);
	return sy_patch_index(target->finalizers, finalizer);
}

int sy_target_request(struct sy_target *target, json_object *patch, sy_kube_done_fn *done, struct sy_error *err)
{
	sy_auto_json json_object *owned = patch;
	sy_auto_free char *body = owned ? sy_json_text(owned) : NULL;
	struct sy_kube_call call = {.method = "GET", .base = target->base, .path = target->path};

	if (owned) {
		if (!body)
			return sy_error_oom(err);
		call.method = "PATCH";
		call.query = "fieldManager=syncerd";
		call.content_type = SY_CT_JSON_PATCH;
		call.body = body;
		call.body_len = strlen(body);
	}
	sy_kube_cancel(target->request);
	target->request = NULL;
	return sy_kube_do(target->kube, &call, done, target, &target->request, err);
}

void sy_target_clock(struct sy_target *target, const struct sy_kube_result *result)
{
	int64_t offset;

	if (result->server_time == 0)
		return;
	offset = result->server_time - (int64_t)time(NULL);
	if (offset >= -2 && offset <= 2)
		offset = 0;
	if (offset != 0 && target->view.clock_offset == 0)
		sy_warn(NULL, "the local clock differs from kcp's by %lld s; times in the SyncTarget follow kcp's", (long long)offset);
	/* A second more or less is the answer's way, not the clock. */
	if (offset == 0 || llabs(offset - target->view.clock_offset) > 1)
		target->view.clock_offset = offset;
}

void sy_target_again(struct sy_target *target)
{
	static const struct sy_backoff_rule rule = {1000, 30000};

	target->failures++;
	sy_timer_start(target->retry, sy_backoff_delay_ms(&rule, target->failures, arc4random()));
}

static void patched(void *arg, const struct sy_kube_result *result)
{
	struct sy_target *target = arg;

	target->request = NULL;
	if (result->verdict == SY_KUBE_OK) {
		target->failures = 0;
		sy_target_set_state(target, target->view.state, "%s", ""); /* what could not be patched before */
		sy_target_store(target, result);
		return;
	}
	if (result->verdict == SY_KUBE_NOT_FOUND) {
		sy_target_absent(target);
		return;
	}
	/* A failed test has no text that tells which one: read the object and decide again. */
	if (result->verdict == SY_KUBE_INVALID || result->verdict == SY_KUBE_CONFLICT) {
		sy_target_refresh(target);
		return;
	}
	target->view.verdict = result->verdict;
	sy_target_set_state(target, target->view.state, "cannot be patched: %.180s; trying again", result->message);
	sy_target_again(target);
}

static int add_mark(struct sy_target *target, json_object *patch)
{
	char finalizer[FINALIZER_MAX];
	json_object *value;
	int r = 0;

	finalizer_of(target, finalizer);
	if (finalizer_index(target) < 0) {
		value = json_object_new_string(finalizer);
		if (!target->finalizers) {
			json_object *array = json_object_new_array();

			if (!array || !value || json_object_array_add(array, value) < 0)
				return -ENOMEM;
			value = array;
		}
		r = sy_patch_op(patch, "add", target->finalizers ? "/metadata/finalizers/-" : "/metadata/finalizers", value);
	}
	if (r == 0 && !target->has_labels)
		r = sy_patch_op(patch, "add", "/metadata/labels", json_object_new_object());
	if (r == 0 && !target->has_key_label)
		r = sy_patch_op(patch, "add", "/metadata/labels/internal.workload.kcp.io~1key", json_object_new_string(target->view.key));
	return r;
}

/* Finalizer and label together, before any worker starts. */
static void claim(struct sy_target *target)
{
	json_object *patch = json_object_new_array();
	struct sy_error err = {0};
	int r = sy_patch_test_str(patch, "/metadata/uid", target->view.uid);

	if (r == 0)
		r = sy_patch_test_str(patch, "/metadata/resourceVersion", target->view.resource_version);
	if (r == 0)
		r = add_mark(target, patch);
	if (r < 0) {
		json_object_put(patch);
		sy_target_again(target);
		return;
	}
	if (sy_target_request(target, patch, patched, &err) < 0)
		sy_target_again(target);
}

static void release(struct sy_target *target)
{
	json_object *patch = json_object_new_array();
	char finalizer[FINALIZER_MAX], path[64];
	int index = finalizer_index(target);
	int r;

	if (index < 0) {
		json_object_put(patch);
		sy_target_set_state(target, SY_TARGET_RELEASED, "is released");
		return;
	}
	finalizer_of(target, finalizer);
	(void)snprintf(path, sizeof(path), "/metadata/finalizers/%d", index);
	r = sy_patch_test_str(patch, "/metadata/uid", target->view.uid);
	if (r == 0)
		r = sy_patch_test_str(patch, path, finalizer);
	if (r == 0)
		r = sy_patch_op(patch, "remove", path, NULL);
	if (r < 0) {
		json_object_put(patch);
		sy_target_again(target);
		return;
	}
	if (sy_target_request(target, patch, patched, NULL) < 0)
		sy_target_again(target);
}

/* The last word of an orderly stop (8.2): its writer does not come back under that identity while another one holds the SyncTarget. */
static bool said_goodbye(const struct sy_target *target)
{
	json_object *condition = sy_status_condition(target->view.status, "HeartbeatHealthy");
	const char *reason = sy_json_str(condition, "reason", NULL);

	return reason && strcmp(reason, "SyncerStopped") == 0;
}

bool sy_target_foreign_alive(const struct sy_target *target)
{
	const char *identity = sy_json_str(target->view.status, "syncer", "identity", NULL);
	const char *text = sy_json_str(target->view.status, "lastSyncerHeartbeatTime", NULL);
	time_t beat;

	if (!identity || strcmp(identity, target->identity) == 0 || !text || !sy_time_parse(text, &beat) || said_goodbye(target))
		return false;
	if (target->granted && strcmp(identity, target->granted) == 0)
		return false;
	return (int64_t)(sy_target_now(target) - beat) * 1000 < target->timings->foreign_ms;
}

static void decide_owner(struct sy_target *target)
{
	const char *identity = sy_json_str(target->view.status, "syncer", "identity", NULL);

	if (target->take_over && identity && !target->granted)
		target->granted = strdup(identity);
	if (sy_target_foreign_alive(target)) {
		sy_target_set_state(target, SY_TARGET_FOREIGN,
				    "is served by %s, whose heartbeat is fresh; waiting (syncerd --take-over skips the wait)", identity);
		sy_timer_start(target->retry, target->timings->foreign_retry_ms);
		return;
	}
	target->take_over = false;
	sy_target_set_state(target, SY_TARGET_CLAIMING, "%s", "");
	sy_target_step(target);
}

static void checked(void *arg, const struct sy_kube_result *result)
{
	struct sy_target *target = arg;

	target->request = NULL;
	sy_target_clock(target, result);
	if (result->verdict == SY_KUBE_NOT_FOUND) {
		sy_target_absent(target);
		return;
	}
	if (result->verdict != SY_KUBE_OK) {
		target->view.verdict = result->verdict;
		target->unread = true;
		sy_target_set_state(target, target->view.state, "cannot be read: %.180s; trying again", result->message);
		sy_target_again(target);
		return;
	}
	target->failures = 0;
	sy_target_take(target, result->object);
	if (target->view.state == SY_TARGET_WAITING || target->view.state == SY_TARGET_FOREIGN)
		decide_owner(target);
	else
		sy_target_step(target);
}

void sy_target_refresh(struct sy_target *target)
{
	if (sy_target_request(target, NULL, checked, NULL) < 0)
		sy_target_again(target);
}

void sy_target_store(struct sy_target *target, const struct sy_kube_result *result)
{
	sy_target_clock(target, result);
	if (result->object)
		sy_target_take(target, result->object);
	sy_target_step(target);
}

void sy_target_release(struct sy_target *target)
{
	target->releasing = true;
	sy_target_step(target);
}

void sy_target_step(struct sy_target *target)
{
	struct sy_target_view *view = &target->view;

	if (target->request || !view->uid)
		return;
	switch (view->state) {
	case SY_TARGET_WAITING: /* kcp's clock is needed to judge a foreign heartbeat: it comes with a GET */
		sy_target_refresh(target);
		break;
	case SY_TARGET_FOREIGN:
		if (!sy_timer_active(target->retry))
			sy_target_refresh(target);
		break;
	case SY_TARGET_CLAIMING:
		if (view->deleting && finalizer_index(target) < 0)
			sy_target_set_state(target, SY_TARGET_WAITING, "is being deleted and was never ours; waiting for a new one");
		else if (finalizer_index(target) >= 0 && target->has_key_label)
			sy_target_set_state(target, SY_TARGET_ACTIVE, "is ours (uid %s, key %s)", view->uid, view->key);
		else
			claim(target);
		break;
	case SY_TARGET_ACTIVE:
		if (target->releasing)
			release(target);
		else if (!view->deleting && (finalizer_index(target) < 0 || !target->has_key_label))
			claim(target);
		break;
	case SY_TARGET_LOST:
	case SY_TARGET_RELEASED:
	case SY_TARGET_STATE_MAX:
		break;
	}
}
