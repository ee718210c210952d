/* Phases that test_planner.c does not come to: long lists, a paused drain, and a syncer that waits. */
#include "planner_fixture.h"

#include "supervisor/status/phase.h"

static struct sy_worker_view running(const struct sy_report *report)
{
	return (struct sy_worker_view){.state = SY_WORKER_RUNNING, .report = report, .last_exit = ""};
}

static void refuse(struct fixture *f, int count, size_t group_len)
{
	json_object *object = parse("{\"metadata\":{\"name\":\"w\",\"annotations\":{\"kcp.io/cluster\":\"c1\",\"kcp.io/path\":\"root:t\"}},"
				    "\"spec\":{\"reference\":{\"export\":{\"path\":\"root:provider\",\"name\":\"widgets\"}}},"
				    "\"status\":{\"phase\":\"Bound\",\"apiExportClusterName\":\"prov\",\"boundResources\":[],"
				    "\"exportPermissionClaims\":[]}}");
	json_object *claims = sy_json_array(object, "status", "exportPermissionClaims", NULL);

	for (int i = 0; i < count; i++) {
		char text[512], group[254];

		memset(group, 'g', group_len);
		group[group_len] = '\0';
		(void)snprintf(text, sizeof(text), "{\"group\":\"%s\",\"resource\":\"r%d%.*s\",\"verbs\":[\"get\"]}", group, i, 60,
			       "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr");
		assert_int_equal(json_object_array_add(claims, parse(text)), 0);
	}
	assert_int_equal(sy_bindings_take(f->bindings, f->export, URL, false, object, NULL), 0);
	json_object_put(object);
}

/* Five names of the greatest length are more than the message holds: the reason stands all the same. */
static void long_claims_are_refused_claims(void **state)
{
	struct fixture *f = *state;
	struct sy_report report = {.phase = SY_PHASE_SYNCING};
	struct sy_worker_view view = running(&report);
	struct sy_tenants tenants = {0};
	struct sy_tenant *tenant = NULL;
	struct sy_phase_input input = {.config = &f->config, .bindings = f->bindings, .worker = &view};
	struct sy_phase_result result;

	assert_int_equal(sy_tenants_get(&tenants, "c1", "root:t", &tenant, NULL), 0);
	tenant->planned = true;
	input.tenant = tenant;
	refuse(f, 7, 253);
	sy_phase_range(f->bindings, "c1", &input.first, &input.count);
	sy_phase_of(&input, &result);
	assert_int_equal(result.phase, SY_PHASE_DEGRADED);
	assert_string_equal(result.reason, "ClaimRefused");
	assert_int_equal(strlen(result.message), SY_PHASE_MESSAGE_MAX - 1);
	assert_true(strncmp(result.message, "r0rrr", 5) == 0);
	sy_tenants_done(&tenants);
}

/* Who is served stays so; the others are told, and get a worker when somebody has gone. */
static void more_workspaces_than_workers_are_refused(void **state)
{
	struct fixture *f = *state;
	struct sy_tenants tenants = {0};
	struct sy_tenants_room room;
	struct sy_tenant *tenant[3];
	static const char *const names[] = {"c1", "c2", "c3"};
	struct sy_phase_input input = {.config = &f->config, .bindings = f->bindings};
	struct sy_phase_result result;

	for (size_t i = 0; i < 3; i++)
		assert_int_equal(sy_tenants_get(&tenants, names[i], "root:t", &tenant[i], NULL), 0);
	tenant[2]->planned = true;
	sy_tenants_room(&tenants, 2, &room);
	assert_true(sy_tenants_admit(&room, tenant[0]));
	assert_false(sy_tenants_admit(&room, tenant[1]));
	assert_true(sy_tenants_admit(&room, tenant[2]));
	assert_int_equal(room.refused, 1);
	input.tenant = tenant[1];
	sy_phase_of(&input, &result);
	assert_int_equal(result.phase, SY_PHASE_REFUSED);
	assert_string_equal(result.reason, "TooManyWorkspaces");
	assert_false(result.wants_worker);
	tenant[2]->drained = true;
	sy_tenants_room(&tenants, 2, &room);
	assert_true(sy_tenants_admit(&room, tenant[0]));
	assert_true(sy_tenants_admit(&room, tenant[1]));
	assert_false(tenant[1]->refused);
	sy_tenants_done(&tenants);
}

