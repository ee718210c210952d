/* Bindings that cannot be read: they keep what they have, and go when they leave (syncerd-rules(7) 4.3). */
#include "planner_fixture.h"

static const struct sy_plan_resource *find(const struct sy_plan *p, const char *resource)
{
	for (size_t i = 0; i < p->resource_count; i++) {
		if (strcmp(p->resources[i].resource, resource) == 0)
			return &p->resources[i];
	}
	fail_msg("%s is not in the plan", resource);
	return NULL;
}

/* A second export, of which the same workspace has a binding that can be read. */
static struct sy_binding *bind_gizmos(struct fixture *f)
{
	static const char url[] = "https://kcp.example/services/apiexport/prov/gizmos";
	json_object *export = parse("{\"metadata\":{\"name\":\"gizmos\",\"annotations\":{\"kcp.io/cluster\":\"prov\",\"kcp.io/path\":"
				    "\"root:provider\"}},\"spec\":{\"resources\":[{\"name\":\"gizmos\",\"group\":\"other.dev\",\"schema\":"
				    "\"v1.gizmos.other.dev\"}]},\"status\":{\"identityHash\":\"def\"}}");
	json_object *binding =
		parse("{\"metadata\":{\"name\":\"g\",\"annotations\":{\"kcp.io/cluster\":\"c1\",\"kcp.io/path\":\"root:t\"}},"
		      "\"spec\":{\"reference\":{\"export\":{\"path\":\"root:provider\",\"name\":\"gizmos\"}}},"
		      "\"status\":{\"phase\":\"Bound\",\"apiExportClusterName\":\"prov\",\"boundResources\":[{\"group\":"
		      "\"other.dev\",\"resource\":\"gizmos\",\"schema\":{\"name\":\"v1.gizmos.other.dev\"}}]}}");
	json_object *schema = parse("{\"spec\":{\"group\":\"other.dev\",\"names\":{\"plural\":\"gizmos\",\"kind\":\"Gizmo\"},"
				    "\"scope\":\"Namespaced\",\"versions\":[{\"name\":\"v1\",\"served\":true}]}}");
	json_object *list = parse("{\"kind\":\"APIResourceList\",\"groupVersion\":\"other.dev/v1\",\"resources\":[{\"name\":\"gizmos\","
				  "\"singularName\":\"gizmo\",\"namespaced\":true,\"kind\":\"Gizmo\",\"verbs\":[\"get\"]}]}");
	struct sy_export *other;

	assert_int_equal(sy_schemas_learn(f->schemas, "prov", "v1.gizmos.other.dev", schema, NULL), 0);
	assert_int_equal(sy_reviews_learn(f->reviews, "other.dev", "gizmos", NULL, NULL), 0);
	assert_int_equal(sy_downstream_learn(f->downstream, "other.dev", "v1", list, NULL), 0);
	assert_int_equal(sy_exports_learn(f->exports, "root:provider", "gizmos", export, &other, NULL), 0);
	assert_int_equal(sy_bindings_take(f->bindings, other, url, false, binding, NULL), 0);
	json_object_put(export);
	json_object_put(binding);
	json_object_put(schema);
	json_object_put(list);
	return sy_bindings_at(f->bindings, 0);
}

static void cannot_read(struct fixture *f, const char *cluster, const char *name, bool deleting)
{
	char text[256];
	json_object *about;

	(void)snprintf(text, sizeof(text), "{\"metadata\":{\"name\":\"%s\",%s\"annotations\":{\"kcp.io/cluster\":\"%s\"}}}", name,
		       deleting ? "\"deletionTimestamp\":\"2026-11-24T05:00:00Z\"," : "", cluster);
	about = parse(text);
	sy_bindings_take_broken(f->bindings, f->export, URL, false, about);
	json_object_put(about);
}

