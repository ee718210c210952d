#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/bindings.h"

#define URL "https://kcp.example/services/apiexport/prov/widgets"
#define OTHER "https://kcp.example/services/apiexport/prov2/widgets"

struct fixture {
	struct sy_loop *loop;
	struct sy_bindings *bindings;
	struct sy_timings timings;
	struct sy_export export;
};

static void ignore(void *arg)
{
	(void)arg;
}

static int setup(void **state)
{
	static struct fixture fixture;
	static char path[] = "root:provider", name[] = "widgets", label[] = "root:provider:widgets", cluster[] = "prov", none[] = "";

	fixture = (struct fixture){.timings = SY_TIMINGS_DEFAULT};
	fixture.export =
		(struct sy_export){.path = path, .name = name, .workspace = path, .label = label, .known = true, .state = SY_EXPORT_READY};
	fixture.export.facts = (struct sy_export_facts){.cluster = cluster, .path = path, .identity = none};
	assert_int_equal(sy_loop_new(&fixture.loop, NULL), 0);
	assert_int_equal(sy_bindings_new(&fixture.bindings, fixture.loop, NULL, &fixture.timings, ignore, NULL, NULL), 0);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	sy_bindings_free(fixture->bindings);
	sy_loop_free(fixture->loop);
	return 0;
}

/* claims: state of the one claim on secrets; verbs: what the consumer wrote. */
static json_object *binding(const char *cluster, const char *phase, const char *claim_state, const char *verbs, bool applied)
{
	json_object *object = NULL;
	char text[4096];
	struct sy_error err = {0};

	(void)snprintf(text, sizeof(text),
		       "{\"metadata\":{\"name\":\"w\",\"annotations\":{\"kcp.io/cluster\":\"%s\",\"kcp.io/path\":\"root:t\"}},"
		       "\"spec\":{\"reference\":{\"export\":{\"path\":\"root:provider\",\"name\":\"widgets\"}},"
		       "\"permissionClaims\":[{\"group\":\"\",\"resource\":\"secrets\",\"verbs\":%s,\"state\":\"%s\"}]},"
		       "\"status\":{\"phase\":\"%s\",\"apiExportClusterName\":\"prov\","
		       "\"boundResources\":[{\"group\":\"example.dev\",\"resource\":\"widgets\",\"schema\":{\"name\":\"v1.widgets.example."
		       "dev\"}}],"
		       "\"exportPermissionClaims\":[{\"group\":\"\",\"resource\":\"secrets\",\"verbs\":[\"get\",\"list\",\"watch\"]}],"
		       "\"appliedPermissionClaims\":[%s]}}",
		       cluster, verbs, claim_state, phase,
		       applied ? "{\"group\":\"\",\"resource\":\"secrets\",\"verbs\":[\"get\",\"list\",\"watch\"]}" : "");
	if (sy_json_parse(text, strlen(text), sizeof(text), &object, &err) < 0)
		fail_msg("%s", err.text);
	return object;
}

static void put(struct fixture *fixture, const char *url, bool deleted, json_object *object)
{
	assert_int_equal(sy_bindings_take(fixture->bindings, &fixture->export, url, deleted, object, NULL), 0);
	json_object_put(object);
}

#define GOOD "[\"watch\",\"get\",\"list\"]"

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
	assert_true(record->losses[0].was_readable);
	/* Accepted with other verbs is refused: effective verbs are the literal intersection. */
	put(fixture, URL, false, binding("c1", "Bound", "Accepted", "[\"*\"]", true));
	assert_true(sy_strv_has(&record->facts.refused, "secrets"));
	put(fixture, URL, false, binding("c1", "Bound", "Accepted", GOOD, true));
	assert_int_equal(record->loss_count, 0);
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

static void stop(void *arg)
{
	sy_loop_stop(arg);
}

static void pass(struct fixture *fixture, int64_t ms)
{
	struct sy_timer *timer = NULL;

	assert_int_equal(sy_timer_new(&timer, fixture->loop, stop, fixture->loop, NULL), 0);
	sy_timer_start(timer, ms);
	sy_loop_run(fixture->loop);
	sy_timer_free(timer);
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
		cmocka_unit_test_setup_teardown(deleted, setup, teardown),
		cmocka_unit_test_setup_teardown(absent_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(seen_between, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_reference, setup, teardown),
		cmocka_unit_test_setup_teardown(hostile, setup, teardown),
		cmocka_unit_test(slice_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
