/* syncerctl describe: one answer made of several, and what it does when one of them fails. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/ctl/run.h"

#define OK(value) "{\"v\":1,\"id\":1,\"ok\":true,\"value\":" value "}\n"
#define NO(code, text) "{\"v\":1,\"id\":1,\"ok\":false,\"code\":\"" code "\",\"error\":\"" text "\"}\n"
#define EVENT(resource, object, reason, text)                                                                                              \
	"{\"time\":\"2001-01-01T00:00:00Z\",\"type\":\"Warning\",\"reason\":\"" reason "\",\"cluster\":\"abc\",\"path\":\"root:a\","       \
	"\"resource\":\"" resource "\",\"object\":\"" object "\",\"count\":1,\"message\":\"" text "\"}"

#define WORKSPACE                                                                                                                          \
	OK("{\"path\":\"root:a\",\"cluster\":\"abc\",\"pid\":17,\"state\":\"Degraded\",\"reason\":\"ObjectsFailing\",\"message\":"         \
	   "\"Invalid\\u001b[31m\",\"process\":\"Running\",\"restarts\":2,\"memoryBytes\":2097152,\"limitedBy\":\"rlimits\","              \
	   "\"memoryMaxBytes\":268435456,\"lastExit\":\"signal\",\"lastExitDetail\":\"9\",\"retryInMs\":0,\"lagMs\":12,\"objects\":3,"     \
	   "\"synced\":1,\"pending\":1,\"failing\":1,\"resources\":[{\"group\":\"example.dev\",\"resource\":\"widgets\",\"objects\":3,"    \
	   "\"synced\":1,\"pending\":1,\"failing\":1,\"foreign\":0,\"reason\":\"Invalid\"},{\"group\":\"\",\"resource\":\"secrets\"}],"    \
	   "\"bindings\":[{\"name\":\"b\",\"export\":\"root:p:w\",\"phase\":\"Bound\",\"acceptedClaims\":[\"secrets\"],"                   \
	   "\"refusedClaims\":[]}]}")
#define EVENTS                                                                                                                             \
	OK("[" EVENT("widgets.example.dev", "default/web", "Invalid", "an older text") "," EVENT(                                          \
		"widgets.example.dev", "default/web", "Invalid",                                                                           \
		"size: too big") "," EVENT("widgets.example.dev", "default/web", "Contended",                                              \
					   "else") "," EVENT("gizmos.other.dev", "default/web", "Invalid", "of another type") "]")
#define OBJECT                                                                                                                             \
	OK("{\"objects\":[{\"resource\":\"widgets.example.dev\",\"key\":\"default/web\",\"reason\":\"Invalid\",\"next\":\"Create\","       \
	   "\"inProgress\":false,\"inStep\":false,\"failures\":3,\"readable\":true,\"appliedGeneration\":4,\"retryInMilliseconds\":61001," \
	   "\"upstream\":{\"presence\":\"present\",\"uid\":\"u-1\",\"resourceVersion\":77,\"generation\":5,\"finalizer\":true,"            \
	   "\"deleting\":false,\"elsewhere\":false},\"downstream\":{\"namespace\":\"kcp-x\",\"name\":\"web\",\"presence\":\"absent\","     \
	   "\"uid\":\"\",\"resourceVersion\":0,\"generation\":0,\"deleting\":false}}]}")

/* Plays one answer per connection, each of them asked with its verb. */
static void run_with_answers(struct run *run, const char *args, const char *const (*answers)[2])
{
	run_start(run, args);
	for (; (*answers)[0]; answers++) {
		char verb[64];

		(void)snprintf(verb, sizeof(verb), "\"verb\":\"%s\"", (*answers)[0]);
		serve_request(run);
		if (!strstr(run->request, verb))
			fail_msg("asked %s, wanted %s", run->request, verb);
		assert_non_null(strstr(run->request, "\"workspace\":\"root:a\""));
		serve(run, (*answers)[1]);
		serve_end(run);
	}
	run_finish(run);
}

