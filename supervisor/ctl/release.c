#include "release.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "kube/gvr.h"

#define FRESH_S 60 /* a heartbeat younger than this is no syncerd that is gone (syncerd-rules(7) 8.2) */

enum { OPT_TARGET = 0x100, OPT_WORKSPACE, OPT_ALL, OPT_KEY, OPT_EXPORT, OPT_FORCE, OPT_DRY_RUN, OPT_KUBECONFIG, OPT_CONTEXT };

static const struct argp_option options[] = {
	{"target", OPT_TARGET, "PATH:NAME", 0, "The SyncTarget whose syncerd is gone", 0},
	{"workspace", OPT_WORKSPACE, "PATH", 0, "Release the objects in this workspace; may be repeated", 0},
	{"all", OPT_ALL, NULL, 0, "Release the objects of all consumers of its exports, and the SyncTarget", 0},
	{"key", OPT_KEY, "KEY", 0, "Its sync key; must be given when the SyncTarget is gone", 0},
	{"export", OPT_EXPORT, "PATH:EXPORT", 0, "With --all: an APIExport that it served and names no more; may be repeated", 0},
	{"force", OPT_FORCE, NULL, 0, "Although its heartbeat is fresh", 0},
	{"dry-run", OPT_DRY_RUN, NULL, 0, "Only say what would be released", 0},
	{"kubeconfig", OPT_KUBECONFIG, "FILE", 0, "Your administrator's kubeconfig of kcp (default $KUBECONFIG, else ~/.kube/config)", 0},
	{"context", OPT_CONTEXT, "NAME", 0, "Context in it", 0},
	{0},
};

static void out_of_memory(void)
{
	ctl_error("out of memory");
	exit(CTL_FAILED);
}

static char *copy(const char *text)
{
	char *out = strdup(text);

	if (!out)
		out_of_memory();
	return out;
}

static void add(char **list, size_t *count, size_t max, const char *text, const char *option, struct argp_state *state)
{
	if (*count == max)
		argp_error(state, "%s: at most %zu", option, max);
	list[(*count)++] = copy(text);
}

/* "PATH:NAME" with a workspace path in front of the last colon. */
static bool is_path_and_name(const char *text)
{
	const char *colon = strrchr(text, ':');
	sy_auto_free char *path = colon ? strndup(text, (size_t)(colon - text)) : NULL;

	return path && colon[1] && sy_workspace_path_valid(path);
}

static void set_target(struct ctl_release *release, char *arg, struct argp_state *state)
{
	char *colon = strrchr(arg, ':');

	if (!is_path_and_name(arg))
		return argp_error(state, "--target %s: want PATH:NAME, such as root:org:edge:edge-1", arg);
	free(release->target_workspace);
	release->target_workspace = strndup(arg, (size_t)(colon - arg));
	release->target_name = colon + 1;
	if (!release->target_workspace)
		out_of_memory();
}

