/* Command line of `syncerctl install kcp|cluster`, and what `uninstall` shares with it. */
#include "install.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/num.h"
#include "kcp/ids.h"

static const struct argp_option kcp_options[] = {
	{"workspace", CTL_OPT_WORKSPACE, "PATH", 0, "Workspace that holds the SyncTarget", 0},
	{"name", CTL_OPT_NAME, "NAME", 0, "Name of the SyncTarget", 0},
	{"export", CTL_OPT_EXPORT, "PATH:EXPORT", 0, "An APIExport to serve; may be repeated", 0},
	{"prune-exports", CTL_OPT_PRUNE, NULL, 0,
	 "Take exports that are not named here off an existing SyncTarget; their consumers' objects leave the cluster", 0},
	{"tenant-events", CTL_OPT_EVENTS, NULL, 0,
	 "Also grant create on the exports' content, for Events on the tenants' own objects; it reaches any object of the exports", 0},
	{"label", CTL_OPT_LABEL, "KEY=VALUE", 0, "Label of the SyncTarget; may be repeated", 0},
	{"apply", CTL_OPT_APPLY, NULL, 0, "Apply instead of print", 0},
	{"output-kubeconfig", CTL_OPT_OUTPUT, "FILE", 0, "With --apply: write the syncer's kubeconfig (- = standard output)", 0},
	{"token-ttl", CTL_OPT_TTL, "DURATION", 0, "Token that expires, e.g. 24h, instead of the Secret's", 0},
	{"kubeconfig", CTL_OPT_KUBECONFIG, "FILE", 0, "Your administrator's kubeconfig of kcp (default $KUBECONFIG, else ~/.kube/config)",
	 0},
	{"context", CTL_OPT_CONTEXT, "NAME", 0, "Context in it", 0},
	{0},
};

static const struct argp_option cluster_options[] = {
	{"workspace", CTL_OPT_WORKSPACE, "PATH", 0, "Workspace that holds the SyncTarget", 0},
	{"name", CTL_OPT_NAME, "NAME", 0, "Name of the SyncTarget", 0},
	{"allow-claims", CTL_OPT_CLAIMS, NULL, 0, "Also grant ConfigMaps and Secrets, where an export claims them", 0},
	{"apply", CTL_OPT_APPLY, NULL, 0, "Apply instead of print", 0},
	{"output-kubeconfig", CTL_OPT_OUTPUT, "FILE", 0, "With --apply: write the syncer's kubeconfig (- = standard output)", 0},
	{"token-ttl", CTL_OPT_TTL, "DURATION", 0, "Token that expires, e.g. 24h, instead of the Secret's", 0},
	{"kubeconfig", CTL_OPT_KUBECONFIG, "FILE", 0, "Your administrator's kubeconfig of kcp (default $KUBECONFIG, else ~/.kube/config)",
	 0},
	{"context", CTL_OPT_CONTEXT, "NAME", 0, "Context in it", 0},
	{"cluster-kubeconfig", CTL_OPT_CLUSTER_KUBECONFIG, "FILE", 0,
	 "Your administrator's kubeconfig of the physical cluster (same default)", 0},
	{"cluster-context", CTL_OPT_CLUSTER_CONTEXT, "NAME", 0, "Context in it", 0},
	{0},
};

