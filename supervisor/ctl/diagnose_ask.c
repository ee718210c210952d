/* syncerctl diagnose: what syncerd answers. Only members that are listed here come into the bundle. */
#include <stdlib.h>
#include <string.h>

#include "diagnose.h"
#include "kcp/ids.h"
#include "withhold.h"

#define ANSWER_MS 15000 /* syncerd answers within 5 s, a dump included */

static const char *const status_members[] = {
	/* clang-format off */
	"version", "mode", "identity", "pid", "uptimeSeconds", "syncTarget", "cluster", "path", "name", "uid", "key", "ready", "reason",
	"message", "lastHeartbeatTime", "conditions", "type", "status", "severity", "lastTransitionTime", "observedGeneration", "upstream",
	"downstream", "server", "reachable", "workspaces", "total", "workerLimits", "binary", "upgrade", "state", "workspace",
	"oldWorkers", NULL
	/* clang-format on */
};
/* A worker's message names reasons, no objects. */
static const char *const workspace_members[] = {
	/* clang-format off */
	"path", "cluster", "pid", "state", "reason", "message", "process", "restarts", "memoryBytes", "limitedBy", "memoryMaxBytes", "lastExit",
	"lastExitDetail", "retryInMs", "paused", "objects", "synced", "pending", "failing", "foreign", "lagMs", "requests", "up", "down",
	"resources", "group", "resource", "version", "binary", "bindings", "name", "export", "phase", "acceptedClaims", "refusedClaims", NULL
	/* clang-format on */
};
/* Without the message: it is what a server says about one object. */
static const char *const event_members[] = {"time", "type", "reason", "cluster", "path", "resource", "object", "count", NULL};
static const char *const dump_members[] = {
	/* clang-format off */
	"objects", "resource", "key", "reason", "next", "inProgress", "inStep", "failures", "appliedGeneration", "readable",
	"retryInMilliseconds", "upstream", "downstream", "presence", "uid", "resourceVersion", "generation", "finalizer", "deleting",
	"elsewhere", "namespace", "name", "truncated", NULL
	/* clang-format on */
};

/* Ask, keep the listed members, add them as a file. Returns the whole answer, which the caller owns, or NULL. */
static json_object *ask(struct ctl_diagnose *diagnose, const char *verb, json_object *args, const char *file, const char *const *members)
{
	struct ctl *ctl = diagnose->ctl;
	json_object *value = NULL;
	struct sy_error err = {0};
	int64_t left = ctl_diagnose_left(diagnose, file);

	if (left == 0) {
		json_object_put(args);
		return NULL;
	}
	ctl->told = &err;
	ctl->answer_seconds = (int)((left < ANSWER_MS ? left : ANSWER_MS) / 1000) + 1;
	int rc = ctl_request(ctl, verb, args, &value);
	ctl->told = NULL;
	if (rc != CTL_OK) {
		ctl_bundle_missing(&diagnose->bundle, file, "%s", err.text);
		return NULL;
	}
	sy_auto_json json_object *kept = ctl_keep(value, members);
	ctl_bundle_add_json(&diagnose->bundle, file, kept);
	return value;
}

static void ask_dumps(struct ctl_diagnose *diagnose, json_object *workspaces)
{
	for (size_t i = 0; json_object_is_type(workspaces, json_type_array) && i < json_object_array_length(workspaces); i++) {
		json_object *workspace = json_object_array_get_idx(workspaces, i);
		const char *cluster = sy_json_str(workspace, "cluster", NULL);
		int64_t pid = 0;
		char file[CTL_BUNDLE_NAME];

		/* It becomes the name of a file. */
		if (!cluster || !sy_cluster_name_valid(cluster))
			continue;
		(void)snprintf(file, sizeof(file), "dumps/%s.json", cluster);
		(void)sy_json_int(workspace, &pid, "pid", NULL);
		if (pid <= 0)
			ctl_bundle_absent(&diagnose->bundle, file, "no worker runs");
		else
			json_object_put(ask(diagnose, "dump", ctl_dump_args(cluster, NULL), file, dump_members));
	}
}

void ctl_diagnose_ask(struct ctl_diagnose *diagnose)
{
	static const char *const files[] = {"status.json", "workspaces.json", "events.json", "dumps"};
	sy_auto_json json_object *status = NULL, *workspaces = NULL;

	for (size_t i = 0; !diagnose->status && i < sizeof(files) / sizeof(files[0]); i++)
		ctl_bundle_missing(&diagnose->bundle, files[i], "%s", diagnose->trouble.text);
	if (!diagnose->status)
		return;
	status = ctl_keep(diagnose->status, status_members);
	ctl_bundle_add_json(&diagnose->bundle, "status.json", status);
	json_object_put(ask(diagnose, "events", NULL, "events.json", event_members));
	workspaces = ask(diagnose, "workspaces", NULL, "workspaces.json", workspace_members);
	ask_dumps(diagnose, workspaces);
}
