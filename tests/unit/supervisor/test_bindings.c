#include "bindings_fixture.h"

static void claims(void **state)
{
	struct fixture *fixture = *state;
	struct sy_binding *record;

	put(fixture, URL, false, binding("c1", "Bound", "Accepted", GOOD, true));
	record = sy_bindings_at(fixture->bindings, 0);
	assert_true(sy_strv_has(&record->facts.readable, "secrets"));
	assert_int_equal(record->loss_count, 0);
	/* Rejected: all conditions stay True, only the lists change. */
	put(fixture, URL, false, binding("c1", "Bound", "Rejected", GOOD, false));
	assert_true(sy_strv_has(&record->facts.refused, "secrets"));
	assert_int_equal(record->facts.accepted.count, 0);
	assert_int_equal(record->loss_count, 1);
	assert_true(record->losses[0].was_in_force);
	/* Accepted with other verbs is refused: effective verbs are the literal intersection. */
	put(fixture, URL, false, binding("c1", "Bound", "Accepted", "[\"*\"]", true));
	assert_true(sy_strv_has(&record->facts.refused, "secrets"));
	put(fixture, URL, false, binding("c1", "Bound", "Accepted", GOOD, true));
	assert_int_equal(record->loss_count, 0);
}

/* The export takes its claim back; what the consumer wrote stays as it is. */
static void claim_dropped(void **state)
{
	struct fixture *fixture = *state;
	json_object *object = binding("c1", "Bound", "Accepted", GOOD, true);
	json_object *later = binding("c1", "Bound", "Accepted", GOOD, true);
	json_object *other = binding("c2", "Bound", "Accepted", GOOD, true);
	struct sy_binding *record;

	put(fixture, URL, false, object);
	json_object_object_add(sy_json_object(later, "status", NULL), "exportPermissionClaims", json_object_new_array());
	put(fixture, URL, false, later);
	record = sy_bindings_at(fixture->bindings, 0);
	assert_int_equal(record->facts.readable.count, 0);
	assert_int_equal(record->loss_count, 1);
	assert_true(record->losses[0].was_in_force);
	put(fixture, URL, false, binding("c1", "Bound", "Accepted", GOOD, true));
	assert_int_equal(record->loss_count, 0);
	/* Dropped while we were away: the consumer's grant is the trace of it. */
	json_object_object_add(sy_json_object(other, "status", NULL), "exportPermissionClaims", json_object_new_array());
	put(fixture, URL, false, other);
	record = sy_bindings_at(fixture->bindings, 1);
	assert_int_equal(record->loss_count, 1);
	assert_false(record->losses[0].was_in_force);
}

static void claim_not_allowed(void **state)
{
	struct fixture *fixture = *state;
	char secrets[] = "secrets";
	char *const all[] = {secrets};
	struct sy_binding *record;

	put(fixture, URL, false, binding("c1", "Bound", "Accepted", GOOD, true));
	record = sy_bindings_at(fixture->bindings, 0);
	assert_int_equal(sy_bindings_allow(fixture->bindings, all, 1, NULL), 0);
	assert_int_equal(record->loss_count, 0);
	assert_int_equal(sy_bindings_allow(fixture->bindings, NULL, 0, NULL), 0);
	assert_int_equal(record->loss_count, 1);
	assert_true(record->losses[0].was_in_force);
	assert_int_equal(record->in_force.count, 0);
	put(fixture, URL, false, binding("c1", "Bound", "Accepted", GOOD, true));
	assert_int_equal(record->loss_count, 1);
	assert_int_equal(sy_bindings_allow(fixture->bindings, all, 1, NULL), 0);
	assert_int_equal(record->loss_count, 0);
	assert_true(sy_strv_has(&record->in_force, "secrets"));
}

static void deleted(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, URL, false, binding("c1", "Bound", "Accepted", GOOD, true));
	put(fixture, OTHER, false, binding("c1", "Bound", "Accepted", GOOD, true)); /* moved to another shard */
	put(fixture, URL, true, binding("c1", "Bound", "Accepted", GOOD, true));
	assert_false(sy_bindings_at(fixture->bindings, 0)->gone);
	put(fixture, OTHER, true, binding("c1", "Bound", "Accepted", GOOD, true));
	assert_true(sy_bindings_at(fixture->bindings, 0)->gone);
	put(fixture, OTHER, false, binding("c1", "Bound", "Accepted", GOOD, true)); /* bound again */
	assert_false(sy_bindings_at(fixture->bindings, 0)->gone);
}

