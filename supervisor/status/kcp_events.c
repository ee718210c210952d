#include "supervisor/status/kcp_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/num.h"
#include "kube/event.h"
#include "supervisor/discovery/facts.h"
#include "supervisor/status/event_budget.h"

#define KEPT 256
#define KEPT_EACH 16 /* of one logical cluster */
#define WINDOW_MS (10 * 60 * 1000)
#define MESSAGE_MAX 1024
#define EVENTS_PATH "/api/v1/namespaces/default/events"

struct known {
	struct sy_hash key;
	struct sy_hash cluster;
	char name[320];
	uint64_t count;
	int64_t seen_ms;
};

struct sy_kcp_events {
	struct sy_loop *loop;
	struct sy_kube *kube;
	struct sy_target *target;
	const char *identity;
	struct known known[KEPT];
	struct sy_event_budget budget;
	enum sy_kube_verdict complained;
};

int sy_kcp_events_new(struct sy_kcp_events **ret_events, struct sy_loop *loop, struct sy_kube *kube, struct sy_target *target,
		      const char *identity, struct sy_error *err)
{
	struct sy_kcp_events *events = calloc(1, sizeof(*events));

	if (!events)
		return sy_error_oom(err);
	events->loop = loop;
	events->kube = kube;
	events->target = target;
	events->identity = identity;
	sy_event_budget_init(&events->budget, sy_loop_now_ms(loop));
	*ret_events = events;
	return 0;
}

void sy_kcp_events_free(struct sy_kcp_events *events)
{
	free(events); /* requests under way belong to the client, which is freed before us */
}

static void answered(void *arg, const struct sy_kube_result *result)
{
	struct sy_kcp_events *events = arg;

	if (result->verdict != SY_KUBE_OK && result->verdict != events->complained)
		sy_warn(NULL, "writing an Event in the SyncTarget's workspace: %s", result->message);
	events->complained = result->verdict;
}

static const char *text(const char *value)
{
	return value ? value : "";
}

static int key_of(const struct sy_event *event, struct sy_hash *ret_key, struct sy_hash *ret_cluster)
{
	struct sy_buf all;
	int r;

	sy_buf_init(&all, 8192);
	r = sy_buf_printf(&all, "%s\n%s\n%s\n%s\n%s", text(event->reason), text(event->cluster), text(event->group), text(event->resource),
			  text(event->object));
	if (r == 0)
		r = sy_hash_of(sy_buf_str(&all), all.len, ret_key);
	if (r == 0)
		r = sy_hash_of(text(event->cluster), strlen(text(event->cluster)), ret_cluster);
	sy_buf_done(&all);
	return r;
}

/* The place for a new one: what was seen longest ago, of the same cluster once that has its share. */
static struct known *place(struct sy_kcp_events *events, const struct sy_hash *cluster)
{
	struct known *oldest = &events->known[0], *own = NULL;
	size_t count = 0;

	for (size_t i = 0; i < KEPT; i++) {
		struct known *known = &events->known[i];

		if (known->seen_ms < oldest->seen_ms)
			oldest = known;
		if (known->count == 0 || !sy_hash_equal(&known->cluster, cluster))
			continue;
		count++;
		if (!own || known->seen_ms < own->seen_ms)
			own = known;
	}
	return count >= KEPT_EACH ? own : oldest;
}

static struct known *find(struct sy_kcp_events *events, const struct sy_event *event, bool *ret_fresh)
{
	int64_t now = sy_loop_now_ms(events->loop);
	struct sy_hash key, cluster;
	struct known *known;

	if (key_of(event, &key, &cluster) < 0)
		return NULL;
	*ret_fresh = false;
	for (size_t i = 0; i < KEPT; i++) {
		known = &events->known[i];
		if (known->count > 0 && sy_hash_equal(&known->key, &key) && now - known->seen_ms < WINDOW_MS)
			return known;
	}
	*ret_fresh = true;
	known = place(events, &cluster);
	*known = (struct known){.key = key, .cluster = cluster};
	return known;
}

static bool may_write(struct sy_kcp_events *events, const struct sy_event *event, const char *path)
{
	const struct sy_log_ref ref = {.cluster = event->cluster, .path = path};
	bool first = false;
	bool may = sy_event_budget_take(&events->budget, text(event->cluster), sy_loop_now_ms(events->loop), &first);

	if (first)
		sy_warn(&ref, "too many Events: for a while this workspace's are in the log and in `syncerctl events` only");
	return may;
}

/* The tenant's object is in the message: the Event stands on the SyncTarget. */
static void message_of(const struct sy_event *event, const char *path, char message[MESSAGE_MAX])
{
	sy_auto_free char *resource = sy_claim_text(text(event->group), text(event->resource));

	(void)snprintf(message, MESSAGE_MAX, "%s%s%s in workspace %s: %s", text(resource), event->object && event->object[0] ? " " : "",
		       text(event->object), path[0] ? path : text(event->cluster), text(event->message));
}

static json_object *make_event(struct sy_kcp_events *events, const struct sy_event *event, const struct known *known, const char *message,
			       const char *now)
{
	const struct sy_target_view *view = sy_target_view(events->target);
	const struct sy_kube_event made = {
		.ns = "default",
		.name = known->name,
		.about = {.api_version = "workload.kcp.io/v1alpha1", .kind = "SyncTarget", .name = view->name, .uid = view->uid},
		.host = events->identity,
		.warning = event->warning,
		.reason = text(event->reason),
		.message = message,
		.now = now,
		.count = known->count,
	};

	return sy_kube_event_body(&made);
}

static void send_body(struct sy_kcp_events *events, json_object *body, const char *method, const char *path, const char *type)
{
	sy_auto_free char *json = body ? sy_json_text(body) : NULL;
	struct sy_kube_call call = {.method = method,
				    .base = sy_target_base(events->target),
				    .path = path,
				    .query = "fieldManager=syncerd",
				    .content_type = type,
				    .body = json,
				    .body_len = json ? strlen(json) : 0};

	if (json)
		(void)sy_kube_do(events->kube, &call, answered, events, NULL, NULL);
	json_object_put(body);
}

void sy_kcp_events_send(struct sy_kcp_events *events, const struct sy_event *event, const char *path)
{
	bool fresh = false;
	struct known *known;
	char now[21], where[512], message[MESSAGE_MAX];

	if (sy_target_view(events->target)->state != SY_TARGET_ACTIVE)
		return;
	known = find(events, event, &fresh);
	if (!known)
		return;
	known->count += event->count ? event->count : 1;
	known->seen_ms = sy_loop_now_ms(events->loop);
	if (!may_write(events, event, path)) {
		if (fresh)
			*known = (struct known){0};
		return;
	}
	sy_time_format(sy_target_now(events->target), now);
	message_of(event, path, message);
	if (fresh) {
		(void)snprintf(known->name, sizeof(known->name), "%.200s.%08x%08x", sy_target_view(events->target)->name, arc4random(),
			       arc4random());
		send_body(events, make_event(events, event, known, message, now), "POST", EVENTS_PATH, SY_CT_JSON);
		return;
	}
	(void)snprintf(where, sizeof(where), EVENTS_PATH "/%s", known->name);
	send_body(events, sy_kube_event_raise(message, now, known->count), "PATCH", where, SY_CT_MERGE_PATCH);
}
