/* `syncerctl watch-heartbeat` (syncerd-rules(7) 8.2): a small service near kcp that says in a SyncTarget's status what its syncerd cannot say any
 * more. It never makes a condition True, and writes only while the syncerd is silent: each write tests the heartbeat that it calls stale. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin.h"
#include "base/num.h"
#include "ctl.h"
#include "kcp/ids.h"
#include "supervisor/status/patch.h"
#include "supervisor/status/status.h"

#define TARGETS "/apis/workload.kcp.io/v1alpha1/synctargets"
#define PAUSE_MAX_MS 60000 /* between tries while kcp cannot be read */

enum { OPT_WORKSPACE = 0x100, OPT_NAME, OPT_ALL, OPT_THRESHOLD, OPT_INTERVAL, OPT_KUBECONFIG, OPT_CONTEXT };

static const struct argp_option options[] = {
	{"workspace", OPT_WORKSPACE, "PATH", 0, "Workspace that holds the SyncTargets", 0},
	{"name", OPT_NAME, "NAME", 0, "Watch this SyncTarget", 0},
	{"all", OPT_ALL, NULL, 0, "Watch all SyncTargets of the workspace", 0},
	{"threshold", OPT_THRESHOLD, "DURATION", 0, "Age from which a heartbeat is missing (default and least 60s)", 0},
	{"interval", OPT_INTERVAL, "DURATION", 0, "How often to look (default 10s)", 0},
	{"kubeconfig", OPT_KUBECONFIG, "FILE", 0, "The watcher's kubeconfig of kcp (default $KUBECONFIG, else ~/.kube/config)", 0},
	{"context", OPT_CONTEXT, "NAME", 0, "Context in it", 0},
	{0},
};

