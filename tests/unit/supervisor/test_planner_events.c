/* A claim on Events lets them be made, where the configuration asks for it; it never makes them a resource that is synced. */
#include <stdlib.h>

#include "planner_fixture.h"

#define CLAIM(verbs) "{\"group\":\"\",\"resource\":\"events\",\"verbs\":[" verbs "]"
#define MAKES "\"create\",\"get\",\"patch\""
#define ALL "\"get\",\"list\",\"watch\"," MAKES

struct claims {
	const char *asked, *given, *state; /* claims without their end */
	bool applied;
	const char *deleting;
	bool events;
};

static void bind_claims(struct fixture *f, const struct claims *claims)
{
	char text[4096];
	json_object *object;

	(void)snprintf(text, sizeof(text),
		       "{\"metadata\":{\"name\":\"w\",%s\"annotations\":{\"kcp.io/cluster\":\"c1\"}},"
		       "\"spec\":{\"reference\":{\"export\":{\"path\":\"root:provider\",\"name\":\"widgets\"}},"
		       "\"permissionClaims\":[%s,\"state\":\"%s\"}]},"
		       "\"status\":{\"phase\":\"Bound\",\"apiExportClusterName\":\"prov\",\"boundResources\":[{\"group\":\"example.dev\","
		       "\"resource\":\"widgets\",\"schema\":{\"name\":\"v1.widgets.example.dev\"}}],"
		       "\"exportPermissionClaims\":[%s}],\"appliedPermissionClaims\":[%s%s]}}",
		       claims->deleting, claims->given, claims->state, claims->asked, claims->applied ? claims->given : "",
		       claims->applied ? "}" : "");
	object = parse(text);
	assert_int_equal(sy_bindings_take(f->bindings, f->export, URL, false, object, NULL), 0);
	json_object_put(object);
}

static void with_consent_only(void **state)
{
	static const struct claims rows[] = {
		{CLAIM(MAKES), CLAIM(MAKES), "Accepted", true, "", true},
		{CLAIM(ALL), CLAIM(ALL), "Accepted", true, "", true},
		{CLAIM("\"*\""), CLAIM("\"*\""), "Accepted", true, "", true},
		{CLAIM(MAKES), CLAIM(MAKES), "Rejected", false, "", false},
		{CLAIM(MAKES), CLAIM(MAKES), "Accepted", false, "", false},  /* not in force yet */
		{CLAIM(MAKES), CLAIM("\"*\""), "Accepted", true, "", false}, /* kcp wants them literally equal */
		{CLAIM("\"get\",\"list\",\"watch\""), CLAIM("\"get\",\"list\",\"watch\""), "Accepted", true, "", false},
		{CLAIM("\"create\",\"patch\""), CLAIM("\"create\",\"patch\""), "Accepted", true, "", false}, /* nothing could be raised */
		{"{\"group\":\"events.k8s.io\",\"resource\":\"events\",\"verbs\":[" MAKES "]",
		 "{\"group\":\"events.k8s.io\",\"resource\":\"events\",\"verbs\":[" MAKES "]", "Accepted", true, "", false},
		{CLAIM(MAKES), CLAIM(MAKES), "Accepted", true, "\"deletionTimestamp\":\"2026-11-24T05:00:00Z\",", false},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int asked = 0; asked < 2; asked++) {
			struct sy_plan p;
			int64_t due;

			f->config.tenant_events = asked;
			bind_claims(f, &rows[i]);
			assert_int_equal(plan(f, &p, &due), SY_PLAN_READY);
			assert_int_equal(role_of(&p, "events"), NOT_PLANNED);
			for (size_t k = 0; k < p.resource_count; k++)
				if (p.resources[k].events != (asked && rows[i].events && p.resources[k].role == SY_ROLE_SYNC))
					fail_msg("row %zu, asked for %d: %s", i, asked, p.resources[k].resource);
			sy_plan_done(&p);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {T(with_consent_only)};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
