/* Discovery of the physical cluster: how often everything is read, whatever the server's tag says, and when it wants to be left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "supervisor/discovery/downstream.h"
#include "unit/http/server.h"

#define ROUNDS 32

struct fixture {
	struct sy_loop *loop;
	struct server server;
	struct sy_kube *kube;
	struct sy_timings timings;
	struct sy_downstream *downstream;
	unsigned tag;
	bool same;  /* the tag, from now on */
	bool grows; /* something new in each round */
	int64_t round_ms[ROUNDS];
	unsigned rounds;
	unsigned refuse; /* so many more rounds get 429 */
	unsigned want;
};

static void apis(struct fixture *f, struct server_conn *conn, bool probe)
{
	char headers[64];

	f->tag += !f->same;
	(void)snprintf(headers, sizeof(headers), "ETag: \"t%u\"\r\n", f->tag);
	server_reply(conn, 200, probe ? headers : NULL,
		     "{\"kind\":\"APIGroupList\",\"groups\":[{\"name\":\"example.dev\",\"versions\":[{\"version\":\"v1\"}]}]}");
}

static void handle(void *arg, struct server_conn *conn, const char *target, const char *head, const char *body)
{
	struct fixture *f = arg;
	char list[512];

	(void)body;
	if (strstr(target, " /version")) {
		if (f->rounds < ROUNDS)
			f->round_ms[f->rounds++] = sy_loop_now_ms(f->loop);
		if (f->refuse > 0 && f->refuse--)
			server_reply(conn, 429, "Retry-After: 6\r\n", "{\"kind\":\"Status\",\"code\":429}");
		else
			server_reply(conn, 200, NULL, "{\"gitVersion\":\"v1.36.3\"}");
	} else if (strstr(target, " /apis/")) {
		(void)snprintf(list, sizeof(list),
			       "{\"kind\":\"APIResourceList\",\"groupVersion\":\"example.dev/v1\",\"resources\":[{\"name\":\"r%u\","
			       "\"singularName\":\"x\",\"namespaced\":true,\"kind\":\"Thing\",\"verbs\":[\"get\"]}]}",
			       f->grows ? f->rounds : 0);
		server_reply(conn, 200, NULL, list);
	} else {
		apis(f, conn, strstr(head, "apidiscovery") != NULL);
	}
}

static void ignore(void *arg)
{
	(void)arg;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct sy_strv groups = {0};

	if (!f || sy_loop_new(&f->loop, NULL) < 0)
		return -1;
	f->timings = (struct sy_timings)SY_TIMINGS_DEFAULT;
	f->timings.probe_ms = 1000;
	server_start(&f->server, f->loop, handle, f);
	struct sy_access access = {.server = f->server.url};
	if (sy_kube_new(&f->kube, f->loop, &access, NULL, NULL) < 0 ||
	    sy_downstream_new(&f->downstream, f->loop, f->kube, &f->timings, ignore, NULL, NULL) < 0 ||
	    sy_strv_add(&groups, "example.dev", NULL) < 0 || sy_downstream_want(f->downstream, &groups, NULL) < 0)
		return -1;
	sy_strv_done(&groups);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sy_downstream_free(f->downstream);
	sy_kube_free(f->kube);
	server_stop(&f->server);
	sy_loop_free(f->loop);
	free(f);
	return 0;
}

static bool so_many_rounds(void *arg)
{
	struct fixture *f = arg;

	return f->rounds >= f->want;
}

static void wait_rounds(struct fixture *f, unsigned count)
{
	f->want = count;
	if (!server_wait_for(f->loop, so_many_rounds, f, 50000))
		fail_msg("only %u rounds", f->rounds);
}

static int64_t gap(const struct fixture *f, unsigned round)
{
	return f->round_ms[round] - f->round_ms[round - 1];
}

/* Servers behind one address with a tag of their own each, say. */
static void a_tag_that_always_changes(void **state)
{
	struct fixture *f = *state;

	wait_rounds(f, 6);
	/* The first finds all, two are free; then 2, 4, ... times the time of the probe. */
	if (gap(f, 4) < 1900 || gap(f, 5) < 3900)
		fail_msg("rounds after %lld and %lld ms", (long long)gap(f, 4), (long long)gap(f, 5));
}

/* Somebody says again and again that a type is not there. */
static bool asked_for(void *arg)
{
	struct fixture *f = arg;

	sy_downstream_rediscover(f->downstream);
	return f->rounds >= f->want;
}

static void rounds_that_find_nothing(void **state)
{
	struct fixture *f = *state;

	f->same = true;
	f->timings.probe_ms = 3000;
	f->want = 5;
	if (!server_wait_for(f->loop, asked_for, f, 50000))
		fail_msg("only %u rounds", f->rounds);
	if (gap(f, 4) < 5900)
		fail_msg("a round after %lld ms", (long long)gap(f, 4));
}

static void the_server_wants_to_be_left_alone(void **state)
{
	struct fixture *f = *state;

	f->refuse = 1;
	wait_rounds(f, 1);
	f->want = 2;
	if (!server_wait_for(f->loop, asked_for, f, 50000)) /* whoever asks for it meanwhile */
		fail_msg("only %u rounds", f->rounds);
	if (gap(f, 1) < 5900)
		fail_msg("asked again after %lld ms", (long long)gap(f, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_tag_that_always_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(rounds_that_find_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(the_server_wants_to_be_left_alone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
