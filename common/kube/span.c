/* Boundaries of JSON values. */
#include <string.h>

#include "kube/span.h"

static bool is_scalar(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '+' || c == '.';
}

/* Inside a string: where it ends, or len. */
static size_t feed_string(struct sy_span *span, const char *data, size_t pos, size_t len)
{
	for (; pos < len; pos++) {
		if (span->escaped) {
			span->escaped = false;
		} else if (data[pos] == '\\') {
			span->escaped = true;
		} else if (data[pos] == '"') {
			span->in_string = false;
			return pos + 1;
		}
	}
	return len;
}

static size_t feed_scalar(const char *data, size_t len, bool *ret_done)
{
	size_t pos = 0;

	while (pos < len && is_scalar(data[pos]))
		pos++;
	*ret_done = pos < len;
	return pos;
}

static bool start(struct sy_span *span, char first)
{
	span->scalar = is_scalar(first);
	span->started = span->scalar || first == '"' || first == '{' || first == '[';
	return span->started;
}

size_t sy_span_feed(struct sy_span *span, const char *data, size_t len, bool *ret_done)
{
	size_t pos = 0;

	*ret_done = false;
	if (len == 0 || (!span->started && !start(span, data[0])))
		return 0;
	if (span->scalar)
		return feed_scalar(data, len, ret_done);
	while (pos < len && !*ret_done) {
		if (span->in_string) {
			pos = feed_string(span, data, pos, len);
			*ret_done = !span->in_string && span->depth == 0;
			continue;
		}
		char c = data[pos++];
		if (c == '"') {
			span->in_string = true;
		} else if (c == '{' || c == '[') {
			span->depth++;
		} else if (c == '}' || c == ']') {
			span->depth--;
			*ret_done = span->depth == 0;
		}
	}
	return pos;
}
