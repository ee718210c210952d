#include "sample.h"

#include "base/limits.h"
#include "proto/boot.h"
#include "proto/msg.h"

static char address[] = "/run/syncerd/workers/0011-1.sock";
static char token[] = "cafe01";
static char agent[] = "syncer-worker/0.1.0 (kcp-syncer-edge-1)";
static char up_server[] = "https://kcp:6443";
static char down_server[] = "https://cluster:6443";
static char up_token[] = "secret-bearer";

static void fill(struct sy_boot *boot)
{
	*boot = (struct sy_boot){.protocol = SY_PROTO_VERSION,
				 .incarnation = 12,
				 .address = address,
				 .token = token,
				 .user_agent = agent,
				 .heartbeat_ms = 5000,
				 .log_level = SY_LOG_DEBUG,
				 .log_format = SY_LOG_JSON,
				 .upstream = {.server = up_server, .token = up_token},
				 .downstream = {.server = down_server}};
	sample_plan(&boot->plan);
}

static char *encoded(void)
{
	struct sy_boot boot;
	struct sy_buf buf;
	struct sy_error err = {0};

	fill(&boot);
	sy_buf_init(&buf, SY_MAX_IPC_BYTES);
	if (sy_boot_encode(&boot, &buf, &err) < 0)
		fail_msg("encode: %s", err.text);
	sy_plan_done(&boot.plan);
	return sy_buf_take(&buf);
}

static void decodes_what_it_encodes(void **state)
{
	sy_auto_free char *text = encoded();
	struct sy_boot boot = {0};
	struct sy_plan plan = {0};
	struct sy_error err = {0};

	(void)state;
	if (sy_boot_decode(text, strlen(text), &boot, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(boot.protocol, SY_PROTO_VERSION);
	assert_int_equal(boot.incarnation, 12);
	assert_string_equal(boot.address, address);
	assert_string_equal(boot.token, token);
	assert_string_equal(boot.user_agent, agent);
	assert_int_equal(boot.heartbeat_ms, 5000);
	assert_int_equal(boot.log_level, SY_LOG_DEBUG);
	assert_int_equal(boot.log_format, SY_LOG_JSON);
	assert_string_equal(boot.upstream.token, up_token);
	assert_string_equal(boot.downstream.server, down_server);
	sample_plan(&plan);
	assert_true(sy_plan_equal(&plan, &boot.plan));
	sy_plan_done(&plan);
	sy_boot_done(&boot);
	assert_null(boot.token);
}

static void refuses_what_is_wrong(void **state)
{
	static const struct damage rows[] = {
		{"/v", NULL, "boot.v: missing"},
		{"/v", "\"1\"", "boot.v: missing"},
		{"/extra", "1", "boot.extra: unknown member"},
		{"/incarnation", "-1", "boot.incarnation"},
		{"/address", "\"relative.sock\"", "boot.address: must be an absolute path"},
		{"/token", "\"\"", "boot.token: must be a token"},
		{"/token", NULL, "boot.token: missing"},
		{"/userAgent", "\"a\\nHost: evil\"", "boot.userAgent: must be printable ASCII"},
		{"/heartbeatMs", "0", "boot.heartbeatMs: must be at least 1"},
		{"/heartbeatMs", "3600001", "boot.heartbeatMs: must be at most"},
		{"/logLevel", "\"loud\"", "boot.logLevel"},
		{"/logFormat", "7", "boot.logFormat"},
		{"/upstream", "[]", "boot.upstream"},
		{"/downstream/extra", "1", "boot.downstream"},
		{"/plan", "{}", "boot.plan: plan.generation: missing"},
		{"/plan/cluster", "\"/\"", "plan.cluster"},
	};
	sy_auto_free char *good = encoded();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sy_auto_json json_object *value = damaged(good, &rows[i]);
		const char *text = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);
		struct sy_error err = {0};
		struct sy_boot boot = {.heartbeat_ms = 4242};

		expect_refusal(sy_boot_decode(text, strlen(text), &boot, &err), &err, &rows[i]);
		assert_int_equal(boot.heartbeat_ms, 4242);
		assert_null(strstr(err.text, "secret"));
	}
}

static void another_version_is_told_apart(void **state)
{
	sy_auto_free char *good = encoded();
	const struct damage row = {"/v", "2", ""};
	sy_auto_json json_object *value = damaged(good, &row);
	const char *text = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);
	struct sy_error err = {0};
	struct sy_boot boot;

	(void)state;
	assert_int_equal(sy_boot_decode(text, strlen(text), &boot, &err), -EPROTO);
	assert_non_null(strstr(err.text, "version 2"));
	for (size_t len = 0; len < strlen(good); len += 7) /* cut short anywhere */
		assert_true(sy_boot_decode(good, len, &boot, NULL) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_what_it_encodes),
		cmocka_unit_test(refuses_what_is_wrong),
		cmocka_unit_test(another_version_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
