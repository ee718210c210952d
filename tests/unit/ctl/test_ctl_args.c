/* The command line: what is understood, what is refused and with which exit code, and what reaches syncerd. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/ctl/run.h"

static void test_refused(void **state)
{
	static const struct {
		const char *args;
		const char *err;
	} cases[] = {
		{"", "Usage: syncerctl"},
		{"no-such", "no such command: 'no-such'"},
		{"--no-such status", "unrecognized option"},
		{"status --no-such", "unrecognized option"},
		{"status extra", "unexpected argument 'extra'"},
		{"-o xml status", "want table, wide, json, yaml or name"},
		{"status -o xml", "want table, wide, json, yaml or name"},
		{"restart", "an argument is missing"},
		{"pause", "an argument is missing"},
		{"resume a b", "unexpected argument 'b'"},
		{"loglevel loud", "want error, warning, info or debug"},
		{"events a b", "unexpected argument 'b'"},
		{"dump", "an argument is missing"},
		{"dump a b c", "unexpected argument 'c'"},
		{"describe", "an argument is missing"},
		{"describe workspace", "an argument is missing"},
		{"describe workspace a b", "want workspace WORKSPACE, or object WORKSPACE KEY"},
		{"describe object a", "want workspace WORKSPACE, or object WORKSPACE KEY"},
		{"describe moon a b", "want workspace WORKSPACE, or object WORKSPACE KEY"},
		{"describe object a b c", "unexpected argument 'c'"},
		{"install", "install kcp|cluster"},
		{"install moon", "install kcp|cluster"},
		{"install kcp", "--workspace and --name are needed"},
		{"install kcp --workspace root:a", "--workspace and --name are needed"},
		{"install kcp --workspace root::a --name e", "not a workspace path"},
		{"install kcp --workspace root:a --name E", "--name E"},
		{"install kcp --workspace root:a --name a23456789012345678901234567890123456789012345", "43 characters"},
		{"install kcp --workspace root:a --name e --export widgets", "want PATH:EXPORT"},
		{"install kcp --workspace root:a --name e --export root:p:", "want PATH:EXPORT"},
		{"install kcp --workspace root:a --name e --export root:p:W", "not a workspace path and an export's name"},
		{"install kcp --workspace root:a --name e --export root:p:w --export root:p:w", "given twice"},
		{"install kcp --workspace root:a --name e --label x", "want KEY=VALUE"},
		{"install kcp --workspace root:a --name e --label =x", "want KEY=VALUE"},
		{"install kcp --workspace root:a --name e --output-kubeconfig f", "needs --apply"},
		{"install kcp --workspace root:a --name e --apply --token-ttl 1m", "at least 10m"},
		{"install kcp --workspace root:a --name e --apply --token-ttl soon", "at least 10m"},
		{"install kcp --workspace root:a --name e --allow-claims", "unrecognized option"},
		{"install kcp --workspace root:a --name e --tenant-events", "--tenant-events needs --export"},
		{"install cluster --workspace root:a --name e --tenant-events", "unrecognized option"},
		{"install cluster --workspace root:a --name e --export root:p:w", "unrecognized option"},
		{"install cluster --workspace root:a --name e more", "unexpected argument 'more'"},
		{"orphans --delete", "--delete and --uid go together"},
		{"orphans --uid u", "--delete and --uid go together"},
		{"orphans --force", "--force goes with --delete"},
		{"orphans u", "unexpected argument 'u'"},
		{"uninstall", "uninstall kcp|cluster"},
		{"uninstall moon", "uninstall kcp|cluster"},
		{"uninstall kcp", "--workspace and --name are needed"},
		{"uninstall kcp --workspace root:a --name e --apply", "unrecognized option"},
		{"uninstall kcp --workspace root:a --name e --timeout soon", "at least 1s"},
		{"uninstall kcp --workspace root:a --name e --timeout 10ms", "at least 1s"},
		{"uninstall kcp --workspace root:a --name e --syncer x", "unrecognized option"},
		{"uninstall cluster --workspace root:a --name e --export root:p:w", "unrecognized option"},
		{"uninstall cluster --workspace root:a --name e --syncer kcp-syncer-f-12345678", "not the id of a syncer of SyncTarget e"},
	};
	struct run run;

	(void)state;
	run_init(&run);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		run_alone(&run, cases[i].args);
		if (run.code != CTL_USAGE || !strstr(run.err, cases[i].err) || run.out[0])
			fail_msg("syncerctl %s: status %d\n%s%s", cases[i].args, run.code, run.err, run.out);
	}
	run_done(&run);
}

static void test_help(void **state)
{
	static const char *const commands[] = {
		"",	      "status ",	"workspaces ",	      "restart ", "pause ",   "resume ",      "loglevel ",
		"events ",    "dump ",		"explain ",	      "install ", "version ", "install kcp ", "install cluster ",
		"uninstall ", "uninstall kcp ", "uninstall cluster ", "orphans "};
	struct run run;
	char args[64];

	(void)state;
	run_init(&run);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		snprintf(args, sizeof(args), "%s--help", commands[i]);
		run_alone(&run, args);
		assert_int_equal(run.code, CTL_OK);
		assert_string_equal(run.err, "");
		snprintf(args, sizeof(args), "Usage: syncerctl %s", commands[i]);
		assert_int_equal(strncmp(run.out, args, strlen(args)), 0);
	}
	run_alone(&run, "--version");
	assert_int_equal(run.code, CTL_OK);
	assert_string_equal(run.out, "syncerctl " SY_VERSION "\n");
	run_done(&run);
}

/* -o before the command, after it, and after its arguments. */
static void test_output_anywhere(void **state)
{
	static const char *const places[] = {"-o json @ dump root:a", "@ dump -o json root:a", "@ dump root:a --output=json",
					     "-o yaml @ dump root:a -o json"};
	struct run run;

	(void)state;
	run_init(&run);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		run_with_answer(&run, places[i], "{\"v\":1,\"id\":1,\"ok\":true,\"value\":{\"a\":[1,\"x/y\"]}}\n");
		assert_int_equal(run.code, CTL_OK);
		assert_string_equal(run.out, "{\n  \"a\":[\n    1,\n    \"x/y\"\n  ]\n}\n");
	}
	run_with_answer(&run, "-o yaml @ status", "{\"v\":1,\"id\":1,\"ok\":true,\"value\":{\"a\":[1,\"true\"]}}\n");
	assert_string_equal(run.out, "a:\n- 1\n- \"true\"\n");
	run_with_answer(&run, "version -o json @", "{\"v\":1,\"id\":1,\"ok\":true,\"value\":{\"version\":\"9\"}}\n");
	assert_non_null(strstr(run.out, "\"syncerd\":\"9\""));
	run_done(&run);
}

