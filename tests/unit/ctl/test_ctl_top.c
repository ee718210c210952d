/* syncerctl top: rates of two samples, the order of the rows, and lines that fit a screen. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "supervisor/ctl/top.h"
#include "supervisor/ctl/top_feed.h"
#include "unit/ctl/run.h"

#define ROW(path, cluster, incarnation, requests, writes, more)                                                                            \
	"{\"path\":\"" path "\",\"cluster\":\"" cluster "\",\"state\":\"Syncing\",\"process\":\"Running\",\"incarnation\":" #incarnation   \
	",\"requests\":{\"up\":" #requests ",\"down\":1},\"writes\":{\"up\":0,\"down\":" #writes "}," more                                 \
	"\"objects\":2,\"reportAgeMs\":900}"
#define STATUS(pid, uptime, list)                                                                                                          \
	"{\"version\":\"1.2.3\",\"pid\":" #pid ",\"uptimeMs\":" #uptime ",\"syncTarget\":{\"name\":\"edge-1\",\"ready\":\"True\"},"        \
	"\"anonymousBytes\":2097152,\"residentBytes\":8388608,\"list\":[" list "]}"

static struct top_sample sample_of(const char *text)
{
	struct top_sample sample;
	json_object *value = json_tokener_parse(text);

	assert_non_null(value);
	top_sample_read(value, &sample);
	return sample;
}

static const struct top_row *row_of(const struct top_sample *sample, const char *cluster)
{
	for (size_t i = 0; i < sample->count; i++) {
		if (strcmp(sample->rows[i].cluster, cluster) == 0)
			return &sample->rows[i];
	}
	fail_msg("no row of %s", cluster);
	return NULL;
}

static void assert_rates(const char *before_text, const char *now_text, const char *cluster, int64_t requests, int64_t writes)
{
	struct top_sample before = sample_of(before_text), now = sample_of(now_text);

	top_sample_rates(&now, &before);
	assert_int_equal(row_of(&now, cluster)->request_milli, requests);
	assert_int_equal(row_of(&now, cluster)->write_milli, writes);
	top_sample_done(&before);
	top_sample_done(&now);
}

#define BEFORE STATUS(7, 10000, ROW("root:b", "b", 1, 100, 50, "") "," ROW("root:a", "a", 1, 10, 0, ""))

static void test_rates(void **state)
{
	(void)state;
	/* In another order, with one more and one less: each is compared with itself. */
	assert_rates(BEFORE, STATUS(7, 12000, ROW("root:c", "c", 9, 5, 5, "") "," ROW("root:b", "b", 1, 103, 60, "")), "b", 1500, 5000);
	assert_rates(BEFORE, STATUS(7, 12000, ROW("root:c", "c", 9, 5, 5, "") "," ROW("root:b", "b", 1, 103, 60, "")), "c", TOP_UNKNOWN,
		     TOP_UNKNOWN);
	assert_rates(BEFORE, STATUS(7, 12000, ROW("root:a", "a", 1, 10, 0, "")), "a", 0, 0);
	/* The worker is another process: it counts from the start, even when it has come further than the one before. */
	assert_rates(BEFORE, STATUS(7, 12000, ROW("root:a", "a", 2, 1, 0, "")), "a", TOP_UNKNOWN, TOP_UNKNOWN);
	assert_rates(BEFORE, STATUS(7, 12000, ROW("root:a", "a", 2, 900, 900, "")), "a", TOP_UNKNOWN, TOP_UNKNOWN);
	/* A counter that goes back by itself, numbers beyond all measure. */
	assert_rates(BEFORE, STATUS(7, 12000, ROW("root:b", "b", 1, 99, 52, "")), "b", TOP_UNKNOWN, 1000);
	assert_rates(BEFORE, STATUS(7, 12000, ROW("root:a", "a", 1, 9223372036854775807, 0, "")), "a", TOP_UNKNOWN, 0);
	/* Another syncerd, the same moment, an earlier one. */
	assert_rates(BEFORE, STATUS(8, 12000, ROW("root:a", "a", 1, 20, 0, "")), "a", TOP_UNKNOWN, TOP_UNKNOWN);
	assert_rates(BEFORE, STATUS(7, 10000, ROW("root:a", "a", 1, 20, 0, "")), "a", TOP_UNKNOWN, TOP_UNKNOWN);
	assert_rates(BEFORE, STATUS(7, 9000, ROW("root:a", "a", 1, 20, 0, "")), "a", TOP_UNKNOWN, TOP_UNKNOWN);
	/* Before the first report counters are zero because nothing is known. */
	assert_rates("{\"pid\":7,\"uptimeMs\":1,\"list\":[{\"cluster\":\"a\",\"incarnation\":1,\"reportAgeMs\":-1}]}",
		     STATUS(7, 12000, ROW("root:a", "a", 1, 20, 0, "")), "a", TOP_UNKNOWN, TOP_UNKNOWN);
	/* Nothing to compare with, and an answer without anything. */
	assert_rates("{\"pid\":7,\"list\":[]}", STATUS(7, 12000, ROW("root:a", "a", 1, 20, 0, "")), "a", TOP_UNKNOWN, TOP_UNKNOWN);
	assert_rates(BEFORE, "{\"pid\":7,\"uptimeMs\":12000,\"list\":[null,{\"cluster\":\"a\"}]}", "a", TOP_UNKNOWN, TOP_UNKNOWN);
}

