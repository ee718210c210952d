/* Attempts of a reflector: start, answer, end, silence. */
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "kube/reflector_impl.h"

int reflector_query(const struct sy_reflector *reflector, enum reflector_attempt attempt, struct sy_buf *out)
{
	int r = 0;

	if (attempt == ATTEMPT_PAGE) {
		r = sy_buf_printf(out, "limit=%d", SY_LIST_PAGE);
		if (r == 0 && reflector->continue_token)
			r = sy_kube_query_add(out, "continue", reflector->continue_token);
	} else {
		/* At random, so that many watches do not end at the same time. */
		r = sy_buf_printf(out, "watch=1&allowWatchBookmarks=true&timeoutSeconds=%u", 1800 + arc4random_uniform(1800));
		if (r == 0 && attempt == ATTEMPT_STREAM_LIST)
			r = sy_buf_add_str(out, "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
		if (r == 0 && attempt == ATTEMPT_WATCH)
			r = sy_kube_query_add(out, "resourceVersion", reflector->rv);
	}
	if (r == 0 && reflector->label_selector)
		r = sy_kube_query_add(out, "labelSelector", reflector->label_selector);
	if (r == 0 && reflector->field_selector)
		r = sy_kube_query_add(out, "fieldSelector", reflector->field_selector);
	return r;
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Restart the wait for the next byte. */
void reflector_arm(struct sy_reflector *reflector)
{
	int64_t deadline = smaller(REFLECTOR_OPEN_DEADLINE_MS, reflector->bookmark_deadline_ms);

	if (reflector->attempt == ATTEMPT_WATCH && reflector->open)
		deadline = reflector->bookmark_deadline_ms;
	else if (reflector->attempt == ATTEMPT_STREAM_LIST && reflector->open)
		deadline = smaller(REFLECTOR_INITIAL_SILENCE_MS, reflector->bookmark_deadline_ms);
	sy_timer_start(reflector->watchdog, deadline);
}

static void heard(struct sy_reflector *reflector)
{
	reflector->last_heard_ms = sy_loop_now_ms(reflector->kube->loop);
	reflector_arm(reflector);
}

static void silent(struct sy_reflector *reflector)
{
	enum reflector_attempt attempt = reflector->attempt;
	bool open = reflector->open;

	if (attempt == ATTEMPT_STREAM_LIST && open) {
		/* The server took the request for an ordinary watch: what it sent is no complete list. */
		reflector_stop(reflector);
		reflector->paged = true;
		reflector_next(reflector, 0);
		return;
	}
	/* A resourceVersion from the future (a restored etcd) is answered by silence too: only a list gets out of it. */
	if (attempt == ATTEMPT_WATCH)
		reflector->need_list = true;
	/* A stream that was open for a whole deadline is no hot loop: the back-off of earlier failures is over. */
	if (attempt == ATTEMPT_WATCH && open && !reflector->poisoned)
		reflector->failures = 0;
	struct sy_http_transfer *transfer = reflector->transfer;
	int64_t since = open ? reflector->last_heard_ms : reflector->started_ms;
	reflector->transfer = NULL;
	sy_http_abandon(transfer, since);
	/* kcp sends no bookmarks for a type of which nothing has changed since its start: silence is a reason to look, the list that follows tells
	 * whether anything is wrong. */
	reflector_fail_text(reflector, SY_KUBE_UNREACHABLE,
			    open ? "the stream was silent for longer than its deadline" : "no answer within the deadline",
			    attempt == ATTEMPT_WATCH && open);
}

void reflector_on_silence(void *arg)
{
	struct sy_reflector *reflector = arg;

	reflector_enter(reflector);
	silent(reflector);
	reflector_leave(reflector);
}

static void on_open(void *arg, int code)
{
	struct sy_reflector *reflector = arg;
	unsigned serial = reflector->serial;

	if (code != 200)
		return;
	reflector_enter(reflector);
	reflector->open = true;
	reflector->opened_ms = sy_loop_now_ms(reflector->kube->loop);
	heard(reflector);
	bool begins = reflector->attempt == ATTEMPT_STREAM_LIST || (reflector->attempt == ATTEMPT_PAGE && !reflector->continue_token);
	if (begins && reflector->ops.begin)
		reflector->ops.begin(reflector->arg);
	if (reflector_is_current(reflector, serial) && reflector->attempt == ATTEMPT_WATCH) {
		reflector->verdict = SY_KUBE_OK;
		reflector->text.message[0] = '\0';
		reflector_set_state(reflector, SY_REFLECTOR_SYNCED, SY_KUBE_OK, NULL);
	}
	reflector_leave(reflector);
}

static int on_body(void *arg, int code, const char *data, size_t len)
{
	struct sy_reflector *reflector = arg;
	int r = 0;

	reflector_enter(reflector);
	heard(reflector);
	if (code == 200)
		r = reflector_take(reflector, data, len);
	else if (sy_buf_add(&reflector->error_body, data, len) < 0)
		r = 0; /* the beginning of an error is enough */
	reflector_leave(reflector);
	return r;
}

/* The server does not offer streaming lists, or does not like this resourceVersion. */
static bool wants_other_way(struct sy_reflector *reflector, const struct sy_kube_result *result)
{
	bool refused = result->verdict == SY_KUBE_INVALID || result->verdict == SY_KUBE_BAD_REQUEST;

	if (reflector->attempt != ATTEMPT_STREAM_LIST || !refused)
		return false;
	reflector_stop(reflector);
	reflector->paged = true;
	reflector_next(reflector, 0);
	return true;
}

/* After these answers the place where we were is still good. */
static bool may_resume(enum sy_kube_verdict verdict)
{
	return verdict == SY_KUBE_UNAUTHORIZED || verdict == SY_KUBE_FORBIDDEN || verdict == SY_KUBE_THROTTLED ||
	       verdict == SY_KUBE_SERVER_ERROR || verdict == SY_KUBE_UNREACHABLE;
}

static void forget_place(struct sy_reflector *reflector)
{
	reflector->need_list = true;
	free(reflector->continue_token);
	reflector->continue_token = NULL;
}

/* The answer was not a 200. */
static void refused(struct sy_reflector *reflector, const struct sy_http_answer *http)
{
	sy_auto_json json_object *object = NULL;
	struct sy_kube_result result;
	struct kube_text text;

	if (http->end == SY_HTTP_COMPLETE && reflector->error_body.len > 0 &&
	    sy_json_parse(reflector->error_body.data, reflector->error_body.len, REFLECTOR_ERROR_BODY, &object, NULL) < 0)
		object = NULL;
	struct kube_answer answer = {
		.method = "GET",
		.path = reflector->path,
		.http = http,
		.body = sy_buf_str(&reflector->error_body),
		.body_len = reflector->error_body.len,
		.object = object,
	};
	kube_result(reflector->kube, &answer, &text, &result);
	if (result.verdict == SY_KUBE_OK) /* 204 and the like: no list */
		result.verdict = SY_KUBE_SERVER_ERROR;
	if (wants_other_way(reflector, &result))
		return;
	/* "resourceVersion: Invalid value" comes as a 500 without a reason. */
	bool bad_rv = reflector->attempt == ATTEMPT_WATCH && result.http_code == 500 && strstr(result.message, "resourceVersion");
	if (!may_resume(result.verdict) || bad_rv)
		forget_place(reflector);
	reflector_fail(reflector, &result, result.verdict == SY_KUBE_GONE && reflector->had_list);
}

static int check_version(const char *rv, struct sy_error *err)
{
	return strlen(rv) < REFLECTOR_MAX_RV ? 0 : sy_error_set(err, EINVAL, "the list's resourceVersion is too long");
}

static void page_ended(struct sy_reflector *reflector)
{
	struct sy_error err = {0};

	if (sy_list_end(&reflector->list, &err) < 0 || check_version(reflector->list.resource_version, &err) < 0) {
		forget_place(reflector);
		reflector->poisoned = true;
		reflector_fail_text(reflector, SY_KUBE_UNREACHABLE, err.text, false);
		return;
	}
	char *token = reflector->list.continue_token;
	if (token && *token) {
		free(reflector->continue_token);
		reflector->continue_token = sy_take_ptr(reflector->list.continue_token);
		reflector_stop(reflector);
		reflector_start(reflector);
		return;
	}
	/* The answer is in hand: what follows is not a part of this attempt. */
	reflector_stop(reflector);
	if (!reflector_list_complete(reflector, reflector->list.resource_version))
		return;
	if (reflector->failures > 0) /* a watch that failed after the list before: not in a tight loop */
		reflector_next(reflector, 250);
	else
		reflector_start(reflector);
}

/* The server ended the stream as it should, or at least at the end of an event. */
static void stream_ended(struct sy_reflector *reflector)
{
	int64_t age = sy_loop_now_ms(reflector->kube->loop) - reflector->opened_ms;

	if (reflector->attempt == ATTEMPT_STREAM_LIST) {
		if (++reflector->cut_streams >= REFLECTOR_MAX_CUT_STREAMS)
			reflector->paged = true;
		reflector_fail_text(reflector, SY_KUBE_UNREACHABLE, "the stream ended before the initial list was complete", false);
		return;
	}
	reflector->short_ends = age < REFLECTOR_SHORT_STREAM_MS ? reflector->short_ends + 1 : 0;
	reflector_stop(reflector);
	if (reflector->short_ends < 2 && reflector->failures == 0) {
		reflector_start(reflector);
		return;
	}
	unsigned doublings = reflector->short_ends < 7 ? reflector->short_ends : 7;
	reflector_next(reflector, 250ll << doublings > 30000 ? 30000 : 250ll << doublings);
}

static void ended(struct sy_reflector *reflector, const struct sy_http_answer *http)
{
	reflector->transfer = NULL;
	if (http->code != 200) {
		refused(reflector, http);
		return;
	}
	if (http->end == SY_HTTP_COMPLETE && reflector->attempt == ATTEMPT_PAGE) {
		page_ended(reflector);
		return;
	}
	if (reflector->attempt == ATTEMPT_WATCH && !reflector->poisoned &&
	    sy_loop_now_ms(reflector->kube->loop) - reflector->opened_ms >= REFLECTOR_GOOD_STREAM_MS)
		reflector->failures = 0;
	if (http->end == SY_HTTP_COMPLETE && !sy_stream_is_partial(&reflector->stream)) {
		stream_ended(reflector);
		return;
	}
	/* Cut off: a watch resumes where it was, a page is asked for again, a streaming list begins anew. */
	if (reflector->attempt == ATTEMPT_STREAM_LIST && ++reflector->cut_streams >= REFLECTOR_MAX_CUT_STREAMS)
		reflector->paged = true;
	const char *message = http->error[0] ? http->error : "the stream ended within an event";
	reflector_fail_text(reflector, SY_KUBE_UNREACHABLE, message, reflector->attempt == ATTEMPT_WATCH);
}

static void on_done(void *arg, const struct sy_http_answer *http)
{
	struct sy_reflector *reflector = arg;

	reflector_enter(reflector);
	ended(reflector, http);
	reflector_leave(reflector);
}

static const struct sy_http_ops attempt_ops = {.open = on_open, .body = on_body, .done = on_done};

static int open_transfer(struct sy_reflector *reflector, enum reflector_attempt attempt, struct sy_buf *url, struct sy_error *err)
{
	struct sy_kube *kube = reflector->kube;
	struct sy_buf query;

	sy_buf_init(&query, KUBE_MAX_URL);
	int r = reflector_query(reflector, attempt, &query);
	if (r < 0)
		sy_error_set(err, -r, "the query is too long");
	else
		r = kube_url(kube, reflector->base, reflector->path, sy_buf_str(&query), url, err);
	sy_buf_done(&query);
	if (r < 0)
		return r;
	struct sy_http_request request = {
		.method = "GET",
		.url = sy_buf_str(url),
		.accept = SY_CT_JSON,
		.timeout_ms = attempt == ATTEMPT_PAGE ? REFLECTOR_PAGE_TIMEOUT_MS : 3600 * 1000 + 60 * 1000,
		.stream = attempt != ATTEMPT_PAGE,
	};
	struct sy_http_pool *pool = attempt == ATTEMPT_PAGE ? kube->requests_pool : kube->watches_pool;
	return sy_http_start(pool, kube->identity, &request, &attempt_ops, reflector, &reflector->transfer, err);
}

void reflector_start(struct sy_reflector *reflector)
{
	enum reflector_attempt attempt = ATTEMPT_WATCH;
	struct sy_error err = {0};
	struct sy_buf url;

	if (!reflector->kube || reflector->freed)
		return;
	if (reflector->need_list)
		attempt = reflector->paged ? ATTEMPT_PAGE : ATTEMPT_STREAM_LIST;
	sy_stream_done(&reflector->stream);
	sy_list_done(&reflector->list);
	sy_list_init(&reflector->list, SY_MAX_OBJECT_BYTES);
	reflector_accept_broken(reflector);
	sy_buf_done(&reflector->error_body);
	sy_buf_init(&url, KUBE_MAX_URL);
	int r = open_transfer(reflector, attempt, &url, &err);
	sy_buf_done(&url);
	if (r < 0) {
		reflector_fail_text(reflector, r == -EACCES ? SY_KUBE_FORBIDDEN : SY_KUBE_UNREACHABLE, err.text, false);
		return;
	}
	reflector->kube->counters.requests++;
	reflector->attempt = attempt;
	reflector->started_ms = sy_loop_now_ms(reflector->kube->loop);
	/* Silence counts from the request on, not from what an earlier attempt heard. */
	reflector_arm(reflector);
}
