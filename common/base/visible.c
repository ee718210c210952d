#include "base/visible.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

bool sy_is_hidden(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029 ||
	       (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

static void put_octal(const char *text, size_t len, char out[SY_VISIBLE_MAX])
{
	for (size_t i = 0; i < len; i++)
		snprintf(out + 4 * i, SY_VISIBLE_MAX - 4 * i, "\\%03o", (unsigned)(unsigned char)text[i]);
}

size_t sy_visible_char(const char *text, size_t len, char out[SY_VISIBLE_MAX])
{
	static const char controls[] = "\a\b\t\n\v\f\r";
	static const char letters[] = "abtnvfr";
	uint32_t point = 0;
	size_t used = sy_utf8_char(text, len, &point);
	const char *control = text[0] ? strchr(controls, text[0]) : NULL;

	if (used == 0) {
		put_octal(text, 1, out);
		return 1;
	}
	if (point == '\\' || control) {
		out[0] = '\\';
		out[1] = control ? letters[control - controls] : '\\';
		out[2] = '\0';
	} else if (!sy_is_hidden(point)) {
		memcpy(out, text, used);
		out[used] = '\0';
	} else if (point < 0x100) {
		put_octal(text, used, out);
	} else {
		snprintf(out, SY_VISIBLE_MAX, "\\u%04x", (unsigned)point & 0xffff);
	}
	return used;
}

int sy_visible_add(struct sy_buf *buf, const char *text)
{
	size_t len = strlen(text);
	int r = 0;

	while (r == 0 && len > 0) {
		char form[SY_VISIBLE_MAX];
		size_t used = sy_visible_char(text, len, form);

		r = sy_buf_add_str(buf, form);
		text += used;
		len -= used;
	}
	return r;
}
