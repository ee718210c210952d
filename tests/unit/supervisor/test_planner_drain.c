/* What leaves: a whole workspace, or one binding of several (syncerd-rules(7) 7.4, 7.5). */
#include "planner_fixture.h"

#include <stdlib.h>

#include "base/limits.h"

#define OTHER_URL "https://kcp.example/services/apiexport/prov/gizmos"

static void learn_served(struct fixture *f, const char *group, const char *version, const char *resource, bool namespaced)
{
	char text[512];
	json_object *list;

	(void)snprintf(text, sizeof(text),
		       "{\"kind\":\"APIResourceList\",\"groupVersion\":\"%s/%s\",\"resources\":[{\"name\":\"%s\",\"singularName\":\"x\","
		       "\"namespaced\":%s,\"kind\":\"Thing\",\"verbs\":[\"get\"]}]}",
		       group, version, resource, namespaced ? "true" : "false");
	list = parse(text);
	assert_int_equal(sy_downstream_learn(f->downstream, group, version, list, NULL), 0);
	json_object_put(list);
}

static void learn_schema(struct fixture *f, const char *group, const char *resource, const char *scope)
{
	char text[512], name[128];
	json_object *schema;

	(void)snprintf(text, sizeof(text),
		       "{\"spec\":{\"group\":\"%s\",\"names\":{\"plural\":\"%s\",\"kind\":\"Thing\"},\"scope\":\"%s\","
		       "\"versions\":[{\"name\":\"v1\",\"served\":true}]}}",
		       group, resource, scope);
	(void)snprintf(name, sizeof(name), "v1.%s.%s", resource, group);
	schema = parse(text);
	assert_int_equal(sy_schemas_learn(f->schemas, "prov", name, schema, NULL), 0);
	assert_int_equal(sy_reviews_learn(f->reviews, group, resource, NULL, NULL), 0);
	json_object_put(schema);
}

/* A second export with gizmos.other.dev, bound by the same workspace; its record in the list of bindings comes first. */
static struct sy_binding *bind_gizmos(struct fixture *f, struct sy_export **ret_export)
{
	json_object *export = parse("{\"metadata\":{\"name\":\"gizmos\",\"annotations\":{\"kcp.io/cluster\":\"prov\",\"kcp.io/path\":"
				    "\"root:provider\"}},\"spec\":{\"resources\":[{\"name\":\"gizmos\",\"group\":\"other.dev\",\"schema\":"
				    "\"v1.gizmos.other.dev\"}]},\"status\":{\"identityHash\":\"def\"}}");
	json_object *binding =
		parse("{\"metadata\":{\"name\":\"g\",\"annotations\":{\"kcp.io/cluster\":\"c1\",\"kcp.io/path\":\"root:t\"}},"
		      "\"spec\":{\"reference\":{\"export\":{\"path\":\"root:provider\",\"name\":\"gizmos\"}}},"
		      "\"status\":{\"phase\":\"Bound\",\"apiExportClusterName\":\"prov\",\"boundResources\":[{\"group\":"
		      "\"other.dev\",\"resource\":\"gizmos\",\"schema\":{\"name\":\"v1.gizmos.other.dev\"}}]}}");

	learn_schema(f, "other.dev", "gizmos", "Namespaced");
	learn_served(f, "other.dev", "v1", "gizmos", true);
	assert_int_equal(sy_exports_learn(f->exports, "root:provider", "gizmos", export, ret_export, NULL), 0);
	assert_int_equal(sy_bindings_take(f->bindings, *ret_export, OTHER_URL, false, binding, NULL), 0);
	json_object_put(export);
	json_object_put(binding);
	return sy_bindings_at(f->bindings, 0);
}

static const struct sy_plan_resource *find(const struct sy_plan *p, const char *resource)
{
	for (size_t i = 0; i < p->resource_count; i++) {
		if (strcmp(p->resources[i].resource, resource) == 0)
			return &p->resources[i];
	}
	fail_msg("%s is not in the plan", resource);
	return NULL;
}

