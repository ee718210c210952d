/* The measuring side: make a change on one server, and note when its effect is seen on the other. */
#include "raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

#define GIVE_UP_S 120.0

struct drive {
	const struct raw_options *options;
	struct raw raw;
	double *sent;
	double *seen;
	int next;
	int seen_count;
	bool is_ready; /* the watch has its initial events */
	bool has_failed;
};

static int index_of(const struct drive *drive, json_object *object)
{
	json_object *meta = NULL;
	json_object *name = NULL;
	size_t len = strlen(drive->options->prefix);
	const char *text;
	int64_t index;

	if (!json_object_object_get_ex(object, "metadata", &meta) || !json_object_object_get_ex(meta, "name", &name))
		return -1;
	text = json_object_get_string(name);
	if (strncmp(text, drive->options->prefix, len) != 0 || text[len] != '-' ||
	    !sy_num_parse(text + len + 1, 0, drive->options->count - 1, &index))
		return -1;
	return (int)index;
}

static bool has_effect(const struct drive *drive, json_object *object)
{
	json_object *status = NULL;
	json_object *round = NULL;

	if (!drive->options->is_status)
		return true;
	return json_object_object_get_ex(object, "status", &status) && json_object_object_get_ex(status, "round", &round) &&
	       json_object_get_int(round) == drive->options->round;
}

static void on_event(void *arg, const char *type, json_object *object)
{
	struct drive *drive = arg;
	int index;

	if (strcmp(type, "BOOKMARK") == 0) {
		drive->is_ready = true;
		return;
	}
	if (strcmp(type, "END") == 0 || strcmp(type, "ERROR") == 0) {
		fprintf(stderr, "rawclient: the watch ended\n");
		drive->has_failed = true;
		return;
	}
	index = index_of(drive, object);
	if (index < 0 || drive->seen[index] > 0 || strcmp(type, "DELETED") == 0 || !has_effect(drive, object))
		return;
	drive->seen[index] = raw_now();
	drive->seen_count++;
}

static void on_answer(void *arg, long code, const char *body)
{
	struct drive *drive = arg;

	if (code == 200 || code == 201)
		return;
	fprintf(stderr, "rawclient: the server answered %ld: %.300s\n", code, body);
	drive->has_failed = true;
}

static char *object_text(const struct raw_options *options, int index)
{
	char *pad = calloc(1, (size_t)options->pad + 1);
	char *text = NULL;

	if (!pad)
		return NULL;
	memset(pad, 'x', (size_t)options->pad);
	if (asprintf(&text,
		     "{\"apiVersion\":\"example.dev/v1alpha1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"%s-%d\"},"
		     "\"spec\":{\"size\":%d,\"pad\":\"%s\"}}",
		     options->prefix, index, index, pad) < 0)
		text = NULL;
	free(pad);
	return text;
}

static int write_one(struct drive *drive)
{
	const struct raw_options *options = drive->options;
	struct raw_call call = {.server = &options->write_to, .method = "POST", .content_type = "application/json"};
	int index = drive->next++;
	char *body = NULL;
	char *url = NULL;
	int r = -1;

	if (options->is_status) {
		call.method = "PATCH";
		call.content_type = "application/merge-patch+json";
		if (asprintf(&body, "{\"status\":{\"phase\":\"Ready\",\"round\":%d}}", options->round) < 0 ||
		    asprintf(&url, "%s/%s-%d/status?fieldManager=rawclient", options->write_url, options->prefix, index) < 0)
			abort();
	} else {
		body = object_text(options, index);
		url = strdup(options->write_url);
	}
	call.url = url;
	call.body = body;
	drive->sent[index] = raw_now();
	if (url && body)
		r = raw_start(&drive->raw, &call, on_answer, drive);
	free(url);
	free(body);
	return r;
}

/* Serial: the next change is made when the effect of the one before is seen. Else: as many as allowed are under way. */
static bool may_write(const struct drive *drive)
{
	const struct raw_options *options = drive->options;

	if (drive->next == options->count)
		return false;
	if (options->concurrency == 1)
		return drive->seen_count == drive->next && drive->raw.in_flight == 0;
	return drive->raw.in_flight < (unsigned)options->concurrency;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_result(struct drive *drive)
{
	int count = drive->options->count;
	double first = drive->sent[0];
	double last = 0;

	for (int i = 0; i < count; i++) {
		if (drive->seen[i] > last)
			last = drive->seen[i];
		drive->sent[i] = (drive->seen[i] - drive->sent[i]) * 1000;
	}
	qsort(drive->sent, (size_t)count, sizeof(double), by_value);
	printf("{\"count\":%d,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"total_s\":%.3f,\"per_s\":%.1f}\n", count, drive->sent[count / 2],
	       drive->sent[(count * 99) / 100], last - first, count / (last - first));
}

int raw_drive(const struct raw_options *options)
{
	struct drive drive = {.options = options};
	double deadline = raw_now() + GIVE_UP_S;
	int r = -1;

	drive.sent = calloc((size_t)options->count, sizeof(double));
	drive.seen = calloc((size_t)options->count, sizeof(double));
	if (!drive.sent || !drive.seen || raw_init(&drive.raw) < 0)
		return 1;
	if (raw_watch(&drive.raw, &options->watch_at, options->watch_url, on_event, &drive) < 0)
		return 1;
	while (!drive.has_failed && drive.seen_count < options->count && raw_now() < deadline) {
		while (drive.is_ready && may_write(&drive))
			if (write_one(&drive) < 0)
				drive.has_failed = true;
		raw_turn(&drive.raw, 100);
	}
	if (!drive.has_failed && drive.seen_count == options->count) {
		print_result(&drive);
		r = 0;
	} else {
		fprintf(stderr, "rawclient: %d of %d effects seen\n", drive.seen_count, options->count);
	}
	free(drive.sent);
	free(drive.seen);
	raw_done(&drive.raw);
	return r == 0 ? 0 : 1;
}
