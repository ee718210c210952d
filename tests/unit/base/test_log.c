#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/log_impl.h"
#include "base/utf8.h"

static const struct sy_log_line sample = {
	.time = {.tv_sec = 1795499100, .tv_nsec = 123999999},
	.level = SY_LOG_INFO,
	.ident = "syncerd",
	.ref = {.cluster = "abc", .path = "root:org", .resource = "widgets.example.dev", .object = "ns/w 1", .reason = "ForeignObject"},
	.message = "line \x1b[31m\"one\"\nline two",
};

static const char *text_of(const struct sy_log_out *out)
{
	static char text[SY_LOG_LINE_MAX + 1];

	memcpy(text, out->data, out->len);
	text[out->len] = '\0';
	return text;
}

static void test_text(void **state)
{
	(void)state;
	struct sy_log_out out = {.len = 0};

	sy_log_encode_text(&sample, &out);
	assert_string_equal(text_of(&out), "2026-11-24T05:45:00.123Z info cluster=abc workspace=root:org resource=widgets.example.dev "
					   "object=ns/w\\s1 reason=ForeignObject: line \\033[31m\"one\"\\nline two\n");
	struct sy_log_line bare = {.time = sample.time, .level = SY_LOG_ERROR, .ident = "x", .message = "m"};
	out.len = 0;
	sy_log_encode_text(&bare, &out);
	assert_string_equal(text_of(&out), "2026-11-24T05:45:00.123Z error: m\n");
}

/* Messages are written by people in all languages; what a terminal acts on, or what turns the reading order, is not let through. */
static void test_readable(void **state)
{
	(void)state;
	static const struct {
		const char *message;
		const char *shown;
	} cases[] = {
		{"caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x9a\x80", "caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x9a\x80"},
		{"\a\b\t\n\v\f\r", "\\a\\b\\t\\n\\v\\f\\r"},
		{"\x01\x1b[0m\x7f", "\\001\\033[0m\\177"},
		{"a\\b", "a\\\\b"},
		{"\xc2\x80\xc2\x9f\xc2\xa0", "\\302\\200\\302\\237\xc2\xa0"}, /* C1 ends before the no-break space */
		{"\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9", "\xe2\x80\xa7\\u2028\\u2029"},
		{"\xe2\x80\xaa\xe2\x80\xae\xe2\x80\xaf", "\\u202a\\u202e\xe2\x80\xaf"},
		{"\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa", "\xe2\x81\xa5\\u2066\\u2069\xe2\x81\xaa"},
		{"\xff\xc3(\xc0\xaf\xed\xa0\x80", "\\377\\303(\\300\\257\\355\\240\\200"}, /* overlong, surrogate */
		{"\xf0\x9f\x9a", "\\360\\237\\232"},					   /* cut short */
	};
	static const char prefix[] = "1970-01-01T00:00:00.000Z info object=\xc3\xa9\\s\\n: ";

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sy_log_line line = {.level = SY_LOG_INFO, .ident = "x", .ref.object = "\xc3\xa9 \n", .message = cases[i].message};
		struct sy_log_out out = {.len = 0};
		char expect[256];

		snprintf(expect, sizeof(expect), "%s%s\n", prefix, cases[i].shown);
		sy_log_encode_text(&line, &out);
		assert_string_equal(text_of(&out), expect);
	}
}

static void test_json(void **state)
{
	(void)state;
	struct sy_log_out out = {.len = 0};
	struct sy_log_line line = sample;

	sy_log_encode_json(&line, &out);
	assert_string_equal(text_of(&out),
			    "{\"time\":\"2026-11-24T05:45:00.123Z\",\"level\":\"info\",\"process\":\"syncerd\",\"cluster\":\"abc\","
			    "\"workspace\":\"root:org\",\"resource\":\"widgets.example.dev\",\"object\":\"ns/w 1\","
			    "\"reason\":\"ForeignObject\",\"message\":\"line \\u001b[31m\\\"one\\\"\\u000aline two\"}\n");
	line = (struct sy_log_line){.time = sample.time, .level = SY_LOG_DEBUG, .ident = "x", .message = "\xff\\\xc3\xa9\x7f\xe2\x80\xae"};
	out.len = 0;
	sy_log_encode_json(&line, &out);
	assert_string_equal(text_of(&out), "{\"time\":\"2026-11-24T05:45:00.123Z\",\"level\":\"debug\",\"process\":\"x\","
					   "\"message\":\"\\ufffd\\\\\xc3\xa9\\u007f\\u202e\"}\n");
}

static void test_journal_encoding(void **state)
{
	(void)state;
	struct sy_log_out out = {.len = 0};
	static const char expect[] = "MESSAGE\n\x3d\0\0\0\0\0\0\0root:org widgets.example.dev ns/w 1: line \x1b[31m\"one\"\nline "
				     "two\nPRIORITY=6\nSYSLOG_IDENTIFIER=syncerd\n"
				     "SYNCERD_CLUSTER=abc\nSYNCERD_WORKSPACE=root:org\nSYNCERD_RESOURCE=widgets.example.dev\n"
				     "SYNCERD_OBJECT=ns/w 1\nSYNCERD_REASON=ForeignObject\n";

	assert_int_equal(strlen("root:org widgets.example.dev ns/w 1: ") + strlen(sample.message), 0x3d);
	sy_log_encode_journal(&sample, &out);
	assert_int_equal(out.len, sizeof(expect) - 1);
	assert_memory_equal(out.data, expect, out.len);
}

