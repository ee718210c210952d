#include "planner_fixture.h"

#include "supervisor/status/phase.h"

static void bound(void **state)
{
	struct fixture *f = *state;
	struct sy_plan first, second;
	int64_t due;

	bind_as(f, "Binding", false, "Accepted");
	assert_int_equal(plan(f, &first, &due), SY_PLAN_NONE);
	bind_as(f, "Bound", false, "Accepted");
	assert_int_equal(plan(f, &first, &due), SY_PLAN_READY);
	assert_int_equal(first.mode, SY_PLAN_RUN);
	assert_string_equal(first.cluster, "c1");
	assert_string_equal(first.path, "root:t");
	assert_int_equal(first.resource_count, 2);
	assert_string_equal(first.resources[0].resource, "configmaps");
	assert_true(first.resources[0].claimed && first.resources[0].role == SY_ROLE_SYNC && !first.resources[0].up_status);
	assert_string_equal(first.resources[1].resource, "widgets");
	assert_string_equal(first.resources[1].version, "v1alpha1"); /* v1 is served by kcp only */
	assert_true(first.resources[1].up_status && !first.resources[1].claimed);
	assert_string_equal(first.resources[1].up_base, URL "/clusters/c1");
	assert_string_equal(first.resources[1].origin, "root:provider:widgets");
	assert_int_equal(plan(f, &second, &due), SY_PLAN_READY);
	assert_true(sy_plan_equal(&first, &second));
	sy_plan_done(&first);
	sy_plan_done(&second);
}

/* A refused claim is kept for a minute if it was in force, then its copies are removed; one that never was waits the minute first. */
static void claim_refused(void **state)
{
	struct fixture *f = *state;
	struct sy_plan p;
	int64_t due;

	bind_as(f, "Bound", false, "Accepted");
	bind_as(f, "Bound", false, "Rejected");
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(p.resource_count, 2);
	assert_int_equal(p.resources[0].role, SY_ROLE_SYNC);
	assert_int_equal(due, f->input.now_ms + f->timings.refused_ms);
	sy_plan_done(&p);
	f->input.now_ms = due;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(p.resources[0].role, SY_ROLE_REMOVED);
	assert_int_equal(p.mode, SY_PLAN_RUN);
	assert_int_equal(due, INT64_MAX);
	sy_plan_done(&p);
}

static void claim_never_accepted(void **state)
{
	struct fixture *f = *state;
	struct sy_plan p;
	int64_t due;

	bind_as(f, "Bound", false, "Rejected");
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(p.resource_count, 2);
	assert_int_equal(p.resources[0].role, SY_ROLE_KEPT); /* of another life of this supervisor there may be copies */
	assert_int_equal(p.resources[1].role, SY_ROLE_SYNC);
	sy_plan_done(&p);
}

static void unbinding(void **state)
{
	struct fixture *f = *state;
	struct sy_plan p;
	int64_t due;

	f->config.unbind = SY_REMOVAL_ORPHAN;
	bind_as(f, "Bound", true, "Accepted");
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(p.mode, SY_PLAN_DRAIN);
	assert_int_equal(p.removal, SY_REMOVAL_ORPHAN);
	assert_false(p.upstream_gone);
	assert_int_equal(p.resource_count, 2);
	sy_plan_done(&p);
	sy_bindings_at(f->bindings, 0)->gone = true;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_true(p.upstream_gone);
	sy_plan_done(&p);
}

/* An error or a lost right never shortens a plan that drains; a discovery that is stale changes nothing. */
static void denied(void **state)
{
	struct fixture *f = *state;
	struct sy_plan p;
	int64_t due;

	assert_int_equal(sy_reviews_learn(f->reviews, "example.dev", "widgets", "patch", NULL), 0);
	bind_as(f, "Bound", false, "Accepted");
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "widgets"), SY_ROLE_KEPT);
	assert_int_equal(role_of(&p, "configmaps"), SY_ROLE_SYNC);
	sy_plan_done(&p);
	bind_as(f, "Bound", true, "Accepted");
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "widgets"), SY_ROLE_SYNC);
	sy_plan_done(&p);
}

static void unknown_waits(void **state)
{
	struct fixture *f = *state;
	struct sy_downstream *old = f->downstream;
	struct sy_plan p;
	int64_t due;

	assert_int_equal(sy_downstream_new(&f->downstream, f->loop, NULL, &f->timings, ignore, NULL, NULL), 0);
	f->knowledge.downstream = f->downstream;
	sy_downstream_free(old);
	bind_as(f, "Bound", true, "Accepted");
	assert_int_equal(plan(f, &p, &due), SY_PLAN_WAIT); /* an empty DRAIN would be "drained" at once */
}

static void leaving(void **state)
{
	struct fixture *f = *state;
	struct sy_plan p;
	int64_t due;

	bind_as(f, "Bound", false, "Accepted");
	f->input.leaving = true;
	f->config.unbind = SY_REMOVAL_ORPHAN;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(p.mode, SY_PLAN_DRAIN);
	assert_int_equal(p.removal, SY_REMOVAL_DELETE); /* spec.deletionPolicy, not sync.unbind */
	assert_false(p.upstream_gone);
	sy_plan_done(&p);
}

static void orphan(void **state)
{
	struct fixture *f = *state;
	struct sy_plan p = {0};

	assert_int_equal(sy_plan_for_orphan(&f->input, "lost1", &p, NULL), SY_PLAN_READY);
	assert_int_equal(p.mode, SY_PLAN_DRAIN);
	assert_true(p.upstream_gone);
	assert_string_equal(p.cluster, "lost1");
	assert_int_equal(p.resource_count, 2);
	sy_plan_done(&p);
}

