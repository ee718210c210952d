#include "orphans.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "install.h"
#include "table.h"

enum { OPT_DELETE = 0x100, OPT_UID, OPT_FORCE, OPT_KUBECONFIG, OPT_CONTEXT, OPT_CLUSTER_KUBECONFIG, OPT_CLUSTER_CONTEXT };

static const struct argp_option options[] = {
	{"delete", OPT_DELETE, NULL, 0, "Delete what the SyncTarget of --uid has left", 0},
	{"uid", OPT_UID, "UID", 0, "With --delete: the SyncTarget's uid", 0},
	{"force", OPT_FORCE, NULL, 0, "Although it is alive, or nobody can tell", 0},
	{"kubeconfig", OPT_KUBECONFIG, "FILE", 0, "Your administrator's kubeconfig of kcp (default $KUBECONFIG, else ~/.kube/config)", 0},
	{"context", OPT_CONTEXT, "NAME", 0, "Context in it", 0},
	{"cluster-kubeconfig", OPT_CLUSTER_KUBECONFIG, "FILE", 0, "Your administrator's kubeconfig of the physical cluster (same default)",
	 0},
	{"cluster-context", OPT_CLUSTER_CONTEXT, "NAME", 0, "Context in it", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct ctl_orphans *orphans = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = orphans->ctl;
		return 0;
	case OPT_DELETE:
		orphans->delete_them = true;
		return 0;
	case OPT_UID:
		orphans->uid = arg;
		return 0;
	case OPT_FORCE:
		orphans->force = true;
		return 0;
	case OPT_KUBECONFIG:
		orphans->kubeconfig = arg;
		return 0;
	case OPT_CONTEXT:
		orphans->context = arg;
		return 0;
	case OPT_CLUSTER_KUBECONFIG:
		orphans->cluster_kubeconfig = arg;
		return 0;
	case OPT_CLUSTER_CONTEXT:
		orphans->cluster_context = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	case ARGP_KEY_END:
		if (orphans->delete_them != (orphans->uid && *orphans->uid))
			argp_error(state, "--delete and --uid go together");
		if (orphans->force && !orphans->delete_them)
			argp_error(state, "--force goes with --delete");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void ctl_orphans_init(struct ctl_orphans *orphans, struct ctl *ctl)
{
	*orphans = (struct ctl_orphans){.ctl = ctl,
					.types = json_object_new_object(),
					.owners = json_object_new_object(),
					.namespaces = json_object_new_object(),
					.states = json_object_new_object(),
					.doomed = json_object_new_array(),
					.unread = json_object_new_array()};
	if (!orphans->types || !orphans->owners || !orphans->namespaces || !orphans->states || !orphans->doomed || !orphans->unread) {
		ctl_error("out of memory");
		exit(CTL_FAILED);
	}
}

void ctl_orphans_done(struct ctl_orphans *orphans)
{
	ctl_admin_free(orphans->kcp);
	ctl_admin_free(orphans->cluster);
	json_object_put(orphans->doomed);
	json_object_put(orphans->types);
	json_object_put(orphans->namespaces);
	json_object_put(orphans->owners);
	json_object_put(orphans->states);
	json_object_put(orphans->unread);
}

/* --- the list --- */

static void add_numbers(json_object *group, json_object *owner)
{
	json_object *sums = sy_json_object(group, "resources", NULL);

	json_object_object_foreach(sy_json_object(owner, "resources", NULL), name, entry)
	{
		json_object *sum = sy_json_object(sums, name, NULL);
		const char *oldest = sy_json_str(entry, "oldest", NULL);
		int64_t before = 0, more = 0;

		if (!sum)
			ctl_args_add(sums, name, sum = json_object_new_object());
		const char *known = sy_json_str(sum, "oldest", NULL);
		sy_json_int(sum, &before, "objects", NULL);
		sy_json_int(entry, &more, "objects", NULL);
		ctl_args_add(sum, "objects", json_object_new_int64(before + more));
		if (oldest && (!known || strcmp(oldest, known) < 0))
			ctl_args_add(sum, "oldest", json_object_new_string(oldest));
	}
}

/* One group for each SyncTarget and state, out of what its tenants have. */
static void add_owner(struct ctl_orphans *orphans, json_object *groups, json_object *owner)
{
	const char *const copied[] = {"workspace", "syncTarget", "uid", "key"};
	sy_auto_free char *id = NULL;

	const char *state = ctl_orphans_state(orphans, owner, false);
	if (!strcmp(state, "alive"))
		return;
	if (asprintf(&id, "%s %s %s %s", sy_json_str(owner, "workspace", NULL), sy_json_str(owner, "syncTarget", NULL),
		     sy_json_str(owner, "uid", NULL), state) < 0)
		exit(CTL_FAILED);
	json_object *group = sy_json_object(groups, id, NULL);
	if (!group) {
		ctl_args_add(groups, id, group = json_object_new_object());
		for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
			ctl_args_add(group, copied[i], json_object_get(sy_json_get(owner, copied[i], NULL)));
		ctl_args_add(group, "state", json_object_new_string(state));
		ctl_args_add(group, "tenants", json_object_new_array());
		ctl_args_add(group, "resources", json_object_new_object());
	}
	json_object_array_add(sy_json_array(group, "tenants", NULL), json_object_get(sy_json_get(owner, "tenant", NULL)));
	add_numbers(group, owner);
}

static void print_group(struct ctl *ctl, struct ctl_table *table, json_object *group)
{
	json_object_object_foreach(sy_json_object(group, "resources", NULL), name, entry)
	{
		const char *oldest = sy_json_str(entry, "oldest", NULL);
		int64_t count = 0;
		char age[32];
		time_t then;

		sy_json_int(entry, &count, "objects", NULL);
		ctl_table_row(table);
		ctl_table_cell(table, sy_json_str(group, "workspace", NULL));
		ctl_table_cell(table, sy_json_str(group, "syncTarget", NULL));
		ctl_table_cell(table, sy_json_str(group, "uid", NULL));
		ctl_table_cell(table, sy_json_str(group, "state", NULL));
		ctl_table_cell(table, name);
		ctl_table_cellf(table, "%lld", (long long)count);
		ctl_format_age(oldest && sy_time_parse(oldest, &then) ? (long)(time(NULL) - then) : -1, age, sizeof(age));
		ctl_table_cell(table, age);
		if (ctl->output != CTL_WIDE)
			continue;
		ctl_table_cellf(table, "%zu", json_object_array_length(sy_json_array(group, "tenants", NULL)));
		ctl_table_cell(table, sy_json_str(group, "key", NULL));
	}
}

static void print_groups(struct ctl *ctl, json_object *groups)
{
	static const char *const narrow[] = {"WORKSPACE", "SYNCTARGET", "UID", "STATE", "RESOURCE", "OBJECTS", "AGE", NULL};
	static const char *const wide[] = {"WORKSPACE", "SYNCTARGET", "UID", "STATE", "RESOURCE", "OBJECTS", "AGE", "TENANTS", "KEY", NULL};

	if (json_object_object_length(groups) == 0) {
		puts("No orphans.");
		return;
	}
	struct ctl_table *table = ctl_table_new(ctl->output == CTL_WIDE ? wide : narrow);
	json_object_object_foreach(groups, id, group)
	{
		(void)id;
		print_group(ctl, table, group);
	}
	ctl_table_print(table, stdout);
	ctl_table_free(table);
}

static void show(struct ctl_orphans *orphans)
{
	sy_auto_json json_object *groups = json_object_new_object();
	sy_auto_json json_object *value = ctl_args("orphans", NULL);
	json_object *list = json_object_new_array();

	json_object_object_foreach(orphans->owners, id, owner)
	{
		(void)id;
		add_owner(orphans, groups, owner);
	}
	if (ctl_wants_table(orphans->ctl)) {
		json_object_put(list);
		print_groups(orphans->ctl, groups);
		return;
	}
	json_object_object_foreach(groups, group_id, group)
	{
		(void)group_id;
		json_object_array_add(list, json_object_get(group));
	}
	ctl_args_add(value, "orphans", list);
	ctl_args_add(value, "unread", json_object_get(orphans->unread));
	(void)ctl_print_value(orphans->ctl, value);
}

/* --- the deletion --- */

/* Nothing is deleted that a living syncerd would only put there again, or whose SyncTarget cannot be asked for. */
static bool may_delete(struct ctl_orphans *orphans)
{
	json_object_object_foreach(orphans->owners, id, owner)
	{
		(void)id;
		if (strcmp(sy_json_str(owner, "uid", NULL), orphans->uid) != 0 || orphans->force)
			continue;
		const char *state = ctl_orphans_state(orphans, owner, true);
		if (!strcmp(state, "gone") || !strcmp(state, "re-created"))
			continue;
		ctl_error("SyncTarget %s of logical cluster %s with uid %s: %s; nothing was deleted (--force overrides)",
			  sy_json_str(owner, "syncTarget", NULL), sy_json_str(owner, "workspace", NULL), orphans->uid,
			  !strcmp(state, "alive")    ? "it is alive, and its syncerd removes what is not wanted"
			  : !strcmp(state, "direct") ? "it is of direct mode, and only its configuration can tell whether it is alive"
						     : "nobody can tell whether it is alive");
		return false;
	}
	return true;
}

static int run(struct ctl_orphans *orphans)
{
	ctl_orphans_scan(orphans);
	if (!orphans->delete_them)
		show(orphans);
	else if (!may_delete(orphans))
		return CTL_FAILED;
	else
		ctl_orphans_delete(orphans);
	for (size_t i = 0; i < json_object_array_length(orphans->unread); i++) {
		json_object *entry = json_object_array_get_idx(orphans->unread, i);

		ctl_error("incomplete: %s cannot be read: %s", sy_json_str(entry, "what", NULL), sy_json_str(entry, "why", NULL));
	}
	if (orphans->delete_them && ctl_wants_table(orphans->ctl))
		printf("%zu object%s deleted\n", orphans->deleted, orphans->deleted == 1 ? "" : "s");
	return orphans->failed ? CTL_FAILED : orphans->left || json_object_array_length(orphans->unread) ? CTL_INCOMPLETE : CTL_OK;
}

int ctl_orphans(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_child children[] = {{&ctl_common_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.doc = "List what SyncTargets that are gone or were made anew, and tenants that have unbound, have left in the physical "
		       "cluster.",
	};
	struct ctl_orphans orphans;
	int rc = CTL_FAILED;

	ctl_orphans_init(&orphans, ctl);
	ctl_argp(&argp, "orphans", argc, argv, &orphans);
	if (ctl_admin_open(&orphans.kcp, orphans.kubeconfig, orphans.context, "kcp") &&
	    ctl_admin_open(&orphans.cluster, orphans.cluster_kubeconfig, orphans.cluster_context, "cluster") &&
	    ctl_is_other_server(orphans.kcp, orphans.cluster))
		rc = run(&orphans);
	ctl_orphans_done(&orphans);
	return rc;
}
