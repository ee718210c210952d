#include "sample.h"

#include <stdio.h>

#include "base/limits.h"
#include "proto/msg.h"

static void decodes_what_it_encodes(void **state)
{
	sy_auto_json json_object *body = parse("{\"a\":[1,2.50]}");

	(void)state;
	for (unsigned type = 0; type < SY_MSG_TYPE_MAX; type++) {
		struct sy_buf buf;
		struct sy_msg msg = {0};

		sy_buf_init(&buf, 4096);
		assert_int_equal(sy_msg_encode(UINT64_MAX, 9, (enum sy_msg_type)type, body, &buf, NULL), 0);
		assert_int_equal(sy_msg_decode(buf.data, buf.len, &msg, NULL), 0);
		assert_true(msg.incarnation == UINT64_MAX);
		assert_int_equal(msg.seq, 9);
		assert_int_equal(msg.type, type);
		assert_true(sy_json_equal(msg.body, body));
		sy_msg_done(&msg);
		sy_buf_done(&buf);
	}
}

static void each_type_has_its_direction(void **state)
{
	static const struct {
		enum sy_msg_type type;
		bool worker, supervisor;
	} rows[] = {
		{SY_MSG_HELLO, true, false},	   {SY_MSG_REPORT, true, false},  {SY_MSG_EVENT, true, false},
		{SY_MSG_REPLY, true, false},	   {SY_MSG_WELCOME, false, true}, {SY_MSG_PLAN, false, true},
		{SY_MSG_CREDENTIALS, false, true}, {SY_MSG_COMMAND, false, true}, {SY_MSG_ACK, true, true},
		{SY_MSG_TYPE_MAX, false, false},
	};

	(void)state;
	assert_int_equal(sizeof(rows) / sizeof(rows[0]), SY_MSG_TYPE_MAX + 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(sy_msg_from_worker(rows[i].type), rows[i].worker);
		assert_int_equal(sy_msg_from_supervisor(rows[i].type), rows[i].supervisor);
	}
	assert_string_equal(sy_msg_type_name(SY_MSG_TYPE_MAX), "unknown");
}

static void refuses_what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		int rc;
		const char *want;
	} rows[] = {
		{"", -EINVAL, ""},
		{"x", -EINVAL, ""},
		{"[]", -EINVAL, "message.v"},
		{"null", -EINVAL, "message.v"},
		{"{\"inc\":1,\"seq\":1,\"type\":\"ack\",\"body\":{}}", -EINVAL, "message.v"},
		{"{\"v\":2,\"inc\":1,\"seq\":1,\"type\":\"ack\",\"body\":{}}", -EPROTO, "version 2"},
		{"{\"v\":1,\"v\":1,\"inc\":1,\"seq\":1,\"type\":\"ack\",\"body\":{}}", -EINVAL, ""},
		{"{\"v\":1,\"inc\":-1,\"seq\":1,\"type\":\"ack\",\"body\":{}}", -EINVAL, "message.inc"},
		{"{\"v\":1,\"inc\":1,\"seq\":0,\"type\":\"ack\",\"body\":{}}", -EINVAL, "message.seq"},
		{"{\"v\":1,\"inc\":1,\"seq\":18446744073709551616,\"type\":\"ack\",\"body\":{}}", -EINVAL, ""},
		{"{\"v\":1,\"inc\":1,\"seq\":1,\"type\":\"stop\",\"body\":{}}", -EINVAL, "message.type"},
		{"{\"v\":1,\"inc\":1,\"seq\":1,\"type\":8,\"body\":{}}", -EINVAL, "message.type"},
		{"{\"v\":1,\"inc\":1,\"seq\":1,\"type\":\"ack\",\"body\":[]}", -EINVAL, "message.body"},
		{"{\"v\":1,\"inc\":1,\"seq\":1,\"type\":\"ack\",\"body\":null}", -EINVAL, "message.body"},
		{"{\"v\":1,\"inc\":1,\"seq\":1,\"type\":\"ack\"}", -EINVAL, "message.body: missing"},
		{"{\"v\":1,\"inc\":1,\"seq\":1,\"type\":\"ack\",\"body\":{},\"to\":1}", -EINVAL, "message.to: unknown"},
		{"{\"v\":1,\"inc\":1,\"seq\":1,\"type\":\"ack\",\"body\":{}} x", -EINVAL, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sy_error err = {0};
		struct sy_msg msg;
		int rc = sy_msg_decode(rows[i].text, strlen(rows[i].text), &msg, &err);

		if (rc != rows[i].rc || !strstr(err.text, rows[i].want))
			fail_msg("%s: rc %d, \"%s\"", rows[i].text, rc, err.text);
	}
}

static void refuses_depth_and_size(void **state)
{
	size_t size = SY_MAX_IPC_BYTES + 1;
	char *text = malloc(size);
	struct sy_msg msg;

	(void)state;
	assert_non_null(text);
	memset(text, '[', size);
	assert_true(sy_msg_decode(text, 5000, &msg, NULL) < 0);
	memset(text, ' ', size);
	assert_int_equal(sy_msg_decode(text, size, &msg, NULL), -EMSGSIZE);
	free(text);
}

