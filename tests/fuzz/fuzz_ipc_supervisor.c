/* Everything a worker may send, as the supervisor reads it: the envelope, the body by its type, the channel. What is accepted must
 * encode to something that is accepted again and means the same. */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "proto/channel.h"
#include "proto/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void check_report(json_object *body)
{
	struct sy_report report = {0};
	struct sy_report again = {0};
	sy_auto_json json_object *value = NULL;

	if (sy_report_decode(body, &report, NULL) < 0)
		return;
	check(sy_report_encode(&report, &value, NULL) == 0);
	check(sy_report_decode(value, &again, NULL) == 0);
	check(sy_report_equal(&report, &again));
	sy_report_done(&report);
	sy_report_done(&again);
}

static void check_event(json_object *body)
{
	struct sy_event event = {0};
	struct sy_event again = {0};
	sy_auto_json json_object *value = NULL;

	if (sy_event_decode(body, &event, NULL) < 0)
		return;
	check(sy_event_encode(&event, &value, NULL) == 0);
	check(sy_event_decode(value, &again, NULL) == 0);
	sy_event_done(&event);
	sy_event_done(&again);
}

static void check_small(json_object *body)
{
	struct sy_hello hello = {0};
	struct sy_reply reply = {0};
	uint64_t seq;

	if (sy_hello_decode(body, &hello, NULL) == 0)
		sy_hello_done(&hello);
	if (sy_reply_decode(body, &reply, NULL) == 0)
		sy_reply_done(&reply);
	(void)sy_ack_decode(body, &seq, NULL);
}

static int on_send(void *arg, const char *data, size_t len)
{
	(void)arg;
	(void)data;
	check(len <= SY_MAX_IPC_BYTES);
	return 0;
}

static int on_take(void *arg, const struct sy_msg *msg, struct sy_error *err)
{
	(void)arg;
	(void)err;
	check(sy_msg_from_worker(msg->type) && msg->type != SY_MSG_ACK);
	check_report(msg->body);
	check_event(msg->body);
	check_small(msg->body);
	return 0;
}

static const struct sy_channel_ops ops = {.send = on_send, .take = on_take};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sy_channel *channel = NULL;
	const char *text = (const char *)data;

	/* One line is one message, so that a sequence can be tried; the incarnation is 1. */
	if (sy_channel_new(&channel, false, 1, &ops, NULL, NULL) < 0)
		return 0;
	for (size_t start = 0; start < size;) {
		size_t end = start;

		while (end < size && text[end] != '\n')
			end++;
		(void)sy_channel_input(channel, text + start, end - start, 0, NULL);
		start = end + 1;
	}
	sy_channel_free(channel);
	return 0;
}
