#include "supervisor/discovery/reviews.h"

#include <stdlib.h>
#include <string.h>

#define AGAIN_MS 10000
#define FAILED_MS 10000

static const char *const verbs[] = {"get", "list", "watch", "create", "patch", "delete"};
#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

struct sy_reviews {
	struct sy_loop *loop;
	struct sy_kube *kube;
	const struct sy_timings *timings;
	sy_loop_fn *changed;
	void *arg;
	struct sy_timer *timer;
	struct sy_kube_request *request;
	struct sy_review **items; /* sorted by group, then resource */
	size_t count;
	uint64_t round;
	struct sy_review *current; /* of the round, NULL = between two */
	size_t at_verb;
	uint64_t mark; /* of the pass under way, or the last one */
	size_t left_out;
	struct sy_strv missing; /* of the item under way */
	int64_t round_ms;
	int64_t full_ms; /* when the last round began that asked everything; before the first: long ago */
	bool failed;
	bool again; /* the next round asks everything */
	bool full;  /* this one does, else only what is not answered, and what was denied */
};

static void step(struct sy_reviews *reviews);

static void item_end(struct sy_reviews *reviews, bool ok)
{
	struct sy_review *item = reviews->current;

	if (ok) {
		sy_strv_done(&item->missing);
		item->missing = reviews->missing;
		reviews->missing = (struct sy_strv){0};
		item->known = true;
		item->state = SY_REVIEW_ANSWERED;
	} else {
		sy_strv_done(&reviews->missing);
		item->state = SY_REVIEW_FAILED;
		reviews->failed = true;
	}
	reviews->current = NULL;
	reviews->at_verb = 0;
	reviews->changed(reviews->arg);
}

static void got_review(void *arg, const struct sy_kube_result *result)
{
	struct sy_reviews *reviews = arg;
	bool allowed = false;
	bool ok = result->verdict == SY_KUBE_OK && sy_json_bool(result->object, &allowed, "status", "allowed", NULL);

	reviews->request = NULL;
	if (ok && !allowed)
		ok = sy_strv_add(&reviews->missing, verbs[reviews->at_verb], NULL) == 0;
	if (!ok)
		item_end(reviews, false);
	else if (++reviews->at_verb >= VERB_COUNT)
		item_end(reviews, true);
	step(reviews);
}

