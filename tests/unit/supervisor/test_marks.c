/* The files of marked workspaces: what is written is read again, and nothing that is damaged counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "supervisor/process/marks.h"

static char directory[] = "/tmp/sy-pauses-XXXXXX";
static char path[64];

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/paused.json", directory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory); /* fails when something else was left there */
}

static void write_file(const char *text, size_t len)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	fclose(file);
}

static void what_is_set_is_there_after_a_restart(void **state)
{
	struct sy_marks pauses;
	struct sy_error err = {0};
	struct stat st;

	(void)state;
	assert_int_equal(sy_marks_open(&pauses, directory, "paused", &err), 0);
	assert_false(sy_marks_has(&pauses, "bbb"));
	assert_int_equal(sy_marks_set(&pauses, "bbb", true, &err), 0);
	assert_int_equal(sy_marks_set(&pauses, "aaa", true, &err), 0);
	assert_int_equal(sy_marks_set(&pauses, "aaa", true, &err), 0);
	sy_marks_done(&pauses);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(sy_marks_open(&pauses, directory, "paused", &err), 0);
	assert_int_equal(pauses.clusters.count, 2);
	assert_true(sy_marks_has(&pauses, "aaa") && sy_marks_has(&pauses, "bbb"));
	assert_int_equal(sy_marks_set(&pauses, "bbb", false, &err), 0);
	sy_marks_done(&pauses);
	assert_int_equal(sy_marks_open(&pauses, directory, "paused", &err), 0);
	assert_int_equal(pauses.clusters.count, 1);
	sy_marks_done(&pauses);
}

static void damaged_means_none(void **state)
{
	static const char *const bad[] = {"",
					  "{",
					  "[]",
					  "{\"paused\":[]}",
					  "{\"version\":2,\"paused\":[]}",
					  "{\"version\":1,\"paused\":{}}",
					  "{\"version\":1,\"paused\":[],\"more\":1}",
					  "{\"version\":1,\"paused\":[\"aaa\",7]}",
					  "{\"version\":1,\"paused\":[\"aaa\",\"../x\"]}",
					  "{\"version\":1,\"paused\":[\"bbb\",\"aaa\"]}",
					  "{\"version\":1,\"paused\":[\"aaa\",\"aaa\"]}",
					  "{\"version\":1,\"version\":1,\"paused\":[]}",
					  "{\"version\":1,\"paused\":[\"aaa\"]} trailing"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sy_marks pauses;
		struct sy_error err = {0};

		write_file(bad[i], strlen(bad[i]));
		if (sy_marks_open(&pauses, directory, "paused", &err) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
		assert_non_null(strstr(err.text, "paused.json is damaged"));
		assert_int_equal(pauses.clusters.count, 0);
		assert_int_equal(sy_marks_set(&pauses, "ccc", true, &err), 0); /* replaces it */
		sy_marks_done(&pauses);
		assert_int_equal(sy_marks_open(&pauses, directory, "paused", &err), 0);
		assert_true(sy_marks_has(&pauses, "ccc"));
		sy_marks_done(&pauses);
	}
}

static void it_is_bounded(void **state)
{
	struct sy_marks pauses;
	struct sy_error err = {0};
	char *text = malloc(SY_MARKS_BYTES + 2);

	(void)state;
	assert_non_null(text);
	memset(text, ' ', SY_MARKS_BYTES + 1);
	write_file(text, SY_MARKS_BYTES + 1);
	free(text);
	assert_int_equal(sy_marks_open(&pauses, directory, "paused", &err), -EMSGSIZE);
	assert_int_equal(pauses.clusters.count, 0);
	sy_marks_done(&pauses);
	assert_int_equal(sy_marks_open(&pauses, NULL, "paused", &err), 0);
	for (int i = 0; i < SY_MAX_WORKERS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "c%05d", i);
		assert_int_equal(sy_strv_add(&pauses.clusters, name, &err), 0);
	}
	assert_int_equal(sy_marks_set(&pauses, "one-more", true, &err), -ENOSPC);
	sy_marks_done(&pauses);
}

/* A disk that is full must not keep an operator from stopping a workspace. */
static void it_counts_even_when_it_cannot_be_kept(void **state)
{
	struct sy_marks pauses;
	struct sy_error err = {0};

	(void)state;
	unlink(path);
	assert_int_equal(sy_marks_open(&pauses, "/nonexistent", "paused", &err), 0);
	assert_int_equal(sy_marks_set(&pauses, "aaa", true, &err), -EIO);
	assert_true(sy_marks_has(&pauses, "aaa"));
	sy_marks_done(&pauses);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_set_is_there_after_a_restart),
		cmocka_unit_test(damaged_means_none),
		cmocka_unit_test(it_is_bounded),
		cmocka_unit_test(it_counts_even_when_it_cannot_be_kept),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down) ? 1 : 0;
}