/* A workspace that was made anew has the path together with the former one, while that drains. */
static void a_path_can_be_that_of_two(void **state)
{
	static const struct {
		const char *name;
		int first, other; /* -1 = none */
	} rows[] = {{"c1", 0, -1}, {"c2", 1, -1}, {"root:t", 0, 2}, {"root:u", 1, -1}, {"root", -1, -1}, {"", -1, -1}};
	static const char *const names[][2] = {{"c1", "root:t"}, {"c2", "root:u"}, {"c3", "root:t"}, {"c4", ""}};
	struct sy_tenants tenants = {0};
	struct sy_tenant *tenant[4], *other;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(sy_tenants_get(&tenants, names[i][0], names[i][1], &tenant[i], NULL), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sy_tenant *first = sy_tenants_named(&tenants, rows[i].name, &other);
		if (first != (rows[i].first < 0 ? NULL : tenant[rows[i].first]) ||
		    other != (rows[i].other < 0 ? NULL : tenant[rows[i].other]))
			fail_msg("%s: %s and %s", rows[i].name, first ? first->cluster : "-", other ? other->cluster : "-");
	}
	sy_tenants_done(&tenants);
}

static void a_paused_drain_says_what_waits(void **state)
{
	struct fixture *f = *state;
	struct sy_report report = {.phase = SY_PHASE_PAUSED};
	struct sy_worker_view view = running(&report);
	struct sy_tenants tenants = {0};
	struct sy_tenant *tenant = NULL;
	struct sy_phase_input input = {.config = &f->config, .bindings = f->bindings, .worker = &view};
	struct sy_phase_result result;

	assert_int_equal(sy_tenants_get(&tenants, "c1", "root:t", &tenant, NULL), 0);
	tenant->planned = true;
	tenant->mode = SY_PLAN_DRAIN;
	input.tenant = tenant;
	view.paused = true;
	sy_phase_of(&input, &result);
	assert_int_equal(result.phase, SY_PHASE_PAUSED);
	assert_string_equal(result.reason, "PausedByOperator");
	assert_non_null(strstr(result.message, "no longer bound"));
	input.leaving = true;
	sy_phase_of(&input, &result);
	assert_int_equal(result.phase, SY_PHASE_PAUSED);
	assert_non_null(strstr(result.message, "deletion of the SyncTarget waits"));
	view.paused = false;
	sy_phase_of(&input, &result);
	assert_int_equal(result.phase, SY_PHASE_DRAINING);
	assert_string_equal(result.reason, "Deleting");
	sy_tenants_done(&tenants);
}

/* A plan is taken up within the moment; who goes on with an older one is not ready, whatever he says of himself. */
static void an_older_plan_is_not_ready(void **state)
{
	struct fixture *f = *state;
	struct sy_report report = {.phase = SY_PHASE_SYNCING};
	struct sy_worker_view view = running(&report);
	struct sy_tenants tenants = {0};
	struct sy_tenant *tenant = NULL;
	struct sy_phase_input input = {.config = &f->config, .bindings = f->bindings, .worker = &view, .unready_ms = 5000};
	struct sy_phase_result result;

	assert_int_equal(sy_tenants_get(&tenants, "c1", "root:t", &tenant, NULL), 0);
	tenant->planned = true;
	input.tenant = tenant;
	view.behind_ms = 5000;
	sy_phase_of(&input, &result);
	assert_int_equal(result.phase, SY_PHASE_SYNCING);
	view.behind_ms = 5001;
	for (int drain = 0; drain < 2; drain++) {
		tenant->mode = drain ? SY_PLAN_DRAIN : SY_PLAN_RUN;
		sy_phase_of(&input, &result);
		assert_int_equal(result.phase, SY_PHASE_STARTING);
		assert_string_equal(result.reason, "PlanNotTaken");
		assert_true(result.wants_worker);
		assert_false(sy_phase_is_ready(result.phase));
	}
	sy_tenants_done(&tenants);
}

static void who_waits_serves_nobody(void **state)
{
	struct fixture *f = *state;
	struct sy_tenants tenants = {0};
	struct sy_tenant *tenant = NULL;
	struct sy_phase_input input = {.config = &f->config, .bindings = f->bindings, .waiting = true};
	struct sy_phase_result result;

	assert_int_equal(sy_tenants_get(&tenants, "c1", "root:t", &tenant, NULL), 0);
	input.tenant = tenant;
	bind_as(f, "Bound", false, "Accepted");
	sy_phase_range(f->bindings, "c1", &input.first, &input.count);
	sy_phase_of(&input, &result);
	assert_int_equal(result.phase, SY_PHASE_PENDING);
	assert_false(result.wants_worker);
	assert_non_null(strstr(result.message, "another syncer"));
	sy_tenants_done(&tenants);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(long_claims_are_refused_claims), T(a_paused_drain_says_what_waits), T(more_workspaces_than_workers_are_refused),
		T(a_path_can_be_that_of_two),	   T(who_waits_serves_nobody),	      T(an_older_plan_is_not_ready)};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
