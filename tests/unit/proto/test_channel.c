/* Two channels joined by a queue that the test may lose, repeat or refuse messages of. Time is a number. */
#include "sample.h"

#include <stdio.h>

#include "proto/channel.h"

#define QUEUE 256

struct side {
	struct sy_channel *channel;
	struct side *other;
	char *queue[QUEUE]; /* to the other side */
	size_t queued;
	bool full;
	int64_t now;
	unsigned taken[SY_MSG_TYPE_MAX];
	unsigned acked;
	uint64_t last_n; /* body.n of the last message taken */
	int refuse;
};

static int on_send(void *arg, const char *data, size_t len)
{
	struct side *side = arg;

	if (side->full || side->queued == QUEUE)
		return -EAGAIN;
	side->queue[side->queued++] = strndup(data, len);
	return 0;
}

static int on_take(void *arg, const struct sy_msg *msg, struct sy_error *err)
{
	struct side *side = arg;
	int64_t n = 0;

	if (side->refuse)
		return sy_error_set(err, side->refuse, "not acceptable");
	side->taken[msg->type]++;
	if (sy_json_int(msg->body, &n, "n", NULL))
		side->last_n = (uint64_t)n;
	return 0;
}

static void on_acked(void *arg, enum sy_msg_type type, uint64_t seq)
{
	struct side *side = arg;

	(void)type;
	(void)seq;
	side->acked++;
}

static const struct sy_channel_ops ops = {.send = on_send, .take = on_take, .acked = on_acked};

struct pair {
	struct side worker;
	struct side supervisor;
};

static int set_up(void **state)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	if (!pair || sy_channel_new(&pair->worker.channel, true, 5, &ops, &pair->worker, NULL) < 0 ||
	    sy_channel_new(&pair->supervisor.channel, false, 5, &ops, &pair->supervisor, NULL) < 0)
		return -1;
	pair->worker.other = &pair->supervisor;
	pair->supervisor.other = &pair->worker;
	*state = pair;
	return 0;
}

static void lose(struct side *side)
{
	for (size_t i = 0; i < side->queued; i++)
		free(side->queue[i]);
	side->queued = 0;
}

static int tear_down(void **state)
{
	struct pair *pair = *state;

	lose(&pair->worker);
	lose(&pair->supervisor);
	sy_channel_free(pair->worker.channel);
	sy_channel_free(pair->supervisor.channel);
	free(pair);
	return 0;
}

static void deliver_from(struct side *from, bool twice)
{
	struct side *to = from->other;
	size_t count = from->queued;

	from->queued = 0;
	for (size_t i = 0; i < count; i++) {
		char *data = from->queue[i];

		assert_int_equal(sy_channel_input(to->channel, data, strlen(data), to->now, NULL), 0);
		if (twice)
			assert_int_equal(sy_channel_input(to->channel, data, strlen(data), to->now, NULL), 0);
		free(data);
	}
}

/* Deliver until both queues are empty. */
static void settle(struct pair *pair)
{
	while (pair->worker.queued || pair->supervisor.queued) {
		deliver_from(&pair->worker, false);
		deliver_from(&pair->supervisor, false);
	}
}

static int put(struct side *side, enum sy_msg_type type, int64_t n)
{
	sy_auto_json json_object *body = json_object_new_object();

	json_object_object_add(body, "n", json_object_new_int64(n));
	return sy_channel_send(side->channel, type, body, side->now, NULL, NULL);
}

static void delivers_once_and_acknowledges(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(put(&pair->worker, SY_MSG_EVENT, 1), 0);
	assert_true(sy_channel_tick(pair->worker.channel, 0) > 0);
	settle(pair);
	assert_int_equal(pair->supervisor.taken[SY_MSG_EVENT], 1);
	assert_int_equal(pair->worker.acked, 1);
	assert_int_equal(sy_channel_tick(pair->worker.channel, 0), -1);
	assert_int_equal(sy_channel_oldest_ms(pair->worker.channel, 99), 0);
}

