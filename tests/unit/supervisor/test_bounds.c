/* Providers and tenants name schemas and resources as they like: what one names does not take the room of others. */
#include "planner_fixture.h"

static void name_of(char name[64], const char *what, size_t number)
{
	(void)snprintf(name, 64, "%s%zu", what, number);
}

static void reviews_give_way(void **state)
{
	struct fixture *f = *state;
	char name[64];

	sy_reviews_begin(f->reviews);
	for (size_t i = 0; i < SY_MAX_REVIEWS + 10; i++) {
		name_of(name, "many", i);
		assert_int_equal(sy_reviews_want(f->reviews, "a.example.dev", name, NULL), 0);
	}
	assert_int_equal(sy_reviews_count(f->reviews), SY_MAX_REVIEWS);
	assert_int_equal(sy_reviews_left_out(f->reviews), 10);
	sy_reviews_end(f->reviews);
	/* Another one comes, and is named first. */
	sy_reviews_begin(f->reviews);
	assert_int_equal(sy_reviews_want(f->reviews, "b.example.dev", "widgets", NULL), 0);
	assert_non_null(sy_reviews_find(f->reviews, "b.example.dev", "widgets"));
	for (size_t i = 0; i < SY_MAX_REVIEWS + 10; i++) {
		name_of(name, "many", i);
		assert_int_equal(sy_reviews_want(f->reviews, "a.example.dev", name, NULL), 0);
	}
	sy_reviews_end(f->reviews);
	assert_non_null(sy_reviews_find(f->reviews, "b.example.dev", "widgets"));
	assert_int_equal(sy_reviews_left_out(f->reviews), 11);
	/* Nobody needs them any more. */
	sy_reviews_begin(f->reviews);
	assert_int_equal(sy_reviews_want(f->reviews, "b.example.dev", "widgets", NULL), 0);
	sy_reviews_end(f->reviews);
	assert_int_equal(sy_reviews_count(f->reviews), 1);
	assert_int_equal(sy_reviews_left_out(f->reviews), 0);
}

static void schemas_have_shares(void **state)
{
	struct fixture *f = *state;
	char name[64];

	sy_schemas_begin(f->schemas);
	for (size_t i = 0; i < SY_MAX_BOUND_SCHEMAS + 10; i++) {
		name_of(name, "forged", i);
		assert_null(sy_schemas_get(f->schemas, "prov", name, false));
	}
	assert_int_equal(sy_schemas_state(f->schemas, "prov", name), SY_SCHEMA_NO_ROOM);
	/* Not at the cost of what exports name, or of other providers. */
	assert_null(sy_schemas_get(f->schemas, "prov", "listed", true));
	assert_int_equal(sy_schemas_state(f->schemas, "prov", "listed"), SY_SCHEMA_PENDING);
	assert_null(sy_schemas_get(f->schemas, "other", "forged", false));
	assert_int_equal(sy_schemas_state(f->schemas, "other", "forged"), SY_SCHEMA_PENDING);
	/* And they go when nobody asks for them. */
	for (int pass = 0; pass < 3; pass++) {
		sy_schemas_begin(f->schemas);
		assert_null(sy_schemas_get(f->schemas, "prov", "listed", true));
		assert_non_null(sy_schemas_get(f->schemas, "prov", "v1.widgets.example.dev", true));
	}
	assert_int_equal(sy_schemas_count(f->schemas), 2);
}

/* What there is no room for is left out and said; the rest is planned. */
static void plans_go_on(void **state)
{
	struct fixture *f = *state;
	struct sy_plan_note said;
	struct sy_plan p;
	char name[64];
	int64_t due;

	for (size_t i = 0; i < SY_MAX_BOUND_SCHEMAS; i++) {
		name_of(name, "forged", i);
		(void)sy_schemas_get(f->schemas, "prov", name, false);
	}
	bind_with(f, "Bound", false, "Accepted",
		  "{\"group\":\"example.dev\",\"resource\":\"widgets\",\"schema\":{\"name\":\"v1.widgets.example.dev\"}},"
		  "{\"group\":\"example.dev\",\"resource\":\"gadgets\",\"schema\":{\"name\":\"v1.gadgets.example.dev\"}}");
	f->input.note = &said;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "widgets"), SY_ROLE_SYNC);
	assert_int_equal(role_of(&p, "gadgets"), SY_ROLE_KEPT);
	assert_string_equal(said.reason, "TooManyResources");
	sy_plan_done(&p);
	/* A drain would leave its copies: it waits. */
	f->input.leaving = true;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_WAIT);
	assert_string_equal(said.reason, "TooManyResources");
}

static void no_review(void **state)
{
	struct fixture *f = *state;
	struct sy_plan_note said;
	struct sy_plan p;
	char name[64];
	int64_t due;

	sy_reviews_begin(f->reviews);
	assert_int_equal(sy_reviews_want(f->reviews, "", "configmaps", NULL), 0);
	sy_reviews_end(f->reviews);
	bind_as(f, "Bound", false, "Accepted");
	f->input.note = &said;
	said.reason[0] = '\0';
	/* There is room for the question: it will be asked. */
	assert_int_equal(plan(f, &p, &due), SY_PLAN_WAIT);
	assert_string_equal(said.reason, "");
	sy_reviews_begin(f->reviews);
	assert_int_equal(sy_reviews_want(f->reviews, "", "configmaps", NULL), 0);
	for (size_t i = 0; i < SY_MAX_REVIEWS; i++) {
		name_of(name, "other", i);
		assert_int_equal(sy_reviews_want(f->reviews, "example.org", name, NULL), 0);
	}
	sy_reviews_end(f->reviews);
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "widgets"), SY_ROLE_KEPT);
	assert_int_equal(role_of(&p, "configmaps"), SY_ROLE_SYNC);
	assert_string_equal(said.reason, "TooManyResources");
	sy_plan_done(&p);
	f->input.leaving = true;
	assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
	assert_int_equal(role_of(&p, "widgets"), SY_ROLE_SYNC);
	sy_plan_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {T(reviews_give_way), T(schemas_have_shares), T(plans_go_on), T(no_review)};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