static int ask(struct sy_reviews *reviews, const struct sy_review *item, const char *verb)
{
	sy_auto_json json_object *body = json_object_new_object();
	json_object *spec = json_object_new_object();
	json_object *attributes = json_object_new_object();
	sy_auto_free char *text = NULL;
	struct sy_kube_call call = {
		.method = "POST", .path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", .content_type = SY_CT_JSON};
	int r;

	r = sy_json_add_str(attributes, "group", item->group);
	if (r == 0)
		r = sy_json_add_str(attributes, "resource", item->resource);
	if (r == 0)
		r = sy_json_add_str(attributes, "verb", verb);
	if (r == 0)
		r = sy_json_add_str(body, "apiVersion", "authorization.k8s.io/v1");
	if (r == 0)
		r = sy_json_add_str(body, "kind", "SelfSubjectAccessReview");
	if (r < 0) {
		json_object_put(attributes);
		json_object_put(spec);
		return r;
	}
	r = sy_json_add(spec, "resourceAttributes", attributes);
	if (r < 0) {
		json_object_put(spec);
		return r;
	}
	r = sy_json_add(body, "spec", spec);
	text = r == 0 ? sy_json_text(body) : NULL;
	if (!text)
		return -1;
	call.body = text;
	call.body_len = strlen(text);
	return sy_kube_do(reviews->kube, &call, got_review, reviews, &reviews->request, NULL);
}

static struct sy_review *next_item(struct sy_reviews *reviews)
{
	for (size_t i = 0; i < reviews->count; i++) {
		struct sy_review *item = reviews->items[i];

		if (item->round == reviews->round)
			continue;
		item->round = reviews->round;
		if (reviews->full || item->state != SY_REVIEW_ANSWERED || item->missing.count > 0)
			return item;
	}
	return NULL;
}

static bool any_denied(const struct sy_reviews *reviews)
{
	for (size_t i = 0; i < reviews->count; i++) {
		if (reviews->items[i]->missing.count > 0)
			return true;
	}
	return false;
}

/* Who gives a right expects to see it work soon, hence what was denied is asked more often than what was granted. */
static int64_t next_delay(const struct sy_reviews *reviews)
{
	int64_t delay = reviews->full_ms + reviews->timings->review_ms - sy_loop_now_ms(reviews->loop);

	if (reviews->again && delay > AGAIN_MS)
		delay = AGAIN_MS;
	if (reviews->failed && delay > FAILED_MS)
		delay = FAILED_MS;
	if (any_denied(reviews) && delay > reviews->timings->discovery_ms)
		delay = reviews->timings->discovery_ms;
	return delay > 0 ? delay : 0;
}

static void step(struct sy_reviews *reviews)
{
	while (reviews->current || (reviews->current = next_item(reviews))) {
		if (ask(reviews, reviews->current, verbs[reviews->at_verb]) == 0)
			return;
		item_end(reviews, false);
	}
	sy_timer_start(reviews->timer, next_delay(reviews));
}

static void round_start(void *arg)
{
	struct sy_reviews *reviews = arg;

	if (reviews->request)
		return;
	reviews->round_ms = sy_loop_now_ms(reviews->loop);
	reviews->full = reviews->again || reviews->round_ms - reviews->full_ms >= reviews->timings->review_ms;
	if (reviews->full)
		reviews->full_ms = reviews->round_ms;
	reviews->again = false;
	reviews->failed = false;
	reviews->round++;
	step(reviews);
}

int sy_reviews_new(struct sy_reviews **ret_reviews, struct sy_loop *loop, struct sy_kube *kube, const struct sy_timings *timings,
		   sy_loop_fn *changed, void *arg, struct sy_error *err)
{
	struct sy_reviews *reviews = calloc(1, sizeof(*reviews));
	int r;

	if (!reviews)
		return sy_error_oom(err);
	*reviews = (struct sy_reviews){.loop = loop, .kube = kube, .timings = timings, .changed = changed, .arg = arg};
	reviews->full_ms = sy_loop_now_ms(loop) - timings->review_ms;
	r = sy_timer_new(&reviews->timer, loop, round_start, reviews, err);
	if (r < 0) {
		free(reviews);
		return r;
	}
	*ret_reviews = reviews;
	return 0;
}

static void item_free(struct sy_review *item)
{
	free(item->group);
	free(item->resource);
	sy_strv_done(&item->missing);
	free(item);
}

void sy_reviews_free(struct sy_reviews *reviews)
{
	if (!reviews)
		return;
	sy_kube_cancel(reviews->request);
	sy_timer_free(reviews->timer);
	for (size_t i = 0; i < reviews->count; i++)
		item_free(reviews->items[i]);
	free(reviews->items);
	sy_strv_done(&reviews->missing);
	free(reviews);
}

/* Index of a resource, or of where it would be. */
static size_t lower_bound(const struct sy_reviews *reviews, const char *group, const char *resource)
{
	size_t low = 0, high = reviews->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(reviews->items[middle]->group, group);

		if (order == 0)
			order = strcmp(reviews->items[middle]->resource, resource);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct sy_reviews *reviews, size_t at, const char *group, const char *resource)
{
	return at < reviews->count && strcmp(reviews->items[at]->group, group) == 0 && strcmp(reviews->items[at]->resource, resource) == 0;
}

static int insert(struct sy_reviews *reviews, size_t at, const char *group, const char *resource, struct sy_error *err)
{
	struct sy_review **items = reallocarray(reviews->items, reviews->count + 1, sizeof(struct sy_review *));
	struct sy_review *item;

	if (!items)
		return sy_error_oom(err);
	reviews->items = items;
	item = calloc(1, sizeof(*item));
	if (!item)
		return sy_error_oom(err);
	item->group = strdup(group);
	item->resource = strdup(resource);
	item->mark = reviews->mark;
	if (!item->group || !item->resource) {
		item_free(item);
		return sy_error_oom(err);
	}
	memmove(&items[at + 1], &items[at], (reviews->count - at) * sizeof(struct sy_review *));
	items[at] = item;
	reviews->count++;
	return 0;
}

static void remove_at(struct sy_reviews *reviews, size_t at)
{
	item_free(reviews->items[at]);
	memmove(&reviews->items[at], &reviews->items[at + 1], (reviews->count - at - 1) * sizeof(struct sy_review *));
	reviews->count--;
}

/* What this pass has not named yet comes later in it, if at all: it gives way. */
static bool make_room(struct sy_reviews *reviews)
{
	for (size_t i = reviews->count; i > 0; i--) {
		struct sy_review *item = reviews->items[i - 1];

		if (item->mark == reviews->mark || item == reviews->current)
			continue;
		remove_at(reviews, i - 1);
		return true;
	}
	return false;
}

int sy_reviews_want(struct sy_reviews *reviews, const char *group, const char *resource, struct sy_error *err)
{
	size_t at = lower_bound(reviews, group, resource);
	int r;

	if (is_at(reviews, at, group, resource)) {
		reviews->items[at]->mark = reviews->mark;
		return 0;
	}
	if (reviews->count >= SY_MAX_REVIEWS && !make_room(reviews)) {
		reviews->left_out++;
		return 0;
	}
	r = insert(reviews, lower_bound(reviews, group, resource), group, resource, err);
	if (r == 0 && !reviews->request)
		sy_timer_start(reviews->timer, 0);
	return r;
}

void sy_reviews_begin(struct sy_reviews *reviews)
{
	reviews->mark++;
	reviews->left_out = 0;
}

void sy_reviews_end(struct sy_reviews *reviews)
{
	for (size_t i = reviews->count; i > 0; i--) {
		if (reviews->items[i - 1]->mark != reviews->mark && reviews->items[i - 1] != reviews->current)
			remove_at(reviews, i - 1);
	}
}

size_t sy_reviews_left_out(const struct sy_reviews *reviews)
{
	return reviews->left_out;
}

void sy_reviews_again(struct sy_reviews *reviews)
{
	int64_t age = sy_loop_now_ms(reviews->loop) - reviews->round_ms;

	reviews->again = true;
	if (!reviews->request)
		sy_timer_start(reviews->timer, age >= AGAIN_MS ? 0 : AGAIN_MS - age);
}

const struct sy_review *sy_reviews_find(const struct sy_reviews *reviews, const char *group, const char *resource)
{
	size_t at = lower_bound(reviews, group, resource);

	return is_at(reviews, at, group, resource) ? reviews->items[at] : NULL;
}

size_t sy_reviews_count(const struct sy_reviews *reviews)
{
	return reviews->count;
}

const struct sy_review *sy_reviews_at(const struct sy_reviews *reviews, size_t index)
{
	return reviews->items[index];
}

int sy_reviews_learn(struct sy_reviews *reviews, const char *group, const char *resource, const char *missing, struct sy_error *err)
{
	int r = sy_reviews_want(reviews, group, resource, err);

	for (size_t i = 0; r == 0 && i < reviews->count; i++) {
		struct sy_review *item = reviews->items[i];

		if (strcmp(item->group, group) != 0 || strcmp(item->resource, resource) != 0)
			continue;
		item->known = true;
		item->state = SY_REVIEW_ANSWERED;
		sy_strv_done(&item->missing);
		if (missing)
			r = sy_strv_add(&item->missing, missing, err);
	}
	return r;
}
