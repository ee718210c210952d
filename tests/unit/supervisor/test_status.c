#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/status/heartbeat.h"
#include "supervisor/status/status.h"

static struct sy_condition conditions[SY_CONDITION_MAX];
static const struct sy_catalog no_resources;

static struct sy_status_input input_of(struct sy_status_workspace *workspaces, size_t count)
{
	struct sy_condition_facts facts = {.syncer = SY_SYNCER_OK, .importer = SY_IMPORTER_OK, .workers_known = true};

	sy_conditions_compute(&facts, conditions);
	return (struct sy_status_input){.generation = 3,
					.identity = "node/0123456789abcdef",
					.version = "0.1.0",
					.kubernetes_version = "v1.36.3",
					.conditions = conditions,
					.catalog = &no_resources,
					.workspaces = workspaces,
					.workspace_count = count,
					.now = "2026-11-24T05:00:00Z"};
}

static struct sy_status_workspace workspace(const char *cluster, enum sy_phase phase)
{
	return (struct sy_status_workspace){.cluster = cluster, .path = "root:x", .phase.phase = phase};
}

static const char *cluster_at(json_object *status, size_t index)
{
	return sy_json_str(json_object_array_get_idx(sy_json_array(status, "workspaces", NULL), index), "cluster", NULL);
}

static void order_and_counts(void **state)
{
	struct sy_status_workspace w[] = {workspace("b", SY_PHASE_SYNCING), workspace("a", SY_PHASE_SYNCING),
					  workspace("z", SY_PHASE_FAILED), workspace("m", SY_PHASE_REFUSED)};
	struct sy_status_input input = input_of(w, 4);
	json_object *status = NULL;
	int64_t number = -1;

	(void)state;
	assert_int_equal(sy_status_build(&input, &status, NULL), 0);
	assert_string_equal(cluster_at(status, 0), "z");
	assert_string_equal(cluster_at(status, 1), "m");
	assert_string_equal(cluster_at(status, 2), "a");
	assert_string_equal(cluster_at(status, 3), "b");
	assert_string_equal(sy_json_str(status, "workspaceSummary", "ready", NULL), "2/4");
	assert_true(sy_json_int(status, &number, "workspaceSummary", "notReady", NULL));
	assert_int_equal(number, 1);
	assert_true(sy_json_int(status, &number, "workspaceSummary", "refused", NULL));
	assert_int_equal(number, 1);
	assert_string_equal(sy_json_str(status, "resourceSummary", NULL), "0/0");
	assert_null(sy_json_get(status, "lastSyncerHeartbeatTime", NULL));
	assert_null(sy_json_get(status, "allocatable", NULL));
	json_object_put(status);
}

static void list_is_cut(void **state)
{
	struct sy_status_workspace w[100];
	char names[100][16];
	struct sy_status_input input;
	json_object *status = NULL;
	int64_t number = -1;

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "c%03zu", 99 - i);
		w[i] = workspace(names[i], SY_PHASE_SYNCING);
	}
	w[0].phase.phase = SY_PHASE_DEGRADED; /* c099 must stay in the list */
	input = input_of(w, 100);
	assert_int_equal(sy_status_build(&input, &status, NULL), 0);
	assert_int_equal(json_object_array_length(sy_json_array(status, "workspaces", NULL)), 64);
	assert_string_equal(cluster_at(status, 0), "c099");
	assert_true(sy_json_int(status, &number, "workspaceSummary", "notListed", NULL));
	assert_int_equal(number, 36);
	json_object_put(status);
}

/* The same knowledge gives the same JSON whatever the order it came in, and times of phases are taken over. */
static void deterministic(void **state)
{
	struct sy_status_workspace w1[] = {workspace("a", SY_PHASE_SYNCING), workspace("b", SY_PHASE_DEGRADED)};
	struct sy_status_workspace w2[] = {workspace("b", SY_PHASE_DEGRADED), workspace("a", SY_PHASE_SYNCING)};
	struct sy_status_input first_input = input_of(w1, 2), second_input = input_of(w2, 2);
	json_object *first = NULL, *second = NULL;
	char *a, *b;

	(void)state;
	assert_int_equal(sy_status_build(&first_input, &first, NULL), 0);
	second_input.stored = first;
	second_input.now = "2026-11-24T09:09:09Z";
	assert_int_equal(sy_status_build(&second_input, &second, NULL), 0);
	a = sy_json_text(first);
	b = sy_json_text(second);
	assert_string_equal(a, b);
	free(a);
	free(b);
	json_object_object_add(second, "lastSyncerHeartbeatTime", json_object_new_string("2026-11-24T09:09:09Z"));
	assert_true(sy_status_same(first, second));
	json_object_object_add(second, "resourceSummary", json_object_new_string("1/1"));
	assert_false(sy_status_same(first, second));
	json_object_put(first);
	json_object_put(second);
}

static void heartbeat_body(void **state)
{
	char *body = sy_heartbeat_body("u-1", "node/0123456789abcdef", 1795499100);

	(void)state;
	assert_string_equal(body, "[{\"op\":\"test\",\"path\":\"/metadata/uid\",\"value\":\"u-1\"},"
				  "{\"op\":\"test\",\"path\":\"/status/syncer/identity\",\"value\":\"node/0123456789abcdef\"},"
				  "{\"op\":\"add\",\"path\":\"/status/lastSyncerHeartbeatTime\",\"value\":\"2026-11-24T05:45:00Z\"}]");
	free(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_and_counts),
		cmocka_unit_test(list_is_cut),
		cmocka_unit_test(deterministic),
		cmocka_unit_test(heartbeat_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
