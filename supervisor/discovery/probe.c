#include "supervisor/discovery/probe.h"

#include <stdlib.h>
#include <string.h>

#define MAX_TAG 256
#define TIMEOUT_MS 10000

struct sy_probe {
	struct sy_kube *kube;
	struct sy_kube_request *request;
	sy_probe_fn *fn;
	void *arg;
	char tag[MAX_TAG]; /* as it came, with its quotes; "" = none */
};

static enum sy_probe_answer judge(struct sy_probe *probe, const struct sy_kube_result *result)
{
	bool had = probe->tag[0], same;

	if (result->verdict == SY_KUBE_OK && result->http_code == 304)
		return had ? SY_PROBE_SAME : SY_PROBE_UNKNOWN;
	if (result->verdict != SY_KUBE_OK || !result->etag || !*result->etag || strlen(result->etag) >= sizeof(probe->tag)) {
		probe->tag[0] = '\0';
		return SY_PROBE_UNKNOWN;
	}
	same = strcmp(probe->tag, result->etag) == 0;
	memcpy(probe->tag, result->etag, strlen(result->etag) + 1);
	return same ? SY_PROBE_SAME : had ? SY_PROBE_CHANGED : SY_PROBE_FIRST;
}

static void answered(void *arg, const struct sy_kube_result *result)
{
	struct sy_probe *probe = arg;

	probe->request = NULL;
	probe->fn(probe->arg, judge(probe, result));
}

int sy_probe_new(struct sy_probe **ret_probe, struct sy_kube *kube, sy_probe_fn *fn, void *arg, struct sy_error *err)
{
	struct sy_probe *probe = calloc(1, sizeof(*probe));

	if (!probe)
		return sy_error_oom(err);
	*probe = (struct sy_probe){.kube = kube, .fn = fn, .arg = arg};
	*ret_probe = probe;
	return 0;
}

void sy_probe_free(struct sy_probe *probe)
{
	if (!probe)
		return;
	sy_kube_cancel(probe->request);
	free(probe);
}

int sy_probe_ask(struct sy_probe *probe, struct sy_error *err)
{
	struct sy_kube_call call = {
		.method = "GET", .path = "/apis", .accept = SY_ACCEPT_DISCOVERY, .discard = true, .timeout_ms = TIMEOUT_MS};

	if (probe->request)
		return 0;
	call.if_none_match = probe->tag[0] ? probe->tag : NULL;
	return sy_kube_do(probe->kube, &call, answered, probe, &probe->request, err);
}

bool sy_probe_asking(const struct sy_probe *probe)
{
	return probe->request != NULL;
}
