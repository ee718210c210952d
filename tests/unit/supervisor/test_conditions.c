#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "supervisor/status/conditions.h"

static struct sy_condition_facts good(void)
{
	return (struct sy_condition_facts){.syncer = SY_SYNCER_OK,
					   .importer = SY_IMPORTER_OK,
					   .authorized = SY_AUTHORIZED_OK,
					   .workers_known = true,
					   .workers_total = 3,
					   .workers_ready = 3,
					   .accepted = 2};
}

static void all_true(void **state)
{
	struct sy_condition_facts facts = good();
	struct sy_condition c[SY_CONDITION_MAX];

	(void)state;
	sy_conditions_compute(&facts, c);
	for (int i = 0; i < SY_CONDITION_MAX; i++) {
		assert_int_equal(c[i].status, SY_TRUE);
		assert_true(strlen(c[i].reason) > 0);
		assert_null(c[i].severity);
	}
	assert_string_equal(c[SY_CONDITION_READY].reason, "AsExpected");
	assert_string_equal(c[SY_CONDITION_WORKERS].reason, "AllWorkersReady");
}

/* One tenant cannot make a cluster not Ready: False/Info never counts. */
static void info_does_not_count(void **state)
{
	struct sy_condition_facts facts = good();
	struct sy_condition c[SY_CONDITION_MAX];

	(void)state;
	facts.workers_ready = 2;
	facts.unschedulable = true;
	facts.importer = SY_IMPORTER_INCOMPATIBLE;
	sy_conditions_compute(&facts, c);
	assert_int_equal(c[SY_CONDITION_READY].status, SY_TRUE);
	assert_int_equal(c[SY_CONDITION_WORKERS].status, SY_FALSE);
	assert_string_equal(c[SY_CONDITION_WORKERS].severity, "Info");
	assert_string_equal(c[SY_CONDITION_WORKERS].message, "2 of 3 workers ready");
	assert_string_equal(c[SY_CONDITION_SCHEDULABLE].reason, "Cordoned");
	facts.workers_ready = 0;
	sy_conditions_compute(&facts, c);
	assert_int_equal(c[SY_CONDITION_READY].status, SY_FALSE);
	assert_string_equal(c[SY_CONDITION_READY].reason, "WorkersNotReady");
}

/* A new worker program that failed is told where all goes well; where it does not, that comes first. */
static void a_stopped_upgrade_is_told(void **state)
{
	struct sy_condition_facts facts = good();
	struct sy_condition c[SY_CONDITION_MAX];

	(void)state;
	facts.upgrade = "the new worker program failed";
	sy_conditions_compute(&facts, c);
	assert_int_equal(c[SY_CONDITION_READY].status, SY_TRUE);
	assert_int_equal(c[SY_CONDITION_WORKERS].status, SY_FALSE);
	assert_string_equal(c[SY_CONDITION_WORKERS].severity, "Info");
	assert_string_equal(c[SY_CONDITION_WORKERS].reason, "UpgradeStopped");
	assert_string_equal(c[SY_CONDITION_WORKERS].message, "the new worker program failed");
	facts.workers_ready = 2;
	sy_conditions_compute(&facts, c);
	assert_string_equal(c[SY_CONDITION_WORKERS].reason, "WorkersNotReady");
}

/* With several shards it matters which of them it is. */
static void unread_virtual_workspaces(void **state)
{
	char one[] = "https://one.example/x", two[] = "https://two.example/x", *items[] = {one, two};
	struct sy_strv urls = {items, 2};
	struct sy_condition_facts facts = good();
	struct sy_condition c[SY_CONDITION_MAX];

	(void)state;
	facts.syncer = SY_SYNCER_UPSTREAM_DEGRADED;
	sy_conditions_compute(&facts, c);
	assert_string_equal(c[SY_CONDITION_SYNCER].message, "a virtual workspace cannot be read");
	facts.upstream_urls = &urls;
	sy_conditions_compute(&facts, c);
	assert_string_equal(c[SY_CONDITION_SYNCER].reason, "UpstreamDegraded");
	assert_string_equal(c[SY_CONDITION_SYNCER].message,
			    "a virtual workspace cannot be read: https://one.example/x, https://two.example/x");
	urls.count = 1;
	facts.syncer = SY_SYNCER_UPSTREAM_UNAUTHORIZED;
	sy_conditions_compute(&facts, c);
	assert_string_equal(c[SY_CONDITION_SYNCER].message, "kcp refuses the credentials for a virtual workspace: https://one.example/x");
	facts.syncer = SY_SYNCER_OK; /* what is not said of these two is said nowhere */
	sy_conditions_compute(&facts, c);
	assert_string_equal(c[SY_CONDITION_SYNCER].message, "");
}

