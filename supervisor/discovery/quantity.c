#include "supervisor/discovery/quantity.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

#define NANO ((__int128)1000000000)
#define LIMIT (NANO * NANO * NANO)

static bool scale(__int128 *value, __int128 factor)
{
	if (*value > LIMIT / factor)
		return false;
	*value *= factor;
	return true;
}

static bool apply_exponent(__int128 *value, int64_t exponent)
{
	for (; exponent > 0; exponent--) {
		if (!scale(value, 10))
			return false;
	}
	for (; exponent < 0; exponent++)
		*value = (*value + 9) / 10; /* like Kubernetes: what is finer than 10^-9 rounds up */
	return true;
}

static bool apply_suffix(__int128 *value, const char *suffix, bool *ret_binary)
{
	static const char *const decimal = "num kMGTPE"; /* 10^-9 .. 10^18 in steps of three; the blank is "no suffix" */
	static const char *const binary = "KMGTPE";
	const char *at;
	int64_t exponent;

	*ret_binary = false;
	if (suffix[0] == '\0')
		return true;
	if ((suffix[0] == 'e' || suffix[0] == 'E') && suffix[1] != '\0')
		return sy_num_parse(suffix + 1 + (suffix[1] == '+'), -18, 18, &exponent) && apply_exponent(value, exponent);
	if (suffix[1] == 'i' && suffix[2] == '\0' && (at = strchr(binary, suffix[0]))) {
		*ret_binary = true;
		for (long i = at - binary; i >= 0; i--) {
			if (!scale(value, 1024))
				return false;
		}
		return true;
	}
	at = suffix[1] == '\0' && suffix[0] != ' ' ? strchr(decimal, suffix[0]) : NULL;
	return at && apply_exponent(value, ((at - decimal) - 3) * 3);
}

bool sy_quantity_add(struct sy_quantity *sum, const char *text)
{
	__int128 value = 0;
	size_t digits = 0, decimals = 0;
	bool point = false, binary = false;

	if (*text == '+')
		text++;
	for (; (*text >= '0' && *text <= '9') || (*text == '.' && !point); text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		digits++;
		if (point && ++decimals > 9)
			continue;
		if (digits > 24 || !scale(&value, 10))
			return false;
		value += *text - '0';
	}
	if (digits == 0)
		return false;
	for (; decimals < 9; decimals++) {
		if (!scale(&value, 10))
			return false;
	}
	if (!apply_suffix(&value, text, &binary) || value > LIMIT - sum->nano)
		return false;
	sum->nano += value;
	sum->binary = sum->binary || binary;
	return true;
}

static void print_number(__int128 value, const char *suffix, char out[SY_QUANTITY_MAX])
{
	char digits[SY_QUANTITY_MAX];
	size_t at = sizeof(digits);

	digits[--at] = '\0';
	do {
		digits[--at] = (char)('0' + (int)(value % 10));
		value /= 10;
	} while (value > 0);
	(void)snprintf(out, SY_QUANTITY_MAX, "%s%s", &digits[at], suffix);
}

void sy_quantity_print(const struct sy_quantity *sum, char out[SY_QUANTITY_MAX])
{
	static const char *const binary[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
	static const char *const decimal[] = {"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
	__int128 value = sum->nano;
	size_t i = 0;

	if (value == 0) {
		print_number(0, "", out);
		return;
	}
	if (sum->binary && value % NANO == 0 && value / NANO >= 1024) {
		for (value /= NANO; i < 6 && value % 1024 == 0; i++)
			value /= 1024;
		print_number(value, binary[i], out);
		return;
	}
	for (; i < 9 && value % 1000 == 0; i++)
		value /= 1000;
	print_number(value, decimal[i], out);
}
