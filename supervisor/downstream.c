#include "supervisor/downstream.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kube/gvr.h"

#define MIN_ROUND_MS 2000
#define FAILED_ROUND_MS 5000
#define MAX_VERSIONS 16

struct group_version {
	char *name;
	struct sy_served served;
};

struct group {
	char *name;
	enum sy_served_state state;
	struct group_version *versions; /* last complete answer */
	size_t version_count;
	bool in_round;		     /* was there when the round read /apis */
	struct sy_strv pending;	     /* versions of the round under way */
	struct group_version *fresh; /* answers of the round under way */
	size_t fresh_count;
};

struct sy_downstream {
	struct sy_loop *loop;
	struct sy_kube *kube;
	const struct sy_timings *timings;
	sy_loop_fn *changed;
	void *arg;
	struct sy_timer *timer;
	struct sy_kube_request *request;
	struct group *groups;
	size_t group_count;
	size_t at_group; /* position of the round */
	size_t at_version;
	bool again; /* a group joined during the round */
	int64_t round_ms;
	bool asked;
	char *version;
	enum sy_kube_verdict verdict;
	char *message;
};

static void versions_free(struct group_version *versions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(versions[i].name);
		sy_served_done(&versions[i].served);
	}
	free(versions);
}

static void group_done(struct group *group)
{
	free(group->name);
	versions_free(group->versions, group->version_count);
	versions_free(group->fresh, group->fresh_count);
	sy_strv_done(&group->pending);
}

static struct group *find_group(const struct sy_downstream *downstream, const char *name)
{
	for (size_t i = 0; i < downstream->group_count; i++) {
		if (strcmp(downstream->groups[i].name, name) == 0)
			return &downstream->groups[i];
	}
	return NULL;
}

static void set_verdict(struct sy_downstream *downstream, enum sy_kube_verdict verdict, const char *message)
{
	if (verdict != SY_KUBE_OK && downstream->verdict != verdict)
		sy_warn(NULL, "physical cluster: %s; trying again", message);
	else if (verdict == SY_KUBE_OK && downstream->verdict != SY_KUBE_OK)
		sy_info(NULL, "physical cluster answers again");
	downstream->verdict = verdict;
	free(downstream->message);
	downstream->message = strdup(message ? message : "");
}

static int get(struct sy_downstream *downstream, const char *path, sy_kube_done_fn *done)
{
	struct sy_kube_call call = {.method = "GET", .path = path};
	struct sy_error err = {0};
	int r = sy_kube_do(downstream->kube, &call, done, downstream, &downstream->request, &err);

	if (r < 0)
		set_verdict(downstream, SY_KUBE_UNREACHABLE, err.text);
	return r;
}

static void round_end(struct sy_downstream *downstream, bool ok)
{
	int64_t delay = ok ? downstream->timings->discovery_ms : FAILED_ROUND_MS;

	downstream->asked = true;
	for (size_t i = 0; i < downstream->group_count; i++) {
		struct group *group = &downstream->groups[i];

		if (!ok && group->state == SY_SERVED_ANSWERED)
			group->state = SY_SERVED_STALE;
		versions_free(group->fresh, group->fresh_count);
		group->fresh = NULL;
		group->fresh_count = 0;
		group->in_round = false;
		sy_strv_done(&group->pending);
	}
	if (ok && downstream->again)
		delay = 0;
	downstream->again = false;
	sy_timer_start(downstream->timer, delay);
	downstream->changed(downstream->arg);
}

static void next_step(struct sy_downstream *downstream);

/* The group is complete: its answers replace the old ones as a whole. */
static void group_complete(struct group *group)
{
	versions_free(group->versions, group->version_count);
	group->versions = group->fresh;
	group->version_count = group->fresh_count;
	group->fresh = NULL;
	group->fresh_count = 0;
	group->state = SY_SERVED_ANSWERED;
}