/* No syncerd is asked: what has no listener answers all the same. */
static void test_explain(void **state)
{
	struct run run;

	(void)state;
	run_init(&run);
	run_alone(&run, "explain pending");
	assert_int_equal(run.code, CTL_OK);
	assert_non_null(strstr(run.out, "Pending: reason of a condition, of APIImporterReady (Unknown)\n  Exports, schemas"));
	assert_non_null(strstr(run.out, "\n\nPending: phase of a workspace\n"));
	assert_non_null(strstr(run.out, "\n\nPending: state of a resource\n"));
	assert_non_null(strstr(run.out, "\n  To do: "));
	for (const char *line = run.out; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 100);
	run_alone(&run, "explain --output=json WorkerOOMKilled");
	assert_int_equal(run.code, CTL_OK);
	assert_non_null(strstr(run.out, "\"of\":\"Failed\""));
	run_alone(&run, "explain");
	assert_int_equal(run.code, CTL_OK);
	assert_int_equal(strncmp(run.out, "NAME ", 5), 0);
	assert_non_null(strstr(run.out, "\nNamespaceNotEmpty "));
	for (int json = 0; json < 2; json++) {
		run_alone(&run, json ? "explain -o json Nothing" : "explain Nothing");
		assert_int_equal(run.code, CTL_NOT_FOUND);
		assert_string_equal(run.out, "");
		assert_non_null(strstr(run.err, "is called Nothing; see syncerctl explain\n"));
	}
	run_done(&run);
}

/* What each command asks for. */
static void test_requests(void **state)
{
	static const struct {
		const char *args;
		const char *verb;
		const char *wanted;
	} cases[] = {
		{"status", "status", "{}"},
		{"workspaces", "workspaces", "{}"},
		{"version", "version", "{}"},
		{"restart root:a", "restart", "{\"workspace\":\"root:a\"}"},
		{"pause abc", "pause", "{\"workspace\":\"abc\"}"},
		{"resume abc", "resume", "{\"workspace\":\"abc\"}"},
		{"loglevel debug", "loglevel", "{\"level\":\"debug\"}"},
		{"loglevel info abc", "loglevel", "{\"level\":\"info\",\"workspace\":\"abc\"}"},
		{"events", "events", "{}"},
		{"events abc", "events", "{\"workspace\":\"abc\"}"},
		{"dump abc", "dump", "{\"workspace\":\"abc\"}"},
		{"dump abc web", "dump", "{\"workspace\":\"abc\",\"key\":\"web\"}"},
		{"dump abc ns/web", "dump", "{\"workspace\":\"abc\",\"key\":\"ns/web\"}"},
		{"dump abc ns/web.v1", "dump", "{\"workspace\":\"abc\",\"key\":\"ns/web.v1\"}"},
		{"dump abc gadgets.example.dev/g", "dump", "{\"workspace\":\"abc\",\"resource\":\"gadgets.example.dev\",\"key\":\"g\"}"},
		{"dump abc widgets.example.dev/ns/w", "dump",
		 "{\"workspace\":\"abc\",\"resource\":\"widgets.example.dev\",\"key\":\"ns/w\"}"},
		{"dump abc configmaps/ns/c", "dump", "{\"workspace\":\"abc\",\"resource\":\"configmaps\",\"key\":\"ns/c\"}"},
	};
	struct run run;
	char args[256];

	(void)state;
	run_init(&run);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sy_control_request request = {0};
		sy_auto_json json_object *wanted = json_tokener_parse(cases[i].wanted);

		snprintf(args, sizeof(args), "%s @", cases[i].args);
		run_with_answer(&run, args, "{\"v\":1,\"id\":1,\"ok\":true,\"value\":{}}\n");
		assert_int_equal(run.code, CTL_OK);
		assert_int_equal(sy_control_request_decode(run.request, strlen(run.request) - 1, &request, NULL), 0);
		assert_string_equal(request.verb, cases[i].verb);
		if (!sy_json_equal(request.args, wanted))
			fail_msg("%s sent %s", cases[i].args, run.request);
		sy_control_request_done(&request);
	}
	run_done(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused), cmocka_unit_test(test_help),	 cmocka_unit_test(test_output_anywhere),
		cmocka_unit_test(test_explain), cmocka_unit_test(test_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
