/* Field ownership: a plain version of managedFields that is honest where syncerd relies on it. Arrays are owned as a whole (the real
 * server merges keyed lists); a tree has the form of fieldsV1: {"f:spec":{"f:size":{}}}, a leaf is {}. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

static bool is_leaf(json_object *tree)
{
	return !tree || json_object_object_length(tree) == 0;
}

/* Members that the server owns are nobody's fields. depth 0 = the object, 1 = metadata. */
static bool is_server_field(int depth, const char *key)
{
	static const char *const top[] = {"apiVersion", "kind"};
	static const char *const meta[] = {"name",
					   "namespace",
					   "uid",
					   "resourceVersion",
					   "generation",
					   "creationTimestamp",
					   "managedFields",
					   "deletionTimestamp",
					   "deletionGracePeriodSeconds",
					   "selfLink"};

	for (size_t i = 0; depth == 0 && i < sizeof(top) / sizeof(top[0]); i++)
		if (strcmp(key, top[i]) == 0)
			return true;
	for (size_t i = 0; depth == 1 && i < sizeof(meta) / sizeof(meta[0]); i++)
		if (strcmp(key, meta[i]) == 0)
			return true;
	return false;
}

static int next_depth(int depth, const char *key)
{
	return depth == 0 && strcmp(key, "metadata") == 0 ? 1 : 2;
}

static void tree_add(json_object *tree, const char *key, json_object *sub)
{
	char name[1024];

	snprintf(name, sizeof(name), "f:%s", key);
	sim_set(tree, name, sub);
}

static json_object *tree_of(json_object *value, int depth)
{
	json_object *tree = json_object_new_object();

	if (!sim_is_object(value))
		return tree;
	json_object_object_foreach(value, key, member)
	{
		if (is_server_field(depth, key))
			continue;
		if (next_depth(depth, key) == 1 && is_leaf(member))
			continue;
		tree_add(tree, key, tree_of(member, next_depth(depth, key)));
	}
	return tree;
}

/* Leaves of `after` that are new or differ; NULL when none. */
static json_object *tree_changed(json_object *before, json_object *after, int depth)
{
	json_object *tree;

	if (sy_json_equal(before, after))
		return NULL;
	tree = json_object_new_object();
	if (!sim_is_object(before) || !sim_is_object(after))
		return tree;
	json_object_object_foreach(after, key, member)
	{
		json_object *old = json_object_object_get(before, key);
		json_object *sub;

		if (is_server_field(depth, key))
			continue;
		sub = old ? tree_changed(old, member, next_depth(depth, key)) : tree_of(member, next_depth(depth, key));
		if (sub && !(next_depth(depth, key) == 1 && is_leaf(sub)))
			tree_add(tree, key, sub);
		else
			json_object_put(sub);
	}
	if (is_leaf(tree)) {
		json_object_put(tree);
		return NULL;
	}
	return tree;
}

static void tree_union(json_object *into, json_object *tree)
{
	json_object_object_foreach(tree, key, sub)
	{
		json_object *mine = json_object_object_get(into, key);

		if (!mine)
			sim_set(into, key, sy_json_copy(sub));
		else
			tree_union(mine, sub);
	}
}

static void tree_subtract(json_object *from, json_object *tree)
{
	json_object_object_foreach(tree, key, sub)
	{
		json_object *mine = json_object_object_get(from, key);

		if (!mine)
			continue;
		if (!is_leaf(mine) && !is_leaf(sub))
			tree_subtract(mine, sub);
		else
			mine = NULL;
		if (is_leaf(mine))
			json_object_object_del(from, key);
	}
}

/* Remove from the object what the tree names, and parents that become empty by it. */
static void tree_prune(json_object *value, json_object *tree)
{
	json_object_object_foreach(tree, key, sub)
	{
		json_object *member = sim_is_object(value) ? json_object_object_get(value, key + 2) : NULL;

		if (!member)
			continue;
		if (!is_leaf(sub) && sim_is_object(member)) {
			tree_prune(member, sub);
			if (json_object_object_length(member) > 0)
				continue;
		}
		json_object_object_del(value, key + 2);
	}
}

/* Do two trees share a leaf at which the two objects differ? */
static bool tree_conflicts(json_object *theirs, json_object *value, json_object *body)
{
	json_object_object_foreach(theirs, key, sub)
	{
		json_object *wanted = NULL;
		json_object *present = sim_is_object(value) ? json_object_object_get(value, key + 2) : NULL;

		if (!sim_is_object(body) || !json_object_object_get_ex(body, key + 2, &wanted))
			continue;
		if (is_leaf(sub) ? !sy_json_equal(wanted, present) : tree_conflicts(sub, present, wanted))
			return true;
	}
	return false;
}

static json_object *entries_of(json_object *value)
{
	json_object *entries = sy_json_array(value, "metadata", "managedFields", NULL);

	if (!entries) {
		entries = json_object_new_array();
		sim_set(sim_meta(value), "managedFields", entries);
	}
	return entries;
}

