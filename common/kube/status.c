/* What an answer of an API server means (client.h, enum sy_kube_verdict). */
#include <string.h>

#include "base/num.h"
#include "kube/internal.h"

#define DEFAULT_RETRY_AFTER_MS 1000

static const char *const names[] = {
	[SY_KUBE_OK] = "OK",
	[SY_KUBE_NOT_FOUND] = "NotFound",
	[SY_KUBE_NAMESPACE_MISSING] = "NamespaceMissing",
	[SY_KUBE_NOT_SERVED] = "NotServed",
	[SY_KUBE_ALREADY_EXISTS] = "AlreadyExists",
	[SY_KUBE_CONFLICT] = "Conflict",
	[SY_KUBE_INVALID] = "Invalid",
	[SY_KUBE_BAD_REQUEST] = "BadRequest",
	[SY_KUBE_TOO_LARGE] = "TooLarge",
	[SY_KUBE_FORBIDDEN] = "Forbidden",
	[SY_KUBE_NAMESPACE_TERMINATING] = "NamespaceTerminating",
	[SY_KUBE_UNAUTHORIZED] = "Unauthorized",
	[SY_KUBE_GONE] = "Gone",
	[SY_KUBE_THROTTLED] = "Throttled",
	[SY_KUBE_SERVER_ERROR] = "ServerError",
	[SY_KUBE_UNREACHABLE] = "Unreachable",
};
_Static_assert(sizeof(names) / sizeof(*names) == SY_KUBE_VERDICT_MAX, "every verdict has a name");

const char *sy_kube_verdict_name(enum sy_kube_verdict verdict)
{
	return (unsigned)verdict < SY_KUBE_VERDICT_MAX ? names[verdict] : "Unknown";
}

static bool has_cause(json_object *status, const char *reason)
{
	json_object *causes = sy_json_array(status, "details", "causes", NULL);

	for (size_t i = 0; causes && i < json_object_array_length(causes); i++) {
		const char *found = sy_json_str(json_object_array_get_idx(causes, i), "reason", NULL);

		if (found && strcmp(found, reason) == 0)
			return true;
	}
	return false;
}

/* Behind "/api/" or "/apis/" of a request path, which may begin with a server's own path; NULL when it has none. */
static const char *api_part(const char *path, bool *ret_core)
{
	const char *core = strstr(path, "/api/"), *group = strstr(path, "/apis/");

	*ret_core = core && (!group || core < group);
	if (*ret_core)
		return core + strlen("/api/");
	return group ? group + strlen("/apis/") : NULL;
}

static const char *next_segment(const char *segment)
{
	segment += strcspn(segment, "/");
	return segment + (*segment == '/');
}

/* The plural that a request path names: ".../api/v1/[namespaces/<ns>/]<plural>[/<name>[/<sub>]]". "" when it names none. A namespace itself
 * (also its status) names "namespaces". */
static const char *path_resource(const char *path, size_t *ret_len)
{
	bool core;
	const char *segment = api_part(path, &core);

	*ret_len = 0;
	if (!segment)
		return "";
	segment = next_segment(segment);
	if (!core)
		segment = next_segment(segment);
	*ret_len = strcspn(segment, "/");
	if (*ret_len != strlen("namespaces") || strncmp(segment, "namespaces", *ret_len) != 0)
		return segment;
	const char *inner = next_segment(next_segment(segment));
	size_t inner_len = strcspn(inner, "/");
	if (inner_len == 0 || strcmp(inner, "status") == 0 || strcmp(inner, "finalize") == 0)
		return segment;
	*ret_len = inner_len;
	return inner;
}

/* A 404 proves that an object is absent only when the server says so about the very resource that was asked for: the same code and reason
 * come for an unknown workspace, and an unserved path may be wrapped into a Status. */
static enum sy_kube_verdict not_found(json_object *status, const char *reason, const char *path)
{
	const char *kind = sy_json_str(status, "details", "kind", NULL);
	size_t len;
	const char *resource = path_resource(path ? path : "", &len);

