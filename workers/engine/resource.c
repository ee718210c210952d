/* A planned resource: its table, and the two reflectors that fill it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "rule.h"

struct sy_object *sy_resource_object(struct sy_resource *resource, const char *key)
{
	struct sy_object *object = sy_table_find(&resource->table, key);
	if (object)
		return object;
	const char *slash = strchr(key, '/');
	struct sy_namespace *ns = NULL;
	if (slash) {
		char up[64];
		snprintf(up, sizeof(up), "%.*s", (int)(slash - key), key);
		ns = sy_namespace_of(resource->engine, up);
		if (!ns && errno != ENOMEM)
			sy_observe_bad_name(resource, up, slash + 1,
					    "the name of its namespace has no counterpart downstream; it is not synced");
		else if (!ns)
			sy_patience_missed(resource);
		if (!ns)
			return NULL;
	}
	object = sy_table_add(&resource->table, key);
	if (!object) {
		sy_patience_missed(resource);
		return NULL;
	}
	object->resource = resource;
	object->ns = ns;
	object->literal = *sy_object_name(object) == '=';
	if (ns)
		ns->objects++;
	sy_namespace_use(object, true); /* until facts say otherwise */
	return object;
}

void sy_resource_forget(struct sy_object *object)
{
	struct sy_resource *resource = object->resource;
	struct sy_namespace *ns = object->ns;
	sy_guard_explained(object);
	sy_queue_drop(&resource->engine->queue, object);
	sy_queue_unwait(&resource->engine->queue, object);
	sy_namespace_unwait(object);
	sy_hand_drop(&resource->engine->budget, object);
	sy_namespace_use(object, false);
	sy_table_remove(&resource->table, object);
	if (ns && --ns->objects == 0)
		sy_namespace_review(ns);
}

/* An event that is older than what an answer told us already. Both servers are backed by one etcd each, whose resourceVersions only grow;
 * where they are not numbers, or a new list says otherwise, the event counts. */
static bool stale(const struct sy_view *view, const struct sy_object *object, enum sy_side side, uint64_t rv)
{
	uint64_t known = side == SY_SIDE_UP ? object->up_rv : object->down_rv;
	uint8_t answered = side == SY_SIDE_UP ? object->up_answer_epoch : object->down_answer_epoch;
	if (!rv || !known || rv >= known)
		return false;
	return !view->listing || answered == view->epoch;
}

/* One event, as the reflector told it. */
struct change {
	enum sy_reflector_event type;
	json_object *tree;
	const char *raw;
	size_t raw_len;
	const struct sy_reflector_broken *broken; /* tree is only what could be read; NULL: it is whole */
};

/* Keep the body when it will be needed soon: a change to apply, or an object that looks new while the lists are still coming. */
static void keep(struct sy_object *object, enum sy_side side, const struct change *change)
{
	struct sy_engine *engine = object->resource->engine;
	if (object->op) {
		sy_op_take(object->op, side, change->tree);
		return;
	}
	bool want = object->resource->ready ? sy_flow_action(object) != SY_ACT_NONE
					    : side == SY_SIDE_UP && object->finalizer_index == SY_OBJECT_NONE;
	if (want)
		sy_hand_put(&engine->budget, object, side == SY_SIDE_UP, change->tree, change->raw, change->raw_len);
	else /* an older one would be taken for the newest */
		sy_hand_drop_side(&engine->budget, object, side == SY_SIDE_UP);
}

/* The body that is kept is not that of the object any more. */
static void drop_body(struct sy_object *object, enum sy_side side)
{
	if (object->op)
		sy_op_take(object->op, side, NULL);
	else
		sy_hand_drop_side(&object->resource->engine->budget, object, side == SY_SIDE_UP);
}

static void up_event(struct sy_view *view, const struct change *change)
{
	json_object *tree = change->tree;
	enum sy_reflector_event type = change->type;
	char key[SY_KEY_TEXT_MAX];
	if (!sy_observe_key_up(view->resource, tree, key))
		return;
	struct sy_object *object = sy_table_find(&view->resource->table, key);
	if (!object && type != SY_DELETED)
		object = sy_resource_object(view->resource, key);
	if (!object)
		return;
	if (type != SY_DELETED)
		object->up_epoch = view->epoch;
	if (stale(view, object, SY_SIDE_UP, sy_observe_rv(tree)))
		return;
	if (type == SY_DELETED) {
		drop_body(object, SY_SIDE_UP);
		sy_observe_absent(object, SY_SIDE_UP);
		/* A claimed object leaves the watch also when the tenant withdraws the claim: only a GET that says NotFound is a deletion.
		 * While the claim is refused that GET is refused too, and the supervisor decides what becomes of the copy. */
		if (view->resource->rule.claimed)
			object->up = SY_MAYBE;
	} else if (change->broken) {
		drop_body(object, SY_SIDE_UP);
		sy_observe_broken(object, SY_SIDE_UP, change->broken);
	} else {
		sy_observe_up(object, tree);
		keep(object, SY_SIDE_UP, change);
	}
	sy_flow_consider(object, view->synced);
}

