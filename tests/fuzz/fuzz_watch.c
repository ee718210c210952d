/* Watch streams: the first byte says how large the slices are, the rest is the stream. Lines and events must not depend on
 * slices. Then once more with lines above the limit handed on without their ends. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kube/about.h"
#include "kube/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum {
	unsigned lines;
	unsigned events;
};

static int on_line(void *arg, const char *line, size_t len, struct sy_error *err)
{
	struct sum *sum = arg;
	struct sy_stream_event event;

	sum->lines++;
	if (sy_stream_decode(line, len, 4096, &event, err) < 0)
		return 0;
	if (!event.object || event.raw < line || event.raw + event.raw_len > line + len)
		abort();
	sum->events++;
	sy_stream_event_done(&event);
	return 0;
}

static int run(const char *data, size_t size, size_t slice, struct sum *ret_sum)
{
	struct sy_stream stream;
	int r = 0;

	*ret_sum = (struct sum){0};
	sy_stream_init(&stream, 8192);
	for (size_t at = 0; r == 0 && at < size; at += slice)
		r = sy_stream_feed(&stream, data + at, size - at < slice ? size - at : slice, on_line, ret_sum, NULL);
	sy_stream_done(&stream);
	return r;
}

static int on_any_line(void *arg, const char *line, size_t len, struct sy_error *err)
{
	const struct sy_stream *stream = arg;
	struct sy_stream_event event;
	sy_auto_json json_object *about = NULL;
	bool whole = false;

	if (sy_stream_frame(line, len, stream->cut, &event, err) < 0)
		return 0;
	if (event.raw < line || event.raw + event.raw_len > line + len || sy_about_read(event.raw, event.raw_len, &about, &whole) < 0 ||
	    (whole && !about))
		abort();
	return 0;
}

static void run_cut(const char *data, size_t size, size_t slice)
{
	struct sy_stream stream;

	sy_stream_init(&stream, 256);
	stream.give_cut = true;
	for (size_t at = 0; at < size; at += slice)
		if (sy_stream_feed(&stream, data + at, size - at < slice ? size - at : slice, on_any_line, &stream, NULL) < 0)
			abort();
	sy_stream_done(&stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum whole, sliced;

	if (size < 2 || size > 8000)
		return 0;
	const char *text = (const char *)data + 1;
	int a = run(text, size - 1, size, &whole);
	int b = run(text, size - 1, (size_t)data[0] % 64 + 1, &sliced);
	if (a != b || memcmp(&whole, &sliced, sizeof(whole)) != 0)
		abort();
	run_cut(text, size - 1, (size_t)data[0] % 64 + 1);
	return 0;
}
