/* Facts of an object from what a server said: in an event, a list, or an answer. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "generation.h"
#include "internal.h"
#include "ownership.h"
#include "pair.h"

uint64_t sy_observe_rv(json_object *tree)
{
	int64_t rv = 0;
	const char *text = sy_json_str(tree, "metadata", "resourceVersion", NULL);
	return text && sy_num_parse(text, 1, INT64_MAX, &rv) ? (uint64_t)rv : 0;
}

static const char *usable_uid(json_object *tree)
{
	const char *uid = sy_json_str(tree, "metadata", "uid", NULL);
	return uid && *uid && strlen(uid) < SY_UID_MAX ? uid : NULL;
}

void sy_observe_bad_name(struct sy_resource *resource, const char *ns, const char *name, const char *why)
{
	char object[SY_KEY_TEXT_MAX];
	snprintf(object, sizeof(object), "%.63s%s%.253s", ns ? ns : "", ns ? "/" : "", name ? name : "?");
	sy_events_tell(resource->engine->events, true, resource->rule.group, resource->rule.resource, object,
		       sy_reason_name(SY_REASON_INVALID_NAME), why);
}

bool sy_observe_servers(const struct sy_resource *resource, json_object *tree)
{
	return resource->names.secrets && sy_body_server_secret(tree, resource->names.sync_tokens);
}

bool sy_observe_key_up(struct sy_resource *resource, json_object *tree, char *key)
{
	char down[SY_NAME_MAX];
	const char *ns = NULL, *name = sy_json_str(tree, "metadata", "name", NULL);
	if (resource->rule.namespaced) {
		ns = sy_json_str(tree, "metadata", "namespace", NULL);
		if (!ns || !sy_name_usable(ns, 63)) {
			sy_observe_bad_name(resource, NULL, name,
					    "the object is in no namespace, or in one with an unusable name; it is not synced");
			return false;
		}
		if (sy_namespace_excluded(ns))
			return false;
	} else if (sy_json_str(tree, "metadata", "namespace", NULL)) {
		sy_observe_bad_name(resource, NULL, name, "the object is in a namespace, its type in no namespace; it is not synced");
		return false;
	}
	if (!name || !usable_uid(tree)) {
		sy_observe_bad_name(resource, ns, name, "the object has no name, or no usable uid; it is not synced");
		return false;
	}
	int rc = sy_name_map(&resource->names, SY_DOWN, name, down);
	if (rc == -ENOENT || sy_observe_servers(resource, tree))
		return false;
	if (rc) {
		sy_observe_bad_name(resource, ns, name,
				    rc == -ENAMETOOLONG
					    ? "the name is longer than 253 characters with its downstream prefix; use a shorter one"
					    : "the name cannot be used downstream; it is not synced");
		return false;
	}
	snprintf(key, SY_KEY_TEXT_MAX, "%s%s%s", ns ? ns : "", ns ? "/" : "", name);
	return true;
}

bool sy_observe_key_down(struct sy_resource *resource, json_object *tree, char *key)
{
	char up[SY_NAME_MAX];
	const char *ns = NULL, *name = sy_json_str(tree, "metadata", "name", NULL);
	if (!name || !sy_name_usable(name, SY_NAME_MAX - 1) || !usable_uid(tree))
		return false;
	if (resource->rule.namespaced) {
		const char *down = sy_json_str(tree, "metadata", "namespace", NULL);
		const struct sy_namespace *mine = down ? sy_namespace_of_down(resource->engine, down) : NULL;
		if (!mine)
			return false;
		ns = mine->up;
	} else if (sy_json_str(tree, "metadata", "namespace", NULL)) {
		return false;
	}
	int rc = sy_name_map(&resource->names, SY_UP, name, up);
	if (rc == -ENOENT && resource->names.configmaps && strcmp(name, "kube-root-ca.crt") == 0)
		return false;
	snprintf(key, SY_KEY_TEXT_MAX, "%s%s%s%s", ns ? ns : "", ns ? "/" : "", rc ? "=" : "", rc ? name : up);
	return true;
}

static void observe_finalizers(struct sy_object *object, json_object *list)
{
	const struct sy_resource *resource = object->resource;
	size_t n = list ? json_object_array_length(list) : 0, i = 0;
	while (i < n && i <= INT16_MAX && !sy_is_finalizer(resource->engine, json_object_array_get_idx(list, i)))
		i++;
	bool ours = i < n && i <= INT16_MAX, was_full = object->up_full;
	object->finalizer_index = ours ? (int16_t)i : SY_OBJECT_NONE;
	object->up_full = !ours && n >= SY_MAX_FINALIZERS && !resource->rule.claimed;
	if (object->up_full && !was_full)
		sy_object_tell(object, SY_REASON_INVALID,
			       "the object has so many finalizers that ours is not added, so it is not synced; remove some");
}

/* Our write is in effect on both sides: the generations belong together. */
static void settle_generations(struct sy_object *object)
{
	if (object->up != SY_PRESENT || object->down != SY_PRESENT || !sy_in_step(object))
		return;
	if (object->applied_down == 0)
		object->applied_down = object->down_generation;
	else if (object->applied_up == object->up_generation)
		return;
	else
		object->status_unread = object->has_status; /* upstream's number moved without a change for us */
	object->applied_up = object->up_generation;
}

