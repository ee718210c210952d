/* Faults: rules that match a request and say what goes wrong. Set through POST /_sim/faults. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "sim.h"

static const char *const action_names[SIM_ACTION_MAX] = {
	[SIM_PASS] = "pass",
	[SIM_STATUS] = "status",
	[SIM_TRUNCATE] = "truncate",
	[SIM_GARBAGE] = "garbage",
	[SIM_SLOW] = "slow",
	[SIM_DROP] = "drop",
	[SIM_STALE_LIST] = "staleList",
	[SIM_ERROR_EVENT_410] = "errorEvent410",
	[SIM_MUTE] = "mute",
	[SIM_LOSE_ANSWER] = "loseAnswer",
	[SIM_UNREADABLE_OBJECTS] = "unreadable",
};

static bool parse_action(const char *text, struct sim_fault *fault)
{
	int64_t code;

	if (text && strncmp(text, "status:", 7) == 0 && sy_num_parse(text + 7, 400, 599, &code)) {
		fault->action = SIM_STATUS;
		fault->code = (unsigned)code;
		return true;
	}
	for (int i = 0; text && i < SIM_ACTION_MAX; i++) {
		if (i != SIM_STATUS && strcmp(text, action_names[i]) == 0) {
			fault->action = (enum sim_action)i;
			return true;
		}
	}
	return false;
}

static char *copy_member(json_object *spec, const char *name)
{
	const char *text = sy_json_str(spec, "match", name, NULL);

	return text ? strdup(text) : NULL;
}

static void fault_free(struct sim_fault *fault)
{
	free(fault->method);
	free(fault->path_part);
	free(fault->query_part);
	free(fault->agent_part);
	free(fault);
}

int sim_fault_add(struct sim_server *server, json_object *spec, struct sy_error *err)
{
	struct sim_fault *fault = calloc(1, sizeof(*fault));
	struct sim_fault **at = &server->faults;
	int64_t number;

	if (!fault)
		return sy_error_oom(err);
	if (!parse_action(sy_json_str(spec, "action", NULL), fault)) {
		free(fault);
		return sy_error_set(err, EINVAL, "action: unknown; README.md lists them");
	}
	fault->times = sy_json_int(spec, &number, "times", NULL) ? number : 1;
	fault->retry_after = sy_json_int(spec, &number, "retryAfter", NULL) ? (int)number : 0;
	fault->delay_ms = sy_json_int(spec, &number, "delayMs", NULL) ? number : 1000;
	fault->bytes = sy_json_int(spec, &number, "bytes", NULL) && number > 0 ? (size_t)number : 64;
	fault->rv = sy_json_int(spec, &number, "resourceVersion", NULL) && number > 0 ? (uint64_t)number : 0;
	(void)sy_json_bool(spec, &fault->plain, "plain", NULL);
	(void)sy_json_bool(spec, &fault->causes, "causes", NULL);
	fault->method = copy_member(spec, "method");
	fault->path_part = copy_member(spec, "pathContains");
	fault->query_part = copy_member(spec, "queryContains");
	fault->agent_part = copy_member(spec, "agentContains");
	while (*at)
		at = &(*at)->next;
	*at = fault;
	return 0;
}

void sim_faults_clear(struct sim_server *server)
{
	while (server->faults) {
		struct sim_fault *fault = server->faults;

		server->faults = fault->next;
		fault_free(fault);
	}
}

static bool contains(const char *text, const char *part)
{
	return !part || (text && strstr(text, part));
}

struct sim_fault *sim_fault_take(struct sim_server *server, const struct sim_request *request, const char *raw_query)
{
	for (struct sim_fault *fault = server->faults; fault; fault = fault->next) {
		if (fault->times == 0 || (fault->method && strcmp(fault->method, request->method) != 0) ||
		    !contains(request->path, fault->path_part) || !contains(raw_query, fault->query_part) ||
		    !contains(request->user_agent, fault->agent_part))
			continue;
		if (fault->times > 0)
			fault->times--;
		fault->hits++;
		return fault;
	}
	return NULL;
}

void sim_make_unreadable(char *text, size_t len)
{
	char *end = text + len;

	for (char *at = text; (at = memmem(at, (size_t)(end - at), SIM_UNREADABLE, strlen(SIM_UNREADABLE)));)
		*at = '\x01';
}

json_object *sim_faults_show(const struct sim_server *server)
{
	json_object *list = json_object_new_array();

	for (const struct sim_fault *fault = server->faults; fault; fault = fault->next) {
		json_object *entry = json_object_new_object();

		sim_set_str(entry, "action", action_names[fault->action]);
		if (fault->path_part)
			sim_set_str(entry, "pathContains", fault->path_part);
		sim_set(entry, "times", json_object_new_int64(fault->times));
		sim_set(entry, "hits", json_object_new_int64((int64_t)fault->hits));
		if (json_object_array_add(list, entry) != 0)
			abort();
	}
	return list;
}
