/* The minimal syncer: one bare watch, and for each event one bare write on the other side. No ownership, no retry; with --finalizer it first
 * marks the object at its source, and writes when that is answered. */
#include "raw.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define MAX_HELD 16 /* finalizers under way; more at once only queue up in the server */

struct held {
	STAILQ_ENTRY(held) link;
	struct sync *sync;
	json_object *object;
};
STAILQ_HEAD(held_list, held);

struct sync {
	const struct raw_options *options;
	struct raw raw;
	bool is_ready;
	bool has_ended;
	struct held_list waiting;
	unsigned held;
};

static void on_answer(void *arg, long code, const char *body)
{
	(void)arg;
	if (code != 200 && code != 201)
		fprintf(stderr, "rawclient: the server answered %ld: %.300s\n", code, body);
}

static json_object *member(json_object *object, const char *name)
{
	json_object *value = NULL;

	return json_object_object_get_ex(object, name, &value) ? value : NULL;
}

static json_object *make_body(const struct sync *sync, json_object *object, const char *name)
{
	json_object *body = json_object_new_object();
	json_object *meta = json_object_new_object();

	if (sync->options->is_status) {
		json_object_object_add(body, "status", json_object_get(member(object, "status")));
		json_object_put(meta);
		return body;
	}
	json_object_object_add(meta, "name", json_object_new_string(name));
	json_object_object_add(body, "apiVersion", json_object_get(member(object, "apiVersion")));
	json_object_object_add(body, "kind", json_object_get(member(object, "kind")));
	json_object_object_add(body, "metadata", meta);
	json_object_object_add(body, "spec", json_object_get(member(object, "spec")));
	return body;
}

static void copy_over(struct sync *sync, json_object *object)
{
	const struct raw_options *options = sync->options;
	struct raw_call call = {.server = &options->write_to, .method = "PATCH"};
	const char *name = json_object_get_string(member(member(object, "metadata"), "name"));
	json_object *body = make_body(sync, object, name);
	char *url = NULL;

	call.content_type = options->is_status ? "application/merge-patch+json" : "application/apply-patch+yaml";
	if (asprintf(&url, "%s/%s%s?fieldManager=rawclient%s", options->write_url, name, options->is_status ? "/status" : "",
		     options->is_status ? "" : "&force=true") < 0)
		abort();
	call.url = url;
	call.body = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (raw_start(&sync->raw, &call, on_answer, sync) < 0)
		sync->has_ended = true;
	json_object_put(body);
	free(url);
}

static void start_holds(struct sync *sync);

static void on_held(void *arg, long code, const char *body)
{
	struct held *held = arg;
	struct sync *sync = held->sync;

	on_answer(NULL, code, body);
	if (code == 200)
		copy_over(sync, held->object);
	json_object_put(held->object);
	free(held);
	sync->held--;
	start_holds(sync);
}

static void hold(struct sync *sync, struct held *held)
{
	const struct raw_options *options = sync->options;
	struct raw_call call = {.server = &options->watch_at, .method = "PATCH", .content_type = "application/json-patch+json"};
	json_object *meta = member(held->object, "metadata");
	char *url = NULL, *body = NULL;

	if (asprintf(&url, "%s/%s?fieldManager=rawclient", options->watch_url, json_object_get_string(member(meta, "name"))) < 0 ||
	    asprintf(&body,
		     "[{\"op\":\"test\",\"path\":\"/metadata/uid\",\"value\":\"%s\"},"
		     "{\"op\":\"add\",\"path\":\"/metadata/finalizers\",\"value\":[\"%s\"]}]",
		     json_object_get_string(member(meta, "uid")), options->finalizer) < 0)
		abort();
	call.url = url;
	call.body = body;
	sync->held++;
	if (raw_start(&sync->raw, &call, on_held, held) < 0)
		sync->has_ended = true;
	free(url);
	free(body);
}

static void start_holds(struct sync *sync)
{
	struct held *held;

	while (sync->held < MAX_HELD && (held = STAILQ_FIRST(&sync->waiting))) {
		STAILQ_REMOVE_HEAD(&sync->waiting, link);
		hold(sync, held);
	}
}

static void hold_later(struct sync *sync, json_object *object)
{
	struct held *held = malloc(sizeof(*held));

	if (!held)
		abort();
	*held = (struct held){.sync = sync, .object = json_object_get(object)};
	STAILQ_INSERT_TAIL(&sync->waiting, held, link);
	start_holds(sync);
}

static void on_event(void *arg, const char *type, json_object *object)
{
	struct sync *sync = arg;
	const char *wanted = sync->options->is_status ? "MODIFIED" : "ADDED";

	if (strcmp(type, "END") == 0)
		sync->has_ended = true;
	if (strcmp(type, "BOOKMARK") == 0 && !sync->is_ready) {
		sync->is_ready = true;
		puts("ready");
		fflush(stdout);
	}
	if (!sync->is_ready || strcmp(type, wanted) != 0)
		return;
	if (sync->options->finalizer)
		hold_later(sync, object);
	else
		copy_over(sync, object);
}

/* Runs until its standard output is closed or it is killed. */
int raw_sync(const struct raw_options *options)
{
	struct sync sync = {.options = options};

	STAILQ_INIT(&sync.waiting);
	if (raw_init(&sync.raw) < 0 || raw_watch(&sync.raw, &options->watch_at, options->watch_url, on_event, &sync) < 0)
		return 1;
	while (!sync.has_ended)
		raw_turn(&sync.raw, 1000);
	raw_done(&sync.raw);
	return 1;
}
