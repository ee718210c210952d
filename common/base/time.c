/* Dates as Kubernetes and HTTP write them (declared in num.h). Never locale-dependent: no process of the project calls setlocale. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"

void sy_time_format(time_t t, char out[21])
{
	/* Years 0001 to 9999: the format has four digits. */
	static const time_t first = -62135596800;
	static const time_t last = 253402300799;
	struct tm tm = {0};

	t = t < first ? first : t > last ? last : t;
	gmtime_r(&t, &tm);
	snprintf(out, 21, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
		 (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

/* Exactly count digits at *p within [min, max], then the byte `after` unless that is NUL. */
static bool field(const char **p, int count, int min, int max, char after, int *ret_value)
{
	int value = 0;

	for (int i = 0; i < count; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		value = value * 10 + (**p - '0');
	}
	if (after) {
		if (**p != after)
			return false;
		(*p)++;
	}
	*ret_value = value;
	return value >= min && value <= max;
}

/* "Z" or "+hh:mm" up to the end of the text; the offset in seconds. */
static bool zone(const char *p, int *ret_offset)
{
	int hours;
	int minutes;

	if (*p == 'Z' || *p == 'z') {
		*ret_offset = 0;
		return p[1] == '\0';
	}
	if (*p != '+' && *p != '-')
		return false;
	int sign = *p++ == '+' ? 1 : -1;
	if (!field(&p, 2, 0, 23, ':', &hours) || !field(&p, 2, 0, 59, '\0', &minutes) || *p)
		return false;
	*ret_offset = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool sy_time_parse(const char *text, time_t *ret_time)
{
	const char *p = text;
	struct tm tm = {0};
	int offset;

	if (!field(&p, 4, 1, 9999, '-', &tm.tm_year) || !field(&p, 2, 1, 12, '-', &tm.tm_mon) || !field(&p, 2, 1, 31, '\0', &tm.tm_mday))
		return false;
	if (*p != 'T' && *p != 't')
		return false;
	p++;
	/* 60 is a leap second; it becomes the first second of the next minute. */
	if (!field(&p, 2, 0, 23, ':', &tm.tm_hour) || !field(&p, 2, 0, 59, ':', &tm.tm_min) || !field(&p, 2, 0, 60, '\0', &tm.tm_sec))
		return false;
	if (*p == '.') {
		size_t digits = strspn(++p, "0123456789");
		if (digits == 0)
			return false;
		p += digits;
	}
	if (!zone(p, &offset))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	int day = tm.tm_mday;
	bool leap = tm.tm_sec == 60;
	if (leap)
		tm.tm_sec = 59;
	time_t t = timegm(&tm);
	/* timegm turns 30 February into a day in March. */
	if (tm.tm_mday != day)
		return false;
	*ret_time = t + (leap ? 1 : 0) - offset;
	return true;
}

bool sy_http_date_parse(const char *text, time_t *ret_time)
{
	static const char format[] = "%a, %d %b %Y %H:%M:%S GMT";
	char again[30];
	struct tm tm = {0};

	if (strlen(text) != sizeof(again) - 1)
		return false;
	const char *end = strptime(text, format, &tm);
	if (!end || *end)
		return false;
	time_t t = timegm(&tm);
	/* strptime is lenient (blanks, wrong weekday, 31 June): only what prints the same is accepted. */
	if (!gmtime_r(&t, &tm) || strftime(again, sizeof(again), format, &tm) != sizeof(again) - 1 || strcmp(again, text) != 0)
		return false;
	*ret_time = t;
	return true;
}
