/* Resources that are not synced: kept and absent (syncerd-rules(7) 4.2, 5.1). */
#include "planner_fixture.h"

#include <stdlib.h>

#include "supervisor/discovery/groups.h"

static void learn_served(struct fixture *f, const char *version, const char *resource, bool namespaced)
{
	char text[512];
	json_object *list;

	(void)snprintf(text, sizeof(text),
		       "{\"kind\":\"APIResourceList\",\"groupVersion\":\"example.dev/%s\",\"resources\":[{\"name\":\"%s\","
		       "\"singularName\":\"x\",\"namespaced\":%s,\"kind\":\"Widget\",\"verbs\":[\"get\"]}]}",
		       version, resource, namespaced ? "true" : "false");
	list = parse(text);
	assert_int_equal(sy_downstream_learn(f->downstream, "example.dev", version, list, NULL), 0);
	json_object_put(list);
}

/* What the cluster serves only in another version cannot be synced, but its copies are looked for where they are served. */
static void kept_in_the_version_that_is_served(void **state)
{
	struct fixture *f = *state;
	struct sy_plan p;
	int64_t due;

	bind_as(f, "Bound", false, "Accepted");
	learn_served(f, "v7", "widgets", true);
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "widgets"), SY_ROLE_KEPT);
	assert_string_equal(p.resources[1].version, "v7");
	assert_string_equal(p.resources[1].up_base, URL "/clusters/c1");
	assert_false(p.keep_namespaces);
	sy_plan_done(&p);
	learn_served(f, "v1alpha1", "widgets", false); /* cluster-scoped there: in no namespace */
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "widgets"), NOT_PLANNED);
	sy_plan_done(&p);
}

/* A resource of an export that this workspace does not bind (any more), and one that the export lost and the binding still names. */
static void kept_of_other_exports_and_of_the_past(void **state)
{
	struct fixture *f = *state;
	struct sy_export *other = NULL;
	json_object *export = parse("{\"metadata\":{\"name\":\"gizmos\",\"annotations\":{\"kcp.io/cluster\":\"prov\",\"kcp.io/path\":"
				    "\"root:provider\"}},\"spec\":{\"resources\":[{\"name\":\"gizmos\",\"group\":\"other.dev\",\"schema\":"
				    "\"v1.gizmos.other.dev\"}]},\"status\":{\"identityHash\":\"def\"}}");
	json_object *empty = parse("{\"metadata\":{\"name\":\"widgets\",\"annotations\":{\"kcp.io/cluster\":\"prov\",\"kcp.io/path\":"
				   "\"root:provider\"}},\"spec\":{},\"status\":{\"identityHash\":\"abc\"}}");
	struct sy_plan p;
	int64_t due;

	bind_as(f, "Bound", false, "Accepted");
	assert_int_equal(sy_exports_learn(f->exports, "root:provider", "gizmos", export, &other, NULL), 0);
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "gizmos"), SY_ROLE_KEPT); /* also while neither its schema nor its group is known */
	sy_plan_done(&p);
	assert_int_equal(sy_exports_learn(f->exports, "root:provider", "widgets", empty, &f->export, NULL), 0);
	learn_served(f, "v7", "widgets", true);
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "widgets"), SY_ROLE_KEPT);
	sy_plan_done(&p);
	other->known = false; /* who knows what it had */
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_true(p.keep_namespaces);
	sy_plan_done(&p);
	other->known = true; /* its facts are there all the same */
	json_object_put(export);
	json_object_put(empty);
}

/* The whole life of a resource that the cluster stops serving: kept until that is sure, then absent, and back. */
static void absent(void **state)
{
	struct fixture *f = *state;
	struct sy_plan p;
	int64_t due;

	bind_as(f, "Bound", false, "Accepted");
	assert_int_equal(sy_downstream_learn(f->downstream, "example.dev", "v9", NULL, NULL), 0);
	assert_int_equal(sy_downstream_absent_ms(f->downstream, "example.dev", "widgets"), 0);
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "widgets"), SY_ROLE_KEPT);
	sy_plan_done(&p);
	f->input.leaving = true; /* a drain must not be over before the finalizers are released */
	assert_int_equal(plan(f, &p, &due), SY_PLAN_WAIT);
	f->timings.absent_ms = 0;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "widgets"), SY_ROLE_ABSENT);
	sy_plan_done(&p);
	f->input.leaving = false;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "widgets"), SY_ROLE_ABSENT);
	assert_string_equal(p.resources[1].version, "v1"); /* upstream's first: downstream has none */
	sy_plan_done(&p);
	learn_served(f, "v1alpha1", "widgets", true);
	assert_int_equal(sy_downstream_absent_ms(f->downstream, "example.dev", "widgets"), -1);
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "widgets"), SY_ROLE_SYNC);
	sy_plan_done(&p);
}

