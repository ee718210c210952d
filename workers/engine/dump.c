/* What is known about objects, for `syncerctl dump`. */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "pair.h"

#define MAX_DUMPED 200

static const char *presence_name(uint8_t presence)
{
	static const char *const names[SY_PRESENCE_MAX] = {"unseen", "present", "in doubt", "absent", "foreign"};
	return presence < SY_PRESENCE_MAX ? names[presence] : "";
}

static int dump_up(const struct sy_object *object, json_object *into)
{
	sy_auto_json json_object *side = json_object_new_object();
	if (!side || sy_json_add_str(side, "presence", presence_name(object->up)) || sy_json_add_str(side, "uid", object->up_uid) ||
	    sy_json_add_int(side, "resourceVersion", (int64_t)object->up_rv) ||
	    sy_json_add_int(side, "generation", object->up_generation) ||
	    sy_json_add_bool(side, "finalizer", object->finalizer_index != SY_OBJECT_NONE) ||
	    sy_json_add_bool(side, "deleting", object->up_deleting) || sy_json_add_bool(side, "elsewhere", object->up_leave))
		return -ENOMEM;
	return sy_json_add(into, "upstream", sy_take_ptr(side));
}

static int dump_down(const struct sy_object *object, json_object *into)
{
	sy_auto_json json_object *side = json_object_new_object();
	char name[SY_NAME_MAX];
	const char *up = sy_object_name(object);
	if (*up == '=')
		strlcpy(name, up + 1, sizeof(name));
	else if (sy_name_map(&object->resource->names, SY_DOWN, up, name))
		*name = '\0';
	if (!side || sy_json_add_str(side, "namespace", object->ns ? object->ns->down : NULL) || sy_json_add_str(side, "name", name) ||
	    sy_json_add_str(side, "presence", presence_name(object->down)) || sy_json_add_str(side, "uid", object->down_uid) ||
	    sy_json_add_int(side, "resourceVersion", (int64_t)object->down_rv) ||
	    sy_json_add_int(side, "generation", object->down_generation) || sy_json_add_bool(side, "deleting", object->down_deleting))
		return -ENOMEM;
	return sy_json_add(into, "downstream", sy_take_ptr(side));
}

static int dump_object(const struct sy_object *object, json_object *list)
{
	int64_t now = sy_loop_now_ms(object->resource->engine->loop);
	sy_auto_json json_object *entry = json_object_new_object();
	if (!entry || sy_json_add_str(entry, "resource", object->resource->label) || sy_json_add_str(entry, "key", object->key) ||
	    sy_json_add_str(entry, "reason", sy_reason_name((enum sy_reason)object->reason)) ||
	    sy_json_add_str(entry, "next", sy_action_name(sy_flow_action(object))) ||
	    sy_json_add_bool(entry, "inProgress", object->op != NULL) || sy_json_add_bool(entry, "inStep", sy_in_step(object)) ||
	    sy_json_add_int(entry, "failures", object->failures) || sy_json_add_int(entry, "appliedGeneration", object->applied_up) ||
	    sy_json_add_bool(entry, "readable", !object->up_broken && !object->down_broken) ||
	    (object->heap_index && sy_json_add_int(entry, "retryInMilliseconds", object->due_ms > now ? object->due_ms - now : 0)) ||
	    dump_up(object, entry) || dump_down(object, entry) || json_object_array_add(list, entry))
		return -ENOMEM;
	entry = NULL;
	return 0;
}

static int dump_resource(const struct sy_resource *resource, const char *key, json_object *list)
{
	if (key) {
		const struct sy_object *object = sy_table_find(&resource->table, key);
		return object ? dump_object(object, list) : 0;
	}
	for (struct sy_object *object = sy_table_next(&resource->table, NULL); object; object = sy_table_next(&resource->table, object)) {
		if (json_object_array_length(list) >= MAX_DUMPED)
			return 0;
		if (object->reason != SY_REASON_NONE && dump_object(object, list))
			return -ENOMEM;
	}
	return 0;
}

/* What was asked for is not here: an answer, not a failure. */
static int add_missing(json_object *value, const char *wanted, const char *key)
{
	char text[SY_ERROR_TEXT_MAX];
	if (wanted)
		(void)snprintf(text, sizeof(text), "resource %s is not synced here; see syncerctl describe workspace for those that are",
			       wanted);
	else
		(void)snprintf(
			text, sizeof(text),
			"object %s is not known here: no synced type of this workspace has it; a key is [RESOURCE/]NAMESPACE/NAME, or "
			"[RESOURCE/]NAME of what is in no namespace",
			key);
	return sy_json_add_str(value, "missing", text);
}

int sy_engine_dump(struct sy_engine *engine, json_object *args, json_object **ret_value, struct sy_error *err)
{
	const char *key = sy_json_str(args, "key", NULL), *wanted = sy_json_str(args, "resource", NULL);
	sy_auto_json json_object *value = json_object_new_object(), *list = json_object_new_array();
	const struct sy_resource *resource;
	bool known = false;
	if (!value || !list)
		return sy_error_oom(err);
	TAILQ_FOREACH(resource, &engine->resources, link)
	{
		if (wanted && strcmp(wanted, resource->label) != 0)
			continue;
		known = true;
		if (dump_resource(resource, key, list))
			return sy_error_oom(err);
	}
	if (((wanted && !known) || (key && json_object_array_length(list) == 0)) && add_missing(value, known ? NULL : wanted, key))
		return sy_error_oom(err);
	if (sy_json_add(value, "objects", sy_take_ptr(list)))
		return sy_error_oom(err);
	*ret_value = sy_take_ptr(value);
	return 0;
}
