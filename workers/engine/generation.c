#include "generation.h"

#include <errno.h>
#include <string.h>

#define OBSERVED "observedGeneration"

/* Depth is bounded by the parser (SY_MAX_JSON_DEPTH). */
static void strip_nulls(json_object *value)
{
	if (json_object_is_type(value, json_type_array)) {
		size_t n = json_object_array_length(value);
		for (size_t i = 0; i < n; i++)
			strip_nulls(json_object_array_get_idx(value, i));
		return;
	}
	if (!json_object_is_type(value, json_type_object))
		return;
	struct json_object_iterator at = json_object_iter_begin(value), end = json_object_iter_end(value);
	while (!json_object_iter_equal(&at, &end)) {
		const char *key = json_object_iter_peek_name(&at);
		json_object *member = json_object_iter_peek_value(&at);
		json_object_iter_next(&at);
		if (member)
			strip_nulls(member);
		else
			json_object_object_del(value, key);
	}
}

/* The condition of the same type upstream. */
static json_object *same_condition(json_object *up_status, json_object *condition)
{
	json_object *list = sy_json_array(up_status, "conditions", NULL);
	const char *type = sy_json_str(condition, "type", NULL);
	if (!list || !type)
		return NULL;
	size_t n = json_object_array_length(list);
	for (size_t i = 0; i < n; i++) {
		json_object *candidate = json_object_array_get_idx(list, i);
		const char *other = sy_json_str(candidate, "type", NULL);
		if (other && strcmp(other, type) == 0)
			return candidate;
	}
	return NULL;
}

static int translate_one(json_object *holder, json_object *up_holder, const struct sy_generations *generations,
			 struct sy_status_facts *facts)
{
	int64_t seen = 0, kept = 0;
	if (!sy_json_int(holder, &seen, OBSERVED, NULL))
		return 0;
	facts->found++;
	if (generations->down > 0 && seen >= generations->down)
		return sy_json_add_int(holder, OBSERVED, generations->up);
	facts->lower++;
	if (sy_json_int(up_holder, &kept, OBSERVED, NULL))
		return sy_json_add_int(holder, OBSERVED, kept);
	json_object_object_del(holder, OBSERVED);
	return 0;
}

int sy_status_translate(json_object *down_status, json_object *up_status, const struct sy_generations *generations,
			json_object **ret_status, struct sy_status_facts *ret_facts, struct sy_error *err)
{
	struct sy_status_facts facts = {0};
	if (!json_object_is_type(down_status, json_type_object))
		return sy_error_set(err, EINVAL, "status is not an object");
	sy_auto_json json_object *status = sy_json_copy(down_status);
	if (!status)
		return sy_error_oom(err);
	strip_nulls(status);
	if (generations->translate) {
		if (translate_one(status, up_status, generations, &facts))
			return sy_error_oom(err);
		json_object *list = sy_json_array(status, "conditions", NULL);
		size_t n = list ? json_object_array_length(list) : 0;
		for (size_t i = 0; i < n; i++) {
			json_object *condition = json_object_array_get_idx(list, i);
			if (translate_one(condition, same_condition(up_status, condition), generations, &facts))
				return sy_error_oom(err);
		}
	}
	*ret_status = sy_take_ptr(status);
	*ret_facts = facts;
	return 0;
}

void sy_status_strip(json_object *status)
{
	if (!json_object_is_type(status, json_type_object))
		return;
	json_object_object_del(status, OBSERVED);
	json_object *list = sy_json_array(status, "conditions", NULL);
	size_t n = list ? json_object_array_length(list) : 0;
	for (size_t i = 0; i < n; i++) {
		json_object *condition = json_object_array_get_idx(list, i);
		if (json_object_is_type(condition, json_type_object))
			json_object_object_del(condition, OBSERVED);
	}
}