/* Hostile values: the line stays within its bounds and stays one line. */
static void test_long_values(void **state)
{
	(void)state;
	static char big[100000];
	struct sy_log_line line = {.level = SY_LOG_INFO,
				   .ident = "x",
				   .ref = {.cluster = big, .path = big, .resource = big, .object = big, .reason = big},
				   .message = big};
	static void (*const encode[])(const struct sy_log_line *, struct sy_log_out *) = {sy_log_encode_text, sy_log_encode_json};

	for (int fill = 1; fill < 256; fill += 13) {
		memset(big, fill, sizeof(big) - 1);
		for (int i = 0; i < 2; i++) {
			struct sy_log_out out = {.len = 0};
			encode[i](&line, &out);
			assert_in_range(out.len, 100, SY_LOG_LINE_MAX);
			assert_ptr_equal(memchr(out.data, '\n', out.len), out.data + out.len - 1);
			if (i == 1)
				assert_memory_equal(out.data + out.len - 3, "\"}\n", 3);
		}
		struct sy_log_out out = {.len = 0};
		sy_log_encode_journal(&line, &out);
		assert_in_range(out.len, 100, SY_LOG_LINE_MAX);
		assert_int_equal(out.data[out.len - 1], '\n');
	}
}

/* A line that is cut ends with a whole character, wherever the cut falls. */
static void test_cut_at_a_character(void **state)
{
	(void)state;
	static char big[SY_LOG_MESSAGE_MAX + 1];

	for (size_t shift = 0; shift < 4; shift++) {
		struct sy_log_line line = {.level = SY_LOG_INFO, .ident = "x", .message = big + shift};
		struct sy_log_out out = {.len = 0};

		for (size_t i = 0; i + 4 < sizeof(big); i += 4)
			memcpy(big + i, "\x1b\xe2\x82\xac", 4);
		line.ref = (struct sy_log_ref){.cluster = big, .path = big, .resource = big, .object = big, .reason = big + shift};
		sy_log_encode_text(&line, &out);
		assert_in_range(out.len, SY_LOG_LINE_MAX - 16, SY_LOG_LINE_MAX);
		assert_int_equal(out.data[out.len - 1], '\n');
		size_t cut = sy_utf8_cut(out.data, out.len - 1);
		assert_int_equal(cut, out.len - 1);
	}
}

static void test_journal_socket(void **state)
{
	(void)state;
	char folder[] = "/tmp/test_log.XXXXXX";
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	char data[1024];

	assert_non_null(mkdtemp(folder));
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/socket", folder);
	assert_int_equal(sy_journal_open(addr.sun_path), -ENOENT);
	int server = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	int fd = sy_journal_open(addr.sun_path);
	assert_true(fd >= 0);
	assert_int_equal(sy_journal_send(fd, &sample), 0);
	ssize_t len = recv(server, data, sizeof(data), MSG_DONTWAIT);
	assert_true(len > 8);
	assert_memory_equal(data, "MESSAGE\n", 8);
	close(server);
	assert_true(sy_journal_send(fd, &sample) < 0);
	close(fd);
	unlink(addr.sun_path);
	rmdir(folder);
}

/* sy_log itself, with stderr turned to a file. */
static void test_levels_and_defaults(void **state)
{
	(void)state;
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	char data[4096] = "";

	assert_non_null(file);
	dup2(fileno(file), STDERR_FILENO);
	sy_log_init("test", SY_LOG_INFO, SY_LOG_TEXT);
	sy_log_set_cluster("mine");
	errno = ENOENT;
	sy_info(NULL, "one %s", "fact");
	int after = errno;
	sy_debug(NULL, "not shown");
	sy_warn((&(struct sy_log_ref){.cluster = "theirs"}), "two");
	char euros[3 * 700 + 1] = "";
	for (size_t i = 0; i < sizeof(euros) - 1; i += 3)
		memcpy(euros + i, "\xe2\x82\xac", 4);
	sy_info(NULL, "%s", euros); /* longer than a message may be: cut before the character that does not fit */
	sy_log_set_level(SY_LOG_DEBUG);
	sy_debug(NULL, "shown");
	sy_log_set_cluster(NULL);
	sy_log_init("test", SY_LOG_ERROR, SY_LOG_JOURNAL);
	sy_log_init("test", SY_LOG_ERROR, SY_LOG_TEXT);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	size_t len = fread(data, 1, sizeof(data) - 1, file);
	data[len] = '\0';
	fclose(file);
	assert_int_equal(after, ENOENT);
	assert_non_null(strstr(data, " info cluster=mine: one fact\n"));
	assert_non_null(strstr(data, " warning cluster=theirs: two\n"));
	assert_non_null(strstr(data, " debug cluster=mine: shown\n"));
	assert_null(strstr(data, "not shown"));
	assert_non_null(strstr(data, "\xe2\x82\xac\xe2\x82\xac\n"));
	assert_null(strchr(data, '\\'));
}

static void test_names(void **state)
{
	(void)state;
	enum sy_log_level level;
	enum sy_log_format format;

	for (unsigned i = 0; i < SY_LOG_LEVEL_MAX; i++) {
		assert_true(sy_log_level_parse(sy_log_level_name((enum sy_log_level)i), &level));
		assert_int_equal(level, i);
	}
	for (unsigned i = 0; i < SY_LOG_FORMAT_MAX; i++) {
		assert_true(sy_log_format_parse(sy_log_format_name((enum sy_log_format)i), &format));
		assert_int_equal(format, i);
	}
	assert_false(sy_log_level_parse("Info", &level));
	assert_false(sy_log_format_parse("", &format));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readable),       cmocka_unit_test(test_cut_at_a_character),  cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),	       cmocka_unit_test(test_journal_encoding),	   cmocka_unit_test(test_long_values),
		cmocka_unit_test(test_journal_socket), cmocka_unit_test(test_levels_and_defaults), cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
