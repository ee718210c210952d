#include "sample.h"

#include "base/limits.h"
#include "proto/control.h"

static void request_round_trip(void **state)
{
	char verb[] = "restart";
	sy_auto_json json_object *args = parse("{\"workspace\":\"root:org:team\"}");
	const struct sy_control_request request = {.id = 4, .verb = verb, .args = args};
	struct sy_control_request again = {0};
	struct sy_buf buf;

	(void)state;
	sy_buf_init(&buf, SY_MAX_CONTROL_BYTES);
	assert_int_equal(sy_control_request_encode(&request, &buf, NULL), 0);
	assert_int_equal(buf.data[buf.len - 1], '\n');
	assert_null(memchr(buf.data, '\n', buf.len - 1));
	assert_int_equal(sy_control_request_decode(buf.data, buf.len, &again, NULL), 0);
	assert_int_equal(again.id, 4);
	assert_string_equal(again.verb, verb);
	assert_true(sy_json_equal(again.args, args));
	sy_control_request_done(&again);
	sy_buf_done(&buf);
}

static void request_without_args_has_empty_ones(void **state)
{
	static const char text[] = "{\"v\":1,\"id\":1,\"verb\":\"status\"}";
	struct sy_control_request request = {0};

	(void)state;
	assert_int_equal(sy_control_request_decode(text, strlen(text), &request, NULL), 0);
	assert_non_null(request.args);
	assert_int_equal(json_object_object_length(request.args), 0);
	sy_control_request_done(&request);
}

static void request_refusals(void **state)
{
	static const char good[] = "{\"v\":1,\"id\":1,\"verb\":\"status\",\"args\":{}}";
	static const struct damage rows[] = {
		{"/v", NULL, "request.v"},
		{"/v", "true", "request.v"},
		{"/id", "-1", "request.id"},
		{"/id", NULL, "request.id: missing"},
		{"/verb", "\"\"", "request.verb"},
		{"/verb", "\"a;b\"", "request.verb"},
		{"/verb", "1", "request.verb"},
		{"/args", "[]", "request.args: must be an object"},
		{"/args", "\"x\"", "request.args: must be an object"},
		{"/sudo", "1", "request.sudo: unknown member"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sy_auto_json json_object *value = damaged(good, &rows[i]);
		const char *text = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);
		struct sy_error err = {0};
		struct sy_control_request request;

		expect_refusal(sy_control_request_decode(text, strlen(text), &request, &err), &err, &rows[i]);
	}
}

static void other_versions_and_sizes(void **state)
{
	static const char next[] = "{\"v\":2,\"id\":1,\"verb\":\"status\"}";
	char *big = calloc(1, SY_MAX_CONTROL_BYTES + 1);
	struct sy_control_request request;

	(void)state;
	assert_non_null(big);
	memset(big, ' ', SY_MAX_CONTROL_BYTES + 1);
	assert_int_equal(sy_control_request_decode(next, strlen(next), &request, NULL), -EPROTO);
	assert_int_equal(sy_control_request_decode(big, SY_MAX_CONTROL_BYTES + 1, &request, NULL), -EMSGSIZE);
	free(big);
}

static void answer_round_trip(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} rows[] = {
		{"{\"v\":1,\"id\":2,\"ok\":true,\"more\":true,\"value\":[1]}", 0},
		{"{\"v\":1,\"id\":2,\"ok\":false,\"more\":false,\"error\":\"no such workspace\",\"code\":\"NotFound\"}", 0},
		{"{\"v\":1,\"id\":2,\"ok\":true,\"error\":\"x\"}", -EINVAL},
		{"{\"v\":1,\"id\":2,\"ok\":false}", -EINVAL},
		{"{\"v\":1,\"id\":2,\"ok\":false,\"error\":\"x\",\"code\":\"not found\"}", -EINVAL},
		{"{\"v\":1,\"id\":2,\"ok\":true,\"extra\":1}", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sy_control_answer answer = {0};
		struct sy_buf buf;

		assert_int_equal(sy_control_answer_decode(rows[i].text, strlen(rows[i].text), &answer, NULL), rows[i].rc);
		if (rows[i].rc < 0)
			continue;
		sy_auto_json json_object *want = parse(rows[i].text);
		sy_buf_init(&buf, 4096);
		assert_int_equal(sy_control_answer_encode(&answer, &buf, NULL), 0);
		sy_auto_json json_object *got = parse(sy_buf_str(&buf));
		assert_true(sy_json_equal(got, want));
		sy_control_answer_done(&answer);
		sy_buf_done(&buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_round_trip), cmocka_unit_test(request_without_args_has_empty_ones),
		cmocka_unit_test(request_refusals),   cmocka_unit_test(other_versions_and_sizes),
		cmocka_unit_test(answer_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
