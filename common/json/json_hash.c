/* Canonical form, fed to a digest piece by piece. It is not JSON: every value is a tag and, where it has one, its length, so that no two
 * different values give the same bytes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "json/json_impl.h"
#include "json/number.h"

#define FEW 48 /* members that are sorted without malloc */

struct member {
	const char *key;
	json_object *value;
};

int sy_json_tree_error(int code, const char *what, struct sy_error *err)
{
	switch (code) {
	case -ENOMEM:
		return sy_error_oom(err);
	case -EMSGSIZE:
		return sy_error_set(err, EMSGSIZE, "%s: larger than the limit", what);
	case -EILSEQ:
		return sy_error_set(err, EINVAL, "%s: invalid UTF-8", what);
	case -EINVAL:
		return sy_error_set(err, EINVAL, "%s: nested too deeply, or a number without a JSON form", what);
	default:
		return sy_error_set(err, -code, "%s: %s", what, strerror(-code));
	}
}

static int add_value(struct sy_hasher *hasher, json_object *value, unsigned depth);

static int add_head(struct sy_hasher *hasher, char tag, uint64_t number)
{
	uint8_t head[9] = {(uint8_t)tag};

	for (int i = 0; i < 8; i++)
		head[1 + i] = (uint8_t)(number >> (8 * i));
	return sy_hasher_add(hasher, head, sizeof(head));
}

static int add_bytes(struct sy_hasher *hasher, char tag, const char *text, size_t len)
{
	int ret = add_head(hasher, tag, len);

	return ret < 0 ? ret : sy_hasher_add(hasher, text, len);
}

static int add_number(struct sy_hasher *hasher, json_object *value)
{
	struct sy_number number;
	int ret = sy_number_of(value, &number);

	if (ret < 0)
		return ret;
	ret = add_head(hasher, number.negative ? '-' : '+', (uint64_t)number.exponent);
	if (ret == 0)
		ret = add_bytes(hasher, 'd', number.digits, number.len);
	sy_number_done(&number);
	return ret;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->key, ((const struct member *)b)->key);
}

/* Members that are not null, sorted by key. */
static size_t collect(json_object *value, struct member *members)
{
	size_t count = 0;
	bool sorted = true;

	json_object_object_foreach(value, key, member)
	{
		if (!member)
			continue;
		if (count > 0 && sorted)
			sorted = strcmp(members[count - 1].key, key) < 0;
		members[count++] = (struct member){.key = key, .value = member};
	}
	if (!sorted)
		qsort(members, count, sizeof(*members), by_key);
	return count;
}

static int add_object(struct sy_hasher *hasher, json_object *value, unsigned depth)
{
	struct member few[FEW];
	struct member *members = few;
	size_t size = (size_t)json_object_object_length(value);

	if (size > FEW) {
		members = reallocarray(NULL, size, sizeof(*members));
		if (!members)
			return -ENOMEM;
	}
	size_t count = collect(value, members);
	int ret = add_head(hasher, '{', count);
	for (size_t i = 0; i < count && ret == 0; i++) {
		ret = add_bytes(hasher, 'k', members[i].key, strlen(members[i].key));
		if (ret == 0)
			ret = add_value(hasher, members[i].value, depth + 1);
	}
	if (members != few)
		free(members);
	return ret;
}

static int add_array(struct sy_hasher *hasher, json_object *value, unsigned depth)
{
	size_t count = json_object_array_length(value);
	int ret = add_head(hasher, '[', count);

	for (size_t i = 0; i < count && ret == 0; i++)
		ret = add_value(hasher, json_object_array_get_idx(value, i), depth + 1);
	return ret;
}

static int add_value(struct sy_hasher *hasher, json_object *value, unsigned depth)
{
	if (depth > SY_JSON_TREE_DEPTH)
		return -EINVAL;
	switch (json_object_get_type(value)) {
	case json_type_null:
		return sy_hasher_add(hasher, "n", 1);
	case json_type_boolean:
		return sy_hasher_add(hasher, json_object_get_boolean(value) ? "t" : "f", 1);
	case json_type_int:
	case json_type_double:
		return add_number(hasher, value);
	case json_type_string:
		return add_bytes(hasher, 's', json_object_get_string(value), (size_t)json_object_get_string_len(value));
	case json_type_array:
		return add_array(hasher, value, depth);
	case json_type_object:
		return add_object(hasher, value, depth);
	}
	return -EINVAL;
}

int sy_json_hash(json_object *value, struct sy_hash *ret_hash, struct sy_error *err)
{
	struct sy_hasher *hasher = NULL;
	int ret = sy_hasher_new(&hasher);

	if (ret == 0)
		ret = add_value(hasher, value, 0);
	if (ret == 0)
		ret = sy_hasher_finish(hasher, ret_hash);
	sy_hasher_free(hasher);
	return ret == 0 ? 0 : sy_json_tree_error(ret, "hash JSON", err);
}
