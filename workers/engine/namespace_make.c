/* Make a downstream namespace usable: create it, adopt what is ours, put lost marks back (syncerd-rules(7) 5.1). */
#include <string.h>

#include "base/backoff.h"
#include "internal.h"
#include "ownership.h"

static const struct sy_backoff_rule retry_rule = {100, 300000};
static const struct sy_backoff_rule patient_rule = {1000, 300000};
static const struct sy_backoff_rule deletion_rule = {SY_DELETION_CHECK_MS, 60000};

#define LOOK_LATER_MS 1000 /* when another request is under way */

void sy_namespace_tell(const struct sy_namespace *ns, const char *reason, const char *message)
{
	sy_events_tell(ns->engine->events, true, "", "namespaces", ns->up, reason, message);
}

int sy_namespace_request(struct sy_namespace *ns, const char *method, json_object *body, const char *content_type, sy_kube_done_fn *done)
{
	struct sy_error err = {0};
	const struct sy_gvr gvr = {"", "v1", "namespaces"};
	bool post = strcmp(method, "POST") == 0, get = strcmp(method, "GET") == 0;
	sy_auto_free char *text = body ? sy_json_text(body) : NULL;
	struct sy_buf path;
	sy_buf_init(&path, 1024);
	json_object_put(body);
	int rc = content_type && !text ? sy_error_oom(&err) : sy_kube_path(&path, &gvr, NULL, post ? NULL : ns->down, NULL, &err);
	if (rc == 0) {
		struct sy_kube_call call = {
			.method = method,
			.path = sy_buf_str(&path),
			.query = post || strcmp(method, "PATCH") == 0 ? "fieldManager=" SY_FIELD_MANAGER : NULL,
			.content_type = content_type,
			.body = text,
			.body_len = text ? strlen(text) : 0,
		};
		rc = sy_kube_do(ns->engine->kube[SY_SIDE_DOWN], &call, done, ns, &ns->request, &err);
	}
	sy_buf_done(&path);
	if (rc) {
		struct sy_log_ref ref = {.resource = "namespaces", .object = ns->down};
		sy_warn(&ref, "%s: %s", method, err.text);
		sy_namespace_retry(ns, NULL);
	} else if (!get) {
		ns->engine->writes[SY_SIDE_DOWN]++;
	}
	return rc;
}

void sy_namespace_retry(struct sy_namespace *ns, const struct sy_kube_result *result)
{
	const struct sy_backoff_rule *rule = &retry_rule;
	if (ns->state == SY_NAMESPACE_BUSY)
		ns->state = ns->former;
	ns->failures++;
	if (result) {
		struct sy_log_ref ref = {.resource = "namespaces", .object = ns->down};
		sy_debug(&ref, "%s (%d): %s", sy_kube_verdict_name(result->verdict), result->http_code, result->message);
	}
	if (result && (result->verdict == SY_KUBE_FORBIDDEN || result->verdict == SY_KUBE_UNAUTHORIZED)) {
		sy_namespace_tell(ns, sy_reason_name(SY_REASON_UNAUTHORIZED), result->message);
		rule = &patient_rule;
	}
	int64_t delay = sy_backoff_delay_ms(rule, ns->failures, arc4random());
	sy_namespace_at(ns, result && result->retry_after_ms > delay ? result->retry_after_ms : delay);
	if (ns->state == SY_NAMESPACE_READY)
		sy_namespace_wake(ns); /* the objects' own requests will tell whether it is */
}

static void busy(struct sy_namespace *ns)
{
	if (ns->state != SY_NAMESPACE_BUSY)
		ns->former = ns->state;
	ns->state = SY_NAMESPACE_BUSY;
}

/* {"metadata": {name, labels, annotations}}, with the configured labels below ours. To be put on what is there, they take the place of the
 * one that says that we let it go. */
