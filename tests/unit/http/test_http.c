/* Transfers against a server on the same loop. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/http.h"
#include "unit/http/server.h"

struct fixture {
	struct sy_loop *loop;
	struct server server;
	struct sy_http_pool *pool;
	struct sy_http_identity *identity;
	struct sy_http_transfer *transfer;
	char target[256];
	char head[2048];
	char seen_body[256];
	const char *mode;
	int done;
	int open;
	enum sy_http_end end;
	int code;
	int64_t retry_after_ms;
	char error[256];
	char warning[64];
	char body[4096];
	size_t body_len;
	bool free_in_body;
	bool cancel_in_body;
	bool start_in_done;
};

static void handle(void *arg, struct server_conn *conn, const char *target, const char *head, const char *body)
{
	struct fixture *f = arg;

	snprintf(f->target, sizeof(f->target), "%s", target);
	snprintf(f->head, sizeof(f->head), "%s", head);
	snprintf(f->seen_body, sizeof(f->seen_body), "%s", body);
	if (strcmp(f->mode, "reply") == 0) {
		server_reply(conn, 429, "Retry-After: 7\r\nWarning: 299 - \"beware\"\r\n", "slow down");
	} else if (strcmp(f->mode, "cut") == 0) {
		server_open(conn);
		server_text(conn, "half");
		server_cut(conn);
	} else if (strcmp(f->mode, "stream") == 0) {
		server_open(conn);
		server_text(conn, "one");
		server_text(conn, "two");
		server_end(conn);
	} else if (strcmp(f->mode, "redirect") == 0) {
		server_reply(conn, 302, "Location: http://127.0.0.1:1/\r\n", "");
	}
	/* "mute": nothing */
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct sy_http_identity_spec spec = {.token = "secret-token-1", .user_agent = "test/1"};

	if (!f || sy_loop_new(&f->loop, NULL) < 0 || sy_http_pool_new(&f->pool, f->loop, 2, NULL) < 0 ||
	    sy_http_identity_new(&f->identity, &spec, NULL) < 0)
		return -1;
	server_start(&f->server, f->loop, handle, f);
	f->mode = "reply";
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sy_http_pool_free(f->pool);
	sy_http_identity_unref(f->identity);
	server_stop(&f->server);
	sy_loop_free(f->loop);
	free(f);
	return 0;
}

static void on_open(void *arg, int code)
{
	struct fixture *f = arg;

	f->open = code;
}

static int on_body(void *arg, int code, const char *data, size_t len)
{
	struct fixture *f = arg;

	(void)code;
	if (f->body_len + len < sizeof(f->body)) {
		memcpy(f->body + f->body_len, data, len);
		f->body_len += len;
	}
	if (f->free_in_body) {
		sy_http_pool_free(f->pool);
		f->pool = NULL;
	}
	if (f->cancel_in_body)
		sy_http_cancel(f->transfer);
	return 0;
}

static void start(struct fixture *f, const char *method, const char *body, int64_t timeout_ms);

static void on_done(void *arg, const struct sy_http_answer *answer)
{
	struct fixture *f = arg;

	f->done++;
	f->end = answer->end;
	f->code = answer->code;
	f->retry_after_ms = answer->retry_after_ms;
	snprintf(f->error, sizeof(f->error), "%s", answer->error);
	snprintf(f->warning, sizeof(f->warning), "%s", answer->warning ? answer->warning : "");
	if (f->start_in_done && f->done == 1)
		start(f, "GET", NULL, 5000);
}

static const struct sy_http_ops ops = {on_open, on_body, on_done};

static void start(struct fixture *f, const char *method, const char *body, int64_t timeout_ms)
{
	char url[128];
	struct sy_error err = {0};

	snprintf(url, sizeof(url), "%s/a/../b?x=%%2F", f->server.url);
	struct sy_http_request request = {
		.method = method,
		.url = url,
		.accept = "application/json",
		.content_type = body ? "application/json" : NULL,
		.body = body,
		.body_len = body ? strlen(body) : 0,
		.timeout_ms = timeout_ms,
	};
	assert_int_equal(sy_http_start(f->pool, f->identity, &request, &ops, f, &f->transfer, &err), 0);
	assert_int_equal(f->start_in_done && f->done ? 0 : f->done, 0); /* never from inside the call */
}

