/* Private to json/: numbers by value, without going through double. */
#ifndef SY_JSON_NUMBER_H
#define SY_JSON_NUMBER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A decimal number: (-1)^negative * digits * 10^exponent. digits have no zero at either end; zero is "0" with exponent 0.
 * An exponent of more than 15 digits is a part of digits instead. */
struct sy_number {
	bool negative;
	int64_t exponent;
	size_t len;
	char *digits; /* small, or malloc'ed when longer */
	char small[48];
};

/* Decompose an int or double value. 0, -ENOMEM, or -EINVAL for NaN and infinity. */
int sy_number_of(json_object *value, struct sy_number *ret_number);
void sy_number_done(struct sy_number *number);
bool sy_number_equal(const struct sy_number *a, const struct sy_number *b);

/* The text of an int or double value as it is printed: the text it was parsed from, else the shortest that reads back the same. Borrowed
 * from value or written to space. NULL for NaN and infinity, which JSON does not have. */
#define SY_NUMBER_TEXT_MAX 40
const char *sy_number_text(json_object *value, char space[SY_NUMBER_TEXT_MAX]);

#endif