static void got_resources(void *arg, const struct sy_kube_result *result)
{
	struct sy_downstream *downstream = arg;
	struct group *group = &downstream->groups[downstream->at_group];
	struct group_version *fresh;
	struct sy_served served = {0};
	struct sy_error err = {0};

	downstream->request = NULL;
	if (result->verdict != SY_KUBE_OK || sy_served_decode(result->object, &served, &err) < 0) {
		set_verdict(downstream, result->verdict == SY_KUBE_OK ? SY_KUBE_SERVER_ERROR : result->verdict,
			    result->verdict == SY_KUBE_OK ? err.text : result->message);
		round_end(downstream, false);
		return;
	}
	fresh = reallocarray(group->fresh, group->fresh_count + 1, sizeof(*fresh));
	if (!fresh) {
		sy_served_done(&served);
		round_end(downstream, false);
		return;
	}
	group->fresh = fresh;
	fresh[group->fresh_count].name = strdup(group->pending.items[downstream->at_version]);
	fresh[group->fresh_count].served = served;
	if (!fresh[group->fresh_count++].name) {
		group->fresh_count--;
		sy_served_done(&served);
		round_end(downstream, false);
		return;
	}
	downstream->at_version++;
	next_step(downstream);
}

static void next_step(struct sy_downstream *downstream)
{
	struct sy_buf path;
	int r;

	while (downstream->at_group < downstream->group_count &&
	       downstream->at_version >= downstream->groups[downstream->at_group].pending.count) {
		if (downstream->groups[downstream->at_group].in_round)
			group_complete(&downstream->groups[downstream->at_group]);
		downstream->at_group++;
		downstream->at_version = 0;
	}
	if (downstream->at_group >= downstream->group_count) {
		set_verdict(downstream, SY_KUBE_OK, "");
		round_end(downstream, true);
		return;
	}
	sy_buf_init(&path, 1024);
	if (downstream->groups[downstream->at_group].name[0] == '\0')
		r = sy_buf_add_str(&path, "/api/v1");
	else
		r = sy_buf_printf(&path, "/apis/%s/%s", downstream->groups[downstream->at_group].name,
				  downstream->groups[downstream->at_group].pending.items[downstream->at_version]);
	if (r == 0)
		r = get(downstream, sy_buf_str(&path), got_resources);
	sy_buf_done(&path);
	if (r < 0)
		round_end(downstream, false);
}

static void add_version(void *arg, const char *version)
{
	struct sy_strv *list = arg;

	if (list->count < MAX_VERSIONS)
		(void)sy_strv_add_new(list, version, NULL);
}

static void got_groups(void *arg, const struct sy_kube_result *result)
{
	struct sy_downstream *downstream = arg;
	struct sy_error err = {0};
	bool ok = result->verdict == SY_KUBE_OK;

	downstream->request = NULL;
	for (size_t i = 0; ok && i < downstream->group_count; i++) {
		struct group *group = &downstream->groups[i];

		sy_strv_done(&group->pending);
		group->in_round = true;
		if (group->name[0] == '\0')
			ok = sy_strv_add(&group->pending, "v1", &err) == 0;
		else
			ok = sy_group_versions(result->object, group->name, add_version, &group->pending, &err) == 0;
	}
	if (!ok) {
		set_verdict(downstream, result->verdict == SY_KUBE_OK ? SY_KUBE_SERVER_ERROR : result->verdict,
			    result->verdict == SY_KUBE_OK ? err.text : result->message);
		round_end(downstream, false);
		return;
	}
	downstream->at_group = 0;
	downstream->at_version = 0;
	next_step(downstream);
}

static void got_version(void *arg, const struct sy_kube_result *result)
{
	struct sy_downstream *downstream = arg;
	const char *version = result->verdict == SY_KUBE_OK ? sy_json_str(result->object, "gitVersion", NULL) : NULL;

	downstream->request = NULL;
	if (result->verdict == SY_KUBE_UNREACHABLE || result->verdict == SY_KUBE_UNAUTHORIZED) {
		set_verdict(downstream, result->verdict, result->message);
		round_end(downstream, false);
		return;
	}
	if (version && strlen(version) <= 64) {
		free(downstream->version);
		downstream->version = strdup(version);
	}
	if (get(downstream, "/apis", got_groups) < 0)
		round_end(downstream, false);
}

static void round_start(void *arg)
{
	struct sy_downstream *downstream = arg;

	if (downstream->request)
		return;
	downstream->round_ms = sy_loop_now_ms(downstream->loop);
	downstream->again = false;
	if (get(downstream, "/version", got_version) < 0)
		round_end(downstream, false);
}

