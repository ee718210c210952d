/* A list of owned strings: names of claims, URLs, verbs. Small and sorted on demand; not for thousands of entries. */
#ifndef SY_SUPERVISOR_STRV_H
#define SY_SUPERVISOR_STRV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

struct sy_strv {
	char **items;
	size_t count;
};

void sy_strv_done(struct sy_strv *list); /* frees the strings; the list is empty and usable afterwards */

/* Append a copy. 0 or -ENOMEM. */
int sy_strv_add(struct sy_strv *list, const char *text, struct sy_error *err);
/* The same unless it is there already. */
int sy_strv_add_new(struct sy_strv *list, const char *text, struct sy_error *err);
/* Append copies of all strings of another list. */
int sy_strv_add_all(struct sy_strv *list, const struct sy_strv *from, struct sy_error *err);

void sy_strv_remove(struct sy_strv *list, const char *text); /* the first that is equal; the order of the others stays */

bool sy_strv_has(const struct sy_strv *list, const char *text);
bool sy_strv_same_set(const struct sy_strv *a, const struct sy_strv *b); /* order does not matter; both without duplicates */
bool sy_strv_equal(const struct sy_strv *a, const struct sy_strv *b);	 /* order matters */
void sy_strv_sort(struct sy_strv *list);				 /* by bytes */

/* Append "a<sep>b<sep>c" of at most max items, then ", and N more" (syncerd-rules(7) 8.3). */
int sy_strv_join(const struct sy_strv *list, const char *sep, size_t max, struct sy_buf *out);

#endif
