/* Cordon and eviction: what the SyncTarget asks for, who is new to it, and what plan, phase and condition follow. */
#include "planner_fixture.h"

#include "supervisor/status/conditions.h"
#include "supervisor/status/phase.h"
#include "supervisor/status/schedule.h"

#define NOON 1795521600 /* 2026-11-24T12:00:00Z */

static struct sy_schedule read_of(const char *spec, const char *status)
{
	json_object *is = parse(spec), *stored = parse(status);
	struct sy_schedule schedule;

	sy_schedule_read(is, stored, NOON, &schedule);
	json_object_put(is);
	json_object_put(stored);
	return schedule;
}

static void times_are_read_as_written(void **state)
{
	struct sy_schedule s;

	(void)state;
	s = read_of("{}", "{}");
	assert_false(s.cordoned || s.evicting || s.unreadable || s.evict_at || s.since);
	s = read_of("{\"unschedulable\":true,\"evictAfter\":\"2026-11-24T12:00:05Z\"}", "{}");
	assert_true(s.cordoned);
	assert_false(s.evicting);
	assert_int_equal(s.evict_at, NOON + 5);
	s = read_of("{\"evictAfter\":\"2026-11-24T14:00:00+02:00\"}", "{}");
	assert_true(s.evicting);
	assert_int_equal(s.evict_at, 0);
	s = read_of("{\"evictAfter\":\"2026-11-24T12:00:00-00:01\"}", "{}");
	assert_false(s.evicting);
	assert_int_equal(s.evict_at, NOON + 60);
	s = read_of("{\"evictAfter\":\"soon\",\"unschedulable\":\"yes\"}", "{}");
	assert_true(s.unreadable);
	assert_false(s.evicting || s.cordoned || s.evict_at);
	sy_schedule_read(NULL, NULL, NOON, &s);
	assert_false(s.cordoned || s.evicting);
}

static void since_is_what_is_stored(void **state)
{
	static const char closed[] = "{\"conditions\":[{\"type\":\"Schedulable\",\"status\":\"False\",\"reason\":\"Cordoned\","
				     "\"lastTransitionTime\":\"2026-11-24T12:00:00Z\"}]}";
	static const char open[] = "{\"conditions\":[{\"type\":\"Schedulable\",\"status\":\"True\",\"reason\":\"AsExpected\","
				   "\"lastTransitionTime\":\"2026-11-24T12:00:00Z\"}]}";

	(void)state;
	assert_int_equal(read_of("{\"unschedulable\":true}", closed).since, NOON);
	assert_int_equal(read_of("{\"unschedulable\":true}", open).since, 0);
	assert_int_equal(read_of("{\"unschedulable\":true}", "{\"conditions\":[{\"type\":\"Schedulable\",\"status\":\"False\"}]}").since,
			 0);
}

static void new_is_younger_in_all_bindings(void **state)
{
	struct fixture *f = *state;
	struct sy_schedule s = {.cordoned = true, .since = NOON};
	struct sy_binding *binding;

	bind_as(f, "Bound", false, "Accepted");
	binding = sy_bindings_at(f->bindings, 0);
	binding->facts.created = NOON + 1;
	assert_true(sy_schedule_new(&s, f->bindings, 0, 1));
	binding->facts.created = NOON; /* the same second: it may have been served */
	assert_false(sy_schedule_new(&s, f->bindings, 0, 1));
	binding->facts.created = 0;
	assert_false(sy_schedule_new(&s, f->bindings, 0, 1));
	binding->facts.created = NOON + 1;
	s.since = 0;
	assert_false(sy_schedule_new(&s, f->bindings, 0, 1));
	s = (struct sy_schedule){.since = NOON};
	assert_false(sy_schedule_new(&s, f->bindings, 0, 1));
	s.evicting = true;
	assert_true(sy_schedule_new(&s, f->bindings, 0, 1));
	assert_false(sy_schedule_new(&s, f->bindings, 0, 0));
}