static void order_of_causes(void **state)
{
	struct sy_condition_facts facts = good();
	struct sy_condition c[SY_CONDITION_MAX];
	struct sy_strv denied = {0};

	(void)state;
	assert_int_equal(sy_strv_add(&denied, "example.dev/v1alpha1/widgets: create,patch", NULL), 0);
	facts.denied = &denied;
	facts.authorized = SY_AUTHORIZED_DENIED;
	facts.syncer = SY_SYNCER_DELETING; /* only a Warning: the Error below it wins */
	sy_conditions_compute(&facts, c);
	assert_string_equal(c[SY_CONDITION_READY].reason, "SyncerUnauthorized");
	assert_string_equal(c[SY_CONDITION_READY].message, "SyncerAuthorized: example.dev/v1alpha1/widgets: create,patch");
	facts.syncer = SY_SYNCER_DOWNSTREAM_UNREACHABLE; /* both Errors: first in order */
	sy_conditions_compute(&facts, c);
	assert_string_equal(c[SY_CONDITION_READY].reason, "DownstreamUnreachable");
	facts = good();
	facts.syncer = SY_SYNCER_DELETING;
	facts.importer = SY_IMPORTER_PENDING; /* Warning beats Unknown */
	sy_conditions_compute(&facts, c);
	assert_string_equal(c[SY_CONDITION_READY].reason, "Deleting");
	assert_string_equal(c[SY_CONDITION_READY].severity, "Warning");
	facts.syncer = SY_SYNCER_OK;
	sy_conditions_compute(&facts, c);
	assert_int_equal(c[SY_CONDITION_READY].status, SY_UNKNOWN);
	sy_strv_done(&denied);
}

static void list_is_bounded(void **state)
{
	struct sy_condition_facts facts = good();
	struct sy_condition c[SY_CONDITION_MAX];
	struct sy_strv names = {0};
	static const char *const all[] = {"a", "b", "c", "d", "e", "f", "g"};

	(void)state;
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(sy_strv_add(&names, all[i], NULL), 0);
	facts.importer = SY_IMPORTER_NOT_FOUND;
	facts.importer_names = &names;
	sy_conditions_compute(&facts, c);
	assert_string_equal(c[SY_CONDITION_IMPORTER].message, "a, b, c, d, e, and 2 more");
	sy_strv_done(&names);
}

static json_object *find(json_object *array, const char *type)
{
	for (size_t i = 0; i < json_object_array_length(array); i++) {
		if (strcmp(sy_json_str(json_object_array_get_idx(array, i), "type", NULL), type) == 0)
			return json_object_array_get_idx(array, i);
	}
	return NULL;
}

/* lastTransitionTime follows status alone, also across a restart that knows only what is stored. */
static void transition_times(void **state)
{
	struct sy_condition_facts facts = good();
	struct sy_condition c[SY_CONDITION_MAX];
	json_object *first = NULL, *second = NULL;

	(void)state;
	sy_conditions_compute(&facts, c);
	assert_int_equal(sy_conditions_encode(c, 1, NULL, "2026-11-24T05:00:00Z", &first, NULL), 0);
	facts.workers_total = 0; /* another reason, the same status */
	facts.workers_ready = 0;
	facts.unschedulable = true;
	sy_conditions_compute(&facts, c);
	assert_int_equal(sy_conditions_encode(c, 2, first, "2026-11-24T06:00:00Z", &second, NULL), 0);
	assert_string_equal(sy_json_str(find(second, "WorkersReady"), "reason", NULL), "NoWorkspaces");
	assert_string_equal(sy_json_str(find(second, "WorkersReady"), "lastTransitionTime", NULL), "2026-11-24T05:00:00Z");
	assert_string_equal(sy_json_str(find(second, "Schedulable"), "lastTransitionTime", NULL), "2026-11-24T06:00:00Z");
	assert_string_equal(sy_json_str(json_object_array_get_idx(second, 0), "type", NULL), "Ready");
	json_object_put(first);
	json_object_put(second);
}

static void stopped(void **state)
{
	struct sy_condition_facts facts = good();
	struct sy_condition c[SY_CONDITION_MAX], last[SY_CONDITION_MAX];
	json_object *stored = NULL;

	(void)state;
	sy_conditions_compute(&facts, c);
	assert_int_equal(sy_conditions_encode(c, 1, NULL, "2026-11-24T05:00:00Z", &stored, NULL), 0);
	assert_true(sy_conditions_stopped(stored, last));
	assert_string_equal(last[SY_CONDITION_HEARTBEAT].reason, "SyncerStopped");
	assert_int_equal(last[SY_CONDITION_READY].status, SY_FALSE);
	assert_string_equal(last[SY_CONDITION_READY].reason, "SyncerStopped");
	assert_int_equal(last[SY_CONDITION_WORKERS].status, SY_TRUE);
	assert_false(sy_conditions_stopped(NULL, last));
	json_object_put(stored);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_true),
		cmocka_unit_test(info_does_not_count),
		cmocka_unit_test(a_stopped_upgrade_is_told),
		cmocka_unit_test(unread_virtual_workspaces),
		cmocka_unit_test(order_of_causes),
		cmocka_unit_test(list_is_bounded),
		cmocka_unit_test(transition_times),
		cmocka_unit_test(stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