static void observe_body(struct sy_object *object, json_object *tree)
{
	struct sy_error err = {0};
	struct sy_hash desired = {0};
	sy_auto_json json_object *body = NULL;
	int rc = sy_op_body(object, tree, &body, &err);
	if (rc == 0)
		rc = sy_body_hash(body, &desired, &err);
	if (rc) {
		struct sy_log_ref ref = sy_object_ref(object);
		sy_warn(&ref, "cannot read the object: %s", err.text);
		return;
	}
	if (sy_hash_equal(&desired, &object->desired))
		return;
	object->desired = desired;
	object->permanent = object->status_rejected = false;
	sy_fight_over(object);
	object->failures = 0;
	object->failed_action = SY_ACT_NONE;
}

/* Another target holds the object. */
static bool taken(const struct sy_engine *engine, json_object *list)
{
	size_t n = list ? json_object_array_length(list) : 0;
	for (size_t i = 0; i < n; i++) {
		json_object *item = json_object_array_get_idx(list, i);
		if (json_object_is_type(item, json_type_string) && !sy_is_finalizer(engine, item) &&
		    strncmp(json_object_get_string(item), SY_FINALIZER, sizeof(SY_FINALIZER) - 1) == 0)
			return true;
	}
	return false;
}

/* Which targets the object is for (4.5). */
static void observe_schedule(struct sy_object *object, json_object *tree)
{
	const struct sy_engine *engine = object->resource->engine;
	json_object *labels = sy_json_object(tree, "metadata", "labels", NULL);
	json_object *finalizers = sy_json_array(tree, "metadata", "finalizers", NULL);
	bool any = false, ours = false;
	unsigned targets = 0;
	if (labels) {
		json_object_object_foreach(labels, key, value)
		{
			if (strncmp(key, SY_LABEL_STATE, sizeof(SY_LABEL_STATE) - 1) != 0)
				continue;
			bool sync = json_object_is_type(value, json_type_string) && strcmp(json_object_get_string(value), "Sync") == 0;
			any = true;
			targets += sync;
			ours = ours || (sync && strcmp(key + sizeof(SY_LABEL_STATE) - 1, engine->plan.key) == 0);
		}
	}
	/* Who comes second leaves it to the first, as long as nobody says who should have it. */
	bool first = object->resource->rule.claimed || object->finalizer_index != SY_OBJECT_NONE || !taken(engine, finalizers);
	bool elsewhere = any ? !ours : !first;
	/* One writer: the target that is named, else the only one that holds it. */
	object->up_shared = targets > 1 || (targets == 1 ? !ours : object->finalizer_index != SY_OBJECT_NONE && taken(engine, finalizers));
	object->up_leave = elsewhere || sy_json_str(tree, "metadata", "annotations", engine->leave_annotation, NULL) != NULL;
}

