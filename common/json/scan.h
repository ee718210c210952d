/* Strict single-pass scanner for JSON text (RFC 8259) that runs before json-c, see json.h for what it refuses. Allocates only the
 * bookkeeping for duplicate keys; depth and size are bounded. Reentrant, no I/O. */
#ifndef SY_JSON_SCAN_H
#define SY_JSON_SCAN_H

#include <stddef.h>

#include "base/error.h"

/* 0, or -EINVAL / -EMSGSIZE / -ENOMEM with "offset N: reason". */
int sy_json_scan(const char *data, size_t len, unsigned max_depth, struct sy_error *err);

#endif