/* Absence counts only in two complete lists with the waiting time between them. */
static void absent_twice(void **state)
{
	struct fixture *fixture = *state;
	struct sy_binding *record;

	fixture->timings.gone_ms = 30;
	put(fixture, URL, false, binding("c1", "Bound", "Accepted", GOOD, true));
	record = sy_bindings_at(fixture->bindings, 0);
	sy_bindings_list_begin(fixture->bindings, &fixture->export, URL);
	assert_false(record->gone); /* a list that is not complete says nothing */
	sy_bindings_list_end(fixture->bindings, &fixture->export, URL);
	assert_false(record->gone);
	sy_bindings_list_begin(fixture->bindings, &fixture->export, URL);
	sy_bindings_list_end(fixture->bindings, &fixture->export, URL);
	assert_false(record->gone); /* too soon */
	pass(fixture, 40);
	sy_bindings_list_begin(fixture->bindings, &fixture->export, URL);
	sy_bindings_list_end(fixture->bindings, &fixture->export, URL);
	assert_true(record->gone);
}

static void seen_between(void **state)
{
	struct fixture *fixture = *state;

	fixture->timings.gone_ms = 30;
	put(fixture, URL, false, binding("c1", "Bound", "Accepted", GOOD, true));
	sy_bindings_list_begin(fixture->bindings, &fixture->export, URL);
	sy_bindings_list_end(fixture->bindings, &fixture->export, URL);
	put(fixture, URL, false, binding("c1", "Bound", "Accepted", GOOD, true));
	pass(fixture, 40);
	sy_bindings_list_begin(fixture->bindings, &fixture->export, URL);
	sy_bindings_list_end(fixture->bindings, &fixture->export, URL);
	assert_false(sy_bindings_at(fixture->bindings, 0)->gone);
}

static void foreign_reference(void **state)
{
	struct fixture *fixture = *state;
	json_object *object = binding("c1", "Bound", "Accepted", GOOD, true);

	json_object_object_add(sy_json_object(object, "status", NULL), "apiExportClusterName", json_object_new_string("elsewhere"));
	put(fixture, URL, false, object);
	assert_int_equal(sy_bindings_count(fixture->bindings), 0);
}

static void hostile(void **state)
{
	struct fixture *fixture = *state;
	json_object *object = binding("UP/../x", "Bound", "Accepted", GOOD, true);
	struct sy_error err = {0};

	assert_true(sy_bindings_take(fixture->bindings, &fixture->export, URL, false, object, &err) < 0);
	assert_int_equal(sy_bindings_count(fixture->bindings), 0);
	assert_non_null(strstr(err.text, "kcp.io/cluster"));
	json_object_put(object);
}

static json_object *entry(const char *resource, size_t number)
{
	json_object *item = json_object_new_object();
	char name[64];

	(void)snprintf(name, sizeof(name), "%s%zu", resource, number);
	json_object_object_add(item, "group", json_object_new_string("x.example.dev"));
	json_object_object_add(item, "resource", json_object_new_string(name));
	return item;
}

/* Whatever a consumer writes into its own list, the claims of the export stay what they are. */
static void many_claims(void **state)
{
	struct fixture *fixture = *state;
	json_object *object = binding("c1", "Bound", "Accepted", GOOD, true);
	json_object *claims = sy_json_array(object, "spec", "permissionClaims", NULL);

	for (size_t i = 0; i < 2000; i++)
		json_object_array_add(claims, entry("things", i));
	put(fixture, URL, false, object);
	assert_int_equal(sy_bindings_count(fixture->bindings), 1);
	assert_true(sy_strv_has(&sy_bindings_at(fixture->bindings, 0)->facts.readable, "secrets"));
	assert_false(sy_bindings_at(fixture->bindings, 0)->facts.cut);
}

/* Too much of what the provider asks for: the core resources come through all the same. */
static void many_asked(void **state)
{
	struct fixture *fixture = *state;
	json_object *object = binding("c1", "Bound", "Accepted", GOOD, true);
	json_object *status = sy_json_object(object, "status", NULL), *asked = json_object_new_array();
	const struct sy_binding_facts *facts;

	for (size_t i = 0; i < SY_MAX_CLAIMS + 10; i++)
		json_object_array_add(asked, entry("things", i));
	json_object_array_add(asked, json_object_get(json_object_array_get_idx(sy_json_array(status, "exportPermissionClaims", NULL), 0)));
	json_object_object_add(status, "exportPermissionClaims", asked);
	put(fixture, URL, false, object);
	facts = &sy_bindings_at(fixture->bindings, 0)->facts;
	assert_true(sy_strv_has(&facts->readable, "secrets"));
	assert_true(facts->cut);
}

static void many_resources(void **state)
{
	struct fixture *fixture = *state;
	json_object *object = binding("c1", "Bound", "Accepted", GOOD, true);
	json_object *bound = sy_json_array(object, "status", "boundResources", NULL);

	json_object_array_add(bound, json_object_new_string("no object"));
	for (size_t i = 0; i < SY_MAX_EXPORT_RESOURCES + 10; i++)
		json_object_array_add(bound, entry("things", i));
	put(fixture, URL, false, object);
	assert_int_equal(sy_bindings_count(fixture->bindings), 1);
	assert_int_equal(sy_bindings_at(fixture->bindings, 0)->facts.bound_count, SY_MAX_EXPORT_RESOURCES);
	assert_true(sy_bindings_at(fixture->bindings, 0)->facts.cut);
}