static void test_totals(void **state)
{
	struct top_sample sample = sample_of(
		STATUS(7, 190000,
		       ROW("root:b", "b", 1, 1, 1, "") ",{\"cluster\":\"c\",\"process\":\"Backoff\",\"objects\":3},{\"cluster\":\"d\"}"));
	sy_auto_free char *summary = top_summary(&sample);
	sy_auto_free char *totals = top_totals(&sample);

	(void)state;
	assert_string_equal(summary, "syncerd 1.2.3, up 3m10s   SyncTarget edge-1   Ready True");
	assert_string_equal(totals, "Workers 1 of 2 running   Objects 5   Memory of syncerd 2.0Mi private, 8.0Mi RSS");
	assert_string_equal(row_of(&sample, "c")->path, "c");
	top_sample_done(&sample);
	sample = sample_of("{\"version\":\"1\",\"list\":[],\"syncTarget\":{\"name\":\"e\",\"ready\":\"False\",\"reason\":\"NoKcp\"}}");
	sy_auto_free char *troubled = top_summary(&sample);
	assert_string_equal(troubled, "syncerd 1, up 0s   SyncTarget e   Ready False NoKcp");
	top_sample_done(&sample);
	sample = sample_of("{\"version\":\"1\",\"list\":[]}");
	sy_auto_free char *direct = top_summary(&sample);
	assert_string_equal(direct, "syncerd 1, up 0s   direct mode");
	top_sample_done(&sample);
}

static void assert_order(struct top_sample *sample, const char *sort, const char *wanted)
{
	enum top_sort by;
	char found[32] = "";

	assert_true(top_sort_parse(sort, &by));
	assert_string_equal(top_sort_name(by), sort);
	top_sample_sort(sample, by);
	for (size_t i = 0; i < sample->count; i++)
		strlcat(found, sample->order[i]->cluster, sizeof(found));
	assert_string_equal(found, wanted);
}

