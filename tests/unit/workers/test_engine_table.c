/* Table and queue: order, uniqueness, timers, and the memory budget of one object. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/queue.h"
#include "engine/table.h"

#define BUDGET 400 /* bytes of one object with a 40-byte key, allocator and bucket included */

static void finds_what_it_holds(void **state)
{
	(void)state;
	struct sy_table table;
	struct sy_slab slab;
	char key[64];
	sy_slab_init(&slab);
	sy_table_init(&table, &slab, 42);
	assert_null(sy_table_find(&table, "a"));
	assert_null(sy_table_next(&table, NULL));
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "ns/%d", i);
		assert_non_null(sy_table_add(&table, key));
	}
	size_t seen = 0;
	for (struct sy_object *object = sy_table_next(&table, NULL), *next; object; object = next) {
		next = sy_table_next(&table, object);
		seen++;
		if (seen % 2)
			sy_table_remove(&table, object);
	}
	assert_int_equal(seen, 1000);
	assert_int_equal(table.count, 500);
	size_t found = 0;
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "ns/%d", i);
		found += sy_table_find(&table, key) != NULL;
	}
	assert_int_equal(found, 500);
	sy_table_done(&table);
}

static void gives_memory_back(void **state)
{
	(void)state;
	struct sy_slab slab;
	enum { COUNT = 1000 };
	static char *record[COUNT];
	sy_slab_init(&slab);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < COUNT; i++) {
			size_t size = (size_t)i % SY_SLAB_MAX + 1;
			record[i] = sy_slab_get(&slab, size);
			assert_non_null(record[i]);
			assert_int_equal((uintptr_t)record[i] % sizeof(void *), 0);
			for (size_t j = 0; j < size; j++)
				assert_int_equal(record[i][j], 0);
			memset(record[i], 0x55, size);
		}
		for (int i = 0; i < COUNT; i++) /* every other first, so that cells are reused in the next step */
			if (i % 2)
				sy_slab_put(&slab, record[i]);
		for (int i = 0; i < COUNT; i++) {
			size_t size = (size_t)i % SY_SLAB_MAX + 1;
			if (i % 2 == 0) {
				for (size_t j = 0; j < size; j++)
					assert_int_equal(record[i][j], 0x55);
				sy_slab_put(&slab, record[i]);
			}
		}
		assert_int_equal(slab.chunks, 0);
	}
	assert_null(sy_slab_get(&slab, SY_SLAB_MAX + 1));
	assert_null(sy_slab_get(&slab, 0));
	sy_slab_put(&slab, NULL);
}

static void refuses_endless_keys(void **state)
{
	(void)state;
	struct sy_table table;
	struct sy_slab slab;
	char key[SY_KEY_TEXT_MAX + 1];
	memset(key, 'k', SY_KEY_TEXT_MAX);
	key[SY_KEY_TEXT_MAX] = '\0';
	sy_slab_init(&slab);
	sy_table_init(&table, &slab, 1);
	assert_null(sy_table_add(&table, key));
	key[SY_KEY_TEXT_MAX - 1] = '\0';
	assert_non_null(sy_table_add(&table, key));
	sy_table_done(&table);
}

static void stays_within_its_budget(void **state)
{
	(void)state;
	struct sy_table table;
	struct sy_slab slab;
	char key[64];
	size_t bytes = 0;
	sy_slab_init(&slab);
	sy_table_init(&table, &slab, 1);
	for (int i = 0; i < 1024; i++) {
		snprintf(key, sizeof(key), "%-10s/object-%022d", "namespace0", i);
		assert_int_equal(strlen(key), 40);
		assert_non_null(sy_table_add(&table, key));
		/* A cell adds a word and rounds up. */
		bytes += sizeof(void *) + (offsetof(struct sy_object, key) + strlen(key) + SY_SLAB_STEP) / SY_SLAB_STEP * SY_SLAB_STEP;
	}
	bytes += malloc_usable_size(table.buckets);
	bytes /= table.count;
	sy_table_done(&table);
	print_message("%zu bytes per object\n", bytes);
	assert_true(bytes <= BUDGET);
}

