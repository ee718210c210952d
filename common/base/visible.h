/* Text of a peer for a person's terminal or log: readable as it is, and nothing in it that a terminal, a pager or a reader's eye could be
 * misled by. Pure function, no locale. */
#ifndef SY_BASE_VISIBLE_H
#define SY_BASE_VISIBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* True for the valid characters that are never shown as they are: C0 and C1 controls, DEL, the line and paragraph separators U+2028/2029
 * and the bidirectional controls U+202A-202E, U+2066-2069. */
bool sy_is_hidden(uint32_t point);

#define SY_VISIBLE_MAX 16 /* bytes of the longest form and its NUL */

/* The visible form of the character that starts at text (len >= 1), NUL-terminated, into out; returns how many bytes of text it stands for.
 *   valid UTF-8         as it is, a backslash doubled
 *   controls            \n \t \r \a \b \v \f, others the octal number of each byte: \033
 *   separators, bidi    \u202e
 *   invalid             the octal number of one byte: \377 */
size_t sy_visible_char(const char *text, size_t len, char out[SY_VISIBLE_MAX]);
/* The same for a whole text. 0, or what sy_buf_add says when there is no room. */
int sy_visible_add(struct sy_buf *buf, const char *text);

#endif
