/* Kubernetes quantities ("1500m", "16Gi", "2e3"), summed exactly and printed in canonical form. */
#ifndef SY_SUPERVISOR_QUANTITY_H
#define SY_SUPERVISOR_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>

#define SY_QUANTITY_MAX 48 /* longest text of a sum, with NUL */

/* A sum in units of 10^-9, and whether it was given in binary units. */
struct sy_quantity {
	__int128 nano;
	bool binary;
};

/* Add a quantity's text. False (and no change) for malformed text, a negative value, or an overflow beyond 10^27 nano. */
bool sy_quantity_add(struct sy_quantity *sum, const char *text);
/* Canonical: no fraction, the largest suffix that keeps the number whole. Binary quantities below 1024 and uneven ones use decimal units. */
void sy_quantity_print(const struct sy_quantity *sum, char out[SY_QUANTITY_MAX]);

#endif
