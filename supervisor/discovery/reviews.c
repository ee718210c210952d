#include "supervisor/discovery/reviews_impl.h"

#include <stdlib.h>
#include <string.h>

#define FAILED_MS 10000
#define THROTTLED_MS 1000 /* without a Retry-After */
#define THROTTLED_TIMES 3 /* in a row: the resource counts as not answered */

static const char *const verbs[] = {"get", "list", "watch", "create", "patch", "delete"};
#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

static void step(struct sy_reviews *reviews);

static bool same(const struct sy_strv *a, const struct sy_strv *b)
{
	for (size_t i = 0; i < a->count && a->count == b->count; i++) {
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	}
	return a->count == b->count;
}

/* Did it help to ask for a 403? */
static void count_answer(struct sy_review *item, const struct sy_strv *missing)
{
	if (!item->known || !same(&item->missing, missing))
		item->fruitless = 0;
	else if (item->refused && item->fruitless < 16)
		item->fruitless++;
	item->refused = false;
}

void sy_reviews_start_in(struct sy_reviews *reviews, int64_t delay)
{
	int64_t held = reviews->paused_until_ms - sy_loop_now_ms(reviews->loop);

	delay = delay > held ? delay : held;
	sy_timer_start(reviews->timer, delay > 0 ? delay : 0);
}

static void item_end(struct sy_reviews *reviews, bool ok)
{
	struct sy_review *item = reviews->current;

	item->asked_ms = sy_loop_now_ms(reviews->loop);
	if (ok) {
		count_answer(item, &reviews->missing);
		sy_strv_done(&item->missing);
		item->missing = reviews->missing;
		reviews->missing = (struct sy_strv){0};
		item->known = true;
		item->state = SY_REVIEW_ANSWERED;
	} else {
		sy_strv_done(&reviews->missing);
		item->state = SY_REVIEW_FAILED;
	}
	reviews->current = NULL;
	reviews->at_verb = 0;
	reviews->changed(reviews->arg);
}

/* The question is asked once more, and no other before it. */
static void wait_for_server(struct sy_reviews *reviews, const struct sy_kube_result *result)
{
	int64_t pause = result->retry_after_ms > THROTTLED_MS ? result->retry_after_ms : THROTTLED_MS;

	reviews->paused_until_ms = sy_loop_now_ms(reviews->loop) + pause;
	if (++reviews->throttled >= THROTTLED_TIMES) {
		reviews->throttled = 0;
		item_end(reviews, false);
	}
	reviews->stopped = true;
	sy_reviews_start_in(reviews, 0);
}

static void got_review(void *arg, const struct sy_kube_result *result)
{
	struct sy_reviews *reviews = arg;
	bool allowed = false;
	bool ok = result->verdict == SY_KUBE_OK && sy_json_bool(result->object, &allowed, "status", "allowed", NULL);

	reviews->request = NULL;
	if (result->verdict == SY_KUBE_THROTTLED) {
		wait_for_server(reviews, result);
		return;
	}
	reviews->throttled = 0;
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

static int64_t again_ms(const struct sy_reviews *reviews, const struct sy_review *item)
{
	int64_t wait = reviews->timings->review_again_ms;

	for (unsigned i = 1; i < item->fruitless && wait < reviews->timings->review_ms; i++)
		wait *= 2;
	return wait < reviews->timings->review_ms ? wait : reviews->timings->review_ms;
}

/* When it is to be asked, apart from the rounds over all. Who gives a right expects to see it work soon, hence what was denied is asked more
 * often than what was granted. */
static int64_t due_of(const struct sy_reviews *reviews, const struct sy_review *item)
{
	int64_t due = item->again ? item->asked_ms + again_ms(reviews, item) : INT64_MAX;

	if (item->state == SY_REVIEW_UNKNOWN)
		return INT64_MIN;
	if (item->state == SY_REVIEW_FAILED && due > item->asked_ms + FAILED_MS)
		due = item->asked_ms + FAILED_MS;
	if (item->missing.count > 0 && due > item->asked_ms + reviews->timings->discovery_ms)
		due = item->asked_ms + reviews->timings->discovery_ms;
	return due;
}

static struct sy_review *next_item(struct sy_reviews *reviews)
{
	for (size_t i = 0; i < reviews->count; i++) {
		struct sy_review *item = reviews->items[i];

		if (item->round == reviews->round)
			continue;
		item->round = reviews->round;
		if (!reviews->full && due_of(reviews, item) > reviews->round_ms)
			continue;
		item->refused = item->again;
		item->again = false; /* a 403 from now on may come too late for this answer */
		return item;
	}
	return NULL;
}

static int64_t next_delay(const struct sy_reviews *reviews)
{
	int64_t now = sy_loop_now_ms(reviews->loop), due = reviews->full_ms + reviews->timings->review_ms;

	for (size_t i = 0; i < reviews->count; i++) {
		int64_t at = due_of(reviews, reviews->items[i]);

		due = at < due ? at : due;
	}
	return due > now ? due - now : 0;
}

static void step(struct sy_reviews *reviews)
{
	while (reviews->current || (reviews->current = next_item(reviews))) {
		if (ask(reviews, reviews->current, verbs[reviews->at_verb]) == 0)
			return;
		item_end(reviews, false);
	}
	sy_reviews_start_in(reviews, next_delay(reviews));
}

static void round_start(void *arg)
{
	struct sy_reviews *reviews = arg;

	if (reviews->request)
		return;
	if (!reviews->stopped) {
		reviews->round_ms = sy_loop_now_ms(reviews->loop);
		reviews->full = reviews->round_ms - reviews->full_ms >= reviews->timings->review_ms;
		if (reviews->full)
			reviews->full_ms = reviews->round_ms;
		reviews->round++;
	}
	reviews->stopped = false;
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

void sy_reviews_free(struct sy_reviews *reviews)
{
	if (!reviews)
		return;
	sy_kube_cancel(reviews->request);
	sy_timer_free(reviews->timer);
	sy_reviews_forget_all(reviews);
	sy_strv_done(&reviews->missing);
	free(reviews);
}

void sy_reviews_again(struct sy_reviews *reviews, const char *group, const char *resource)
{
	struct sy_review *item = sy_reviews_lookup(reviews, group, resource);
	int64_t now = sy_loop_now_ms(reviews->loop);

	if (!item || item->again || item->state == SY_REVIEW_UNKNOWN)
		return;
	/* One that comes after a pause is another story: only what goes on is asked about less and less often. */
	if (item != reviews->current && now - item->asked_ms > 2 * again_ms(reviews, item))
		item->fruitless = 0;
	item->again = true;
	if (!reviews->request)
		sy_reviews_start_in(reviews, next_delay(reviews));
}