static bool is_done(void *arg)
{
	return ((struct fixture *)arg)->done > 0;
}

static bool is_done_twice(void *arg)
{
	return ((struct fixture *)arg)->done > 1;
}

static bool has_body(void *arg)
{
	return ((struct fixture *)arg)->body_len > 0;
}

static bool is_idle(void *arg)
{
	return LIST_EMPTY(&((struct fixture *)arg)->server.conns);
}

static void test_answer(void **state)
{
	struct fixture *f = *state;

	start(f, "POST", "{}", 5000);
	assert_true(server_wait_for(f->loop, is_done, f, 5000));
	assert_int_equal(f->end, SY_HTTP_COMPLETE);
	assert_int_equal(f->code, 429);
	assert_int_equal(f->open, 429);
	assert_int_equal(f->retry_after_ms, 7000);
	assert_string_equal(f->warning, "299 - \"beware\"");
	assert_memory_equal(f->body, "slow down", 9);
	assert_string_equal(f->target, "POST /a/../b?x=%2F"); /* the path is sent as it is */
	assert_string_equal(f->seen_body, "{}");
	assert_non_null(strstr(f->head, "Authorization: Bearer secret-token-1\r\n"));
	assert_non_null(strstr(f->head, "Content-Type: application/json\r\n"));
	assert_non_null(strstr(f->head, "Accept: application/json\r\n"));
	assert_non_null(strstr(f->head, "User-Agent: test/1\r\n"));
	assert_null(strcasestr(f->head, "Expect:"));
	assert_null(strcasestr(f->head, "Accept-Encoding:"));
}

static void test_methods(void **state)
{
	static const char *const methods[] = {"GET", "PUT", "PATCH", "DELETE"};
	struct fixture *f = *state;

	for (size_t i = 0; i < 4; i++) {
		f->done = 0;
		start(f, methods[i], i % 3 ? "{\"a\":1}" : NULL, 5000);
		assert_true(server_wait_for(f->loop, is_done, f, 5000));
		assert_int_equal(strncmp(f->target, methods[i], strlen(methods[i])), 0);
		assert_string_equal(f->seen_body, i % 3 ? "{\"a\":1}" : "");
	}
	assert_int_equal(f->server.accepted, 1); /* one connection served all */
}

static void test_stream(void **state)
{
	struct fixture *f = *state;

	f->mode = "stream";
	start(f, "GET", NULL, 5000);
	assert_true(server_wait_for(f->loop, is_done, f, 5000));
	assert_int_equal(f->end, SY_HTTP_COMPLETE);
	assert_int_equal(f->body_len, 6);
	assert_memory_equal(f->body, "onetwo", 6);
}

static void test_cut(void **state)
{
	struct fixture *f = *state;

	f->mode = "cut";
	start(f, "GET", NULL, 5000);
	assert_true(server_wait_for(f->loop, is_done, f, 5000));
	assert_int_equal(f->end, SY_HTTP_BROKEN);
	assert_int_equal(f->code, 200);
	assert_string_not_equal(f->error, "");
}

static void test_timeout_opens_new_connection(void **state)
{
	struct fixture *f = *state;

	f->mode = "mute";
	start(f, "GET", NULL, 100);
	assert_true(server_wait_for(f->loop, is_done, f, 5000));
	assert_int_equal(f->end, SY_HTTP_TIMEOUT);
	f->mode = "reply";
	f->done = 0;
	start(f, "GET", NULL, 5000);
	assert_true(server_wait_for(f->loop, is_done, f, 5000));
	assert_int_equal(f->code, 429);
	assert_int_equal(f->server.accepted, 2);
}

static void test_redirect_is_not_followed(void **state)
{
	struct fixture *f = *state;

	f->mode = "redirect";
	start(f, "GET", NULL, 5000);
	assert_true(server_wait_for(f->loop, is_done, f, 5000));
	assert_int_equal(f->end, SY_HTTP_COMPLETE);
	assert_int_equal(f->code, 302);
}