/* What was never read may be in the namespaces: a drain waits for it, but not for ever, and not for what nobody names. */
static void an_export_that_was_never_read(void **state)
{
	struct fixture *f = *state;
	struct sy_plan_note said;
	struct sy_export *other;
	struct sy_plan p;
	int64_t due;

	bind_as(f, "Bound", true, "Accepted");
	(void)sy_exports_learn(f->exports, "root:provider", "unread", NULL, &other, NULL);
	other->known = false;
	other->state = SY_EXPORT_PENDING;
	f->input.note = &said;
	for (int pass = 0; pass < 2; pass++) { /* also much later */
		assert_int_equal(plan(f, &p, &due), SY_PLAN_WAIT);
		assert_string_equal(said.reason, "ExportUnread");
		assert_non_null(strstr(said.message, "root:provider:unread"));
		f->input.now_ms += 10 * f->timings.gone_ms;
	}
	other->state = SY_EXPORT_FAILING; /* it may be read a moment later */
	assert_int_equal(plan(f, &p, &due), SY_PLAN_WAIT);
	f->input.now_ms = other->added_ms;
	other->state = SY_EXPORT_FORBIDDEN;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_WAIT);
	assert_int_equal(due, other->added_ms + f->timings.gone_ms);
	f->input.now_ms = due;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(p.mode, SY_PLAN_DRAIN);
	assert_true(p.keep_namespaces);
	sy_plan_done(&p);
	assert_int_equal(sy_plan_for_orphan(&f->input, "lost1", &p, NULL), SY_PLAN_WAIT);
	assert_string_equal(said.reason, "ExportUnread");
	other->named = false;
	other->retired = true;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_false(p.keep_namespaces);
	assert_string_equal(said.reason, "");
	sy_plan_done(&p);
	assert_int_equal(sy_plan_for_orphan(&f->input, "lost1", &p, NULL), SY_PLAN_READY);
	assert_false(p.keep_namespaces);
	sy_plan_done(&p);
}

static void a_workspace_that_stays_waits_for_no_export(void **state)
{
	struct fixture *f = *state;
	struct sy_export *other;
	struct sy_plan p;
	int64_t due;

	bind_as(f, "Bound", false, "Accepted");
	(void)sy_exports_learn(f->exports, "root:provider", "unread", NULL, &other, NULL);
	other->known = false;
	other->state = SY_EXPORT_PENDING;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_true(p.keep_namespaces);
	sy_plan_done(&p);
}

static void no_more_schemas(struct fixture *f)
{
	char name[64];

	for (size_t i = 0; i < SY_MAX_BOUND_SCHEMAS; i++) {
		(void)snprintf(name, sizeof(name), "forged-%zu", i);
		(void)sy_schemas_get(f->schemas, "prov", name, false);
	}
}

#define GADGETS "{\"group\":\"lost.dev\",\"resource\":\"gadgets\",\"schema\":{\"name\":\"v1.gadgets.lost.dev\"}}"

/* Its schema cannot be had: who leaves goes by what the cluster serves. */
static void a_lost_schema_holds_no_drain(void **state)
{
	struct fixture *f = *state;
	struct sy_plan_note said;
	struct sy_plan p;
	int64_t due;

	no_more_schemas(f);
	bind_with(f, "Bound", true, "Accepted", GADGETS);
	f->input.note = &said;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_WAIT); /* the cluster has not said what it serves */
	assert_string_equal(said.reason, "TooManyResources");
	learn_served(f, "lost.dev", "v3", "gadgets", false);
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(p.mode, SY_PLAN_DRAIN);
	assert_int_equal(role_of(&p, "gadgets"), SY_ROLE_SYNC);
	assert_string_equal(find(&p, "gadgets")->version, "v3");
	assert_string_equal(find(&p, "gadgets")->kind, "Thing");
	assert_false(find(&p, "gadgets")->namespaced);
	assert_string_equal(find(&p, "gadgets")->origin, "root:provider:widgets");
	sy_plan_done(&p);
	assert_int_equal(sy_downstream_learn(f->downstream, "lost.dev", "v3", NULL, NULL), 0);
	assert_int_equal(plan(f, &p, &due), SY_PLAN_WAIT); /* not for long yet */
	f->timings.absent_ms = 0;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(p.mode, SY_PLAN_DRAIN);
	sy_plan_done(&p);
}

