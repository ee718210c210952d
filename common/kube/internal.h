/* Shared by the files of common/kube only. */
#ifndef SY_KUBE_INTERNAL_H
#define SY_KUBE_INTERNAL_H

#include <sys/queue.h>

#include "base/buf.h"
#include "http/http.h"
#include "kube/client.h"

#define KUBE_DEFAULT_TIMEOUT_MS 30000
#define KUBE_DEFAULT_CONNECTIONS 2u
#define KUBE_MAX_URL 8192u
#define KUBE_MAX_RETRY_AFTER_MS (5 * 60 * 1000)
#define KUBE_MESSAGE_MAX 1024u

struct sy_reflector;

struct sy_kube {
	struct sy_loop *loop;
	struct sy_access access;
	struct sy_http_identity *identity;
	struct sy_http_pool *requests_pool;
	struct sy_http_pool *watches_pool;
	char *user_agent;
	int64_t timeout_ms;
	char **prefixes; /* what may be requested; NULL = below access.server */
	size_t prefix_count;
	struct sy_kube_counters counters;
	LIST_HEAD(, sy_kube_request) requests;
	LIST_HEAD(, sy_reflector) reflectors;
};

/* url.c: base + path + "?" + query, refused unless it is clean (see there) and below an allowed prefix. The only way to a URL. */
int kube_url(const struct sy_kube *kube, const char *base, const char *path, const char *query, struct sy_buf *out, struct sy_error *err);

/* status.c: what an answer means. */
struct kube_answer {
	const char *method;
	const char *path; /* without query */
	const struct sy_http_answer *http;
	const char *body;
	size_t body_len;
	json_object *object; /* parsed body or NULL */
	bool too_large;	     /* the body was cut off at our limit */
};
struct kube_text {
	char message[KUBE_MESSAGE_MAX]; /* backs sy_kube_result.message */
};
void kube_result(const struct sy_kube *kube, const struct kube_answer *answer, struct kube_text *text, struct sy_kube_result *ret_result);
/* The same for a Status object that came as a watch event of type ERROR. */
void kube_result_of_status(const struct sy_kube *kube, json_object *status, struct kube_text *text, struct sy_kube_result *ret_result);
/* And for a failure that was found on this side. */
void kube_result_of_failure(enum sy_kube_verdict verdict, const char *message, struct kube_text *text, struct sy_kube_result *ret_result);
/* Count a finished request. */
void kube_count(struct sy_kube *kube, const struct sy_kube_result *result);

/* reflector.c: the client is gone; nothing may be requested any more. */
void kube_reflector_orphan(struct sy_reflector *reflector);

#endif
