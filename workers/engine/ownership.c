#include "ownership.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "body.h"

#define MAX_OTHERS 16u		     /* further managers are not looked at: at worst one apply too many */
#define MAX_COMPARISONS 100000u	     /* of list keys with items, in the whole object: some milliseconds */
#define MAX_MANAGED_FIELD_ENTRIES 64 /* of one object; the index must fit int8_t */

/* Our fields and everybody else's at one place of the object. */
struct place {
	json_object *fields;
	json_object *others[MAX_OTHERS];
	unsigned count;
	unsigned *comparisons; /* that are left */
};

static int project(json_object *value, const struct place *place, json_object **ret_value, struct sy_error *err);

static bool has_children(json_object *fields)
{
	if (!json_object_is_type(fields, json_type_object))
		return false;
	int n = json_object_object_length(fields);
	return n > 1 || (n == 1 && !json_object_object_get_ex(fields, ".", NULL));
}

static struct place descend(const struct place *place, const char *key, json_object *fields)
{
	struct place below = {.fields = fields, .comparisons = place->comparisons};
	for (unsigned i = 0; i < place->count; i++) {
		json_object *other = NULL;
		if (json_object_object_get_ex(place->others[i], key, &other) && json_object_is_type(other, json_type_object))
			below.others[below.count++] = other;
	}
	return below;
}

/* A leaf of the field set: the whole value, unless others own parts of it, which makes ours an empty container. */
static int project_leaf(json_object *value, const struct place *place, json_object **ret_value, struct sy_error *err)
{
	bool container = json_object_is_type(value, json_type_object) || json_object_is_type(value, json_type_array);
	bool shared = json_object_object_length(place->fields) == 1; /* only "." */
	for (unsigned i = 0; i < place->count; i++)
		shared |= has_children(place->others[i]);
	if (!container || !shared) {
		*ret_value = json_object_get(value);
		return 0;
	}
	*ret_value = json_object_is_type(value, json_type_array) ? json_object_new_array() : json_object_new_object();
	return *ret_value ? 0 : sy_error_oom(err);
}

static int project_map(json_object *value, const struct place *place, json_object **ret_value, struct sy_error *err)
{
	sy_auto_json json_object *map = json_object_new_object();
	if (!map)
		return sy_error_oom(err);
	json_object_object_foreach(place->fields, key, fields)
	{
		json_object *member = NULL, *part = NULL;
		if (strncmp(key, "f:", 2) != 0 || !json_object_object_get_ex(value, key + 2, &member) || !member)
			continue;
		struct place below = descend(place, key, fields);
		int rc = project(member, &below, &part, err);
		if (rc)
			return rc;
		if (part && sy_json_add(map, key + 2, part))
			return sy_error_oom(err);
	}
	*ret_value = sy_take_ptr(map);
	return 0;
}

/* One owned list item: by key members (k:), by value (v:) or by position (i:). */
struct item_key {
	char kind;
	const char *text;
	json_object *value;
	json_object *fields;
};

static bool item_matches(const struct item_key *key, json_object *item, size_t index)
{
	if (key->kind == 'v')
		return sy_json_equal(key->value, item);
	if (key->kind == 'i')
		return json_object_is_type(key->value, json_type_int) && json_object_get_int64(key->value) == (int64_t)index;
	if (!json_object_is_type(item, json_type_object) || !json_object_is_type(key->value, json_type_object))
		return false;
	json_object_object_foreach(key->value, name, wanted)
	{
		json_object *found = NULL;
		if (!json_object_object_get_ex(item, name, &found) || !sy_json_equal(found, wanted))
			return false;
	}
	return true;
}

static void free_keys(struct item_key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_object_put(keys[i].value);
	free(keys);
}

static int read_keys(json_object *fields, struct item_key **ret_keys, size_t *ret_count, struct sy_error *err)
{
	size_t count = 0;
	struct item_key *keys = calloc((size_t)json_object_object_length(fields) + 1, sizeof(*keys));
	if (!keys)
		return sy_error_oom(err);
	json_object_object_foreach(fields, key, below)
	{
		json_object *value = NULL;
		if ((*key != 'k' && *key != 'v' && *key != 'i') || key[1] != ':')
			continue;
		int rc = sy_json_parse(key + 2, strlen(key + 2), SY_MAX_OBJECT_BYTES, &value, NULL);
		if (rc == -ENOMEM) {
			free_keys(keys, count);
			return sy_error_oom(err);
		}
		if (rc == 0)
			keys[count++] = (struct item_key){.kind = *key, .text = key, .value = value, .fields = below};
	}
	*ret_keys = keys;
	*ret_count = count;
	return 0;
}

static int add_item(json_object *list, json_object *item, const struct item_key *key, const struct place *place, struct sy_error *err)
{
	json_object *part = NULL;
	struct place below = descend(place, key->text, key->fields);
	int rc = project(item, &below, &part, err);
	if (rc)
		return rc;
	if (json_object_array_add(list, part)) {
		json_object_put(part);
		return sy_error_oom(err);
	}
	return 0;
}

/* The key of an item. Both are mostly in the same order, so the search begins behind the one found last. NULL: the item is not ours, or
 * *ret_rc says what went wrong. */
