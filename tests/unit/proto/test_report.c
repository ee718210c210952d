#include "sample.h"

#include "proto/report.h"

#define REPORT                                                                                                                             \
	"{\"planGeneration\":3,\"phase\":\"Degraded\",\"reason\":\"ObjectsFailing\",\"message\":\"SchemaMismatch\",\"drained\":false,"     \
	"\"upstream\":\"OK\",\"downstream\":\"Forbidden\",\"lagMs\":12,\"upRequests\":18446744073709551615,\"downRequests\":2,"            \
	"\"writesUp\":3,\"writesDown\":4,\"namespaces\":5,\"resources\":[{\"group\":\"example.dev\",\"resource\":\"widgets\","             \
	"\"objects\":10,\"synced\":8,\"pending\":1,\"failing\":1,\"foreign\":0,\"copies\":9,\"held\":true,\"upSynced\":true,"              \
	"\"downSynced\":true,\"reason\":\"SchemaMismatch\"}]}"
#define EVENT                                                                                                                              \
	"{\"warning\":true,\"told\":false,\"group\":\"example.dev\",\"resource\":\"widgets\",\"object\":\"default/"                        \
	"a\",\"reason\":\"ForeignObject\","                                                                                                \
	"\"message\":\"exists and is not ours\",\"count\":3,\"time\":1795500000}"

/* The names of verdicts belong to common/kube: take them from there. */
static json_object *good_report(void)
{
	json_object *value = parse(REPORT);

	json_object_object_add(value, "upstream", json_object_new_string(sy_kube_verdict_name(SY_KUBE_OK)));
	json_object_object_add(value, "downstream", json_object_new_string(sy_kube_verdict_name(SY_KUBE_FORBIDDEN)));
	return value;
}

static void report_decodes_what_it_encodes(void **state)
{
	sy_auto_json json_object *value = good_report();
	sy_auto_json json_object *again = NULL;
	struct sy_report report = {0};
	struct sy_report copy = {0};

	(void)state;
	assert_int_equal(sy_report_decode(value, &report, NULL), 0);
	assert_int_equal(report.phase, SY_PHASE_DEGRADED);
	assert_int_equal(report.downstream, SY_KUBE_FORBIDDEN);
	assert_true(report.up_requests == UINT64_MAX);
	assert_int_equal(report.resources[0].synced, 8);
	assert_int_equal(sy_report_encode(&report, &again, NULL), 0);
	assert_true(sy_json_equal(value, again));
	assert_int_equal(sy_report_copy(&report, &copy, NULL), 0);
	assert_true(sy_report_equal(&report, &copy));
	copy.resources[0].failing = 2;
	assert_false(sy_report_equal(&report, &copy));
	sy_report_done(&report);
	sy_report_done(&copy);
}

/* A worker fills in what it knows; the encoder makes something acceptable of the rest. */
static void report_without_texts_is_acceptable(void **state)
{
	struct sy_report report = {.phase = SY_PHASE_STARTING};
	struct sy_report again = {0};
	sy_auto_json json_object *value = NULL;

	(void)state;
	assert_int_equal(sy_report_encode(&report, &value, NULL), 0);
	assert_int_equal(sy_report_decode(value, &again, NULL), 0);
	assert_string_equal(again.message, "");
	assert_true(sy_report_equal(&report, &again));
	sy_report_done(&again);
}

static void report_refuses_what_is_wrong(void **state)
{
	static const struct damage rows[] = {
		{"/extra", "{}", "report.extra: unknown member"},
		{"/phase", "\"syncing\"", "report.phase: must be one of"},
		{"/phase", NULL, "report.phase: missing"},
		{"/reason", "\"no good\"", "report.reason: must be a CamelCase word"},
		{"/drained", "\"true\"", "report.drained: must be true or false"},
		{"/upstream", "\"Fine\"", "report.upstream: must be one of"},
		{"/lagMs", "-1", "report.lagMs: must be zero or more"},
		{"/lagMs", "9223372036854775808", "report.lagMs: must be at most"},
		{"/upRequests", "1e3", "report.upRequests: must be a whole number"},
		{"/message", "[]", "report.message: must be a string"},
		{"/resources", "null", "report.resources: must be an array"},
		{"/resources/0/resource", "\"\"", "report.resources[0].resource"},
		{"/resources/0/group", "\"A\"", "report.resources[0].group"},
		{"/resources/0/objects", "null", "report.resources[0].objects"},
		{"/resources/0/held", NULL, "report.resources[0].held: missing"},
		{"/resources/0/reason", NULL, "report.resources[0].reason: missing"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sy_auto_json json_object *good = good_report();
		const char *text = json_object_to_json_string_ext(good, JSON_C_TO_STRING_PLAIN);
		sy_auto_json json_object *value = damaged(text, &rows[i]);
		struct sy_error err = {0};
		struct sy_report report;

		expect_refusal(sy_report_decode(value, &report, &err), &err, &rows[i]);
	}
}

static void phases_have_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SY_PHASE_MAX; i++) {
		enum sy_phase phase = SY_PHASE_MAX;

		assert_true(sy_phase_parse(sy_phase_name((enum sy_phase)i), &phase));
		assert_int_equal(phase, i);
	}
	assert_false(sy_phase_parse("Unknown", &(enum sy_phase){0}));
	assert_string_equal(sy_phase_name(SY_PHASE_MAX), "Unknown");
}