static void test_cancel(void **state)
{
	struct fixture *f = *state;

	f->mode = "stream";
	f->cancel_in_body = true;
	start(f, "GET", NULL, 5000);
	assert_true(server_wait_for(f->loop, is_idle, f, 5000) || f->server.accepted == 0);
	assert_true(server_wait_for(f->loop, has_body, f, 5000));
	f->cancel_in_body = false;
	assert_int_equal(f->done, 0);
	start(f, "GET", NULL, 5000); /* the pool still works */
	sy_http_cancel(f->transfer);
	start(f, "GET", NULL, 5000);
	assert_true(server_wait_for(f->loop, is_done, f, 5000));
	assert_int_equal(f->done, 1);
}

static void test_free_in_callback(void **state)
{
	struct fixture *f = *state;

	f->mode = "stream";
	f->free_in_body = true;
	start(f, "GET", NULL, 5000);
	assert_true(server_wait_for(f->loop, has_body, f, 5000));
	assert_true(server_wait_for(f->loop, is_idle, f, 5000)); /* the connection was closed */
	assert_int_equal(f->done, 0);
}

static void test_start_in_done(void **state)
{
	struct fixture *f = *state;

	f->start_in_done = true;
	start(f, "GET", NULL, 5000);
	assert_true(server_wait_for(f->loop, is_done_twice, f, 5000));
	assert_int_equal(f->server.accepted, 1);
}

static void test_refused_urls(void **state)
{
	static const char *const urls[] = {"http://10.0.0.1/",
					   "http://127.0.0.1.example/",
					   "http://127.0.0.1:80@example.org/",
					   "http://localhost:8080/",
					   "ftp://127.0.0.1/",
					   "file:///etc/passwd",
					   "",
					   "HTTP://127.0.0.1/"};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		struct sy_http_request request = {.method = "GET", .url = urls[i], .timeout_ms = 1000};
		struct sy_error err = {0};

		assert_int_equal(sy_http_start(f->pool, f->identity, &request, &ops, f, NULL, &err), -EPROTONOSUPPORT);
		assert_string_not_equal(err.text, "");
	}
}

static void test_unreachable(void **state)
{
	struct fixture *f = *state;

	server_stop(&f->server);
	start(f, "GET", NULL, 5000);
	assert_true(server_wait_for(f->loop, is_done, f, 5000));
	assert_int_equal(f->end, SY_HTTP_BROKEN);
	assert_int_equal(f->code, 0);
	server_start(&f->server, f->loop, handle, f);
}

static void test_identity(void **state)
{
	struct sy_http_identity *identity = NULL;
	struct sy_error err = {0};

	(void)state;
	struct sy_http_identity_spec bad_token = {.token = "abc\r\nX-Evil: 1"};
	assert_int_equal(sy_http_identity_new(&identity, &bad_token, &err), -EINVAL);
	assert_null(strstr(err.text, "Evil"));
	struct sy_http_identity_spec half = {.cert_pem = "x"};
	assert_int_equal(sy_http_identity_new(&identity, &half, &err), -EINVAL);
	struct sy_http_identity_spec bad_proxy = {.proxy_url = "gopher://user:hunter2@h:1"};
	assert_int_equal(sy_http_identity_new(&identity, &bad_proxy, &err), -EINVAL);
	assert_null(strstr(err.text, "hunter2"));
	struct sy_http_identity_spec good = {.token = "tok", .proxy_url = "http://user:hunter2@127.0.0.1:3128", .tls_server_name = "api"};
	assert_int_equal(sy_http_identity_new(&identity, &good, &err), 0);
	assert_true(sy_http_identity_leaks(identity, "password hunter2!"));
	assert_true(sy_http_identity_leaks(identity, "a tok b"));
	assert_false(sy_http_identity_leaks(identity, "nothing"));
	sy_http_identity_unref(identity);
	sy_http_identity_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_methods, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timeout_opens_new_connection, setup, teardown),
		cmocka_unit_test_setup_teardown(test_redirect_is_not_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_free_in_callback, setup, teardown),
		cmocka_unit_test_setup_teardown(test_start_in_done, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_urls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreachable, setup, teardown),
		cmocka_unit_test(test_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
