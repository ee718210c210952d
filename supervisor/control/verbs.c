/* Answers to syncerctl: which verbs there are, and those that act. What they show is made in verbs_show.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/control/verbs.h"

#define REFUSED_SHOWN 100 /* their number is not bounded by that of the workers, and an answer has a greatest size */

struct follower {
	struct sy_control_call *call;
	char *cluster; /* NULL = all */
};

struct dump { /* one dump under way */
	struct sy_verbs *verbs;
	struct sy_control_call *call; /* NULL = the client went away first */
	struct dump *next;
};

struct sy_verbs {
	struct follower followers[SY_MAX_CONTROL_CLIENTS];
	size_t count;
	struct dump *dumps;
};

static void answer(struct sy_control_call *call, json_object *value)
{
	if (value)
		sy_control_answer(call, value, false);
	else
		sy_control_fail(call, "Internal", "out of memory");
}

/* The tenant that a request names; NULL after having answered. */
static struct sy_tenant *named_tenant(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args)
{
	const char *name = sy_json_str(args, "workspace", NULL);
	struct sy_tenant *other = NULL;
	struct sy_tenant *tenant = name ? sy_tenants_named(&sup->tenants, name, &other) : NULL;

	if (!name)
		sy_control_fail(call, "BadRequest", "the request names no workspace");
	else if (!tenant)
		sy_control_fail(call, "NotFound", "no workspace %s is served here; see `syncerctl workspaces`", name);
	else if (other)
		sy_control_fail(call, "Ambiguous",
				"%s is the path of %s and of %s: it was deleted and made again, and the former one still drains. Say which "
				"one by its "
				"name; see `syncerctl workspaces`",
				name, tenant->cluster, other->cluster);
	return other ? NULL : tenant;
}

static json_object *done_value(const struct sy_tenant *tenant)
{
	json_object *value = json_object_new_object();
	int r = sy_json_add_str(value, "cluster", tenant->cluster);

	if (r == 0)
		r = sy_json_add_str(value, "path", tenant->path);
	if (r < 0) {
		json_object_put(value);
		return NULL;
	}
	return value;
}

static void finish(struct sy_control_call *call, const struct sy_tenant *tenant, int r, const struct sy_error *err)
{
	if (r == 0)
		answer(call, done_value(tenant));
	else
		sy_control_fail(call, r == -ENOENT ? "NotFound" : "Failed", "%s", err->text);
}

json_object *sy_verbs_each(struct sy_supervisor *sup, json_object *(*show)(struct sy_supervisor *, const struct sy_tenant *))
{
	json_object *array = json_object_new_array();
	size_t refused = 0;

	for (size_t i = 0; array && i < sup->tenants.count; i++) {
		json_object *item;

		if (sup->tenants.items[i]->refused && ++refused > REFUSED_SHOWN)
			continue;
		item = show(sup, sup->tenants.items[i]);
		if (item && json_object_array_add(array, item) == 0)
			continue;
		json_object_put(item);
		json_object_put(array);
		return NULL;
	}
	return array;
}

static void do_status(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args)
{
	bool workspaces = false;

	sy_json_bool(args, &workspaces, "workspaces", NULL);
	answer(call, workspaces ? sy_verbs_sample(sup) : sy_verbs_status(sup));
}

static void do_workspaces(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args)
{
	(void)args;
	answer(call, sy_verbs_each(sup, sy_verbs_workspace));
}

static void do_workspace(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args)
{
	struct sy_tenant *tenant = named_tenant(sup, call, args);

	if (tenant)
		answer(call, sy_verbs_workspace(sup, tenant));
}

static void do_restart(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args)
{
	struct sy_tenant *tenant = named_tenant(sup, call, args);
	struct sy_error err = {0};

	if (tenant)
		finish(call, tenant, sup->workers ? sy_workers_restart(sup->workers, tenant->cluster, &err) : -ENOENT, &err);
}

static void set_paused(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args, bool paused)
{
	struct sy_tenant *tenant = named_tenant(sup, call, args);
	struct sy_error err = {0};

	int r;

	if (!tenant)
		return;
	r = sup->workers ? sy_workers_pause(sup->workers, tenant->cluster, paused, &err) : -ENOENT;
	if (r < 0 && r != -ENOENT)
		sy_control_fail(call, "Failed", "%s is %s now, but a restart of syncerd will not know it: %s", tenant->cluster,
				paused ? "paused" : "resumed", err.text);
	else
		finish(call, tenant, r, &err);
	sy_supervisor_changed(sup);
}

