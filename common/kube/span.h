/* Finds where one JSON value ends in bytes that arrive in slices, without keeping them. It looks at brackets and strings only: what is
 * inside is judged by sy_json_parse once the value is whole. Reentrant, allocates nothing. */
#ifndef SY_KUBE_SPAN_H
#define SY_KUBE_SPAN_H

#include <stdbool.h>
#include <stddef.h>

struct sy_span {
	unsigned depth;
	bool started;
	bool in_string;
	bool escaped;
	bool scalar;
};

/* Start with a zeroed span at the first byte of the value (no white space before it). Returns how many of the bytes belong to it;
 * *ret_done says that it is complete. A number or literal ends before the first byte that cannot be a part of it, so it needs one byte
 * more to be complete. 0 bytes and not done: the first byte cannot start a value. */
size_t sy_span_feed(struct sy_span *span, const char *data, size_t len, bool *ret_done);

static inline bool sy_span_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

#endif
