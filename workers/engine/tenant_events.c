#include "tenant_events.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/tokens.h"
#include "internal.h"
#include "kube/event.h"
#include "ownership.h"
#include "pair.h"

#define REFUSALS 8 /* exports remembered; the oldest makes room */

struct refusal {
	struct sy_hash base;
	int64_t until_ms;
};

/* One Event on its way: POST, or when it is there GET and PATCH. */
struct post {
	LIST_ENTRY(post) link;
	struct sy_tenant_events *tenant;
	struct sy_event event;
	const char *message; /* into event, or constant */
	char *base, *origin;
	char uid[SY_UID_MAX];
	char ns[64];
	char name[48];
};
LIST_HEAD(posts, post);

struct sy_tenant_events {
	struct sy_engine *engine;
	struct posts posts;
	unsigned count;
	struct sy_tokens tokens;
	struct refusal refusals[REFUSALS];
};

int sy_tenant_events_new(struct sy_tenant_events **ret_tenant, struct sy_engine *engine, struct sy_error *err)
{
	struct sy_tenant_events *tenant = calloc(1, sizeof(*tenant));
	if (!tenant)
		return sy_error_oom(err);
	tenant->engine = engine;
	LIST_INIT(&tenant->posts);
	tenant->tokens = (struct sy_tokens){sy_loop_now_ms(engine->loop), SY_TENANT_EVENTS_BURST};
	*ret_tenant = tenant;
	return 0;
}

static void post_free(struct post *post)
{
	LIST_REMOVE(post, link);
	post->tenant->count--;
	sy_event_done(&post->event);
	free(post->base);
	free(post->origin);
	free(post);
}

void sy_tenant_events_free(struct sy_tenant_events *tenant)
{
	struct post *post, *next;
	if (!tenant)
		return;
	LIST_FOREACH_SAFE(post, &tenant->posts, link, next)
	post_free(post);
	free(tenant);
}

const char *sy_tenant_events_text(enum sy_reason reason, const char *message)
{
	switch (reason) {
	case SY_REASON_SCHEMA_MISMATCH:
	case SY_REASON_INVALID:
	case SY_REASON_INVALID_NAME:
	case SY_REASON_TOO_LARGE:
	case SY_REASON_FOREIGN:
	case SY_REASON_NAME_COLLISION:
	case SY_REASON_STATUS_REJECTED:
	case SY_REASON_SOFT_FINALIZERS:
	case SY_REASON_CONTENDED:
		return message;
	case SY_REASON_UNAUTHORIZED: /* the server's words name accounts and namespaces of the cluster */
		return "the cluster does not allow it: a right of the syncer, a rule of admission or a quota is in the way. Who runs the "
		       "cluster knows more";
	case SY_REASON_NONE:
	case SY_REASON_NOT_SERVED:
	case SY_REASON_UP_FORBIDDEN:
	case SY_REASON_TERMINATING:
	case SY_REASON_HELD:
	case SY_REASON_TRANSIENT:
	case SY_REASON_MAX:
		break;
	}
	return NULL;
}

bool sy_tenant_events_wanted(const struct sy_object *object)
{
	const struct sy_resource *resource = object->resource;
	return resource->rule.events && object->up == SY_PRESENT && *object->up_uid && resource->engine->plan.mode != SY_PLAN_PAUSED;
}

void sy_tenant_events_forgive(struct sy_tenant_events *tenant)
{
	memset(tenant->refusals, 0, sizeof(tenant->refusals));
}

static struct refusal *refusal_of(struct sy_tenant_events *tenant, const char *base, bool make)
{
	struct refusal *oldest = &tenant->refusals[0];
	struct sy_hash hash;
	if (sy_hash_of(base, strlen(base), &hash))
		return NULL;
	for (size_t i = 0; i < REFUSALS; i++) {
		struct refusal *refusal = &tenant->refusals[i];
		if (sy_hash_equal(&refusal->base, &hash))
			return refusal;
		if (refusal->until_ms < oldest->until_ms)
			oldest = refusal;
	}
	if (!make)
		return NULL;
	*oldest = (struct refusal){.base = hash};
	return oldest;
}

/* Not a word of the server: its 403 never says why. */
static void refused(struct post *post)
{
	struct sy_tenant_events *tenant = post->tenant;
	struct refusal *refusal = refusal_of(tenant, post->base, true);
	if (refusal)
		refusal->until_ms = sy_loop_now_ms(tenant->engine->loop) + SY_TENANT_EVENTS_REFUSED_MS;
	sy_events_tell(tenant->engine->events, true, "", "events", post->origin, "EventsRefused",
		       "kcp does not let the syncer make Events on the tenant's objects; they stand on the SyncTarget");
}

static void finish(struct post *post, const struct sy_kube_result *result)
{
	struct sy_events *events = post->tenant->engine->events;
	post->event.told = result && result->verdict == SY_KUBE_OK && post->message == post->event.message;
	if (result && (result->verdict == SY_KUBE_FORBIDDEN || result->verdict == SY_KUBE_NOT_SERVED))
		refused(post);
	sy_events_pass(events, &post->event);
	post_free(post);
}

