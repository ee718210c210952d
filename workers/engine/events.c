#include "events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/tokens.h"
#include "base/utf8.h"
#include "internal.h"
#include "tenant_events.h"

#define TEXT_MAX 1024

struct fact {
	struct sy_hash id; /* of resource, object and reason; unknown = free */
	int64_t first_ms, last_ms;
	uint64_t count;
};

/* What there is to tell: borrowed. */
struct news {
	bool warning;
	const char *group, *resource, *object, *reason, *message;
	const struct sy_object *about; /* may have it on itself; NULL = none */
	enum sy_reason code;	       /* of it */
};

struct sy_events {
	struct sy_loop *loop;
	const struct sy_engine_ops *ops;
	void *arg;
	struct sy_tokens tokens;
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
	events->tokens = (struct sy_tokens){sy_loop_now_ms(loop), SY_EVENT_BURST};
	*ret_events = events;
	return 0;
}

void sy_events_free(struct sy_events *events)
{
	free(events);
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

void sy_events_pass(struct sy_events *events, const struct sy_event *event)
{
	if (events->ops->event)
		events->ops->event(events->arg, event);
}

static void pass_on(struct sy_events *events, const struct news *news, uint64_t count)
{
	char text[TEXT_MAX];
	size_t len = strlen(news->message);
	if (len >= sizeof(text))
		len = sy_utf8_cut(news->message, sizeof(text) - 1);
	snprintf(text, sizeof(text), "%.*s", (int)len, news->message);
	struct sy_event event = {
		.warning = news->warning,
		.cluster = strdup(""),
		.group = strdup(news->group),
		.resource = strdup(news->resource),
		.object = strdup(news->object),
		.reason = strdup(news->reason),
		.message = strdup(text),
		.count = count,
		.time = (int64_t)time(NULL),
	};
	bool made = event.cluster && event.group && event.resource && event.object && event.reason && event.message;
	bool posted =
		made && news->about && sy_tenant_events_post(news->about->resource->engine->tenant_events, news->about, news->code, &event);
	if (made && !posted)
		sy_events_pass(events, &event);
	sy_event_done(&event);
}

static void tell(struct sy_events *events, int64_t now, const struct news *news)
{
	struct sy_hash id;
	char text[TEXT_MAX], label[512];
	/* One made anew under the same name knows nothing of what the former was told. */
	snprintf(text, sizeof(text), "%s/%s/%s/%s/%s", news->group, news->resource, news->object, news->reason,
		 news->about ? news->about->up_uid : "");
	if (sy_hash_of(text, strlen(text), &id))
		return;
	struct fact *fact = find(events, &id);
	bool known = fact->first_ms && now - fact->first_ms < SY_EVENT_WINDOW_MS;
	fact->last_ms = now + 1; /* never 0, which is a free place */
	fact->count++;
	if (known)
		return;
	uint64_t count = fact->count; /* with those since it was last told */
	if (!sy_tokens_take(&events->tokens, now, SY_EVENT_BURST, 1000))
		return;
	fact->first_ms = now + 1;
	fact->count = 1;
	snprintf(label, sizeof(label), "%s%s%s", news->resource, *news->group ? "." : "", news->group);
	struct sy_log_ref ref = {.resource = label, .object = news->object, .reason = news->reason};
	sy_log(news->warning ? SY_LOG_WARNING : SY_LOG_INFO, &ref, "%s", news->message);
	pass_on(events, news, count);
}

void sy_events_tell_at(struct sy_events *events, int64_t now_ms, bool warning, const char *group, const char *resource, const char *object,
		       const char *reason, const char *message)
{
	const struct news news = {
		.warning = warning, .group = group, .resource = resource, .object = object, .reason = reason, .message = message};
	tell(events, now_ms, &news);
}

void sy_events_tell(struct sy_events *events, bool warning, const char *group, const char *resource, const char *object, const char *reason,
		    const char *message)
{
	sy_events_tell_at(events, sy_loop_now_ms(events->loop), warning, group, resource, object, reason, message);
}

void sy_events_tell_object(struct sy_events *events, const struct sy_object *object, enum sy_reason reason, const char *message)
{
	const struct sy_plan_resource *rule = &object->resource->rule;
	const struct news news = {.warning = true,
				  .group = rule->group,
				  .resource = rule->resource,
				  .object = object->key,
				  .reason = sy_reason_name(reason),
				  .message = message,
				  .about = sy_tenant_events_wanted(object) ? object : NULL,
				  .code = reason};
	tell(events, sy_loop_now_ms(events->loop), &news);
}
