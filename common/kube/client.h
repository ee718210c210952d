/* A client of one Kubernetes-style API server, on the process's loop. Built on common/http (the only user of libcurl).
 *
 * Two connection pools: one for watches, one for everything else (a dead connection that a watch holds must not catch requests).
 * All requests of a process pass sy_kube_do or the reflector, and both check the URL against the allowed prefixes: the
 * one place where a worker's reach is bounded.
 *
 * All functions are for the loop's thread and never block. Callbacks run from the loop, never from inside the call that started them.
 */
#ifndef SY_KUBE_CLIENT_H
#define SY_KUBE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "json/json.h"
#include "kube/access.h"

struct sy_kube;
struct sy_kube_request;

struct sy_kube_options {
	const char *user_agent;	  /* "syncer-worker/0.1.0 (kcp-syncer-edge-1-3275ls9b)"; copied */
	int64_t timeout_ms;	  /* of one request, 0 = 30 s */
	unsigned max_connections; /* per pool, 0 = 2 */
};

/* Counters of one client since its birth. */
struct sy_kube_counters {
	uint64_t requests;  /* started, watches included */
	uint64_t failures;  /* no HTTP answer, or 5xx */
	uint64_t throttled; /* 429 */
};

/* access is copied. */
int sy_kube_new(struct sy_kube **ret_kube, struct sy_loop *loop, const struct sy_access *access, const struct sy_kube_options *options,
		struct sy_error *err);
/* Cancels everything under way, without callbacks. Accepts NULL. */
void sy_kube_free(struct sy_kube *kube);
/* New credentials or CA: used from the next request on; running watches go on until they end. */
int sy_kube_set_access(struct sy_kube *kube, const struct sy_access *access, struct sy_error *err);
/* Only URLs below one of the given prefixes ("https://h/services/apiexport/x/y/clusters/abc", compared up to a '/', '?' or the end) are
 * requested from now on, others fail with -EACCES. Without any call everything below access.server is allowed. Replaces earlier ones. */
int sy_kube_allow(struct sy_kube *kube, const char *const *prefixes, size_t count, struct sy_error *err);
const char *sy_kube_server(const struct sy_kube *kube);
struct sy_kube_counters sy_kube_counters(const struct sy_kube *kube);

/* What the answer means for the caller's next step. Made from the HTTP code and the Status body, never from message text alone where a
 * reason or cause exists. */
enum sy_kube_verdict {
	SY_KUBE_OK = 0,		   /* 2xx; 304 where it was asked for */
	SY_KUBE_NOT_FOUND,	   /* 404 with a Status of reason NotFound: positive knowledge that the object is absent */
	SY_KUBE_NAMESPACE_MISSING, /* 404 whose details.kind is "namespaces" (on create) */
	SY_KUBE_NOT_SERVED,	   /* any other 404 (plain text): the resource is not served here, proves nothing about the object */
	SY_KUBE_ALREADY_EXISTS,	   /* 409 reason AlreadyExists */
	SY_KUBE_CONFLICT,	   /* other 409, also a failed precondition */
	SY_KUBE_INVALID,	   /* 422 with a Status body */
	SY_KUBE_BAD_REQUEST,	   /* 400, 406, 415 with a Status body; 500 "failed to create typed patch object": SchemaMismatch */
	SY_KUBE_TOO_LARGE, /* 413, by the API server or a proxy before it (no Status body); 500 "etcdserver: request is too large" */
	SY_KUBE_FORBIDDEN, /* 403 */
	SY_KUBE_NAMESPACE_TERMINATING, /* 403 with cause NamespaceTerminating, or create refused "because it is being terminated" */
	SY_KUBE_UNAUTHORIZED,	       /* 401 */
	SY_KUBE_GONE,		       /* 410, or an ERROR event with code 410 */
	SY_KUBE_THROTTLED,	       /* 429 (retry_after_ms set), 503 with Retry-After */
	SY_KUBE_SERVER_ERROR,	       /* other 5xx and anything else, plain-text refusals of proxies too */
	SY_KUBE_UNREACHABLE,	       /* no HTTP answer: connect, TLS, time-out, broken stream */
	SY_KUBE_VERDICT_MAX
};
const char *sy_kube_verdict_name(enum sy_kube_verdict verdict); /* "NotFound", ... */

struct sy_kube_result {
	enum sy_kube_verdict verdict;
	int http_code;	  /* 0 without an answer */
	const char *body; /* raw bytes, NUL-terminated, possibly not JSON; valid during the callback */
	size_t body_len;
	json_object *object;	/* parsed body when it is JSON (borrowed; valid during the callback), else NULL */
	const char *reason;	/* Status.reason or "" */
	const char *message;	/* Status.message, the first line of a plain body, or the transport error; secrets removed */
	int64_t retry_after_ms; /* 0 = none; capped at 5 min */
	const char *warning;	/* "warning" response header or NULL */
	const char *etag;	/* "etag" response header or NULL */
	int64_t server_time;	/* "date" header as seconds since the epoch, 0 = none */
};

typedef void sy_kube_done_fn(void *arg, const struct sy_kube_result *result);

struct sy_kube_call {
	const char *method;	  /* "GET", "POST", "PATCH", "DELETE" */
	const char *base;	  /* URL the path is appended to, NULL = access.server */
	const char *path;	  /* "/api/v1/namespaces/x", already escaped (sy_kube_path) */
	const char *query;	  /* "fieldManager=syncerd&force=true", already escaped; or NULL */
	const char *content_type; /* SY_CT_*; NULL without a body */
	const char *body;	  /* copied */
	size_t body_len;
	int64_t timeout_ms; /* 0 = default */
	const char *accept; /* NULL = application/json */
	const char
		*if_none_match; /* etag of an earlier answer: while it holds, the answer is SY_KUBE_OK with code 304 and no body; or NULL */
	bool discard;		/* the body of the answer is of no interest: 2xx come without it */
};

#define SY_CT_JSON "application/json"
/* accept: both versions of aggregated discovery; the answer to anything older is a plain list of groups, or 406. */
#define SY_ACCEPT_DISCOVERY                                                                                                                \
	"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"                                                            \
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
/* accept: a list of which only the metadata is wanted. */
#define SY_ACCEPT_METADATA "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
#define SY_CT_MERGE_PATCH "application/merge-patch+json"
#define SY_CT_JSON_PATCH "application/json-patch+json"
#define SY_CT_APPLY "application/apply-patch+yaml"

/* Start a request; done is called exactly once unless the request is cancelled. *ret_request may be NULL; it is valid until done ran. */
int sy_kube_do(struct sy_kube *kube, const struct sy_kube_call *call, sy_kube_done_fn *done, void *arg,
	       struct sy_kube_request **ret_request, struct sy_error *err);
void sy_kube_cancel(struct sy_kube_request *request); /* no callback; accepts NULL */

#endif