static const struct item_key *find_key(const struct item_key *keys, size_t count, size_t *next, json_object *item, size_t index,
				       const struct place *place, int *ret_rc, struct sy_error *err)
{
	for (size_t i = 0; i < count; i++) {
		if ((*place->comparisons)-- == 0) {
			*place->comparisons = 0;
			*ret_rc = sy_error_set(err, E2BIG, "the lists of the object are too long to compare");
			return NULL;
		}
		size_t k = (*next + i) % count;
		if (!item_matches(&keys[k], item, index))
			continue;
		*next = k + 1;
		return &keys[k];
	}
	return NULL;
}

static int project_list(json_object *value, const struct place *place, json_object **ret_value, struct sy_error *err)
{
	struct item_key *keys = NULL;
	size_t count = 0, next = 0, items = json_object_array_length(value);
	int rc = read_keys(place->fields, &keys, &count, err);
	if (rc)
		return rc;
	json_object *list = json_object_new_array();
	if (!list)
		rc = sy_error_oom(err);
	for (size_t i = 0; i < items && rc == 0; i++) {
		json_object *item = json_object_array_get_idx(value, i);
		const struct item_key *key = find_key(keys, count, &next, item, i, place, &rc, err);
		if (key)
			rc = add_item(list, item, key, place, err);
	}
	free_keys(keys, count);
	if (rc)
		json_object_put(list);
	else
		*ret_value = list;
	return rc;
}

static int project(json_object *value, const struct place *place, json_object **ret_value, struct sy_error *err)
{
	*ret_value = NULL;
	if (!json_object_is_type(place->fields, json_type_object))
		return 0;
	if (!has_children(place->fields))
		return project_leaf(value, place, ret_value, err);
	if (json_object_is_type(value, json_type_object))
		return project_map(value, place, ret_value, err);
	if (json_object_is_type(value, json_type_array))
		return project_list(value, place, ret_value, err);
	*ret_value = json_object_get(value);
	return 0;
}

int sy_ownership_project(json_object *value, json_object *fields, json_object *const *others, unsigned other_count, json_object **ret_value,
			 struct sy_error *err)
{
	unsigned comparisons = MAX_COMPARISONS;
	struct place place = {.fields = fields, .comparisons = &comparisons};
	for (unsigned i = 0; i < other_count && place.count < MAX_OTHERS; i++)
		place.others[place.count++] = others[i];
	return project(value, &place, ret_value, err);
}

/* Add all fields of `from` to `to`. */
static int merge_fields(json_object *to, json_object *from)
{
	json_object_object_foreach(from, key, fields)
	{
		json_object *existing = NULL;
		int rc = 0;
		if (!json_object_object_get_ex(to, key, &existing))
			rc = sy_json_add(to, key, sy_json_copy(fields));
		else if (json_object_is_type(existing, json_type_object) && json_object_is_type(fields, json_type_object))
			rc = merge_fields(existing, fields);
		if (rc)
			return rc;
	}
	return 0;
}

/* Sort the entries into ours and others'. */
static int collect(json_object *entries, struct place *place, struct sy_ownership *ownership, struct sy_error *err)
{
	size_t n = json_object_array_length(entries);
	for (size_t i = 0; i < n && i < MAX_MANAGED_FIELD_ENTRIES; i++) {
		json_object *entry = json_object_array_get_idx(entries, i);
		json_object *fields = sy_json_object(entry, "fieldsV1", NULL);
		const char *manager = sy_json_str(entry, "manager", NULL), *operation = sy_json_str(entry, "operation", NULL);
		const char *subresource = sy_json_str(entry, "subresource", NULL);
		if (!fields || !manager || !operation)
			continue;
		if (strcmp(manager, SY_FIELD_MANAGER) != 0 || (subresource && *subresource)) {
			if (place->count < MAX_OTHERS)
				place->others[place->count++] = fields;
			continue;
		}
		ownership->ours = true;
		if (strcmp(operation, "Update") == 0 && ownership->update_index < 0)
			ownership->update_index = (int)i;
		if (!place->fields) {
			place->fields = json_object_get(fields);
			continue;
		}
		json_object *both = sy_json_copy(place->fields);
		json_object_put(place->fields);
		place->fields = both;
		if (!both || merge_fields(both, fields))
			return sy_error_oom(err);
	}
	return 0;
}

int sy_ownership_read(json_object *object, struct sy_ownership *ret_ownership, struct sy_error *err)
{
	struct sy_ownership ownership = {.update_index = -1};
	unsigned comparisons = MAX_COMPARISONS;
	struct place place = {.comparisons = &comparisons};
	sy_auto_json json_object *owned = NULL;
	json_object *entries = sy_json_array(object, "metadata", "managedFields", NULL);
	int rc = entries ? collect(entries, &place, &ownership, err) : 0;
	if (rc == 0 && place.fields)
		rc = project(object, &place, &owned, err);
	if (rc == 0 && owned)
		rc = sy_body_hash(owned, &ownership.hash, err);
	json_object_put(place.fields);
	if (rc == -E2BIG) /* not known, then */
		sy_hash_clear(&ownership.hash);
	else if (rc)
		return rc;
	*ret_ownership = ownership;
	return 0;
}
