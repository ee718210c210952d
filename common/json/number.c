#include "json/number.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPONENT_DIGITS_MAX 15

/* Decimal digits of an integer, written backwards from end. */
static char *write_digits(char *end, uint64_t value)
{
	do {
		*--end = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	return end;
}

static const char *int_text(json_object *value, char space[SY_NUMBER_TEXT_MAX])
{
	int64_t number = json_object_get_int64(value);
	char *end = space + SY_NUMBER_TEXT_MAX - 1;

	*end = '\0';
	if (number >= 0) /* get_int64 saturates at INT64_MAX, get_uint64 gives the value itself */
		return write_digits(end, json_object_get_uint64(value));
	char *start = write_digits(end, -(uint64_t)number);
	*--start = '-';
	return start;
}

const char *sy_number_text(json_object *value, char space[SY_NUMBER_TEXT_MAX])
{
	if (json_object_is_type(value, json_type_int))
		return int_text(value, space);
	/* The parser and json_object_new_double_s keep the text as user data; nothing else in the project sets user data. */
	const char *text = json_object_get_userdata(value);
	if (text)
		return text;
	double number = json_object_get_double(value);
	if (!isfinite(number))
		return NULL;
	for (int precision = 15; precision <= 17; precision++) {
		snprintf(space, SY_NUMBER_TEXT_MAX, "%.*g", precision, number);
		if (strtod(space, NULL) == number)
			break;
	}
	return space;
}

/* Value of the exponent part ("e-12"). False when it has more digits than are worth computing with: no double comes near. */
static bool exponent_of(const char *text, int64_t *ret_exponent)
{
	bool negative = *text == '-';
	int64_t value = 0;

	if (*text == '-' || *text == '+')
		text++;
	while (*text == '0')
		text++;
	if (strlen(text) > EXPONENT_DIGITS_MAX)
		return false;
	for (; *text; text++)
		value = value * 10 + (*text - '0');
	*ret_exponent = negative ? -value : value;
	return true;
}

/* An exponent out of reach stands as text behind the digits, where there is room for it: they came from "digits e exponent". */
static void keep_exponent(struct sy_number *number, const char *text)
{
	number->digits[number->len++] = 'e';
	if (*text == '-')
		number->digits[number->len++] = '-';
	while (*text == '-' || *text == '+' || *text == '0')
		text++;
	memcpy(number->digits + number->len, text, strlen(text));
	number->len += strlen(text);
}

int sy_number_of(json_object *value, struct sy_number *ret_number)
{
	char space[SY_NUMBER_TEXT_MAX];
	const char *text = sy_number_text(value, space);
	struct sy_number number = {0};
	bool fraction = false;

	if (!text)
		return -EINVAL;
	number.negative = *text == '-';
	if (number.negative)
		text++;
	size_t size = strlen(text);
	number.digits = size <= sizeof(number.small) ? ret_number->small : malloc(size);
	if (!number.digits)
		return -ENOMEM;
	for (; *text && *text != 'e' && *text != 'E'; text++) {
		if (*text == '.') {
			fraction = true;
			continue;
		}
		number.exponent -= fraction ? 1 : 0;
		if (number.len > 0 || *text != '0')
			number.digits[number.len++] = *text;
	}
	int64_t exponent = 0;
	const char *far = *text && !exponent_of(text + 1, &exponent) ? text + 1 : NULL;
	number.exponent += exponent;
	while (number.len > 0 && number.digits[number.len - 1] == '0') {
		number.len--;
		number.exponent++;
	}
	if (number.len == 0) {
		number.negative = false;
		number.exponent = 0;
		number.digits[number.len++] = '0';
	} else if (far) {
		keep_exponent(&number, far);
	}
	ret_number->negative = number.negative;
	ret_number->exponent = number.exponent;
	ret_number->len = number.len;
	ret_number->digits = number.digits;
	return 0;
}

void sy_number_done(struct sy_number *number)
{
	if (number->digits != number->small)
		free(number->digits);
	number->digits = NULL;
}

bool sy_number_equal(const struct sy_number *a, const struct sy_number *b)
{
	return a->negative == b->negative && a->exponent == b->exponent && a->len == b->len && memcmp(a->digits, b->digits, a->len) == 0;
}
