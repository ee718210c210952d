#include "supervisor/discovery/nodes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kube/reflector.h"
#include "supervisor/discovery/quantity.h"
#include "supervisor/discovery/relist.h"
#include "supervisor/discovery/strv.h"

#define MAX_RESOURCES 64 /* maxProperties of the schema */

struct node {
	char *name;
	bool usable;
	bool seen;
	json_object *allocatable;
	json_object *capacity;
};

struct sy_nodes {
	struct sy_reflector *reflector;
	struct sy_relist relist;
	sy_loop_fn *changed;
	void *arg;
	struct node *items;
	size_t count;
	bool complete;
	bool listing;
	bool unread; /* the list has a node of which nothing is known: sums without it would be wrong */
	json_object *sum_allocatable;
	json_object *sum_capacity;
};

static void node_done(struct node *node)
{
	free(node->name);
	json_object_put(node->allocatable);
	json_object_put(node->capacity);
	*node = (struct node){0};
}

static struct node *find_node(struct sy_nodes *nodes, const char *name)
{
	for (size_t i = 0; i < nodes->count; i++) {
		if (strcmp(nodes->items[i].name, name) == 0)
			return &nodes->items[i];
	}
	return NULL;
}

static void drop_node(struct sy_nodes *nodes, struct node *node)
{
	node_done(node);
	*node = nodes->items[--nodes->count];
}

static bool node_usable(json_object *object)
{
	json_object *conditions = sy_json_array(object, "status", "conditions", NULL);
	bool cordoned = false;

	if (sy_json_bool(object, &cordoned, "spec", "unschedulable", NULL) && cordoned)
		return false;
	for (size_t i = 0; conditions && i < json_object_array_length(conditions); i++) {
		json_object *condition = json_object_array_get_idx(conditions, i);
		const char *type = sy_json_str(condition, "type", NULL);
		const char *status = sy_json_str(condition, "status", NULL);

		if (type && status && strcmp(type, "Ready") == 0)
			return strcmp(status, "True") == 0;
	}
	return false;
}

int sy_nodes_take(struct sy_nodes *nodes, bool deleted, json_object *object, struct sy_error *err)
{
	const char *name = sy_json_str(object, "metadata", "name", NULL);
	struct node *node, *items, fresh = {0};

	if (!name)
		return sy_error_set(err, EINVAL, "node without a name");
	node = find_node(nodes, name);
	if (deleted) {
		if (node)
			drop_node(nodes, node);
		return 0;
	}
	fresh = (struct node){.name = strdup(name), .usable = node_usable(object), .seen = true};
	fresh.allocatable = sy_json_copy(sy_json_object(object, "status", "allocatable", NULL));
	fresh.capacity = sy_json_copy(sy_json_object(object, "status", "capacity", NULL));
	if (!fresh.name)
		goto oom;
	if (node) {
		node_done(node);
		*node = fresh;
		return 0;
	}
	if (nodes->count >= SY_MAX_NODES) {
		node_done(&fresh);
		return sy_error_set(err, E2BIG, "more than %d nodes", SY_MAX_NODES);
	}
	items = reallocarray(nodes->items, nodes->count + 1, sizeof(*items));
	if (!items)
		goto oom;
	nodes->items = items;
	items[nodes->count++] = fresh;
	return 0;
oom:
	node_done(&fresh);
	return sy_error_oom(err);
}

static json_object *member(const struct node *node, bool allocatable)
{
	if (allocatable)
		return node->usable ? node->allocatable : NULL;
	return node->capacity;
}

static int sum_one(struct sy_nodes *nodes, bool allocatable, const char *name, json_object *out)
{
	struct sy_quantity sum = {0};
	char text[SY_QUANTITY_MAX];

	for (size_t i = 0; i < nodes->count; i++) {
		json_object *list = member(&nodes->items[i], allocatable);
		json_object *value = list ? json_object_object_get(list, name) : NULL;

		if (value)
			(void)sy_quantity_add(&sum, json_object_get_string(value));
	}
	sy_quantity_print(&sum, text);
	return sy_json_add_str(out, name, text);
}

static json_object *sum_all(struct sy_nodes *nodes, bool allocatable)
{
	json_object *out = json_object_new_object();
	struct sy_strv names = {0};
	int r = out ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < nodes->count; i++) {
		json_object *list = member(&nodes->items[i], allocatable);

		if (!list)
			continue;
		json_object_object_foreach(list, key, value)
		{
			(void)value;
			if (r == 0 && names.count < MAX_RESOURCES)
				r = sy_strv_add_new(&names, key, NULL);
		}
	}
	sy_strv_sort(&names);
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = sum_one(nodes, allocatable, names.items[i], out);
	sy_strv_done(&names);
	if (r < 0) {
		json_object_put(out);
		return NULL;
	}
	return out;
}

