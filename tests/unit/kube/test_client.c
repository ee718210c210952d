/* Single requests: verdicts, reach, secrets. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "kube/client.h"
#include "unit/http/server.h"

struct fixture {
	struct sy_loop *loop;
	struct server server;
	struct sy_kube *kube;
	int code;
	const char *headers;
	const char *body;
	bool cut;
	int requests;
	int done;
	enum sy_kube_verdict verdict;
	bool has_object;
	char message[2048];
	int64_t retry_after_ms;
	int64_t server_time;
	bool free_client;
};

static void handle(void *arg, struct server_conn *conn, const char *target, const char *head, const char *body)
{
	struct fixture *f = arg;

	(void)target;
	(void)head;
	(void)body;
	f->requests++;
	if (f->cut) {
		server_open(conn);
		server_text(conn, f->body);
		server_cut(conn);
	} else {
		server_reply(conn, f->code, f->headers, f->body);
	}
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char token[] = "secret-token-1";

	if (!f || sy_loop_new(&f->loop, NULL) < 0)
		return -1;
	server_start(&f->server, f->loop, handle, f);
	struct sy_access access = {.server = f->server.url, .token = token};
	if (sy_kube_new(&f->kube, f->loop, &access, NULL, NULL) < 0)
		return -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sy_kube_free(f->kube);
	server_stop(&f->server);
	sy_loop_free(f->loop);
	free(f);
	return 0;
}

static void on_done(void *arg, const struct sy_kube_result *result)
{
	struct fixture *f = arg;

	f->done++;
	f->verdict = result->verdict;
	f->has_object = result->object != NULL;
	f->retry_after_ms = result->retry_after_ms;
	f->server_time = result->server_time;
	snprintf(f->message, sizeof(f->message), "%s", result->message);
	if (f->free_client) {
		sy_kube_free(f->kube);
		f->kube = NULL;
	}
}

static bool is_done(void *arg)
{
	return ((struct fixture *)arg)->done > 0;
}

static void run(struct fixture *f, const char *method, const char *path)
{
	struct sy_kube_call call = {.method = method, .path = path};
	struct sy_error err = {0};

	f->done = 0;
	assert_int_equal(sy_kube_do(f->kube, &call, on_done, f, NULL, &err), 0);
	assert_true(server_wait_for(f->loop, is_done, f, 5000));
	assert_int_equal(f->done, 1);
}

#define STATUS(reason, message, details)                                                                                                   \
	"{\"kind\":\"Status\",\"reason\":\"" reason "\",\"message\":\"" message "\",\"details\":{" details "}}"
#define CM "/api/v1/namespaces/x/configmaps/c"

static const struct verdict_case {
	const char *method, *path;
	int code;
	const char *headers, *body;
	enum sy_kube_verdict verdict;
} cases[] = {
	{"GET", CM, 200, NULL, "{\"kind\":\"ConfigMap\"}", SY_KUBE_OK},
	{"POST", CM, 201, NULL, "{}", SY_KUBE_OK},
	{"GET", CM, 404, NULL, STATUS("NotFound", "m", "\"kind\":\"configmaps\""), SY_KUBE_NOT_FOUND},
	{"GET", CM, 404, NULL, "404 page not found", SY_KUBE_NOT_SERVED},
	{"GET", CM, 404, NULL, STATUS("NotFound", "m", "\"causes\":[{\"reason\":\"UnexpectedServerResponse\"}]"), SY_KUBE_NOT_SERVED},
	{"GET", CM, 404, NULL, STATUS("NotFound", "m", "\"kind\":\"workspaces\""), SY_KUBE_NOT_SERVED},
	{"POST", "/clusters/a/api/v1/namespaces/x/configmaps", 404, NULL, STATUS("NotFound", "m", "\"kind\":\"namespaces\""),
	 SY_KUBE_NAMESPACE_MISSING},
	{"GET", "/api/v1/namespaces/x", 404, NULL, STATUS("NotFound", "m", "\"kind\":\"namespaces\""), SY_KUBE_NOT_FOUND},
	{"PUT", "/api/v1/namespaces/x/status", 404, NULL, STATUS("NotFound", "m", "\"kind\":\"namespaces\""), SY_KUBE_NOT_FOUND},
	{"GET", "/apis/e.dev/v1/widgets/w", 404, NULL, STATUS("NotFound", "m", "\"kind\":\"widgets\""), SY_KUBE_NOT_FOUND},
	{"POST", CM, 409, NULL, STATUS("AlreadyExists", "m", ""), SY_KUBE_ALREADY_EXISTS},
	{"POST", CM, 409, NULL, STATUS("Conflict", "m", ""), SY_KUBE_CONFLICT},
	{"POST", CM, 422, NULL, STATUS("Invalid", "m", ""), SY_KUBE_INVALID},
	{"POST", CM, 400, NULL, STATUS("BadRequest", "m", ""), SY_KUBE_BAD_REQUEST},
	{"POST", CM, 406, NULL, STATUS("NotAcceptable", "m", ""), SY_KUBE_BAD_REQUEST},
	{"POST", CM, 415, NULL, STATUS("UnsupportedMediaType", "m", ""), SY_KUBE_BAD_REQUEST},
	{"POST", CM, 400, NULL, "<html>Bad Request</html>", SY_KUBE_SERVER_ERROR},
	{"POST", CM, 400, NULL, "{\"kind\":\"Error\"}", SY_KUBE_SERVER_ERROR},
	{"POST", CM, 406, NULL, "", SY_KUBE_SERVER_ERROR},
	{"POST", CM, 415, NULL, "", SY_KUBE_SERVER_ERROR},
	{"POST", CM, 422, NULL, "no", SY_KUBE_SERVER_ERROR},
	{"PATCH", CM, 500, NULL, STATUS("", "failed to create typed patch object (x): .spec.y: field not declared", ""),
	 SY_KUBE_BAD_REQUEST},
	{"POST", CM, 500, NULL, STATUS("", "etcdserver: request is too large", ""), SY_KUBE_TOO_LARGE},
	{"POST", CM, 500, NULL, "Internal Server Error", SY_KUBE_SERVER_ERROR},
	{"POST", CM, 413, NULL, "", SY_KUBE_TOO_LARGE},
	{"POST", CM, 403, NULL, STATUS("Forbidden", "access denied", ""), SY_KUBE_FORBIDDEN},
	{"POST", CM, 403, NULL, STATUS("Forbidden", "m", "\"causes\":[{\"reason\":\"NamespaceTerminating\"}]"),
	 SY_KUBE_NAMESPACE_TERMINATING},
	{"POST", CM, 403, NULL, STATUS("Forbidden", "unable to create new content in namespace x because it is being terminated", ""),
	 SY_KUBE_NAMESPACE_TERMINATING},
	{"GET", CM, 401, NULL, STATUS("Unauthorized", "Unauthorized", ""), SY_KUBE_UNAUTHORIZED},
	{"GET", CM, 410, NULL, STATUS("Expired", "m", ""), SY_KUBE_GONE},
	{"GET", CM, 429, NULL, "", SY_KUBE_THROTTLED},
	{"GET", CM, 503, "Retry-After: 2\r\n", "", SY_KUBE_THROTTLED},
	{"GET", CM, 503, NULL, "", SY_KUBE_SERVER_ERROR},
	{"GET", CM, 504, NULL, "", SY_KUBE_SERVER_ERROR},
	{"GET", CM, 302, NULL, "", SY_KUBE_SERVER_ERROR},
	{"GET", CM, 405, NULL, "", SY_KUBE_SERVER_ERROR},
};

static void test_verdicts(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		f->code = cases[i].code;
		f->headers = cases[i].headers;
		f->body = cases[i].body;
		run(f, cases[i].method, cases[i].path);
		if (f->verdict != cases[i].verdict)
			fail_msg("case %zu (%d %s): %s", i, f->code, f->body, sy_kube_verdict_name(f->verdict));
		assert_int_equal(f->server_time, 1795499100);
		assert_true(f->verdict == SY_KUBE_OK || f->message[0]);
	}
	assert_int_equal(sy_kube_counters(f->kube).requests, sizeof(cases) / sizeof(*cases));
	assert_int_equal(sy_kube_counters(f->kube).throttled, 1);
}

static void test_retry_after(void **state)
{
	struct fixture *f = *state;

	f->body = "";
	f->code = 429;
	run(f, "GET", CM);
	assert_int_equal(f->retry_after_ms, 1000);
	f->headers = "Retry-After: 100000\r\n";
	run(f, "GET", CM);
	assert_int_equal(f->retry_after_ms, 300000);
}

static void test_bodies(void **state)
{
	struct fixture *f = *state;

	f->code = 200;
	f->body = "{\"a\":1,\"a\":2}"; /* not JSON as we mean it */
	run(f, "GET", CM);
	assert_int_equal(f->verdict, SY_KUBE_OK);
	assert_false(f->has_object);
	f->body = "{\"a\":1}";
	run(f, "GET", CM);
	assert_true(f->has_object);
	f->cut = true;
	run(f, "GET", CM);
	assert_int_equal(f->verdict, SY_KUBE_UNREACHABLE);
	assert_false(f->has_object);
	assert_string_not_equal(f->message, "");
}

