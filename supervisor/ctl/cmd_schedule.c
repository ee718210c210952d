/* cordon, uncordon, drain: spec.unschedulable and spec.evictAfter of the SyncTarget, written by syncerd. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "ctl.h"

#define POLL_MS 500
#define TIMEOUT_MS (10LL * 60 * 1000)
#define OPT_WAIT 0x100
#define OPT_TIMEOUT 0x101

static void print_result(json_object *value, const char *changed, const char *unchanged)
{
	const char *name = sy_json_str(value, "syncTarget", NULL);
	sy_auto_free char *visible = ctl_visible(name ? name : "");
	bool is = false;

	(void)sy_json_bool(value, &is, "changed", NULL);
	printf("SyncTarget %s %s\n", visible, is ? changed : unchanged);
	fflush(stdout);
}

static int order(struct ctl *ctl, const char *verb, const char *changed, const char *unchanged, json_object **ret_value)
{
	int rc = ctl_request(ctl, verb, NULL, ret_value);

	if (rc == CTL_OK && ctl_wants_table(ctl))
		print_result(*ret_value, changed, unchanged);
	return rc;
}

static int simple(struct ctl *ctl, int argc, char **argv, const char *verb, const char *doc, const char *changed, const char *unchanged)
{
	sy_auto_json json_object *value = NULL;
	const char *unused[1];

	ctl_parse(ctl, argc, argv, "", doc, 0, unused, 0);
	int rc = order(ctl, verb, changed, unchanged, &value);
	return rc == CTL_OK && !ctl_wants_table(ctl) ? ctl_print_value(ctl, value) : rc;
}

int ctl_cordon(struct ctl *ctl, int argc, char **argv)
{
	return simple(ctl, argc, argv, "cordon",
		      "Let no new workspace be served (spec.unschedulable). Those that are served go on, with all that happens in them.",
		      "cordoned", "already cordoned");
}

int ctl_uncordon(struct ctl *ctl, int argc, char **argv)
{
	return simple(ctl, argc, argv, "uncordon",
		      "Take back cordon and drain (spec.unschedulable and spec.evictAfter): everything is synced again.", "uncordoned",
		      "already uncordoned");
}

/* --- drain --- */

struct drain {
	struct ctl *ctl;
	bool wait;
	int64_t timeout_ms;
	bool timeout_given;
};

static error_t parse_drain(int key, char *arg, struct argp_state *state)
{
	struct drain *drain = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = drain->ctl;
		return 0;
	case OPT_WAIT:
		drain->wait = true;
		return 0;
	case OPT_TIMEOUT:
		if (!sy_duration_parse(arg, &drain->timeout_ms) || drain->timeout_ms < 1000)
			argp_error(state, "--timeout %s: want a duration of at least 1s, such as 5m", arg);
		drain->timeout_given = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	case ARGP_KEY_END:
		if (drain->timeout_given && !drain->wait)
			argp_error(state, "--timeout wants --wait");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool is_state(json_object *value, const char *wanted)
{
	const char *state = sy_json_str(value, "state", NULL);

	return state && strcmp(state, wanted) == 0;
}

/* One line when something has changed. */
static void progress(json_object *value, char **said)
{
	json_object *list = sy_json_array(value, "workspacesLeft", NULL);
	int64_t left = 0;
	char *line = NULL;
	size_t size = 0;
	FILE *text = open_memstream(&line, &size);

	if (!text)
		return;
	(void)sy_json_int(value, &left, "left", NULL);
	if (left == 0)
		fputs("no workspace is left; the cluster is looked through", text);
	else
		fprintf(text, "%lld %s left", (long long)left, left == 1 ? "workspace is" : "workspaces are");
	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		fprintf(text, "%s%s", i ? ", " : ": ", json_object_get_string(json_object_array_get_idx(list, i)));
	fclose(text);
	if (!*said || strcmp(*said, line) != 0)
		ctl_error("%s", line);
	free(*said);
	*said = line;
}

/* Until nothing is left. The value of each look replaces the one before. */
static int wait_for_end(const struct drain *drain, json_object **value)
{
	int64_t until = ctl_now_ms() + drain->timeout_ms;
	sy_auto_free char *said = NULL;
	int rc = CTL_OK;

	while (rc == CTL_OK && !is_state(*value, "Evicted")) {
		if (!is_state(*value, "Evicting")) {
			ctl_error("the eviction was taken back by somebody");
			return CTL_FAILED;
		}
		progress(*value, &said);
		if (ctl_now_ms() >= until) {
			ctl_error("not over within %lld s; it goes on, see 'syncerctl workspaces'", (long long)(drain->timeout_ms / 1000));
			return CTL_TIMEOUT;
		}
		(void)poll(NULL, 0, POLL_MS);
		json_object_put(*value);
		*value = NULL;
		rc = ctl_request(drain->ctl, "schedule", NULL, value);
	}
	return rc;
}

int ctl_drain(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_option options[] = {
		{"wait", OPT_WAIT, NULL, 0, "Wait until nothing is left in the cluster", 0},
		{"timeout", OPT_TIMEOUT, "DURATION", 0, "With --wait: how long (default 10m)", 0},
		{0},
	};
	const struct argp_child children[] = {{&ctl_common_argp, 0, NULL, 0}, {0}};
	const struct argp argp = {
		.options = options,
		.parser = parse_drain,
		.children = children,
		.doc = "Let no new workspace be served, and remove everything that was synced from the cluster (spec.unschedulable, and "
		       "spec.evictAfter = now). The objects stay in kcp, without our finalizer and without the status that came from here. "
		       "'syncerctl uncordon' brings everything back."};
	struct drain drain = {.ctl = ctl, .timeout_ms = TIMEOUT_MS};
	sy_auto_json json_object *value = NULL;

	ctl_argp(&argp, "drain", argc, argv, &drain);
	int rc = order(ctl, "drain", "is being drained", "is already drained, or being drained", &value);
	if (rc == CTL_OK && drain.wait)
		rc = wait_for_end(&drain, &value);
	if (rc == CTL_OK && drain.wait && ctl_wants_table(ctl))
		print_result(value, "drained", "drained: 0 workspaces left");
	return rc == CTL_OK && !ctl_wants_table(ctl) ? ctl_print_value(ctl, value) : rc;
}
