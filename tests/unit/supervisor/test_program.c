/* A program's file stays the one that was looked at, whatever becomes of its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/process/program.h"

struct place {
	char folder[32];
	char path[64];
	char fresh[64];
};

static void put(const char *path, const char *content)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(content, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void has(const char *path, const char *content)
{
	char text[16] = "";
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	assert_string_equal(text, content);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	if (!place)
		return -1;
	(void)snprintf(place->folder, sizeof(place->folder), "/tmp/sy-program-XXXXXX");
	if (!mkdtemp(place->folder))
		return -1;
	(void)snprintf(place->path, sizeof(place->path), "%s/program", place->folder);
	(void)snprintf(place->fresh, sizeof(place->fresh), "%s/fresh", place->folder);
	put(place->path, "old");
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	(void)unlink(place->path);
	(void)unlink(place->fresh);
	int left = rmdir(place->folder);
	free(place);
	return left;
}

static struct sy_program *look(const char *path)
{
	struct sy_program *program = NULL;
	struct sy_error err = {0};

	if (sy_program_open(path, &program, &err) < 0)
		fail_msg("%s", err.text);
	return program;
}

static void the_name_while_it_means_the_file(void **state)
{
	const struct place *place = *state;
	struct sy_program *first = look(place->path), *second = look(place->path);
	char path[PATH_MAX];

	assert_true(sy_program_exec_path(first, path));
	assert_string_equal(path, place->path);
	assert_true(sy_program_same(first, second));
	sy_program_unref(second);
	sy_program_unref(first);
}

static void the_file_when_the_name_means_another(void **state)
{
	const struct place *place = *state;
	struct sy_program *old = look(place->path);
	char path[PATH_MAX];

	put(place->fresh, "new");
	assert_int_equal(rename(place->fresh, place->path), 0);
	assert_false(sy_program_in_place(old));
	assert_false(sy_program_exec_path(old, path));
	has(path, "old");
	has(place->path, "new");
	struct sy_program *now = look(place->path);
	assert_false(sy_program_same(old, now));
	sy_program_unref(now);
	assert_int_equal(unlink(place->path), 0);
	assert_false(sy_program_exec_path(old, path));
	has(path, "old");
	struct sy_program *again = sy_program_ref(old);
	sy_program_unref(old);
	has(path, "old");
	sy_program_unref(again);
	assert_int_equal(access(path, F_OK), -1);
}

static void touched_is_another(void **state)
{
	const struct place *place = *state;
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1}};
	struct sy_program *old = look(place->path);

	assert_int_equal(utimensat(AT_FDCWD, place->path, times, 0), 0);
	struct sy_program *now = look(place->path);
	assert_false(sy_program_same(old, now));
	sy_program_unref(now);
	sy_program_unref(old);
}

static void what_is_no_file_is_refused(void **state)
{
	const struct place *place = *state;
	struct sy_program *program = NULL;
	struct sy_error err = {0};

	assert_int_equal(sy_program_open(place->fresh, &program, &err), -ENOENT);
	assert_non_null(strstr(err.text, place->fresh));
	assert_int_equal(sy_program_open(place->folder, &program, &err), -EACCES);
	assert_null(program);
	sy_program_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_name_while_it_means_the_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_file_when_the_name_means_another, set_up, tear_down),
		cmocka_unit_test_setup_teardown(touched_is_another, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