static void test_secret_is_withheld(void **state)
{
	struct fixture *f = *state;

	f->code = 401;
	f->body = STATUS("Unauthorized", "the token secret-token-1 is unknown", "");
	run(f, "GET", CM);
	assert_null(strstr(f->message, "secret-token-1"));
	f->body = "you sent secret-token-1\nand more";
	run(f, "GET", CM);
	assert_null(strstr(f->message, "secret-token-1"));
	f->body = "first line\nsecond";
	run(f, "GET", CM);
	assert_string_equal(f->message, "first line");
}

static void test_error_without_words(void **state)
{
	struct fixture *f = *state;

	f->code = 502;
	f->body = "";
	run(f, "GET", CM);
	assert_int_equal(f->verdict, SY_KUBE_SERVER_ERROR);
	assert_string_equal(f->message, "HTTP status 502 without a message");
	f->body = "{}";
	run(f, "GET", CM);
	assert_string_equal(f->message, "HTTP status 502 without a message");
}

static void test_too_large_answer(void **state)
{
	struct fixture *f = *state;
	size_t len = SY_MAX_RESPONSE_BYTES + 10;
	char *body = malloc(len + 1);

	assert_non_null(body);
	memset(body, ' ', len);
	body[len] = '\0';
	f->code = 200;
	f->body = body;
	run(f, "GET", CM);
	assert_int_equal(f->verdict, SY_KUBE_TOO_LARGE);
	free(body);
}

