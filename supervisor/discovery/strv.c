#include "supervisor/discovery/strv.h"

#include <stdlib.h>
#include <string.h>

void sy_strv_done(struct sy_strv *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct sy_strv){0};
}

int sy_strv_add(struct sy_strv *list, const char *text, struct sy_error *err)
{
	char **items = reallocarray(list->items, list->count + 1, sizeof(*items));

	if (!items)
		return sy_error_oom(err);
	list->items = items;
	items[list->count] = strdup(text);
	if (!items[list->count])
		return sy_error_oom(err);
	list->count++;
	return 0;
}

int sy_strv_add_new(struct sy_strv *list, const char *text, struct sy_error *err)
{
	return sy_strv_has(list, text) ? 0 : sy_strv_add(list, text, err);
}

int sy_strv_add_all(struct sy_strv *list, const struct sy_strv *from, struct sy_error *err)
{
	for (size_t i = 0; i < from->count; i++) {
		int r = sy_strv_add(list, from->items[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

void sy_strv_remove(struct sy_strv *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], text) != 0)
			continue;
		free(list->items[i]);
		for (size_t j = i + 1; j < list->count; j++)
			list->items[j - 1] = list->items[j];
		list->count--;
		return;
	}
}

bool sy_strv_has(const struct sy_strv *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], text) == 0)
			return true;
	}
	return false;
}

bool sy_strv_same_set(const struct sy_strv *a, const struct sy_strv *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!sy_strv_has(b, a->items[i]))
			return false;
	}
	return true;
}

bool sy_strv_equal(const struct sy_strv *a, const struct sy_strv *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	}
	return true;
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void sy_strv_sort(struct sy_strv *list)
{
	if (list->count > 1)
		qsort(list->items, list->count, sizeof(*list->items), compare_text);
}

int sy_strv_join(const struct sy_strv *list, const char *sep, size_t max, struct sy_buf *out)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->count && i < max; i++)
		r = sy_buf_printf(out, "%s%s", i ? sep : "", list->items[i]);
	if (r == 0 && list->count > max)
		r = sy_buf_printf(out, ", and %zu more", list->count - max);
	return r;
}
