/* Lines and events of a watch stream. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kube/stream.h"

static void decodes(const char *line, int result)
{
	struct sy_stream_event event;
	struct sy_error err = {0};
	int r = sy_stream_decode(line, strlen(line), 64, &event, &err);

	if (r != result)
		fail_msg("%s: %d instead of %d (%s)", line, r, result, err.text);
	if (r == 0)
		sy_stream_event_done(&event);
	else
		assert_string_not_equal(err.text, "");
}

static void test_decode(void **state)
{
	struct sy_stream_event event;
	const char *line = " { \"object\" : {\"a\":\"}]\\\"\"} , \"extra\":[1,{\"object\":2}], \"type\":\"DELETED\" } ";

	(void)state;
	assert_int_equal(sy_stream_decode(line, strlen(line), 64, &event, NULL), 0);
	assert_int_equal(event.type, SY_STREAM_DELETED);
	assert_int_equal(event.raw_len, strlen("{\"a\":\"}]\\\"\"}"));
	assert_memory_equal(event.raw, "{\"a\":\"}]\\\"\"}", event.raw_len);
	assert_string_equal(sy_json_str(event.object, "a", NULL), "}]\"");
	sy_stream_event_done(&event);
}

static void test_refused(void **state)
{
	(void)state;
	decodes("{\"type\":\"ADDED\",\"object\":{}}", 0);
	decodes("", -EINVAL);
	decodes("[]", -EINVAL);
	decodes("{}", -EINVAL);
	decodes("{\"type\":\"ADDED\"}", -EINVAL);
	decodes("{\"object\":{}}", -EINVAL);
	decodes("{\"type\":\"added\",\"object\":{}}", -EINVAL);
	decodes("{\"type\":1,\"object\":{}}", -EINVAL);
	decodes("{\"type\":\"ADDED\",\"object\":[]}", -EINVAL);
	decodes("{\"type\":\"ADDED\",\"object\":null}", -EINVAL);
	decodes("{\"type\":\"ADDED\",\"object\":{}", -EINVAL);
	decodes("{\"type\":\"ADDED\",\"object\":{}}x", -EINVAL);
	decodes("{\"type\":\"ADDED\",\"object\":{},}", -EINVAL);
	decodes("{\"type\":\"ADDED\",\"object\":{},\"object\":{}}", -EINVAL);
	decodes("{\"type\":\"ADDED\",\"type\":\"ADDED\",\"object\":{}}", -EINVAL);
	decodes("{\"type\":\"ADDED\",\"object\":{\"a\":1,\"a\":2}}", -EINVAL);
	decodes("{\"type\":\"ADDED\",\"object\":{\"a\":]}}", -EINVAL);
	decodes("{\"type\":\"ADDED\",\"object\":{\"a\":\"123456789012345678901234567890123456789012345678901234567890\"}}", -EMSGSIZE);
}

struct lines {
	char text[512];
	int count;
	int fail_at;
};

static int on_line(void *arg, const char *line, size_t len, struct sy_error *err)
{
	struct lines *lines = arg;

	if (++lines->count == lines->fail_at)
		return sy_error_set(err, ECANCELED, "enough");
	size_t used = strlen(lines->text);
	snprintf(lines->text + used, sizeof(lines->text) - used, "[%.*s]", (int)len, line);
	return 0;
}

static void test_lines_in_any_slices(void **state)
{
	const char *text = "one\r\n\n  \ntwo two\nthree\n";

	(void)state;
	for (size_t slice = 1; slice <= strlen(text); slice++) {
		struct sy_stream stream;
		struct lines lines = {0};

		sy_stream_init(&stream, 100);
		for (size_t at = 0; at < strlen(text); at += slice) {
			size_t len = strlen(text) - at < slice ? strlen(text) - at : slice;

			assert_int_equal(sy_stream_feed(&stream, text + at, len, on_line, &lines, NULL), 0);
		}
		assert_string_equal(lines.text, "[one][two two][three]");
		assert_false(sy_stream_is_partial(&stream));
		sy_stream_done(&stream);
	}
}

static void test_line_limit(void **state)
{
	struct sy_stream stream;
	struct lines lines = {0};
	struct sy_error err = {0};

	(void)state;
	sy_stream_init(&stream, 8);
	assert_int_equal(sy_stream_feed(&stream, "12345678", 8, on_line, &lines, &err), 0);
	assert_true(sy_stream_is_partial(&stream));
	assert_int_equal(sy_stream_feed(&stream, "9", 1, on_line, &lines, &err), -EMSGSIZE);
	sy_stream_done(&stream);
	assert_int_equal(lines.count, 0);
}

struct cuts {
	struct sy_stream stream;
	char text[512];
};

static int on_any_line(void *arg, const char *line, size_t len, struct sy_error *err)
{
	struct cuts *cuts = arg;
	struct sy_stream_event event = {0};
	size_t used = strlen(cuts->text);

	assert_int_equal(sy_stream_frame(line, len, cuts->stream.cut, &event, err), 0);
	snprintf(cuts->text + used, sizeof(cuts->text) - used, "%s%d[%.*s]", cuts->stream.cut ? "!" : "", (int)event.type,
		 (int)(event.raw_len < 6 ? event.raw_len : 6), event.raw);
	return 0;
}

/* A line above the limit may be given without its end; the next one is as good as ever. */
static void test_cut_lines(void **state)
{
	const char *text = "{\"type\":\"ADDED\",\"object\":{\"a\":1}}\n{\"type\":\"DELETED\",\"object\":{\"b\":"
			   "\"0123456789012345678901234567890123456789012345678901234567890123456789\"}}\n"
			   "{\"type\":\"MODIFIED\",\"object\":{\"c\":3}}\n";

	(void)state;
	for (size_t slice = 1; slice <= 40; slice++) {
		struct cuts cuts = {0};

		sy_stream_init(&cuts.stream, 80);
		cuts.stream.give_cut = true;
		for (size_t at = 0; at < strlen(text); at += slice) {
			size_t len = strlen(text) - at < slice ? strlen(text) - at : slice;

			assert_int_equal(sy_stream_feed(&cuts.stream, text + at, len, on_any_line, &cuts, NULL), 0);
		}
		assert_string_equal(cuts.text, "0[{\"a\":1]!2[{\"b\":\"]1[{\"c\":3]");
		sy_stream_done(&cuts.stream);
	}
}

static void test_callback_stops(void **state)
{
	struct sy_stream stream;
	struct lines lines = {.fail_at = 2};

	(void)state;
	sy_stream_init(&stream, 100);
	assert_int_equal(sy_stream_feed(&stream, "a\nb\nc\n", 6, on_line, &lines, NULL), -ECANCELED);
	assert_string_equal(lines.text, "[a]");
	sy_stream_done(&stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),	  cmocka_unit_test(test_refused),    cmocka_unit_test(test_lines_in_any_slices),
		cmocka_unit_test(test_cut_lines), cmocka_unit_test(test_line_limit), cmocka_unit_test(test_callback_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
