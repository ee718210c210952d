/* UTF-8, one character at a time. Pure functions. */
#ifndef SY_BASE_UTF8_H
#define SY_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Length (1-4) of the well-formed character that starts at text, its code point in *ret_point (may be NULL); 0 when the bytes are not
 * UTF-8: truncated, overlong, a surrogate, or above U+10FFFF. len 0 gives 0. */
size_t sy_utf8_char(const char *text, size_t len, uint32_t *ret_point);

/* Encode a code point (at most U+10FFFF, no surrogate); returns the number of bytes, not NUL-terminated. */
size_t sy_utf8_encode(uint32_t point, char out[4]);

/* Largest length <= max at which text (of at least max bytes) can be cut without splitting a character. */
size_t sy_utf8_cut(const char *text, size_t max);

#endif
