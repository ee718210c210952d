/* From a request path to what it names, and from there to the verb. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

#define MAX_WORDS 16

static size_t split(char *text, char *words[MAX_WORDS])
{
	size_t count = 0;

	for (char *word = strsep(&text, "/"); word; word = strsep(&text, "/")) {
		if (!word[0])
			continue;
		if (count == MAX_WORDS)
			return MAX_WORDS + 1;
		words[count++] = word;
	}
	return count;
}

static void forbidden_path(struct sim_request *request)
{
	sim_fail(request, 403, "Forbidden",
		 "forbidden: User \"syncer\" cannot get path \"%s\": Path not resolved to a valid virtual workspace", request->path);
}

/* /services/apiexport/<provider>/<export>/clusters/<name or *>/... ; returns the number of words used, 0 = answered. */
static size_t route_vw(struct sim_request *request, char **words, size_t count)
{
	struct sim_target *target = &request->target;

	if (count < 6 || strcmp(words[1], "apiexport") != 0 || strcmp(words[4], "clusters") != 0 || strchr(words[5], ':')) {
		forbidden_path(request);
		return 0;
	}
	target->is_vw = true;
	snprintf(target->provider, sizeof(target->provider), "%s", words[2]);
	snprintf(target->export_name, sizeof(target->export_name), "%s", words[3]);
	target->any_cluster = strcmp(words[5], "*") == 0;
	snprintf(target->cluster, sizeof(target->cluster), "%s", words[5]);
	return 6;
}

static size_t route_direct(struct sim_request *request, char **words, size_t count)
{
	struct sim_target *target = &request->target;

	if (request->server->side == SIM_CLUSTER)
		return SIZE_MAX; /* nothing in front */
	if (count >= 1 && strcmp(words[0], "services") == 0)
		return route_vw(request, words, count);
	if (count >= 1 && (strcmp(words[0], "readyz") == 0 || strcmp(words[0], "livez") == 0 || strcmp(words[0], "healthz") == 0))
		return SIZE_MAX;
	if (count < 2 || strcmp(words[0], "clusters") != 0) {
		forbidden_path(request);
		return 0;
	}
	if (!sim_resolve_cluster(request->server, words[1], target->cluster)) {
		if (strchr(words[1], ':'))
			sim_fail(request, 404, "NotFound", "workspaces.tenancy.kcp.io \"%s\" not found", words[1]);
		else
			sim_fail(request, 403, "Forbidden", "forbidden: User \"syncer\" cannot get path \"%s\": access denied",
				 request->path);
		return 0;
	}
	return 2;
}

/* What follows group and version: [namespaces NS] plural [name [sub]]. */
static void read_resource(struct sim_target *target, const struct sim_server *server, size_t at)
{
	const char *group = at == 3 ? target->words[1] : "";
	const char *version = target->words[at - 1];

	if (target->word_count >= at + 3 && strcmp(target->words[at], "namespaces") == 0 && strcmp(target->words[at + 2], "status") != 0 &&
	    strcmp(target->words[at + 2], "finalize") != 0) {
		snprintf(target->ns, sizeof(target->ns), "%s", target->words[at + 1]);
		at += 2;
	}
	if (target->word_count <= at)
		return;
	target->type = sim_type_find(server, group, version, target->words[at]);
	if (target->word_count > at + 1)
		snprintf(target->name, sizeof(target->name), "%s", target->words[at + 1]);
	if (target->word_count > at + 2)
		snprintf(target->sub, sizeof(target->sub), "%.31s", target->words[at + 2]);
}

bool sim_route(struct sim_request *request)
{
	struct sim_target *target = &request->target;
	sy_auto_free char *copy = strdup(request->path);
	char *words[MAX_WORDS];
	size_t count = copy ? split(copy, words) : 0;
	size_t used = count > MAX_WORDS ? 0 : route_direct(request, words, count);

	if (count > MAX_WORDS)
		forbidden_path(request);
	if (used == 0)
		return false;
	if (used == SIZE_MAX)
		used = 0;
	for (size_t i = used; i < count && target->word_count < 8; i++)
		snprintf(target->words[target->word_count++], sizeof(target->words[0]), "%s", words[i]);
	if (target->word_count >= 3 && strcmp(target->words[0], "api") == 0)
		read_resource(target, request->server, 2);
	else if (target->word_count >= 4 && strcmp(target->words[0], "apis") == 0)
		read_resource(target, request->server, 3);
	return true;
}

static bool is_served(struct sim_request *request)
{
	const struct sim_target *target = &request->target;

	if (!target->type || (target->sub[0] && !(strcmp(target->sub, "status") == 0 && target->type->has_status)))
		return false;
	if (target->type->namespaced && target->name[0] && !target->ns[0])
		return false;
	return target->is_vw || request->server->side == SIM_CLUSTER || target->type->builtin ||
	       sim_bound(request->server, target->type, target->cluster);
}

static bool is_review(const struct sim_target *target)
{
	return target->word_count == 4 && strcmp(target->words[1], "authorization.k8s.io") == 0 &&
	       strcmp(target->words[3], "selfsubjectaccessreviews") == 0;
}

static void dispatch_read(struct sim_request *request)
{
	const char *watch = sim_query(request, "watch");

	if (request->target.name[0])
		sim_get(request);
	else if (watch && (strcmp(watch, "true") == 0 || strcmp(watch, "1") == 0))
		sim_watch_start(request);
	else
		sim_list(request);
}

void sim_dispatch(struct sim_request *request)
{
	struct sim_target *target = &request->target;

	if (strcmp(request->method, "POST") == 0 && is_review(target)) {
		sim_access_review(request);
		return;
	}
	if (target->is_vw && !sim_vw_allows(request))
		return;
	if (target->word_count < 3 || (target->word_count == 3 && strcmp(target->words[0], "apis") == 0)) {
		sim_discovery(request);
		return;
	}
	if (!is_served(request)) {
		sim_fail_text(request, 404, "404 page not found\n");
		return;
	}
	if (strcmp(request->method, "GET") == 0)
		dispatch_read(request);
	else if (strcmp(request->method, "POST") == 0)
		sim_create(request);
	else if (strcmp(request->method, "PATCH") == 0)
		sim_patch(request);
	else if (strcmp(request->method, "DELETE") == 0 && target->name[0])
		sim_remove(request);
	else
		sim_fail(request, 405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
}