/* The same of one binding of several, but not when somebody who stays offers it, too. */
static void a_lost_schema_of_one_of_several(void **state)
{
	struct fixture *f = *state;
	struct sy_export *gizmos;
	struct sy_plan p;
	int64_t due;

	no_more_schemas(f);
	learn_served(f, "lost.dev", "v3", "gadgets", true);
	(void)bind_gizmos(f, &gizmos);
	bind_with(f, "Bound", false, "Accepted", GADGETS);
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "gadgets"), SY_ROLE_KEPT);
	sy_plan_done(&p);
	bind_with(f, "Bound", true, "Accepted", GADGETS);
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(p.mode, SY_PLAN_RUN);
	assert_int_equal(role_of(&p, "gadgets"), SY_ROLE_REMOVED);
	sy_plan_done(&p);
	free(gizmos->facts.resources[0].group);
	free(gizmos->facts.resources[0].resource);
	gizmos->facts.resources[0].group = strdup("lost.dev");
	gizmos->facts.resources[0].resource = strdup("gadgets");
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "gadgets"), SY_ROLE_KEPT);
	sy_plan_done(&p);
}

/* Objects of a time when the configuration did not exclude them go with whoever leaves. */
static void cluster_scoped_leaves_too(void **state)
{
	static const char bound[] = "{\"group\":\"lost.dev\",\"resource\":\"gadgets\",\"schema\":{\"name\":\"v1.gadgets.lost.dev\"}}";
	struct fixture *f = *state;
	struct sy_plan p;
	int64_t due;

	f->config.cluster_scoped = false;
	learn_schema(f, "lost.dev", "gadgets", "Cluster");
	learn_served(f, "lost.dev", "v1", "gadgets", false);
	bind_with(f, "Bound", false, "Accepted", bound);
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "gadgets"), NOT_PLANNED);
	sy_plan_done(&p);
	bind_with(f, "Bound", true, "Accepted", bound);
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(p.mode, SY_PLAN_DRAIN);
	assert_int_equal(role_of(&p, "gadgets"), SY_ROLE_SYNC);
	sy_plan_done(&p);
	/* Where nobody lets us look nothing was ever written, and the drain could not end. */
	assert_int_equal(sy_reviews_learn(f->reviews, "lost.dev", "gadgets", "list", NULL), 0);
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "gadgets"), NOT_PLANNED);
	sy_plan_done(&p);
}

/* One binding of several goes: its copies by the policy, but those of a claim that was withdrawn are never left behind. */
static void one_of_several_goes_by_the_policy(void **state)
{
	struct fixture *f = *state;
	struct sy_export *gizmos;
	struct sy_binding *binding = bind_gizmos(f, &gizmos);
	struct sy_plan p;
	int64_t due;

	bind_as(f, "Bound", false, "Accepted");
	binding->facts.deleting = true;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(p.mode, SY_PLAN_RUN);
	assert_int_equal(role_of(&p, "gizmos"), SY_ROLE_REMOVED);
	assert_false(find(&p, "gizmos")->orphan || find(&p, "gizmos")->up_gone);
	assert_int_equal(role_of(&p, "widgets"), SY_ROLE_SYNC);
	sy_plan_done(&p);
	f->config.unbind = SY_REMOVAL_ORPHAN;
	binding->gone = true;
	bind_as(f, "Bound", false, "Rejected");
	f->input.now_ms += f->timings.refused_ms;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_true(find(&p, "gizmos")->orphan && find(&p, "gizmos")->up_gone);
	assert_int_equal(role_of(&p, "configmaps"), SY_ROLE_REMOVED);
	assert_false(find(&p, "configmaps")->orphan);
	assert_false(find(&p, "widgets")->orphan || find(&p, "widgets")->up_gone);
	sy_plan_done(&p);
}

