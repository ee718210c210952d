/* A client of one API server: its access, its pools, what it may request, and single requests. */
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "kube/internal.h"

struct sy_kube_request {
	LIST_ENTRY(sy_kube_request) entry;
	struct sy_kube *kube;
	struct sy_http_transfer *transfer;
	sy_kube_done_fn *done;
	void *arg;
	char *path;
	char method[8];
	struct sy_buf body;
	bool too_large;
	bool discard;
};

static int make_identity(const struct sy_kube *kube, const struct sy_access *access, struct sy_http_identity **ret_identity,
			 struct sy_error *err)
{
	struct sy_http_identity_spec spec = {
		.ca_pem = access->ca_pem,
		.cert_pem = access->cert_pem,
		.key_pem = access->key_pem,
		.token = access->token,
		.proxy_url = access->proxy_url,
		.tls_server_name = access->tls_server_name,
		.user_agent = kube->user_agent,
		.insecure = access->insecure,
	};

	if (!access->server || !*access->server)
		return sy_error_set(err, EINVAL, "the access has no server");
	if (access->server[strlen(access->server) - 1] == '/')
		return sy_error_set(err, EINVAL, "the server URL %.200s must not end in '/'", access->server);
	return sy_http_identity_new(ret_identity, &spec, err);
}

int sy_kube_set_access(struct sy_kube *kube, const struct sy_access *access, struct sy_error *err)
{
	struct sy_http_identity *identity = NULL;
	struct sy_access copy;
	int r = make_identity(kube, access, &identity, err);

	if (r < 0)
		return r;
	r = sy_access_copy(access, &copy, err);
	if (r < 0) {
		sy_http_identity_unref(identity);
		return r;
	}
	sy_http_identity_unref(kube->identity);
	sy_access_done(&kube->access);
	kube->identity = identity;
	kube->access = copy;
	return 0;
}

static int kube_init(struct sy_kube *kube, const struct sy_access *access, const struct sy_kube_options *options, struct sy_error *err)
{
	unsigned connections = options && options->max_connections > 0 ? options->max_connections : KUBE_DEFAULT_CONNECTIONS;

	kube->timeout_ms = options && options->timeout_ms > 0 ? options->timeout_ms : KUBE_DEFAULT_TIMEOUT_MS;
	kube->user_agent = strdup(options && options->user_agent ? options->user_agent : "syncerd/" SY_VERSION);
	if (!kube->user_agent)
		return sy_error_oom(err);
	int r = sy_kube_set_access(kube, access, err);
	if (r == 0)
		r = sy_http_pool_new(&kube->requests_pool, kube->loop, connections, err);
	/* Watches are never queued behind each other, so their connections are not limited: without HTTP/2 each one needs its own. */
	if (r == 0)
		r = sy_http_pool_new(&kube->watches_pool, kube->loop, 0, err);
	return r;
}

int sy_kube_new(struct sy_kube **ret_kube, struct sy_loop *loop, const struct sy_access *access, const struct sy_kube_options *options,
		struct sy_error *err)
{
	struct sy_kube *kube = calloc(1, sizeof(*kube));

	if (!kube)
		return sy_error_oom(err);
	kube->loop = loop;
	int r = kube_init(kube, access, options, err);
	if (r < 0) {
		sy_kube_free(kube);
		return r;
	}
	*ret_kube = kube;
	return 0;
}

static void free_prefixes(struct sy_kube *kube)
{
	for (size_t i = 0; i < kube->prefix_count; i++)
		free(kube->prefixes[i]);
	free(kube->prefixes);
	kube->prefixes = NULL;
	kube->prefix_count = 0;
}

void sy_kube_free(struct sy_kube *kube)
{
	struct sy_kube_request *request;
	struct sy_reflector *reflector;

	if (!kube)
		return;
	while ((reflector = LIST_FIRST(&kube->reflectors)))
		kube_reflector_orphan(reflector); /* takes itself off the list */
	while ((request = LIST_FIRST(&kube->requests)))
		sy_kube_cancel(request);
	sy_http_pool_free(kube->requests_pool);
	sy_http_pool_free(kube->watches_pool);
	sy_http_identity_unref(kube->identity);
	sy_access_done(&kube->access);
	free_prefixes(kube);
	free(kube->user_agent);
	free(kube);
}

int sy_kube_allow(struct sy_kube *kube, const char *const *prefixes, size_t count, struct sy_error *err)
{
	char **copies = calloc(count + 1, sizeof(*copies)); /* not NULL for an empty list, which allows nothing */

	if (!copies)
		return sy_error_oom(err);
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(prefixes[i]);

		/* A prefix ends at a segment; "https://h/" would otherwise cover nothing. */
		while (len > 0 && prefixes[i][len - 1] == '/')
			len--;
		copies[i] = strndup(prefixes[i], len);
		if (!copies[i]) {
			while (i > 0)
				free(copies[--i]);
			free(copies);
			return sy_error_oom(err);
		}
	}
	free_prefixes(kube);
	kube->prefixes = copies;
	kube->prefix_count = count;
	return 0;
}

