#include "events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/utf8.h"
#include "engine.h"

#define TEXT_MAX 1024

struct fact {
	struct sy_hash id; /* of resource, object and reason; unknown = free */
	int64_t first_ms, last_ms;
	uint64_t count;
};

struct sy_events {
	struct sy_loop *loop;
	const struct sy_engine_ops *ops;
	void *arg;
	int64_t refilled_ms;
	unsigned tokens;
	struct fact facts[SY_EVENT_TABLE];
};

int sy_events_new(struct sy_events **ret_events, struct sy_loop *loop, const struct sy_engine_ops *ops, void *arg, struct sy_error *err)
{
	struct sy_events *events = calloc(1, sizeof(*events));
	if (!events)
		return sy_error_oom(err);
	events->loop = loop;
	events->ops = ops;
	events->arg = arg;
	events->tokens = SY_EVENT_BURST;
	events->refilled_ms = sy_loop_now_ms(loop);
	*ret_events = events;
	return 0;
}

void sy_events_free(struct sy_events *events)
{
	free(events);
}

static bool take_token(struct sy_events *events, int64_t now)
{
	int64_t earned = (now - events->refilled_ms) / 1000;
	if (earned > 0) {
		events->tokens = earned > SY_EVENT_BURST ? SY_EVENT_BURST : events->tokens + (unsigned)earned;
		if (events->tokens > SY_EVENT_BURST)
			events->tokens = SY_EVENT_BURST;
		events->refilled_ms += earned * 1000;
	}
	if (!events->tokens)
		return false;
	events->tokens--;
	return true;
}

/* The fact's place: its own, a free one, or that of the one not told for longest. */
static struct fact *find(struct sy_events *events, const struct sy_hash *id)
{
	struct fact *oldest = &events->facts[0];
	for (size_t i = 0; i < SY_EVENT_TABLE; i++) {
		struct fact *fact = &events->facts[i];
		if (sy_hash_equal(&fact->id, id))
			return fact;
		if (fact->last_ms < oldest->last_ms)
			oldest = fact;
	}
	*oldest = (struct fact){.id = *id};
	return oldest;
}

static void pass_on(struct sy_events *events, const struct sy_log_ref *ref, bool warning, const char *group, const char *resource,
		    uint64_t count, const char *message)
{
	if (!events->ops->event)
		return;
	char text[TEXT_MAX];
	size_t len = strlen(message);
	if (len >= sizeof(text))
		len = sy_utf8_cut(message, sizeof(text) - 1);
	snprintf(text, sizeof(text), "%.*s", (int)len, message);
	struct sy_event event = {
		.warning = warning,
		.cluster = strdup(""),
		.group = strdup(group),
		.resource = strdup(resource),
		.object = strdup(ref->object),
		.reason = strdup(ref->reason),
		.message = strdup(text),
		.count = count,
		.time = (int64_t)time(NULL),
	};
	if (event.cluster && event.group && event.resource && event.object && event.reason && event.message)
		events->ops->event(events->arg, &event);
	sy_event_done(&event);
}

void sy_events_tell(struct sy_events *events, bool warning, const char *group, const char *resource, const char *object, const char *reason,
		    const char *message)
{
	sy_events_tell_at(events, sy_loop_now_ms(events->loop), warning, group, resource, object, reason, message);
}

void sy_events_tell_at(struct sy_events *events, int64_t now, bool warning, const char *group, const char *resource, const char *object,
		       const char *reason, const char *message)
{
	struct sy_hash id;
	char text[TEXT_MAX], label[512];
	snprintf(text, sizeof(text), "%s/%s/%s/%s", group, resource, object, reason);
	if (sy_hash_of(text, strlen(text), &id))
		return;
	struct fact *fact = find(events, &id);
	bool known = fact->first_ms && now - fact->first_ms < SY_EVENT_WINDOW_MS;
	fact->last_ms = now + 1; /* never 0, which is a free place */
	fact->count++;
	if (known)
		return;
	uint64_t count = fact->count; /* with those since it was last told */
	if (!take_token(events, now))
		return;
	fact->first_ms = now + 1;
	fact->count = 1;
	snprintf(label, sizeof(label), "%s%s%s", resource, *group ? "." : "", group);
	struct sy_log_ref ref = {.resource = label, .object = object, .reason = reason};
	sy_log(warning ? SY_LOG_WARNING : SY_LOG_INFO, &ref, "%s", message);
	pass_on(events, &ref, warning, group, resource, count, message);
}
