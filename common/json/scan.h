/* Strict single-pass scanner for JSON text (RFC 8259) that runs before json-c, see json.h for what it refuses. Allocates only the
 * bookkeeping for duplicate keys; depth and size are bounded. Reentrant, no I/O. */
#ifndef SY_JSON_SCAN_H
#define SY_JSON_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A number longer than this is refused; no server writes one. */
#define SY_JSON_NUMBER_MAX 400

/* An integer that json-c would change: beyond 64 bits, or "-0". */
struct sy_wide_number {
	uint32_t ordinal; /* among all numbers of the text, from 0 */
	uint32_t pos;
	uint32_t len;
};
struct sy_wide_numbers {
	struct sy_wide_number *items; /* in the order of the text; malloc'ed */
	size_t count;
	size_t size;
};

/* 0, or -EINVAL / -EMSGSIZE / -ENOMEM with "offset N: reason". */
int sy_json_scan(const char *data, size_t len, unsigned max_depth, struct sy_error *err);
/* The same; wide numbers are appended to *wide (zeroed by the caller, who frees items also after a failure). */
int sy_json_scan_wide(const char *data, size_t len, unsigned max_depth, struct sy_wide_numbers *wide, struct sy_error *err);

#endif