static void test_workspace(void **state)
{
	static const char *const answers[][2] = {{"workspace", WORKSPACE}, {"events", EVENTS}, {NULL, NULL}};
	static const char *const empty[][2] = {{"workspace", OK("{}")}, {"events", OK("[]")}, {NULL, NULL}};
	struct run run;

	(void)state;
	run_init(&run);
	run_with_answers(&run, "describe @ workspace root:a", answers);
	assert_int_equal(run.code, CTL_OK);
	assert_string_equal(run.err, "");
	char *end = strstr(run.out, "\nLast events:\n");
	assert_non_null(end);
	assert_non_null(strstr(end, "an older text"));
	assert_non_null(strstr(end, "of another type"));
	*end = '\0';
	char *meaning = strstr(run.out, "Meaning:"), *process = strstr(run.out, "Process:");
	assert_true(meaning && process && meaning < process);
	assert_non_null(strstr(meaning, "Some objects cannot be synced"));
	assert_non_null(strstr(meaning, "\nTo do:       syncerctl dump"));
	assert_string_equal(process, "Process:     Running, pid 17, 2 restarts\n"
				     "Last exit:   signal: 9\n"
				     "Memory:      2.0Mi\n"
				     "Limits:      by rlimits, memory 256.0Mi at most\n"
				     "Lag:         12ms\n"
				     "Objects:     3, 1 synced, 1 pending, 1 failing\n"
				     "\n"
				     "RESOURCE              OBJECTS   SYNCED   PENDING   FAILING   FOREIGN   REASON\n"
				     "widgets.example.dev   3         1        1         1         0         Invalid\n"
				     "secrets               -         -        -         -         -         -\n"
				     "\n"
				     "BINDING   EXPORT     PHASE   CLAIMS   REFUSED\n"
				     "b         root:p:w   Bound   1        0\n");
	*meaning = '\0';
	assert_string_equal(run.out, "Workspace:   root:a\n"
				     "Cluster:     abc\n"
				     "State:       Degraded\n"
				     "Reason:      ObjectsFailing\n"
				     "Message:     Invalid\\033[31m\n");
	run_with_answers(&run, "describe @ workspace root:a -o json", answers);
	assert_int_equal(run.code, CTL_OK);
	sy_auto_json json_object *value = NULL;
	assert_int_equal(sy_json_parse(run.out, strlen(run.out), sizeof(run.out), &value, NULL), 0);
	assert_string_equal(sy_json_str(value, "reason", NULL), "ObjectsFailing");
	assert_int_equal(strncmp(sy_json_str(value, "meaning", NULL), "Some objects cannot", 19), 0);
	assert_int_equal(json_object_array_length(sy_json_array(value, "events", NULL)), 4);
	/* One that tells nothing is shown as one that tells nothing. */
	run_with_answers(&run, "describe @ workspace root:a", empty);
	assert_int_equal(run.code, CTL_OK);
	assert_null(strstr(run.out, "null"));
	assert_non_null(strstr(run.out, "No events.\n"));
	run_done(&run);
}

static void test_object(void **state)
{
	static const char *const answers[][2] = {{"workspace", WORKSPACE}, {"dump", OBJECT}, {"events", EVENTS}, {NULL, NULL}};
	struct run run;

	(void)state;
	run_init(&run);
	run_with_answers(&run, "describe object @ root:a widgets.example.dev/default/web", answers);
	assert_int_equal(run.code, CTL_OK);
	assert_string_equal(run.err, "");
	assert_null(strstr(run.out, "of another type"));
	char *end = strstr(run.out, "\nLast events:\n"), *meaning = strstr(run.out, "Meaning:"), *next = strstr(run.out, "Next:");
	assert_true(end && meaning && next && meaning < next && next < end);
	assert_non_null(strstr(end, "an older text"));
	*end = '\0';
	assert_string_equal(next, "Next:        Create, looked at again in 62s\n"
				  "Failures:    3 in a row\n"
				  "Applied:     generation 4\n"
				  "In kcp:      default/web, present, uid u-1\n"
				  "             generation 5, resourceVersion 77, with our finalizer\n"
				  "In cluster:  kcp-x/web, absent\n");
	*next = '\0';
	assert_non_null(strstr(meaning, "\nTo do:       Change the object as the message says"));
	*meaning = '\0';
	assert_string_equal(run.out, "Object:      widgets.example.dev default/web\n"
				     "Workspace:   root:a (abc), Degraded: ObjectsFailing\n"
				     "State:       not in step\n"
				     "Reason:      Invalid\n"
				     "Message:     size: too big\n");
	run_with_answers(&run, "describe object @ root:a default/web -o json", answers);
	sy_auto_json json_object *value = NULL;
	assert_int_equal(sy_json_parse(run.out, strlen(run.out), sizeof(run.out), &value, NULL), 0);
	assert_string_equal(sy_json_str(value, "workspace", "state", NULL), "Degraded");
	json_object *object = json_object_array_get_idx(sy_json_array(value, "objects", NULL), 0);
	assert_string_equal(sy_json_str(object, "message", NULL), "size: too big");
	assert_string_equal(sy_json_str(object, "downstream", "namespace", NULL), "kcp-x");
	assert_int_equal(json_object_array_length(sy_json_array(object, "events", NULL)), 3);
	run_with_answers(&run, "describe object @ root:a default/web -o yaml", answers);
	assert_non_null(strstr(run.out, "size: too big"));
	assert_non_null(strstr(run.out, "objects:\n"));
	run_done(&run);
}

