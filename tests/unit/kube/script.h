/* Scripted API server for the tests of the reflector: each request gets the next step of the script. */
#ifndef TESTS_KUBE_SCRIPT_H
#define TESTS_KUBE_SCRIPT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "kube/reflector.h"
#include "unit/http/server.h"

enum act {
	REPLY,	/* a whole answer with code and text */
	STREAM, /* 200, text, and the stream stays open */
	FINISH, /* 200, text, clean end */
	CUT,	/* 200, text, connection lost */
	MUTE,	/* nothing at all */
	HUGE,	/* 200, an event above the limit */
};

struct step {
	const char *want; /* part of the target */
	enum act act;
	int code;
	const char *headers;
	const char *text;
};

struct fixture {
	struct sy_loop *loop;
	struct server server;
	struct sy_kube *kube;
	struct sy_reflector *reflector;
	const struct step *steps;
	size_t at;
	char wrong[256]; /* first request that did not fit */
	char log[4096];	 /* what the owner was told */
	int syncs;
	int events;
	bool free_on_event;
	bool relist_on_event;
	enum sy_reflector_state state;
	enum sy_kube_verdict verdict;
	int fails;
};

static inline void note(struct fixture *f, const char *text)
{
	size_t len = strlen(f->log);

	snprintf(f->log + len, sizeof(f->log) - len, "%s ", text);
}

static inline void send_huge(struct server_conn *conn)
{
	size_t len = SY_MAX_OBJECT_BYTES + 1024;
	char *text = malloc(len + 1);

	if (!text)
		abort();
	memset(text, 'x', len);
	text[len] = '\0';
	server_open(conn);
	server_text(conn, "{\"type\":\"ADDED\",\"object\":{\"a\":\"");
	server_chunk(conn, text, len);
	free(text);
}

static inline void handle(void *arg, struct server_conn *conn, const char *target, const char *head, const char *body)
{
	struct fixture *f = arg;
	const struct step *step = &f->steps[f->at];

	(void)head;
	(void)body;
	if (!step->want || !strstr(target, step->want)) {
		if (!f->wrong[0])
			snprintf(f->wrong, sizeof(f->wrong), "step %zu: %s", f->at, target);
		return;
	}
	f->at++;
	if (step->act == REPLY) {
		server_reply(conn, step->code, step->headers, step->text);
	} else if (step->act == HUGE) {
		send_huge(conn);
	} else if (step->act != MUTE) {
		server_open(conn);
		if (step->text[0])
			server_text(conn, step->text);
		if (step->act == FINISH)
			server_end(conn);
		if (step->act == CUT)
			server_cut(conn);
	}
}

static inline void on_begin(void *arg)
{
	note(arg, "begin");
}

static inline void on_event(void *arg, enum sy_reflector_event type, json_object *object, const char *raw, size_t raw_len)
{
	static const char *const names[] = {"+", "~", "-"};
	struct fixture *f = arg;
	json_object *parsed = NULL;
	char text[128];

	f->events++;
	snprintf(text, sizeof(text), "%s%s", names[type], sy_json_str(object, "metadata", "name", NULL));
	note(f, text);
	/* raw is the same object */
	assert_int_equal(sy_json_parse(raw, raw_len, SY_MAX_OBJECT_BYTES, &parsed, NULL), 0);
	assert_true(sy_json_equal(parsed, object));
	json_object_put(parsed);
	if (f->free_on_event) {
		sy_reflector_free(f->reflector);
		f->reflector = NULL;
	}
	if (f->relist_on_event) {
		f->relist_on_event = false;
		sy_reflector_relist(f->reflector);
	}
}

static inline void on_synced(void *arg)
{
	struct fixture *f = arg;

	f->syncs++;
	note(f, "synced");
}

static inline void on_state(void *arg, enum sy_reflector_state state, const struct sy_kube_result *result)
{
	struct fixture *f = arg;

	f->state = state;
	if (state == SY_REFLECTOR_FAILING) {
		f->fails++;
		f->verdict = result->verdict;
	}
}

static const struct sy_reflector_ops script_ops = {on_begin, on_event, on_synced, on_state};

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f || sy_loop_new(&f->loop, NULL) < 0)
		return -1;
	server_start(&f->server, f->loop, handle, f);
	char token[] = "secret-token-1";
	struct sy_access access = {.server = f->server.url, .token = token};
	if (sy_kube_new(&f->kube, f->loop, &access, NULL, NULL) < 0)
		return -1;
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	sy_reflector_free(f->reflector);
	sy_kube_free(f->kube);
	server_stop(&f->server);
	sy_loop_free(f->loop);
	free(f);
	return 0;
}

static inline void begin(struct fixture *f, const struct step *steps, bool paged, int64_t deadline_ms)
{
	struct sy_reflector_spec spec = {
		.gvr = {"example.dev", "v1", "widgets"},
		.label_selector = "a=b",
		.paged_only = paged,
		.bookmark_deadline_ms = deadline_ms,
	};
	struct sy_error err = {0};

	f->steps = steps;
	assert_int_equal(sy_reflector_new(&f->reflector, f->kube, &spec, &script_ops, f, &err), 0);
	assert_string_equal(f->log, "");
}

static inline bool script_done(void *arg)
{
	struct fixture *f = arg;

	return f->wrong[0] || !f->steps[f->at].want;
}

/* The whole script ran, then the log reads as wanted. */
static inline bool log_is(void *arg)
{
	void **pair = arg;
	struct fixture *f = pair[0];

	return f->wrong[0] || strcmp(f->log, pair[1]) == 0;
}

static inline void expect(struct fixture *f, const char *log)
{
	char wanted[4096];
	void *pair[] = {f, wanted};

	snprintf(wanted, sizeof(wanted), "%s", log);
	if (!server_wait_for(f->loop, script_done, f, 8000))
		fail_msg("script stuck at step %zu, log: %s", f->at, f->log);
	assert_string_equal(f->wrong, "");
	if (!server_wait_for(f->loop, log_is, pair, 3000))
		assert_string_equal(f->log, log);
	assert_string_equal(f->wrong, "");
}

#define OBJ(name, rv)                                                                                                                      \
	"{\"kind\":\"Widget\",\"apiVersion\":\"example.dev/v1\",\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"" rv "\"}}"
#define EVENT(type, name, rv) "{\"type\":\"" type "\",\"object\":" OBJ(name, rv) "}\n"
#define BOOKMARK(rv) "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Widget\",\"metadata\":{\"resourceVersion\":\"" rv "\"}}}\n"
#define END(rv)                                                                                                                            \
	"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"" rv                                                       \
	"\",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}\n"
#define STATUS(code, reason, message)                                                                                                      \
	"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"" message "\",\"reason\":\"" reason               \
	"\",\"code\":" code "}"
#define LIST(rv, token, items)                                                                                                             \
	"{\"kind\":\"WidgetList\",\"apiVersion\":\"example.dev/v1\",\"metadata\":{\"resourceVersion\":\"" rv "\",\"continue\":\"" token    \
	"\"},\"items\":[" items "]}"
#define SEND "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&labelSelector=a%3Db"

static inline bool was_freed(void *arg)
{
	return !((struct fixture *)arg)->reflector;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