static void event_decodes_what_it_encodes(void **state)
{
	sy_auto_json json_object *value = parse(EVENT);
	sy_auto_json json_object *again = NULL;
	struct sy_event event = {0};

	(void)state;
	assert_int_equal(sy_event_decode(value, &event, NULL), 0);
	assert_string_equal(event.object, "default/a");
	assert_null(event.cluster);
	assert_int_equal(sy_event_encode(&event, &again, NULL), 0);
	assert_true(sy_json_equal(value, again));
	sy_event_done(&event);
}

static void event_cannot_claim_a_cluster(void **state)
{
	static const struct damage rows[] = {
		{"/cluster", "\"someoneelses\"", "event.cluster: unknown member"},
		{"/warning", "1", "event.warning: must be true or false"},
		{"/reason", "\"\"", "event.reason: must be a CamelCase word"},
		{"/object", "null", "event.object: must be a string"},
		{"/told", NULL, "event.told: missing"},
		{"/count", "-5", "event.count: must be zero or more"},
		{"/time", "\"now\"", "event.time: must be a whole number"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sy_auto_json json_object *value = damaged(EVENT, &rows[i]);
		struct sy_error err = {0};
		struct sy_event event;

		expect_refusal(sy_event_decode(value, &event, &err), &err, &rows[i]);
	}
}

/* A server's error page may be long and in any encoding; what the worker sends of it must be acceptable. */
static void encoder_cleans_text(void **state)
{
	char message[5000];
	char reason[] = "Refused";
	char resource[] = "widgets";
	char object[] = "a\xff\xc3";
	struct sy_event event = {.reason = reason, .resource = resource, .object = object, .message = message};
	struct sy_event again = {0};
	sy_auto_json json_object *value = NULL;

	(void)state;
	memset(message, 'm', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	memcpy(message + 1022, "\xe2\x82\xac", 3); /* straddles the limit */
	assert_int_equal(sy_event_encode(&event, &value, NULL), 0);
	assert_int_equal(sy_event_decode(value, &again, NULL), 0);
	assert_int_equal(strlen(again.message), 1022);
	assert_string_equal(again.object, "a??");
	sy_event_done(&again);
}

/* What another process says may end in a terminal or in a status: nothing in it is obeyed or misleads. */
static void decoder_hides_controls(void **state)
{
	sy_auto_json json_object *value = json_tokener_parse("{\"warning\":false,\"told\":false,\"group\":\"\",\"resource\":\"widgets\","
							     "\"object\":\"a\",\"reason\":\"Refused\",\"count\":1,\"time\":1,"
							     "\"message\":\"\\u001b[2Jgr\xc3\xbc\xc3\x9f\\n\\u202eenif\\u009b\"}");
	struct sy_event event = {0};

	(void)state;
	assert_int_equal(sy_event_decode(value, &event, NULL), 0);
	assert_string_equal(event.message, "?[2Jgr\xc3\xbc\xc3\x9f ?enif?");
	sy_event_done(&event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(report_decodes_what_it_encodes),
		cmocka_unit_test(report_without_texts_is_acceptable),
		cmocka_unit_test(report_refuses_what_is_wrong),
		cmocka_unit_test(phases_have_names),
		cmocka_unit_test(event_decodes_what_it_encodes),
		cmocka_unit_test(event_cannot_claim_a_cluster),
		cmocka_unit_test(encoder_cleans_text),
		cmocka_unit_test(decoder_hides_controls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