/* What each side and the next step are called, by what the worker says of them. */
static void test_words(void **state)
{
	static const struct {
		const char *dump;
		const char *want;
	} cases[] = {
		{OK("{\"objects\":[{\"reason\":\"ForeignObject\",\"next\":\"None\",\"retryInMilliseconds\":500,\"downstream\":{"
		    "\"presence\":"
		    "\"foreign\",\"name\":\"x\"}}]}"),
		 "Next:        waits, looked at again in 1s\n"},
		{OK("{\"objects\":[{\"downstream\":{\"presence\":\"foreign\",\"name\":\"x\"}}]}"),
		 "In cluster:  x, foreign: somebody else's\n"},
		{OK("{\"objects\":[{\"downstream\":{\"presence\":\"unseen\",\"name\":\"x\"}}]}"),
		 "In cluster:  x, not there as far as is known\n"},
		{OK("{\"objects\":[{\"downstream\":{\"presence\":\"present\",\"name\":\"x\",\"deleting\":true}}]}"),
		 "In cluster:  x, present, ours, being deleted\n"},
		{OK("{\"objects\":[{\"inStep\":true,\"next\":\"None\",\"reason\":\"\"}]}"),
		 "State:       in step\nContent:     cannot be read: only its metadata is known\nNext:        nothing to write\n"},
		{OK("{\"objects\":[{\"inProgress\":true,\"readable\":true}]}"),
		 "State:       not in step yet\nNext:        a request is under way\n"},
		{OK("{\"objects\":[{\"readable\":true},{\"key\":\"second\"}]}"), "No events.\n\n\nObject:"},
	};
	struct run run;

	(void)state;
	run_init(&run);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const answers[][2] = {{"workspace", WORKSPACE}, {"dump", cases[i].dump}, {"events", OK("[]")}, {NULL, NULL}};

		run_with_answers(&run, "describe object @ root:a x", answers);
		assert_int_equal(run.code, CTL_OK);
		if (!strstr(run.out, cases[i].want))
			fail_msg("case %zu: %s", i, run.out);
	}
	run_done(&run);
}

static void test_only_the_newest_events(void **state)
{
	static const char *const answers[][2] = {
		{"workspace", WORKSPACE},
		{"events",
		 OK("[" EVENT("", "", "R", "m0") "," EVENT("", "", "R", "m1") "," EVENT("", "", "R", "m2") "," EVENT("", "", "R", "m3") "," EVENT(
			 "", "", "R",
			 "m4") "," EVENT("", "", "R",
					 "m5") "," EVENT("", "", "R",
							 "m6") "," EVENT("", "", "R",
									 "m7") "," EVENT("", "", "R",
											 "m8") "," EVENT("", "", "R",
													 "m9") "," EVENT("", "", "R",
															 "m10") "]")},
		{NULL, NULL}};
	struct run run;

	(void)state;
	run_init(&run);
	run_with_answers(&run, "describe workspace @ root:a", answers);
	assert_null(strstr(run.out, "m0\n"));
	assert_non_null(strstr(run.out, "m1\n"));
	assert_non_null(strstr(run.out, "m10\n"));
	run_done(&run);
}

static void test_failures(void **state)
{
	static const char *const nowhere[][2] = {{"workspace", NO("NotFound", "no workspace root:a is served here")}, {NULL, NULL}};
	static const char *const unknown[][2] = {
		{"workspace", WORKSPACE}, {"dump", NO("NotFound", "object default/x is not known here")}, {NULL, NULL}};
	static const char *const down[][2] = {
		{"workspace", WORKSPACE}, {"dump", NO("Failed", "the worker of abc is not running")}, {NULL, NULL}};
	static const char *const nothing[][2] = {{"workspace", OK("[]")}, {"events", OK("{}")}, {NULL, NULL}};
	struct run run;

	(void)state;
	run_init(&run);
	run_with_answers(&run, "describe workspace @ root:a", nowhere);
	assert_int_equal(run.code, CTL_NOT_FOUND);
	assert_string_equal(run.err, "syncerctl: no workspace root:a is served here\n");
	run_with_answers(&run, "describe object @ root:a default/x", nowhere);
	assert_int_equal(run.code, CTL_NOT_FOUND);
	run_with_answers(&run, "describe object @ root:a default/x", unknown);
	assert_int_equal(run.code, CTL_NOT_FOUND);
	assert_string_equal(run.err, "syncerctl: object default/x is not known here\n");
	assert_string_equal(run.out, "");
	run_with_answers(&run, "describe object @ root:a default/x", down);
	assert_int_equal(run.code, CTL_FAILED);
	assert_string_equal(run.err, "syncerctl: the worker of abc is not running\n"
				     "syncerctl: workspace root:a is Degraded; see syncerctl describe workspace root:a\n");
	run_with_answers(&run, "describe workspace @ root:a", nothing);
	assert_int_equal(run.code, CTL_FAILED);
	run_done(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_workspace), cmocka_unit_test(test_object),
		cmocka_unit_test(test_words),	  cmocka_unit_test(test_only_the_newest_events),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