static void repeats_what_was_lost(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(put(&pair->supervisor, SY_MSG_COMMAND, 1), 0);
	lose(&pair->supervisor);
	assert_int_equal(sy_channel_tick(pair->supervisor.channel, SY_CHANNEL_RETRY_MS - 1), 1);
	assert_int_equal(pair->supervisor.queued, 0);
	assert_int_equal(sy_channel_oldest_ms(pair->supervisor.channel, 1500), 1500);
	assert_int_equal(sy_channel_tick(pair->supervisor.channel, SY_CHANNEL_RETRY_MS), SY_CHANNEL_RETRY_MS);
	assert_int_equal(pair->supervisor.queued, 1);
	deliver_from(&pair->supervisor, false);
	lose(&pair->worker); /* the acknowledgement */
	assert_int_equal(pair->worker.taken[SY_MSG_COMMAND], 1);
	sy_channel_tick(pair->supervisor.channel, 2 * SY_CHANNEL_RETRY_MS);
	settle(pair);
	assert_int_equal(pair->worker.taken[SY_MSG_COMMAND], 1); /* answered again, delivered once */
	assert_int_equal(pair->supervisor.acked, 1);
}

static void duplicates_are_delivered_once(void **state)
{
	struct pair *pair = *state;

	for (int i = 0; i < 20; i++)
		assert_int_equal(put(&pair->worker, SY_MSG_EVENT, i), 0);
	deliver_from(&pair->worker, true);
	assert_int_equal(pair->supervisor.taken[SY_MSG_EVENT], 20);
	assert_int_equal(pair->supervisor.queued, 40);
	settle(pair);
	assert_int_equal(pair->worker.acked, 20);
}

/* An older event that arrives after newer ones is new all the same; an older report is not. */
static void order_matters_for_states_only(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(put(&pair->worker, SY_MSG_EVENT, 1), 0);
	assert_int_equal(put(&pair->worker, SY_MSG_REPORT, 2), 0);
	char *event = pair->worker.queue[0];
	char *report = pair->worker.queue[1];
	pair->worker.queued = 0;
	assert_int_equal(put(&pair->worker, SY_MSG_REPORT, 3), 0);
	settle(pair);
	assert_int_equal(pair->supervisor.last_n, 3);
	assert_int_equal(sy_channel_input(pair->supervisor.channel, report, strlen(report), 0, NULL), 0);
	assert_int_equal(pair->supervisor.taken[SY_MSG_REPORT], 1);
	assert_int_equal(sy_channel_input(pair->supervisor.channel, event, strlen(event), 0, NULL), 0);
	assert_int_equal(pair->supervisor.taken[SY_MSG_EVENT], 1);
	free(event);
	free(report);
}

static void states_coalesce_and_keep_their_age(void **state)
{
	struct pair *pair = *state;

	pair->worker.full = true;
	for (int i = 0; i < 1000; i++) {
		pair->worker.now = i * 10;
		assert_int_equal(put(&pair->worker, SY_MSG_REPORT, i), 0);
	}
	assert_int_equal(sy_channel_oldest_ms(pair->worker.channel, 10000), 10000);
	pair->worker.full = false;
	sy_channel_tick(pair->worker.channel, 10000);
	assert_int_equal(pair->worker.queued, 1);
	settle(pair);
	assert_int_equal(pair->supervisor.taken[SY_MSG_REPORT], 1);
	assert_int_equal(pair->supervisor.last_n, 999);
}

static void others_are_refused_beyond_the_bound(void **state)
{
	struct pair *pair = *state;
	int accepted = 0;

	pair->worker.full = true;
	while (put(&pair->worker, SY_MSG_EVENT, accepted) == 0)
		accepted++;
	assert_true(accepted > 0 && accepted <= SY_CHANNEL_PENDING);
	assert_int_equal(put(&pair->worker, SY_MSG_EVENT, 0), -EAGAIN);
	assert_int_equal(put(&pair->worker, SY_MSG_REPORT, 7), 0); /* events cannot silence the reports */
	pair->worker.full = false;
	sy_channel_tick(pair->worker.channel, 1);
	settle(pair);
	assert_int_equal(pair->supervisor.taken[SY_MSG_EVENT], accepted);
	assert_int_equal(pair->supervisor.taken[SY_MSG_REPORT], 1);
	assert_int_equal(put(&pair->worker, SY_MSG_EVENT, 0), 0);
}

