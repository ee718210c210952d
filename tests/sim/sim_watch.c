/* Watch streams: history from a resource version on, then live; bookmarks; the ways in which a stream can go wrong. */
#include <stdio.h>
#include <string.h>

#include <microhttpd.h>

#include "base/num.h"
#include "sim.h"

struct sim_watch {
	struct sim_watch *next;
	struct sim_server *server;
	struct sim_target target;
	struct sim_filter filter;
	struct sim_watch_end end;
	struct MHD_Connection *connection; /* while suspended */
	struct sy_buf out;
	size_t written; /* bytes handed out so far */
	uint64_t rv;	/* last change looked at */
	bool bookmarks;
	bool closing;
	bool garbage_sent;
	int64_t ends_ms; /* timeoutSeconds; 0 = never */
};

static void emit(struct sim_watch *watch, const char *type, json_object *object)
{
	json_object *event = json_object_new_object();

	sim_set_str(event, "type", type);
	sim_set(event, "object", json_object_get(object));
	if (sy_json_print(event, &watch->out, NULL) != 0 || sy_buf_add_str(&watch->out, "\n") != 0)
		abort();
	if (watch->end.unreadable)
		sim_make_unreadable(watch->out.data, watch->out.len);
	json_object_put(event);
}

static void emit_bookmark(struct sim_watch *watch, bool initial_end)
{
	sy_auto_json json_object *object = json_object_new_object();
	char text[320];

	sim_type_api_version(watch->target.type, text);
	sim_set_str(object, "apiVersion", text);
	sim_set_str(object, "kind", watch->target.type->kind);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)watch->server->rv);
	sim_set_str(sim_meta(object), "resourceVersion", text);
	if (initial_end) {
		json_object *annotations = json_object_new_object();

		sim_set_str(annotations, "k8s.io/initial-events-end", "true");
		sim_set(sim_meta(object), "annotations", annotations);
	}
	emit(watch, "BOOKMARK", object);
}

static bool wants(struct sim_watch *watch, const struct sim_type *type, const char *cluster, const char *ns, json_object *value)
{
	const struct sim_target *target = &watch->target;

	if (!value || type != target->type || (!target->any_cluster && strcmp(cluster, target->cluster) != 0))
		return false;
	if (target->ns[0] && strcmp(ns, target->ns) != 0)
		return false;
	if (target->is_vw && !sim_vw_shows(watch->server, target, type, cluster, value))
		return false;
	return sim_filter_match(&watch->filter, value);
}

/* A selector turns a change into another event: out of the selection is DELETED, into it is ADDED. */
static void emit_change(struct sim_watch *watch, const struct sim_change *change)
{
	bool is_now = !change->deleted && wants(watch, change->type, change->cluster, change->ns, change->value);
	bool was = wants(watch, change->type, change->cluster, change->ns, change->deleted ? change->value : change->prev);

	if (is_now)
		emit(watch, was ? "MODIFIED" : "ADDED", change->value);
	else if (was)
		emit(watch, "DELETED", change->value);
}

static void emit_present(struct sim_watch *watch)
{
	sy_auto_free struct sim_object **found = NULL;
	size_t count = 0;

	found = sim_select(watch->server, watch->target.type, watch->target.any_cluster ? NULL : watch->target.cluster, NULL, &count);
	for (size_t i = 0; i < count; i++)
		if (wants(watch, found[i]->type, found[i]->cluster, found[i]->ns, found[i]->value))
			emit(watch, "ADDED", found[i]->value);
	watch->rv = watch->server->rv;
}

static void emit_expired(struct sim_watch *watch)
{
	sy_auto_json json_object *status = sim_status_body(410, "Expired", "too old resource version");

	emit(watch, "ERROR", status);
	watch->closing = true;
}