/* A binding that nobody can read gives no plan, and no drain. */
static void what_cannot_be_read_stays(void **state)
{
	struct fixture *f = *state;
	struct sy_plan p = {0};
	int64_t due;

	cannot_read(f, "c1", "w", false);
	assert_int_equal(sy_bindings_rests(f->bindings), 1);
	assert_false(sy_bindings_rest_leaves(f->bindings, "c1"));
	assert_int_equal(sy_plan_for_rest(&f->input, "c1", &p, &due, NULL), SY_PLAN_NONE);
	cannot_read(f, "c1", "w2", true); /* one of two */
	assert_int_equal(sy_plan_for_rest(&f->input, "c1", &p, &due, NULL), SY_PLAN_NONE);
}

/* Where everything leaves it is drained over all that the export offers: with its objects upstream, of which the finalizers are to go, but
 * not with the claimed ones, which have none and may be refused. */
static void what_cannot_be_read_goes_with_the_target(void **state)
{
	struct fixture *f = *state;
	struct sy_plan p = {0};
	int64_t due;

	cannot_read(f, "c1", "w", false);
	for (int evict = 0; evict < 2; evict++) {
		f->input.leaving = !evict;
		f->input.evicting = evict;
		assert_int_equal(sy_plan_for_rest(&f->input, "c2", &p, &due, NULL), SY_PLAN_NONE);
		assert_int_equal(sy_plan_for_rest(&f->input, "c1", &p, &due, NULL), SY_PLAN_READY);
		assert_int_equal(p.mode, SY_PLAN_DRAIN);
		assert_int_equal(p.removal, evict ? SY_REMOVAL_EVICT : SY_REMOVAL_DELETE);
		assert_false(p.upstream_gone);
		assert_false(p.guard);
		assert_int_equal(role_of(&p, "widgets"), SY_ROLE_SYNC);
		assert_string_equal(find(&p, "widgets")->up_base, URL "/clusters/c1");
		assert_false(find(&p, "widgets")->up_gone);
		assert_true(find(&p, "configmaps")->up_gone);
		assert_false(p.keep_namespaces);
		sy_plan_done(&p);
	}
}

/* A binding that cannot be read can still be seen to be deleted: its workspace is unbound as any other. */
static void what_cannot_be_read_is_unbound(void **state)
{
	struct fixture *f = *state;
	struct sy_plan p = {0};
	int64_t due;

	f->config.unbind = SY_REMOVAL_ORPHAN;
	cannot_read(f, "c1", "w", true);
	assert_true(sy_bindings_rest_leaves(f->bindings, "c1"));
	assert_int_equal(sy_plan_for_rest(&f->input, "c1", &p, &due, NULL), SY_PLAN_READY);
	assert_int_equal(p.mode, SY_PLAN_DRAIN);
	assert_int_equal(p.removal, SY_REMOVAL_ORPHAN);
	assert_false(p.upstream_gone);
	assert_int_equal(role_of(&p, "widgets"), SY_ROLE_SYNC);
	sy_plan_done(&p);
	cannot_read(f, "c1", "w", false); /* the same one as it was before: an event that came late, or one made anew */
	assert_int_equal(sy_plan_for_rest(&f->input, "c1", &p, &due, NULL), SY_PLAN_NONE);
}

/* Beside bindings that are known: those go by what they say, the rest by what its export offers. */
static void the_rest_of_a_workspace_goes_with_it(void **state)
{
	struct fixture *f = *state;
	struct sy_binding *gizmos = bind_gizmos(f);
	struct sy_plan p;
	int64_t due;

	cannot_read(f, "c1", "w", false);
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(p.mode, SY_PLAN_RUN);
	assert_int_equal(role_of(&p, "gizmos"), SY_ROLE_SYNC);
	assert_int_equal(role_of(&p, "widgets"), SY_ROLE_KEPT);
	sy_plan_done(&p);
	gizmos->gone = true;
	f->input.evicting = true;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(p.mode, SY_PLAN_DRAIN);
	assert_false(p.upstream_gone);
	assert_true(find(&p, "gizmos")->up_gone);
	assert_int_equal(role_of(&p, "widgets"), SY_ROLE_SYNC);
	assert_false(find(&p, "widgets")->up_gone);
	sy_plan_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {T(what_cannot_be_read_stays), T(what_cannot_be_read_goes_with_the_target),
					   T(what_cannot_be_read_is_unbound), T(the_rest_of_a_workspace_goes_with_it)};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