	if (strcmp(reason, "NotFound") != 0 || has_cause(status, "UnexpectedServerResponse"))
		return SY_KUBE_NOT_SERVED;
	if (!kind || !*kind || len == 0 || (strlen(kind) == len && strncmp(kind, resource, len) == 0))
		return SY_KUBE_NOT_FOUND;
	return strcmp(kind, "namespaces") == 0 ? SY_KUBE_NAMESPACE_MISSING : SY_KUBE_NOT_SERVED;
}

static enum sy_kube_verdict forbidden(json_object *status, const char *message)
{
	if (has_cause(status, "NamespaceTerminating") || strstr(message, "because it is being terminated"))
		return SY_KUBE_NAMESPACE_TERMINATING;
	return SY_KUBE_FORBIDDEN;
}

/* The server gives these two no code, reason or cause of their own. */
static enum sy_kube_verdict internal_error(const char *message)
{
	if (strncmp(message, "failed to create typed patch object", strlen("failed to create typed patch object")) == 0)
		return SY_KUBE_BAD_REQUEST;
	if (strstr(message, "etcdserver: request is too large"))
		return SY_KUBE_TOO_LARGE;
	return SY_KUBE_SERVER_ERROR;
}

static enum sy_kube_verdict classify(const struct sy_kube_result *result, json_object *status, const char *path)
{
	switch (result->http_code) {
	case 304: /* comes only for an etag that we have sent */
		return SY_KUBE_OK;
	case 400:
	case 406:
	case 415:
		return status ? SY_KUBE_BAD_REQUEST : SY_KUBE_SERVER_ERROR; /* a proxy's page says nothing about the object */
	case 401:
		return SY_KUBE_UNAUTHORIZED;
	case 403:
		return forbidden(status, result->message);
	case 404:
		return not_found(status, result->reason, path);
	case 409:
		return strcmp(result->reason, "AlreadyExists") == 0 ? SY_KUBE_ALREADY_EXISTS : SY_KUBE_CONFLICT;
	case 410:
		return SY_KUBE_GONE;
	case 413:
		return SY_KUBE_TOO_LARGE;
	case 422:
		return status ? SY_KUBE_INVALID : SY_KUBE_SERVER_ERROR;
	case 429:
		return SY_KUBE_THROTTLED;
	case 500:
		return internal_error(result->message);
	case 503:
		return result->retry_after_ms > 0 ? SY_KUBE_THROTTLED : SY_KUBE_SERVER_ERROR;
	default:
		return result->http_code >= 200 && result->http_code < 300 ? SY_KUBE_OK : SY_KUBE_SERVER_ERROR;
	}
}

/* Copy the first line; a text that holds one of our secrets is not passed on at all. */
static void set_message(const struct sy_kube *kube, const char *text, size_t len, struct kube_text *out)
{
	const char *end = memchr(text, '\n', len);

	if (end)
		len = (size_t)(end - text);
	if (len >= sizeof(out->message)) {
		len = sizeof(out->message) - 1;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--; /* not within a character */
	}
	memcpy(out->message, text, len);
	out->message[len] = '\0';
	if (kube && kube->identity && sy_http_identity_leaks(kube->identity, out->message))
		memcpy(out->message, "(text withheld: it holds a secret)", sizeof("(text withheld: it holds a secret)"));
}

static bool is_status(json_object *object)
{
	const char *kind = sy_json_str(object, "kind", NULL);

	return kind && strcmp(kind, "Status") == 0;
}

static int64_t status_retry_after_ms(json_object *status)
{
	int64_t seconds;

	if (!sy_json_int(status, &seconds, "details", "retryAfterSeconds", NULL) || seconds <= 0)
		return 0;
	return seconds > KUBE_MAX_RETRY_AFTER_MS / 1000 ? KUBE_MAX_RETRY_AFTER_MS : seconds * 1000;
}

