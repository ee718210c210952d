/* Events for users: said once, counted, never a flood. The time is the test's. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "engine/engine.h"
#include "engine/events.h"

struct fixture {
	struct sy_loop *loop;
	struct sy_events *events;
	int64_t now_ms;
	unsigned told;
	uint64_t count; /* of the last event */
	char object[1100];
	char reason[64];
	char message[2048];
};

static void on_event(void *arg, const struct sy_event *event)
{
	struct fixture *f = arg;
	sy_auto_json json_object *encoded = NULL;

	f->told++;
	f->count = event->count;
	(void)snprintf(f->object, sizeof(f->object), "%s", event->object);
	(void)snprintf(f->reason, sizeof(f->reason), "%s", event->reason);
	(void)snprintf(f->message, sizeof(f->message), "%s", event->message);
	assert_int_equal(sy_event_encode(event, &encoded, NULL), 0); /* nothing is told that cannot be sent */
}

static const struct sy_engine_ops ops = {.event = on_event};

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;

	*f = (struct fixture){0};
	assert_int_equal(sy_loop_new(&f->loop, NULL), 0);
	assert_int_equal(sy_events_new(&f->events, f->loop, &ops, f, NULL), 0);
	f->now_ms = sy_loop_now_ms(f->loop);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sy_events_free(f->events);
	sy_loop_free(f->loop);
	return 0;
}

static void tell(struct fixture *f, const char *object, const char *reason)
{
	sy_events_tell_at(f->events, f->now_ms, true, "example.dev", "widgets", object, reason, "it is so");
}

static void the_same_fact_is_told_once_in_a_window(void **state)
{
	struct fixture *f = *state;

	tell(f, "ns/a", "Invalid");
	assert_int_equal(f->told, 1);
	assert_int_equal(f->count, 1);
	for (int i = 0; i < 99; i++) {
		f->now_ms += 1000;
		tell(f, "ns/a", "Invalid");
	}
	assert_int_equal(f->told, 1);
	tell(f, "ns/a", "TooLarge"); /* another reason, another object: other facts */
	tell(f, "ns/b", "Invalid");
	assert_int_equal(f->told, 3);
	f->now_ms += SY_EVENT_WINDOW_MS;
	tell(f, "ns/a", "Invalid");
	assert_int_equal(f->told, 4);
	assert_int_equal(f->count, 101); /* the first, those that were not told, and this one */
	assert_string_equal(f->object, "ns/a");
	assert_string_equal(f->reason, "Invalid");
}

static void a_flood_is_cut_to_a_burst_and_one_in_a_second(void **state)
{
	struct fixture *f = *state;
	char object[32];

	for (int i = 0; i < 200; i++) {
		(void)snprintf(object, sizeof(object), "ns/%d", i);
		tell(f, object, "Invalid");
	}
	assert_int_equal(f->told, SY_EVENT_BURST);
	f->now_ms += 999;
	tell(f, "ns/150", "Invalid");
	assert_int_equal(f->told, SY_EVENT_BURST);
	f->now_ms += 1;
	tell(f, "ns/150", "Invalid"); /* kept back before, told now with its count */
	assert_int_equal(f->told, SY_EVENT_BURST + 1);
	assert_int_equal(f->count, 3);
	tell(f, "ns/151", "Invalid");
	assert_int_equal(f->told, SY_EVENT_BURST + 1);
	f->now_ms += 3600 * 1000; /* silence saves up no more than one burst */
	for (int i = 1000; i < 1100; i++) {
		(void)snprintf(object, sizeof(object), "ns/%d", i);
		tell(f, object, "Invalid");
	}
	assert_int_equal(f->told, 2 * SY_EVENT_BURST + 1);
}

/* The table is bounded: what was not said for longest makes room, what goes on being said stays. */
static void the_oldest_fact_makes_room(void **state)
{
	struct fixture *f = *state;
	char object[32];

	tell(f, "ns/old", "Invalid");
	tell(f, "ns/busy", "Invalid");
	assert_int_equal(f->told, 2);
	for (int i = 0; i < SY_EVENT_TABLE + 10; i++) {
		f->now_ms += 10;
		(void)snprintf(object, sizeof(object), "ns/%d", i);
		tell(f, object, "Invalid");
		tell(f, "ns/busy", "Invalid");
	}
	f->now_ms += 20000;
	unsigned before = f->told;
	tell(f, "ns/busy", "Invalid");
	assert_int_equal(f->told, before); /* remembered */
	tell(f, "ns/old", "Invalid");
	assert_int_equal(f->told, before + 1); /* forgotten, so it is new */
	assert_int_equal(f->count, 1);
}

/* Texts of servers may be of any length: cut at a whole character. */
static void long_messages_are_cut(void **state)
{
	struct fixture *f = *state;
	char text[4000];

	for (size_t shift = 0; shift < 4; shift++) {
		memset(text, 'x', shift);
		for (size_t i = shift; i + 4 < sizeof(text); i += 4)
			memcpy(text + i, "\xf0\x9f\x98\x80", 5);
		f->now_ms += 2000;
		(void)snprintf(f->object, sizeof(f->object), "ns/%zu", shift);
		sy_events_tell_at(f->events, f->now_ms, false, "", "configmaps", f->object, "Invalid", text);
		assert_int_equal(f->told, shift + 1);
		size_t len = strlen(f->message);
		assert_in_range(len, 1000, 1023);
		for (size_t at = 0; at < len;) {
			size_t used = sy_utf8_char(f->message + at, len - at, NULL);
			assert_int_not_equal(used, 0);
			at += used;
		}
	}
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_same_fact_is_told_once_in_a_window),
		T(a_flood_is_cut_to_a_burst_and_one_in_a_second),
		T(the_oldest_fact_makes_room),
		T(long_messages_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
