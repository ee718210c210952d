/* The tests' own door, below /_sim/: faults, settings, and what was asked of the server. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

static void ok(struct sim_request *request, json_object *body)
{
	request->answer.code = 200;
	request->answer.body = body ? body : json_object_new_object();
}

/* One row per (method, path, user agent, query kind, code): enough to count what a client did, bounded by what it can name. */
void sim_count(struct sim_server *server, const struct sim_request *request, unsigned code, bool is_watch)
{
	sy_auto_free char *key = NULL;
	json_object *row = NULL;
	int64_t count = 0;

	if (asprintf(&key, "%s %s %s %u %d", request->method, request->path, request->user_agent ? request->user_agent : "", code,
		     is_watch) < 0)
		abort();
	if (!json_object_object_get_ex(server->requests, key, &row)) {
		row = json_object_new_object();
		sim_set_str(row, "method", request->method);
		sim_set_str(row, "path", request->path);
		sim_set_str(row, "userAgent", request->user_agent ? request->user_agent : "");
		sim_set(row, "code", json_object_new_int64(code));
		sim_set(row, "watch", json_object_new_boolean(is_watch));
		sim_set(server->requests, key, row);
	}
	(void)sy_json_int(row, &count, "count", NULL);
	sim_set(row, "count", json_object_new_int64(count + 1));
}

static void show_requests(struct sim_request *request)
{
	json_object *list = json_object_new_array();

	json_object_object_foreach(request->server->requests, key, row)
	{
		(void)key;
		if (json_object_array_add(list, json_object_get(row)) != 0)
			abort();
	}
	ok(request, list);
}

static void clear_requests(struct sim_server *server)
{
	json_object_put(server->requests);
	server->requests = json_object_new_object();
}

static void add_faults(struct sim_request *request)
{
	struct sy_error err = {0};
	size_t count = json_object_is_type(request->body, json_type_array) ? json_object_array_length(request->body) : 0;
	int r = 0;

	if (sim_is_object(request->body))
		r = sim_fault_add(request->server, request->body, &err);
	for (size_t i = 0; i < count && r == 0; i++)
		r = sim_fault_add(request->server, json_object_array_get_idx(request->body, i), &err);
	if (r < 0)
		sim_fail(request, 400, "BadRequest", "%s", err.text);
	else
		ok(request, NULL);
}

static void change_settings(struct sim_request *request)
{
	struct sim_settings *settings = &request->server->settings;
	int64_t number;
	json_object *deny = NULL, *status = NULL;

	if (sy_json_int(request->body, &number, "bookmarkMs", NULL) && number > 0) {
		settings->bookmark_ms = number;
		sy_timer_start(request->server->bookmark, number);
	}
	(void)sy_json_bool(request->body, &settings->streaming_list, "streamingList", NULL);
	(void)sy_json_bool(request->body, &settings->slice_controller, "sliceController", NULL);
	deny = sy_json_array(request->body, "deny", NULL);
	if (deny) {
		json_object_put(settings->deny);
		settings->deny = json_object_get(deny);
	}
	status = sy_json_object(request->body, "statusDefaults", NULL);
	if (status) {
		json_object_put(settings->status);
		settings->status = json_object_get(status);
	}
	sy_defer_mark(request->server->settle);
	ok(request, NULL);
}

static void show_state(struct sim_request *request)
{
	json_object *body = json_object_new_object();
	int64_t watches = 0;

	sim_set(body, "resourceVersion", json_object_new_int64((int64_t)request->server->rv));
	sim_set(body, "objects", json_object_new_int64(lh_table_length(request->server->objects)));
	sim_set(body, "faults", sim_faults_show(request->server));
	(void)watches;
	ok(request, body);
}

bool sim_control(struct sim_request *request)
{
	const char *path = request->path;
	bool is_post = strcmp(request->method, "POST") == 0;
	bool is_delete = strcmp(request->method, "DELETE") == 0;

	if (strncmp(path, "/_sim/", 6) != 0)
		return false;
	path += 6;
	if (strcmp(path, "faults") == 0 && is_post) {
		add_faults(request);
	} else if (strcmp(path, "faults") == 0 && is_delete) {
		sim_faults_clear(request->server);
		ok(request, NULL);
	} else if (strcmp(path, "requests") == 0 && is_delete) {
		clear_requests(request->server);
		ok(request, NULL);
	} else if (strcmp(path, "requests") == 0) {
		show_requests(request);
	} else if (strcmp(path, "settings") == 0 && is_post) {
		change_settings(request);
	} else if (strcmp(path, "compact") == 0 && is_post) {
		sim_store_compact(request->server);
		ok(request, NULL);
	} else if (strcmp(path, "close-watches") == 0 && is_post) {
		sim_watches_close(request->server, NULL);
		ok(request, NULL);
	} else if (strcmp(path, "state") == 0) {
		show_state(request);
	} else {
		sim_fail(request, 404, "NotFound", "no such control endpoint: /_sim/%s", path);
	}
	return true;
}