static void set_retry_after(struct sy_kube_result *result, int64_t header_ms, json_object *status)
{
	int64_t delay = header_ms > 0 ? header_ms : status_retry_after_ms(status);

	if (delay == 0 && result->http_code == 429)
		delay = DEFAULT_RETRY_AFTER_MS;
	result->retry_after_ms = delay > KUBE_MAX_RETRY_AFTER_MS ? KUBE_MAX_RETRY_AFTER_MS : delay;
}

static void set_server_time(struct sy_kube_result *result, const char *date)
{
	time_t seconds;

	if (date && sy_http_date_parse(date, &seconds))
		result->server_time = (int64_t)seconds;
}

/* A proxy in front of kcp says nothing but 502 when a shard is away: an error is never without words. */
static void say_code(const struct sy_kube_result *result, struct kube_text *text)
{
	if (result->verdict != SY_KUBE_OK && text->message[0] == '\0')
		(void)snprintf(text->message, sizeof(text->message), "HTTP status %d without a message", result->http_code);
}

void kube_result(const struct sy_kube *kube, const struct kube_answer *answer, struct kube_text *text, struct sy_kube_result *ret_result)
{
	static const char too_large[] = "the answer is larger than this client accepts";
	const struct sy_http_answer *http = answer->http;
	json_object *status = is_status(answer->object) ? answer->object : NULL;
	struct sy_kube_result result = {
		.http_code = http->code,
		.body = answer->body ? answer->body : "",
		.body_len = answer->body ? answer->body_len : 0,
		.object = answer->object,
		.reason = sy_json_str(status, "reason", NULL),
		.warning = http->warning,
		.etag = http->etag,
		.message = text->message,
	};

	if (!result.reason)
		result.reason = "";
	const char *message = sy_json_str(status, "message", NULL);
	text->message[0] = '\0';
	if (message)
		set_message(kube, message, strlen(message), text);
	else if (!answer->object)
		set_message(kube, result.body, result.body_len, text);
	set_retry_after(&result, http->retry_after_ms, status);
	set_server_time(&result, http->date);
	if (answer->too_large) {
		result.verdict = SY_KUBE_TOO_LARGE;
		set_message(kube, too_large, sizeof(too_large) - 1, text);
	} else if (http->end != SY_HTTP_COMPLETE) {
		/* Also with a code: a body that is cut off proves nothing. */
		result.verdict = SY_KUBE_UNREACHABLE;
		set_message(kube, http->error, strlen(http->error), text);
	} else {
		result.verdict = classify(&result, status, answer->path);
	}
	say_code(&result, text);
	*ret_result = result;
}

void kube_result_of_status(const struct sy_kube *kube, json_object *status, struct kube_text *text, struct sy_kube_result *ret_result)
{
	int64_t code = 0;
	const char *message = sy_json_str(status, "message", NULL);
	struct sy_kube_result result = {
		.body = "", .object = status, .reason = sy_json_str(status, "reason", NULL), .message = text->message};

	if (!result.reason)
		result.reason = "";
	text->message[0] = '\0';
	if (message)
		set_message(kube, message, strlen(message), text);
	if (!sy_json_int(status, &code, "code", NULL) || code < 300 || code > 599)
		code = 500;
	result.http_code = (int)code;
	set_retry_after(&result, 0, status);
	result.verdict =
		strcmp(result.reason, "Expired") == 0 || strcmp(result.reason, "Gone") == 0 ? SY_KUBE_GONE : classify(&result, status, "");
	say_code(&result, text);
	*ret_result = result;
}

void kube_result_of_failure(enum sy_kube_verdict verdict, const char *message, struct kube_text *text, struct sy_kube_result *ret_result)
{
	set_message(NULL, message, strlen(message), text);
	*ret_result = (struct sy_kube_result){.verdict = verdict, .body = "", .reason = "", .message = text->message};
}

void kube_count(struct sy_kube *kube, const struct sy_kube_result *result)
{
	if (result->verdict == SY_KUBE_UNREACHABLE || result->http_code >= 500)
		kube->counters.failures++;
	if (result->http_code == 429)
		kube->counters.throttled++;
}