static void test_order(void **state)
{
	/* Clusters and paths are in opposite orders. */
	struct top_sample sample = sample_of(
		STATUS(7, 12000,
		       ROW("root:a", "z", 1, 10, 0, "\"lagMs\":5,\"anonymousBytes\":5,\"restarts\":0,") "," ROW(
			       "root:b", "y", 1, 30, 0,
			       "\"lagMs\":0,\"anonymousBytes\":5,\"restarts\":0,") "," ROW("root:c", "x", 1, 20, 0,
											   "\"lagMs\":9,\"anonymousBytes\":9,\"restarts\":"
											   "0,") "," ROW("root:d", "w", 2, 99, 0,
													 "\"lagMs\":0,\"anonymousBytes\":1,"
													 "\"restarts\":1,")));
	struct top_sample before = sample_of(STATUS(
		7, 10000,
		ROW("", "z", 1, 1, 0, "") "," ROW("", "y", 1, 1, 0, "") "," ROW("", "x", 1, 1, 0, "") "," ROW("", "w", 1, 1, 0, "")));
	enum top_sort by;

	(void)state;
	top_sample_rates(&sample, &before);
	assert_order(&sample, "path", "zyxw");
	assert_order(&sample, "rate", "yxzw"); /* one that is not known is the last */
	assert_order(&sample, "lag", "xzyw");
	assert_order(&sample, "memory", "xzyw");
	assert_order(&sample, "restarts", "wzyx");
	assert_false(top_sort_parse("", &by));
	assert_false(top_sort_parse("Path", &by));
	top_sample_export(&sample);
	json_object *list = sy_json_array(sample.value, "list", NULL);
	assert_int_equal(json_object_array_length(list), 4);
	assert_string_equal(json_object_to_json_string(sy_json_get(json_object_array_get_idx(list, 1), "requestsPerSecond", NULL)),
			    "4.500");
	assert_true(json_object_object_get_ex(json_object_array_get_idx(list, 0), "requestsPerSecond", NULL));
	assert_null(sy_json_get(json_object_array_get_idx(list, 0), "requestsPerSecond", NULL));
	top_sample_done(&sample);
	top_sample_done(&before);
}

static void test_ellipsis(void **state)
{
	static const struct {
		const char *text;
		size_t width;
		const char *wanted;
	} cases[] = {{"root:org:team-a", 15, "root:org:team-a"},
		     {"root:org:team-a", 14, "roo...g:team-a"},
		     {"root:org:team-a", 8, "r...am-a"},
		     {"root:org:team-a", 7, "root:or"},
		     {"root:org:team-a", 0, ""},
		     {"", 5, ""}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sy_auto_free char *found = top_ellipsis(cases[i].text, cases[i].width);
		assert_string_equal(found, cases[i].wanted);
	}
}

static void assert_screen(const struct top_sample *sample, struct top_view *view, size_t width, size_t height, const char *wanted)
{
	struct top_screen screen;
	char found[4096] = "";

	top_layout(sample, view, "", width, height, &screen);
	for (size_t i = 0; i < screen.count; i++) {
		assert_true(strlen(screen.lines[i]) <= width);
		strlcat(found, screen.lines[i], sizeof(found));
		strlcat(found, "\n", sizeof(found));
	}
	assert_string_equal(found, wanted);
	top_screen_done(&screen);
}

#define SUMMARY "syncerd 1.2.3, up 5s   SyncTarget edge-1   Ready True\n"
#define TOTALS "Workers 3 of 3 running   Objects 6   Memory of syncerd 2.0Mi private, 8.0Mi RSS\n"
#define KEYS "By path. Keys: p path, r rate, l lag, m memory, s restarts, arrows and pages, q quit\n"

static struct top_sample three(void)
{
	struct top_sample sample = sample_of(STATUS(
		7, 5000,
		ROW("root:a", "a", 1, 1, 0, "\"lagMs\":1500,\"anonymousBytes\":1992294,\"residentBytes\":4194304,\"restarts\":3,") "," ROW(
			"root:org:a-long-name-of-a-team", "b", 1, 1, 0, "") "," ROW("root:c\\u001b[2J\\u00e9", "c", 1, 1, 0, "")));

	top_sample_sort(&sample, TOP_BY_PATH);
	return sample;
}

