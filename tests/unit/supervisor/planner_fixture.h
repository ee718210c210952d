/* Shared by the planner's tests: an export with widgets and a claim on configmaps, a cluster that serves both, and a binding. */
#ifndef SY_TESTS_SUPERVISOR_PLANNER_FIXTURE_H
#define SY_TESTS_SUPERVISOR_PLANNER_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/plan/planner.h"

#define URL "https://kcp.example/services/apiexport/prov/widgets"

struct fixture {
	struct sy_loop *loop;
	struct sy_timings timings;
	struct sy_config config;
	struct sy_exports *exports;
	struct sy_export *export;
	struct sy_schemas *schemas;
	struct sy_downstream *downstream;
	struct sy_reviews *reviews;
	struct sy_bindings *bindings;
	struct sy_knowledge knowledge;
	struct sy_plan_input input;
};

static inline void ignore(void *arg)
{
	(void)arg;
}

static inline json_object *parse(const char *text)
{
	json_object *value = NULL;
	struct sy_error err = {0};

	if (sy_json_parse(text, strlen(text), 65536, &value, &err) < 0)
		fail_msg("%s", err.text);
	return value;
}

static inline void learn_world(struct fixture *f)
{
	json_object *export = parse(
		"{\"metadata\":{\"name\":\"widgets\",\"annotations\":{\"kcp.io/cluster\":\"prov\",\"kcp.io/path\":\"root:provider\"}},"
		"\"spec\":{\"resources\":[{\"name\":\"widgets\",\"group\":\"example.dev\",\"schema\":\"v1.widgets.example.dev\"}],"
		"\"permissionClaims\":[{\"group\":\"\",\"resource\":\"configmaps\",\"verbs\":[\"get\",\"list\",\"watch\"]}]},"
		"\"status\":{\"identityHash\":\"abc\"}}");
	json_object *schema = parse(
		"{\"spec\":{\"group\":\"example.dev\",\"names\":{\"plural\":\"widgets\",\"kind\":\"Widget\"},\"scope\":\"Namespaced\","
		"\"versions\":[{\"name\":\"v1alpha1\",\"served\":true,\"subresources\":{\"status\":{}}},"
		"{\"name\":\"v1\",\"served\":true},{\"name\":\"v2\",\"served\":false}]}}");
	json_object *served =
		parse("{\"kind\":\"APIResourceList\",\"groupVersion\":\"example.dev/v1alpha1\",\"resources\":[{\"name\":\"widgets\","
		      "\"singularName\":\"widget\",\"namespaced\":true,\"kind\":\"Widget\",\"verbs\":[\"get\"]}]}");
	json_object *core = parse("{\"kind\":\"APIResourceList\",\"groupVersion\":\"v1\",\"resources\":[{\"name\":\"configmaps\","
				  "\"singularName\":\"configmap\",\"namespaced\":true,\"kind\":\"ConfigMap\",\"verbs\":[\"get\"]}]}");

	assert_int_equal(sy_exports_learn(f->exports, "root:provider", "widgets", export, &f->export, NULL), 0);
	assert_int_equal(sy_schemas_learn(f->schemas, "prov", "v1.widgets.example.dev", schema, NULL), 0);
	assert_int_equal(sy_downstream_learn(f->downstream, "example.dev", "v1alpha1", served, NULL), 0);
	assert_int_equal(sy_downstream_learn(f->downstream, "", "v1", core, NULL), 0);
	assert_int_equal(sy_reviews_learn(f->reviews, "example.dev", "widgets", NULL, NULL), 0);
	assert_int_equal(sy_reviews_learn(f->reviews, "", "configmaps", NULL, NULL), 0);
	json_object_put(export);
	json_object_put(schema);
	json_object_put(served);
	json_object_put(core);
}

