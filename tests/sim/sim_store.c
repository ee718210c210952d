/* Objects, the counter of resource versions and the watch history. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

static char *make_key(const struct sim_type *type, const char *cluster, const char *ns, const char *name)
{
	char *key = NULL;

	if (asprintf(&key, "%s|%s|%s|%s|%s", cluster, type->group, type->plural, ns, name) < 0)
		abort();
	return key;
}

static char *copy_text(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		abort();
	return copy;
}

struct sim_object *sim_find(const struct sim_server *server, const struct sim_type *type, const char *cluster, const char *ns,
			    const char *name)
{
	sy_auto_free char *key = make_key(type, cluster, ns, name);
	void *found = NULL;

	return lh_table_lookup_ex(server->objects, key, &found) ? found : NULL;
}

static void change_done(struct sim_change *change)
{
	free(change->key);
	free(change->cluster);
	free(change->ns);
	json_object_put(change->value);
	json_object_put(change->prev);
}

/* Drop the older half when the history is full; watches that are further behind then get 410. */
static void trim_history(struct sim_server *server)
{
	size_t drop = server->change_count / 2;

	if (server->change_count < SIM_MAX_CHANGES)
		return;
	for (size_t i = 0; i < drop; i++)
		change_done(&server->changes[i]);
	server->oldest_rv = server->changes[drop - 1].rv;
	memmove(server->changes, server->changes + drop, (server->change_count - drop) * sizeof(server->changes[0]));
	server->change_count -= drop;
}

static void record(struct sim_server *server, const struct sim_object *object, json_object *prev, bool deleted)
{
	struct sim_change *change;

	trim_history(server);
	change = &server->changes[server->change_count++];
	change->rv = server->rv;
	change->type = object->type;
	change->key = copy_text(object->key);
	change->cluster = copy_text(object->cluster);
	change->ns = copy_text(object->ns);
	change->value = json_object_get(object->value);
	change->prev = json_object_get(prev);
	change->deleted = deleted;
	if (server->run)
		sim_http_wake(server);
	if (server->settle)
		sy_defer_mark(server->settle);
}

static void stamp(struct sim_server *server, json_object *value)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)++server->rv);
	sim_set_str(sim_meta(value), "resourceVersion", text);
}

static struct sim_object *object_new(const struct sim_type *type, const char *cluster, const char *ns, const char *name)
{
	struct sim_object *object = calloc(1, sizeof(*object));

	if (!object)
		abort();
	object->key = make_key(type, cluster, ns, name);
	object->type = type;
	object->cluster = copy_text(cluster);
	object->ns = copy_text(ns);
	object->name = copy_text(name);
	return object;
}

static void object_free(struct sim_object *object)
{
	json_object_put(object->value);
	free(object->key);
	free(object->cluster);
	free(object->ns);
	free(object->name);
	free(object);
}

void sim_put(struct sim_server *server, const struct sim_type *type, const char *cluster, const char *ns, const char *name,
	     json_object *value)
{
	struct sim_object *object = sim_find(server, type, cluster, ns, name);
	json_object *prev = NULL;

	if (!object) {
		object = object_new(type, cluster, ns, name);
		if (lh_table_insert(server->objects, object->key, object) != 0)
			abort();
	}
	prev = object->value;
	object->value = value;
	stamp(server, value);
	record(server, object, prev, false);
	json_object_put(prev);
	if (sim_is_deleting(value) && !sim_has_finalizers(value) && !sim_type_is(type, "", "namespaces"))
		sim_drop(server, object);
}

void sim_drop(struct sim_server *server, struct sim_object *object)
{
	json_object *last = sy_json_copy(object->value);

	if (!last)
		abort();
	stamp(server, last);
	json_object_put(object->value);
	object->value = last;
	record(server, object, last, true);
	lh_table_delete(server->objects, object->key);
	object_free(object);
}

void sim_delete(struct sim_server *server, struct sim_object *object)
{
	bool is_namespace = sim_type_is(object->type, "", "namespaces");
	json_object *value;
	char now[21];

	if (sim_is_deleting(object->value))
		return;
	if (!sim_has_finalizers(object->value) && !is_namespace) {
		sim_drop(server, object);
		return;
	}
	value = sy_json_copy(object->value);
	if (!value)
		abort();
	sim_set_str(sim_meta(value), "deletionTimestamp", sim_now(now));
	sim_set(sim_meta(value), "deletionGracePeriodSeconds", json_object_new_int64(0));
	if (is_namespace) {
		json_object *status = json_object_new_object();

		sim_set_str(status, "phase", "Terminating");
		sim_set(value, "status", status);
	}
	sim_put(server, object->type, object->cluster, object->ns, object->name, value);
}

static int by_key(const void *a, const void *b)
{
	return strcmp((*(struct sim_object *const *)a)->key, (*(struct sim_object *const *)b)->key);
}

struct sim_object **sim_select(const struct sim_server *server, const struct sim_type *type, const char *cluster, const char *ns,
			       size_t *ret_count)
{
	struct sim_object **found = calloc((size_t)lh_table_length(server->objects) + 1, sizeof(*found));
	struct lh_entry *entry;
	size_t count = 0;

	if (!found)
		abort();
	lh_foreach(server->objects, entry)
	{
		struct sim_object *object = (struct sim_object *)lh_entry_v(entry);

		if ((!type || object->type == type) && (!cluster || strcmp(object->cluster, cluster) == 0) &&
		    (!ns || strcmp(object->ns, ns) == 0))
			found[count++] = object;
	}
	qsort(found, count, sizeof(*found), by_key);
	*ret_count = count;
	return found;
}

void sim_store_compact(struct sim_server *server)
{
	for (size_t i = 0; i < server->change_count; i++)
		change_done(&server->changes[i]);
	server->change_count = 0;
	server->oldest_rv = server->rv;
}

void sim_store_init(struct sim_server *server)
{
	server->objects = lh_kchar_table_new(1024, NULL);
	server->changes = calloc(SIM_MAX_CHANGES, sizeof(*server->changes));
	if (!server->objects || !server->changes)
		abort();
	server->rv = 100;
	server->oldest_rv = 100;
}

void sim_store_free(struct sim_server *server)
{
	struct lh_entry *entry;

	sim_store_compact(server);
	free(server->changes);
	lh_foreach(server->objects, entry) object_free((struct sim_object *)lh_entry_v(entry));
	lh_table_free(server->objects);
}
