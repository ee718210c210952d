#include "supervisor/discovery/downstream_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kube/gvr.h"
#include "supervisor/config/advice.h"

#define MIN_ROUND_MS 2000
#define FAILED_ROUND_MS 5000
#define MAX_VERSIONS 16

static void set_verdict(struct sy_downstream *downstream, enum sy_kube_verdict verdict, const char *message)
{
	const char *advice = sy_advice(SY_ADVICE_CLUSTER, verdict, message);

	if (verdict != SY_KUBE_OK && downstream->verdict != verdict)
		sy_warn(NULL, "physical cluster at %s: %s%s%s; trying again", downstream->kube ? sy_kube_server(downstream->kube) : "-",
			message, *advice ? "; " : "", advice);
	else if (verdict == SY_KUBE_OK && downstream->verdict != SY_KUBE_OK)
		sy_info(NULL, "physical cluster answers again");
	downstream->verdict = verdict;
	free(downstream->message);
	downstream->message = strdup(message ? message : "");
}

#define FREE_ROUNDS 2 /* fruitless ones: what is made in the cluster is seen in several steps */
#define MOST_FRUITLESS 12

/* A tag that changes although nothing does, or somebody who says so of types that are not there, must not make us read everything every few
 * seconds: the time between two looks doubles up to that of the rounds that come anyway. */
static int64_t hold_ms(const struct sy_downstream *downstream)
{
	int64_t most = downstream->timings->discovery_ms, hold = downstream->timings->probe_ms;

	for (unsigned i = FREE_ROUNDS; i < downstream->fruitless && hold < most; i++)
		hold *= 2;
	return hold < most ? hold : most;
}

static void count_round(struct sy_downstream *downstream)
{
	if (downstream->found)
		downstream->fruitless = 0;
	else if (downstream->called && downstream->fruitless < MOST_FRUITLESS)
		downstream->fruitless++;
}

/* Not before the server wants to be asked again. */
static void start_in(struct sy_downstream *downstream, int64_t delay)
{
	int64_t held = downstream->not_before_ms - sy_loop_now_ms(downstream->loop);

	sy_timer_start(downstream->timer, delay > held ? delay : held);
}

static void hold_back(struct sy_downstream *downstream, const struct sy_kube_result *result)
{
	if (result->verdict == SY_KUBE_THROTTLED)
		downstream->not_before_ms = sy_loop_now_ms(downstream->loop) + result->retry_after_ms;
}

/* A round is under way. */
static bool busy(const struct sy_downstream *downstream)
{
	return downstream->request || downstream->starting;
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
		struct sy_group *group = &downstream->groups[i];

		if (!ok && !group->answered && group->state == SY_SERVED_ANSWERED)
			group->state = SY_SERVED_STALE;
		sy_group_versions_free(group->fresh, group->fresh_count);
		group->fresh = NULL;
		group->fresh_count = 0;
		group->in_round = group->answered = false;
		sy_strv_done(&group->pending);
	}
	if (ok && downstream->again)
		delay = 0;
	if (ok)
		count_round(downstream);
	downstream->again = downstream->called = false;
	start_in(downstream, delay);
	if (downstream->tagged)
		sy_timer_start(downstream->probe_timer, hold_ms(downstream));
	downstream->changed(downstream->arg);
}

static void next_step(struct sy_downstream *downstream);

/* The server does not answer at all, or not us. */
static bool is_general(enum sy_kube_verdict verdict)
{
	return verdict == SY_KUBE_UNREACHABLE || verdict == SY_KUBE_UNAUTHORIZED || verdict == SY_KUBE_THROTTLED;
}

/* One group cannot be read, an aggregated API that is down, say: the others can. */
static void skip_group(struct sy_downstream *downstream, const char *why)
{
	struct sy_group *group = &downstream->groups[downstream->at_group];

	if (!group->failing)
		sy_warn(NULL, "physical cluster: API group %s cannot be read: %s; trying again", group->name[0] ? group->name : "v1", why);
	group->failing = true;
	group->in_round = false;
	downstream->skipped = true;
	downstream->at_group++;
	downstream->at_version = 0;
	next_step(downstream);
}