static struct sy_object *object_of(struct sy_table *table, const char *key)
{
	struct sy_object *object = sy_table_add(table, key);
	assert_non_null(object);
	return object;
}

static void queues_each_once_and_fresh_first(void **state)
{
	(void)state;
	struct sy_table table;
	struct sy_slab slab;
	struct sy_queue queue;
	sy_slab_init(&slab);
	sy_table_init(&table, &slab, 1);
	sy_queue_init(&queue);
	struct sy_object *a = object_of(&table, "a"), *b = object_of(&table, "b"), *c = object_of(&table, "c");
	sy_queue_push(&queue, a, false);
	sy_queue_push(&queue, b, false);
	sy_queue_push(&queue, a, false);
	sy_queue_push(&queue, c, true);
	sy_queue_push(&queue, b, true);	 /* overtakes a */
	sy_queue_push(&queue, b, false); /* stays fresh */
	assert_int_equal(queue.fresh_count, 2);
	assert_int_equal(queue.backlog_count, 1);
	assert_ptr_equal(sy_queue_pop(&queue), c);
	assert_ptr_equal(sy_queue_pop(&queue), b);
	sy_queue_drop(&queue, a);
	assert_null(sy_queue_pop(&queue));
	a->place = SY_IN_PROGRESS;
	sy_queue_push(&queue, a, true);
	assert_null(sy_queue_pop(&queue));
	sy_queue_done(&queue);
	sy_table_done(&table);
}

static void fires_timers_in_order(void **state)
{
	(void)state;
	enum { COUNT = 200 };
	struct sy_table table;
	struct sy_slab slab;
	struct sy_queue queue;
	struct sy_object *objects[COUNT];
	unsigned random = 12345;
	sy_slab_init(&slab);
	sy_table_init(&table, &slab, 1);
	sy_queue_init(&queue);
	assert_true(sy_queue_next_due(&queue) < 0);
	for (int i = 0; i < COUNT; i++) {
		char key[16];
		snprintf(key, sizeof(key), "%d", i);
		objects[i] = object_of(&table, key);
		random = random * 1103515245u + 12345u;
		assert_int_equal(sy_queue_wait(&queue, objects[i], random >> 20), 0);
	}
	for (int i = 0; i < COUNT; i += 3)
		sy_queue_unwait(&queue, objects[i]);
	sy_queue_unwait(&queue, objects[0]);			   /* twice is fine */
	assert_int_equal(sy_queue_wait(&queue, objects[1], 1), 0); /* replaces */
	assert_int_equal(sy_queue_next_due(&queue), 1);
	assert_null(sy_queue_due(&queue, 0));
	int64_t last = 0;
	size_t fired = 0;
	for (struct sy_object *object = sy_queue_due(&queue, INT64_MAX); object; object = sy_queue_due(&queue, INT64_MAX)) {
		assert_true(object->due_ms >= last);
		assert_int_equal(object->heap_index, 0);
		last = object->due_ms;
		fired++;
	}
	assert_int_equal(fired, COUNT - (COUNT + 2) / 3);
	sy_queue_done(&queue);
	sy_table_done(&table);
}

static void passing_failures_show_when_they_do_not_pass(void **state)
{
	(void)state;
	assert_false(sy_reason_shows(SY_REASON_NONE, INT64_MAX));
	assert_true(sy_reason_shows(SY_REASON_INVALID, 0));
	assert_false(sy_reason_shows(SY_REASON_TRANSIENT, 0));
	assert_false(sy_reason_shows(SY_REASON_TRANSIENT, SY_LASTING_MS - 1));
	assert_true(sy_reason_shows(SY_REASON_TRANSIENT, SY_LASTING_MS));
	assert_true(sy_reason_shows(SY_REASON_TERMINATING, SY_LASTING_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passing_failures_show_when_they_do_not_pass),
		cmocka_unit_test(finds_what_it_holds),
		cmocka_unit_test(refuses_endless_keys),
		cmocka_unit_test(gives_memory_back),
		cmocka_unit_test(stays_within_its_budget),
		cmocka_unit_test(fires_timers_in_order),
		cmocka_unit_test(queues_each_once_and_fresh_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