static void each_side_sends_its_own_types_only(void **state)
{
	struct pair *pair = *state;

	for (unsigned type = 0; type < SY_MSG_TYPE_MAX; type++) {
		sy_auto_json json_object *body = parse("{\"seq\":1}");
		struct sy_buf buf;
		bool worker_may = sy_msg_from_worker((enum sy_msg_type)type);

		assert_int_equal(put(&pair->worker, (enum sy_msg_type)type, 0), worker_may && type != SY_MSG_ACK ? 0 : -EINVAL);
		if (worker_may)
			continue;
		/* And if it does so all the same, it is not listened to. */
		sy_buf_init(&buf, 4096);
		assert_int_equal(sy_msg_encode(5, 1000 + type, (enum sy_msg_type)type, body, &buf, NULL), 0);
		assert_int_equal(sy_channel_input(pair->supervisor.channel, buf.data, buf.len, 0, NULL), -EPROTO);
		assert_int_equal(pair->supervisor.taken[type], 0);
		sy_buf_done(&buf);
	}
}

static void refuses_other_incarnations_and_false_acks(void **state)
{
	static const char *const texts[] = {
		"{\"v\":1,\"inc\":4,\"seq\":1,\"type\":\"event\",\"body\":{}}",
		"{\"v\":1,\"inc\":5,\"seq\":1,\"type\":\"ack\",\"body\":{\"seq\":1}}", /* nothing was sent */
		"{\"v\":1,\"inc\":5,\"seq\":1,\"type\":\"ack\",\"body\":{\"seq\":0}}",
		"{\"v\":1,\"inc\":5,\"seq\":1,\"type\":\"ack\",\"body\":{}}",
		"garbage",
	};
	struct pair *pair = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_true(sy_channel_input(pair->supervisor.channel, texts[i], strlen(texts[i]), 0, NULL) < 0);
	assert_int_equal(pair->supervisor.taken[SY_MSG_EVENT], 0);
	assert_int_equal(pair->supervisor.queued, 0);
}

static void what_is_refused_is_not_acknowledged(void **state)
{
	struct pair *pair = *state;

	pair->supervisor.refuse = EINVAL;
	assert_int_equal(put(&pair->worker, SY_MSG_REPORT, 1), 0);
	char *data = pair->worker.queue[0];
	assert_int_equal(sy_channel_input(pair->supervisor.channel, data, strlen(data), 0, NULL), -EINVAL);
	assert_int_equal(pair->supervisor.queued, 0);
	pair->supervisor.refuse = 0; /* the same again, now acceptable */
	settle(pair);
	assert_int_equal(pair->supervisor.taken[SY_MSG_REPORT], 1);
	assert_int_equal(pair->worker.acked, 1);
}

/* Numbers near the end of their range come from a hostile peer only; they must cost no more than others. */
static void the_largest_numbers_are_survived(void **state)
{
	static const char *const seqs[] = {"1", "18446744073709551000", "18446744073709551615", "18446744073709551614", "2"};
	struct pair *pair = *state;

	for (size_t i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
		char text[128];

		snprintf(text, sizeof(text), "{\"v\":1,\"inc\":5,\"seq\":%s,\"type\":\"event\",\"body\":{}}", seqs[i]);
		for (int twice = 0; twice < 2; twice++)
			assert_int_equal(sy_channel_input(pair->supervisor.channel, text, strlen(text), 0, NULL), 0);
	}
	assert_int_equal(pair->supervisor.taken[SY_MSG_EVENT], 4); /* 2 is too far behind to be told from a repetition */
}

static void a_long_life_keeps_counting(void **state)
{
	struct pair *pair = *state;

	for (int i = 0; i < 5000; i++) {
		assert_int_equal(put(&pair->worker, i % 3 ? SY_MSG_EVENT : SY_MSG_REPORT, i), 0);
		settle(pair);
	}
	assert_int_equal(pair->supervisor.taken[SY_MSG_EVENT] + pair->supervisor.taken[SY_MSG_REPORT], 5000);
	assert_int_equal(pair->worker.acked, 5000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(delivers_once_and_acknowledges),	   TEST(repeats_what_was_lost),
		TEST(duplicates_are_delivered_once),	   TEST(order_matters_for_states_only),
		TEST(states_coalesce_and_keep_their_age),  TEST(others_are_refused_beyond_the_bound),
		TEST(each_side_sends_its_own_types_only),  TEST(refuses_other_incarnations_and_false_acks),
		TEST(what_is_refused_is_not_acknowledged), TEST(the_largest_numbers_are_survived),
		TEST(a_long_life_keeps_counting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