static json_object *marks(const struct sy_namespace *ns, bool create)
{
	const struct sy_engine *engine = ns->engine;
	sy_auto_free char *locator = NULL;
	sy_auto_json json_object *body = json_object_new_object(), *metadata = json_object_new_object();
	sy_auto_json json_object *labels = json_object_new_object(), *annotations = json_object_new_object();
	if (!body || !metadata || !labels || !annotations || sy_locator(&engine->target, engine->plan.cluster, ns->up, &locator, NULL))
		return NULL;
	if (create && engine->plan.namespace_labels) {
		json_object_object_foreach(engine->plan.namespace_labels, key, value)
		{
			if (sy_json_add(labels, key, json_object_get(value)))
				return NULL;
		}
	}
	if (sy_json_add_str(labels, SY_LABEL_CLUSTER, engine->plan.key) || sy_json_add_str(labels, SY_LABEL_TENANT, engine->tenant) ||
	    sy_json_add_str(annotations, SY_ANNOTATION_LOCATOR, locator) ||
	    (create && (sy_json_add_str(body, "apiVersion", "v1") || sy_json_add_str(body, "kind", "Namespace") ||
			sy_json_add_str(metadata, "name", ns->down))) ||
	    (!create && (sy_json_add_str(metadata, "uid", ns->uid) || sy_json_add(annotations, SY_ANNOTATION_ORPHANED, NULL))) ||
	    sy_json_add(metadata, "labels", sy_take_ptr(labels)) || sy_json_add(metadata, "annotations", sy_take_ptr(annotations)) ||
	    sy_json_add(body, "metadata", sy_take_ptr(metadata)))
		return NULL;
	return sy_take_ptr(body);
}

static bool is_mine(const struct sy_namespace *ns, json_object *tree)
{
	const char *uid = sy_json_str(tree, "metadata", "uid", NULL);
	const char *locator = sy_json_str(tree, "metadata", "annotations", SY_ANNOTATION_LOCATOR, NULL);
	return (locator && sy_locator_matches(locator, &ns->engine->target, ns->engine->plan.cluster, ns->up)) ||
	       (uid && *ns->uid && strcmp(uid, ns->uid) == 0);
}

/* A drain under our key let it go, because of what others have in it, and nobody has taken it since. The name says the rest: it is the hash
 * of target, uid and workspace. */
static bool was_mine(const struct sy_namespace *ns, json_object *tree)
{
	const char *from = sy_json_str(tree, "metadata", "annotations", SY_ANNOTATION_ORPHANED, NULL);
	return from && strcmp(from, ns->engine->plan.key) == 0 &&
	       !sy_json_get(tree, "metadata", "annotations", SY_ANNOTATION_LOCATOR, NULL);
}

static void looked(void *arg, const struct sy_kube_result *result)
{
	struct sy_namespace *ns = arg;
	ns->request = NULL;
	if (result->verdict == SY_KUBE_NOT_FOUND) {
		if (ns->doubt)
			sy_namespace_gone(ns);
		else /* the watch has told of it meanwhile */
			sy_namespace_review(ns);
	} else if (result->verdict != SY_KUBE_OK || !result->object) {
		sy_namespace_retry(ns, result);
	} else if (was_mine(ns, result->object) && (sy_engine_drain(ns->engine) || !ns->objects)) {
		sy_namespace_gone(ns); /* as we want it */
	} else if (is_mine(ns, result->object) || was_mine(ns, result->object)) {
		sy_namespace_observe(ns, result->object);
		if (ns->state == SY_NAMESPACE_TERMINATING) {
			ns->failures++;
			sy_namespace_at(ns, sy_backoff_delay_ms(&deletion_rule, ns->failures, arc4random()));
		} else {
			sy_namespace_review(ns);
		}
	} else {
		ns->state = SY_NAMESPACE_COLLISION;
		ns->doubt = false;
		ns->failures++;
		sy_namespace_tell(ns, sy_reason_name(SY_REASON_NAME_COLLISION),
				  "the downstream namespace exists and is not ours; nothing is written there. Delete or rename it");
		sy_namespace_at(ns, sy_backoff_delay_ms(&patient_rule, ns->failures, arc4random()));
		sy_namespace_wake(ns);
	}
}