static int start(struct fixture *f, const char *base, const char *path, const char *query)
{
	struct sy_kube_call call = {.method = "GET", .base = base, .path = path, .query = query};
	struct sy_kube_request *request = NULL;
	struct sy_error err = {0};
	int r = sy_kube_do(f->kube, &call, on_done, f, &request, &err);

	sy_kube_cancel(request);
	return r;
}

static void test_reach(void **state)
{
	static const char *const bad_paths[] = {"/a/../b",     "/a/./b",       "/a//b",		"//a",		"/..",	     "/a/..",
						"/a/%2e%2e/b", "/a/%2E./b",    "/a%2fb",	"/a%5cb",	"/a%252e/b", "/a#b",
						"/a b",	       "/a\\b",	       "/a\r\nX: y",	"/a%00",	"/a%zz",     "/a%2",
						"/a\x80",      "/clusters/ab", "/clusters/a@b", "/clusters/a:1"};
	static const char *const good_paths[] = {"/clusters/a", "/clusters/a/", "/clusters/a/api/v1/x%20y", "/clusters/a/apis/x:y/a..b"};
	struct fixture *f = *state;
	char prefix[128], evil[128];
	const char *prefixes[] = {prefix};

	snprintf(prefix, sizeof(prefix), "%s/clusters/a", f->server.url);
	snprintf(evil, sizeof(evil), "%s@example.org", f->server.url);
	assert_int_equal(start(f, NULL, "/clusters/ab", NULL), 0); /* everything below the server */
	assert_int_equal(start(f, evil, "/clusters/a", NULL), -EACCES);
	assert_int_equal(start(f, "https://example.org", "/clusters/a", NULL), -EACCES);
	assert_int_equal(sy_kube_allow(f->kube, prefixes, 1, NULL), 0);
	for (size_t i = 0; i < sizeof(bad_paths) / sizeof(*bad_paths); i++)
		if (start(f, NULL, bad_paths[i], NULL) != -EACCES)
			fail_msg("allowed: %s", bad_paths[i]);
	for (size_t i = 0; i < sizeof(good_paths) / sizeof(*good_paths); i++)
		if (start(f, NULL, good_paths[i], "a=%2F..%2F&b") != 0)
			fail_msg("refused: %s", good_paths[i]);
	assert_int_equal(start(f, NULL, "/clusters/a?x", NULL), -EINVAL);
	assert_int_equal(start(f, prefix, "x", NULL), -EINVAL);
	assert_int_equal(sy_kube_allow(f->kube, NULL, 0, NULL), 0);
	assert_int_equal(start(f, NULL, "/clusters/a", NULL), -EACCES);
}

static void test_free_in_callback(void **state)
{
	struct fixture *f = *state;

	f->code = 200;
	f->body = "{}";
	f->free_client = true;
	run(f, "GET", CM);
	assert_null(f->kube);
}

static void test_call_is_checked(void **state)
{
	struct fixture *f = *state;
	struct sy_kube_call call = {.method = "TRACE", .path = "/"};

	assert_int_equal(sy_kube_do(f->kube, &call, on_done, f, NULL, NULL), -EINVAL);
	call.method = "POST";
	call.body = "";
	call.body_len = SY_MAX_OBJECT_BYTES + 1u;
	assert_int_equal(sy_kube_do(f->kube, &call, on_done, f, NULL, NULL), -EMSGSIZE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_verdicts),
		TEST(test_retry_after),
		TEST(test_bodies),
		TEST(test_secret_is_withheld),
		TEST(test_error_without_words),
		TEST(test_too_large_answer),
		TEST(test_reach),
		TEST(test_free_in_callback),
		TEST(test_call_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