/* A copy is gone from the selected list. It may only have lost its labels: the event shows it as it was before, labels and finalizers
 * included, so only the answer to a DELETE or a GET says more. */
static void down_deleted(struct sy_object *object, json_object *tree)
{
	const char *uid = sy_json_str(tree, "metadata", "uid", NULL);
	if (object->down == SY_FOREIGN)
		object->check_down = true; /* the place may be free now */
	if (object->down == SY_FOREIGN || object->down == SY_ABSENT || (uid && strcmp(uid, object->down_uid) != 0))
		return;
	uint64_t rv = sy_observe_rv(tree);
	drop_body(object, SY_SIDE_DOWN);
	sy_observe_absent(object, SY_SIDE_DOWN);
	if (rv)
		object->down_rv = rv;
	object->down = SY_MAYBE;
}

static void down_event(struct sy_view *view, const struct change *change)
{
	json_object *tree = change->tree;
	enum sy_reflector_event type = change->type;
	char key[SY_KEY_TEXT_MAX];
	if (!sy_observe_key_down(view->resource, tree, key))
		return;
	struct sy_object *object = sy_table_find(&view->resource->table, key);
	if (!object && type != SY_DELETED)
		object = sy_resource_object(view->resource, key);
	if (!object)
		return;
	if (type != SY_DELETED)
		object->down_epoch = view->epoch;
	if (stale(view, object, SY_SIDE_DOWN, sy_observe_rv(tree)))
		return;
	if (type == SY_DELETED) {
		down_deleted(object, tree);
	} else if (sy_observe_ours(object, tree) && change->broken) {
		drop_body(object, SY_SIDE_DOWN);
		sy_observe_broken(object, SY_SIDE_DOWN, change->broken);
	} else if (sy_observe_ours(object, tree)) {
		sy_observe_down(object, tree);
		keep(object, SY_SIDE_DOWN, change);
	} else if (object->down != SY_FOREIGN) {
		object->check_down = true; /* our labels, but not our object, as it seems */
	}
	sy_flow_consider(object, view->synced);
}

static void on_begin(void *arg)
{
	struct sy_view *view = arg;
	view->epoch = view->epoch == UINT8_MAX ? 1 : (uint8_t)(view->epoch + 1);
	view->listing = true;
}

static void take(struct sy_view *view, const struct change *change)
{
	if (view == &view->resource->view[SY_SIDE_UP])
		up_event(view, change);
	else
		down_event(view, change);
}

static void on_event(void *arg, enum sy_reflector_event type, json_object *object, const char *raw, size_t raw_len)
{
	take(arg, &(struct change){type, object, raw, raw_len, NULL});
}

static void on_broken(void *arg, const struct sy_reflector_broken *broken)
{
	struct sy_view *view = arg;
	if (broken->whole)
		take(view, &(struct change){broken->type, broken->about, NULL, 0, broken});
	else if (broken->type != SY_DELETED) /* whoever is deleted and cannot be told is missed by the next list */
		sy_observe_nameless(view->resource, broken);
}

/* What a complete list did not have is in doubt; whether it is gone, a GET by name decides. */
static void sweep(struct sy_view *view)
{
	struct sy_table *table = &view->resource->table;
	bool up = view == &view->resource->view[SY_SIDE_UP];
	for (struct sy_object *object = sy_table_next(table, NULL), *next; object; object = next) {
		next = sy_table_next(table, object);
		uint8_t *presence = up ? &object->up : &object->down;
		uint8_t seen = up ? object->up_epoch : object->down_epoch;
		uint8_t *answer = up ? &object->up_answer_epoch : &object->down_answer_epoch, answered = *answer;
		*answer = 0; /* the number comes again */
		if (*presence != SY_PRESENT || seen == view->epoch || answered == view->epoch)
			continue;
		if (up)
			sy_guard_vanished(object);
		*presence = SY_MAYBE;
		object->permanent &= up; /* without the copy it may be created again */
		sy_flow_consider(object, false);
	}
}

static void on_synced(void *arg)
{
	struct sy_view *view = arg;
	view->listing = false;
	view->synced = true;
	sweep(view);
	sy_resource_settle(view->resource);
}

static void on_state(void *arg, enum sy_reflector_state state, const struct sy_kube_result *result)
{
	struct sy_view *view = arg;
	enum sy_kube_verdict verdict = result ? result->verdict : SY_KUBE_OK;
	if (state == SY_REFLECTOR_FAILING && (!view->failing || verdict != view->verdict)) {
		struct sy_log_ref ref = {.resource = view->resource->label};
		sy_info(&ref, "%s: %s: %s", view == &view->resource->view[SY_SIDE_UP] ? "upstream watch" : "downstream watch",
			sy_kube_verdict_name(verdict), result ? result->message : "");
	}
	view->failing = state == SY_REFLECTOR_FAILING;
	view->verdict = verdict;
	sy_engine_changed(view->resource->engine);
}

