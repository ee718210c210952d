/* Life, state and back-off of a reflector.
 *
 * What an object does that cannot be read (larger than SY_MAX_OBJECT_BYTES, or JSON that the strict parser refuses) and whose owner has no
 * callback for it: it is never skipped, because whoever compares with the list would take it for deleted. The stream is dropped and the reflector reports FAILING. After a back-off
 * the collection is read anew, page by page if it was the size. While the object is there, that list stops at it and is never complete, so
 * the reflector stays FAILING and tries again at most every 30 s, and the owner goes on with what it knew.
 */
#include <errno.h>
#include <string.h>

#include "base/backoff.h"
#include "base/limits.h"
#include "kube/reflector_impl.h"

static const struct sy_backoff_rule backoff = {.first_ms = 250, .max_ms = 30000};

static void reflector_destroy(struct sy_reflector *reflector)
{
	sy_timer_free(reflector->retry);
	sy_timer_free(reflector->watchdog);
	sy_stream_done(&reflector->stream);
	sy_list_done(&reflector->list);
	sy_buf_done(&reflector->error_body);
	free(reflector->base);
	free(reflector->path);
	free(reflector->label_selector);
	free(reflector->field_selector);
	free(reflector->continue_token);
	free(reflector);
}

void reflector_enter(struct sy_reflector *reflector)
{
	reflector->depth++;
}

void reflector_leave(struct sy_reflector *reflector)
{
	if (--reflector->depth == 0 && reflector->freed)
		reflector_destroy(reflector);
}

/* The buffers stay: a frame above may be reading from them. The next attempt empties them. */
void reflector_stop(struct sy_reflector *reflector)
{
	reflector->serial++;
	sy_timer_stop(reflector->retry);
	sy_timer_stop(reflector->watchdog);
	sy_http_cancel(reflector->transfer);
	reflector->transfer = NULL;
	reflector->attempt = ATTEMPT_NONE;
	reflector->open = false;
}

void reflector_next(struct sy_reflector *reflector, int64_t delay_ms)
{
	if (reflector->kube)
		sy_timer_start(reflector->retry, delay_ms);
}

void reflector_set_state(struct sy_reflector *reflector, enum sy_reflector_state state, enum sy_kube_verdict verdict,
			 const struct sy_kube_result *result)
{
	bool changed = state != reflector->state || verdict != reflector->reported;

	reflector->state = state;
	reflector->reported = verdict;
	if (changed && reflector->ops.state)
		reflector->ops.state(reflector->arg, state, result);
}

/* The message outlives the result, which may be made of parts that die with the attempt. */
static void remember(struct sy_reflector *reflector, const struct sy_kube_result *result)
{
	reflector->verdict = result->verdict;
	if (result->message != reflector->text.message) {
		strncpy(reflector->text.message, result->message, sizeof(reflector->text.message) - 1);
		reflector->text.message[sizeof(reflector->text.message) - 1] = '\0';
	}
}

static int64_t next_delay_ms(const struct sy_reflector *reflector, int64_t retry_after_ms)
{
	int64_t delay = sy_backoff_delay_ms(&backoff, reflector->failures, arc4random());

	return delay > retry_after_ms ? delay : retry_after_ms;
}

/* Our place is too old, typically after the server was away for long: it answers again, so the wait for it is over. Once; the same answer to
 * the place of the list that follows is a failure like any other. */
static void forgive(struct sy_reflector *reflector, enum sy_kube_verdict verdict)
{
	if (reflector->failures == 0)
		reflector->was_gone = false;
	if (verdict != SY_KUBE_GONE || reflector->poisoned)
		return;
	if (!reflector->was_gone)
		reflector->failures = 0;
	reflector->was_gone = true;
}

void reflector_fail(struct sy_reflector *reflector, const struct sy_kube_result *result, bool quiet)
{
	reflector_stop(reflector);
	forgive(reflector, result->verdict);
	reflector->failures++;
	if (reflector->kube)
		kube_count(reflector->kube, result);
	remember(reflector, result);
	reflector_next(reflector, next_delay_ms(reflector, result->retry_after_ms));
	if (!quiet || reflector->failures > 1)
		reflector_set_state(reflector, SY_REFLECTOR_FAILING, result->verdict, result);
}

void reflector_fail_text(struct sy_reflector *reflector, enum sy_kube_verdict verdict, const char *message, bool quiet)
{
	struct sy_kube_result result;
	struct kube_text text;

	kube_result_of_failure(verdict, message, &text, &result);
	reflector_fail(reflector, &result, quiet);
}

void reflector_delivered(struct sy_reflector *reflector)
{
	int64_t age = sy_loop_now_ms(reflector->kube->loop) - reflector->opened_ms;

	if (reflector->poisoned && age < REFLECTOR_CURED_MS)
		return;
	reflector->poisoned = false;
	reflector->failures = 0;
}

