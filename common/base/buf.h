/* A growing byte buffer with a limit fixed at birth. Always NUL-terminated (the NUL is not counted in len). */
#ifndef SY_BASE_BUF_H
#define SY_BASE_BUF_H

#include <stddef.h>

struct sy_buf {
	char *data; /* NULL until the first append; owned by the buffer */
	size_t len;
	size_t cap;
	size_t max; /* largest len */
};

/* Start an empty buffer that may hold at most max bytes. Allocates nothing. */
void sy_buf_init(struct sy_buf *buf, size_t max);

/* Free the memory; the buffer is empty and usable again afterwards. Accepts a zeroed buffer. */
void sy_buf_done(struct sy_buf *buf);

/* Forget the content, keep the memory. */
void sy_buf_reset(struct sy_buf *buf);

/* Append; all return 0, -ENOMEM, or -EMSGSIZE when max would be exceeded, and leave the content untouched on failure. */
int sy_buf_add(struct sy_buf *buf, const void *data, size_t len);
int sy_buf_add_str(struct sy_buf *buf, const char *str);
int sy_buf_printf(struct sy_buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Drop the first len bytes (len <= buf->len). */
void sy_buf_consume(struct sy_buf *buf, size_t len);

/* Hand the bytes over as a malloc'ed NUL-terminated string ("" for an empty buffer); the buffer is empty afterwards.
 * NULL when out of memory (only possible for an empty buffer). */
char *sy_buf_take(struct sy_buf *buf);

/* The text so far; "" for an empty buffer. Valid until the next change. */
const char *sy_buf_str(const struct sy_buf *buf);

#endif
