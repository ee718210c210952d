#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* Both text and arguments may point into err->text, so everything is built beside it first. */
static void store(struct sy_error *err, const char *text, size_t len)
{
	if (len >= sizeof(err->text))
		len = sy_utf8_cut(text, sizeof(err->text) - 1);
	memcpy(err->text, text, len);
	err->text[len] = '\0';
}

int sy_error_set(struct sy_error *err, int code, const char *fmt, ...)
{
	char text[SY_ERROR_TEXT_MAX + 4];
	va_list ap;

	if (code < 0)
		code = -code;
	if (!code)
		code = EIO;
	if (!err)
		return -code;
	va_start(ap, fmt);
	int len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len < 0)
		len = 0;
	err->code = code;
	store(err, text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1);
	return -code;
}

int sy_error_wrap(struct sy_error *err, const char *fmt, ...)
{
	char text[2 * SY_ERROR_TEXT_MAX];
	va_list ap;

	if (!err)
		return -EIO;
	va_start(ap, fmt);
	int len = vsnprintf(text, SY_ERROR_TEXT_MAX, fmt, ap);
	va_end(ap);
	size_t used = len < 0 ? 0 : (size_t)len < SY_ERROR_TEXT_MAX ? (size_t)len : SY_ERROR_TEXT_MAX - 1;
	int more = snprintf(text + used, sizeof(text) - used, ": %s", err->text);
	if (more > 0)
		used += (size_t)more < sizeof(text) - used ? (size_t)more : sizeof(text) - used - 1;
	if (!err->code)
		err->code = EIO;
	store(err, text, used);
	return -err->code;
}

int sy_error_oom(struct sy_error *err)
{
	return sy_error_set(err, ENOMEM, "out of memory");
}
