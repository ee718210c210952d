/* The resources of interest, sorted, and who gives way when there are too many. */
#include "supervisor/discovery/reviews_impl.h"

#include <stdlib.h>
#include <string.h>

static void item_free(struct sy_review *item)
{
	free(item->group);
	free(item->resource);
	sy_strv_done(&item->missing);
	free(item);
}

void sy_reviews_forget_all(struct sy_reviews *reviews)
{
	for (size_t i = 0; i < reviews->count; i++)
		item_free(reviews->items[i]);
	free(reviews->items);
	reviews->items = NULL;
	reviews->count = 0;
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
		sy_reviews_start_in(reviews, 0);
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

struct sy_review *sy_reviews_lookup(const struct sy_reviews *reviews, const char *group, const char *resource)
{
	size_t at = lower_bound(reviews, group, resource);

	return is_at(reviews, at, group, resource) ? reviews->items[at] : NULL;
}

const struct sy_review *sy_reviews_find(const struct sy_reviews *reviews, const char *group, const char *resource)
{
	return sy_reviews_lookup(reviews, group, resource);
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
