/* The least a client can do with libcurl and json-c: requests and watches on one multi handle, one thread, kept-alive connections. What it
 * reaches is the limit that the servers set; syncerd is measured against it. */
#ifndef SY_BENCH_RAW_H
#define SY_BENCH_RAW_H

#include <curl/curl.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

struct transfer;

struct raw {
	CURLM *multi;
	struct transfer *watch; /* the one watch of a process, or NULL */
	unsigned in_flight;	/* requests, without the watch */
};

struct raw_server {
	const char *ca;	   /* file */
	const char *token; /* "Authorization: Bearer ..." */
};

struct raw_call {
	const struct raw_server *server;
	const char *method;
	const char *url;
	const char *content_type;
	const char *body;
};

/* code 0: no answer. */
typedef void raw_done_fn(void *arg, long code, const char *body);
/* One watch event. */
typedef void raw_event_fn(void *arg, const char *type, json_object *object);

int raw_init(struct raw *raw);
void raw_done(struct raw *raw);
int raw_start(struct raw *raw, const struct raw_call *call, raw_done_fn *done, void *arg);
/* Streaming list and watch for ever (one for each struct raw); the end of the stream is reported as type "END". */
int raw_watch(struct raw *raw, const struct raw_server *server, const char *url, raw_event_fn *event, void *arg);
/* Wait for network activity, at most timeout_ms, and run what is due. */
void raw_turn(struct raw *raw, int timeout_ms);
double raw_now(void); /* monotonic seconds */

struct raw_options {
	struct raw_server write_to; /* objects are made or patched here */
	struct raw_server watch_at; /* their effect is seen here */
	const char *write_url;	    /* collection */
	const char *watch_url;	    /* collection, may be of all namespaces */
	const char *prefix;	    /* of object names */
	int count;
	int concurrency;
	int pad; /* bytes of spec.pad */
	bool is_status;
	int round;	       /* status: value that makes this run's writes distinct */
	const char *finalizer; /* sync: add it at watch_url before the write, as whoever must not lose a deletion does; NULL = bare */
};

int raw_drive(const struct raw_options *options);
int raw_sync(const struct raw_options *options);

#endif
