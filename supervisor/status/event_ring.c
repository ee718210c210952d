#include "supervisor/status/event_ring.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "supervisor/discovery/facts.h"

struct owner { /* a logical cluster with events in the ring */
	char *cluster;
	size_t count;
};

struct sy_event_ring {
	json_object *items[SY_MAX_EVENTS_KEPT];	  /* oldest first */
	struct owner *owners[SY_MAX_EVENTS_KEPT]; /* of the item with the same index */
	struct owner table[SY_MAX_EVENTS_KEPT];
	size_t count;
};

int sy_event_ring_new(struct sy_event_ring **ret_ring, struct sy_error *err)
{
	*ret_ring = calloc(1, sizeof(**ret_ring));
	return *ret_ring ? 0 : sy_error_oom(err);
}

/* Item i leaves; its owner is forgotten with its last one. */
static void drop(struct sy_event_ring *ring, size_t i)
{
	struct owner *owner = ring->owners[i];

	json_object_put(ring->items[i]);
	if (--owner->count == 0) {
		free(owner->cluster);
		owner->cluster = NULL;
	}
	ring->count--;
	memmove(&ring->items[i], &ring->items[i + 1], (ring->count - i) * sizeof(ring->items[0]));
	memmove(&ring->owners[i], &ring->owners[i + 1], (ring->count - i) * sizeof(ring->owners[0]));
}

void sy_event_ring_free(struct sy_event_ring *ring)
{
	if (!ring)
		return;
	while (ring->count > 0)
		drop(ring, ring->count - 1);
	free(ring);
}

/* One noisy tenant pushes out its own events, not those of the others. */
static void make_room(struct sy_event_ring *ring, const char *cluster)
{
	const struct owner *most = NULL;

	if (ring->count < SY_MAX_EVENTS_KEPT)
		return;
	for (size_t i = 0; i < SY_MAX_EVENTS_KEPT; i++) {
		const struct owner *owner = &ring->table[i];
		bool own = owner->cluster && strcmp(owner->cluster, cluster) == 0;

		if (owner->cluster && (!most || owner->count + own > most->count))
			most = owner;
	}
	for (size_t i = 0; i < ring->count; i++) {
		if (ring->owners[i] == most) {
			drop(ring, i);
			return;
		}
	}
}

/* Found or made; there is room, since every owner has an item. NULL without memory. */
static struct owner *owner_of(struct sy_event_ring *ring, const char *cluster)
{
	struct owner *place = NULL;

	for (size_t i = 0; i < SY_MAX_EVENTS_KEPT; i++) {
		struct owner *owner = &ring->table[i];

		if (owner->cluster && strcmp(owner->cluster, cluster) == 0)
			return owner;
		if (!owner->cluster && !place)
			place = owner;
	}
	if (place)
		place->cluster = strdup(cluster);
	return place && place->cluster ? place : NULL;
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
	struct owner *owner;

	if (!item || fill(item, event, path) < 0) {
		json_object_put(item);
		return sy_error_oom(err);
	}
	make_room(ring, text(event->cluster));
	owner = owner_of(ring, text(event->cluster));
	if (!owner) {
		json_object_put(item);
		return sy_error_oom(err);
	}
	owner->count++;
	ring->items[ring->count] = item;
	ring->owners[ring->count++] = owner;
	if (ret_value)
		*ret_value = item;
	return 0;
}

json_object *sy_event_ring_list(const struct sy_event_ring *ring, const char *cluster)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < ring->count; i++) {
		json_object *item = ring->items[i];

		if (cluster && strcmp(ring->owners[i]->cluster, cluster) != 0)
			continue;
		if (json_object_array_add(array, json_object_get(item)) < 0) {
			json_object_put(item);
			json_object_put(array);
			return NULL;
		}
	}
	return array;
}