static void forget_sums(struct sy_nodes *nodes)
{
	json_object_put(nodes->sum_allocatable);
	json_object_put(nodes->sum_capacity);
	nodes->sum_allocatable = NULL;
	nodes->sum_capacity = NULL;
}

static void nodes_begin(void *arg)
{
	struct sy_nodes *nodes = arg;

	nodes->unread = false;
	nodes->listing = true;
	for (size_t i = 0; i < nodes->count; i++)
		nodes->items[i].seen = false;
}

static void nodes_broken(void *arg, const struct sy_reflector_broken *broken)
{
	struct sy_nodes *nodes = arg;
	const char *name = sy_json_str(broken->about, "metadata", "name", NULL);
	struct node *node = name ? find_node(nodes, name) : NULL;

	sy_warn(NULL, "node %s of the cluster cannot be read: %s", name ? name : "without a name", broken->why->text);
	if (node && broken->type == SY_DELETED)
		drop_node(nodes, node);
	else if (node)
		node->seen = true;
	else if (broken->type != SY_DELETED)
		nodes->unread = true;
	if (nodes->unread && !nodes->listing && broken->type == SY_DELETED)
		sy_relist_ask(&nodes->relist);
	nodes->complete = nodes->complete && !nodes->unread;
	forget_sums(nodes);
	nodes->changed(nodes->arg);
}

static void nodes_event(void *arg, enum sy_reflector_event type, json_object *object, const char *raw, size_t raw_len)
{
	struct sy_nodes *nodes = arg;
	size_t before = nodes->count;

	(void)raw;
	(void)raw_len;
	(void)sy_nodes_take(nodes, type == SY_DELETED, object, NULL);
	/* Perhaps it is the one that could not be read: a list tells. */
	if (nodes->unread && !nodes->listing && (type == SY_DELETED || nodes->count != before))
		sy_relist_ask(&nodes->relist);
	forget_sums(nodes);
	if (nodes->complete)
		nodes->changed(nodes->arg);
}

static void nodes_synced(void *arg)
{
	struct sy_nodes *nodes = arg;

	for (size_t i = nodes->count; i > 0; i--) {
		if (!nodes->items[i - 1].seen && !nodes->unread)
			drop_node(nodes, &nodes->items[i - 1]);
	}
	nodes->listing = false;
	nodes->complete = !nodes->unread;
	if (nodes->complete)
		sy_relist_helped(&nodes->relist);
	forget_sums(nodes);
	nodes->changed(nodes->arg);
}

static void nodes_state(void *arg, enum sy_reflector_state state, const struct sy_kube_result *result)
{
	struct sy_nodes *nodes = arg;

	/* The right was taken away: figures that nobody keeps up to date are not shown. */
	if (state == SY_REFLECTOR_FAILING && result && result->verdict == SY_KUBE_FORBIDDEN && nodes->complete) {
		nodes->complete = false;
		nodes->changed(nodes->arg);
	}
}

static const struct sy_reflector_ops nodes_ops = {nodes_begin, nodes_event, nodes_synced, nodes_state};

int sy_nodes_new(struct sy_nodes **ret_nodes, struct sy_loop *loop, struct sy_kube *kube, sy_loop_fn *changed, void *arg,
		 struct sy_error *err)
{
	struct sy_reflector_spec spec = {.gvr = {"", "v1", "nodes"}, .broken = nodes_broken};
	struct sy_nodes *nodes = calloc(1, sizeof(*nodes));
	int r;

	if (!nodes)
		return sy_error_oom(err);
	nodes->changed = changed;
	nodes->arg = arg;
	r = sy_relist_init(&nodes->relist, loop, &nodes->reflector, err);
	if (r == 0 && kube)
		r = sy_reflector_new(&nodes->reflector, kube, &spec, &nodes_ops, nodes, err);
	if (r < 0) {
		sy_nodes_free(nodes);
		return r;
	}
	nodes->complete = !kube;
	*ret_nodes = nodes;
	return 0;
}

void sy_nodes_free(struct sy_nodes *nodes)
{
	if (!nodes)
		return;
	sy_reflector_free(nodes->reflector);
	sy_relist_done(&nodes->relist);
	while (nodes->count > 0)
		drop_node(nodes, &nodes->items[nodes->count - 1]);
	free(nodes->items);
	forget_sums(nodes);
	free(nodes);
}

json_object *sy_nodes_allocatable(struct sy_nodes *nodes)
{
	if (!nodes->complete)
		return NULL;
	if (!nodes->sum_allocatable)
		nodes->sum_allocatable = sum_all(nodes, true);
	return nodes->sum_allocatable;
}

json_object *sy_nodes_capacity(struct sy_nodes *nodes)
{
	if (!nodes->complete)
		return NULL;
	if (!nodes->sum_capacity)
		nodes->sum_capacity = sum_all(nodes, false);
	return nodes->sum_capacity;
}