static void add_export(struct ctl_install *install, char *arg, struct argp_state *state)
{
	char *colon = strrchr(arg, ':');
	struct ctl_export *entry = &install->exports[install->export_count];

	if (install->export_count == CTL_MAX_EXPORTS)
		return argp_error(state, "--export: %d at most", CTL_MAX_EXPORTS);
	if (!colon || colon == arg || !colon[1])
		return argp_error(state, "--export %s: want PATH:EXPORT, for example root:provider:widgets", arg);
	entry->workspace = strndup(arg, (size_t)(colon - arg));
	entry->name = strdup(colon + 1);
	if (!entry->workspace || !entry->name)
		return argp_failure(state, CTL_FAILED, 0, "out of memory");
	if (!sy_workspace_path_valid(entry->workspace) ||
	    strspn(entry->name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != strlen(entry->name))
		argp_error(state, "--export %s: not a workspace path and an export's name", arg);
	for (size_t i = 0; i < install->export_count; i++)
		if (!strcmp(install->exports[i].workspace, entry->workspace) && !strcmp(install->exports[i].name, entry->name))
			argp_error(state, "--export %s: given twice", arg);
	install->export_count++;
}

static void add_label(struct ctl_install *install, const char *arg, struct argp_state *state)
{
	const char *equals = strchr(arg, '=');
	sy_auto_free char *key = equals ? strndup(arg, (size_t)(equals - arg)) : NULL;

	if (!key || !*key)
		return argp_error(state, "--label %s: want KEY=VALUE", arg);
	if (!install->labels)
		install->labels = json_object_new_object();
	ctl_args_add(install->labels, key, json_object_new_string(equals + 1));
}

static void check_complete(struct ctl_install *install, struct argp_state *state)
{
	if (!install->workspace || !install->name)
		return argp_error(state, "--workspace and --name are needed");
	if (!sy_workspace_path_valid(install->workspace))
		argp_error(state, "--workspace %s: not a workspace path such as root:org:team", install->workspace);
	if (strlen(install->name) > 43 || strspn(install->name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != strlen(install->name))
		argp_error(state, "--name %s: want at most 43 characters of a-z, 0-9, - and .", install->name);
	if (install->prune_exports && !install->export_count)
		argp_error(state, "--prune-exports needs --export: a SyncTarget that is to serve nothing is uninstalled");
	if (install->tenant_events && !install->export_count)
		argp_error(state, "--tenant-events needs --export: it is granted for each export that is named");
	if (install->output && !install->apply)
		argp_error(state, "--output-kubeconfig needs --apply: without it there is no token to write");
}

error_t ctl_install_parse(int key, char *arg, struct argp_state *state)
{
	struct ctl_install *install = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = install->ctl;
		return 0;
	case CTL_OPT_WORKSPACE:
		install->workspace = arg;
		return 0;
	case CTL_OPT_NAME:
		install->name = arg;
		return 0;
	case CTL_OPT_EXPORT:
		add_export(install, arg, state);
		return 0;
	case CTL_OPT_LABEL:
		add_label(install, arg, state);
		return 0;
	case CTL_OPT_PRUNE:
		install->prune_exports = true;
		return 0;
	case CTL_OPT_APPLY:
		install->apply = true;
		return 0;
	case CTL_OPT_OUTPUT:
		install->output = arg;
		return 0;
	case CTL_OPT_TTL:
		if (!sy_duration_parse(arg, &install->token_ttl_ms) || install->token_ttl_ms < 600000)
			argp_error(state, "--token-ttl %s: want a duration of at least 10m", arg);
		return 0;
	case CTL_OPT_TIMEOUT:
		if (!sy_duration_parse(arg, &install->timeout_ms) || install->timeout_ms < 1000)
			argp_error(state, "--timeout %s: want a duration of at least 1s, such as 5m", arg);
		return 0;
	case CTL_OPT_SYNCER:
		install->syncer = arg;
		return 0;
	case CTL_OPT_CLAIMS:
		install->allow_claims = true;
		return 0;
	case CTL_OPT_EVENTS:
		install->tenant_events = true;
		return 0;
	case CTL_OPT_KUBECONFIG:
		install->kubeconfig = arg;
		return 0;
	case CTL_OPT_CONTEXT:
		install->context = arg;
		return 0;
	case CTL_OPT_CLUSTER_KUBECONFIG:
		install->cluster_kubeconfig = arg;
		return 0;
	case CTL_OPT_CLUSTER_CONTEXT:
		install->cluster_context = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	case ARGP_KEY_END:
		check_complete(install, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child common[] = {{&ctl_common_argp, 0, NULL, 0}, {0}};

static const struct argp kcp_argp = {
	.options = kcp_options,
	.parser = ctl_install_parse,
	.children = common,
	.doc = "Print, or with --apply make, what syncerd needs in kcp: the SyncTarget type and object, a ServiceAccount, and its roles.",
};
static const struct argp cluster_argp = {
	.options = cluster_options,
	.parser = ctl_install_parse,
	.children = common,
	.doc = "Print, or with --apply make, what syncerd needs in the physical cluster: namespace, ServiceAccount and role.",
};

int ctl_install_usage(const char *verb, const char *target)
{
	bool asked = !strcmp(target, "--help") || !strcmp(target, "-?") || !strcmp(target, "--usage");

	fprintf(asked ? stdout : stderr, "Usage: %s %s kcp|cluster [OPTION...]\nSee '%s %s kcp --help' and '%s %s cluster --help'.\n",
		ctl_program(), verb, ctl_program(), verb, ctl_program(), verb);
	return asked ? CTL_OK : CTL_USAGE;
}

void ctl_install_done(struct ctl_install *install)
{
	for (size_t i = 0; i < install->export_count; i++) {
		free(install->exports[i].workspace);
		free(install->exports[i].name);
	}
	json_object_put(install->labels);
}

/* A kubeconfig that cannot be written should be known before anything is made. */
static bool output_is_free(const char *output)
{
	struct stat st;

	if (!output || !strcmp(output, "-") || lstat(output, &st) < 0)
		return true;
	ctl_error("%s exists already; remove it first", output);
	return false;
}

static int run(struct ctl_install *install, bool is_kcp)
{
	if (!output_is_free(install->output))
		return CTL_FAILED;
	if (install->output && !strcmp(install->output, "-"))
		install->out = stderr;
	return is_kcp ? ctl_install_kcp(install) : ctl_install_cluster(install);
}

int ctl_install(struct ctl *ctl, int argc, char **argv)
{
	struct ctl_install install = {.ctl = ctl, .out = stdout};
	const char *target = argc > 1 ? argv[1] : "";
	bool is_kcp = !strcmp(target, "kcp");
	int rc;

	if (!is_kcp && strcmp(target, "cluster") != 0)
		return ctl_install_usage("install", target);
	ctl_argp(is_kcp ? &kcp_argp : &cluster_argp, is_kcp ? "install kcp" : "install cluster", argc - 1, argv + 1, &install);
	rc = run(&install, is_kcp);
	ctl_install_done(&install);
	return rc;
}
