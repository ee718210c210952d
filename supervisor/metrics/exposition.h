/* The Prometheus text format (version 0.0.4), written sample by sample. Pure.
 *
 * The first failure (no memory, no room) is kept and everything after it is skipped: look at `r` at the end. A family's HELP and TYPE are
 * written with its first sample, and all samples of a family must follow one another: another family in between is -EINVAL, since a
 * reader would refuse the whole text. */
#ifndef SY_SUPERVISOR_EXPOSITION_H
#define SY_SUPERVISOR_EXPOSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "supervisor/metrics/families.h"

#define SY_LABELS_MAX 32

struct sy_label {
	const char *name;  /* a literal, or made by sy_label_name */
	const char *value; /* any bytes; NULL = "" */
};

struct sy_exposition {
	struct sy_buf *out;
	enum sy_family family; /* of the last sample */
	uint32_t done[2];      /* families that were written, one bit each */
	bool begun;
	int r;
};

void sy_exposition_init(struct sy_exposition *exposition, struct sy_buf *out);

/* One sample. Values are decimal numbers, not floating point: value / 10^decimals (0 to 9). */
void sy_sample(struct sy_exposition *to, enum sy_family family, const struct sy_label *labels, size_t count, int64_t value,
	       unsigned decimals);
/* The same for a counter, which may be large. */
void sy_sample_count(struct sy_exposition *to, enum sy_family family, const struct sy_label *labels, size_t count, uint64_t value);

/* "cell_" and text with everything else than [a-zA-Z0-9_] as "_", at most size - 1 bytes: a name for a label. */
void sy_label_name(const char *prefix, const char *text, char *out, size_t size);

#endif
