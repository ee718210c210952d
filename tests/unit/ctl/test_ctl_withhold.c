/* What may leave the machine: values that servers quote, credentials and unlisted members may not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/run_program.h"
#include "supervisor/ctl/withhold.h"

static void values_are_left_out(void **state)
{
	static const char *const pairs[][2] = {
		{"", ""},
		{"all is well: 3 of 4", "all is well: 3 of 4"},
		{"spec.size: Invalid value: 2000: too big", "spec.size: Invalid value: [left out]"},
		{"a: Unsupported value: \"x\"\nnext line", "a: Unsupported value: [left out]\nnext line"},
		{"admission webhook \"w\" denied the request: size is 7", "admission webhook \"w\" denied the request: [left out]"},
		{"proxy http://me:pw@host:1/x failed", "proxy http://[left out]@host:1/x failed"},
		{"https://host:1/a@b", "https://host:1/a@b"},
		{"https://", "https://"},
		{"Authorization: Bearer abc", "Authorization: Bearer [left out]"},
		{"got eyJhbGciOiJSUzI1NiJ9.eyJz-_.x here", "got [left out] here"},
		{"eyJshort", "eyJshort"},
		{"-----BEGIN PRIVATE KEY-----abc", "-----BEGIN [left out]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char *kept = ctl_without_values(pairs[i][0]);

		assert_string_equal(kept, pairs[i][1]);
		free(kept);
	}
}

static void only_listed_members_are_kept(void **state)
{
	static const char *const names[] = {"a", "list", "none", NULL};
	static const char text[] =
		"{\"a\":{\"a\":1.50,\"spec\":{\"a\":\"x\"}},\"b\":2,\"list\":[{\"b\":1,\"a\":\"Invalid value: 1\"},\"t\",null],"
		"\"none\":null}";
	json_object *value = NULL, *kept;
	char *printed;

	(void)state;
	assert_int_equal(sy_json_parse(text, strlen(text), sizeof(text), &value, NULL), 0);
	kept = ctl_keep(value, names);
	printed = sy_json_text(kept);
	assert_string_equal(printed, "{\"a\":{\"a\":1.50},\"list\":[{\"a\":\"Invalid value: [left out]\"},\"t\",null],\"none\":null}");
	free(printed);
	json_object_put(kept);
	json_object_put(value);
}

static int run(const char *script, int64_t timeout_ms, struct sy_buf *out, bool *cut)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	const struct ctl_run call = {.argv = argv, .timeout_ms = timeout_ms};
	struct sy_error err = {0};

	sy_buf_init(out, 64);
	return ctl_run(&call, out, cut, &err);
}

static void programs_are_bounded(void **state)
{
	const char *const absent[] = {"/nonexistent/program", NULL};
	const struct ctl_run call = {.argv = absent, .timeout_ms = 60000};
	struct sy_error err = {0};
	struct sy_buf out;
	bool cut = false;

	(void)state;
	alarm(300);
	assert_int_equal(run("echo out; echo err >&2; echo $HOME; exit 3", 60000, &out, &cut), 3);
	assert_string_equal(sy_buf_str(&out), "out\n\n");
	assert_false(cut);
	sy_buf_done(&out);
	assert_int_equal(run("while :; do echo much; done | head -c 1000000; kill -9 $$", 60000, &out, &cut), 128 + SIGKILL);
	assert_true(cut && out.len <= 64);
	sy_buf_done(&out);
	/* The time is over although a child of it holds the pipe. */
	assert_int_equal(run("sleep 200 & sleep 200", 100, &out, NULL), -ETIME);
	sy_buf_done(&out);
	sy_buf_init(&out, 64);
	assert_int_equal(ctl_run(&call, &out, NULL, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/program"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_left_out),
		cmocka_unit_test(only_listed_members_are_kept),
		cmocka_unit_test(programs_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