static void creation_time_comes_with_the_binding(void **state)
{
	struct sy_binding_facts facts;
	json_object *object = parse("{\"metadata\":{\"name\":\"w\",\"creationTimestamp\":\"2026-11-24T12:00:00Z\",\"annotations\":"
				    "{\"kcp.io/cluster\":\"c1\"}},\"spec\":{\"reference\":{\"export\":{\"name\":\"widgets\"}}}}");

	(void)state;
	assert_int_equal(sy_binding_decode(object, &facts, NULL), 0);
	assert_int_equal(facts.created, NOON);
	sy_binding_facts_done(&facts);
	json_object_put(object);
}

static void an_eviction_drains_and_keeps_upstream(void **state)
{
	struct fixture *f = *state;
	struct sy_plan p;
	int64_t due;

	f->config.mass_deletion_guard = true;
	f->config.unbind = SY_REMOVAL_ORPHAN;
	f->input.evicting = true;
	bind_as(f, "Bound", false, "Accepted");
	assert_int_equal(sy_plan_for_bindings(&f->input, 0, 1, &p, &due, NULL), SY_PLAN_READY);
	assert_int_equal(p.mode, SY_PLAN_DRAIN);
	assert_int_equal(p.removal, SY_REMOVAL_EVICT);
	assert_false(p.guard);
	assert_false(p.upstream_gone);
	sy_plan_done(&p);
	bind_as(f, "Bound", true, "Accepted"); /* who unbinds goes as always */
	assert_int_equal(sy_plan_for_bindings(&f->input, 0, 1, &p, &due, NULL), SY_PLAN_READY);
	assert_int_equal(p.removal, SY_REMOVAL_ORPHAN);
	sy_plan_done(&p);
	f->input.evicting = false;
	bind_as(f, "Bound", false, "Accepted");
	assert_int_equal(sy_plan_for_bindings(&f->input, 0, 1, &p, &due, NULL), SY_PLAN_READY);
	assert_int_equal(p.mode, SY_PLAN_RUN);
	assert_true(p.guard);
	sy_plan_done(&p);
	f->input.evicting = true;
	assert_int_equal(sy_plan_for_orphan(&f->input, "c9", &p, NULL), SY_PLAN_READY);
	assert_false(p.guard);
	sy_plan_done(&p);
}

static void other_targets_are_read_from_labels(void **state)
{
	struct fixture *f = *state;
	struct sy_binding_facts facts;
	struct sy_plan p;
	int64_t due;
	json_object *object = parse("{\"metadata\":{\"name\":\"w\",\"labels\":{\"state.workload.kcp.io/KEY\":\"Sync\","
				    "\"state.workload.kcp.io/B\":\"\",\"state.workload.kcp.io/C\":7,\"a\":\"Sync\"},\"annotations\":"
				    "{\"kcp.io/cluster\":\"c1\"}},\"spec\":{\"reference\":{\"export\":{\"name\":\"widgets\"}}}}");

	assert_int_equal(sy_binding_decode(object, &facts, NULL), 0);
	assert_true(facts.scheduled);
	assert_int_equal(facts.targets.count, 1);
	assert_true(sy_strv_has(&facts.targets, "KEY"));
	sy_binding_facts_done(&facts);
	json_object_put(object);
	bind_as(f, "Bound", false, "Accepted");
	sy_bindings_at(f->bindings, 0)->shared = true;
	assert_int_equal(sy_plan_for_bindings(&f->input, 0, 1, &p, &due, NULL), SY_PLAN_READY);
	for (size_t i = 0; i < p.resource_count; i++)
		assert_false(p.resources[i].up_status);
	sy_plan_done(&p);
	f->config.unbind = SY_REMOVAL_ORPHAN;
	sy_bindings_at(f->bindings, 0)->elsewhere = true;
	assert_int_equal(sy_plan_for_bindings(&f->input, 0, 1, &p, &due, NULL), SY_PLAN_READY);
	assert_int_equal(p.mode, SY_PLAN_DRAIN);
	assert_int_equal(p.removal, SY_REMOVAL_EVICT);
	sy_plan_done(&p);
}

