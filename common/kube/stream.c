/* Lines and events of a watch stream. */
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "kube/span.h"
#include "kube/stream.h"

static const char *const type_names[] = {
	[SY_STREAM_ADDED] = "\"ADDED\"",       [SY_STREAM_MODIFIED] = "\"MODIFIED\"", [SY_STREAM_DELETED] = "\"DELETED\"",
	[SY_STREAM_BOOKMARK] = "\"BOOKMARK\"", [SY_STREAM_ERROR] = "\"ERROR\"",
};
_Static_assert(sizeof(type_names) / sizeof(*type_names) == SY_STREAM_TYPE_MAX, "every type has a name");

/* The parts of a line that matter, as slices of it. */
struct slice {
	const char *data;
	size_t len;
};
struct frame {
	struct slice type;
	struct slice object;
};

static bool slice_is(const struct slice *slice, const char *text)
{
	return slice->len == strlen(text) && memcmp(slice->data, text, slice->len) == 0;
}

static void skip_space(struct slice *rest)
{
	while (rest->len > 0 && sy_span_is_space(*rest->data)) {
		rest->data++;
		rest->len--;
	}
}

static bool take_char(struct slice *rest, char c)
{
	skip_space(rest);
	if (rest->len == 0 || *rest->data != c)
		return false;
	rest->data++;
	rest->len--;
	return true;
}

static bool take_value(struct slice *rest, struct slice *ret_value)
{
	struct sy_span span = {0};
	bool done;

	skip_space(rest);
	size_t len = sy_span_feed(&span, rest->data, rest->len, &done);
	if (!done || len == 0)
		return false;
	*ret_value = (struct slice){rest->data, len};
	rest->data += len;
	rest->len -= len;
	return true;
}

/* One "key": value. */
static bool take_member(struct slice *rest, bool cut, struct frame *frame)
{
	struct slice key, value;

	skip_space(rest);
	if (rest->len == 0 || *rest->data != '"' || !take_value(rest, &key) || !take_char(rest, ':'))
		return false;
	skip_space(rest);
	if (cut && slice_is(&key, "\"object\"")) {
		frame->object = *rest;
		rest->len = 0;
		return frame->object.len > 0;
	}
	if (!take_value(rest, &value))
		return false;
	struct slice *place = slice_is(&key, "\"type\"") ? &frame->type : (slice_is(&key, "\"object\"") ? &frame->object : NULL);
	if (!place)
		return true;
	if (place->data)
		return false;
	*place = value;
	return true;
}

static bool take_frame(struct slice rest, bool cut, struct frame *frame)
{
	if (!take_char(&rest, '{'))
		return false;
	do {
		if (!take_member(&rest, cut, frame))
			return false;
		if (cut && frame->object.data)
			return frame->type.data;
	} while (take_char(&rest, ','));
	if (!take_char(&rest, '}'))
		return false;
	skip_space(&rest);
	return rest.len == 0 && frame->type.data && frame->object.data;
}

int sy_stream_frame(const char *line, size_t len, bool cut, struct sy_stream_event *ret_event, struct sy_error *err)
{
	struct frame frame = {0};
	unsigned type = 0;

	if (!take_frame((struct slice){line, len}, cut, &frame) || *frame.object.data != '{')
		return sy_error_set(err, EINVAL, "the watch stream holds a line that is no event");
	while (type < SY_STREAM_TYPE_MAX && !slice_is(&frame.type, type_names[type]))
		type++;
	if (type == SY_STREAM_TYPE_MAX)
		return sy_error_set(err, EINVAL, "the watch stream holds an event of an unknown type");
	*ret_event = (struct sy_stream_event){(enum sy_stream_type)type, NULL, frame.object.data, frame.object.len};
	return 0;
}

int sy_stream_decode(const char *line, size_t len, size_t max, struct sy_stream_event *ret_event, struct sy_error *err)
{
	struct sy_stream_event event = {0};
	int r = sy_stream_frame(line, len, false, &event, err);

	if (r < 0)
		return r;
	r = sy_json_parse(event.raw, event.raw_len, max, &event.object, err);
	if (r < 0)
		return sy_error_wrap(err, "watch event");
	*ret_event = event;
	return 0;
}

void sy_stream_event_done(struct sy_stream_event *event)
{
	json_object_put(event->object);
	event->object = NULL;
}

void sy_stream_init(struct sy_stream *stream, size_t max_line)
{
	*stream = (struct sy_stream){0};
	sy_buf_init(&stream->partial, max_line);
}

void sy_stream_done(struct sy_stream *stream)
{
	sy_buf_done(&stream->partial);
}

bool sy_stream_is_partial(const struct sy_stream *stream)
{
	return stream->partial.len > 0;
}

static int give_line(const char *line, size_t len, sy_stream_line_fn *fn, void *arg, struct sy_error *err)
{
	while (len > 0 && sy_span_is_space(line[len - 1]))
		len--;
	return len > 0 ? fn(arg, line, len, err) : 0;
}

static int keep(struct sy_stream *stream, const char *data, size_t len, struct sy_error *err)
{
	if (stream->cut)
		return 0; /* its beginning is all that there is room for */
	int r = sy_buf_add(&stream->partial, data, len);

	if (r == -EMSGSIZE && stream->give_cut) {
		stream->cut = true;
		return 0;
	}
	if (r == -EMSGSIZE)
		return sy_error_set(err, EMSGSIZE, "the watch stream holds an event above %zu bytes", stream->partial.max);
	return r < 0 ? sy_error_oom(err) : 0;
}

/* Memory of an unusually large line is not kept for the next ones, which are small. */
static void forget(struct sy_stream *stream)
{
	if (stream->partial.cap > 64u * 1024)
		sy_buf_done(&stream->partial);
	else
		sy_buf_reset(&stream->partial);
}

int sy_stream_feed(struct sy_stream *stream, const char *data, size_t len, sy_stream_line_fn *fn, void *arg, struct sy_error *err)
{
	while (len > 0) {
		const char *end = memchr(data, '\n', len);
		size_t size = end ? (size_t)(end - data) : len;
		int r = 0;

		if (!end)
			return keep(stream, data, size, err);
		if (stream->partial.len == 0) {
			r = give_line(data, size, fn, arg, err);
		} else {
			r = keep(stream, data, size, err);
			if (r == 0)
				r = give_line(stream->partial.data, stream->partial.len, fn, arg, err);
			if (r == 0)
				forget(stream);
			stream->cut = false;
		}
		if (r < 0)
			return r;
		data = end + 1;
		len -= size + 1;
	}
	return 0;
}
