/* The HTTP server against who sends nonsense, too much, too slowly, or too many at a time. */
#include "unit/httpd/clients.h"

/* Whatever it is: an end of the connection in good time, no call of the handler, and the next one is served. */
static void test_hostile(void **state)
{
	static const char *const texts[] = {"\r\n\r\n\r\n\r\n",
					    "GET\r\n\r\n",
					    "GET /fine\r\n\r\n",
					    "GET /fine HTTP/9.9\r\nHost: x\r\n\r\n",
					    "GET /fine HTTP/1.1\r\nHost\r\n\r\n",
					    "GET /fine HTTP/1.1\r\n: x\r\n\r\n",
					    "GET /fine HTTP/1.1\r\n\r\n",
					    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS?\r\n\r\n",
					    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
					    "{\"v\":1,\"id\":1,\"verb\":\"status\",\"args\":{}}\n\n"};
	const struct sy_httpd_limits limits = {.connections = 4,
					       .request_bytes = 4096,
					       .deadline_ms = 300,
					       .header_ms = 300,
					       .idle_ms = 100,
					       .slow_ms = 300,
					       .answer_bytes = 65536};
	struct fixture *f = start("127.0.0.1:0", &limits);
	char *large = malloc(100001);

	(void)state;
	assert_non_null(large);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(ask(f, texts[i]));
	for (int i = 0; i < 3; i++) {
		char *text;

		memset(large, 'a', 100000);
		large[100000] = '\0';
		if (i == 0)
			memcpy(large, "GET /", 5);
		else if (i == 1)
			memcpy(large, "GET /fine HTTP/1.1\r\nX: ", 23);
		for (size_t at = 0; i == 2 && at + 8 <= 100000; at += 8)
			memcpy(large + at, at ? "b: c\r\n\0\0" : "GET /x H", at ? 6 : 8);
		text = ask(f, large);
		assert_null(strstr(text, "200 OK"));
		free(text);
	}
	free(large);
	answers(f, "GET /%00fine HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 ", "");
	answers(f, "GET /%ff%fe%0a HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 ", "");
	answers(f, "GET /fine HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n", "hello");
	stop(f);
}

