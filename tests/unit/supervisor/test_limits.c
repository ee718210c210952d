/* Limits of workers: what the configuration takes, and what is said of how they are enforced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "proto/boot.h"
#include "supervisor/process/worker_limits.h"

#define HEAD                                                                                                                               \
	"apiVersion: config.syncerd.io/v1alpha1\nkind: SyncerConfiguration\nkcp: {kubeconfig: k}\n"                                        \
	"syncTarget: {name: edge-1}\nworkers: "
#define MEBI (INT64_C(1) << 20)

static int load(const char *workers, struct sy_config **ret_config, struct sy_error *err)
{
	char text[512];

	snprintf(text, sizeof(text), HEAD "%s\n", workers);
	return sy_config_parse("s.yaml", text, strlen(text), ret_config, err);
}

static void each_mistake_is_named_with_its_place(void **state)
{
	static const char *const bad[][2] = {
		{"{memoryMax: lots}", "s.yaml:5:22: workers.memoryMax must be a size such as 64Mi or 1Gi"},
		{"{memoryMax: 64MB}", "s.yaml:5:22: workers.memoryMax must be a size such as 64Mi or 1Gi"},
		{"{memoryMax: -64Mi}", "s.yaml:5:22: workers.memoryMax must be a size such as 64Mi or 1Gi"},
		{"{memoryMax: 64.5}", "s.yaml:5:22: workers.memoryMax must be a size such as 64Mi or 1Gi"},
		{"{memoryMax: true}", "s.yaml:5:22: workers.memoryMax must be a size such as 64Mi or 1Gi"},
		{"{memoryMax: [64Mi]}", "s.yaml:5:22: workers.memoryMax must be a size such as 64Mi or 1Gi"},
		{"{memoryMax: 9999999999Gi}", "s.yaml:5:22: workers.memoryMax must be a size such as 64Mi or 1Gi"},
		{"{memoryMax: 64}", "s.yaml:5:22: workers.memoryMax must be from 16Mi to 1Ti"},
		{"{memoryHigh: 2Ti}", "s.yaml:5:23: workers.memoryHigh must be from 16Mi to 1Ti"},
		{"{memoryMax: 32Mi, memoryHigh: 33Mi}", "s.yaml:5:40: workers.memoryHigh must not be more than workers.memoryMax"},
		{"{cpuWeight: 0}", "s.yaml:5:22: workers.cpuWeight must be from 1 to 10000"},
		{"{pidsMax: 63}", "s.yaml:5:20: workers.pidsMax must be from 64 to 32768"},
		{"{pidsMax: 64Mi}", "s.yaml:5:20: workers.pidsMax must be a whole number, not a string"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sy_config *config = NULL;
		struct sy_error err = {0};

		assert_true(load(bad[i][0], &config, &err) < 0);
		assert_string_equal(err.text, bad[i][1]);
	}
}

static void values_and_defaults(void **state)
{
	struct sy_config *config = NULL;

	(void)state;
	assert_int_equal(load("{memoryMax: ~}", &config, NULL), 0);
	assert_int_equal(config->limits.memory_max, 0);
	assert_int_equal(config->limits.memory_high, 0);
	assert_int_equal(config->limits.cpu_weight, 100);
	assert_int_equal(config->limits.pids_max, 0);
	sy_config_free(config);
	assert_int_equal(load("{memoryMax: 1Gi, memoryHigh: 67108864, cpuWeight: 1, pidsMax: 64}", &config, NULL), 0);
	assert_int_equal(config->limits.memory_max, 1024 * MEBI);
	assert_int_equal(config->limits.memory_high, 64 * MEBI);
	assert_int_equal(config->limits.cpu_weight, 1);
	assert_int_equal(config->limits.pids_max, 64);
	sy_config_free(config);
}

static void the_text_says_what_is_enforced_and_by_whom(void **state)
{
	static const struct sy_config_limits none = {.cpu_weight = 100}, memory = {.memory_max = 64 * MEBI, .cpu_weight = 50};
	static const struct sy_config_limits all = {
		.memory_max = 64 * MEBI, .memory_high = 48 * MEBI + 1, .cpu_weight = 200, .pids_max = 128};
	struct sy_limits limits = {.why_not = "w"};
	char text[SY_LIMITS_TEXT_MAX];

	(void)state;
	sy_limits_text(&limits, &none, text);
	assert_string_equal(text, "none; by rlimits, because w");
	sy_limits_text(&limits, &memory, text);
	assert_string_equal(text, "memoryMax 64Mi, cpuWeight 50; by rlimits, because w");
	sy_limits_text(&limits, &all, text);
	assert_string_equal(text, "memoryMax 64Mi, memoryHigh 50331649, cpuWeight 200, pidsMax 128; by rlimits, because w; "
				  "not enforced: memoryHigh, cpuWeight, pidsMax");
	limits = (struct sy_limits){.by_cgroup = true, .cgroup = {.memory = true}};
	sy_limits_text(&limits, &all, text);
	assert_string_equal(text, "memoryMax 64Mi, memoryHigh 50331649, cpuWeight 200, pidsMax 128; by cgroups (memory); "
				  "not enforced: cpuWeight, pidsMax");
	limits.cgroup.cpu = limits.cgroup.pids = true;
	sy_limits_text(&limits, &memory, text);
	assert_string_equal(text, "memoryMax 64Mi, cpuWeight 50; by cgroups (memory, cpu, pids)");
	memset(limits.why_not, 'x', sizeof(limits.why_not) - 1);
	limits.by_cgroup = false;
	sy_limits_text(&limits, &all, text); /* cut at most */
	assert_true(strlen(text) < sizeof(text));
}

static void an_exit_status_of_its_own_tells_no_memory(void **state)
{
	const struct sy_limits limits = {0};
	const struct sy_limited limited = {.pid = 1};
	siginfo_t info = {.si_code = CLD_EXITED};

	(void)state;
	info.si_status = SY_BOOT_EXIT_MEMORY;
	assert_true(sy_limits_exceeded(&limits, &limited, &info));
	info.si_status = 1;
	assert_false(sy_limits_exceeded(&limits, &limited, &info));
	info.si_code = CLD_KILLED;
	info.si_status = SIGKILL; /* without a cgroup of its own that alone says nothing */
	assert_false(sy_limits_exceeded(&limits, &limited, &info));
	info.si_status = SY_BOOT_EXIT_MEMORY; /* SIGBUS */
	assert_false(sy_limits_exceeded(&limits, &limited, &info));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mistake_is_named_with_its_place),
		cmocka_unit_test(values_and_defaults),
		cmocka_unit_test(the_text_says_what_is_enforced_and_by_whom),
		cmocka_unit_test(an_exit_status_of_its_own_tells_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
