/* Answers as JSON, made without a check at each step. */
#ifndef SY_SUPERVISOR_MAKER_H
#define SY_SUPERVISOR_MAKER_H

#include "json/json.h"

/* An object under construction: the first failure is kept, everything after it is skipped. */
struct maker {
	json_object *object;
	int r;
};

static inline struct maker make(void)
{
	struct maker maker = {.object = json_object_new_object()};

	maker.r = maker.object ? 0 : -1;
	return maker;
}

static inline void put_str(struct maker *to, const char *key, const char *value)
{
	if (to->r == 0)
		to->r = sy_json_add_str(to->object, key, value ? value : "");
}

static inline void put_int(struct maker *to, const char *key, int64_t value)
{
	if (to->r == 0)
		to->r = sy_json_add_int(to->object, key, value);
}

static inline void put_uint(struct maker *to, const char *key, uint64_t value)
{
	put_int(to, key, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

static inline void put_bool(struct maker *to, const char *key, bool value)
{
	if (to->r == 0)
		to->r = sy_json_add_bool(to->object, key, value);
}

static inline void put(struct maker *to, const char *key, json_object *value)
{
	if (!value)
		to->r = -1;
	else if (to->r == 0)
		to->r = sy_json_add(to->object, key, value);
	else
		json_object_put(value);
}

static inline json_object *made(struct maker *maker)
{
	if (maker->r == 0)
		return maker->object;
	json_object_put(maker->object);
	return NULL;
}

static inline int append(json_object *array, json_object *item)
{
	if (array && item && json_object_array_add(array, item) == 0)
		return 0;
	json_object_put(item);
	return -1;
}

#endif
