#include "top.h"

#include <stdlib.h>
#include <string.h>

static const char *const sorts[TOP_SORTS] = {"path", "rate", "lag", "memory", "restarts"};

const char *top_sort_name(enum top_sort sort)
{
	return sorts[sort];
}

bool top_sort_parse(const char *text, enum top_sort *ret_sort)
{
	for (int i = 0; i < TOP_SORTS; i++) {
		if (strcmp(text, sorts[i]) == 0) {
			*ret_sort = (enum top_sort)i;
			return true;
		}
	}
	return false;
}

static const char *text_of(json_object *value, const char *key)
{
	const char *text = sy_json_str(value, key, NULL);

	return text ? text : "";
}

static int64_t number_of(json_object *value, const char *key, const char *inner)
{
	int64_t number = 0;

	(void)sy_json_int(value, &number, key, inner, NULL);
	return number;
}

static int64_t sum(int64_t a, int64_t b)
{
	int64_t both;

	return __builtin_add_overflow(a, b, &both) ? INT64_MAX : both;
}

static void read_row(json_object *value, struct top_row *ret_row)
{
	const char *path = text_of(value, "path");

	*ret_row = (struct top_row){
		.path = *path ? path : text_of(value, "cluster"),
		.cluster = text_of(value, "cluster"),
		.phase = text_of(value, "state"),
		.reason = text_of(value, "reason"),
		.process = text_of(value, "process"),
		.incarnation = number_of(value, "incarnation", NULL),
		.pid = number_of(value, "pid", NULL),
		.objects = number_of(value, "objects", NULL),
		.pending = number_of(value, "pending", NULL),
		.failing = number_of(value, "failing", NULL),
		.lag_ms = number_of(value, "lagMs", NULL),
		.restarts = number_of(value, "restarts", NULL),
		.report_age_ms = TOP_UNKNOWN,
		.anonymous_bytes = number_of(value, "anonymousBytes", NULL),
		.resident_bytes = number_of(value, "residentBytes", NULL),
		.requests = sum(number_of(value, "requests", "up"), number_of(value, "requests", "down")),
		.writes = sum(number_of(value, "writes", "up"), number_of(value, "writes", "down")),
		.request_milli = TOP_UNKNOWN,
		.write_milli = TOP_UNKNOWN,
		.value = value,
	};
	(void)sy_json_int(value, &ret_row->report_age_ms, "reportAgeMs", NULL);
}

static int by_cluster(const void *a, const void *b)
{
	return strcmp(((const struct top_row *)a)->cluster, ((const struct top_row *)b)->cluster);
}

static void read_rows(json_object *list, struct top_sample *out)
{
	out->count = list ? json_object_array_length(list) : 0;
	out->rows = ctl_checked(calloc(out->count + 1, sizeof(*out->rows)));
	out->order = ctl_checked(calloc(out->count + 1, sizeof(struct top_row *)));
	for (size_t i = 0; i < out->count; i++)
		read_row(json_object_array_get_idx(list, i), &out->rows[i]);
	qsort(out->rows, out->count, sizeof(*out->rows), by_cluster);
	for (size_t i = 0; i < out->count; i++) {
		const struct top_row *row = &out->rows[i];

		out->order[i] = &out->rows[i];
		out->objects = sum(out->objects, row->objects);
		out->workers += *row->process != '\0';
		out->running += strcmp(row->process, "Running") == 0;
	}
}

void top_sample_read(json_object *value, struct top_sample *ret_sample)
{
	json_object *target = sy_json_object(value, "syncTarget", NULL);

	*ret_sample = (struct top_sample){
		.version = text_of(value, "version"),
		.target = text_of(target, "name"),
		.ready = text_of(target, "ready"),
		.reason = text_of(target, "reason"),
		.pid = number_of(value, "pid", NULL),
		.uptime_ms = number_of(value, "uptimeMs", NULL),
		.anonymous_bytes = number_of(value, "anonymousBytes", NULL),
		.resident_bytes = number_of(value, "residentBytes", NULL),
		.value = value,
	};
	read_rows(sy_json_array(value, "list", NULL), ret_sample);
}

void top_sample_done(struct top_sample *sample)
{
	free(sample->rows);
	free(sample->order);
	json_object_put(sample->value);
	*sample = (struct top_sample){0};
}

static int64_t rate(int64_t now, int64_t before, int64_t ms)
{
	int64_t milli;

	if (now < before || __builtin_mul_overflow(now - before, 1000 * 1000, &milli))
		return TOP_UNKNOWN;
	return milli / ms;
}

void top_sample_rates(struct top_sample *sample, const struct top_sample *before)
{
	int64_t ms = sample->uptime_ms - before->uptime_ms;

	if (sample->pid != before->pid || ms <= 0)
		return;
	for (size_t i = 0; i < sample->count; i++) {
		struct top_row *row = &sample->rows[i];
		const struct top_row *old = before->count ? bsearch(row, before->rows, before->count, sizeof(*row), by_cluster) : NULL;

		/* What counts from another start, or is not reported yet, is another story. */
		if (!old || old->incarnation != row->incarnation || old->report_age_ms < 0 || row->report_age_ms < 0)
			continue;
		row->request_milli = rate(row->requests, old->requests, ms);
		row->write_milli = rate(row->writes, old->writes, ms);
	}
}

static int64_t key_of(const struct top_row *row, enum top_sort sort)
{
	switch (sort) {
	case TOP_BY_RATE:
		return row->request_milli;
	case TOP_BY_LAG:
		return row->lag_ms;
	case TOP_BY_MEMORY:
		return row->anonymous_bytes;
	case TOP_BY_RESTARTS:
		return row->restarts;
	default:
		return 0;
	}
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct top_row *one = *(struct top_row *const *)a, *two = *(struct top_row *const *)b;
	int64_t first = key_of(one, *(enum top_sort *)arg), second = key_of(two, *(enum top_sort *)arg);

	if (first != second)
		return first > second ? -1 : 1;
	int order = strcmp(one->path, two->path);
	return order ? order : strcmp(one->cluster, two->cluster);
}

void top_sample_sort(struct top_sample *sample, enum top_sort sort)
{
	qsort_r(sample->order, sample->count, sizeof(struct top_row *), compare, &sort);
}

static json_object *per_second(int64_t milli)
{
	char text[32];

	if (milli == TOP_UNKNOWN)
		return NULL; /* JSON's null */
	snprintf(text, sizeof(text), "%lld.%03lld", (long long)(milli / 1000), (long long)(milli % 1000));
	return ctl_checked(json_object_new_double_s((double)milli / 1000, text));
}

void top_sample_export(struct top_sample *sample)
{
	json_object *list = ctl_checked(json_object_new_array());

	for (size_t i = 0; i < sample->count; i++) {
		const struct top_row *row = sample->order[i];

		if (json_object_object_add(row->value, "requestsPerSecond", per_second(row->request_milli)) < 0 ||
		    json_object_object_add(row->value, "writesPerSecond", per_second(row->write_milli)) < 0 ||
		    json_object_array_add(list, json_object_get(row->value)) < 0)
			(void)ctl_checked(NULL);
	}
	ctl_args_add(sample->value, "list", list);
}
