/* The Prometheus text: escaping, numbers, order; how many series there can be; what health checks print. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/config/file.h"
#include "supervisor/metrics/exposition.h"
#include "unit/supervisor/metrics_fixture.h"

static void test_samples(void **state)
{
	static const struct sy_label plain = {"phase", "Syncing"}, odd = {"phase", "a\\b\"c\nd\te"}, torn = {"phase", "x\xff\xc3"};
	static const struct sy_label empty = {"phase", NULL};
	struct sy_exposition to;
	struct sy_buf out;

	(void)state;
	sy_buf_init(&out, 65536);
	sy_exposition_init(&to, &out);
	sy_sample(&to, SY_M_WORKSPACES, &plain, 1, 3, 0);
	sy_sample(&to, SY_M_WORKSPACES, &odd, 1, -12345, 3);
	sy_sample(&to, SY_M_WORKSPACES, &torn, 1, 7, 3);
	sy_sample(&to, SY_M_WORKSPACES, &empty, 1, INT64_MIN, 0);
	sy_sample_count(&to, SY_M_PROCESS_MAX_FDS, NULL, 0, UINT64_MAX);
	assert_int_equal(to.r, 0);
	assert_string_equal(sy_buf_str(&out), "# HELP syncerd_workspaces Workspaces by phase.\n"
					      "# TYPE syncerd_workspaces gauge\n"
					      "syncerd_workspaces{phase=\"Syncing\"} 3\n"
					      "syncerd_workspaces{phase=\"a\\\\b\\\"c\\nd\te\"} -12.345\n"
					      "syncerd_workspaces{phase=\"x\xef\xbf\xbd\xef\xbf\xbd\"} 0.007\n"
					      "syncerd_workspaces{phase=\"\"} -9223372036854775808\n"
					      "# HELP process_max_fds How many descriptors the supervisor may have.\n"
					      "# TYPE process_max_fds gauge\n"
					      "process_max_fds 9223372036854775807\n");
	/* A family that is over may not come back: a reader would refuse everything. */
	sy_sample(&to, SY_M_WORKSPACES, &plain, 1, 3, 0);
	assert_int_equal(to.r, -EINVAL);
	sy_buf_done(&out);
}

static void test_no_room(void **state)
{
	static const struct sy_label label = {"phase", "Syncing"};
	struct sy_exposition to;
	struct sy_buf out;

	(void)state;
	sy_buf_init(&out, 110);
	sy_exposition_init(&to, &out);
	for (int i = 0; i < 5; i++)
		sy_sample(&to, SY_M_WORKSPACES, &label, 1, i, 0);
	assert_int_equal(to.r, -EMSGSIZE);
	sy_buf_done(&out);
}

static void test_label_names(void **state)
{
	char name[12];

	(void)state;
	sy_label_name("cell_", "a-b.c/d", name, sizeof(name));
	assert_string_equal(name, "cell_a_b_c_");
	sy_label_name("cell_", "\xc3\xbcx", name, sizeof(name));
	assert_string_equal(name, "cell___x");
}

/* By the conventions of Prometheus: base units, _total for counters and nothing else, _info for what is always 1. */
static void test_conventions(void **state)
{
	(void)state;
	for (int i = 0; i < SY_FAMILY_MAX; i++) {
		const struct sy_family_info *info = sy_family_info((enum sy_family)i);
		size_t len = strlen(info->name), fine = strspn(info->name, "abcdefghijklmnopqrstuvwxyz_");
		bool total = len > 6 && strcmp(info->name + len - 6, "_total") == 0;

		if (fine != len || strpbrk(info->help, "\\\n") || info->help[strlen(info->help) - 1] != '.')
			fail_msg("%s", info->name);
		if (strncmp(info->name, "syncerd_", 8) != 0 && strncmp(info->name, "process_", 8) != 0)
			fail_msg("%s: another prefix", info->name);
		assert_int_equal(total, info->type == SY_COUNTER);
		if (strstr(info->name, "_ms") || strstr(info->name, "millis") || strstr(info->name, "kib"))
			fail_msg("%s: not a base unit", info->name);
	}
}

/* --- the whole text of a process --- */

/* Every line is a comment of the family that begins, or a sample of the family that has begun; no family comes twice. */
static size_t check_text(const char *text)
{
	char *copy = strdup(text), *rest = copy, *line, family[128] = "";
	bool seen[SY_FAMILY_MAX] = {0};
	size_t samples = 0;

	assert_non_null(copy);
	assert_int_equal(text[strlen(text) - 1], '\n');
	while ((line = strsep(&rest, "\n")) && (rest || *line)) {
		size_t len = strlen(family);

		if (strncmp(line, "# HELP ", 7) == 0) {
			(void)snprintf(family, sizeof(family), "%.*s", (int)strcspn(line + 7, " "), line + 7);
			for (int i = 0; i < SY_FAMILY_MAX; i++) {
				if (strcmp(sy_family_info((enum sy_family)i)->name, family) != 0)
					continue;
				assert_false(seen[i]);
				seen[i] = true;
			}
			continue;
		}
		if (strncmp(line, "# TYPE ", 7) == 0 && strncmp(line + 7, family, len) == 0)
			continue;
		if (strncmp(line, family, len) != 0 || (line[len] != ' ' && line[len] != '{'))
			fail_msg("in family %s: %s", family, line);
		samples++;
	}
	free(copy);
	return samples;
}