/* From the first to the last complete answer without it; what comes back begins anew. */
static void absence_is_measured_by_complete_answers(void **state)
{
	struct sy_group group = {.name = strdup("example.dev")};
	static const char *const rounds[] = {"widgets", NULL, NULL, "widgets", NULL, NULL};
	static const int64_t want[] = {-1, 0, 60000, -1, 0, 60000};

	(void)state;
	assert_int_equal(sy_group_absent_ms(&group, "widgets"), -1);
	for (size_t i = 0; i < sizeof(rounds) / sizeof(rounds[0]); i++) {
		if (rounds[i]) {
			group.fresh = calloc(1, sizeof(*group.fresh));
			group.fresh_count = 1;
			group.fresh[0] = (struct sy_group_version){strdup("v1"), {calloc(1, sizeof(struct sy_served_resource)), 1}};
			group.fresh[0].served.items[0] = (struct sy_served_resource){strdup(rounds[i]), strdup("Widget"), true, true};
		}
		sy_group_complete(&group, 1000 + (int64_t)i * 60000);
		assert_int_equal(sy_group_absent_ms(&group, "widgets"), want[i]);
		assert_int_equal(sy_group_absent_ms(&group, "others"), (int64_t)i * 60000); /* never served since we ask */
	}
	sy_group_done(&group);
}

/* Whoever ends a claim: its copies stay for the grace time, then they go, also those of a time before this run. */
static void claim_lost(void **state)
{
	struct fixture *f = *state;
	struct sy_plan p;
	int64_t due;

	bind_as(f, "Bound", false, "Accepted");
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "configmaps"), SY_ROLE_SYNC);
	sy_plan_done(&p);
	assert_int_equal(sy_bindings_allow(f->bindings, NULL, 0, NULL), 0);
	f->config.allow_claim_count = 0;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "configmaps"), SY_ROLE_SYNC);
	assert_true(due < INT64_MAX);
	sy_plan_done(&p);
	f->input.now_ms = due;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "configmaps"), SY_ROLE_REMOVED);
	sy_plan_done(&p);
}

/* A drain does not wait for the list of what it may not read: it would never end. */
static void claim_refused_in_a_drain(void **state)
{
	struct fixture *f = *state;
	struct sy_plan p;
	int64_t due;

	bind_as(f, "Bound", false, "Accepted");
	f->input.evicting = true;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(p.mode, SY_PLAN_DRAIN);
	assert_int_equal(role_of(&p, "configmaps"), SY_ROLE_SYNC);
	sy_plan_done(&p);
	bind_as(f, "Bound", false, "Rejected");
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "configmaps"), SY_ROLE_REMOVED);
	assert_int_equal(role_of(&p, "widgets"), SY_ROLE_SYNC);
	sy_plan_done(&p);
}

static void claim_never_allowed(void **state)
{
	struct fixture *f = *state;
	struct sy_plan p;
	int64_t due;

	f->config.allow_claim_count = 0;
	assert_int_equal(sy_bindings_allow(f->bindings, NULL, 0, NULL), 0);
	bind_as(f, "Bound", false, "Accepted");
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "configmaps"), SY_ROLE_KEPT);
	sy_plan_done(&p);
	f->input.now_ms = due;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "configmaps"), SY_ROLE_REMOVED);
	sy_plan_done(&p);
	/* Without the right to look there is nothing that we wrote. */
	assert_int_equal(sy_reviews_learn(f->reviews, "", "configmaps", "list", NULL), 0);
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "configmaps"), SY_ROLE_KEPT);
	sy_plan_done(&p);
}

/* boundResources is what somebody wrote into a status. */
static void forged_resource(void **state)
{
	static const char *const forged[] = {
		"{\"group\":\"\",\"resource\":\"secrets\",\"schema\":{\"name\":\"v1.widgets.example.dev\"}}",
		"{\"group\":\"\",\"resource\":\"configmaps\",\"schema\":{\"name\":\"v1.configmaps.core\"}}",
		"{\"group\":\"other.dev\",\"resource\":\"widgets\",\"schema\":{\"name\":\"v1.widgets.example.dev\"}}",
		"{\"group\":\"example.dev\",\"resource\":\"idgets\",\"schema\":{\"name\":\"v1.widgets.example.dev\"}}",
		"{\"group\":\"example.dev\",\"resource\":\"widgets\",\"schema\":{\"name\":\".widgets.example.dev\"}}",
		"{\"group\":\"example.dev\",\"resource\":\"widgets\",\"schema\":{\"name\":\"v1.widgets.example.dev\",\"identityHash\":"
		"\"x\"}}",
		"{\"group\":\"example.dev\",\"resource\":\"liars\",\"schema\":{\"name\":\"v1.liars.example.dev\"}}"};
	struct fixture *f = *state;
	json_object *schema =
		parse("{\"spec\":{\"group\":\"\",\"names\":{\"plural\":\"secrets\",\"kind\":\"Secret\"},\"scope\":\"Namespaced\","
		      "\"versions\":[{\"name\":\"v1\",\"served\":true}]}}");
	struct sy_plan_note said;

	/* A schema that says something else than its name. */
	assert_int_equal(sy_schemas_learn(f->schemas, "prov", "v1.liars.example.dev", schema, NULL), 0);
	json_object_put(schema);
	assert_int_equal(sy_reviews_learn(f->reviews, "", "secrets", NULL, NULL), 0);
	f->input.note = &said;
	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		struct sy_plan p;
		int64_t due;

		bind_with(f, "Bound", false, "Rejected", forged[i]);
		assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
		for (size_t j = 0; j < p.resource_count; j++)
			assert_int_equal(p.resources[j].role, SY_ROLE_KEPT);
		assert_int_equal(role_of(&p, "secrets"), NOT_PLANNED);
		assert_string_equal(said.reason, "ResourceRefused");
		sy_plan_done(&p);
	}
	f->input.note = NULL;
}

