/* Tables, ages, sizes, and what each command makes of an answer. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "supervisor/ctl/table.h"
#include "unit/ctl/run.h"

static void test_table(void **state)
{
	static const char *const headings[] = {"NAME", "VALUE", "MESSAGE", NULL};
	struct ctl_table *table = ctl_table_new(headings);
	char *text = NULL;
	size_t size = 0;

	(void)state;
	ctl_table_row(table);
	ctl_table_cell(table, "caf\xc3\xa9");
	ctl_table_cellf(table, "%d", 42);
	ctl_table_cell(table, "two\nlines");
	ctl_table_row(table);
	ctl_table_cell(table, "a-longer-name");
	ctl_table_cell(table, NULL);
	ctl_table_cell(table, "");
	ctl_table_row(table);
	ctl_table_cell(table, "short"); /* the rest stays empty */
	for (int i = 0; i < 5; i++)
		ctl_table_cell(table, "x"); /* more than there are columns */
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	ctl_table_print(table, out);
	fclose(out);
	assert_string_equal(text, "NAME            VALUE   MESSAGE\n"
				  "caf\xc3\xa9            42      two\\nlines\n"
				  "a-longer-name   -       -\n"
				  "short           x       x\n");
	free(text);
	ctl_table_free(table);
}

static void test_ages_and_sizes(void **state)
{
	static const struct {
		long seconds;
		const char *text;
	} ages[] = {{-1, "-"},	  {0, "0s"},	   {119, "119s"}, {120, "2m0s"},   {599, "9m59s"},
		    {600, "10m"}, {10799, "179m"}, {10800, "3h"}, {172799, "47h"}, {172800, "2d"}};
	static const struct {
		long bytes;
		const char *text;
	} sizes[] = {{0, "-"}, {-5, "-"}, {1023, "0Ki"}, {2048, "2Ki"}, {1048576, "1.0Mi"}, {1992294, "1.9Mi"}};
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		ctl_format_age(ages[i].seconds, text, sizeof(text));
		assert_string_equal(text, ages[i].text);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ctl_format_bytes(sizes[i].bytes, text, sizeof(text));
		assert_string_equal(text, sizes[i].text);
	}
}

#define WORKSPACES                                                                                                                         \
	"{\"v\":1,\"id\":1,\"ok\":true,\"value\":[{\"path\":\"root:a\",\"cluster\":\"abc\",\"pid\":17,\"state\":\"Syncing\",\"reason\":"   \
	"\"\","                                                                                                                            \
	"\"objects\":3,\"lagMs\":12,\"restarts\":0,\"memoryBytes\":2097152,\"process\":\"Running\",\"synced\":3,\"pending\":0,"            \
	"\"failing\":0,"                                                                                                                   \
	"\"lastExit\":\"\",\"message\":\"all\\u001b[31m "                                                                                  \
	"good\"},{\"cluster\":\"def\",\"pid\":0,\"state\":\"Failed\",\"reason\":\"CrashLoop\"}"                                            \
	",7]}\n"

static void test_workspaces(void **state)
{
	struct run run;

	(void)state;
	run_init(&run);
	run_with_answer(&run, "workspaces @", WORKSPACES);
	assert_int_equal(run.code, CTL_OK);
	assert_string_equal(run.out, "WORKSPACE   CLUSTER   PID   STATE     REASON      OBJECTS   LAG    RESTARTS   MEMORY\n"
				     "root:a      abc       17    Syncing   -           3         12ms   0          2.0Mi\n"
				     "-           def       -     Failed    CrashLoop   -         0      -          -\n"
				     "-           -         -     -         -           -         0      -          -\n");
	run_with_answer(&run, "workspaces @ -o wide", WORKSPACES);
	assert_non_null(strstr(run.out, "LAST-EXIT   MESSAGE\n"));
	assert_non_null(strstr(run.out, "all\\033[31m good\n"));
	run_with_answer(&run, "workspaces @", "{\"v\":1,\"id\":1,\"ok\":true,\"value\":[]}\n");
	assert_int_equal(strncmp(run.out, "No workspaces", 13), 0);
	run_with_answer(&run, "workspaces @", "{\"v\":1,\"id\":1,\"ok\":true,\"value\":\"nonsense\"}\n");
	assert_int_equal(run.code, CTL_OK);
	run_done(&run);
}

static void test_status(void **state)
{
	struct run run;

	(void)state;
	run_init(&run);
	run_with_answer(
		&run, "status @",
		"{\"v\":1,\"id\":1,\"ok\":true,\"value\":{\"version\":\"0.1.0\",\"uptimeSeconds\":61,\"mode\":\"synctarget\","
		"\"identity\":\"kcp-syncer-edge-1\",\"upstream\":{\"server\":\"https://kcp\",\"reachable\":true},\"downstream\":{"
		"\"server\":\"https://c\",\"reachable\":false,\"message\":\"refused\"},\"workspaces\":{\"total\":2,\"ready\":1},"
		"\"syncTarget\":{\"path\":\"root:edge\",\"cluster\":\"abc\",\"name\":\"edge-1\",\"key\":\"k\",\"ready\":\"False\","
		"\"reason\":\"Down\",\"message\":\"m\\n2\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\",\"reason\":\"Down\","
		"\"message\":\"m\"}]}}}\n");
	assert_int_equal(run.code, CTL_OK);
	assert_string_equal(run.out, "syncerd        0.1.0, up 61s\n"
				     "Mode           synctarget\n"
				     "Identity       kcp-syncer-edge-1\n"
				     "kcp            https://kcp\n"
				     "Cluster        https://c (not reachable: refused)\n"
				     "Workspaces     1 of 2 syncing\n"
				     "SyncTarget     edge-1 in root:edge (abc)\n"
				     "Key            k\n"
				     "Ready          False Down: m\\n2\n"
				     "\n"
				     "CONDITION   STATUS   REASON   MESSAGE\n"
				     "Ready       False    Down     m\n");
	/* A server that knows nothing is shown as one that knows nothing. */
	run_with_answer(&run, "status @", "{\"v\":1,\"id\":1,\"ok\":true,\"value\":{}}\n");
	assert_int_equal(run.code, CTL_OK);
	assert_null(strstr(run.out, "null"));
	run_done(&run);
}

static void test_events(void **state)
{
	struct run run;

	(void)state;
	run_init(&run);
	run_with_answer(&run, "events @",
			"{\"v\":1,\"id\":1,\"ok\":true,\"value\":[{\"time\":\"2001-01-01T00:00:00Z\",\"type\":\"Normal\",\"reason\":\"R\","
			"\"cluster\":"
			"\"abc\",\"path\":\"\",\"resource\":\"widgets.example.dev\",\"object\":\"ns/w\",\"count\":2,\"message\":\"m\"},{"
			"\"time\":\"never\"}]}\n");
	assert_int_equal(run.code, CTL_OK);
	assert_non_null(strstr(run.out, "d   Normal   R        abc         widgets.example.dev/ns/w   2       m\n"));
	assert_non_null(strstr(run.out, "\n-       -        -        -           -                          1       -\n"));
	run_done(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),  cmocka_unit_test(test_ages_and_sizes), cmocka_unit_test(test_workspaces),
		cmocka_unit_test(test_status), cmocka_unit_test(test_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
