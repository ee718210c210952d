/* Access reviews: what is asked anew, how often, and when the server wants to be left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "supervisor/discovery/reviews.h"
#include "unit/http/server.h"

#define VERBS 6
#define ASKED 64

struct fixture {
	struct sy_loop *loop;
	struct server server;
	struct sy_kube *kube;
	struct sy_timings timings;
	struct sy_reviews *reviews;
	unsigned asked[3];	 /* of namespaces, widgets, gizmos */
	int64_t begun_ms[ASKED]; /* each time that widgets were asked about */
	unsigned begun;
	int code; /* of the next answers */
	const char *headers;
	const char *denied; /* verb */
	unsigned want;
	int64_t refused_ms; /* last time */
	bool paused;	    /* there was a pause in it, on a busy machine */
	unsigned requests;
	int64_t last_ms;
};

static const char *const names[] = {"\"namespaces\"", "\"widgets\"", "\"gizmos\""};

static void handle(void *arg, struct server_conn *conn, const char *target, const char *head, const char *body)
{
	struct fixture *f = arg;
	char verb[32];

	(void)target;
	(void)head;
	f->requests++;
	f->last_ms = sy_loop_now_ms(f->loop);
	if (f->code != 201) {
		server_reply(conn, f->code, f->headers, "{\"kind\":\"Status\",\"code\":429}");
		return;
	}
	for (size_t i = 0; i < 3; i++)
		f->asked[i] += strstr(body, names[i]) != NULL;
	if (strstr(body, names[1]) && strstr(body, "\"get\"") && f->begun < ASKED)
		f->begun_ms[f->begun++] = sy_loop_now_ms(f->loop);
	(void)snprintf(verb, sizeof(verb), "\"%s\"", f->denied ? f->denied : "none");
	server_reply(conn, 201, NULL, strstr(body, verb) ? "{\"status\":{\"allowed\":false}}" : "{\"status\":{\"allowed\":true}}");
}

static void ignore(void *arg)
{
	(void)arg;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f || sy_loop_new(&f->loop, NULL) < 0)
		return -1;
	f->code = 201;
	f->timings = (struct sy_timings)SY_TIMINGS_DEFAULT;
	f->timings.review_again_ms = 40;
	server_start(&f->server, f->loop, handle, f);
	struct sy_access access = {.server = f->server.url};
	if (sy_kube_new(&f->kube, f->loop, &access, NULL, NULL) < 0 ||
	    sy_reviews_new(&f->reviews, f->loop, f->kube, &f->timings, ignore, NULL, NULL) < 0)
		return -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sy_reviews_free(f->reviews);
	sy_kube_free(f->kube);
	server_stop(&f->server);
	sy_loop_free(f->loop);
	free(f);
	return 0;
}

static bool all_answered(void *arg)
{
	struct fixture *f = arg;

	for (size_t i = 0; i < sy_reviews_count(f->reviews); i++) {
		if (sy_reviews_at(f->reviews, i)->state != SY_REVIEW_ANSWERED)
			return false;
	}
	return true;
}

/* Refused all the time. */
static bool asked_often(void *arg)
{
	struct fixture *f = arg;
	int64_t now = sy_loop_now_ms(f->loop);

	f->paused = f->paused || (f->refused_ms && now - f->refused_ms > f->timings.review_again_ms);
	f->refused_ms = now;
	sy_reviews_again(f->reviews, "example.dev", "widgets");
	sy_reviews_again(f->reviews, "nobody.dev", "unknown");
	return f->begun >= f->want && all_answered(f);
}

static void wait_for(struct fixture *f, bool (*condition)(void *), const char *what)
{
	if (!server_wait_for(f->loop, condition, f, 40000))
		fail_msg("%s: %u requests, widgets asked about %u times", what, f->requests, f->begun);
}

static void want_all(struct fixture *f)
{
	assert_int_equal(sy_reviews_want(f->reviews, "", "namespaces", NULL), 0);
	assert_int_equal(sy_reviews_want(f->reviews, "example.dev", "widgets", NULL), 0);
	assert_int_equal(sy_reviews_want(f->reviews, "other.dev", "gizmos", NULL), 0);
}

/* A rule of admission refuses what the rights allow: that cannot be found out by asking, and nobody else is asked about. */
static void a_403_that_rights_do_not_explain(void **state)
{
	struct fixture *f = *state;

	want_all(f);
	wait_for(f, all_answered, "the first answers");
	f->want = 6;
	wait_for(f, asked_often, "the same once more");
	assert_int_equal(f->asked[0], VERBS);
	assert_int_equal(f->asked[2], VERBS);
	for (unsigned i = 1; i < f->want; i++) {
		int64_t gap = f->begun_ms[i] - f->begun_ms[i - 1];
		int64_t least = i < 3 || f->paused ? 40 : INT64_C(40) << (i - 2);

		if (gap < least)
			fail_msg("time %u came after %lld ms", i, (long long)gap);
	}
}

static bool widgets_denied(void *arg)
{
	struct fixture *f = arg;
	const struct sy_review *review = sy_reviews_find(f->reviews, "example.dev", "widgets");

	return review->missing.count == 1 && all_answered(f);
}

/* A right that was taken away is found at the first 403, and seen to be back without one. */
static void a_403_for_want_of_a_right(void **state)
{
	struct fixture *f = *state;

	f->timings.discovery_ms = 50;
	want_all(f);
	wait_for(f, all_answered, "the first answers");
	f->denied = "create";
	sy_reviews_again(f->reviews, "example.dev", "widgets");
	wait_for(f, widgets_denied, "the missing right");
	assert_string_equal(sy_reviews_find(f->reviews, "example.dev", "widgets")->missing.items[0], "create");
	assert_int_equal(f->asked[0], VERBS);
	f->denied = NULL;
	f->want = f->begun + 1;
	while (sy_reviews_find(f->reviews, "example.dev", "widgets")->missing.count > 0)
		wait_for(f, all_answered, "the right that is back");
	assert_int_equal(f->asked[2], VERBS);
}

static bool was_asked(void *arg)
{
	struct fixture *f = arg;

	return f->requests >= f->want;
}

/* Retry-After counts for all of them, and the round goes on where it was. */
static void a_server_that_wants_to_be_left_alone(void **state)
{
	struct fixture *f = *state;
	int64_t refused_ms;

	f->code = 429;
	f->headers = "Retry-After: 2\r\n";
	f->want = 1;
	want_all(f);
	wait_for(f, was_asked, "the first request");
	refused_ms = f->last_ms;
	f->code = 201;
	sy_reviews_again(f->reviews, "example.dev", "widgets");
	f->want = 2;
	wait_for(f, was_asked, "the second request");
	if (f->last_ms - refused_ms < 1900)
		fail_msg("asked again after %lld ms", (long long)(f->last_ms - refused_ms));
	wait_for(f, all_answered, "all answers");
	assert_int_equal(f->requests, 1 + 3 * VERBS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_403_that_rights_do_not_explain, setup, teardown),
		cmocka_unit_test_setup_teardown(a_403_for_want_of_a_right, setup, teardown),
		cmocka_unit_test_setup_teardown(a_server_that_wants_to_be_left_alone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