static void phases(void **state)
{
	struct fixture *f = *state;
	struct sy_tenants tenants = {0};
	struct sy_tenant *tenant = NULL;
	struct sy_phase_input input = {.config = &f->config, .bindings = f->bindings, .cordoned = true};
	struct sy_phase_result result;

	assert_int_equal(sy_tenants_get(&tenants, "c1", "root:t", &tenant, NULL), 0);
	bind_as(f, "Bound", false, "Accepted");
	sy_phase_range(f->bindings, "c1", &input.first, &input.count);
	input.tenant = tenant;
	tenant->shut = true;
	sy_phase_of(&input, &result);
	assert_int_equal(result.phase, SY_PHASE_REFUSED);
	assert_string_equal(result.reason, "Cordoned");
	assert_false(result.wants_worker);
	input.cordoned = false;
	input.evicting = true;
	sy_phase_of(&input, &result);
	assert_string_equal(result.reason, "Evicting");
	tenant->elsewhere = true;
	sy_phase_of(&input, &result);
	assert_int_equal(result.phase, SY_PHASE_REFUSED);
	assert_string_equal(result.reason, "ScheduledElsewhere");
	tenant->shut = false;
	tenant->planned = true;
	tenant->mode = SY_PLAN_DRAIN;
	sy_phase_of(&input, &result);
	assert_int_equal(result.phase, SY_PHASE_DRAINING);
	assert_string_equal(result.reason, "Evicting");
	input.evicting = false;
	sy_phase_of(&input, &result);
	assert_string_equal(result.reason, "ScheduledElsewhere");
	input.leaving = true;
	sy_phase_of(&input, &result);
	assert_string_equal(result.reason, "Deleting");
	sy_tenants_done(&tenants);
}

static void conditions(void **state)
{
	static struct sy_strv none;
	struct sy_condition_facts facts = {.syncer = SY_SYNCER_OK,
					   .importer = SY_IMPORTER_OK,
					   .workers_known = true,
					   .denied = &none,
					   .importer_names = &none,
					   .unschedulable = true,
					   .evicting = true,
					   .evict_left = "left: root:t"};
	struct sy_condition c[SY_CONDITION_MAX];

	(void)state;
	sy_conditions_compute(&facts, c);
	assert_string_equal(c[SY_CONDITION_SCHEDULABLE].reason, "Evicting");
	assert_string_equal(c[SY_CONDITION_SCHEDULABLE].message, "left: root:t");
	assert_int_equal(c[SY_CONDITION_READY].status, SY_TRUE);
	facts.evicted = true;
	sy_conditions_compute(&facts, c);
	assert_string_equal(c[SY_CONDITION_SCHEDULABLE].reason, "Evicted");
	assert_string_equal(c[SY_CONDITION_SCHEDULABLE].severity, "Info");
	assert_string_equal(c[SY_CONDITION_SCHEDULABLE].message, "0 workspaces left");
	facts.evicting = facts.evicted = false;
	sy_conditions_compute(&facts, c);
	assert_string_equal(c[SY_CONDITION_SCHEDULABLE].reason, "Cordoned");
	facts.unschedulable = false;
	sy_conditions_compute(&facts, c);
	assert_int_equal(c[SY_CONDITION_SCHEDULABLE].status, SY_TRUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {T(times_are_read_as_written),
					   T(since_is_what_is_stored),
					   T(new_is_younger_in_all_bindings),
					   T(creation_time_comes_with_the_binding),
					   T(an_eviction_drains_and_keeps_upstream),
					   T(other_targets_are_read_from_labels),
					   T(phases),
					   T(conditions)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
