#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/supervisor/control_fixture.h"

#define REQUEST(id, verb) "{\"v\":1,\"id\":" id ",\"verb\":\"" verb "\",\"args\":{}}\n"

static void test_answers(void **state)
{
	struct fixture f;
	struct client c;

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	client_open(&c, &f);
	client_send(&c, REQUEST("1", "version"));
	const char *line = expect_lines(&c, 1);
	struct sy_control_answer answer;
	assert_int_equal(sy_control_answer_decode(line, c.in.len - 1, &answer, NULL), 0);
	assert_true(answer.ok && !answer.more && answer.id == 1);
	assert_string_equal(json_object_get_string(answer.value), "1.2.3");
	sy_control_answer_done(&answer);
	sy_buf_reset(&c.in);

	client_send(&c, REQUEST("18446744073709551615", "fail"));
	line = expect_lines(&c, 1);
	assert_int_equal(sy_control_answer_decode(line, c.in.len - 1, &answer, NULL), 0);
	assert_false(answer.ok);
	assert_true(answer.id == UINT64_MAX);
	assert_string_equal(answer.code, "NotFound");
	assert_string_equal(answer.error, "no workspace 7");
	sy_control_answer_done(&answer);
	sy_buf_reset(&c.in);

	/* In pieces, and two in one. */
	client_send(&c, "{\"v\":1,\"id\":3,");
	client_send(&c, "\"verb\":\"version\"}\n" REQUEST("4", "version"));
	line = expect_lines(&c, 2);
	assert_non_null(strstr(line, "\"id\":3"));
	assert_non_null(strstr(line, "\"id\":4"));
	client_close(&c);
	fixture_done(&f);
}

static void test_two_clients(void **state)
{
	struct fixture f;
	struct client a, b;

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	client_open(&a, &f);
	client_open(&b, &f);
	client_send(&a, REQUEST("1", "hold"));
	expect_requests(&f, 1);
	client_send(&b, REQUEST("1", "hold"));
	expect_requests(&f, 2);
	client_send(&a, REQUEST("2", "follow"));
	assert_non_null(strstr(expect_lines(&a, 2), "\"more\":true"));
	sy_buf_reset(&a.in);
	/* The later one first, each to its own client. */
	sy_control_answer(f.held[1], json_object_new_string("for b"), false);
	sy_control_answer(f.held[0], json_object_new_string("for a"), false);
	sy_control_answer(f.held[2], json_object_new_string("event"), true);
	assert_non_null(strstr(expect_lines(&b, 1), "for b"));
	const char *lines = expect_lines(&a, 2);
	assert_true(strstr(lines, "for a") && strstr(lines, "event"));
	f.held[0] = f.held[2];
	f.held_count = 1;
	client_close(&a);
	expect_gone(&f, 1);
	client_send(&b, REQUEST("9", "version"));
	expect_lines(&b, 2);
	client_close(&b);
	fixture_done(&f);
}

/* What is no request is answered with id 0, and the connection goes on. */
static void test_hostile(void **state)
{
	static const struct {
		const char *text;
		const char *code;
	} cases[] = {
		{"\n", "BadRequest"},
		{"hello\n", "BadRequest"},
		{"[]\n", "BadRequest"},
		{"{}\n", "BadRequest"},
		{"{\"v\":1}\n", "BadRequest"},
		{"{\"v\":2,\"id\":1,\"verb\":\"version\"}\n", "VersionMismatch"},
		{"{\"v\":0,\"id\":1,\"verb\":\"version\"}\n", "VersionMismatch"},
		{"{\"v\":\"1\",\"id\":1,\"verb\":\"version\"}\n", "BadRequest"},
		{"{\"v\":1,\"v\":1,\"id\":1,\"verb\":\"version\"}\n", "BadRequest"},
		{"{\"v\":1,\"id\":-1,\"verb\":\"version\"}\n", "BadRequest"},
		{"{\"v\":1,\"id\":1.5,\"verb\":\"version\"}\n", "BadRequest"},
		{"{\"v\":1,\"id\":1,\"verb\":\"\"}\n", "BadRequest"},
		{"{\"v\":1,\"id\":1,\"verb\":\"version\\u0000x\"}\n", "BadRequest"},
		{"{\"v\":1,\"id\":1,\"verb\":\"version\",\"args\":[]}\n", "BadRequest"},
		{"{\"v\":1,\"id\":1,\"verb\":\"version\",\"uid\":0}\n", "BadRequest"},
		{"{\"v\":1,\"id\":1,\"verb\":\"version\"} x\n", "BadRequest"},
		{"\xff\xfe\x01\n", "BadRequest"},
	};
	struct fixture f;
	struct client c;

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	client_open(&c, &f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sy_control_answer answer;

		client_send(&c, cases[i].text);
		const char *line = expect_lines(&c, 1);
		assert_int_equal(sy_control_answer_decode(line, c.in.len - 1, &answer, NULL), 0);
		assert_false(answer.ok);
		assert_true(answer.id == 0);
		assert_string_equal(answer.code, cases[i].code);
		sy_control_answer_done(&answer);
		sy_buf_reset(&c.in);
	}
	assert_int_equal(f.requests, 0);
	client_send(&c, REQUEST("1", "version"));
	assert_non_null(strstr(expect_lines(&c, 1), "1.2.3"));
	client_close(&c);
	fixture_done(&f);
}

