/* `syncerctl orphans --delete`: copies first, then the namespaces that hold nothing else. */
#include <stdlib.h>
#include <string.h>

#include "orphans.h"

/* --- one object --- */

/* The tests keep an object that was made anew under the name, or that somebody has just taken over, from being lost. */
static json_object *make_options(json_object *record)
{
	json_object *options = ctl_args("kind", "DeleteOptions");
	json_object *preconditions = ctl_args("uid", sy_json_str(record, "uid", NULL));

	ctl_args_add(preconditions, "resourceVersion", json_object_new_string(sy_json_str(record, "resourceVersion", NULL)));
	ctl_args_add(options, "apiVersion", json_object_new_string("v1"));
	ctl_args_add(options, "propagationPolicy", json_object_new_string("Background"));
	ctl_args_add(options, "preconditions", preconditions);
	return options;
}

/* After a conflict: false when it is not the object that was found any more, so nothing is to be done. */
static bool look_again(struct ctl_orphans *orphans, json_object *record)
{
	struct ctl_answer answer;
	bool same = false;

	ctl_admin_call(orphans->cluster, NULL, "GET", sy_json_str(record, "path", NULL), NULL, NULL, NULL, &answer);
	json_object *meta = sy_json_object(answer.object, "metadata", NULL);
	const char *uid = sy_json_str(meta, "uid", NULL);
	const char *version = sy_json_str(meta, "resourceVersion", NULL);
	if (answer.verdict == SY_KUBE_OK && uid && version)
		same = !strcmp(uid, sy_json_str(record, "uid", NULL)) &&
		       ctl_orphans_owner(orphans, sy_json_str(record, "namespace", NULL) != NULL, answer.object) ==
			       sy_json_get(record, "owner", NULL);
	if (same) {
		ctl_args_add(record, "resourceVersion", json_object_new_string(version));
		ctl_args_add(record, "terminating", json_object_new_boolean(sy_json_str(meta, "deletionTimestamp", NULL) != NULL));
	}
	ctl_answer_done(&answer);
	return same;
}

static void print_deleted(struct ctl_orphans *orphans, json_object *record, bool going)
{
	const char *object = sy_json_str(record, "object", NULL);

	orphans->deleted++;
	if (!ctl_wants_table(orphans->ctl)) {
		sy_auto_json json_object *line = ctl_args("object", object);

		ctl_args_add(line, "tenant", json_object_get(sy_json_get(record, "owner", "tenant", NULL)));
		ctl_args_add(line, "terminating", json_object_new_boolean(going));
		(void)ctl_print_item(orphans->ctl, line);
		return;
	}
	sy_auto_free char *visible = ctl_visible(object);
	printf("%s %s\n", visible, going ? "is being deleted" : "deleted");
}

/* False: the object was changed meanwhile. */
static bool try_delete(struct ctl_orphans *orphans, json_object *record)
{
	sy_auto_json json_object *options = make_options(record);
	struct ctl_answer answer;
	bool conflict;

	ctl_admin_call(orphans->cluster, NULL, "DELETE", sy_json_str(record, "path", NULL), NULL, SY_CT_JSON, options, &answer);
	conflict = answer.verdict == SY_KUBE_CONFLICT;
	if (answer.verdict == SY_KUBE_OK) { /* what has finalizers comes back as it is now */
		print_deleted(orphans, record, sy_json_str(answer.object, "metadata", "deletionTimestamp", NULL) != NULL);
	} else if (!conflict && answer.verdict != SY_KUBE_NOT_FOUND && answer.verdict != SY_KUBE_NAMESPACE_MISSING) {
		ctl_error("%s cannot be deleted: %s", sy_json_str(record, "object", NULL), answer.message);
		orphans->failed = true;
	}
	ctl_answer_done(&answer);
	return !conflict;
}

static void delete_object(struct ctl_orphans *orphans, json_object *record)
{
	for (int i = 0; i < CTL_ORPHANS_TRIES; i++) {
		bool going = false;

		sy_json_bool(record, &going, "terminating", NULL);
		if (going)
			return print_deleted(orphans, record, true);
		if (try_delete(orphans, record) || !look_again(orphans, record))
			return;
	}
	ctl_error("%s changes all the time: run this again", sy_json_str(record, "object", NULL));
	orphans->failed = true;
}

/* --- namespaces --- */

struct look {
	struct ctl_orphans *orphans;
	json_object *owner;
	const char *type;
	char *keeper; /* what else is in it */
};

static bool look_at(void *arg, json_object *item)
{
	static const char *const from_the_cluster[] = {"configmaps/kube-root-ca.crt", "serviceaccounts/default"};
	struct look *look = arg;
	const char *name = sy_json_str(item, "metadata", "name", NULL);
	sy_auto_free char *text = NULL;

	if (ctl_orphans_owner(look->orphans, false, item) == look->owner)
		return true; /* on its way out */
	if (asprintf(&text, "%s/%s", look->type, name ? name : "") < 0) {
		ctl_error("out of memory");
		exit(CTL_FAILED);
	}
	for (size_t i = 0; i < sizeof(from_the_cluster) / sizeof(from_the_cluster[0]); i++)
		if (!strcmp(text, from_the_cluster[i]))
			return true;
	look->keeper = sy_take_ptr(text);
	return false;
}

/* What keeps a namespace, owned; NULL = nothing. Events are about what goes. */
static char *find_keeper(struct ctl_orphans *orphans, json_object *owner, const char *ns)
{
	struct look look = {.orphans = orphans, .owner = owner};

	json_object_object_foreach(orphans->types, name, type)
	{
		const struct sy_gvr gvr = ctl_orphans_gvr(type);
		sy_auto_free char *message = NULL;
		bool namespaced = false;

		sy_json_bool(type, &namespaced, "namespaced", NULL);
		if (!namespaced || !strcmp(gvr.resource, "events"))
			continue;
		look.type = name;
		if (ctl_orphans_list(orphans, &gvr, ns, NULL, look_at, &look, &message) != SY_KUBE_OK) {
			free(look.keeper);
			if (asprintf(&look.keeper, "%s, which cannot be read: %s", name, message) < 0)
				look.keeper = strdup(name);
		}
		if (look.keeper)
			break;
	}
	return look.keeper;
}

static void delete_namespace(struct ctl_orphans *orphans, json_object *record)
{
	const char *ns = sy_json_str(record, "namespace", NULL);
	sy_auto_free char *keeper = find_keeper(orphans, sy_json_get(record, "owner", NULL), ns);

	if (!keeper)
		return delete_object(orphans, record);
	ctl_error("namespace %s is left because of %s: when that is gone, run this again, or delete the namespace by hand", ns, keeper);
	orphans->left = true;
}

void ctl_orphans_delete(struct ctl_orphans *orphans)
{
	size_t count = json_object_array_length(orphans->doomed);
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		json_object *record = json_object_array_get_idx(orphans->doomed, i);

		if (!sy_json_str(record, "namespace", NULL))
			delete_object(orphans, record);
	}
	for (size_t i = 0; i < count; i++) {
		json_object *record = json_object_array_get_idx(orphans->doomed, i);

		if (!sy_json_str(record, "namespace", NULL))
			continue;
		if (orphans->failed || json_object_array_length(orphans->unread))
			kept++; /* nobody can tell what is in them */
		else
			delete_namespace(orphans, record);
	}
	if (kept) {
		ctl_error("%zu namespace%s left until everything in the cluster can be read and deleted", kept,
			  kept == 1 ? " is" : "s are");
		orphans->left = true;
	}
}