struct watch {
	struct ctl *ctl;
	struct ctl_admin *admin;
	const char *kubeconfig;
	const char *context;
	const char *workspace;
	const char *name; /* NULL = all */
	bool all;
	int64_t threshold_ms;
	int64_t interval_ms;
	int64_t pause_ms;     /* until the next look */
	bool failing;	      /* the last list failed, and it was said */
	json_object *refused; /* {name: message} of the statuses that could not be written at the last look */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct watch *watch = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = watch->ctl;
		return 0;
	case OPT_WORKSPACE:
		if (!sy_workspace_path_valid(arg))
			argp_error(state, "--workspace %s: not a workspace path such as root:org:team", arg);
		watch->workspace = arg;
		return 0;
	case OPT_NAME:
		watch->name = arg;
		return 0;
	case OPT_ALL:
		watch->all = true;
		return 0;
	case OPT_THRESHOLD:
		if (!sy_duration_parse(arg, &watch->threshold_ms) || watch->threshold_ms < 60000)
			argp_error(state, "--threshold %s: want a duration of at least 60s, which is three beats", arg);
		return 0;
	case OPT_INTERVAL:
		if (!sy_duration_parse(arg, &watch->interval_ms) || watch->interval_ms < 1000 || watch->interval_ms > PAUSE_MAX_MS)
			argp_error(state, "--interval %s: want a duration from 1s to 60s", arg);
		return 0;
	case OPT_KUBECONFIG:
		watch->kubeconfig = arg;
		return 0;
	case OPT_CONTEXT:
		watch->context = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	case ARGP_KEY_END:
		if (!watch->workspace)
			argp_error(state, "--workspace is needed");
		if (watch->all == (watch->name != NULL))
			argp_error(state, "either --name or --all is needed, and not both");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- one SyncTarget --- */

static bool is_stale(const struct watch *watch, json_object *status, int64_t now)
{
	const char *text = sy_json_str(status, "lastSyncerHeartbeatTime", NULL);
	const char *said = sy_json_str(sy_status_condition(status, "HeartbeatHealthy"), "status", NULL);
	time_t beat;

	/* False is either our own word, or an orderly stop's. Without a status nobody has served it yet. */
	return text && said && strcmp(said, "False") != 0 && sy_time_parse(text, &beat) && (now - beat) * 1000 >= watch->threshold_ms;
}

/* The stored condition with another status, which changes at `now`. */
static void say(json_object *condition, const char *status, const char *severity, const char *message, const char *now)
{
	ctl_args_add(condition, "status", json_object_new_string(status));
	ctl_args_add(condition, "reason", json_object_new_string("ErrorHeartbeat"));
	ctl_args_add(condition, "message", json_object_new_string(message));
	ctl_args_add(condition, "lastTransitionTime", json_object_new_string(now));
	if (severity)
		ctl_args_add(condition, "severity", json_object_new_string(severity));
	else
		json_object_object_del(condition, "severity");
}

/* All conditions as they are stored, but for two. NULL when they are not what a syncerd writes. */
static json_object *make_conditions(const struct watch *watch, json_object *status, int64_t now)
{
	json_object *copy = sy_json_copy(status);
	json_object *healthy = sy_status_condition(copy, "HeartbeatHealthy"), *ready = sy_status_condition(copy, "Ready"), *list;
	char time_text[21], message[64], ready_message[96];

	if (!healthy || !ready) {
		json_object_put(copy);
		return NULL;
	}
	sy_time_format((time_t)now, time_text);
	(void)snprintf(message, sizeof(message), "no heartbeat for %lld s", (long long)(watch->threshold_ms / 1000));
	(void)snprintf(ready_message, sizeof(ready_message), "HeartbeatHealthy: %s", message);
	say(healthy, "False", "Warning", message, time_text);
	say(ready, "Unknown", NULL, ready_message, time_text);
	list = json_object_get(sy_json_array(copy, "conditions", NULL));
	json_object_put(copy);
	return list;
}

static json_object *make_patch(const struct watch *watch, json_object *target, json_object *status, int64_t now)
{
	json_object *conditions = make_conditions(watch, status, now), *patch;
	int r;

	if (!conditions)
		return NULL;
	patch = json_object_new_array();
	r = sy_patch_test_str(patch, "/metadata/uid", sy_json_str(target, "metadata", "uid", NULL));
	if (r == 0)
		r = sy_patch_test_str(patch, "/status/lastSyncerHeartbeatTime", sy_json_str(status, "lastSyncerHeartbeatTime", NULL));
	if (r == 0)
		r = sy_patch_op(patch, "replace", "/status/conditions", conditions);
	else
		json_object_put(conditions);
	if (r < 0) {
		ctl_error("out of memory");
		exit(CTL_FAILED);
	}
	return patch;
}

static void print_fact(const struct watch *watch, const char *name, const char *beat)
{
	if (watch->ctl->output == CTL_JSON || watch->ctl->output == CTL_YAML) {
		sy_auto_json json_object *line = ctl_args("workspace", watch->workspace);

		ctl_args_add(line, "syncTarget", json_object_new_string(name));
		ctl_args_add(line, "lastSyncerHeartbeatTime", json_object_new_string(beat));
		ctl_args_add(line, "reason", json_object_new_string("ErrorHeartbeat"));
		(void)ctl_print_item(watch->ctl, line);
	} else {
		printf("%s SyncTarget %s: no heartbeat since %s, HeartbeatHealthy is False\n", watch->workspace, name, beat);
	}
	fflush(stdout);
}

/* Once, and again when there is something else to say. */
static void complain(const struct watch *watch, const char *name, const char *message, json_object *refused)
{
	const char *said = sy_json_str(watch->refused, name, NULL);

	ctl_args_add(refused, name, json_object_new_string(message));
	if (!said || strcmp(said, message) != 0)
		ctl_error("%s SyncTarget %s: its status cannot be written: %s", watch->workspace, name, message);
}

static void look_at(const struct watch *watch, json_object *target, int64_t now, json_object *refused)
{
	json_object *status = sy_json_object(target, "status", NULL);
	const char *name = sy_json_str(target, "metadata", "name", NULL);
	sy_auto_json json_object *patch = NULL;
	sy_auto_free char *path = NULL;
	struct ctl_answer answer;

	if (!name || (watch->name && strcmp(name, watch->name) != 0) || !is_stale(watch, status, now))
		return;
	patch = make_patch(watch, target, status, now);
	if (!patch)
		return;
	if (asprintf(&path, TARGETS "/%s/status", name) < 0) {
		ctl_error("out of memory");
		exit(CTL_FAILED);
	}
	ctl_admin_call(watch->admin, watch->workspace, "PATCH", path, "fieldManager=syncerd-heartbeat-watch", SY_CT_JSON_PATCH, patch,
		       &answer);
	if (answer.verdict == SY_KUBE_OK)
		print_fact(watch, name, sy_json_str(status, "lastSyncerHeartbeatTime", NULL));
	else if (answer.verdict != SY_KUBE_INVALID && answer.verdict != SY_KUBE_CONFLICT && answer.verdict != SY_KUBE_NOT_FOUND)
		complain(watch, name, answer.message, refused);
	/* Else a beat or a change came in between: it is alive, or the next look tells. */
	ctl_answer_done(&answer);
}

/* --- the service --- */

static void look(struct watch *watch)
{
	struct ctl_answer answer;
	json_object *items, *refused;

	ctl_admin_call(watch->admin, watch->workspace, "GET", TARGETS, NULL, NULL, NULL, &answer);
	items = sy_json_array(answer.object, "items", NULL);
	if (answer.verdict != SY_KUBE_OK || !items) {
		if (!watch->failing)
			ctl_error("%s: SyncTargets cannot be listed: %s; trying again", watch->workspace, answer.message);
		watch->failing = true;
		watch->pause_ms = watch->pause_ms * 2 < PAUSE_MAX_MS ? watch->pause_ms * 2 : PAUSE_MAX_MS;
		ctl_answer_done(&answer);
		return;
	}
	if (watch->failing)
		ctl_error("%s: SyncTargets can be listed again", watch->workspace);
	watch->failing = false;
	watch->pause_ms = watch->interval_ms;
	refused = ctl_args(NULL, NULL);
	for (size_t i = 0; i < json_object_array_length(items); i++)
		look_at(watch, json_object_array_get_idx(items, i), answer.server_time ? answer.server_time : (int64_t)time(NULL), refused);
	json_object_put(watch->refused);
	watch->refused = refused;
	ctl_answer_done(&answer);
}

/* True when a signal asked for the end. The signals are blocked, so that the first process of a container hears them, too. */
static bool ended(const sigset_t *signals, int64_t pause_ms)
{
	const struct timespec pause = {.tv_sec = pause_ms / 1000, .tv_nsec = pause_ms % 1000 * 1000000};

	return sigtimedwait(signals, NULL, &pause) > 0;
}

int ctl_watch_heartbeat(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_child children[] = {{&ctl_common_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.doc = "A service near kcp: it says in the status of a SyncTarget that its heartbeat is missing, which a syncerd that was "
		       "killed "
		       "or cut off cannot. It runs until SIGTERM.",
	};
	struct watch watch = {.ctl = ctl, .threshold_ms = 60000, .interval_ms = 10000};
	sigset_t signals;

	ctl_argp(&argp, "watch-heartbeat", argc, argv, &watch);
	watch.pause_ms = watch.interval_ms;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0 || !ctl_admin_open(&watch.admin, watch.kubeconfig, watch.context, "kcp"))
		return CTL_FAILED;
	do
		look(&watch);
	while (!ended(&signals, watch.pause_ms));
	json_object_put(watch.refused);
	ctl_admin_free(watch.admin);
	return CTL_OK;
}
