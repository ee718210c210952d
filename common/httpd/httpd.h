/* A small HTTP server for what a process shows of itself (metrics, health). The only user of libmicrohttpd, which runs on the process's
 * loop: no thread is started.
 *
 * It only shows: methods other than GET and HEAD are answered 405 and never reach the handler, as does a request with a body (413). Each
 * connection carries one request and is closed after its answer. Who connects can cost little: connections, the bytes of a request, the
 * time in which it must be there and the time from connect to the last byte of the answer are bounded. Who comes beyond the bound of
 * connections waits in the queue, and the oldest that has still not asked gives its place; so silent connections keep nobody out.
 *
 * There is no authentication and no TLS: listen on a loopback address or on a Unix socket.
 */
#ifndef SY_HTTPD_HTTPD_H
#define SY_HTTPD_HTTPD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/loop.h"

struct sy_httpd;
struct sy_httpd_request;

/* Where to listen: "127.0.0.1:9464", "[::1]:9464" or "unix:/run/syncerd/metrics.sock". */
struct sy_httpd_address {
	struct sockaddr_storage storage; /* TCP */
	socklen_t len;
	bool loopback;	  /* TCP address that only this machine reaches; true for a Unix socket */
	const char *path; /* Unix socket: the rest of the text; NULL = TCP */
};
/* Returns what is wrong with text, as the end of a sentence that begins with its name; NULL = nothing. Host names are refused: what they
 * mean may change. Port 0 means any free one. */
const char *sy_httpd_address_parse(const char *text, struct sy_httpd_address *ret_address);

struct sy_httpd_limits {
	unsigned connections; /* at a time */
	size_t request_bytes; /* request line and headers */
	int64_t deadline_ms;  /* from connect to the end of the answer */
	int64_t header_ms;    /* from connect to the end of the request */
	int64_t idle_ms;      /* when all places are taken: one that has not asked for so long gives way */
	int64_t slow_ms;      /* and if there is none, one whose answer has not been read for so long */
	size_t answer_bytes;  /* body */
};
#define SY_HTTPD_LIMITS                                                                                                                    \
	{                                                                                                                                  \
		.connections = 16, .request_bytes = 8192, .deadline_ms = 10000, .header_ms = 1000, .idle_ms = 100, .slow_ms = 2000,        \
		.answer_bytes = 16u * 1024 * 1024                                                                                          \
	}

/* A body that many get, without a copy for each. */
struct sy_httpd_page;
/* type as in an answer; body is taken, whatever happens. -ENOMEM. */
int sy_httpd_page_new(struct sy_httpd_page **ret_page, const char *type, struct sy_buf *body, struct sy_error *err);
/* One header more, before it is sent the first time. -ENOMEM, also for what cannot stand in a header. */
int sy_httpd_page_header(struct sy_httpd_page *page, const char *name, const char *value, struct sy_error *err);
/* Accepts NULL. Who is being sent it still gets the rest. */
void sy_httpd_page_free(struct sy_httpd_page *page);

/* What the handler fills in; code is 404 and the rest empty before it runs. */
struct sy_httpd_answer {
	unsigned code;
	const char *type;		  /* Content-Type; static text, NULL = text/plain */
	struct sy_buf body;		  /* bounded by the limits */
	const struct sy_httpd_page *page; /* instead of type and body; borrowed until the handler has returned */
};

/* Answer a GET. path is decoded ("/metrics"), bounded by the request's limit, and may hold any byte but NUL. Runs from the loop. */
typedef void sy_httpd_fn(void *arg, const struct sy_httpd_request *request, const char *path, struct sy_httpd_answer *answer);
/* The query has this key, with or without a value. */
bool sy_httpd_has_query(const struct sy_httpd_request *request, const char *key);
/* The value of a header of the request, as it came; NULL = there is none. Borrowed until the handler has returned. */
const char *sy_httpd_header(const struct sy_httpd_request *request, const char *name);
/* A value of the header Host that names this machine for itself: localhost, 127.0.0.0/8 or [::1], with or without a port. A page of a
 * stranger whose name was made to lead here (DNS rebinding) has its own name there. NULL is none. Pure. */
bool sy_httpd_host_is_local(const char *host);

/* address is as for sy_httpd_address_parse. A Unix socket is made with mode 0660: its directory, its owner and its group say who may ask.
 * key is the name of the setting, for messages. */
int sy_httpd_new(struct sy_httpd **ret_httpd, struct sy_loop *loop, const char *address, const char *key,
		 const struct sy_httpd_limits *limits, sy_httpd_fn *fn, void *arg, struct sy_error *err);
void sy_httpd_free(struct sy_httpd *httpd); /* accepts NULL; connections are cut; never from inside the handler */

/* The TCP port, 0 for a Unix socket. */
uint16_t sy_httpd_port(const struct sy_httpd *httpd);

#endif
