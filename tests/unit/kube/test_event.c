/* Events as JSON. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "kube/event.h"

static void expect(json_object *value, const char *wanted)
{
	sy_auto_free char *text = value ? sy_json_text(value) : NULL;

	assert_non_null(text);
	assert_string_equal(text, wanted);
	json_object_put(value);
}

static void about_an_object(void **state)
{
	struct sy_kube_event event = {
		.ns = "default",
		.name = "e",
		.about = {"example.dev/v1", "Widget", "default", "w", "u-1", "7"},
		.warning = true,
		.reason = "Invalid",
		.message = "it is \"so\"",
		.now = "2026-11-24T05:45:00Z",
		.count = 2,
	};

	(void)state;
	expect(sy_kube_event_body(&event),
	       "{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"type\":\"Warning\",\"reason\":\"Invalid\",\"message\":\"it is \\\"so\\\"\","
	       "\"firstTimestamp\":\"2026-11-24T05:45:00Z\",\"lastTimestamp\":\"2026-11-24T05:45:00Z\","
	       "\"metadata\":{\"name\":\"e\",\"namespace\":\"default\"},"
	       "\"involvedObject\":{\"apiVersion\":\"example.dev/v1\",\"kind\":\"Widget\",\"namespace\":\"default\",\"name\":\"w\","
	       "\"uid\":\"u-1\",\"resourceVersion\":\"7\"},\"source\":{\"component\":\"syncerd\"},\"count\":2}");
	event.about.ns = event.about.resource_version = NULL;
	event.warning = false;
	event.host = "node-1/ab";
	event.count = UINT64_MAX; /* the API has 32 bits */
	expect(sy_kube_event_body(&event),
	       "{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"type\":\"Normal\",\"reason\":\"Invalid\",\"message\":\"it is \\\"so\\\"\","
	       "\"firstTimestamp\":\"2026-11-24T05:45:00Z\",\"lastTimestamp\":\"2026-11-24T05:45:00Z\","
	       "\"metadata\":{\"name\":\"e\",\"namespace\":\"default\"},"
	       "\"involvedObject\":{\"apiVersion\":\"example.dev/v1\",\"kind\":\"Widget\",\"name\":\"w\",\"uid\":\"u-1\"},"
	       "\"source\":{\"component\":\"syncerd\",\"host\":\"node-1/ab\"},\"count\":2147483647}");
}

static void raised(void **state)
{
	(void)state;
	expect(sy_kube_event_raise("again", "2026-11-24T05:45:00Z", 3),
	       "{\"lastTimestamp\":\"2026-11-24T05:45:00Z\",\"message\":\"again\",\"count\":3}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(about_an_object), cmocka_unit_test(raised)};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