static void check(struct ctl_release *release, struct argp_state *state)
{
	if (!release->target_name)
		argp_error(state, "--target is needed");
	if (release->all == (release->workspace_count > 0))
		argp_error(state, "either --workspace or --all is needed, and not both");
	if (release->export_count && !release->all)
		argp_error(state, "--export goes with --all");
	if (release->key_given &&
	    (strlen(release->key_given) >= SY_KEY_MAX ||
	     strspn(release->key_given, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(release->key_given) ||
	     !*release->key_given))
		argp_error(state, "--key %s: want the up to %d letters and digits behind " SY_FINALIZER, release->key_given,
			   SY_KEY_MAX - 1);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct ctl_release *release = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = release->ctl;
		return 0;
	case OPT_TARGET:
		set_target(release, arg, state);
		return 0;
	case OPT_WORKSPACE:
		if (!sy_workspace_path_valid(arg))
			argp_error(state, "--workspace %s: not a workspace path such as root:org:team", arg);
		add(release->workspaces, &release->workspace_count, CTL_MAX_RELEASE_WORKSPACES, arg, "--workspace", state);
		return 0;
	case OPT_EXPORT:
		if (!is_path_and_name(arg))
			argp_error(state, "--export %s: want PATH:EXPORT, such as root:org:team:widgets", arg);
		add(release->exports, &release->export_count, CTL_MAX_RELEASE_EXPORTS, arg, "--export", state);
		return 0;
	case OPT_ALL:
		release->all = true;
		return 0;
	case OPT_KEY:
		release->key_given = arg;
		return 0;
	case OPT_FORCE:
		release->force = true;
		return 0;
	case OPT_DRY_RUN:
		release->dry_run = true;
		return 0;
	case OPT_KUBECONFIG:
		release->kubeconfig = arg;
		return 0;
	case OPT_CONTEXT:
		release->context = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	case ARGP_KEY_END:
		check(release, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- the SyncTarget --- */

static char *target_path(const struct ctl_release *release)
{
	char *path = NULL;

	if (asprintf(&path, "/apis/workload.kcp.io/v1alpha1/synctargets/%s", release->target_name) < 0)
		out_of_memory();
	return path;
}

static bool is_alive(const struct ctl_release *release, int64_t server_time)
{
	const char *text = sy_json_str(release->target, "status", "lastSyncerHeartbeatTime", NULL);
	int64_t now = server_time ? server_time : (int64_t)time(NULL);
	time_t beat;

	return text && sy_time_parse(text, &beat) && now - beat < FRESH_S;
}

static bool take_exports(struct ctl_release *release)
{
	json_object *exports = sy_json_array(release->target, "spec", "supportedAPIExports", NULL);

	for (size_t i = 0; exports && i < json_object_array_length(exports); i++) {
		json_object *entry = json_object_array_get_idx(exports, i);
		const char *path = sy_json_str(entry, "path", NULL);
		const char *name = sy_json_str(entry, "export", NULL);
		char *text = NULL;

		if (!name || release->export_count == CTL_MAX_RELEASE_EXPORTS) {
			ctl_error("SyncTarget %s: spec.supportedAPIExports[%zu] cannot be used", release->target_name, i);
			return false;
		}
		if (asprintf(&text, "%s:%s", path && *path ? path : release->target_workspace, name) < 0)
			out_of_memory();
		release->exports[release->export_count++] = text;
	}
	return true;
}

/* Key and finalizer; the key comes from the SyncTarget when it is there, since a wrong one releases another syncerd's objects. */
static bool take_key(struct ctl_release *release)
{
	const char *cluster = sy_json_str(release->target, "metadata", "annotations", SY_ANNOTATION_KCP_CLUSTER, NULL);
	struct sy_error err = {.text = "it has no annotation " SY_ANNOTATION_KCP_CLUSTER};

	if (release->target && (!cluster || sy_key_of_target(cluster, release->target_name, release->key, &err) < 0)) {
		ctl_error("SyncTarget %s: %s", release->target_name, err.text);
		return false;
	}
	if (release->target && release->key_given && strcmp(release->key, release->key_given) != 0) {
		ctl_error("the key of SyncTarget %s in %s is %s, not %s", release->target_name, release->target_workspace, release->key,
			  release->key_given);
		return false;
	}
	if (!release->target)
		(void)snprintf(release->key, sizeof(release->key), "%s", release->key_given);
	(void)snprintf(release->finalizer, sizeof(release->finalizer), SY_FINALIZER "%s", release->key);
	return true;
}

static int read_target(struct ctl_release *release)
{
	sy_auto_free char *path = target_path(release);
	struct ctl_answer answer;
	int rc = CTL_FAILED;

	ctl_admin_call(release->admin, release->target_workspace, "GET", path, NULL, NULL, NULL, &answer);
	release->target = answer.verdict == SY_KUBE_OK ? json_object_get(answer.object) : NULL;
	if (!release->target && answer.verdict != SY_KUBE_NOT_FOUND && answer.verdict != SY_KUBE_NOT_SERVED && !release->key_given)
		ctl_error("SyncTarget %s in %s cannot be read: %s", release->target_name, release->target_workspace, answer.message);
	else if (!release->target && !release->key_given)
		ctl_error("SyncTarget %s is not in %s: give its sync key with --key; it is behind " SY_FINALIZER
			  " in the finalizers of the "
			  "objects",
			  release->target_name, release->target_workspace);
	else if (!release->target && release->all && !release->export_count)
		ctl_error("SyncTarget %s is not in %s: name the exports that it served with --export", release->target_name,
			  release->target_workspace);
	else if (is_alive(release, answer.server_time) && !release->force)
		ctl_error(
			"SyncTarget %s in %s has a heartbeat younger than %d s: stop its syncerd, and wait; or uninstall it in order with "
			"'syncerctl uninstall kcp' (--force overrides)",
			release->target_name, release->target_workspace, FRESH_S);
	else if (take_key(release) && take_exports(release))
		rc = CTL_OK;
	ctl_answer_done(&answer);
	return rc;
}

/* Last, so that a run that was cut short can be made again with what the SyncTarget says. */
static void release_target(struct ctl_release *release)
{
	sy_auto_free char *path = target_path(release);
	sy_auto_free char *name = NULL;
	bool again = false;

	if (!release->target || !release->all)
		return;
	if (release->forbidden || release->failed) {
		ctl_error("SyncTarget %s in %s keeps its finalizer until everything else is released", release->target_name,
			  release->target_workspace);
		return;
	}
	if (asprintf(&name, "synctargets.workload.kcp.io/%s", release->target_name) < 0)
		out_of_memory();
	if (!ctl_release_object(release, release->target_workspace, path, release->target, name, &again) && again) {
		ctl_error("SyncTarget %s in %s was changed meanwhile: run this again", release->target_name, release->target_workspace);
		release->failed = true;
	}
}

static int run(struct ctl_release *release)
{
	int rc = read_target(release);

	if (rc != CTL_OK)
		return rc;
	if (release->all && !ctl_release_find(release))
		return CTL_FAILED;
	for (size_t i = 0; i < release->workspace_count; i++)
		ctl_release_workspace(release, release->workspaces[i]);
	release_target(release);
	if (ctl_wants_table(release->ctl))
		printf("%zu object%s %s\n", release->released, release->released == 1 ? "" : "s",
		       release->dry_run ? "would be released" : "released");
	return release->failed ? CTL_FAILED : release->forbidden ? CTL_INCOMPLETE : CTL_OK;
}

int ctl_release(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_child children[] = {{&ctl_common_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.doc = "Take the finalizer of a syncerd that is gone for good off the tenants' objects in kcp, so that they can be deleted "
		       "again. Nothing is deleted by it, and what lies in the physical cluster stays there.",
	};
	struct ctl_release release = {.ctl = ctl};
	int rc = CTL_FAILED;

	ctl_argp(&argp, "release", argc, argv, &release);
	if (ctl_admin_open(&release.admin, release.kubeconfig, release.context, "kcp"))
		rc = run(&release);
	ctl_admin_free(release.admin);
	json_object_put(release.target);
	free(release.target_workspace);
	for (size_t i = 0; i < release.workspace_count; i++)
		free(release.workspaces[i]);
	for (size_t i = 0; i < release.export_count; i++)
		free(release.exports[i]);
	return rc;
}