static const struct sy_reflector_ops reflector_ops = {on_begin, on_event, on_synced, on_state};

static int open_view(struct sy_resource *resource, enum sy_side side, bool wanted, struct sy_error *err)
{
	struct sy_view *view = &resource->view[side];
	if (!wanted) {
		sy_reflector_free(view->reflector);
		view->reflector = NULL;
		view->listing = view->failing = false;
		view->verdict = SY_KUBE_OK;
		return 0;
	}
	if (view->reflector)
		return 0;
	struct sy_reflector_spec spec = {
		.base = side == SY_SIDE_UP ? resource->rule.up_base : NULL,
		.gvr = resource->gvr,
		.label_selector = side == SY_SIDE_UP ? NULL : resource->engine->selector,
		.broken = on_broken,
	};
	return sy_reflector_new(&view->reflector, resource->engine->kube[side], &spec, &reflector_ops, view, err);
}

/* It no longer exists, or would not let us. */
bool sy_resource_up_gone(const struct sy_resource *resource)
{
	const struct sy_plan *plan = &resource->engine->plan;
	return (plan->mode != SY_PLAN_RUN && plan->upstream_gone) || resource->rule.up_gone ||
	       (resource->rule.role == SY_ROLE_REMOVED && resource->rule.claimed);
}

/* A resource that the cluster does not serve has no copies to ask for. */
static bool needs_downstream(const struct sy_resource *resource)
{
	return resource->rule.role != SY_ROLE_ABSENT;
}

int sy_resource_follow(struct sy_resource *resource, struct sy_error *err)
{
	int rc = open_view(resource, SY_SIDE_UP, !sy_resource_up_gone(resource), err);
	if (rc == 0 && resource->engine->namespaces.synced)
		rc = open_view(resource, SY_SIDE_DOWN, needs_downstream(resource), err);
	return rc;
}

void sy_resource_review(struct sy_resource *resource)
{
	for (struct sy_object *object = sy_table_next(&resource->table, NULL), *next; object; object = next) {
		next = sy_table_next(&resource->table, object);
		sy_flow_consider(object, false);
	}
}

void sy_resource_settle(struct sy_resource *resource)
{
	struct sy_engine *engine = resource->engine;
	bool up = resource->view[SY_SIDE_UP].synced || sy_resource_up_gone(resource) || resource->rule.role == SY_ROLE_REMOVED;
	bool down = resource->view[SY_SIDE_DOWN].synced || !needs_downstream(resource);
	if (!resource->ready && up && down && engine->namespaces.synced) {
		resource->ready = true;
		sy_guard_settle(resource);
		sy_resource_review(resource);
		sy_engine_listed(engine);
	}
	sy_engine_changed(engine);
}

int sy_resource_new(struct sy_resource **ret_resource, struct sy_engine *engine, const struct sy_plan_resource *rule, struct sy_error *err)
{
	struct sy_resource *resource = calloc(1, sizeof(*resource));
	if (!resource)
		return sy_error_oom(err);
	resource->engine = engine;
	resource->born_ms = sy_loop_now_ms(engine->loop);
	sy_table_init(&resource->table, &engine->slab, arc4random());
	for (int side = 0; side < SY_SIDE_MAX; side++)
		resource->view[side].resource = resource;
	int rc = sy_resource_set_rule(resource, rule, err);
	if (rc) {
		sy_resource_free(resource);
		return rc;
	}
	TAILQ_INSERT_TAIL(&engine->resources, resource, link);
	*ret_resource = resource;
	return 0;
}

void sy_resource_free(struct sy_resource *resource)
{
	for (int side = 0; side < SY_SIDE_MAX; side++)
		sy_reflector_free(resource->view[side].reflector);
	for (struct sy_object *object = sy_table_next(&resource->table, NULL), *next; object; object = next) {
		next = sy_table_next(&resource->table, object);
		sy_resource_forget(object);
	}
	sy_table_done(&resource->table);
	if (resource->label && *resource->label)
		TAILQ_REMOVE(resource->stopping ? &resource->engine->stopping : &resource->engine->resources, resource, link);
	sy_resource_clear_rule(resource);
	free(resource);
}

void sy_resource_stop(struct sy_resource *resource)
{
	TAILQ_REMOVE(&resource->engine->resources, resource, link);
	TAILQ_INSERT_TAIL(&resource->engine->stopping, resource, link);
	resource->stopping = true;
	for (int side = 0; side < SY_SIDE_MAX; side++) {
		sy_reflector_free(resource->view[side].reflector);
		resource->view[side].reflector = NULL;
	}
	for (struct sy_object *object = sy_table_next(&resource->table, NULL), *next; object; object = next) {
		next = sy_table_next(&resource->table, object);
		if (!object->op)
			sy_resource_forget(object);
	}
	if (!resource->in_progress)
		sy_resource_free(resource);
}