/* First index of the history with a resource version above rv. */
static size_t history_after(const struct sim_server *server, uint64_t rv)
{
	size_t low = 0;
	size_t high = server->change_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (server->changes[middle].rv > rv)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void fill(struct sim_watch *watch)
{
	struct sim_server *server = watch->server;

	if (watch->end.mute || watch->closing)
		return;
	if (watch->end.error_410 || watch->rv < server->oldest_rv) {
		emit_expired(watch);
		return;
	}
	for (size_t i = history_after(server, watch->rv); i < server->change_count; i++) {
		emit_change(watch, &server->changes[i]);
		watch->rv = server->changes[i].rv;
	}
}

static bool check_start(struct sim_request *request, bool initial)
{
	if (!initial)
		return true;
	if (!request->server->settings.streaming_list) {
		sim_fail(request, 422, "Invalid", "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled");
		return false;
	}
	if (!sim_query_is(request, "resourceVersionMatch", "NotOlderThan")) {
		sim_fail(request, 422, "Invalid", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
		return false;
	}
	return true;
}

void sim_watch_start(struct sim_request *request)
{
	struct sim_server *server = request->server;
	const char *rv_text = sim_query(request, "resourceVersion");
	const char *timeout = sim_query(request, "timeoutSeconds");
	bool initial = sim_query_is(request, "sendInitialEvents", "true") || sim_query_is(request, "sendInitialEvents", "1");
	struct sim_watch *watch;
	struct sim_filter filter;
	int64_t rv = 0;
	int64_t seconds = 0;

	if (rv_text && rv_text[0] && !sy_num_parse(rv_text, 0, INT64_MAX, &rv)) {
		sim_fail(request, 500, "", "resourceVersion: Invalid value: \"%s\": strconv.ParseUint", rv_text);
		return;
	}
	if (!check_start(request, initial) || !sim_filter_init(&filter, request))
		return;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		abort();
	watch->server = server;
	watch->target = request->target;
	watch->filter = filter;
	watch->bookmarks = sim_query_is(request, "allowWatchBookmarks", "true") || sim_query_is(request, "allowWatchBookmarks", "1");
	sy_buf_init(&watch->out, 256u * 1024 * 1024);
	if (timeout && sy_num_parse(timeout, 1, 86400, &seconds))
		watch->ends_ms = sy_loop_now_ms(server->sim->loop) + seconds * 1000;
	watch->rv = (uint64_t)rv;
	if (initial || rv == 0) {
		emit_present(watch);
		if (watch->bookmarks)
			emit_bookmark(watch, true);
	}
	watch->next = server->watches;
	server->watches = watch;
	request->answer.code = 200;
	request->answer.watch = watch;
}

void sim_watch_spoil(struct sim_watch *watch, const struct sim_watch_end *end)
{
	watch->end = *end;
	if (end->mute || end->error_410)
		sy_buf_reset(&watch->out);
	if (end->unreadable && watch->out.len > 0)
		sim_make_unreadable(watch->out.data, watch->out.len);
}

long sim_watch_read(struct sim_watch *watch, char *out, size_t max)
{
	size_t len;

	fill(watch);
	if (watch->end.garbage && !watch->garbage_sent) {
		(void)sy_buf_add_str(&watch->out, "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"x\xff\"},]\n");
		watch->garbage_sent = true;
	}
	len = watch->out.len < max ? watch->out.len : max;
	if (watch->end.truncate_after && watch->written + len > watch->end.truncate_after)
		len = watch->written < watch->end.truncate_after ? watch->end.truncate_after - watch->written : 0;
	if (len == 0 && watch->end.truncate_after && watch->written >= watch->end.truncate_after)
		return -2;
	if (len == 0)
		return watch->closing || (watch->ends_ms && sy_loop_now_ms(watch->server->sim->loop) >= watch->ends_ms) ? -1 : 0;
	memcpy(out, watch->out.data, len);
	sy_buf_consume(&watch->out, len);
	watch->written += len;
	return (long)len;
}

void sim_watch_free(struct sim_watch *watch)
{
	for (struct sim_watch **at = &watch->server->watches; *at; at = &(*at)->next) {
		if (*at == watch) {
			*at = watch->next;
			break;
		}
	}
	sim_filter_done(&watch->filter);
	sy_buf_done(&watch->out);
	free(watch);
}

void sim_watch_suspended(struct sim_watch *watch, bool suspended, struct MHD_Connection *connection)
{
	watch->connection = suspended ? connection : NULL;
}

void sim_watches_wake(struct sim_server *server)
{
	for (struct sim_watch *watch = server->watches; watch; watch = watch->next) {
		if (watch->connection) {
			struct MHD_Connection *connection = watch->connection;

			watch->connection = NULL;
			MHD_resume_connection(connection);
		}
	}
}

void sim_watches_bookmark(struct sim_server *server)
{
	for (struct sim_watch *watch = server->watches; watch; watch = watch->next) {
		if (!watch->bookmarks || watch->closing || watch->end.mute)
			continue;
		fill(watch);
		if (!watch->closing)
			emit_bookmark(watch, false);
	}
	sim_http_wake(server);
}

void sim_watches_close(struct sim_server *server, const char *cluster)
{
	for (struct sim_watch *watch = server->watches; watch; watch = watch->next)
		if (!cluster || (!watch->target.any_cluster && strcmp(watch->target.cluster, cluster) == 0))
			watch->closing = true;
	sim_http_wake(server);
}