/* Whether the export's resource is finished with, by its row in a report. */
static bool swept(struct sy_plan *p, uint64_t generation, struct sy_report_resource row, enum sy_kube_verdict upstream)
{
	const struct sy_report report = {
		.plan_generation = generation, .upstream = upstream, .resources = &row, .resource_count = row.resource ? 1 : 0};

	return sy_plan_swept(p, &report, "root:provider:widgets");
}

static void swept_by_report(void **state)
{
	char group[] = "example.dev", widgets[] = "widgets", origin[] = "root:provider:widgets";
	char core[] = "";
	struct sy_plan_resource resource = {.group = group, .resource = widgets, .origin = origin, .role = SY_ROLE_REMOVED};
	struct sy_plan p = {.generation = 7, .resources = &resource, .resource_count = 1};
	struct sy_report_resource row = {.group = group, .resource = widgets, .objects = 3, .up_synced = true, .down_synced = true};

	(void)state;
	assert_true(swept(&p, 7, row, SY_KUBE_OK));
	assert_false(swept(&p, 6, row, SY_KUBE_OK)); /* of the plan before */
	assert_false(swept(&p, 7, (struct sy_report_resource){0}, SY_KUBE_OK));
	row.pending = 1;
	assert_false(swept(&p, 7, row, SY_KUBE_OK));
	row.pending = 0;
	row.synced = 1; /* held by a soft finalizer */
	assert_false(swept(&p, 7, row, SY_KUBE_OK));
	row.synced = 0;
	row.copies = 1; /* held likewise, and not in step */
	assert_false(swept(&p, 7, row, SY_KUBE_OK));
	row.copies = 0;
	row.up_synced = false;
	assert_false(swept(&p, 7, row, SY_KUBE_UNREACHABLE));
	assert_false(swept(&p, 7, row, SY_KUBE_FORBIDDEN)); /* of whatever resource: it says nothing about this one, nor about ever */
	assert_false(swept(&p, 7, row, SY_KUBE_NOT_FOUND));
	resource.up_gone = true;
	assert_true(swept(&p, 7, row, SY_KUBE_FORBIDDEN)); /* nothing to release any more */
	resource.up_gone = false;
	row.up_synced = true;
	row.down_synced = false;
	assert_false(swept(&p, 7, row, SY_KUBE_OK));
	row.down_synced = true;
	resource.role = SY_ROLE_SYNC;
	assert_false(swept(&p, 7, row, SY_KUBE_OK));
	resource.role = SY_ROLE_KEPT; /* not looked at now: what is there stays in our hands */
	assert_false(swept(&p, 7, row, SY_KUBE_OK));
	resource.role = SY_ROLE_ABSENT;
	assert_false(swept(&p, 7, row, SY_KUBE_OK));
	row.down_synced = false; /* nothing is looked for there */
	resource.release_all = true;
	assert_true(swept(&p, 7, row, SY_KUBE_OK));
	row.pending = 1;
	assert_false(swept(&p, 7, row, SY_KUBE_OK));
	row.pending = 0;
	row.up_synced = false;
	assert_false(swept(&p, 7, row, SY_KUBE_OK));
	resource.role = SY_ROLE_KEPT;
	resource.group = core;
	assert_true(swept(&p, 7, row, SY_KUBE_OK));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(forged_resource),
		T(swept_by_report),
		T(claim_lost),
		T(claim_refused_in_a_drain),
		T(claim_never_allowed),
		T(kept_in_the_version_that_is_served),
		T(kept_of_other_exports_and_of_the_past),
		T(absent),
		cmocka_unit_test(absence_is_measured_by_complete_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