static void do_approve(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args)
{
	struct sy_tenant *tenant = named_tenant(sup, call, args);
	struct sy_error err = {0};

	if (!tenant)
		return;
	int r = sup->workers ? sy_workers_approve(sup->workers, tenant->cluster, &err) : -ENOENT;
	json_object *value = r < 0 ? NULL : done_value(tenant);

	if (r < 0)
		finish(call, tenant, r, &err);
	else if (value && sy_json_add_bool(value, "changed", r > 0) == 0)
		answer(call, value);
	else {
		json_object_put(value);
		answer(call, NULL);
	}
}

static void do_pause(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args)
{
	set_paused(sup, call, args, true);
}

static void do_resume(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args)
{
	set_paused(sup, call, args, false);
}

static void do_loglevel(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args)
{
	const char *text = sy_json_str(args, "level", NULL);
	struct sy_tenant *tenant = NULL;
	enum sy_log_level level;
	struct sy_error err = {0};
	json_object *value;

	if (!text || !sy_log_level_parse(text, &level)) {
		sy_control_fail(call, "BadRequest", "level must be one of error, warning, info, debug");
		return;
	}
	if (sy_json_str(args, "workspace", NULL)) {
		tenant = named_tenant(sup, call, args);
		if (!tenant)
			return;
	} else {
		sy_log_set_level(level);
	}
	if (sup->workers && sy_workers_loglevel(sup->workers, tenant ? tenant->cluster : NULL, level, &err) < 0) {
		sy_control_fail(call, "Failed", "%s", err.text);
		return;
	}
	value = json_object_new_object();
	if (sy_json_add_str(value, "level", sy_log_level_name(level)) < 0) {
		json_object_put(value);
		value = NULL;
	}
	answer(call, value);
}

static void follow(struct sy_supervisor *sup, struct sy_control_call *call, const char *cluster)
{
	struct sy_verbs *verbs = sup->verbs;
	char *copy = cluster ? strdup(cluster) : NULL;
	json_object *old;

	if (verbs->count >= SY_MAX_CONTROL_CLIENTS || (cluster && !copy)) {
		free(copy);
		sy_control_fail(call, "TooMany", "too many followers");
		return;
	}
	verbs->followers[verbs->count++] = (struct follower){call, copy};
	old = sy_event_ring_list(sup->ring, cluster);
	for (size_t i = 0; old && i < json_object_array_length(old); i++)
		sy_control_answer(call, json_object_get(json_object_array_get_idx(old, i)), true);
	json_object_put(old);
}

static void do_events(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args)
{
	struct sy_tenant *tenant = NULL;
	bool wants_follow = false;

	if (sy_json_str(args, "workspace", NULL)) {
		tenant = named_tenant(sup, call, args);
		if (!tenant)
			return;
	}
	if (sy_json_bool(args, &wants_follow, "follow", NULL) && wants_follow)
		follow(sup, call, tenant ? tenant->cluster : NULL);
	else
		answer(call, sy_event_ring_list(sup->ring, tenant ? tenant->cluster : NULL));
}

static void dump_free(struct dump *dump)
{
	struct dump **at = &dump->verbs->dumps;

	while (*at && *at != dump)
		at = &(*at)->next;
	if (*at)
		*at = dump->next;
	free(dump);
}

static void dumped(void *arg, json_object *value, const char *error)
{
	struct dump *dump = arg;
	const char *missing = error ? NULL : sy_json_str(value, "missing", NULL);

	if (dump->call && error)
		sy_control_fail(dump->call, "Failed", "%s", error);
	else if (dump->call && missing)
		sy_control_fail(dump->call, "NotFound", "%s", missing);
	else if (dump->call)
		sy_control_answer(dump->call, json_object_get(value), false);
	dump_free(dump);
}

static int start_dump(struct sy_supervisor *sup, struct sy_control_call *call, const struct sy_tenant *tenant, json_object *args,
		      struct sy_error *err)
{
	sy_auto_json json_object *question = sy_json_copy(args);
	struct dump *dump = calloc(1, sizeof(*dump));
	int r;

