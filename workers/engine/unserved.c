#include "unserved.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kube/discovery.h"

#define MAX_VERSIONS 32
#define MAX_VERSION_TEXT 64

struct sy_unserved {
	struct sy_kube *kube;
	struct sy_kube_request *request;
	sy_unserved_fn *fn;
	void *arg;
	char *resource;
	unsigned at, count;
	bool odd; /* a version that cannot be asked about */
	char versions[MAX_VERSIONS][MAX_VERSION_TEXT];
	char group[];
};

static void end(struct sy_unserved *question, enum sy_unserved_answer answer, const struct sy_kube_result *result)
{
	sy_unserved_fn *fn = question->fn;
	void *arg = question->arg;

	question->request = NULL;
	sy_unserved_cancel(question);
	fn(arg, answer, result);
}

static int get(struct sy_unserved *question, const char *path, sy_kube_done_fn *done, struct sy_error *err)
{
	struct sy_kube_call call = {.method = "GET", .path = path};

	return sy_kube_do(question->kube, &call, done, question, &question->request, err);
}

static void next(struct sy_unserved *question, const struct sy_kube_result *result);

static void got_resources(void *arg, const struct sy_kube_result *result)
{
	struct sy_unserved *question = arg;
	struct sy_served served = {0};

	if (result->verdict != SY_KUBE_OK || sy_served_decode(result->object, &served, NULL) < 0) {
		end(question, SY_UNSERVED_UNKNOWN, result);
		return;
	}
	bool found = sy_served_find(&served, question->resource) != NULL;
	sy_served_done(&served);
	if (found) {
		end(question, SY_UNSERVED_NO, result);
		return;
	}
	question->at++;
	next(question, result);
}

/* Ask about the next version. result is that of the answer before. */
static void next(struct sy_unserved *question, const struct sy_kube_result *result)
{
	struct sy_error err = {0};
	struct sy_buf path;

	if (question->at >= question->count) {
		end(question, SY_UNSERVED_YES, result);
		return;
	}
	sy_buf_init(&path, 1024);
	int r = sy_buf_printf(&path, "/apis/%s/%s", question->group, question->versions[question->at]);
	if (r == 0)
		r = get(question, sy_buf_str(&path), got_resources, &err);
	sy_buf_done(&path);
	if (r < 0)
		end(question, SY_UNSERVED_UNKNOWN, result);
}

static void add_version(void *arg, const char *version)
{
	struct sy_unserved *question = arg;

	if (question->count >= MAX_VERSIONS || !*version || strchr(version, '/') ||
	    strlcpy(question->versions[question->count], version, MAX_VERSION_TEXT) >= MAX_VERSION_TEXT)
		question->odd = true;
	else
		question->count++;
}

static void got_groups(void *arg, const struct sy_kube_result *result)
{
	struct sy_unserved *question = arg;

	if (result->verdict != SY_KUBE_OK || sy_group_versions(result->object, question->group, add_version, question, NULL) < 0 ||
	    question->odd)
		end(question, SY_UNSERVED_UNKNOWN, result);
	else
		next(question, result);
}

int sy_unserved_ask(struct sy_unserved **ret_question, struct sy_kube *kube, const struct sy_gvr *gvr, sy_unserved_fn *fn, void *arg,
		    struct sy_error *err)
{
	size_t group = strlen(gvr->group) + 1;
	struct sy_unserved *question = calloc(1, sizeof(*question) + group);

	if (!question)
		return sy_error_oom(err);
	memcpy(question->group, gvr->group, group);
	question->resource = strdup(gvr->resource);
	question->kube = kube;
	question->fn = fn;
	question->arg = arg;
	int r = question->resource ? 0 : sy_error_oom(err);
	if (r == 0)
		r = *gvr->group ? get(question, "/apis", got_groups, err) : get(question, "/api/v1", got_resources, err);
	if (r < 0) {
		sy_unserved_cancel(question);
		return r;
	}
	*ret_question = question;
	return 0;
}

void sy_unserved_cancel(struct sy_unserved *question)
{
	if (!question)
		return;
	sy_kube_cancel(question->request);
	free(question->resource);
	free(question);
}
