#include "supervisor/reviews.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

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
	struct sy_review **items;
	size_t count;
	size_t at_item; /* position of the round; count = none under way */
	size_t at_verb;
	struct sy_strv missing; /* of the item under way */
	int64_t round_ms;
	bool failed;
	bool full; /* ask known items too */
};

static void step(struct sy_reviews *reviews);

static void item_end(struct sy_reviews *reviews, bool ok)
{
	struct sy_review *item = reviews->items[reviews->at_item];

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
	reviews->at_item++;
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

static void step(struct sy_reviews *reviews)
{
	while (reviews->at_item < reviews->count) {
		struct sy_review *item = reviews->items[reviews->at_item];

		if (!reviews->full && item->state == SY_REVIEW_ANSWERED) {
			reviews->at_item++;
			continue;
		}
		if (ask(reviews, item, verbs[reviews->at_verb]) == 0)
			return;
		item_end(reviews, false);
	}
	sy_timer_start(reviews->timer, reviews->failed ? FAILED_MS : reviews->timings->review_ms);
}

static void round_start(void *arg)
{
	struct sy_reviews *reviews = arg;

	if (reviews->request)
		return;
	/* A round after a failure asks only what was not answered. */
	reviews->full = !reviews->failed;
	reviews->failed = false;
	reviews->round_ms = sy_loop_now_ms(reviews->loop);
	reviews->at_item = 0;
	reviews->at_verb = 0;
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
	r = sy_timer_new(&reviews->timer, loop, round_start, reviews, err);
	if (r < 0) {
		free(reviews);
		return r;
	}
	*ret_reviews = reviews;
	return 0;
}

void sy_reviews_free(struct sy_reviews *reviews)
{
	if (!reviews)
		return;
	sy_kube_cancel(reviews->request);
	sy_timer_free(reviews->timer);
	for (size_t i = 0; i < reviews->count; i++) {
		free(reviews->items[i]->group);
		free(reviews->items[i]->resource);
		sy_strv_done(&reviews->items[i]->missing);
		free(reviews->items[i]);
	}
	free(reviews->items);
	sy_strv_done(&reviews->missing);
	free(reviews);
}

int sy_reviews_want(struct sy_reviews *reviews, const char *group, const char *resource, struct sy_error *err)
{
	struct sy_review **items, *item;

	if (sy_reviews_find(reviews, group, resource) || reviews->count >= SY_MAX_PLAN_RESOURCES)
		return 0;
	items = reallocarray(reviews->items, reviews->count + 1, sizeof(struct sy_review *));
	if (!items)
		return sy_error_oom(err);
	reviews->items = items;
	item = calloc(1, sizeof(*item));
	if (!item)
		return sy_error_oom(err);
	item->group = strdup(group);
	item->resource = strdup(resource);
	if (!item->group || !item->resource) {
		free(item->group);
		free(item->resource);
		free(item);
		return sy_error_oom(err);
	}
	items[reviews->count++] = item;
	if (!reviews->request) {
		reviews->failed = true; /* only the new one */
		sy_timer_start(reviews->timer, 0);
	}
	return 0;
}

void sy_reviews_again(struct sy_reviews *reviews)
{
	int64_t age = sy_loop_now_ms(reviews->loop) - reviews->round_ms;

	if (!reviews->request)
		sy_timer_start(reviews->timer, age >= AGAIN_MS ? 0 : AGAIN_MS - age);
}

const struct sy_review *sy_reviews_find(const struct sy_reviews *reviews, const char *group, const char *resource)
{
	for (size_t i = 0; i < reviews->count; i++) {
		if (strcmp(reviews->items[i]->group, group) == 0 && strcmp(reviews->items[i]->resource, resource) == 0)
			return reviews->items[i];
	}
	return NULL;
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
