/* Events on tenants' objects: what a tenant is told at all, and on which objects. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"
#include "engine/tenant_events.h"

static void only_what_a_tenant_can_mend_is_said(void **state)
{
	static const enum sy_reason own[] = {SY_REASON_SCHEMA_MISMATCH, SY_REASON_INVALID,	   SY_REASON_INVALID_NAME,
					     SY_REASON_TOO_LARGE,	SY_REASON_FOREIGN,	   SY_REASON_NAME_COLLISION,
					     SY_REASON_STATUS_REJECTED, SY_REASON_SOFT_FINALIZERS, SY_REASON_CONTENDED};
	const char *message = "User \"system:serviceaccount:kcp-syncer-x:kcp-syncer-x\" cannot create";
	size_t said = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		assert_ptr_equal(sy_tenant_events_text(own[i], message), message);
	for (unsigned reason = 0; reason <= SY_REASON_MAX; reason++)
		said += sy_tenant_events_text((enum sy_reason)reason, message) == message;
	assert_int_equal(said, sizeof(own) / sizeof(own[0]));
	/* The cluster's accounts are none of a tenant's business; that it is refused there is. */
	assert_non_null(sy_tenant_events_text(SY_REASON_UNAUTHORIZED, message));
	assert_null(strstr(sy_tenant_events_text(SY_REASON_UNAUTHORIZED, message), "serviceaccount"));
	assert_null(sy_tenant_events_text(SY_REASON_TRANSIENT, message));
	assert_null(sy_tenant_events_text(SY_REASON_UP_FORBIDDEN, message));
}

static void only_where_the_plan_says_so(void **state)
{
	struct sy_engine engine = {.plan = {.mode = SY_PLAN_RUN}};
	struct sy_resource resource = {.engine = &engine, .rule = {.events = true}};
	struct sy_object *object = calloc(1, sizeof(*object) + 16);

	(void)state;
	assert_non_null(object);
	object->resource = &resource;
	object->up = SY_PRESENT;
	assert_false(sy_tenant_events_wanted(object)); /* which one would it be? */
	memcpy(object->up_uid, "u-1", 4);
	assert_true(sy_tenant_events_wanted(object));
	engine.plan.mode = SY_PLAN_PAUSED; /* nothing is written then */
	assert_false(sy_tenant_events_wanted(object));
	engine.plan.mode = SY_PLAN_DRAIN;
	assert_true(sy_tenant_events_wanted(object));
	resource.rule.events = false;
	assert_false(sy_tenant_events_wanted(object));
	resource.rule.events = true;
	object->up = SY_ABSENT;
	assert_false(sy_tenant_events_wanted(object));
	free(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_a_tenant_can_mend_is_said),
		cmocka_unit_test(only_where_the_plan_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
