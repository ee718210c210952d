#include "base/num.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

bool sy_num_parse(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
	const char *why = NULL;

	/* strtonum skips leading blanks and takes a plus sign; nobody who writes those means it. */
	if (!digit(text[0]) && !(text[0] == '-' && digit(text[1])))
		return false;
	long long value = strtonum(text, min, max, &why);
	if (why)
		return false;
	*ret_value = value;
	return true;
}

/* Read decimal digits at *p; false without one or when the value does not fit. */
static bool take_digits(const char **p, int64_t *ret_value)
{
	int64_t value = 0;

	if (!digit(**p))
		return false;
	for (; digit(**p); (*p)++)
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, **p - '0', &value))
			return false;
	*ret_value = value;
	return true;
}

struct unit {
	const char *name;
	int64_t factor;
};

/* The unit whose name is the longest at p. */
static const struct unit *find_unit(const struct unit *units, size_t count, const char *p)
{
	const struct unit *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(units[i].name);
		if (len > best_len && strncmp(p, units[i].name, len) == 0) {
			best = &units[i];
			best_len = len;
		}
	}
	return best;
}

bool sy_duration_parse(const char *text, int64_t *ret_ms)
{
	static const struct unit units[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
	int64_t total = 0;
	int64_t last = INT64_MAX;

	if (strcmp(text, "0") == 0) {
		*ret_ms = 0;
		return true;
	}
	do {
		int64_t value;
		if (!take_digits(&text, &value))
			return false;
		const struct unit *unit = find_unit(units, sizeof(units) / sizeof(units[0]), text);
		/* Descending units only: "5s1h" is a slip of the pen, not a wish. */
		if (!unit || unit->factor >= last)
			return false;
		last = unit->factor;
		text += strlen(unit->name);
		if (__builtin_mul_overflow(value, unit->factor, &value) || __builtin_add_overflow(total, value, &total))
			return false;
	} while (*text);
	*ret_ms = total;
	return true;
}

bool sy_bytes_parse(const char *text, int64_t *ret_bytes)
{
	static const struct unit units[] = {
		{"Ki", 1LL << 10},
		{"Mi", 1LL << 20},
		{"Gi", 1LL << 30},
		{"Ti", 1LL << 40},
		{"Pi", 1LL << 50},
		{"Ei", 1LL << 60},
		{"k", 1000},
		{"M", 1000000},
		{"G", 1000000000LL},
		{"T", 1000000000000LL},
		{"P", 1000000000000000LL},
		{"E", 1000000000000000000LL},
	};
	int64_t value;

	if (!take_digits(&text, &value))
		return false;
	if (*text) {
		const struct unit *unit = find_unit(units, sizeof(units) / sizeof(units[0]), text);
		if (!unit || text[strlen(unit->name)] || __builtin_mul_overflow(value, unit->factor, &value))
			return false;
	}
	*ret_bytes = value;
	return true;
}
