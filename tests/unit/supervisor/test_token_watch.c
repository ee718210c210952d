#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/config/token_watch.h"

struct fixture {
	struct sy_loop *loop;
	struct sy_timer *deadline;
	struct sy_token_watch *watch;
	char dir[32];
	char path[64];
	char token[64];
	unsigned changes;
	unsigned failures;
	bool free_inside;
};

static void on_changed(void *arg, const char *token)
{
	struct fixture *f = arg;

	snprintf(f->token, sizeof(f->token), "%s", token);
	f->changes++;
	if (f->free_inside) {
		sy_token_watch_free(f->watch);
		f->watch = NULL;
	}
	sy_loop_stop(f->loop);
}

static void on_failed(void *arg, const struct sy_error *problem)
{
	struct fixture *f = arg;

	assert_non_null(strstr(problem->text, f->path));
	f->failures++;
}

static void on_deadline(void *arg)
{
	(void)arg;
	fail_msg("no callback within the deadline");
}

static const struct sy_token_watch_ops ops = {.changed = on_changed, .failed = on_failed};

static void write_token(const struct fixture *f, const char *name, const char *text)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void setup(struct fixture *f, const char *file, const char *token)
{
	*f = (struct fixture){.dir = "/tmp/test_token.XXXXXX"};
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/token", f->dir);
	if (file)
		write_token(f, "token", file);
	assert_int_equal(sy_loop_new(&f->loop, NULL), 0);
	assert_int_equal(sy_timer_new(&f->deadline, f->loop, on_deadline, f, NULL), 0);
	sy_timer_start(f->deadline, 5000);
	assert_int_equal(sy_token_watch_new(&f->watch, f->loop, f->path, token, &ops, f, NULL), 0);
}

static void teardown(struct fixture *f)
{
	sy_token_watch_free(f->watch);
	sy_timer_free(f->deadline);
	sy_loop_free(f->loop);
	unlink(f->path);
	assert_int_equal(rmdir(f->dir), 0);
}

/* The file had changed between the reading of the configuration and the start of the watch. */
static void test_first_look(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, "new\n", "old");
	sy_loop_run(f.loop);
	assert_int_equal(f.changes, 1);
	assert_string_equal(f.token, "new");
	teardown(&f);
}

static void test_rewritten(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, "one", "one");
	sy_token_watch_check(f.watch);
	assert_int_equal(f.changes, 0);
	write_token(&f, "token", "other");
	sy_token_watch_check(f.watch);
	assert_int_equal(f.changes, 1);
	assert_string_equal(f.token, "other");
	/* Touched, with the same token. */
	write_token(&f, "token", "other\n");
	sy_token_watch_check(f.watch);
	assert_int_equal(f.changes, 1);
	teardown(&f);
}

/* As the kubelet does it: the path stays, a symbolic link on the way is renamed. */
static void test_renamed_link(void **state)
{
	struct fixture f;
	char link[64];

	(void)state;
	setup(&f, NULL, "one");
	write_token(&f, "a", "one");
	write_token(&f, "b", "two");
	assert_int_equal(symlink("a", f.path), 0);
	sy_token_watch_check(f.watch);
	assert_int_equal(f.changes, 0);
	snprintf(link, sizeof(link), "%s/next", f.dir);
	assert_int_equal(symlink("b", link), 0);
	assert_int_equal(rename(link, f.path), 0);
	sy_token_watch_check(f.watch);
	assert_string_equal(f.token, "two");
	assert_int_equal(f.changes, 1);
	snprintf(link, sizeof(link), "%s/a", f.dir);
	unlink(link);
	snprintf(link, sizeof(link), "%s/b", f.dir);
	unlink(link);
	teardown(&f);
}

static void test_trouble(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, "one", "one");
	sy_token_watch_check(f.watch);
	unlink(f.path);
	sy_token_watch_check(f.watch);
	sy_token_watch_check(f.watch);
	assert_int_equal(f.failures, 1); /* told once */
	write_token(&f, "token", "");
	sy_token_watch_check(f.watch);
	assert_int_equal(f.failures, 2); /* another trouble */
	write_token(&f, "token", "one");
	sy_token_watch_check(f.watch);
	assert_int_equal(f.changes, 0);
	unlink(f.path);
	sy_token_watch_check(f.watch);
	assert_int_equal(f.failures, 3); /* told again after a good look */
	write_token(&f, "token", "two");
	sy_token_watch_check(f.watch);
	assert_string_equal(f.token, "two");
	assert_int_equal(f.changes, 1);
	teardown(&f);
}

static void test_free_inside(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, "two", "one");
	f.free_inside = true;
	sy_loop_run(f.loop);
	assert_int_equal(f.changes, 1);
	assert_null(f.watch);
	teardown(&f);
	sy_token_watch_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_look), cmocka_unit_test(test_rewritten),   cmocka_unit_test(test_renamed_link),
		cmocka_unit_test(test_trouble),	   cmocka_unit_test(test_free_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