static bool is_entry(json_object *entry, const char *manager, const char *operation, const char *sub)
{
	const char *subresource = sy_json_str(entry, "subresource", NULL);
	const char *have_manager = sy_json_str(entry, "manager", NULL);
	const char *have_operation = sy_json_str(entry, "operation", NULL);

	return have_manager && have_operation && strcmp(have_manager, manager) == 0 && strcmp(have_operation, operation) == 0 &&
	       strcmp(subresource ? subresource : "", sub) == 0;
}

static json_object *fields_of_entry(json_object *entry)
{
	json_object *fields = sy_json_object(entry, "fieldsV1", NULL);

	if (!fields) {
		fields = json_object_new_object();
		sim_set(entry, "fieldsV1", fields);
	}
	return fields;
}

static json_object *entry_for(json_object *value, const char *manager, const char *operation, const char *api_version, const char *sub)
{
	json_object *entries = entries_of(value);
	json_object *entry;
	char now[21];

	for (size_t i = 0; i < json_object_array_length(entries); i++) {
		entry = json_object_array_get_idx(entries, i);
		if (is_entry(entry, manager, operation, sub))
			return entry;
	}
	entry = json_object_new_object();
	sim_set_str(entry, "manager", manager);
	sim_set_str(entry, "operation", operation);
	sim_set_str(entry, "apiVersion", api_version);
	sim_set_str(entry, "time", sim_now(now));
	sim_set_str(entry, "fieldsType", "FieldsV1");
	sim_set(entry, "fieldsV1", json_object_new_object());
	if (sub[0])
		sim_set_str(entry, "subresource", sub);
	if (json_object_array_add(entries, entry) != 0)
		abort();
	return entry;
}

static void subtract_others(json_object *value, json_object *except, json_object *tree)
{
	json_object *entries = entries_of(value);

	for (size_t i = json_object_array_length(entries); i-- > 0;) {
		json_object *entry = json_object_array_get_idx(entries, i);

		if (entry != except)
			tree_subtract(fields_of_entry(entry), tree);
		if (is_leaf(fields_of_entry(entry)))
			(void)json_object_array_del_idx(entries, i, 1);
	}
}

void sim_fields_update(json_object *before, json_object *after, const char *manager, const char *api_version, const char *sub)
{
	sy_auto_json json_object *nothing = json_object_new_object();
	sy_auto_json json_object *changed = tree_changed(before ? before : nothing, after, 0);
	sy_auto_json json_object *gone = before ? tree_of(before, 0) : NULL;
	json_object *entry = NULL;

	if (gone) {
		sy_auto_json json_object *left = tree_of(after, 0);

		tree_subtract(gone, left);
	}
	if (changed && !is_leaf(changed)) {
		entry = entry_for(after, manager, "Update", api_version, sub);
		tree_union(fields_of_entry(entry), changed);
		subtract_others(after, entry, changed);
	}
	if (gone && !is_leaf(gone))
		subtract_others(after, NULL, gone);
}

static const char *find_conflict(json_object *value, json_object *mine, json_object *body)
{
	json_object *entries = entries_of(value);

	for (size_t i = 0; i < json_object_array_length(entries); i++) {
		json_object *entry = json_object_array_get_idx(entries, i);

		if (entry != mine && tree_conflicts(fields_of_entry(entry), value, body))
			return sy_json_str(entry, "manager", NULL);
	}
	return NULL;
}

const char *sim_fields_apply(json_object *value, json_object *body, const char *manager, const char *api_version, bool force)
{
	json_object *mine = entry_for(value, manager, "Apply", api_version, "");
	sy_auto_json json_object *wanted = tree_of(body, 0);
	sy_auto_json json_object *dropped = sy_json_copy(fields_of_entry(mine));
	sy_auto_json json_object *differing = NULL;
	sy_auto_json json_object *before = sy_json_copy(value);
	json_object *entries = entries_of(value);
	const char *conflict = find_conflict(value, mine, body);

	if (conflict && !force)
		return conflict;
	tree_subtract(dropped, wanted);
	for (size_t i = 0; i < json_object_array_length(entries); i++) {
		json_object *entry = json_object_array_get_idx(entries, i);

		if (entry != mine)
			tree_subtract(dropped, fields_of_entry(entry));
	}
	tree_prune(value, dropped);
	json_object_object_foreach(body, key, member)
	{
		if (strcmp(key, "metadata") == 0)
			continue;
		sim_set(value, key, sim_merge_patch(json_object_get(json_object_object_get(value, key)), member));
	}
	json_object_object_foreach(sim_meta(body), meta_key, meta_member)
	{
		if (!is_server_field(1, meta_key))
			sim_set(sim_meta(value), meta_key,
				sim_merge_patch(json_object_get(json_object_object_get(sim_meta(value), meta_key)), meta_member));
	}
	differing = tree_changed(before, value, 0);
	sim_set(mine, "fieldsV1", json_object_get(wanted));
	if (differing)
		subtract_others(value, mine, differing);
	return NULL;
}