bool reflector_list_complete(struct sy_reflector *reflector, const char *rv)
{
	unsigned serial = reflector->serial;

	strncpy(reflector->rv, rv, sizeof(reflector->rv) - 1);
	reflector->need_list = false;
	reflector->had_list = true;
	reflector->cut_streams = 0;
	free(reflector->continue_token);
	reflector->continue_token = NULL;
	reflector->verdict = SY_KUBE_OK;
	reflector->text.message[0] = '\0';
	if (reflector->ops.synced)
		reflector->ops.synced(reflector->arg);
	if (reflector_is_current(reflector, serial))
		reflector_set_state(reflector, SY_REFLECTOR_SYNCED, SY_KUBE_OK, NULL);
	return reflector_is_current(reflector, serial);
}

static void on_retry(void *arg)
{
	struct sy_reflector *reflector = arg;

	reflector_enter(reflector);
	reflector_start(reflector);
	reflector_leave(reflector);
}

static int copy(char **ret_copy, const char *text, struct sy_error *err)
{
	if (!text)
		return 0;
	*ret_copy = strdup(text);
	return *ret_copy ? 0 : sy_error_oom(err);
}

/* A URL that may not be requested is the caller's mistake: say so now. */
static int check_url(const struct sy_reflector *reflector, struct sy_error *err)
{
	struct sy_buf query, url;

	sy_buf_init(&query, KUBE_MAX_URL);
	sy_buf_init(&url, KUBE_MAX_URL);
	int r = reflector_query(reflector, ATTEMPT_PAGE, &query);
	if (r < 0)
		sy_error_set(err, -r, "the selectors are too long");
	else
		r = kube_url(reflector->kube, reflector->base, reflector->path, sy_buf_str(&query), &url, err);
	sy_buf_done(&query);
	sy_buf_done(&url);
	return r;
}

static int reflector_init(struct sy_reflector *reflector, const struct sy_reflector_spec *spec, struct sy_error *err)
{
	struct sy_buf path;

	sy_buf_init(&path, KUBE_MAX_URL);
	int r = sy_kube_path(&path, &spec->gvr, spec->ns, NULL, NULL, err);
	if (r < 0) {
		sy_buf_done(&path);
		return r;
	}
	reflector->path = sy_buf_take(&path);
	if (!reflector->path)
		return sy_error_oom(err);
	if (copy(&reflector->base, spec->base, err) < 0 || copy(&reflector->label_selector, spec->label_selector, err) < 0 ||
	    copy(&reflector->field_selector, spec->field_selector, err) < 0)
		return -ENOMEM;
	r = check_url(reflector, err);
	if (r == 0)
		r = sy_timer_new(&reflector->retry, reflector->kube->loop, on_retry, reflector, err);
	if (r == 0)
		r = sy_timer_new(&reflector->watchdog, reflector->kube->loop, reflector_on_silence, reflector, err);
	return r;
}

int sy_reflector_new(struct sy_reflector **ret_reflector, struct sy_kube *kube, const struct sy_reflector_spec *spec,
		     const struct sy_reflector_ops *ops, void *arg, struct sy_error *err)
{
	struct sy_reflector *reflector = calloc(1, sizeof(*reflector));

	if (!reflector)
		return sy_error_oom(err);
	reflector->kube = kube;
	reflector->ops = *ops;
	reflector->broken = spec->broken;
	reflector->arg = arg;
	reflector->paged = spec->paged_only;
	reflector->need_list = true;
	reflector->bookmark_deadline_ms = spec->bookmark_deadline_ms > 0 ? spec->bookmark_deadline_ms : REFLECTOR_BOOKMARK_DEADLINE_MS;
	sy_stream_init(&reflector->stream, SY_MAX_OBJECT_BYTES + SY_STREAM_FRAMING);
	sy_list_init(&reflector->list, SY_MAX_OBJECT_BYTES);
	sy_buf_init(&reflector->error_body, REFLECTOR_ERROR_BODY);
	int r = reflector_init(reflector, spec, err);
	if (r < 0) {
		reflector_destroy(reflector);
		return r;
	}
	LIST_INSERT_HEAD(&kube->reflectors, reflector, entry);
	reflector_next(reflector, 0);
	*ret_reflector = reflector;
	return 0;
}

void kube_reflector_orphan(struct sy_reflector *reflector)
{
	reflector_stop(reflector);
	LIST_REMOVE(reflector, entry);
	reflector->kube = NULL;
}

void sy_reflector_free(struct sy_reflector *reflector)
{
	if (!reflector)
		return;
	reflector_enter(reflector);
	if (reflector->kube)
		kube_reflector_orphan(reflector);
	reflector->freed = true;
	reflector_leave(reflector);
}

void sy_reflector_kick(struct sy_reflector *reflector)
{
	if (sy_timer_active(reflector->retry))
		reflector_next(reflector, 0);
}

void sy_reflector_relist(struct sy_reflector *reflector)
{
	reflector_stop(reflector);
	reflector->need_list = true;
	free(reflector->continue_token);
	reflector->continue_token = NULL;
	reflector_next(reflector, 0);
}

enum sy_reflector_state sy_reflector_state(const struct sy_reflector *reflector)
{
	return reflector->state;
}

enum sy_kube_verdict sy_reflector_verdict(const struct sy_reflector *reflector)
{
	return reflector->verdict;
}

const char *sy_reflector_message(const struct sy_reflector *reflector)
{
	return reflector->text.message;
}

int64_t sy_reflector_last_heard_ms(const struct sy_reflector *reflector)
{
	return reflector->last_heard_ms;
}
