#include "supervisor/event_ring.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "supervisor/facts.h"

struct sy_event_ring {
	json_object *items[SY_MAX_EVENTS_KEPT];
	size_t next;
	size_t count;
};

int sy_event_ring_new(struct sy_event_ring **ret_ring, struct sy_error *err)
{
	*ret_ring = calloc(1, sizeof(**ret_ring));
	return *ret_ring ? 0 : sy_error_oom(err);
}

void sy_event_ring_free(struct sy_event_ring *ring)
{
	if (!ring)
		return;
	for (size_t i = 0; i < SY_MAX_EVENTS_KEPT; i++)
		json_object_put(ring->items[i]);
	free(ring);
}

static const char *text(const char *value)
{
	return value ? value : "";
}

static int fill(json_object *item, const struct sy_event *event, const char *path)
{
	sy_auto_free char *resource = event->resource && event->resource[0] ? sy_claim_text(text(event->group), event->resource) : NULL;
	char time[21];
	int r;

	sy_time_format((time_t)event->time, time);
	r = sy_json_add_str(item, "time", time);
	if (r == 0)
		r = sy_json_add_str(item, "type", event->warning ? "Warning" : "Normal");
	if (r == 0)
		r = sy_json_add_str(item, "reason", text(event->reason));
	if (r == 0)
		r = sy_json_add_str(item, "cluster", text(event->cluster));
	if (r == 0)
		r = sy_json_add_str(item, "path", path);
	if (r == 0)
		r = sy_json_add_str(item, "resource", text(resource));
	if (r == 0)
		r = sy_json_add_str(item, "object", text(event->object));
	if (r == 0)
		r = sy_json_add_str(item, "message", text(event->message));
	if (r == 0)
		r = sy_json_add_int(item, "count", event->count > INT64_MAX ? INT64_MAX : (int64_t)event->count);
	return r;
}

int sy_event_ring_add(struct sy_event_ring *ring, const struct sy_event *event, const char *path, json_object **ret_value,
		      struct sy_error *err)
{
	json_object *item = json_object_new_object();

	if (!item || fill(item, event, path) < 0) {
		json_object_put(item);
		return sy_error_oom(err);
	}
	json_object_put(ring->items[ring->next]);
	ring->items[ring->next] = item;
	ring->next = (ring->next + 1) % SY_MAX_EVENTS_KEPT;
	if (ring->count < SY_MAX_EVENTS_KEPT)
		ring->count++;
	if (ret_value)
		*ret_value = item;
	return 0;
}

json_object *sy_event_ring_list(const struct sy_event_ring *ring, const char *cluster)
{
	json_object *array = json_object_new_array();
	size_t first = (ring->next + SY_MAX_EVENTS_KEPT - ring->count) % SY_MAX_EVENTS_KEPT;

	for (size_t i = 0; array && i < ring->count; i++) {
		json_object *item = ring->items[(first + i) % SY_MAX_EVENTS_KEPT];
		const char *of = sy_json_str(item, "cluster", NULL);

		if (cluster && (!of || strcmp(of, cluster) != 0))
			continue;
		if (json_object_array_add(array, json_object_get(item)) < 0) {
			json_object_put(item);
			json_object_put(array);
			return NULL;
		}
	}
	return array;
}