const char *sy_kube_server(const struct sy_kube *kube)
{
	return kube->access.server;
}

struct sy_kube_counters sy_kube_counters(const struct sy_kube *kube)
{
	return kube->counters;
}

static void request_free(struct sy_kube_request *request)
{
	sy_buf_done(&request->body);
	free(request->path);
	free(request);
}

static int on_body(void *arg, int code, const char *data, size_t len)
{
	struct sy_kube_request *request = arg;
	int r;

	if (request->discard && code < 300)
		return 0;
	r = sy_buf_add(&request->body, data, len);
	request->too_large = r == -EMSGSIZE;
	return r;
}

static void on_done(void *arg, const struct sy_http_answer *http)
{
	struct sy_kube_request *request = arg;
	sy_auto_json json_object *object = NULL;
	struct kube_text text;
	struct sy_kube_result result;

	LIST_REMOVE(request, entry);
	if (http->end == SY_HTTP_COMPLETE && request->body.len > 0 &&
	    sy_json_parse(request->body.data, request->body.len, SY_MAX_RESPONSE_BYTES, &object, NULL) < 0)
		object = NULL;
	struct kube_answer answer = {
		.method = request->method,
		.path = request->path,
		.http = http,
		.body = sy_buf_str(&request->body),
		.body_len = request->body.len,
		.object = object,
		.too_large = request->too_large,
	};
	kube_result(request->kube, &answer, &text, &result);
	kube_count(request->kube, &result);
	request->done(request->arg, &result); /* may free the client */
	request_free(request);
}

static const struct sy_http_ops request_ops = {.body = on_body, .done = on_done};

static int check_call(const struct sy_kube_call *call, struct sy_error *err)
{
	static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
	bool known = false;

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		known = known || (call->method && strcmp(call->method, methods[i]) == 0);
	if (!known)
		return sy_error_set(err, EINVAL, "unknown method");
	if (call->body_len > SY_MAX_OBJECT_BYTES)
		return sy_error_set(err, EMSGSIZE, "%s %.200s: the body has %zu bytes, the limit is %u", call->method, call->path,
				    call->body_len, SY_MAX_OBJECT_BYTES);
	return 0;
}

static int request_start(struct sy_kube_request *request, const struct sy_kube_call *call, struct sy_error *err)
{
	struct sy_kube *kube = request->kube;
	struct sy_buf url;

	sy_buf_init(&url, KUBE_MAX_URL);
	int r = kube_url(kube, call->base, call->path, call->query, &url, err);
	if (r == 0) {
		struct sy_http_request http = {
			.method = call->method,
			.url = sy_buf_str(&url),
			.accept = call->accept ? call->accept : SY_CT_JSON,
			.content_type = call->content_type,
			.if_none_match = call->if_none_match,
			.body = call->body,
			.body_len = call->body_len,
			.timeout_ms = call->timeout_ms > 0 ? call->timeout_ms : kube->timeout_ms,
		};
		r = sy_http_start(kube->requests_pool, kube->identity, &http, &request_ops, request, &request->transfer, err);
	}
	sy_buf_done(&url);
	return r;
}

int sy_kube_do(struct sy_kube *kube, const struct sy_kube_call *call, sy_kube_done_fn *done, void *arg,
	       struct sy_kube_request **ret_request, struct sy_error *err)
{
	int r = check_call(call, err);

	if (r < 0)
		return r;
	struct sy_kube_request *request = calloc(1, sizeof(*request));
	if (!request)
		return sy_error_oom(err);
	request->kube = kube;
	request->done = done;
	request->arg = arg;
	request->discard = call->discard;
	sy_buf_init(&request->body, SY_MAX_RESPONSE_BYTES);
	strncpy(request->method, call->method, sizeof(request->method) - 1);
	request->path = strdup(call->path ? call->path : "");
	r = request->path ? request_start(request, call, err) : sy_error_oom(err);
	if (r < 0) {
		request_free(request);
		return r;
	}
	kube->counters.requests++;
	LIST_INSERT_HEAD(&kube->requests, request, entry);
	if (ret_request)
		*ret_request = request;
	return 0;
}

void sy_kube_cancel(struct sy_kube_request *request)
{
	if (!request)
		return;
	LIST_REMOVE(request, entry);
	sy_http_cancel(request->transfer);
	request_free(request);
}
