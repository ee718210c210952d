/* How many bindings one logical cluster may have, and who suffers when it has more. */
#include "bindings_fixture.h"

static json_object *numbered(const char *cluster, size_t number)
{
	json_object *object = binding(cluster, "Bound", "Accepted", GOOD, true);
	char name[32];

	(void)snprintf(name, sizeof(name), "w%zu", number);
	json_object_object_add(sy_json_object(object, "metadata", NULL), "name", json_object_new_string(name));
	return object;
}

static size_t held(const struct fixture *fixture, const char *cluster, bool gone)
{
	size_t count = 0;

	for (size_t i = 0; i < sy_bindings_count(fixture->bindings); i++) {
		const struct sy_binding *record = sy_bindings_at(fixture->bindings, i);

		count += strcmp(record->facts.cluster, cluster) == 0 && record->gone == gone;
	}
	return count;
}

static void list_many(struct fixture *fixture, size_t first, size_t end)
{
	sy_bindings_list_begin(fixture->bindings, &fixture->export, URL);
	for (size_t i = first; i < end; i++)
		put(fixture, URL, false, numbered("c1", i));
	sy_bindings_list_end(fixture->bindings, &fixture->export, URL);
}

/* One workspace makes more bindings than there is room for. What is known of the others stays complete. */
static void too_many_of_one(void **state)
{
	struct fixture *fixture = *state;
	enum { MOST = SY_MAX_CLUSTER_BINDINGS };

	fixture->timings.gone_ms = 30;
	put(fixture, URL, false, numbered("c2", 0));
	list_many(fixture, 0, MOST + 10);
	assert_true(sy_bindings_full(fixture->bindings, "c1"));
	assert_false(sy_bindings_full(fixture->bindings, "c2"));
	assert_false(sy_bindings_untaken(fixture->bindings, URL));
	assert_int_equal(held(fixture, "c1", false), MOST);
	/* One of it is deleted, and c2's is missing for long enough. */
	put(fixture, URL, true, numbered("c1", 3));
	assert_int_equal(held(fixture, "c1", true), 0);
	pass(fixture, 40);
	list_many(fixture, 4, MOST + 10);
	assert_int_equal(held(fixture, "c1", true), 0);
	assert_int_equal(held(fixture, "c2", true), 1);
	/* It has no more than there is room for: what has gone is gone. */
	for (int lists = 0; lists < 3; lists++) { /* to miss some, to have room for others, to know that these are all */
		pass(fixture, 40);
		list_many(fixture, 20, MOST + 10);
	}
	assert_false(sy_bindings_full(fixture->bindings, "c1"));
	assert_int_equal(held(fixture, "c1", false), MOST - 10);
	assert_int_equal(held(fixture, "c1", true), 20);
}

/* One that cannot be read is there: what is known of it stays. One that is not known costs its workspace alone, as long as that is named. */
static void unreadable(void **state)
{
	struct fixture *fixture = *state;
	json_object *known = numbered("c1", 0), *strange = numbered("c2", 0);

	fixture->timings.gone_ms = 30;
	put(fixture, URL, false, numbered("c1", 0));
	for (int lists = 0; lists < 3; lists++) {
		sy_bindings_list_begin(fixture->bindings, &fixture->export, URL);
		sy_bindings_take_broken(fixture->bindings, &fixture->export, URL, false, known);
		sy_bindings_list_end(fixture->bindings, &fixture->export, URL);
		pass(fixture, 40);
	}
	assert_int_equal(held(fixture, "c1", false), 1);
	assert_false(sy_bindings_untaken(fixture->bindings, URL));
	sy_bindings_take_broken(fixture->bindings, &fixture->export, URL, false, strange);
	assert_false(sy_bindings_untaken(fixture->bindings, URL));
	assert_true(sy_bindings_full(fixture->bindings, "c2"));
	assert_true(sy_bindings_unread(fixture->bindings, "c2"));
	assert_false(sy_bindings_full(fixture->bindings, "c1"));
	sy_bindings_take_broken(fixture->bindings, &fixture->export, URL, true, known);
	assert_int_equal(held(fixture, "c1", true), 1);
	sy_bindings_list_begin(fixture->bindings, &fixture->export, URL);
	sy_bindings_list_end(fixture->bindings, &fixture->export, URL);
	assert_false(sy_bindings_full(fixture->bindings, "c2"));
	sy_bindings_take_broken(fixture->bindings, &fixture->export, URL, false, NULL);
	assert_true(sy_bindings_untaken(fixture->bindings, URL));
	json_object_put(known);
	json_object_put(strange);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(too_many_of_one, setup, teardown),
		cmocka_unit_test_setup_teardown(unreadable, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