	if (!question || !dump) {
		free(dump);
		return sy_error_oom(err);
	}
	json_object_object_del(question, "workspace");
	*dump = (struct dump){.verbs = sup->verbs, .call = call, .next = sup->verbs->dumps};
	sup->verbs->dumps = dump;
	r = sup->workers ? sy_workers_dump(sup->workers, tenant->cluster, question, dumped, dump, err)
			 : sy_error_set(err, ENOENT, "no worker runs yet");
	if (r < 0)
		dump_free(dump);
	return r;
}

static void do_dump(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args)
{
	struct sy_tenant *tenant = named_tenant(sup, call, args);
	struct sy_error err = {0};
	int r = tenant ? start_dump(sup, call, tenant, args, &err) : 0;

	if (r < 0)
		sy_control_fail(call, r == -ENOENT ? "NotFound" : "Failed", "%s", err.text);
}

static void do_version(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args)
{
	json_object *value = json_object_new_object();

	(void)sup;
	(void)args;
	if (sy_json_add_str(value, "version", SY_VERSION) < 0) {
		json_object_put(value);
		value = NULL;
	}
	answer(call, value);
}

static const struct {
	const char *name;
	void (*run)(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args);
} table[] = {
	{"status", do_status},		 {"workspaces", do_workspaces},
	{"workspace", do_workspace},	 {"restart", do_restart},
	{"approve", do_approve},	 {"pause", do_pause},
	{"resume", do_resume},		 {"loglevel", do_loglevel},
	{"events", do_events},		 {"dump", do_dump},
	{"version", do_version},	 {"cordon", sy_verbs_cordon},
	{"uncordon", sy_verbs_uncordon}, {"drain", sy_verbs_drain},
	{"schedule", sy_verbs_schedule},
};

static void on_request(void *arg, struct sy_control_call *call, const struct sy_control_request *request)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].name, request->verb) == 0) {
			table[i].run(arg, call, request->args);
			return;
		}
	}
	sy_control_fail(call, "UnknownVerb", "this syncerd does not know that request; is syncerctl newer?");
}

static void on_gone(void *arg, struct sy_control_call *call)
{
	struct sy_supervisor *sup = arg;
	struct sy_verbs *verbs = sup->verbs;

	if (sup->ordering == call)
		sup->ordering = NULL;
	for (struct dump *dump = verbs->dumps; dump; dump = dump->next) {
		if (dump->call == call)
			dump->call = NULL;
	}
	for (size_t i = 0; i < verbs->count; i++) {
		if (verbs->followers[i].call != call)
			continue;
		free(verbs->followers[i].cluster);
		verbs->followers[i] = verbs->followers[--verbs->count];
		return;
	}
}

void sy_verbs_event(struct sy_supervisor *sup, const char *cluster, json_object *event)
{
	struct sy_verbs *verbs = sup->verbs;

	/* From the end: an answer can end with `gone`, which takes the follower out. */
	for (size_t i = verbs ? verbs->count : 0; i > 0; i--) {
		struct follower *follower = i <= verbs->count ? &verbs->followers[i - 1] : NULL;

		if (follower && (!follower->cluster || (cluster && strcmp(follower->cluster, cluster) == 0)))
			sy_control_answer(follower->call, json_object_get(event), true);
	}
}

int sy_verbs_open(struct sy_supervisor *sup, struct sy_error *err)
{
	static const struct sy_control_ops ops = {on_request, on_gone};
	int fd, r;

	sup->verbs = calloc(1, sizeof(*sup->verbs));
	if (!sup->verbs)
		return sy_error_oom(err);
	if (sy_workers_runtime(sup->config->runtime_directory, err) < 0)
		return -err->code;
	r = sy_control_handed_over(&fd, err);
	if (r == 0)
		r = sy_control_new(&sup->control, sup->loop, sup->config->control_socket, fd, &ops, sup, err);
	if (r < 0 && fd >= 0)
		(void)close(fd);
	return r;
}

void sy_verbs_close(struct sy_supervisor *sup)
{
	sy_control_free(sup->control);
	sup->control = NULL;
	sup->ordering = NULL;
	for (size_t i = 0; sup->verbs && i < sup->verbs->count; i++)
		free(sup->verbs->followers[i].cluster);
	while (sup->verbs && sup->verbs->dumps)
		dump_free(sup->verbs->dumps);
	free(sup->verbs);
	sup->verbs = NULL;
}