static void test_wide_and_narrow(void **state)
{
	struct top_sample sample = three();
	struct top_view view = {.first = 0};

	(void)state;
	assert_screen(&sample, &view, 120, 24,
		      SUMMARY TOTALS KEYS
		      "WORKSPACE                       PHASE    OBJECTS  WRITES/S  REQ/S     LAG  PRIVATE    RSS  RESTARTS  REPORT\n"
		      "root:a                          Syncing        2         -      -  1500ms    1.9Mi  4.0Mi         3      0s\n"
		      "root:c\\033[2J?                  Syncing        2         -      -       0        -      -         0      0s\n"
		      "root:org:a-long-name-of-a-team  Syncing        2         -      -       0        -      -         0      0s\n");
	assert_screen(&sample, &view, 50, 24,
		      "syncerd 1.2.3, up 5s   SyncTarget edge-1   Ready T\n"
		      "Workers 3 of 3 running   Objects 6   Memory of syn\n"
		      "By path. Keys: p path, r rate, l lag, m memory, s \n"
		      "WORKSPACE          PHASE    REQ/S     LAG  PRIVATE\n"
		      "root:a             Syncing      -  1500ms    1.9Mi\n"
		      "root:c\\033[2J?     Syncing      -       0        -\n"
		      "root...-of-a-team  Syncing      -       0        -\n" +
			      0);
	top_sample_done(&sample);
}

/* Whatever answers behind the socket: no cell gets a control into the terminal. */
static void test_a_phase_that_is_none(void **state)
{
	struct top_sample sample =
		sample_of("{\"version\":\"1\",\"list\":[{\"path\":\"a\",\"cluster\":\"a\",\"state\":\"\\u001b[2J\\u00e9\"},"
			  "{\"path\":\"b\",\"cluster\":\"b\",\"state\":\"\\u001b\\u001b\\u001b\\u001b\\u001b\\u001b\\u001b\\u001b\"}]}");
	struct top_view view = {.first = 0};

	(void)state;
	assert_screen(&sample, &view, 43, 10,
		      "syncerd 1, up 0s   direct mode\nWorkers 0 of 0 running   Objects 0   Memory\n"
		      "By path. Keys: p path, r rate, l lag, m mem\n"
		      "WORKSPACE  PHASE                           \n"
		      "a          \\033[2J?                        \n"
		      "b          \\033\\033\\033\\033\\033\\033\\033\\033\n");
	top_sample_done(&sample);
}

static void test_low_and_scrolled(void **state)
{
	struct top_sample sample = three();
	struct top_view view = {.first = 99};

	(void)state;
	assert_screen(&sample, &view, 12, 6, "syncerd 1.2.\nWorkers 3 of\nBy path. Key\nWORKSPACE   \nroo...a-team\n2 more (2 ab\n");
	assert_int_equal(view.first, 2);
	assert_int_equal(view.page, 1);
	view.first = 1;
	assert_screen(&sample, &view, 12, 5, "syncerd 1.2.\nWorkers 3 of\nBy path. Key\nWORKSPACE   \n3 more (1 ab\n");
	assert_screen(&sample, &view, 1, 2, "s\nW\n");
	assert_screen(&sample, &view, 0, 2, "\n\n");
	assert_screen(&sample, &view, 0, 0, "");
	top_sample_done(&sample);
	assert_screen(NULL, &view, 80, 10, "Asking syncerd ...\n");
	sample = sample_of("{\"version\":\"1\",\"list\":[]}");
	assert_screen(&sample, &view, 30, 10,
		      "syncerd 1, up 0s   direct mode\nWorkers 0 of 0 running   Objec\nBy path. Keys: p path, r rate,\n"
		      "WORKSPACE  PHASE  REQ/S  LAG\nNo workspaces: no consumer has\n");
	top_sample_done(&sample);
}

#define ANSWER(value) "{\"v\":1,\"id\":1,\"ok\":true,\"value\":" value "}\n"

