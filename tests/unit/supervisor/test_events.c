/* Events: what one noisy tenant can take from the others is nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/status/event_budget.h"
#include "supervisor/status/event_ring.h"

static void add(struct sy_event_ring *ring, const char *cluster, int number)
{
	char name[64], object[32], reason[] = "ForeignObject";
	struct sy_event event = {.warning = true, .reason = reason, .cluster = name, .object = object, .count = 1};

	snprintf(name, sizeof(name), "%s", cluster);
	snprintf(object, sizeof(object), "default/o%d", number);
	assert_int_equal(sy_event_ring_add(ring, &event, "", NULL, NULL), 0);
}

static size_t kept(struct sy_event_ring *ring, const char *cluster, const char **ret_first)
{
	static char first[64];
	sy_auto_json json_object *list = sy_event_ring_list(ring, cluster);
	size_t count = json_object_array_length(list);

	snprintf(first, sizeof(first), "%s", count ? sy_json_str(json_object_array_get_idx(list, 0), "object", NULL) : "");
	*ret_first = first;
	return count;
}

static void the_ring_is_shared(void **state)
{
	struct sy_event_ring *ring = NULL;
	const char *first;

	(void)state;
	assert_int_equal(sy_event_ring_new(&ring, NULL), 0);
	add(ring, "quiet", 1);
	for (int i = 0; i < 1000; i++)
		add(ring, "noisy", i);
	assert_int_equal(kept(ring, "quiet", &first), 1);
	assert_int_equal(kept(ring, "noisy", &first), SY_MAX_EVENTS_KEPT - 1);
	assert_string_equal(first, "default/o745"); /* its oldest have left */
	for (int i = 0; i < 1000; i++)
		add(ring, "other", i);
	assert_int_equal(kept(ring, "quiet", &first), 1);
	assert_in_range(kept(ring, "noisy", &first), 127, 128);
	assert_in_range(kept(ring, "other", &first), 127, 128);
	add(ring, "quiet", 2);
	assert_int_equal(kept(ring, "quiet", &first), 2);
	assert_string_equal(first, "default/o1");
	assert_int_equal(kept(ring, NULL, &first), SY_MAX_EVENTS_KEPT);
	sy_event_ring_free(ring);
}

static void more_clusters_than_places(void **state)
{
	struct sy_event_ring *ring = NULL;
	const char *first;
	char name[16];

	(void)state;
	assert_int_equal(sy_event_ring_new(&ring, NULL), 0);
	for (int i = 0; i < 3 * SY_MAX_EVENTS_KEPT; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		add(ring, name, i);
		assert_int_equal(kept(ring, name, &first), 1);
	}
	assert_int_equal(kept(ring, NULL, &first), SY_MAX_EVENTS_KEPT);
	sy_event_ring_free(ring);
}

static int taken(struct sy_event_budget *budget, const char *cluster, int tries, int64_t now, int *firsts)
{
	int count = 0;

	for (int i = 0; i < tries; i++) {
		bool first = false;

		count += sy_event_budget_take(budget, cluster, now, &first);
		*firsts += first;
	}
	return count;
}

static void the_budget_is_shared(void **state)
{
	static struct sy_event_budget budget;
	int firsts = 0;

	(void)state;
	sy_event_budget_init(&budget, 1000);
	assert_int_equal(taken(&budget, "noisy", 500, 1000, &firsts), SY_BUDGET_BURST);
	assert_int_equal(firsts, 1); /* said once */
	assert_int_equal(taken(&budget, "quiet", 5, 1000, &firsts), 5);
	assert_int_equal(firsts, 1);
	assert_int_equal(taken(&budget, "noisy", 9, 1000 + SY_BUDGET_REFILL_MS, &firsts), 1);
	assert_int_equal(firsts, 2);
	assert_int_equal(taken(&budget, "noisy", 99, 1000 + INT64_C(100) * SY_BUDGET_REFILL_MS, &firsts), SY_BUDGET_BURST);
}

static void the_budget_has_a_bound_for_all(void **state)
{
	static struct sy_event_budget budget;
	int firsts = 0, count = 0;
	char name[16];

	(void)state;
	sy_event_budget_init(&budget, 0);
	for (int i = 0; i < 4 * SY_BUDGET_CLUSTERS; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		count += taken(&budget, name, SY_BUDGET_BURST, 0, &firsts);
	}
	assert_int_equal(count, SY_BUDGET_ALL_BURST);
	assert_int_equal(taken(&budget, "late", 5, 3 * SY_BUDGET_ALL_REFILL_MS, &firsts), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ring_is_shared),
		cmocka_unit_test(more_clusters_than_places),
		cmocka_unit_test(the_budget_is_shared),
		cmocka_unit_test(the_budget_has_a_bound_for_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
