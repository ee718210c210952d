/* One page of a List, taken in as it arrives: each item is handed on and forgotten, so memory is bounded by the largest single item.
 * Members may come in any order. Reentrant, no I/O. */
#ifndef SY_KUBE_LIST_H
#define SY_KUBE_LIST_H

#include "base/buf.h"
#include "json/json.h"
#include "kube/span.h"

/* One item; object and raw are borrowed for the call. Built-in types come without kind and apiVersion in each item when a server answers
 * directly; they are filled in from the list's own ("PodList" gives "Pod") when those came before the items, as servers send them. A
 * negative value ends sy_list_feed with it. */
typedef int sy_list_item_fn(void *arg, json_object *object, const char *raw, size_t raw_len, struct sy_error *err);

/* An item that the strict parser refuses (why->code EINVAL), or the beginning of one above the limit (EMSGSIZE). */
typedef int sy_list_broken_fn(void *arg, const char *raw, size_t raw_len, const struct sy_error *why);

struct sy_list {
	sy_list_broken_fn *broken; /* set after sy_list_init to go on behind such items; NULL: they end the list */
	bool oversized;		   /* the item being collected is above the limit */
	struct sy_buf value;	   /* the key, item or member being collected */
	struct sy_span span;
	int state;
	int member;
	char *kind; /* "PodList" or NULL */
	char *api_version;
	char *resource_version;
	char *continue_token; /* NULL or "" = last page */
	size_t max_item;
	size_t items;
	unsigned seen; /* members that came, to refuse repeated ones */
};

void sy_list_init(struct sy_list *list, size_t max_item);
void sy_list_done(struct sy_list *list);
/* Take a slice. -EINVAL for anything but a List, -EMSGSIZE for an item above the limit (see broken). After a failure only sy_list_done may follow. */
int sy_list_feed(struct sy_list *list, const char *data, size_t len, sy_list_item_fn *fn, void *arg, struct sy_error *err);
/* At the end of the page: 0 only when the text was whole and had items and a resourceVersion. */
int sy_list_end(const struct sy_list *list, struct sy_error *err);

#endif