static void got_resources(void *arg, const struct sy_kube_result *result)
{
	struct sy_downstream *downstream = arg;
	struct sy_group *group = &downstream->groups[downstream->at_group];
	struct sy_group_version *fresh;
	struct sy_served served = {0};
	struct sy_error err = {0};

	downstream->request = NULL;
	if (result->verdict != SY_KUBE_OK || sy_served_decode(result->object, &served, &err) < 0) {
		hold_back(downstream, result);
		if (is_general(result->verdict)) {
			set_verdict(downstream, result->verdict, result->message);
			round_end(downstream, false);
		} else {
			skip_group(downstream, result->verdict == SY_KUBE_OK ? err.text : result->message);
		}
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
		struct sy_group *group = &downstream->groups[downstream->at_group];

		downstream->found = downstream->found || (group->in_round && sy_group_differs(group));
		if (group->in_round)
			sy_group_complete(group, sy_loop_now_ms(downstream->loop));
		group->answered = group->in_round;
		group->failing = group->failing && !group->in_round;
		downstream->at_group++;
		downstream->at_version = 0;
	}
	if (downstream->at_group >= downstream->group_count) {
		set_verdict(downstream, SY_KUBE_OK, "");
		round_end(downstream, !downstream->skipped);
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
		struct sy_group *group = &downstream->groups[i];

		sy_strv_done(&group->pending);
		group->in_round = true;
		if (group->name[0] == '\0')
			ok = sy_strv_add(&group->pending, "v1", &err) == 0;
		else
			ok = sy_group_versions(result->object, group->name, add_version, &group->pending, &err) == 0;
	}
	if (!ok) {
		hold_back(downstream, result);
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
	if (is_general(result->verdict)) {
		hold_back(downstream, result);
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

static void ask_version(struct sy_downstream *downstream)
{
	downstream->starting = false;
	if (get(downstream, "/version", got_version) < 0)
		round_end(downstream, false);
}

static void no_change(struct sy_downstream *downstream)
{
	downstream->fruitless -= downstream->fruitless > 0;
	sy_timer_start(downstream->probe_timer, hold_ms(downstream));
}

/* Whatever changes after this answer, the next probe sees, also when this round does not. */
static void probed(void *arg, enum sy_probe_answer answer)
{
	struct sy_downstream *downstream = arg;

	downstream->tagged = answer != SY_PROBE_UNKNOWN;
	if (downstream->starting)
		ask_version(downstream);
	else if (answer == SY_PROBE_CHANGED)
		sy_downstream_rediscover(downstream);
	else if (downstream->tagged)
		no_change(downstream);
}

static void probe(void *arg)
{
	struct sy_downstream *downstream = arg;

	if (!busy(downstream) && sy_probe_ask(downstream->probe, NULL) < 0)
		downstream->tagged = false; /* until the next round */
}

static void round_start(void *arg)
{
	struct sy_downstream *downstream = arg;

	if (busy(downstream))
		return;
	sy_timer_stop(downstream->probe_timer);
	downstream->round_ms = sy_loop_now_ms(downstream->loop);
	downstream->again = false;
	downstream->starting = true;
	downstream->skipped = downstream->found = false;
	if (!sy_probe_asking(downstream->probe) && sy_probe_ask(downstream->probe, NULL) < 0)
		ask_version(downstream);
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
	if (r == 0)
		r = sy_timer_new(&downstream->probe_timer, loop, probe, downstream, err);
	if (r == 0)
		r = sy_probe_new(&downstream->probe, kube, probed, downstream, err);
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
	sy_timer_free(downstream->probe_timer);
	sy_probe_free(downstream->probe);
	for (size_t i = 0; i < downstream->group_count; i++)
		sy_group_done(&downstream->groups[i]);
	free(downstream->groups);
	free(downstream->version);
	free(downstream->message);
	free(downstream);
}

int sy_downstream_want(struct sy_downstream *downstream, const struct sy_strv *groups, struct sy_error *err)
{
	for (size_t i = 0; i < groups->count; i++) {
		struct sy_group *items;

		if (sy_downstream_group(downstream, groups->items[i]))
			continue;
		items = reallocarray(downstream->groups, downstream->group_count + 1, sizeof(*items));
		if (!items)
			return sy_error_oom(err);
		downstream->groups = items;
		items[downstream->group_count] = (struct sy_group){.name = strdup(groups->items[i])};
		if (!items[downstream->group_count].name)
			return sy_error_oom(err);
		downstream->group_count++;
		downstream->again = true;
		if (!busy(downstream))
			start_in(downstream, 0);
	}
	return 0;
}

void sy_downstream_rediscover(struct sy_downstream *downstream)
{
	int64_t age = sy_loop_now_ms(downstream->loop) - downstream->round_ms;
	int64_t least = downstream->fruitless > FREE_ROUNDS ? hold_ms(downstream) : MIN_ROUND_MS;

	if (busy(downstream))
		return;
	downstream->called = true;
	start_in(downstream, age >= least ? 0 : least - age);
}