void sy_namespace_look(struct sy_namespace *ns)
{
	ns->doubt = true;
	if (ns->request) {
		sy_namespace_at(ns, LOOK_LATER_MS);
		return;
	}
	if (ns->state != SY_NAMESPACE_TERMINATING)
		busy(ns);
	sy_namespace_request(ns, "GET", NULL, NULL, looked);
}

static void created(void *arg, const struct sy_kube_result *result)
{
	struct sy_namespace *ns = arg;
	ns->request = NULL;
	if (result->verdict == SY_KUBE_OK && result->object) {
		sy_namespace_observe(ns, result->object);
		sy_namespace_review(ns);
	} else if (result->verdict == SY_KUBE_ALREADY_EXISTS || result->verdict == SY_KUBE_CONFLICT) {
		sy_namespace_look(ns);
	} else {
		sy_namespace_retry(ns, result);
	}
}

bool sy_namespace_ensure(struct sy_namespace *ns)
{
	if (ns->state == SY_NAMESPACE_UNKNOWN && !ns->request && !ns->due_ms) {
		json_object *body = marks(ns, true);
		busy(ns);
		sy_namespace_request(ns, "POST", body, SY_CT_JSON, created);
	}
	return ns->state == SY_NAMESPACE_READY;
}

static void repaired(void *arg, const struct sy_kube_result *result)
{
	struct sy_namespace *ns = arg;
	ns->request = NULL;
	if (result->verdict == SY_KUBE_OK) {
		ns->repair = false;
		ns->failures = 0;
		sy_namespace_review(ns);
	} else if (result->verdict == SY_KUBE_NOT_FOUND || result->verdict == SY_KUBE_CONFLICT || result->verdict == SY_KUBE_INVALID) {
		sy_namespace_look(ns);
	} else {
		sy_namespace_retry(ns, result);
	}
}

void sy_namespace_repair(struct sy_namespace *ns)
{
	if (ns->request || ns->engine->plan.mode != SY_PLAN_RUN)
		return;
	sy_namespace_request(ns, "PATCH", marks(ns, false), SY_CT_MERGE_PATCH, repaired);
}

void sy_namespace_missing(struct sy_namespace *ns)
{
	if (ns->state == SY_NAMESPACE_READY)
		ns->state = SY_NAMESPACE_UNKNOWN;
}

void sy_namespace_terminating(struct sy_namespace *ns)
{
	if (ns->state != SY_NAMESPACE_READY)
		return;
	ns->state = SY_NAMESPACE_TERMINATING;
	sy_namespace_at(ns, SY_DELETION_CHECK_MS);
}

void sy_namespace_tick(struct sy_namespace *ns)
{
	if (ns->doubt) {
		sy_namespace_look(ns);
		return;
	}
	if (ns->request)
		return;
	switch (ns->state) {
	case SY_NAMESPACE_UNKNOWN:
		sy_namespace_wake(ns); /* who waits asks again */
		sy_namespace_review(ns);
		break;
	case SY_NAMESPACE_COLLISION:
		ns->state = SY_NAMESPACE_UNKNOWN;
		sy_namespace_review(ns);
		break;
	case SY_NAMESPACE_READY:
		if (ns->repair && ns->engine->plan.mode == SY_PLAN_RUN)
			sy_namespace_repair(ns);
		else
			sy_namespace_clean(ns); /* in a drain it goes without its marks, too */
		break;
	case SY_NAMESPACE_TERMINATING:
		sy_namespace_look(ns);
		break;
	case SY_NAMESPACE_BUSY:
	case SY_NAMESPACE_STATE_MAX:
		break;
	}
}