static bool observe_up_metadata(struct sy_object *object, json_object *tree)
{
	const struct sy_engine *engine = object->resource->engine;
	const char *uid = usable_uid(tree), *soft = NULL;
	if (!uid)
		return false;
	if (strcmp(uid, object->up_uid) != 0) {
		if (*object->up_uid) { /* another object of the same name */
			sy_hash_clear(&object->sent);
			object->sent_core = 0;
			object->status_reset = false;
		}
		sy_uid_copy(object->up_uid, uid);
	}
	sy_guard_explained(object);
	object->up = SY_PRESENT;
	object->up_rv = sy_observe_rv(tree);
	object->up_generation = 0;
	sy_json_int(tree, &object->up_generation, "metadata", "generation", NULL);
	object->up_deleting = sy_json_str(tree, "metadata", "deletionTimestamp", NULL) != NULL;
	observe_finalizers(object, sy_json_array(tree, "metadata", "finalizers", NULL));
	soft = sy_json_str(tree, "metadata", "annotations", engine->soft_annotation, NULL);
	object->up_soft = soft && *soft;
	observe_schedule(object, tree);
	return true;
}

void sy_observe_up(struct sy_object *object, json_object *tree)
{
	if (!observe_up_metadata(object, tree))
		return;
	object->up_broken = false;
	sy_hash_clear(&object->up_status);
	json_object *status = sy_json_object(tree, "status", NULL);
	if (status && object->resource->rule.up_status && sy_json_hash(status, &object->up_status, NULL))
		sy_hash_clear(&object->up_status);
	observe_body(object, tree);
	settle_generations(object);
}

void sy_observe_status(struct sy_object *object, json_object *down)
{
	struct sy_hash hash = {0}, core = {0};
	struct sy_status_facts facts = {0};
	const struct sy_plan_resource *rule = &object->resource->rule;
	struct sy_generations generations = {rule->translate_generation, object->applied_up, object->applied_down};
	sy_auto_json json_object *status = NULL;
	json_object *from = sy_json_object(down, "status", NULL);
	object->status_unread = false;
	object->has_status = rule->up_status && !rule->claimed && from && json_object_object_length(from) > 0;
	if (object->has_status && sy_status_translate(from, NULL, &generations, &status, &facts, NULL) == 0) {
		if (sy_json_hash(status, &hash, NULL))
			sy_hash_clear(&hash);
		sy_status_strip(status);
		if (sy_json_hash(status, &core, NULL))
			sy_hash_clear(&core);
	}
	if (!sy_hash_equal(&hash, &object->status)) {
		object->status_rejected = false;
		object->status_tested = false;
	}
	object->status = hash;
	object->status_core = sy_half(&core);
	object->status_lower = facts.lower > 0;
	object->status_all_lower = facts.lower > 0 && facts.lower == facts.found;
}

static bool observe_down_metadata(struct sy_object *object, json_object *tree)
{
	const char *uid = usable_uid(tree);
	if (!uid)
		return false;
	if (strcmp(uid, object->down_uid) != 0) {
		sy_uid_copy(object->down_uid, uid);
		object->permanent = object->status_rejected = false; /* what was refused was for another copy */
		object->down_copied = false;
	}
	object->down = SY_PRESENT;
	object->check_down = false;
	object->down_rv = sy_observe_rv(tree);
	object->down_generation = 0;
	sy_json_int(tree, &object->down_generation, "metadata", "generation", NULL);
	object->down_deleting = sy_json_str(tree, "metadata", "deletionTimestamp", NULL) != NULL;
	if (object->ns)
		sy_namespace_inhabited(object->ns);
	return true;
}

void sy_observe_down(struct sy_object *object, json_object *tree)
{
	struct sy_ownership ownership = {.update_index = SY_OBJECT_NONE};
	if (!observe_down_metadata(object, tree))
		return;
	object->down_broken = false;
	object->down_copied = !sy_observe_made(tree);
	if (sy_ownership_read(tree, &ownership, NULL)) /* out of memory: unknown, so one apply too many */
		ownership = (struct sy_ownership){.update_index = SY_OBJECT_NONE};
	object->owned = ownership.hash;
	object->update_index = (int8_t)ownership.update_index;
	settle_generations(object);
	sy_observe_status(object, tree);
}

