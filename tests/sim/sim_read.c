/* GET of one object, LIST with pages, and lists from the past. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "sim.h"

static bool shown(const struct sim_request *request, const struct sim_object *object)
{
	return !request->target.is_vw || sim_vw_shows(request->server, &request->target, object->type, object->cluster, object->value);
}

void sim_get(struct sim_request *request)
{
	const struct sim_target *target = &request->target;
	struct sim_object *object = sim_find(request->server, target->type, target->cluster, target->ns, target->name);

	if (target->any_cluster) {
		sim_fail_object(request, 404, "NotFound", "not found");
		return;
	}
	if (!object || !shown(request, object)) {
		sim_fail_object(request, 404, "NotFound", "not found");
		return;
	}
	request->answer.code = 200;
	request->answer.body = json_object_get(object->value);
}

static json_object *list_body(const struct sim_request *request, uint64_t rv)
{
	json_object *body = json_object_new_object();
	json_object *meta = json_object_new_object();
	char text[320];

	sim_type_api_version(request->target.type, text);
	sim_set_str(body, "apiVersion", text);
	snprintf(text, sizeof(text), "%sList", request->target.type->kind);
	sim_set_str(body, "kind", text);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)rv);
	sim_set_str(meta, "resourceVersion", text);
	sim_set(body, "metadata", meta);
	sim_set(body, "items", json_object_new_array());
	return body;
}

static void add_item(json_object *body, json_object *value)
{
	if (json_object_array_add(sy_json_array(body, "items", NULL), json_object_get(value)) != 0)
		abort();
}

/* "<rv>/<last key>"; the text must survive percent escaping, as a real server's base64 does with its '='. */
static bool read_continue(struct sim_request *request, uint64_t *ret_rv, char **ret_key)
{
	const char *text = sim_query(request, "continue");
	sy_auto_free char *copy = text ? strdup(text) : NULL;
	char *slash = copy ? strchr(copy, '/') : NULL;
	int64_t rv;

	if (!text || !text[0])
		return true;
	if (slash)
		*slash = '\0';
	if (!slash || !sy_num_parse(copy, 0, INT64_MAX, &rv)) {
		sim_fail(request, 400, "BadRequest", "continue key is not valid");
		return false;
	}
	if ((uint64_t)rv < request->server->oldest_rv) {
		sim_fail(request, 410, "Expired", "The provided continue parameter is too old to display a consistent list result.");
		return false;
	}
	*ret_rv = (uint64_t)rv;
	*ret_key = strdup(slash + 1);
	return true;
}

static void set_continue(json_object *body, uint64_t rv, const char *key)
{
	sy_auto_free char *text = NULL;

	if (asprintf(&text, "%llu/%s", (unsigned long long)rv, key) < 0)
		abort();
	sim_set_str(sim_meta(body), "continue", text);
}

void sim_list(struct sim_request *request)
{
	const struct sim_target *target = &request->target;
	const char *limit_text = sim_query(request, "limit");
	sy_auto_free char *after = NULL;
	sy_auto_free struct sim_object **found = NULL;
	struct sim_filter filter;
	uint64_t rv = request->server->rv;
	int64_t limit = 0;
	size_t count = 0;
	int64_t taken = 0;
	json_object *body;

	if (limit_text)
		(void)sy_num_parse(limit_text, 0, INT32_MAX, &limit);
	if (!read_continue(request, &rv, &after) || !sim_filter_init(&filter, request))
		return;
	body = list_body(request, rv);
	found = sim_select(request->server, target->type, target->any_cluster ? NULL : target->cluster, target->ns[0] ? target->ns : NULL,
			   &count);
	for (size_t i = 0; i < count; i++) {
		if ((after && strcmp(found[i]->key, after) <= 0) || !shown(request, found[i]) ||
		    !sim_filter_match(&filter, found[i]->value))
			continue;
		if (limit && taken == limit) {
			set_continue(body, rv, after);
			break;
		}
		add_item(body, found[i]->value);
		free(after);
		after = strdup(found[i]->key);
		taken++;
	}
	sim_filter_done(&filter);
	request->answer.code = 200;
	request->answer.body = body;
}

/* The collection as it was at rv: the newest state, with later changes undone from the newest to the oldest. This is what a server
 * whose cache lags behind answers. */
void sim_stale_list(struct sim_request *request, uint64_t rv)
{
	const struct sim_target *target = &request->target;
	struct sim_server *server = request->server;
	sy_auto_json json_object *states = json_object_new_object();
	sy_auto_free struct sim_object **found = NULL;
	struct sim_filter filter;
	size_t count = 0;

	if (!sim_filter_init(&filter, request))
		return;
	found = sim_select(server, target->type, target->any_cluster ? NULL : target->cluster, target->ns[0] ? target->ns : NULL, &count);
	for (size_t i = 0; i < count; i++)
		sim_set(states, found[i]->key, json_object_get(found[i]->value));
	for (size_t i = server->change_count; i-- > 0 && server->changes[i].rv > rv;) {
		const struct sim_change *change = &server->changes[i];

		if (change->type != target->type || (!target->any_cluster && strcmp(change->cluster, target->cluster) != 0) ||
		    (target->ns[0] && strcmp(change->ns, target->ns) != 0))
			continue;
		if (change->prev)
			sim_set(states, change->key, json_object_get(change->prev));
		else
			json_object_object_del(states, change->key);
	}
	request->answer.code = 200;
	request->answer.body = list_body(request, rv);
	json_object_object_foreach(states, key, value)
	{
		(void)key;
		if (sim_filter_match(&filter, value))
			add_item(request->answer.body, value);
	}
	sim_filter_done(&filter);
}
