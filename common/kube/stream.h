/* The watch stream: one JSON event per line, arriving in slices of any size. Bounded: a line longer than an object may be ends the stream.
 * Reentrant, no I/O. */
#ifndef SY_KUBE_STREAM_H
#define SY_KUBE_STREAM_H

#include "base/buf.h"
#include "json/json.h"

/* Room for {"type":"BOOKMARK","object":...} around an object of SY_MAX_OBJECT_BYTES. */
#define SY_STREAM_FRAMING 128u

enum sy_stream_type { SY_STREAM_ADDED = 0, SY_STREAM_MODIFIED, SY_STREAM_DELETED, SY_STREAM_BOOKMARK, SY_STREAM_ERROR, SY_STREAM_TYPE_MAX };

struct sy_stream_event {
	enum sy_stream_type type;
	json_object *object; /* owned by the event */
	const char *raw;     /* the object's text within the line */
	size_t raw_len;
};
void sy_stream_event_done(struct sy_stream_event *event);

/* Decode one line. -EINVAL for anything but {"type":<known>,"object":{...}} (other members are ignored, a repeated one is refused),
 * -EMSGSIZE when the object is larger than max. raw points into line. */
int sy_stream_decode(const char *line, size_t len, size_t max, struct sy_stream_event *ret_event, struct sy_error *err);

/* The frame of a line only: object is NULL, raw its unread text. cut: the end of the line is missing, raw is the beginning of the object. */
int sy_stream_frame(const char *line, size_t len, bool cut, struct sy_stream_event *ret_event, struct sy_error *err);

/* Called for each line, without its line end; empty lines are skipped. A negative value ends sy_stream_feed with it. */
typedef int sy_stream_line_fn(void *arg, const char *line, size_t len, struct sy_error *err);

struct sy_stream {
	struct sy_buf partial; /* the beginning of a line whose end has not come */
	bool give_cut;	       /* set by the owner: a line above the limit is given without its end, instead of ending the stream */
	bool cut;	       /* the line being given, or collected, is such a one */
};

void sy_stream_init(struct sy_stream *stream, size_t max_line);
void sy_stream_done(struct sy_stream *stream);
/* Take a slice. Lines that lie whole in it are not copied. -EMSGSIZE for a line above the limit, unless give_cut is set. */
int sy_stream_feed(struct sy_stream *stream, const char *data, size_t len, sy_stream_line_fn *fn, void *arg, struct sy_error *err);
/* True when bytes without a line end are left: at the end of the stream they are a broken event. */
bool sy_stream_is_partial(const struct sy_stream *stream);

#endif
