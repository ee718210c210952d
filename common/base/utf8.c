#include "base/utf8.h"

size_t sy_utf8_char(const char *text, size_t len, uint32_t *ret_point)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)text;
	uint32_t point;
	size_t need;

	if (len == 0)
		return 0;
	if (p[0] < 0x80) {
		need = 1;
		point = p[0];
	} else if ((p[0] & 0xe0) == 0xc0) {
		need = 2;
		point = p[0] & 0x1fu;
	} else if ((p[0] & 0xf0) == 0xe0) {
		need = 3;
		point = p[0] & 0x0fu;
	} else if ((p[0] & 0xf8) == 0xf0) {
		need = 4;
		point = p[0] & 0x07u;
	} else {
		return 0;
	}
	if (need > len)
		return 0;
	for (size_t i = 1; i < need; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (p[i] & 0x3fu);
	}
	if (point < smallest[need] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	if (ret_point)
		*ret_point = point;
	return need;
}

size_t sy_utf8_encode(uint32_t point, char out[4])
{
	if (point < 0x80) {
		out[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		out[0] = (char)(0xc0 | point >> 6);
		out[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		out[0] = (char)(0xe0 | point >> 12);
		out[1] = (char)(0x80 | (point >> 6 & 0x3f));
		out[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | point >> 18);
	out[1] = (char)(0x80 | (point >> 12 & 0x3f));
	out[2] = (char)(0x80 | (point >> 6 & 0x3f));
	out[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

size_t sy_utf8_cut(const char *text, size_t max)
{
	size_t start = max;

	/* Step back over the continuation bytes to the lead byte of the last character, at most three. */
	while (start > 0 && max - start < 3 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start == 0)
		return max;
	start--;
	if ((unsigned char)text[start] < 0x80)
		return max;
	return sy_utf8_char(text + start, max - start, NULL) == max - start ? max : start;
}
