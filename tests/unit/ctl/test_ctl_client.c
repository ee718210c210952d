/* syncerctl against a syncerd that answers well, badly, or not at all. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "unit/ctl/run.h"

static void test_answers(void **state)
{
	static const struct {
		const char *answer;
		int code;
		const char *err;
	} cases[] = {
		{"{\"v\":1,\"id\":1,\"ok\":true,\"value\":{}}\n", CTL_OK, NULL},
		{"{\"v\":1,\"id\":1,\"ok\":true}\n", CTL_OK, NULL},
		{"{\"v\":1,\"id\":1,\"ok\":false,\"error\":\"not now\",\"code\":\"Busy\"}\n", CTL_FAILED, "syncerctl: not now\n"},
		{"{\"v\":1,\"id\":1,\"ok\":false}\n", CTL_FAILED, "not an answer of syncerd"},
		{"{\"v\":1,\"id\":1,\"ok\":false,\"error\":\"no workspace x\",\"code\":\"NotFound\"}\n", CTL_NOT_FOUND, "no workspace x"},
		{"{\"v\":1,\"id\":1,\"ok\":false,\"error\":\"a\\u001b[2Jb\",\"code\":\"Bad\"}\n", CTL_FAILED, "a\\033[2Jb\n"},
		{"{\"v\":1,\"id\":2,\"ok\":true,\"value\":{}}\n", CTL_FAILED, "another request"},
		{"{\"v\":2,\"id\":1,\"ok\":true,\"value\":{}}\n", CTL_FAILED, "not an answer of syncerd"},
		{"hello\n", CTL_FAILED, "not an answer of syncerd"},
		{"\n", CTL_FAILED, "not an answer of syncerd"},
		{"{\"v\":1,\"id\":1,\"ok\":true", CTL_UNREACHABLE, "closed the connection"},
		{NULL, CTL_UNREACHABLE, "closed the connection"},
	};
	struct run run;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		run_init(&run);
		run_with_answer(&run, "@ restart root:a", cases[i].answer);
		if (run.code != cases[i].code || (cases[i].err ? !strstr(run.err, cases[i].err) : run.err[0] != '\0'))
			fail_msg("answer %zu: status %d\n%s", i, run.code, run.err);
		assert_string_equal(run.out, cases[i].code == CTL_OK ? "workspace root:a is being restarted\n" : "");
		run_done(&run);
	}
}

/* The server sends without end; the client gives up at its limit instead of growing. */
static void test_oversize(void **state)
{
	static char chunk[65536];
	struct run run;
	size_t sent = 0;

	(void)state;
	memset(chunk, 'x', sizeof(chunk));
	run_init(&run);
	run_start(&run, "@ status");
	serve_request(&run);
	while (sent < 4 * (size_t)SY_MAX_IPC_BYTES) {
		ssize_t n = send(run.client, chunk, sizeof(chunk), MSG_NOSIGNAL);

		if (n < 0)
			break;
		sent += (size_t)n;
	}
	assert_in_range(sent, SY_MAX_IPC_BYTES, 2 * (size_t)SY_MAX_IPC_BYTES);
	run_finish(&run);
	assert_int_equal(run.code, CTL_FAILED);
	assert_non_null(strstr(run.err, "larger than"));
	run_done(&run);
}

static void test_nobody_there(void **state)
{
	struct run run;
	char args[256];

	(void)state;
	run_init(&run);
	close(run.listener); /* a socket file that nobody listens on */
	run.listener = -1;
	run_alone(&run, "@ status");
	assert_int_equal(run.code, CTL_UNREACHABLE);
	assert_non_null(strstr(run.err, run.socket));
	run_alone(&run, "--socket /tmp/test_ctl.no-such/s status");
	assert_int_equal(run.code, CTL_UNREACHABLE);
	snprintf(args, sizeof(args), "--socket /%0150d status", 0);
	run_alone(&run, args);
	assert_int_equal(run.code, CTL_USAGE);
	assert_non_null(strstr(run.err, "too long"));
	run_done(&run);
}

#define EVENT(name, more)                                                                                                                  \
	"{\"v\":1,\"id\":1,\"ok\":true," more "\"value\":{\"time\":\"2026-11-24T10:00:00Z\",\"type\":\"Warning\",\"reason\":\"Refused\","  \
	"\"cluster\":\"abc\",\"path\":\"root:a\",\"resource\":\"widgets.example.dev\",\"object\":\"default/" name "\",\"count\":1,"        \
	"\"message\":\"m\\u202e\"}}\n"
#define MORE "\"more\":true,"

static void test_stream(void **state)
{
	struct run run;

	(void)state;
	run_init(&run);
	/* Two in one piece, one in two, then the end. */
	run_start(&run, "@ events -f root:a");
	serve_request(&run);
	assert_non_null(strstr(run.request, "\"verb\":\"events\""));
	assert_non_null(strstr(run.request, "\"follow\":true"));
	assert_non_null(strstr(run.request, "\"workspace\":\"root:a\""));
	serve(&run, EVENT("one", MORE) EVENT("two", MORE) "{\"v\":1,\"id\"");
	serve(&run, strchr(EVENT("three", ""), 'i') - 1 + strlen("\"id\""));
	run_finish(&run);
	assert_int_equal(run.code, CTL_OK);
	assert_string_equal(run.out, "2026-11-24T10:00:00Z  Warning  Refused  root:a  widgets.example.dev  default/one  m\\u202e\n"
				     "2026-11-24T10:00:00Z  Warning  Refused  root:a  widgets.example.dev  default/two  m\\u202e\n"
				     "2026-11-24T10:00:00Z  Warning  Refused  root:a  widgets.example.dev  default/three  m\\u202e\n");
	/* What came is shown before the end is known, and a server that goes away is an error. */
	run_with_answer(&run, "@ events --follow -o json", EVENT("one", MORE) EVENT("two", MORE));
	assert_int_equal(run.code, CTL_UNREACHABLE);
	assert_non_null(strstr(run.out, "default/one"));
	assert_non_null(strstr(run.out, "default/two"));
	assert_int_equal(run.out[strlen(run.out) - 1], '\n');
	run_with_answer(&run, "@ events --follow -o yaml", EVENT("one", ""));
	assert_int_equal(run.code, CTL_OK);
	assert_int_equal(strncmp(run.out, "---\n", 4), 0);
	run_with_answer(&run, "@ events -f",
			EVENT("one", MORE) "{\"v\":1,\"id\":1,\"ok\":false,\"error\":\"ring overrun\",\"code\":\"Lost\"}\n");
	assert_int_equal(run.code, CTL_FAILED);
	assert_non_null(strstr(run.err, "ring overrun"));
	run_done(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_oversize),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
