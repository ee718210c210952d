/* Shared by the tests of bindings: one export, its consumers, and time that passes. */
#ifndef SY_TESTS_SUPERVISOR_BINDINGS_FIXTURE_H
#define SY_TESTS_SUPERVISOR_BINDINGS_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/discovery/bindings.h"

#define URL "https://kcp.example/services/apiexport/prov/widgets"
#define OTHER "https://kcp.example/services/apiexport/prov2/widgets"

struct fixture {
	struct sy_loop *loop;
	struct sy_bindings *bindings;
	struct sy_timings timings;
	struct sy_export export;
};

static inline void ignore(void *arg)
{
	(void)arg;
}

static inline int setup(void **state)
{
	static struct fixture fixture;
	static char path[] = "root:provider", name[] = "widgets", label[] = "root:provider:widgets", cluster[] = "prov", none[] = "";

	fixture = (struct fixture){.timings = SY_TIMINGS_DEFAULT};
	fixture.export =
		(struct sy_export){.path = path, .name = name, .workspace = path, .label = label, .known = true, .state = SY_EXPORT_READY};
	fixture.export.facts = (struct sy_export_facts){.cluster = cluster, .path = path, .identity = none};
	assert_int_equal(sy_loop_new(&fixture.loop, NULL), 0);
	assert_int_equal(sy_bindings_new(&fixture.bindings, fixture.loop, NULL, &fixture.timings, ignore, NULL, NULL), 0);
	*state = &fixture;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;

	sy_bindings_free(fixture->bindings);
	sy_loop_free(fixture->loop);
	return 0;
}

/* claims: state of the one claim on secrets; verbs: what the consumer wrote. */
static inline json_object *binding(const char *cluster, const char *phase, const char *claim_state, const char *verbs, bool applied)
{
	json_object *object = NULL;
	char text[4096];
	struct sy_error err = {0};

	(void)snprintf(text, sizeof(text),
		       "{\"metadata\":{\"name\":\"w\",\"annotations\":{\"kcp.io/cluster\":\"%s\",\"kcp.io/path\":\"root:t\"}},"
		       "\"spec\":{\"reference\":{\"export\":{\"path\":\"root:provider\",\"name\":\"widgets\"}},"
		       "\"permissionClaims\":[{\"group\":\"\",\"resource\":\"secrets\",\"verbs\":%s,\"state\":\"%s\"}]},"
		       "\"status\":{\"phase\":\"%s\",\"apiExportClusterName\":\"prov\","
		       "\"boundResources\":[{\"group\":\"example.dev\",\"resource\":\"widgets\",\"schema\":{\"name\":\"v1.widgets.example."
		       "dev\"}}],"
		       "\"exportPermissionClaims\":[{\"group\":\"\",\"resource\":\"secrets\",\"verbs\":[\"get\",\"list\",\"watch\"]}],"
		       "\"appliedPermissionClaims\":[%s]}}",
		       cluster, verbs, claim_state, phase,
		       applied ? "{\"group\":\"\",\"resource\":\"secrets\",\"verbs\":[\"get\",\"list\",\"watch\"]}" : "");
	if (sy_json_parse(text, strlen(text), sizeof(text), &object, &err) < 0)
		fail_msg("%s", err.text);
	return object;
}

static inline void put(struct fixture *fixture, const char *url, bool deleted, json_object *object)
{
	assert_int_equal(sy_bindings_take(fixture->bindings, &fixture->export, url, deleted, object, NULL), 0);
	json_object_put(object);
}

#define GOOD "[\"watch\",\"get\",\"list\"]"

static inline void stop(void *arg)
{
	sy_loop_stop(arg);
}

static inline void pass(struct fixture *fixture, int64_t ms)
{
	struct sy_timer *timer = NULL;

	assert_int_equal(sy_timer_new(&timer, fixture->loop, stop, fixture->loop, NULL), 0);
	sy_timer_start(timer, ms);
	sy_loop_run(fixture->loop);
	sy_timer_free(timer);
}

#endif
