/* Requests of a control client and answers of the supervisor. What is accepted must survive encoding. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "proto/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void check_request(const char *text, size_t size)
{
	struct sy_control_request request = {0};
	struct sy_control_request again = {0};
	struct sy_buf buf;

	if (sy_control_request_decode(text, size, &request, NULL) < 0)
		return;
	sy_buf_init(&buf, 8 * SY_MAX_CONTROL_BYTES);
	check(sy_control_request_encode(&request, &buf, NULL) == 0);
	check(!memchr(buf.data, '\n', buf.len - 1)); /* one request is one line */
	if (buf.len <= SY_MAX_CONTROL_BYTES) {
		check(sy_control_request_decode(buf.data, buf.len, &again, NULL) == 0);
		check(sy_json_equal(request.args, again.args));
		sy_control_request_done(&again);
	}
	sy_buf_done(&buf);
	sy_control_request_done(&request);
}

static void check_answer(const char *text, size_t size)
{
	struct sy_control_answer answer = {0};
	struct sy_control_answer again = {0};
	struct sy_buf buf;

	if (sy_control_answer_decode(text, size, &answer, NULL) < 0)
		return;
	sy_buf_init(&buf, 8 * SY_MAX_IPC_BYTES);
	check(sy_control_answer_encode(&answer, &buf, NULL) == 0);
	if (buf.len <= SY_MAX_IPC_BYTES) {
		check(sy_control_answer_decode(buf.data, buf.len, &again, NULL) == 0);
		check(answer.ok == again.ok && answer.id == again.id);
		sy_control_answer_done(&again);
	}
	sy_buf_done(&buf);
	sy_control_answer_done(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_request((const char *)data, size);
	check_answer((const char *)data, size);
	return 0;
}