static void hello_round_trip_and_refusals(void **state)
{
	static const char good[] = "{\"token\":\"cafe\",\"version\":\"0.1.0\",\"cluster\":\"1ld2ccjgd5zd9iq2\",\"pid\":17}";
	static const struct damage rows[] = {
		{"/token", NULL, "hello.token: missing"},
		{"/token", "\"a b\"", "hello.token"},
		{"/version", "\"\"", "hello.version"},
		{"/cluster", "\"../x\"", "hello.cluster"},
		{"/pid", "2147483648", "hello.pid: must be at most"},
		{"/pid", "-2", "hello.pid"},
		{"/uid", "0", "hello.uid: unknown member"},
	};
	sy_auto_json json_object *value = parse(good);
	sy_auto_json json_object *again = NULL;
	struct sy_hello hello = {0};

	(void)state;
	assert_int_equal(sy_hello_decode(value, &hello, NULL), 0);
	assert_int_equal(hello.pid, 17);
	assert_int_equal(sy_hello_encode(&hello, &again, NULL), 0);
	assert_true(sy_json_equal(value, again));
	sy_hello_done(&hello);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sy_auto_json json_object *bad = damaged(good, &rows[i]);
		struct sy_error err = {0};

		expect_refusal(sy_hello_decode(bad, &hello, &err), &err, &rows[i]);
	}
}

static void command_round_trip_and_refusals(void **state)
{
	static const char good[] = "{\"id\":3,\"verb\":\"dump\",\"args\":{\"key\":\"a/b\"}}";
	static const struct damage rows[] = {
		{"/args", "[]", "command.args: must be an object"},
		{"/args", "\"x\"", "command.args: must be an object"},
		{"/verb", "\"rm -rf\"", "command.verb"},
		{"/id", "null", "command.id"},
		{"/x", "1", "command.x: unknown member"},
	};
	sy_auto_json json_object *value = parse(good);
	sy_auto_json json_object *again = NULL;
	struct sy_command command = {0};

	(void)state;
	assert_int_equal(sy_command_decode(value, &command, NULL), 0);
	assert_int_equal(sy_command_encode(&command, &again, NULL), 0);
	assert_true(sy_json_equal(value, again));
	sy_command_done(&command);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sy_auto_json json_object *bad = damaged(good, &rows[i]);
		struct sy_error err = {0};

		expect_refusal(sy_command_decode(bad, &command, &err), &err, &rows[i]);
	}
}

static void reply_round_trip_and_refusals(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} rows[] = {
		{"{\"id\":1,\"ok\":true,\"value\":{\"a\":1}}", 0},
		{"{\"id\":1,\"ok\":true}", 0},
		{"{\"id\":1,\"ok\":false,\"error\":\"no such object\"}", 0},
		{"{\"id\":1,\"ok\":false}", -EINVAL},
		{"{\"id\":1,\"ok\":true,\"error\":\"x\"}", -EINVAL},
		{"{\"id\":1,\"ok\":false,\"error\":\"x\",\"value\":1}", -EINVAL},
		{"{\"id\":1,\"ok\":1}", -EINVAL},
		{"{\"ok\":true}", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sy_auto_json json_object *value = parse(rows[i].text);
		sy_auto_json json_object *again = NULL;
		struct sy_reply reply = {0};

		assert_int_equal(sy_reply_decode(value, &reply, NULL), rows[i].rc);
		if (rows[i].rc == 0) {
			assert_int_equal(sy_reply_encode(&reply, &again, NULL), 0);
			assert_true(sy_json_equal(value, again));
			sy_reply_done(&reply);
		}
	}
}

static void ack_round_trip_and_refusals(void **state)
{
	static const char *const bad[] = {"{}", "{\"seq\":-1}", "{\"seq\":\"1\"}", "{\"seq\":1,\"x\":1}", "[]"};
	sy_auto_json json_object *value = NULL;
	uint64_t seq = 0;

	(void)state;
	assert_int_equal(sy_ack_encode(UINT64_MAX, &value, NULL), 0);
	assert_int_equal(sy_ack_decode(value, &seq, NULL), 0);
	assert_true(seq == UINT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		sy_auto_json json_object *other = parse(bad[i]);

		assert_int_equal(sy_ack_decode(other, &seq, NULL), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_what_it_encodes),	 cmocka_unit_test(each_type_has_its_direction),
		cmocka_unit_test(refuses_what_is_wrong),	 cmocka_unit_test(refuses_depth_and_size),
		cmocka_unit_test(hello_round_trip_and_refusals), cmocka_unit_test(command_round_trip_and_refusals),
		cmocka_unit_test(reply_round_trip_and_refusals), cmocka_unit_test(ack_round_trip_and_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
