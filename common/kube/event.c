#include "kube/event.h"

struct member {
	const char *key;
	const char *value; /* NULL = left out */
};

static json_object *object_of(const struct member *members, size_t count)
{
	json_object *object = json_object_new_object();
	int r = object ? 0 : -1;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = sy_json_add_str(object, members[i].key, members[i].value);
	if (r == 0)
		return object;
	json_object_put(object);
	return NULL;
}

#define OBJECT(...) object_of((const struct member[]){__VA_ARGS__}, sizeof((const struct member[]){__VA_ARGS__}) / sizeof(struct member))

/* Takes part over, also on failure; a part that could not be made fails. */
static int put(json_object *body, const char *key, json_object *part)
{
	return body && part ? sy_json_add(body, key, part) : (json_object_put(part), -1);
}

static json_object *counted(json_object *body, uint64_t count)
{
	if (body && sy_json_add_int(body, "count", count > INT32_MAX ? INT32_MAX : (int64_t)count) == 0)
		return body;
	json_object_put(body);
	return NULL;
}

json_object *sy_kube_event_body(const struct sy_kube_event *event)
{
	const struct sy_kube_subject *about = &event->about;
	json_object *body =
		OBJECT({"apiVersion", "v1"}, {"kind", "Event"}, {"type", event->warning ? "Warning" : "Normal"}, {"reason", event->reason},
		       {"message", event->message}, {"firstTimestamp", event->now}, {"lastTimestamp", event->now});
	json_object *metadata = OBJECT({"name", event->name}, {"namespace", event->ns});
	json_object *object = OBJECT({"apiVersion", about->api_version}, {"kind", about->kind}, {"namespace", about->ns},
				     {"name", about->name}, {"uid", about->uid}, {"resourceVersion", about->resource_version});
	json_object *source = OBJECT({"component", "syncerd"}, {"host", event->host});
	int first = put(body, "metadata", metadata), second = put(body, "involvedObject", object), third = put(body, "source", source);

	if (first == 0 && second == 0 && third == 0)
		return counted(body, event->count);
	json_object_put(body);
	return NULL;
}

json_object *sy_kube_event_raise(const char *message, const char *now, uint64_t count)
{
	return counted(OBJECT({"lastTimestamp", now}, {"message", message}), count);
}