void sy_observe_broken(struct sy_object *object, enum sy_side side, const struct sy_reflector_broken *broken)
{
	char text[512];
	if (!(side == SY_SIDE_UP ? observe_up_metadata(object, broken->about) : observe_down_metadata(object, broken->about)))
		return;
	object->too_large = broken->why->code == EMSGSIZE;
	if (side == SY_SIDE_UP) {
		object->up_broken = true;
		sy_hash_clear(&object->up_status);
	} else {
		object->down_broken = true;
		object->down_copied = !sy_observe_made(broken->about);
		object->has_status = object->status_unread = false;
		object->update_index = SY_OBJECT_NONE;
		sy_hash_clear(&object->owned);
		sy_hash_clear(&object->status);
	}
	snprintf(text, sizeof(text), "%s cannot be read and is not synced until it changes: %.300s",
		 side == SY_SIDE_UP ? "the object" : "its copy in the cluster", broken->why->text);
	sy_object_tell(object, object->too_large ? SY_REASON_TOO_LARGE : SY_REASON_INVALID, text);
}

void sy_observe_nameless(struct sy_resource *resource, const struct sy_reflector_broken *broken)
{
	char text[512];
	snprintf(text, sizeof(text), "the object cannot be read and is not synced until it changes: %.300s", broken->why->text);
	sy_observe_bad_name(resource, sy_json_str(broken->about, "metadata", "namespace", NULL),
			    sy_json_str(broken->about, "metadata", "name", NULL), text);
}

void sy_observe_absent(struct sy_object *object, enum sy_side side)
{
	if (side == SY_SIDE_UP) {
		if (object->up != SY_ABSENT)
			sy_guard_vanished(object); /* while it is known whether its end was announced */
		object->up_broken = false;
		object->up = SY_ABSENT;
		object->finalizer_index = SY_OBJECT_NONE;
		object->up_full = false;
		object->up_deleting = false;
		return;
	}
	/* uid and version stay: they tell late events of the old object. */
	object->down = SY_ABSENT;
	object->permanent = object->status_rejected = false;
	object->check_down = false;
	object->down_broken = false;
	object->down_deleting = object->down_copied = false;
	object->has_status = false;
	object->status_unread = false;
	object->applied_up = object->applied_down = 0;
	object->update_index = SY_OBJECT_NONE;
	sy_hash_clear(&object->owned);
	sy_hash_clear(&object->written);
	sy_hash_clear(&object->status);
	object->status_core = 0;
}

bool sy_observe_made(json_object *tree)
{
	json_object *entries = sy_json_array(tree, "metadata", "managedFields", NULL);
	json_object *owners = sy_json_array(tree, "metadata", "ownerReferences", NULL);
	size_t n = entries ? json_object_array_length(entries) : 0;
	for (size_t i = 0; i < n; i++) {
		json_object *entry = json_object_array_get_idx(entries, i);
		const char *manager = sy_json_str(entry, "manager", NULL);
		if (manager && strcmp(manager, SY_FIELD_MANAGER) == 0 &&
		    sy_json_get(entry, "fieldsV1", "f:metadata", "f:labels", "f:" SY_LABEL_CLUSTER, NULL))
			return true;
	}
	return n == 0 && (!owners || json_object_array_length(owners) == 0);
}

bool sy_observe_ours(const struct sy_object *object, json_object *tree)
{
	const struct sy_engine *engine = object->resource->engine;
	const char *uid = usable_uid(tree);
	if (uid && strcmp(uid, object->down_uid) == 0)
		return true;
	const char *key = sy_json_str(tree, "metadata", "labels", SY_LABEL_CLUSTER, NULL);
	const char *tenant = sy_json_str(tree, "metadata", "labels", SY_LABEL_TENANT, NULL);
	bool marked = key && tenant && strcmp(key, engine->plan.key) == 0 && strcmp(tenant, engine->tenant) == 0;
	if (!object->ns) {
		const char *locator = sy_json_str(tree, "metadata", "annotations", SY_ANNOTATION_LOCATOR, NULL);
		return marked && locator && sy_locator_matches(locator, &engine->target, engine->plan.cluster, "");
	}
	if (marked)
		return true;
	struct sy_ownership ownership = {0};
	return sy_ownership_read(tree, &ownership, NULL) == 0 && ownership.ours;
}
