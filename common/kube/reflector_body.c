/* What a reflector reads: items of a page, events of a stream. */
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "kube/about.h"
#include "kube/reflector_impl.h"

/* Ends the feeding of a slice whose attempt is over; the reason has been dealt with. */
#define STOPPED (-ECANCELED)

static int on_item(void *arg, json_object *object, const char *raw, size_t raw_len, struct sy_error *err)
{
	struct sy_reflector *reflector = arg;
	unsigned serial = reflector->serial;

	(void)err;
	reflector->ops.event(reflector->arg, SY_ADDED, object, raw, raw_len);
	return reflector_is_current(reflector, serial) ? 0 : STOPPED;
}

static const char *version_of(json_object *object, struct sy_error *err)
{
	const char *rv = sy_json_str(object, "metadata", "resourceVersion", NULL);

	if (rv && *rv && strlen(rv) < REFLECTOR_MAX_RV)
		return rv;
	sy_error_set(err, EINVAL, "a watch event has no usable resourceVersion");
	return NULL;
}

static bool ends_initial_events(json_object *object)
{
	const char *mark = sy_json_str(object, "metadata", "annotations", "k8s.io/initial-events-end", NULL);

	return mark && strcmp(mark, "true") == 0;
}

static int take_bookmark(struct sy_reflector *reflector, json_object *object, struct sy_error *err)
{
	const char *rv = version_of(object, err);

	if (!rv)
		return -EINVAL;
	if (reflector->attempt != ATTEMPT_STREAM_LIST) {
		strncpy(reflector->rv, rv, sizeof(reflector->rv) - 1);
		reflector_delivered(reflector);
		return 0;
	}
	if (!ends_initial_events(object))
		return 0; /* progress within the list says nothing about what is still to come */
	reflector->attempt = ATTEMPT_WATCH;
	reflector_arm(reflector);
	reflector_delivered(reflector);
	return reflector_list_complete(reflector, rv) ? 0 : STOPPED;
}

static int take_error(struct sy_reflector *reflector, json_object *status)
{
	struct sy_kube_result result;
	struct kube_text text;

	kube_result_of_status(reflector->kube, status, &text, &result);
	/* Whatever the server did not like about the place where we were, a new list is right; only "later" is no such thing. */
	if (result.verdict != SY_KUBE_THROTTLED)
		reflector->need_list = true;
	reflector_fail(reflector, &result, result.verdict == SY_KUBE_GONE && reflector->had_list);
	return STOPPED;
}

static int take_change(struct sy_reflector *reflector, const struct sy_stream_event *event, struct sy_error *err)
{
	static const enum sy_reflector_event types[] = {
		[SY_STREAM_ADDED] = SY_ADDED,
		[SY_STREAM_MODIFIED] = SY_MODIFIED,
		[SY_STREAM_DELETED] = SY_DELETED,
	};
	bool in_list = reflector->attempt == ATTEMPT_STREAM_LIST;
	enum sy_reflector_event type = types[event->type];
	unsigned serial = reflector->serial;
	const char *rv = version_of(event->object, err);

	if (!rv)
		return -EINVAL;
	/* The callback may change the object. */
	char kept[REFLECTOR_MAX_RV];
	memcpy(kept, rv, strlen(rv) + 1);
	if (in_list && type == SY_MODIFIED)
		type = SY_ADDED;
	reflector->ops.event(reflector->arg, type, event->object, event->raw, event->raw_len);
	if (!reflector_is_current(reflector, serial))
		return STOPPED;
	if (in_list)
		return 0; /* a version within the list is no place to resume from */
	memcpy(reflector->rv, kept, sizeof(kept));
	reflector_delivered(reflector);
	return 0;
}

