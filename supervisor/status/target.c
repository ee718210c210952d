#include "supervisor/status/target.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/num.h"
#include "supervisor/config/advice.h"
#include "supervisor/status/target_impl.h"

void sy_target_set_state(struct sy_target *target, enum sy_target_state state, const char *fmt, ...)
{
	char message[sizeof(target->view.message)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (target->view.state == state && strcmp(target->view.message, message) == 0)
		return;
	/* A message without another state is about something that does not work. */
	bool good = target->view.state != state && (state == SY_TARGET_ACTIVE || state == SY_TARGET_RELEASED);
	target->view.state = state;
	target->served = target->served || state == SY_TARGET_ACTIVE;
	memcpy(target->view.message, message, sizeof(message));
	if (message[0])
		sy_log(good ? SY_LOG_INFO : SY_LOG_WARNING, NULL, "SyncTarget %s: %s", target->name, message);
	target->ops->changed(target->arg);
}

static void replace(char **text, const char *value)
{
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		return; /* the old value is better than none */
	free(*text);
	*text = copy;
}

static void replace_json(json_object **slot, json_object *value)
{
	json_object *copy = value ? sy_json_copy(value) : NULL;

	json_object_put(*slot);
	*slot = copy;
}

static void take_metadata(struct sy_target *target, json_object *object)
{
	struct sy_target_view *view = &target->view;
	json_object *finalizers = sy_json_array(object, "metadata", "finalizers", NULL);
	const char *label = sy_json_str(object, "metadata", "labels", SY_LABEL_KEY, NULL);

	replace(&view->resource_version, sy_json_str(object, "metadata", "resourceVersion", NULL));
	view->deleting = sy_json_str(object, "metadata", "deletionTimestamp", NULL) != NULL;
	(void)sy_json_int(object, &view->generation, "metadata", "generation", NULL);
	replace_json(&target->finalizers, finalizers);
	target->has_labels = sy_json_object(object, "metadata", "labels", NULL) != NULL;
	target->has_key_label = label && strcmp(label, view->key) == 0;
}

static bool adopt(struct sy_target *target, const char *uid, const char *cluster)
{
	struct sy_target_view *view = &target->view;
	struct sy_error err = {0};

	if (view->uid && strcmp(view->uid, uid) == 0)
		return true;
	if (view->uid && (target->served || view->state == SY_TARGET_CLAIMING)) {
		sy_target_set_state(target, SY_TARGET_LOST, "was deleted and created again by somebody (another uid); it is not ours");
		return false;
	}
	if (sy_key_of_target(cluster, target->name, view->key, &err) < 0) {
		sy_target_set_state(target, SY_TARGET_WAITING, "%s", err.text);
		return false;
	}
	replace(&view->uid, uid);
	replace(&view->cluster, cluster);
	return view->uid && view->cluster;
}

/* An answer and the watch come on different connections: what a write has found may arrive after an event that is later, and nothing would
 * bring back what the event has said until the next one. Only for as long as a request can be under way: a server that was restored
 * from a backup counts anew, and is right. */
static bool is_overtaken(const struct sy_target *target, const char *uid, json_object *object)
{
	const struct sy_target_view *view = &target->view;
	const char *version = sy_json_str(object, "metadata", "resourceVersion", NULL);
	int64_t ours, theirs;

	if (!version || !view->resource_version || !view->uid || strcmp(view->uid, uid) != 0)
		return false;
	if (sy_loop_now_ms(target->loop) - target->taken_ms > SY_TARGET_LATE_MS)
		return false;
	return sy_num_parse(version, 0, INT64_MAX, &theirs) && sy_num_parse(view->resource_version, 0, INT64_MAX, &ours) && theirs < ours;
}

void sy_target_take(struct sy_target *target, json_object *object)
{
	struct sy_target_view *view = &target->view;
	const char *uid = sy_json_str(object, "metadata", "uid", NULL);
	const char *cluster = sy_json_str(object, "metadata", "annotations", SY_ANNOTATION_KCP_CLUSTER, NULL);
	const char *identity = sy_json_str(object, "status", "syncer", "identity", NULL);
	bool was_owned = view->owned;

	if (view->state == SY_TARGET_LOST || view->state == SY_TARGET_RELEASED)
		return;
	if (!uid || !cluster || !sy_cluster_name_valid(cluster)) {
		sy_target_set_state(target, SY_TARGET_WAITING, "has no uid or no annotation " SY_ANNOTATION_KCP_CLUSTER);
		return;
	}
	if (is_overtaken(target, uid, object) || !adopt(target, uid, cluster))
		return;
	take_metadata(target, object);
	target->taken_ms = sy_loop_now_ms(target->loop);
	replace_json(&view->spec, sy_json_object(object, "spec", NULL));
	replace_json(&view->status, sy_json_object(object, "status", NULL));
	view->owned = identity && strcmp(identity, target->identity) == 0;
	view->verdict = SY_KUBE_OK;
	if (target->unread)
		sy_target_set_state(target, view->state, "%s", "");
	target->unread = false;
	if (view->owned)
		replace(&target->granted, NULL); /* once: losing it later to that one is for good */
	if (view->state == SY_TARGET_ACTIVE && !view->owned && identity && (was_owned || sy_target_foreign_alive(target)))
		sy_target_set_state(target, SY_TARGET_FOREIGN, "is served by %s now; workers are stopped, nothing is deleted", identity);
	target->ops->changed(target->arg);
}

void sy_target_absent(struct sy_target *target)
{
	if (target->view.state == SY_TARGET_LOST || target->view.state == SY_TARGET_RELEASED)
		return;
	if (target->view.state == SY_TARGET_ACTIVE && target->releasing)
		sy_target_set_state(target, SY_TARGET_RELEASED, "is deleted");
	else if (target->view.state == SY_TARGET_ACTIVE || target->view.state == SY_TARGET_CLAIMING)
		sy_target_set_state(target, SY_TARGET_LOST, "is gone; workers are stopped, nothing is deleted");
	else
		sy_target_set_state(target, SY_TARGET_WAITING,
				    "does not exist in workspace %.200s of %.200s; create it with 'syncerctl install kcp', or correct "
				    "syncTarget",
				    target->workspace, sy_kube_server(target->kube));
}

/* --- reflector --- */

static void target_begin(void *arg)
{
	((struct sy_target *)arg)->seen = false;
}

static void target_event(void *arg, enum sy_reflector_event type, json_object *object, const char *raw, size_t raw_len)
{
	struct sy_target *target = arg;
	const char *uid = sy_json_str(object, "metadata", "uid", NULL);

	(void)raw;
	(void)raw_len;
	if (type == SY_DELETED) {
		if (!target->view.uid || (uid && strcmp(uid, target->view.uid) == 0))
			sy_target_absent(target);
		return;
	}
	target->seen = true;
	sy_target_take(target, object);
	sy_target_step(target);
}

static void target_synced(void *arg)
{
	struct sy_target *target = arg;

	if (!target->seen)
		sy_target_absent(target);
}

static void target_state(void *arg, enum sy_reflector_state state, const struct sy_kube_result *result)
{
	struct sy_target *target = arg;
	struct sy_target_view *view = &target->view;

	view->verdict = state == SY_REFLECTOR_FAILING && result ? result->verdict : SY_KUBE_OK;
	if (state == SY_REFLECTOR_FAILING && result && view->state == SY_TARGET_WAITING) {
		const char *what = result->verdict == SY_KUBE_NOT_SERVED ? "its type is not served" : result->message;
		const char *advice = sy_advice(SY_ADVICE_KCP, result->verdict, result->message);

		sy_target_set_state(target, SY_TARGET_WAITING, "cannot be read from workspace %.200s of %.200s: %.240s%s%s; trying again",
				    target->workspace, sy_kube_server(target->kube), what, *advice ? "; " : "", advice);
	}
	target->ops->changed(target->arg);
}

/* What was read before stays in force. */
static void target_broken(void *arg, const struct sy_reflector_broken *broken)
{
	struct sy_target *target = arg;

	if (broken->type == SY_DELETED) {
		sy_target_absent(target);
		return;
	}
	target->seen = target->unread = true;
	sy_target_set_state(target, target->view.state, "cannot be read: %.180s; waiting for another state of it", broken->why->text);
}

static const struct sy_reflector_ops target_ops = {target_begin, target_event, target_synced, target_state};

static int start(struct sy_target *target, struct sy_error *err)
{
	struct sy_reflector_spec spec = {
		.base = target->base, .gvr = {"workload.kcp.io", "v1alpha1", "synctargets"}, .broken = target_broken};
	struct sy_buf selector;
	int r;

	sy_buf_init(&selector, 1024);
	r = sy_buf_printf(&selector, "metadata.name=%s", target->name) < 0 ? sy_error_oom(err) : 0;
	spec.field_selector = sy_buf_str(&selector);
	if (r == 0)
		r = sy_reflector_new(&target->reflector, target->kube, &spec, &target_ops, target, err);
	sy_buf_done(&selector);
	return r;
}

static int make_paths(struct sy_target *target, const struct sy_target_options *options, struct sy_error *err)
{
	const struct sy_gvr gvr = {"workload.kcp.io", "v1alpha1", "synctargets"};
	struct sy_buf base, path, status;
	int r;

	sy_buf_init(&base, 4096);
	sy_buf_init(&path, 1024);
	sy_buf_init(&status, 1024);
	r = sy_buf_printf(&base, "%s/clusters/%s", options->base, options->workspace) < 0 ? sy_error_oom(err) : 0;
	if (r == 0)
		r = sy_kube_path(&path, &gvr, NULL, options->name, NULL, err);
	if (r == 0)
		r = sy_kube_path(&status, &gvr, NULL, options->name, "status", err);
	target->base = sy_buf_take(&base);
	target->path = sy_buf_take(&path);
	target->status_path = sy_buf_take(&status);
	target->workspace = strdup(options->workspace);
	target->name = strdup(options->name);
	target->identity = strdup(options->identity);
	if (r == 0 && (!target->base || !target->path || !target->status_path || !target->workspace || !target->name || !target->identity))
		r = sy_error_oom(err);
	return r;
}

static void retry(void *arg)
{
	sy_target_step(arg);
}

int sy_target_new(struct sy_target **ret_target, struct sy_loop *loop, struct sy_kube *kube, const struct sy_timings *timings,
		  const struct sy_target_options *options, const struct sy_target_ops *ops, void *arg, struct sy_error *err)
{
	struct sy_target *target = calloc(1, sizeof(*target));
	int r;

	if (!target)
		return sy_error_oom(err);
	*target =
		(struct sy_target){.loop = loop, .kube = kube, .timings = timings, .ops = ops, .arg = arg, .take_over = options->take_over};
	r = make_paths(target, options, err);
	target->view.workspace = target->workspace;
	target->view.name = target->name;
	if (r == 0)
		r = sy_timer_new(&target->retry, loop, retry, target, err);
	if (r == 0)
		r = start(target, err);
	if (r < 0) {
		sy_target_free(target);
		return r;
	}
	*ret_target = target;
	return 0;
}

void sy_target_free(struct sy_target *target)
{
	if (!target)
		return;
	sy_reflector_free(target->reflector);
	sy_kube_cancel(target->request);
	sy_kube_cancel(target->order);
	sy_timer_free(target->retry);
	json_object_put(target->finalizers);
	json_object_put(target->view.spec);
	json_object_put(target->view.status);
	free(target->view.cluster);
	free(target->view.uid);
	free(target->view.resource_version);
	free(target->base);
	free(target->workspace);
	free(target->name);
	free(target->identity);
	free(target->granted);
	free(target->path);
	free(target->status_path);
	free(target);
}

const struct sy_target_view *sy_target_view(const struct sy_target *target)
{
	return &target->view;
}

bool sy_target_current(const struct sy_target *target)
{
	int64_t heard = sy_reflector_last_heard_ms(target->reflector);

	return heard > 0 && sy_loop_now_ms(target->loop) - heard <= target->timings->watch_current_ms &&
	       sy_reflector_state(target->reflector) == SY_REFLECTOR_SYNCED;
}

const char *sy_target_trouble(const struct sy_target *target)
{
	const struct sy_target_view *view = &target->view;

	if (view->state == SY_TARGET_WAITING || view->verdict == SY_KUBE_OK ||
	    sy_reflector_state(target->reflector) != SY_REFLECTOR_FAILING)
		return view->message;
	return sy_reflector_message(target->reflector);
}

void sy_target_written(struct sy_target *target, const struct sy_kube_result *result)
{
	const char *advice = sy_advice(SY_ADVICE_KCP, result->verdict, result->message);

	target->refusal[0] = '\0';
	if (result->verdict == SY_KUBE_UNAUTHORIZED || result->verdict == SY_KUBE_FORBIDDEN)
		(void)snprintf(target->refusal, sizeof(target->refusal), "refuses the SyncTarget's status: %.200s%s%s", result->message,
			       *advice ? "; " : "", advice);
}

const char *sy_target_refusal(const struct sy_target *target)
{
	return target->view.state == SY_TARGET_ACTIVE ? target->refusal : "";
}

time_t sy_target_now(const struct sy_target *target)
{
	return time(NULL) + (time_t)target->view.clock_offset;
}

const char *sy_target_status_path(const struct sy_target *target)
{
	return target->status_path;
}

const char *sy_target_base(const struct sy_target *target)
{
	return target->base;
}

void sy_target_kick(struct sy_target *target)
{
	sy_reflector_kick(target->reflector);
	if (!target->request)
		sy_target_step(target);
}