static void test_slow(void **state)
{
	const struct sy_httpd_limits limits = {.connections = 4,
					       .request_bytes = 4096,
					       .deadline_ms = 200,
					       .header_ms = 200,
					       .idle_ms = 100,
					       .slow_ms = 200,
					       .answer_bytes = 64u << 20};
	struct fixture *f = start("127.0.0.1:0", &limits);
	struct client *silent = connect_to(f), *dripping = connect_to(f), *deaf = connect_to(f);

	(void)state;
	/* A byte each 10 ms keeps no connection open, nor does an answer that nobody reads. */
	dripping->dripping = "GET /fine HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	sy_timer_start(dripping->drip, 0);
	f->large = 32u << 20;
	say(deaf, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
	sy_io_set(deaf->io, 0);
	assert_true(until_closed(silent, PATIENCE_MS));
	assert_true(until_closed(dripping, PATIENCE_MS));
	sy_io_set(deaf->io, SY_READ);
	assert_true(until_closed(deaf, PATIENCE_MS));
	assert_true(deaf->in.len < f->large);
	hang_up(silent);
	hang_up(dripping);
	hang_up(deaf);
	answers(f, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n", "xxxx");
	stop(f);
}

static void test_too_many(void **state)
{
	const struct sy_httpd_limits limits = {.connections = 2,
					       .request_bytes = 4096,
					       .deadline_ms = 400,
					       .header_ms = 400,
					       .idle_ms = 400,
					       .slow_ms = 400,
					       .answer_bytes = 65536};
	struct fixture *f = start("127.0.0.1:0", &limits);
	struct client *first = connect_to(f), *second = connect_to(f), *third = connect_to(f);

	(void)state;
	say(third, "GET /fine HTTP/1.1\r\nHost: x\r\n\r\n");
	/* It waits in the queue while the others hold their places, and is served once they have lost them. */
	assert_false(until_closed(third, 100));
	assert_int_equal(f->asked, 0);
	assert_true(until_closed(third, PATIENCE_MS));
	assert_non_null(strstr(sy_buf_str(&third->in), "hello"));
	hang_up(first);
	hang_up(second);
	hang_up(third);
	stop(f);
}

/* Nobody is kept out by who says nothing, however long that is allowed. */
static void test_silent_ones_give_way(void **state)
{
	const struct sy_httpd_limits limits = {.connections = 3,
					       .request_bytes = 4096,
					       .deadline_ms = 600000,
					       .header_ms = 600000,
					       .idle_ms = 500,
					       .slow_ms = 600000,
					       .answer_bytes = 64u << 20};
	struct fixture *f = start("127.0.0.1:0", &limits);
	struct client *deaf = connect_to(f), *silent[2], *asking;

	(void)state;
	f->large = 32u << 20;
	say(deaf, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
	sy_io_set(deaf->io, 0);
	for (size_t i = 0; i < 2; i++)
		silent[i] = connect_to(f);
	for (int i = 0; i < 2; i++) { /* again and again */
		asking = connect_to(f);
		say(asking, "GET /fine HTTP/1.1\r\nHost: x\r\n\r\n");
		assert_true(until_closed(asking, PATIENCE_MS));
		assert_non_null(strstr(sy_buf_str(&asking->in), "hello"));
		hang_up(asking);
	}
	assert_true(until_closed(silent[0], PATIENCE_MS)); /* the oldest */
	/* Who has asked is served to the end. */
	sy_io_set(deaf->io, SY_READ);
	assert_true(until_closed(deaf, PATIENCE_MS));
	assert_true(deaf->in.len > f->large);
	hang_up(deaf);
	hang_up(silent[0]);
	hang_up(silent[1]);
	stop(f);
}

/* Nor by who does not read. */
static void test_deaf_ones_give_way(void **state)
{
	const struct sy_httpd_limits limits = {.connections = 1,
					       .request_bytes = 4096,
					       .deadline_ms = 600000,
					       .header_ms = 600000,
					       .idle_ms = 600000,
					       .slow_ms = 200,
					       .answer_bytes = 64u << 20};
	struct fixture *f = start("127.0.0.1:0", &limits);
	struct client *deaf = connect_to(f), *asking = connect_to(f);

	(void)state;
	f->large = 32u << 20;
	say(deaf, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
	sy_io_set(deaf->io, 0);
	say(asking, "GET /fine HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(until_closed(asking, PATIENCE_MS));
	assert_non_null(strstr(sy_buf_str(&asking->in), "hello"));
	hang_up(deaf);
	hang_up(asking);
	stop(f);
}

/* The time for asking is short, that for reading is not. */
static void test_late_requests(void **state)
{
	const struct sy_httpd_limits limits = {.connections = 4,
					       .request_bytes = 4096,
					       .deadline_ms = 600000,
					       .header_ms = 200,
					       .idle_ms = 100,
					       .slow_ms = 600000,
					       .answer_bytes = 64u << 20};
	struct fixture *f = start("127.0.0.1:0", &limits);
	struct client *slow = connect_to(f), *silent, *dripping;

	(void)state;
	f->large = 32u << 20;
	say(slow, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
	sy_io_set(slow->io, 0);
	silent = connect_to(f);
	dripping = connect_to(f);
	dripping->dripping = "GET /fine HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	sy_timer_start(dripping->drip, 0);
	assert_true(until_closed(silent, PATIENCE_MS));
	assert_true(until_closed(dripping, PATIENCE_MS));
	sy_io_set(slow->io, SY_READ);
	assert_true(until_closed(slow, PATIENCE_MS));
	assert_true(slow->in.len > f->large);
	hang_up(silent);
	hang_up(dripping);
	hang_up(slow);
	stop(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_hostile),
					   cmocka_unit_test(test_slow),
					   cmocka_unit_test(test_too_many),
					   cmocka_unit_test(test_silent_ones_give_way),
					   cmocka_unit_test(test_deaf_ones_give_way),
					   cmocka_unit_test(test_late_requests)};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