static void test_oversize(void **state)
{
	struct fixture f;
	struct client c;
	char *text = malloc(SY_MAX_CONTROL_BYTES + 1);

	(void)state;
	assert_non_null(text);
	fixture_init(&f);
	fixture_start(&f);
	client_open(&c, &f);
	memset(text, 'x', SY_MAX_CONTROL_BYTES);
	text[SY_MAX_CONTROL_BYTES] = '\0';
	client_send(&c, text);
	assert_non_null(strstr(expect_lines(&c, 1), "TooLarge"));
	expect_eof(&c);
	client_close(&c);

	/* The largest line that is allowed: 26 bytes around the argument, and the newline. */
	client_open(&c, &f);
	snprintf(text, SY_MAX_CONTROL_BYTES, "{\"v\":1,\"id\":1,\"verb\":\"echo\",\"args\":{\"a\":\"");
	memset(text + strlen(text), 'x', SY_MAX_CONTROL_BYTES - strlen(text));
	memcpy(text + SY_MAX_CONTROL_BYTES - 4, "\"}}\n", 4);
	client_send(&c, text);
	assert_non_null(strstr(expect_lines(&c, 1), "\"ok\":true"));
	client_close(&c);
	free(text);
	fixture_done(&f);
}

/* A follower that does not read is dropped once its bound is reached; nobody else notices. */
static void test_slow_reader(void **state)
{
	struct fixture f;
	struct client slow, other;
	char big[1024];

	(void)state;
	memset(big, 'e', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	fixture_init(&f);
	fixture_start(&f);
	client_open(&slow, &f);
	client_open(&other, &f);
	client_send(&slow, REQUEST("1", "follow"));
	expect_lines(&slow, 2);
	sy_io_set(slow.io, 0);
	unsigned sent = 0;
	for (f.wanted_requests = 2; f.gone == 0 && sent < 10000;) {
		for (unsigned i = 0; i < 16; i++, sent++)
			sy_control_answer(f.held[0], json_object_new_string(big), true);
		/* One turn of the loop and more: the other client is served all the while. */
		client_send(&other, REQUEST("5", "version"));
		expect_lines(&other, 1);
		sy_buf_reset(&other.in);
	}
	assert_int_equal(f.gone, 1);
	assert_true(sent >= 200 && sent < 10000);
	client_close(&slow);
	client_close(&other);
	fixture_done(&f);
}

static void test_stalled_reader(void **state)
{
	struct fixture f;
	struct client c;

	(void)state;
	fixture_init(&f);
	f.limits.stall_ms = 50;
	f.limits.max_output = 8u << 20;
	fixture_start(&f);
	client_open(&c, &f);
	client_send(&c, REQUEST("1", "follow"));
	expect_lines(&c, 2);
	sy_io_set(c.io, 0);
	char *big = malloc(2u << 20);
	assert_non_null(big);
	memset(big, 'e', (2u << 20) - 1);
	big[(2u << 20) - 1] = '\0';
	sy_control_answer(f.held[0], json_object_new_string(big), true);
	free(big);
	expect_gone(&f, 1);
	client_close(&c);
	fixture_done(&f);
}

/* More requests than may be under way wait in line, whole, and are taken one by one. */
static void test_pipeline(void **state)
{
	struct fixture f;
	struct client c;

	(void)state;
	fixture_init(&f);
	f.limits.request_ms = 300; /* must not hit lines that wait for us */
	fixture_start(&f);
	client_open(&c, &f);
	for (int i = 0; i < 4; i++)
		client_send(&c, REQUEST("7", "hold"));
	client_send(&c, REQUEST("8", "version") REQUEST("9", "hold") REQUEST("10", "version"));
	expect_requests(&f, 4);
	sy_control_answer(f.held[0], NULL, false);
	f.held[0] = f.held[--f.held_count];
	const char *lines = expect_lines(&c, 2);
	assert_true(strstr(lines, "\"id\":7") && strstr(lines, "\"id\":8"));
	expect_requests(&f, 6);
	while (f.held_count)
		sy_control_answer(f.held[--f.held_count], json_object_new_boolean(true), false);
	assert_non_null(strstr(expect_lines(&c, 7), "\"id\":10"));
	assert_int_equal(f.requests, 7);
	client_close(&c);
	fixture_done(&f);
}

static void test_half_close(void **state)
{
	struct fixture f;
	struct client c;

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	client_open(&c, &f);
	client_send(&c, REQUEST("1", "hold") "{\"half");
	assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
	expect_requests(&f, 1);
	sy_control_answer(f.held[0], json_object_new_string("late"), false);
	assert_non_null(strstr(expect_lines(&c, 1), "late"));
	expect_eof(&c);
	assert_int_equal(f.gone, 0);
	client_close(&c);
	/* Freed with a call under way: it is told gone. */
	client_open(&c, &f);
	client_send(&c, REQUEST("1", "hold"));
	expect_requests(&f, 2);
	sy_control_free(f.control);
	f.control = NULL;
	assert_int_equal(f.gone, 1);
	client_close(&c);
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),	 cmocka_unit_test(test_two_clients), cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_oversize), cmocka_unit_test(test_slow_reader), cmocka_unit_test(test_stalled_reader),
		cmocka_unit_test(test_pipeline), cmocka_unit_test(test_half_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
