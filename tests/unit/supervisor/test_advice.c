/* What a refusal is taken for. The texts are the servers' own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "supervisor/config/advice.h"

static void the_next_step(void **state)
{
	static const struct {
		enum sy_advice_server server;
		enum sy_kube_verdict verdict;
		const char *message, *wanted;
	} cases[] = {
		{SY_ADVICE_KCP, SY_KUBE_UNREACHABLE, "SSL certificate problem", "certificate-authority"},
		{SY_ADVICE_KCP, SY_KUBE_UNAUTHORIZED, "Unauthorized", "renew the credentials in the kubeconfig for kcp"},
		{SY_ADVICE_KCP, SY_KUBE_FORBIDDEN, "access denied", "syncerctl install kcp"},
		{SY_ADVICE_KCP, SY_KUBE_FORBIDDEN, "forbidden: User \"x\" cannot get path \"/clusters/root:edge/apis\"", "not kcp"},
		{SY_ADVICE_KCP, SY_KUBE_NOT_SERVED, "404 page not found", "no such workspace"},
		{SY_ADVICE_DIRECT, SY_KUBE_FORBIDDEN, "access denied", "direct.workspaces"},
		{SY_ADVICE_DIRECT, SY_KUBE_NOT_FOUND, "not found", "direct.workspaces"},
		{SY_ADVICE_CLUSTER, SY_KUBE_UNREACHABLE, "", "the kubeconfig for the cluster"},
		{SY_ADVICE_CLUSTER, SY_KUBE_UNAUTHORIZED, "", "of kcp?"},
		{SY_ADVICE_CLUSTER, SY_KUBE_FORBIDDEN, "", "syncerctl install cluster"},
		{SY_ADVICE_CLUSTER, SY_KUBE_NOT_SERVED, "", "no Kubernetes API server"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *advice = sy_advice(cases[i].server, cases[i].verdict, cases[i].message);

		if (!strstr(advice, cases[i].wanted))
			fail_msg("case %zu: %s", i, advice);
	}
}

static void time_alone_helps(void **state)
{
	static const enum sy_kube_verdict verdicts[] = {SY_KUBE_OK, SY_KUBE_THROTTLED, SY_KUBE_SERVER_ERROR, SY_KUBE_GONE};

	(void)state;
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		for (int server = SY_ADVICE_KCP; server <= SY_ADVICE_CLUSTER; server++)
			assert_string_equal(sy_advice((enum sy_advice_server)server, verdicts[i], ""), "");
	}
}

/* A tenant's object may be called anything: only the server's own words about a path count. */
static void no_kcp(void **state)
{
	(void)state;
	assert_true(sy_advice_no_kcp(SY_KUBE_FORBIDDEN, "forbidden: User \"a\" cannot patch path \"/clusters/root/x\""));
	assert_false(
		sy_advice_no_kcp(SY_KUBE_FORBIDDEN, "synctargets \"e\" is forbidden: User \"a\" cannot list resource \"synctargets\""));
	assert_false(sy_advice_no_kcp(SY_KUBE_UNAUTHORIZED, "cannot get path \"/clusters/\""));
	assert_false(sy_advice_no_kcp(SY_KUBE_FORBIDDEN, NULL));
	assert_false(sy_advice_no_kcp(SY_KUBE_FORBIDDEN, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_step),
		cmocka_unit_test(time_alone_helps),
		cmocka_unit_test(no_kcp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
