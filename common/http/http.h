/* HTTP transfers on the process's loop. The only user of libcurl.
 *
 * A pool is one set of connections that its transfers share (HTTP/2 over TLS: normally a single connection). An identity is what a client
 * shows and trusts: CA, certificate, token, proxy. A transfer is one request with its answer, delivered in slices.
 *
 * All functions are for the loop's thread and never block. Callbacks run from the loop, never from inside the call that started the
 * transfer. They run while the library is at work, so starts and cancellations made by a callback take effect after it has returned; callers
 * need not care, also not when they free the pool from a callback.
 *
 * Trust: with a CA only that CA is trusted, the system's are switched off. Peer and host are verified unless the identity says insecure.
 * Only https is spoken, and http to "127.0.0.1" and "[::1]". Redirects are not followed. Proxies come from the identity alone, never from
 * the environment. Compression is not asked for.
 *
 * Names: a URL with a host name (not an address) is resolved in a short-lived thread of the library, because this is how Debian's libcurl
 * resolves without blocking. With addresses no thread is ever started.
 *
 * Idle means idle: with no transfer under way, or only silent ones, no timer runs but the transfers' own total time-outs.
 */
#ifndef SY_HTTP_HTTP_H
#define SY_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"

struct sy_http_pool;
struct sy_http_identity;
struct sy_http_transfer;

/* Initialise the library early (a template process does it before it forks). No thread is started. Optional: pools do it too. */
int sy_http_prepare(struct sy_error *err);

/* All strings are copied; NULL = none. */
struct sy_http_identity_spec {
	const char *ca_pem;   /* NULL: the system's CAs */
	const char *cert_pem; /* both or neither */
	const char *key_pem;
	const char *token;	     /* sent as bearer token */
	const char *proxy_url;	     /* http, https, socks5 or socks5h; may hold user and password */
	const char *tls_server_name; /* name to send and verify instead of the URL's host; the Host header stays the URL's */
	const char *user_agent;
	bool insecure;
};

/* Reference-counted, so that running transfers keep the identity they began with. The last unref wipes the secrets. */
int sy_http_identity_new(struct sy_http_identity **ret_identity, const struct sy_http_identity_spec *spec, struct sy_error *err);
struct sy_http_identity *sy_http_identity_ref(struct sy_http_identity *identity);
void sy_http_identity_unref(struct sy_http_identity *identity); /* accepts NULL */
/* True when text holds a secret of this identity (token, proxy password). */
bool sy_http_identity_leaks(const struct sy_http_identity *identity, const char *text);

/* max_connections: per server, 0 = no limit (for watches, whose number the caller bounds; a limit would let some of them wait for ever). */
int sy_http_pool_new(struct sy_http_pool **ret_pool, struct sy_loop *loop, unsigned max_connections, struct sy_error *err);
/* Ends all transfers without callbacks. Accepts NULL. */
void sy_http_pool_free(struct sy_http_pool *pool);

enum sy_http_end {
	SY_HTTP_COMPLETE = 0, /* the answer is whole */
	SY_HTTP_TIMEOUT,      /* a time-out ran out */
	SY_HTTP_ABORTED,      /* the body callback said so */
	SY_HTTP_BROKEN,	      /* no connection, TLS failure, answer cut short */
	SY_HTTP_END_MAX
};

struct sy_http_answer {
	enum sy_http_end end;
	int code;		/* HTTP code, 0 without an answer */
	const char *error;	/* "" when complete; never holds a secret */
	int64_t retry_after_ms; /* "retry-after", 0 = none; not capped */
	const char *warning;	/* "warning" header or NULL */
	const char *date;	/* "date" header or NULL */
	const char *etag;	/* "etag" header or NULL */
	long http_version;	/* 11 or 20; 0 unknown */
};

struct sy_http_ops {
	/* The final header block has arrived (not for 1xx). May be NULL. */
	void (*open)(void *arg, int code);
	/* A slice of the body. Non-zero ends the transfer as SY_HTTP_ABORTED. */
	int (*body)(void *arg, int code, const char *data, size_t len);
	/* Exactly once unless cancelled; the transfer is gone afterwards. answer is valid during the call. */
	void (*done)(void *arg, const struct sy_http_answer *answer);
};

struct sy_http_request {
	const char *method;	   /* "GET", "POST", "PUT", "PATCH", "DELETE" */
	const char *url;	   /* sent as it is: no dot segments are resolved */
	const char *accept;	   /* NULL = none */
	const char *content_type;  /* NULL without a body */
	const char *if_none_match; /* an etag: 304 when it is still that; NULL = none */
	const char *body;	   /* copied */
	size_t body_len;
	int64_t timeout_ms; /* from start to end; required, > 0 */
	bool stream;	    /* long and mostly silent: small receive buffer */
};

/* ops and arg must stay valid until done ran or the transfer was cancelled. Errors here mean that nothing was started. */
int sy_http_start(struct sy_http_pool *pool, struct sy_http_identity *identity, const struct sy_http_request *request,
		  const struct sy_http_ops *ops, void *arg, struct sy_http_transfer **ret_transfer, struct sy_error *err);
/* No further callback. Accepts NULL. From inside done it does nothing. */
void sy_http_cancel(struct sy_http_transfer *transfer);
/* Cancel a transfer that has been silent since loop time since_ms. When its whole connection was silent that long, the connection is
 * closed, so that neither other transfers stay on it nor new ones get it. */
void sy_http_abandon(struct sy_http_transfer *transfer, int64_t since_ms);

#endif