/* Whoever let go of a workspace, its copies go by what is in force: never deleted where it says that they stay. */
static void an_orphan_goes_by_the_policy(void **state)
{
	static const struct {
		bool leaving;
		enum sy_plan_removal policy, unbind, want;
		bool guard;
	} rows[] = {
		{false, SY_REMOVAL_DELETE, SY_REMOVAL_DELETE, SY_REMOVAL_DELETE, true},
		{false, SY_REMOVAL_DELETE, SY_REMOVAL_ORPHAN, SY_REMOVAL_ORPHAN, true},
		{false, SY_REMOVAL_ORPHAN, SY_REMOVAL_DELETE, SY_REMOVAL_DELETE, true}, /* the SyncTarget stays: its policy says nothing */
		{true, SY_REMOVAL_DELETE, SY_REMOVAL_ORPHAN, SY_REMOVAL_DELETE, false},
		{true, SY_REMOVAL_ORPHAN, SY_REMOVAL_DELETE, SY_REMOVAL_ORPHAN, false},
	};
	struct fixture *f = *state;

	f->config.mass_deletion_guard = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sy_plan p = {0};

		f->input.leaving = rows[i].leaving;
		f->input.leaving_policy = rows[i].policy;
		f->config.unbind = rows[i].unbind;
		assert_int_equal(sy_plan_for_orphan(&f->input, "lost1", &p, NULL), SY_PLAN_READY);
		if (p.removal != rows[i].want || p.guard != rows[i].guard)
			fail_msg("row %zu: removal %d, guard %d", i, (int)p.removal, (int)p.guard);
		sy_plan_done(&p);
	}
}

static void phases(void **state)
{
	struct fixture *f = *state;
	struct sy_report report = {.phase = SY_PHASE_SYNCING};
	struct sy_worker_view view = {.state = SY_WORKER_RUNNING, .report = &report, .last_exit = ""};
	struct sy_tenants tenants = {0};
	struct sy_tenant *tenant = NULL, *other = NULL;
	struct sy_phase_input input = {.config = &f->config, .bindings = f->bindings};
	struct sy_phase_result result;

	assert_int_equal(sy_tenants_get(&tenants, "c1", "root:t", &tenant, NULL), 0);
	assert_ptr_equal(sy_tenants_named(&tenants, "root:t", &other), tenant);
	assert_null(other);
	input.tenant = tenant;
	bind_as(f, "Binding", false, "Accepted");
	sy_phase_range(f->bindings, "c1", &input.first, &input.count);
	sy_phase_of(&input, &result);
	assert_int_equal(result.phase, SY_PHASE_PENDING);
	assert_false(result.wants_worker);
	bind_as(f, "Bound", false, "Rejected");
	tenant->planned = true;
	input.worker = &view;
	sy_phase_of(&input, &result);
	assert_int_equal(result.phase, SY_PHASE_DEGRADED);
	assert_string_equal(result.reason, "ClaimRefused");
	assert_string_equal(result.message, "configmaps");
	bind_as(f, "Bound", false, "Accepted");
	sy_phase_of(&input, &result);
	assert_int_equal(result.phase, SY_PHASE_SYNCING);
	view.paused = true;
	sy_phase_of(&input, &result);
	assert_string_equal(result.reason, "PausedByOperator");
	report.phase = SY_PHASE_REFUSED; /* nothing that a worker may say */
	view.paused = false;
	sy_phase_of(&input, &result);
	assert_int_equal(result.phase, SY_PHASE_DEGRADED);
	view.state = SY_WORKER_BACKOFF;
	view.last_exit = "WorkerOOMKilled";
	sy_phase_of(&input, &result);
	assert_int_equal(result.phase, SY_PHASE_FAILED);
	assert_string_equal(result.reason, "WorkerOOMKilled");
	view.state = SY_WORKER_RUNNING;
	tenant->mode = SY_PLAN_DRAIN;
	sy_phase_of(&input, &result);
	assert_int_equal(result.phase, SY_PHASE_DRAINING);
	assert_string_equal(result.reason, "Unbinding");
	sy_tenants_done(&tenants);
}

static void catalog(void **state)
{
	struct fixture *f = *state;
	struct sy_catalog all = {0};

	assert_int_equal(sy_catalog_build(&f->knowledge, &all, NULL), 0);
	assert_int_equal(all.count, 2);
	assert_string_equal(all.items[0].resource, "configmaps");
	assert_string_equal(all.items[0].identity, "");
	assert_string_equal(all.items[1].identity, "abc");
	assert_string_equal(all.items[1].versions.items[0], "v1"); /* Kubernetes version order */
	assert_string_equal(all.items[1].synced_version, "v1alpha1");
	sy_catalog_done(&all);
	assert_int_equal(sy_downstream_learn(f->downstream, "example.dev", "v9", NULL, NULL), 0);
	assert_int_equal(sy_catalog_build(&f->knowledge, &all, NULL), 0);
	assert_int_equal(all.items[1].state, SY_RESOURCE_INCOMPATIBLE);
	assert_string_equal(all.items[1].reason, "NotServed");
	sy_catalog_done(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(bound),   T(claim_refused), T(claim_never_accepted),	       T(unbinding), T(denied), T(unknown_waits),
		T(leaving), T(orphan),	      T(an_orphan_goes_by_the_policy),

		T(phases),  T(catalog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