int sy_downstream_new(struct sy_downstream **ret_downstream, struct sy_loop *loop, struct sy_kube *kube, const struct sy_timings *timings,
		      sy_loop_fn *changed, void *arg, struct sy_error *err)
{
	struct sy_downstream *downstream = calloc(1, sizeof(*downstream));
	int r;

	if (!downstream)
		return sy_error_oom(err);
	*downstream = (struct sy_downstream){.loop = loop, .kube = kube, .timings = timings, .changed = changed, .arg = arg};
	downstream->round_ms = INT64_MIN / 2;
	r = sy_timer_new(&downstream->timer, loop, round_start, downstream, err);
	if (r < 0) {
		sy_downstream_free(downstream);
		return r;
	}
	sy_timer_start(downstream->timer, 0);
	*ret_downstream = downstream;
	return 0;
}

void sy_downstream_free(struct sy_downstream *downstream)
{
	if (!downstream)
		return;
	sy_kube_cancel(downstream->request);
	sy_timer_free(downstream->timer);
	for (size_t i = 0; i < downstream->group_count; i++)
		group_done(&downstream->groups[i]);
	free(downstream->groups);
	free(downstream->version);
	free(downstream->message);
	free(downstream);
}

int sy_downstream_want(struct sy_downstream *downstream, const struct sy_strv *groups, struct sy_error *err)
{
	for (size_t i = 0; i < groups->count; i++) {
		struct group *items;

		if (find_group(downstream, groups->items[i]))
			continue;
		items = reallocarray(downstream->groups, downstream->group_count + 1, sizeof(*items));
		if (!items)
			return sy_error_oom(err);
		downstream->groups = items;
		items[downstream->group_count] = (struct group){.name = strdup(groups->items[i])};
		if (!items[downstream->group_count].name)
			return sy_error_oom(err);
		downstream->group_count++;
		downstream->again = true;
		if (!downstream->request)
			sy_timer_start(downstream->timer, 0);
	}
	return 0;
}

void sy_downstream_rediscover(struct sy_downstream *downstream)
{
	int64_t age = sy_loop_now_ms(downstream->loop) - downstream->round_ms;

	if (!downstream->request)
		sy_timer_start(downstream->timer, age >= MIN_ROUND_MS ? 0 : MIN_ROUND_MS - age);
}

enum sy_served_state sy_downstream_state(const struct sy_downstream *downstream, const char *name)
{
	const struct group *group = find_group(downstream, name);

	return group ? group->state : SY_SERVED_UNKNOWN;
}

const struct sy_served_resource *sy_downstream_find(const struct sy_downstream *downstream, const char *group_name, const char *version,
						    const char *resource)
{
	const struct group *group = find_group(downstream, group_name);

	for (size_t i = 0; group && i < group->version_count; i++) {
		const struct sy_served_resource *found;

		if (version && strcmp(group->versions[i].name, version) != 0)
			continue;
		found = sy_served_find(&group->versions[i].served, resource);
		if (found)
			return found;
	}
	return NULL;
}

const char *sy_downstream_version(const struct sy_downstream *downstream)
{
	return downstream->version ? downstream->version : "";
}

enum sy_kube_verdict sy_downstream_verdict(const struct sy_downstream *downstream)
{
	return downstream->verdict;
}

const char *sy_downstream_message(const struct sy_downstream *downstream)
{
	return downstream->message ? downstream->message : "";
}

bool sy_downstream_asked(const struct sy_downstream *downstream)
{
	return downstream->asked;
}

int sy_downstream_learn(struct sy_downstream *downstream, const char *name, const char *version, json_object *list, struct sy_error *err)
{
	struct group *groups =
		find_group(downstream, name) ? NULL : reallocarray(downstream->groups, downstream->group_count + 1, sizeof(*groups));
	struct group *group;
	int r = 0;

	if (groups) {
		downstream->groups = groups;
		groups[downstream->group_count++] = (struct group){.name = strdup(name)};
	}
	group = find_group(downstream, name);
	if (!group)
		return sy_error_oom(err);
	group->fresh = calloc(1, sizeof(*group->fresh));
	if (!group->fresh)
		return sy_error_oom(err);
	group->fresh[0].name = strdup(version);
	group->fresh_count = 1;
	if (list)
		r = sy_served_decode(list, &group->fresh[0].served, err);
	group_complete(group);
	return r;
}