/* All drain, but only one has an upstream side: nothing waits for the other's. */
static void one_of_several_is_gone_in_a_drain(void **state)
{
	struct fixture *f = *state;
	struct sy_export *gizmos;
	struct sy_binding *binding = bind_gizmos(f, &gizmos);
	struct sy_plan p;
	int64_t due;

	bind_as(f, "Bound", false, "Accepted");
	binding->gone = true;
	f->input.leaving = true;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(p.mode, SY_PLAN_DRAIN);
	assert_false(p.upstream_gone);
	assert_true(find(&p, "gizmos")->up_gone);
	assert_int_equal(role_of(&p, "gizmos"), SY_ROLE_SYNC);
	assert_false(find(&p, "widgets")->up_gone);
	sy_plan_done(&p);
}

/* The cluster has no such resource: who lives keeps our finalizer while it may come back, but not beyond its binding. */
static void one_of_several_goes_without_being_served(void **state)
{
	struct fixture *f = *state;
	struct sy_export *gizmos;
	struct sy_plan p;
	int64_t due;

	(void)bind_gizmos(f, &gizmos);
	bind_as(f, "Bound", false, "Accepted");
	assert_int_equal(sy_downstream_learn(f->downstream, "other.dev", "v1", NULL, NULL), 0);
	f->timings.absent_ms = 0;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "gizmos"), SY_ROLE_ABSENT);
	assert_false(find(&p, "gizmos")->release_all);
	sy_plan_done(&p);
	gizmos->retired = true;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(p.mode, SY_PLAN_RUN);
	assert_int_equal(role_of(&p, "gizmos"), SY_ROLE_ABSENT);
	assert_true(find(&p, "gizmos")->release_all);
	sy_plan_done(&p);
}

/* More than a plan can say: it is said, and the namespaces stay. */
static void too_many_for_one_plan(void **state)
{
	struct fixture *f = *state;
	struct sy_plan_note said;
	struct sy_plan p;
	int64_t due;
	json_object *binding =
		parse("{\"metadata\":{\"name\":\"w\",\"annotations\":{\"kcp.io/cluster\":\"c1\",\"kcp.io/path\":\"root:t\"}},"
		      "\"spec\":{\"reference\":{\"export\":{\"path\":\"root:provider\",\"name\":\"widgets\"}}},"
		      "\"status\":{\"phase\":\"Bound\",\"apiExportClusterName\":\"prov\",\"boundResources\":[]}}");
	json_object *list = sy_json_array(binding, "status", "boundResources", NULL);

	for (int i = 0; i <= SY_MAX_PLAN_RESOURCES; i++) {
		char name[32], group[64], text[256];

		(void)snprintf(name, sizeof(name), "things%d", i);
		(void)snprintf(group, sizeof(group), "g%d.dev", i);
		learn_schema(f, group, name, "Namespaced");
		learn_served(f, group, "v1", name, true);
		(void)snprintf(text, sizeof(text), "{\"group\":\"%s\",\"resource\":\"%s\",\"schema\":{\"name\":\"v1.%s.%s\"}}", group, name,
			       name, group);
		json_object_array_add(list, parse(text));
	}
	assert_int_equal(sy_bindings_take(f->bindings, f->export, URL, false, binding, NULL), 0);
	json_object_put(binding);
	f->input.note = &said;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(p.resource_count, SY_MAX_PLAN_RESOURCES);
	assert_true(p.keep_namespaces);
	assert_string_equal(said.reason, "TooManyResources");
	sy_plan_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_export_that_was_never_read),
		T(a_workspace_that_stays_waits_for_no_export),
		T(a_lost_schema_holds_no_drain),
		T(a_lost_schema_of_one_of_several),
		T(cluster_scoped_leaves_too),
		T(one_of_several_goes_by_the_policy),
		T(one_of_several_is_gone_in_a_drain),
		T(one_of_several_goes_without_being_served),
		T(too_many_for_one_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
