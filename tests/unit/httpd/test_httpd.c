/* The HTTP server: addresses, answers, what is refused, its socket. */
#include "unit/httpd/clients.h"

static void test_addresses(void **state)
{
	static const char *const good[] = {"127.0.0.1:9464", "[::1]:9464", "0.0.0.0:1", "[2001:db8::1]:65535", "unix:/run/x.sock"};
	static const char *const bad[] = {"",
					  ":9464",
					  "127.0.0.1",
					  "127.0.0.1:",
					  "127.0.0.1:65536",
					  "127.0.0.1:-1",
					  "127.0.0.1:1a",
					  "localhost:9464",
					  "::1:9464",
					  "[::1:9464",
					  "[127.0.0.1]:1",
					  "unix:",
					  "[]:1",
					  "127.1:1",
					  "999.0.0.1:1",
					  "127.0.0.1 :9464",
					  "http://127.0.0.1:1"};
	struct sy_httpd_address address;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (sy_httpd_address_parse(good[i], &address))
			fail_msg("%s", good[i]);
		assert_int_equal(address.loopback, i < 2 || i == 4);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (!sy_httpd_address_parse(bad[i], &address))
			fail_msg("%s was taken", bad[i]);
	}
}

static void test_answers(void **state)
{
	struct fixture *f = start("127.0.0.1:0", NULL);
	char *text;

	(void)state;
	answers(f, "GET /fine HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n", "\r\n\r\nhello\n");
	assert_false(f->verbose);
	answers(f, "GET /fine?verbose HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n", "Connection: close\r\n");
	assert_true(f->verbose);
	answers(f, "GET /fine?a=1&verbose=true HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n", "nosniff");
	assert_true(f->verbose);
	answers(f, "GET /fine HTTP/1.0\r\n\r\n", "HTTP/1.", "\r\n\r\nhello\n");
	answers(f, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 ", "\r\n\r\n");
	text = ask(f, "HEAD /fine HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_non_null(strstr(text, "Content-Length: 6\r\n"));
	assert_null(strstr(text, "hello"));
	free(text);
	/* One request each: what follows in the same connection is not served. */
	f->asked = 0;
	answers(f, "GET /fine HTTP/1.1\r\nHost: x\r\n\r\nGET /fine HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n", "hello\n");
	assert_int_equal(f->asked, 1);
	stop(f);
}

/* One text for all who ask; it may be replaced while somebody still reads it. */
static void test_page(void **state)
{
	struct fixture *f = start("127.0.0.1:0", NULL);
	struct client *slow = connect_to(f);
	static char block[65536];
	struct sy_buf body;

	(void)state;
	memset(block, 'x', sizeof(block));
	sy_buf_init(&body, 64u << 20);
	for (size_t i = 0; i < (16u << 20); i += sizeof(block))
		assert_int_equal(sy_buf_add(&body, block, sizeof(block)), 0);
	assert_int_equal(sy_httpd_page_new(&f->page, "text/x", &body, NULL), 0);
	assert_int_equal(body.len, 0);
	assert_int_equal(sy_httpd_page_header(f->page, "X-More", "of it", NULL), 0);
	assert_int_equal(sy_httpd_page_header(f->page, "X-Split", "a\r\nb", NULL), -ENOMEM);
	say(slow, "GET /page HTTP/1.1\r\nHost: x\r\n\r\n");
	sy_io_set(slow->io, 0);
	answers(f, "HEAD /page HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n", "Content-Length: 16777216\r\n");
	answers(f, "HEAD /page HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n", "\r\nX-More: of it\r\n");
	assert_int_equal(f->asked, 3);
	sy_httpd_page_free(f->page);
	f->page = NULL;
	assert_int_equal(sy_buf_add_str(&body, "new\n"), 0);
	assert_int_equal(sy_httpd_page_new(&f->page, NULL, &body, NULL), 0);
	answers(f, "GET /page HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n", "\r\n\r\nnew\n");
	sy_io_set(slow->io, SY_READ);
	assert_true(until_closed(slow, PATIENCE_MS));
	assert_non_null(strstr(sy_buf_str(&slow->in), "Content-Type: text/x\r\n"));
	assert_true(slow->in.len > (16u << 20));
	hang_up(slow);
	stop(f);
}

static void test_host(void **state)
{
	static const char *const ours[] = {"localhost",	      "LocalHost:9464", "127.0.0.1", "127.0.0.1:1",
					   "127.8.9.1:65535", "[::1]",		"[::1]:9464"};
	static const char *const others[] = {"",
					     "evil.example",
					     "localhost.evil.example",
					     "evil.example:9464",
					     "localhost:",
					     "localhost:0",
					     "localhost:x",
					     "localhost:65536",
					     "localhost:1:2",
					     "127.0.0.1.evil.example",
					     "0x7f000001",
					     "127.1",
					     "128.0.0.1",
					     "10.0.0.1",
					     "::1",
					     "[::1",
					     "[::1]x",
					     "[::2]",
					     "[::1].evil.example",
					     "localhost/",
					     " localhost",
					     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	struct fixture *f = start("127.0.0.1:0", NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (!sy_httpd_host_is_local(ours[i]))
			fail_msg("%s is this machine", ours[i]);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (sy_httpd_host_is_local(others[i]))
			fail_msg("%s was taken", others[i]);
	}
	assert_false(sy_httpd_host_is_local(NULL));
	answers(f, "GET /fine HTTP/1.1\r\nhOST:  evil.example:80\r\n\r\n", "HTTP/1.1 200 OK\r\n", "hello\n");
	assert_string_equal(f->host, "evil.example:80");
	answers(f, "GET /fine HTTP/1.0\r\n\r\n", "HTTP/1.", "hello\n");
	assert_string_equal(f->host, "");
	stop(f);
}

static void test_only_reads(void **state)
{
	static const char *const methods[] = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW", "get"};
	struct fixture *f = start("127.0.0.1:0", NULL);
	char request[128];

	(void)state;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		(void)snprintf(request, sizeof(request), "%s /fine HTTP/1.1\r\nHost: x\r\n\r\n", methods[i]);
		answers(f, request, "HTTP/1.1 405 ", "Allow: GET, HEAD\r\n");
	}
	answers(f, "POST /fine HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 405 ", "\r\n\r\n");
	answers(f, "GET /fine HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 413 ", "\r\n\r\n");
	answers(f, "GET /fine HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "HTTP/1.1 413 ",
		"\r\n\r\n");
	answers(f, "GET /fine HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n", "HTTP/1.1 4", "\r\n\r\n");
	assert_int_equal(f->asked, 0);
	answers(f, "GET /fine HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 ", "hello");
	stop(f);
}

static void test_unix(void **state)
{
	static const struct sy_httpd_limits limits = SY_HTTPD_LIMITS;
	char dir[] = "/tmp/httpd-XXXXXX", address[64], *path;
	struct sy_httpd *again = NULL;
	struct sy_error err = {0};
	struct fixture *f;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(address, sizeof(address), "unix:%s/metrics.sock", dir);
	path = address + 5;
	f = start(address, NULL);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0660);
	assert_int_equal(sy_httpd_port(f->httpd), 0);
	assert_int_equal(sy_httpd_new(&again, f->loop, address, "metrics.listen", &limits, on_request, f, &err), -EADDRINUSE);
	assert_non_null(strstr(err.text, "set another metrics.listen"));
	/* Somebody has put another file there: it is not ours to remove. */
	assert_int_equal(unlink(path), 0);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un other = {.sun_family = AF_UNIX};
	(void)strlcpy(other.sun_path, path, sizeof(other.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&other, sizeof(other)), 0);
	stop(f);
	assert_int_equal(stat(path, &st), 0);
	close(fd);
	/* Nobody answers there any more: it is replaced, and removed at the end. */
	f = start(address, NULL);
	stop(f);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(rmdir(dir), 0);
}

static void test_taken(void **state)
{
	static const struct sy_httpd_limits limits = SY_HTTPD_LIMITS;
	struct fixture *f = start("127.0.0.1:0", NULL);
	struct sy_httpd *again = NULL;
	struct sy_error err = {0};
	char address[32];

	(void)state;
	(void)snprintf(address, sizeof(address), "127.0.0.1:%u", sy_httpd_port(f->httpd));
	assert_int_equal(sy_httpd_new(&again, f->loop, address, "metrics.listen", &limits, on_request, f, &err), -EADDRINUSE);
	assert_non_null(strstr(err.text, "metrics.listen 127.0.0.1:"));
	assert_int_equal(sy_httpd_new(&again, f->loop, "nowhere", "metrics.listen", &limits, on_request, f, &err), -EINVAL);
	stop(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_addresses), cmocka_unit_test(test_answers),	cmocka_unit_test(test_page),
					   cmocka_unit_test(test_host),	     cmocka_unit_test(test_only_reads), cmocka_unit_test(test_unix),
					   cmocka_unit_test(test_taken)};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
