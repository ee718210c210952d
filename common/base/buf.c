#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sy_buf_init(struct sy_buf *buf, size_t max)
{
	/* One byte is always kept for the NUL. */
	*buf = (struct sy_buf){.max = max < SIZE_MAX ? max : SIZE_MAX - 1};
}

void sy_buf_done(struct sy_buf *buf)
{
	free(buf->data);
	buf->data = NULL;
	buf->len = 0;
	buf->cap = 0;
}

void sy_buf_reset(struct sy_buf *buf)
{
	buf->len = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

/* Make room for more bytes and the NUL. */
static int reserve(struct sy_buf *buf, size_t more)
{
	if (more > buf->max - buf->len)
		return -EMSGSIZE;
	size_t need = buf->len + more + 1;
	if (need <= buf->cap)
		return 0;
	size_t cap = buf->cap < 64 ? 64 : buf->cap;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	if (cap > buf->max + 1)
		cap = buf->max + 1;
	char *data = realloc(buf->data, cap);
	if (!data)
		return -ENOMEM;
	if (!buf->data)
		data[0] = '\0';
	buf->data = data;
	buf->cap = cap;
	return 0;
}

int sy_buf_add(struct sy_buf *buf, const void *data, size_t len)
{
	int ret = reserve(buf, len);

	if (ret < 0)
		return ret;
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
	return 0;
}

int sy_buf_add_str(struct sy_buf *buf, const char *str)
{
	return sy_buf_add(buf, str, strlen(str));
}

int sy_buf_printf(struct sy_buf *buf, const char *fmt, ...)
{
	va_list ap;
	va_list again;
	int ret;

	va_start(ap, fmt);
	va_copy(again, ap);
	int len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	ret = len < 0 ? -EINVAL : reserve(buf, (size_t)len);
	if (ret == 0) {
		vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, again);
		buf->len += (size_t)len;
	}
	va_end(again);
	return ret;
}

void sy_buf_consume(struct sy_buf *buf, size_t len)
{
	if (len >= buf->len) {
		sy_buf_reset(buf);
		return;
	}
	memmove(buf->data, buf->data + len, buf->len - len + 1);
	buf->len -= len;
}

char *sy_buf_take(struct sy_buf *buf)
{
	char *data = buf->data ? buf->data : calloc(1, 1);

	buf->data = NULL;
	buf->len = 0;
	buf->cap = 0;
	return data;
}

const char *sy_buf_str(const struct sy_buf *buf)
{
	return buf->data ? buf->data : "";
}