/* Takes body over. Not 0: nothing was sent. */
static int send(struct post *post, const char *method, json_object *body, const char *type, sy_kube_done_fn *done)
{
	const struct sy_gvr gvr = {"", "v1", "events"};
	bool make = strcmp(method, "POST") == 0;
	sy_auto_free char *text = body ? sy_json_text(body) : NULL;
	struct sy_buf path;
	json_object_put(body);
	sy_buf_init(&path, 1024);
	int rc = type && !text ? -ENOMEM : sy_kube_path(&path, &gvr, post->ns, make ? NULL : post->name, NULL, NULL);
	if (rc == 0) {
		const struct sy_kube_call call = {.method = method,
						  .base = post->base,
						  .path = sy_buf_str(&path),
						  .query = type ? "fieldManager=" SY_FIELD_MANAGER : NULL,
						  .content_type = type,
						  .body = text,
						  .body_len = text ? strlen(text) : 0,
						  .discard = type != NULL};
		rc = sy_kube_do(post->tenant->engine->kube[SY_SIDE_UP], &call, done, post, NULL, NULL);
	}
	sy_buf_done(&path);
	return rc;
}

static void was_raised(void *arg, const struct sy_kube_result *result)
{
	finish(arg, result);
}

static void was_read(void *arg, const struct sy_kube_result *result)
{
	struct post *post = arg;
	const char *uid = result->object ? sy_json_str(result->object, "involvedObject", "uid", NULL) : NULL;
	int64_t count = 0;
	char now[21];
	/* A name is nobody's property: what says something else is somebody else's. */
	if (result->verdict != SY_KUBE_OK || !uid || strcmp(uid, post->uid) != 0) {
		finish(post, result->verdict == SY_KUBE_OK ? NULL : result);
		return;
	}
	if (!sy_json_int(result->object, &count, "count", NULL) || count < 0 || count > INT32_MAX)
		count = 0;
	sy_time_format((time_t)post->event.time, now);
	json_object *body = sy_kube_event_raise(post->message, now, (uint64_t)count + post->event.count);
	if (send(post, "PATCH", body, SY_CT_MERGE_PATCH, was_raised))
		finish(post, NULL);
}

static void was_posted(void *arg, const struct sy_kube_result *result)
{
	struct post *post = arg;
	if (result->verdict != SY_KUBE_ALREADY_EXISTS)
		finish(post, result);
	else if (send(post, "GET", NULL, NULL, was_read))
		finish(post, NULL);
}

/* The same for each worker of this target, so that a repetition finds it. */
static int name_it(struct post *post, const struct sy_engine *engine)
{
	char text[512];
	struct sy_hash hash;
	snprintf(text, sizeof(text), "%s/%s/%s", engine->plan.key, post->uid, post->event.reason);
	if (sy_hash_of(text, strlen(text), &hash))
		return -1;
	size_t len = strlcpy(post->name, "syncerd.", sizeof(post->name));
	for (size_t i = 0; i < sizeof(hash.bytes); i++, len += 2)
		snprintf(post->name + len, sizeof(post->name) - len, "%02x", hash.bytes[i]);
	return 0;
}

static json_object *body_of(const struct post *post, const struct sy_object *object)
{
	const struct sy_resource *resource = object->resource;
	char now[21], rv[24];
	sy_time_format((time_t)post->event.time, now);
	snprintf(rv, sizeof(rv), "%llu", (unsigned long long)object->up_rv);
	const struct sy_kube_event event = {
		.ns = post->ns,
		.name = post->name,
		.about = {.api_version = resource->api_version,
			  .kind = resource->rule.kind,
			  .ns = object->ns ? object->ns->up : NULL,
			  .name = sy_object_name(object),
			  .uid = post->uid,
			  .resource_version = object->up_rv ? rv : NULL},
		.warning = post->event.warning,
		.reason = post->event.reason,
		.message = post->message,
		.now = now,
		.count = post->event.count,
	};
	return sy_kube_event_body(&event);
}

static struct post *prepare(struct sy_tenant_events *tenant, const struct sy_object *object, struct sy_event *event, const char *message)
{
	struct post *post = calloc(1, sizeof(*post));
	if (!post)
		return NULL;
	*post = (struct post){.tenant = tenant, .event = *event, .message = message};
	LIST_INSERT_HEAD(&tenant->posts, post, link);
	tenant->count++;
	strlcpy(post->ns, object->ns ? object->ns->up : "default", sizeof(post->ns));
	sy_uid_copy(post->uid, object->up_uid);
	post->base = strdup(object->resource->rule.up_base);
	post->origin = strdup(object->resource->rule.origin);
	return post;
}

bool sy_tenant_events_post(struct sy_tenant_events *tenant, const struct sy_object *object, enum sy_reason reason, struct sy_event *event)
{
	const char *message = sy_tenant_events_text(reason, event->message);
	int64_t now = sy_loop_now_ms(tenant->engine->loop);
	if (!message || tenant->count >= SY_TENANT_EVENTS_AT_ONCE)
		return false;
	const struct refusal *refusal = refusal_of(tenant, object->resource->rule.up_base, false);
	if (refusal && now < refusal->until_ms)
		return false;
	if (!sy_tokens_take(&tenant->tokens, now, SY_TENANT_EVENTS_BURST, SY_TENANT_EVENTS_REFILL_MS))
		return false;
	struct post *post = prepare(tenant, object, event, message);
	if (!post)
		return false;
	if (post->base && post->origin && name_it(post, tenant->engine) == 0 &&
	    send(post, "POST", body_of(post, object), SY_CT_JSON, was_posted) == 0) {
		*event = (struct sy_event){0};
		return true;
	}
	post->event = (struct sy_event){0}; /* it is still the caller's */
	post_free(post);
	return false;
}