static inline int setup(void **state)
{
	static struct fixture fixture;
	static char configmaps[] = "configmaps";
	static char *allowed[] = {configmaps};
	struct fixture *f = &fixture;

	*f = (struct fixture){.timings = SY_TIMINGS_DEFAULT};
	f->config = (struct sy_config){.allow_claims = allowed, .allow_claim_count = 1, .cluster_scoped = true};
	assert_int_equal(sy_loop_new(&f->loop, NULL), 0);
	assert_int_equal(sy_exports_new(&f->exports, f->loop, NULL, "https://kcp.example", ignore, NULL, NULL), 0);
	assert_int_equal(sy_schemas_new(&f->schemas, f->loop, NULL, "https://kcp.example", ignore, NULL, NULL), 0);
	assert_int_equal(sy_downstream_new(&f->downstream, f->loop, NULL, &f->timings, ignore, NULL, NULL), 0);
	assert_int_equal(sy_reviews_new(&f->reviews, f->loop, NULL, &f->timings, ignore, NULL, NULL), 0);
	assert_int_equal(sy_bindings_new(&f->bindings, f->loop, NULL, &f->timings, ignore, NULL, NULL), 0);
	learn_world(f);
	f->knowledge = (struct sy_knowledge){f->exports, f->schemas, f->downstream, f->reviews, &f->config};
	f->input = (struct sy_plan_input){.knowledge = &f->knowledge,
					  .bindings = f->bindings,
					  .timings = &f->timings,
					  .target = {"tc", "edge-1", "11111111-2222-3333-4444-555555555555", "KEY"},
					  .now_ms = sy_loop_now_ms(f->loop)};
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	sy_bindings_free(f->bindings);
	sy_reviews_free(f->reviews);
	sy_downstream_free(f->downstream);
	sy_schemas_free(f->schemas);
	sy_exports_free(f->exports);
	sy_loop_free(f->loop);
	return 0;
}

static inline void bind_with(struct fixture *f, const char *phase, bool deleting, const char *claim, const char *bound)
{
	char text[4096];
	json_object *object;

	(void)snprintf(text, sizeof(text),
		       "{\"metadata\":{\"name\":\"w\",%s\"annotations\":{\"kcp.io/cluster\":\"c1\",\"kcp.io/path\":\"root:t\"}},"
		       "\"spec\":{\"reference\":{\"export\":{\"path\":\"root:provider\",\"name\":\"widgets\"}},"
		       "\"permissionClaims\":[{\"group\":\"\",\"resource\":\"configmaps\",\"verbs\":[\"get\",\"list\",\"watch\"],\"state\":"
		       "\"%s\"}]},"
		       "\"status\":{\"phase\":\"%s\",\"apiExportClusterName\":\"prov\",\"boundResources\":[%s],"
		       "\"exportPermissionClaims\":[{\"group\":\"\",\"resource\":\"configmaps\",\"verbs\":[\"get\",\"list\",\"watch\"]}],"
		       "\"appliedPermissionClaims\":[%s]}}",
		       deleting ? "\"deletionTimestamp\":\"2026-11-24T05:00:00Z\"," : "", claim, phase, bound,
		       strcmp(claim, "Accepted") == 0
			       ? "{\"group\":\"\",\"resource\":\"configmaps\",\"verbs\":[\"get\",\"list\",\"watch\"]}"
			       : "");
	object = parse(text);
	assert_int_equal(sy_bindings_take(f->bindings, f->export, URL, false, object, NULL), 0);
	json_object_put(object);
}

static inline void bind_as(struct fixture *f, const char *phase, bool deleting, const char *claim)
{
	bind_with(f, phase, deleting, claim,
		  strcmp(phase, "Bound") == 0
			  ? "{\"group\":\"example.dev\",\"resource\":\"widgets\",\"schema\":{\"name\":\"v1.widgets.example.dev\"}}"
			  : "");
}

static inline int plan(struct fixture *f, struct sy_plan *ret, int64_t *ret_due)
{
	*ret = (struct sy_plan){0};
	return sy_plan_for_bindings(&f->input, 0, sy_bindings_count(f->bindings), ret, ret_due, NULL);
}

#define NOT_PLANNED (-1)

static inline int role_of(const struct sy_plan *p, const char *resource)
{
	for (size_t i = 0; i < p->resource_count; i++)
		if (strcmp(p->resources[i].resource, resource) == 0)
			return (int)p->resources[i].role;
	return NOT_PLANNED;
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

#endif