static size_t count_of(const char *text, const char *what)
{
	size_t count = 0;

	while ((text = strstr(text, what))) {
		count++;
		text++;
	}
	return count;
}

static void test_bound(void **state)
{
	static const int64_t limits[] = {0, 3, 10, 1000};
	size_t samples[4];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct world *world = make_world(10, limits[i]);
		size_t own = limits[i] < 10 ? (size_t)limits[i] : 10;
		char summed[64];
		struct sy_buf out;

		sy_buf_init(&out, 1u << 20);
		assert_int_equal(sy_metrics_write(&world->sup, &out, NULL), 0);
		samples[i] = check_text(sy_buf_str(&out));
		assert_int_equal(count_of(sy_buf_str(&out), "syncerd_workspace_info{"), own);
		(void)snprintf(summed, sizeof(summed), "\nsyncerd_workspaces_summed %zu\n", 10 - own);
		assert_non_null(strstr(sy_buf_str(&out), summed));
		/* The counts by phase are of all of them. */
		assert_non_null(strstr(sy_buf_str(&out), "\nsyncerd_workspaces{phase=\"Pending\"} 5\n"));
		assert_non_null(strstr(sy_buf_str(&out), "\nsyncerd_workspaces{phase=\"Starting\"} 5\n"));
		if (own)
			assert_non_null(
				strstr(sy_buf_str(&out), "path=\"root:org:\\\"evil\\\"\\\\\\n0\",phase=\"Starting\",reason=\"\"} 1\n"));
		sy_buf_done(&out);
		free_world(world);
	}
	assert_int_equal(samples[0] + 10, samples[3]);
}

static void test_too_large(void **state)
{
	struct world *world = make_world(100, 100);
	struct sy_error err = {0};
	struct sy_buf out;

	(void)state;
	sy_buf_init(&out, 4096);
	assert_int_equal(sy_metrics_write(&world->sup, &out, &err), -EMSGSIZE);
	assert_non_null(strstr(err.text, "lower metrics.maxWorkspaces"));
	sy_buf_done(&out);
	free_world(world);
}

/* --- health --- */

static void test_health(void **state)
{
	static struct sy_health health;
	struct sy_buf out;

	(void)state;
	sy_buf_init(&out, 65536);
	sy_health_add(&health, "one", true, "not said");
	assert_int_equal(sy_health_print(&health, "readyz", false, &out), 0);
	assert_string_equal(sy_buf_str(&out), "ok\n");
	sy_buf_reset(&out);
	assert_int_equal(sy_health_print(&health, "readyz", true, &out), 0);
	assert_string_equal(sy_buf_str(&out), "[+]one ok\nreadyz check passed\n");
	sy_buf_reset(&out);
	/* A server's text cannot make up a line of its own, nor steer a terminal. */
	sy_health_add(&health, "two", false, "%s", "bad\n[+]three ok\033[31m");
	assert_int_equal(sy_health_print(&health, "readyz", false, &out), 0);
	assert_string_equal(sy_buf_str(&out), "[+]one ok\n[-]two failed: bad\\n[+]three ok\\033[31m\nreadyz check failed\n");
	for (int i = 0; i < 40; i++)
		sy_health_add(&health, "more", true, "not said");
	assert_int_equal(health.count, SY_HEALTH_CHECKS);
	assert_false(sy_health_ok(&health));
	sy_buf_done(&out);
}

/* --- the manual --- */

/* text with every run of blanks and line ends as one blank; malloc'ed */
static char *flat(const char *text, size_t len)
{
	char *out = malloc(len + 1), *to = out;

	assert_non_null(out);
	for (size_t i = 0; i < len; i++) {
		bool blank = text[i] == '\n' || text[i] == ' ';

		if (!blank || (to > out && to[-1] != ' '))
			*to++ = blank ? ' ' : text[i];
	}
	*to = '\0';
	return out;
}

/* Each metric has its entry with its labels, its type and the very words of the table; and nothing else has one. */
static void test_manual(void **state)
{
	char *text = NULL, *all, wanted[1024];
	size_t len = 0, entries;

	(void)state;
	assert_int_equal(sy_file_read("packaging/man/syncerd-metrics.7", 1u << 20, &text, &len, NULL, NULL), 0);
	all = flat(text, len);
	for (int i = 0; i < SY_FAMILY_MAX; i++) {
		const struct sy_family_info *info = sy_family_info((enum sy_family)i);

		(void)snprintf(wanted, sizeof(wanted), ".It Ic %s%s%s %s. %s", info->name, info->labels[0] ? " Ar " : "", info->labels,
			       info->type == SY_COUNTER ? "Counter" : "Gauge", info->help);
		if (!strstr(all, wanted))
			fail_msg("syncerd-metrics(7) does not say: %s", wanted);
	}
	entries = count_of(all, ".It Ic syncerd_") + count_of(all, ".It Ic process_");
	assert_int_equal(entries, SY_FAMILY_MAX);
	free(all);
	sy_file_wipe(text, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_samples),     cmocka_unit_test(test_no_room),
					   cmocka_unit_test(test_label_names), cmocka_unit_test(test_conventions),
					   cmocka_unit_test(test_bound),       cmocka_unit_test(test_too_large),
					   cmocka_unit_test(test_health),      cmocka_unit_test(test_manual)};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