/* One request a look, all on one connection. */
static void test_one_connection(void **state)
{
	struct run run;

	(void)state;
	run_init(&run);
	run_start(&run, "@ top --interval 100ms --count 2 --sort rate");
	serve_request(&run);
	assert_non_null(strstr(run.request, "\"status\""));
	serve(&run, ANSWER(STATUS(7, 1000, ROW("root:b", "b", 1, 1, 0, "") "," ROW("root:a", "a", 1, 1, 0, ""))));
	serve_next(&run);
	serve(&run, ANSWER(STATUS(7, 2000, ROW("root:b", "b", 1, 4, 2, "") "," ROW("root:a", "a", 1, 1, 0, ""))));
	serve_next(&run);
	serve(&run, ANSWER(STATUS(7, 4000, ROW("root:b", "b", 2, 9, 9, "") "," ROW("root:a", "a", 1, 2, 0, ""))));
	run_finish(&run);
	assert_int_equal(run.code, CTL_OK);
	assert_string_equal(run.err, "");
	for (const char *const *row = (const char *const[]){"root:b      Syncing   2         2.0        3.0",
							    "root:a      Syncing   2         0.0        0.0",
							    "root:a      Syncing   2         0.0        0.5",
							    "root:b      Syncing   2         -          -  ", NULL};
	     *row; row++) {
		const char *found = strstr(run.out, *row);

		if (!found)
			fail_msg("%s is missing in\n%s", *row, run.out);
	}
	run_done(&run);
}

/* An older syncerd answers `status` without what was asked for. */
static void test_an_older_syncerd(void **state)
{
	struct run run;

	(void)state;
	run_init(&run);
	run_with_answer(&run, "@ top", "{\"v\":1,\"id\":1,\"ok\":true,\"value\":{\"version\":\"0\"}}\n");
	assert_int_equal(run.code, CTL_FAILED);
	assert_non_null(strstr(run.err, "older than this syncerctl"));
	assert_non_null(strstr(run.request, "\"workspaces\":true"));
	run_with_answer(&run, "@ top --once", NULL);
	assert_int_equal(run.code, CTL_UNREACHABLE);
	run_with_answer(&run, "@ top -o json", "{\"v\":1,\"id\":0,\"ok\":false,\"error\":\"too many clients\",\"code\":\"TooMany\"}\n");
	assert_int_equal(run.code, CTL_FAILED);
	assert_non_null(strstr(run.err, "too many clients"));
	for (const char *const *wrong = (const char *const[]){"--interval 0", "--interval 50ms", "--interval 2h", "--sort name",
							      "--count 0", "--count x", "root:a", NULL};
	     *wrong; wrong++) {
		char args[64];

		snprintf(args, sizeof(args), "@ top %s", *wrong);
		run_alone(&run, args);
		assert_int_equal(run.code, CTL_USAGE);
	}
	run_done(&run);
}

/* Tried again at longer and longer intervals, and at the old one as soon as somebody answers. */
static void test_back_off(void **state)
{
	struct top_feed feed;
	json_object *value = NULL;
	int64_t now = 0;
	int last = 0;

	(void)state;
	top_feed_init(&feed, "/tmp/test_ctl.no-such/s", 2000);
	for (int i = 0; i < 8; i++) {
		assert_false(top_feed_step(&feed, now, &value));
		assert_int_equal(feed.code, CTL_UNREACHABLE);
		assert_int_equal(feed.fd, -1);
		assert_true(top_feed_wait_ms(&feed, now) >= last && top_feed_wait_ms(&feed, now) <= 10000);
		last = top_feed_wait_ms(&feed, now);
		assert_false(top_feed_step(&feed, now + last - 1, &value)); /* not due yet */
		assert_int_equal(top_feed_wait_ms(&feed, now + last - 1), 1);
		now += last;
	}
	assert_int_equal(last, 10000);
	top_feed_done(&feed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_ellipsis),
		cmocka_unit_test(test_wide_and_narrow),
		cmocka_unit_test(test_low_and_scrolled),
		cmocka_unit_test(test_a_phase_that_is_none),
		cmocka_unit_test(test_one_connection),
		cmocka_unit_test(test_an_older_syncerd),
		cmocka_unit_test(test_back_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