static int tell_broken(struct sy_reflector *reflector, enum sy_reflector_event type, const char *data, size_t len,
		       const struct sy_error *why)
{
	struct sy_reflector_broken broken = {.type = type, .why = why};
	bool in_watch = reflector->attempt == ATTEMPT_WATCH;
	unsigned serial = reflector->serial;
	char kept[REFLECTOR_MAX_RV] = "";

	if (sy_about_read(data, len, &broken.about, &broken.whole) < 0)
		return -ENOMEM;
	const char *rv = broken.whole ? version_of(broken.about, NULL) : NULL;
	if (rv)
		memcpy(kept, rv, strlen(rv) + 1);
	reflector->broken(reflector->arg, &broken);
	json_object_put(broken.about);
	if (!reflector_is_current(reflector, serial))
		return STOPPED;
	if (in_watch && *kept) { /* else the next event brings us on */
		memcpy(reflector->rv, kept, sizeof(kept));
		reflector_delivered(reflector);
	}
	return 0;
}

static int on_broken_item(void *arg, const char *raw, size_t raw_len, const struct sy_error *why)
{
	return tell_broken(arg, SY_ADDED, raw, raw_len, why);
}

void reflector_accept_broken(struct sy_reflector *reflector)
{
	reflector->list.broken = reflector->broken ? on_broken_item : NULL;
	reflector->stream.give_cut = reflector->broken != NULL;
	reflector->stream.cut = false;
}

/* A line that could not be decoded: r and err say why. It may be a sound event of an object that is not. */
static int take_broken(struct sy_reflector *reflector, const char *line, size_t len, int r, struct sy_error *err)
{
	struct sy_stream_event event;
	struct sy_error why = {0};

	if (r == -ENOMEM || !reflector->broken || sy_stream_frame(line, len, reflector->stream.cut, &event, NULL) < 0 ||
	    event.type == SY_STREAM_BOOKMARK || event.type == SY_STREAM_ERROR)
		return r;
	if (reflector->stream.cut)
		sy_error_set(&why, EMSGSIZE, "an object above %u bytes", SY_MAX_OBJECT_BYTES);
	else
		why = *err;
	enum sy_reflector_event type = event.type == SY_STREAM_DELETED ? SY_DELETED : SY_MODIFIED;
	if (type == SY_MODIFIED && (event.type == SY_STREAM_ADDED || reflector->attempt == ATTEMPT_STREAM_LIST))
		type = SY_ADDED;
	return tell_broken(reflector, type, event.raw, event.raw_len, &why);
}

static int on_line(void *arg, const char *line, size_t len, struct sy_error *err)
{
	struct sy_reflector *reflector = arg;
	struct sy_stream_event event;
	int r = -EMSGSIZE;

	if (!reflector->stream.cut)
		r = sy_stream_decode(line, len, SY_MAX_OBJECT_BYTES, &event, err);
	if (r < 0)
		return take_broken(reflector, line, len, r, err);
	if (event.type == SY_STREAM_BOOKMARK)
		r = take_bookmark(reflector, event.object, err);
	else if (event.type == SY_STREAM_ERROR)
		r = take_error(reflector, event.object);
	else
		r = take_change(reflector, &event, err);
	sy_stream_event_done(&event);
	return r;
}

/* See the head of reflector.c. */
static void cannot_read(struct sy_reflector *reflector, int r, const struct sy_error *err)
{
	if (r == -ENOMEM) {
		reflector_fail_text(reflector, SY_KUBE_UNREACHABLE, "out of memory", false);
		return;
	}
	if (r == -EMSGSIZE)
		reflector->paged = true;
	reflector->poisoned = true;
	reflector->need_list = true;
	free(reflector->continue_token);
	reflector->continue_token = NULL;
	reflector_fail_text(reflector, r == -EMSGSIZE ? SY_KUBE_TOO_LARGE : SY_KUBE_UNREACHABLE, err->text, false);
}

int reflector_take(struct sy_reflector *reflector, const char *data, size_t len)
{
	struct sy_error err = {0};
	int r;

	if (reflector->attempt == ATTEMPT_PAGE)
		r = sy_list_feed(&reflector->list, data, len, on_item, reflector, &err);
	else
		r = sy_stream_feed(&reflector->stream, data, len, on_line, reflector, &err);
	if (r < 0 && r != STOPPED)
		cannot_read(reflector, r, &err);
	return r;
}
