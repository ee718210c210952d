/* What is to be said about exports beside their state: it never lowers Ready (syncerd-rules(7) 8.3). */
#include "planner_fixture.h"
#include "supervisor/status/assess.h"

static void is_said(const struct sy_supervisor *sup, const char *reason, const char *message)
{
	struct sy_condition_facts facts = {
		.syncer = SY_SYNCER_OK, .importer = SY_IMPORTER_OK, .authorized = SY_AUTHORIZED_OK, .workers_known = true};
	struct sy_condition conditions[SY_CONDITION_MAX];
	const struct sy_condition *importer = &conditions[SY_CONDITION_IMPORTER];
	struct sy_strv notes = {0};

	assert_int_equal(sy_assess_notes(sup, &notes, &facts.importer_note_reason), 0);
	facts.importer_notes = &notes;
	sy_conditions_compute(&facts, conditions);
	assert_string_equal(importer->reason, reason);
	assert_string_equal(importer->message, message);
	assert_int_equal(conditions[SY_CONDITION_READY].status, SY_TRUE);
	if (message[0]) {
		assert_int_equal(importer->status, SY_FALSE);
		assert_string_equal(importer->severity, "Info");
	}
	sy_strv_done(&notes);
}

static void each_alone(void **state)
{
	struct fixture *f = *state;
	struct sy_supervisor sup = {.exports = f->exports, .bindings = f->bindings};

	f->export->named = true;
	is_said(&sup, "AsExpected", "");
	sup.catalog.left_out = 1;
	is_said(&sup, "TooManyResources", "status.syncedResources has no room for all resources of the exports");
	sup.catalog.left_out = 0;
	sup.refused = 1;
	is_said(&sup, "TooManyWorkspaces",
		"more workspaces are bound than can be served from here; the rest has no worker (phase Refused)");
	sup.refused = 0;
	f->export->facts.cut = true;
	is_said(&sup, "ExportTooLarge", "root:provider:widgets offers more resources or claims than are supported; the rest is left out");
	f->export->facts.cut = false;
	is_said(&sup, "AsExpected", "");
}

/* It says not even whose it is; the next whole list without it takes that back. */
static void a_binding_that_cannot_be_taken_in(void **state)
{
	struct fixture *f = *state;
	struct sy_supervisor sup = {.exports = f->exports, .bindings = f->bindings};
	json_object *nobodys = parse("{\"metadata\":{\"name\":\"w\",\"annotations\":{\"kcp.io/cluster\":\"UP/../x\"}}}");

	f->export->named = true;
	assert_int_equal(sy_strv_add(&f->export->urls, URL, NULL), 0);
	sy_bindings_list_begin(f->bindings, f->export, URL);
	assert_true(sy_bindings_take(f->bindings, f->export, URL, false, nobodys, NULL) < 0);
	sy_bindings_list_end(f->bindings, f->export, URL);
	is_said(&sup, "BindingsIncomplete",
		"root:provider:widgets has APIBindings that cannot be taken in; until they can, no workspace of it counts as gone");
	sy_bindings_list_begin(f->bindings, f->export, URL);
	sy_bindings_list_end(f->bindings, f->export, URL);
	is_said(&sup, "AsExpected", "");
	json_object_put(nobodys);
}

/* The first reason in a fixed order, and every text, sorted. */
static void all_at_once(void **state)
{
	struct fixture *f = *state;
	struct sy_supervisor sup = {.exports = f->exports, .bindings = f->bindings, .refused = 7};

	f->export->named = true;
	f->export->facts.cut = true;
	sup.catalog.left_out = 3;
	is_said(&sup, "ExportTooLarge",
		"more workspaces are bound than can be served from here; the rest has no worker (phase Refused); "
		"root:provider:widgets offers more resources or claims than are supported; the rest is left out; "
		"status.syncedResources has no room for all resources of the exports");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(a_binding_that_cannot_be_taken_in, setup, teardown),
		cmocka_unit_test_setup_teardown(all_at_once, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
