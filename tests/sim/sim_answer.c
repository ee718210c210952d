/* Answers on the wire: bodies, streams, and bodies that break off. */
#include <stdio.h>
#include <string.h>

#include "sim_http.h"

static ssize_t read_watch(void *arg, uint64_t pos, char *out, size_t max)
{
	struct sim_call *call = arg;
	long got = sim_watch_read(call->answer.watch, out, max);

	(void)pos;
	if (got == -1)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (got == -2)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (got == 0) {
		MHD_suspend_connection(call->connection);
		sim_watch_suspended(call->answer.watch, true, call->connection);
	}
	return (ssize_t)got;
}

/* A body that breaks off although its length was promised. */
static ssize_t read_cut(void *arg, uint64_t pos, char *out, size_t max)
{
	struct sim_call *call = arg;
	size_t left = pos < call->cut_at ? call->cut_at - (size_t)pos : 0;

	if (left == 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (left > max)
		left = max;
	memcpy(out, call->answer.text + pos, left);
	return (ssize_t)left;
}

static struct MHD_Response *make_response(struct sim_call *call)
{
	struct sim_answer *answer = &call->answer;
	const char *text;

	if (answer->watch) {
		sim_watch_spoil(answer->watch, &call->end);
		return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, read_watch, call, NULL);
	}
	if (answer->body) {
		free(answer->text);
		answer->text = sy_json_text(answer->body);
		answer->is_json = true;
	}
	text = answer->text ? answer->text : "";
	if (call->cut_at && strlen(text) > call->cut_at)
		return MHD_create_response_from_callback(strlen(text), 16384, read_cut, call, NULL);
	return MHD_create_response_from_buffer_with_free_callback(strlen(text), answer->text, NULL);
}

enum MHD_Result sim_http_answer(struct sim_call *call)
{
	struct sim_answer *answer = &call->answer;
	struct MHD_Response *response = make_response(call);
	enum MHD_Result r;
	char text[16];

	if (!response)
		return MHD_NO;
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				      answer->watch || answer->is_json ? "application/json" : "text/plain; charset=utf-8");
	if (answer->retry_after) {
		snprintf(text, sizeof(text), "%d", answer->retry_after);
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, text);
	}
	r = MHD_queue_response(call->connection, answer->code, response);
	MHD_destroy_response(response);
	return r;
}