static void list_with(struct fixture *fixture, json_object *strange)
{
	sy_bindings_list_begin(fixture->bindings, &fixture->export, URL);
	if (strange)
		assert_true(sy_bindings_take(fixture->bindings, &fixture->export, URL, false, strange, NULL) < 0);
	sy_bindings_list_end(fixture->bindings, &fixture->export, URL);
}

/* One that says not even whose it is may be any of those that are missing. */
static void nameless_in_list(void **state)
{
	struct fixture *fixture = *state;
	json_object *strange = binding("UP/../x", "Bound", "Accepted", GOOD, true);
	struct sy_binding *record;

	fixture->timings.gone_ms = 30;
	put(fixture, URL, false, binding("c1", "Bound", "Accepted", GOOD, true));
	record = sy_bindings_at(fixture->bindings, 0);
	list_with(fixture, strange);
	assert_true(sy_bindings_untaken(fixture->bindings, URL));
	pass(fixture, 40);
	list_with(fixture, strange);
	assert_false(record->gone);
	list_with(fixture, NULL); /* the first complete one */
	assert_false(record->gone);
	assert_false(sy_bindings_untaken(fixture->bindings, URL));
	pass(fixture, 40);
	list_with(fixture, NULL);
	assert_true(record->gone);
	json_object_put(strange);
}

/* A list that is not read to its end proves nothing, not even that what could not be taken has gone. */
static void untaken_until_the_next_whole_list(void **state)
{
	struct fixture *fixture = *state;
	json_object *strange = binding("UP/../x", "Bound", "Accepted", GOOD, true);

	list_with(fixture, strange);
	assert_true(sy_bindings_untaken(fixture->bindings, URL));
	sy_bindings_list_begin(fixture->bindings, &fixture->export, URL);
	assert_true(sy_bindings_untaken(fixture->bindings, URL));
	sy_bindings_list_begin(fixture->bindings, &fixture->export, URL);
	assert_true(sy_bindings_untaken(fixture->bindings, URL));
	sy_bindings_list_end(fixture->bindings, &fixture->export, URL);
	assert_false(sy_bindings_untaken(fixture->bindings, URL));
	json_object_put(strange);
}

/* Two spellings of one export, both with the same consumers, turn out to be one. */
static void merged(void **state)
{
	struct fixture *fixture = *state;
	struct sy_export twin = fixture->export;
	static const char *const clusters[] = {"c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"};
	static char label[] = "prov:widgets";
	enum { BOTH = 6, ALL = sizeof(clusters) / sizeof(clusters[0]) };

	twin.label = label;
	for (size_t i = 0; i < ALL; i++) {
		json_object *object = binding(clusters[i], "Bound", "Accepted", GOOD, true);

		assert_int_equal(sy_bindings_take(fixture->bindings, &twin, "https://kcp/1", false, object, NULL), 0);
		if (i < BOTH)
			assert_int_equal(sy_bindings_take(fixture->bindings, &fixture->export, "https://kcp/2", false, object, NULL), 0);
		json_object_put(object);
	}
	assert_int_equal(sy_bindings_count(fixture->bindings), ALL + BOTH);
	sy_bindings_merge(fixture->bindings, &twin, &fixture->export);
	assert_int_equal(sy_bindings_count(fixture->bindings), ALL);
	for (size_t i = 0; i < ALL; i++) {
		const struct sy_binding *binding = sy_bindings_at(fixture->bindings, i);

		assert_string_equal(binding->facts.cluster, clusters[i]);
		assert_ptr_equal(binding->export, &fixture->export);
	}
}

static void slice_urls(void **state)
{
	static const char *const bad[] = {"http://h/x", "https://u@h/x", "https://h/x?y=1", "ftp://h", "https://"};
	struct sy_strv urls = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_object *object = NULL;
		char text[256];

		(void)snprintf(text, sizeof(text), "{\"status\":{\"endpoints\":[{\"url\":\"%s\"}]}}", bad[i]);
		assert_int_equal(sy_json_parse(text, strlen(text), sizeof(text), &object, NULL), 0);
		assert_true(sy_slice_decode(object, &urls, NULL) < 0);
		json_object_put(object);
	}
	assert_int_equal(urls.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(claims, setup, teardown),
		cmocka_unit_test_setup_teardown(claim_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(claim_not_allowed, setup, teardown),
		cmocka_unit_test_setup_teardown(deleted, setup, teardown),
		cmocka_unit_test_setup_teardown(absent_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(seen_between, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_reference, setup, teardown),
		cmocka_unit_test_setup_teardown(hostile, setup, teardown),
		cmocka_unit_test_setup_teardown(many_claims, setup, teardown),
		cmocka_unit_test_setup_teardown(many_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(many_resources, setup, teardown),
		cmocka_unit_test_setup_teardown(nameless_in_list, setup, teardown),
		cmocka_unit_test_setup_teardown(untaken_until_the_next_whole_list, setup, teardown),
		cmocka_unit_test_setup_teardown(merged, setup, teardown),
		cmocka_unit_test(slice_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
