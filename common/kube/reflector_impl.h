/* Shared by the files of the reflector only.
 *
 * An attempt is one transfer: a page of a list, a streaming list (which goes on as a watch), or a watch. Attempts end in one of three ways:
 * reflector_fail (back-off, then the next attempt), reflector_next (the next attempt at once), or by being replaced (relist, free).
 *
 * Callbacks of the owner may free the reflector or ask for a new list. So after each of them the code asks whether its attempt is still the
 * current one (reflector_is_current), and the memory goes when the outermost frame leaves.
 */
#ifndef SY_KUBE_REFLECTOR_IMPL_H
#define SY_KUBE_REFLECTOR_IMPL_H

#include "kube/internal.h"
#include "kube/list.h"
#include "kube/reflector.h"
#include "kube/stream.h"

#define REFLECTOR_OPEN_DEADLINE_MS 30000   /* from the request to the first header */
#define REFLECTOR_INITIAL_SILENCE_MS 10000 /* silence within a streaming list: the server does not know initial events */
#define REFLECTOR_BOOKMARK_DEADLINE_MS 150000
#define REFLECTOR_PAGE_TIMEOUT_MS 120000
#define REFLECTOR_SHORT_STREAM_MS 1000 /* streams that end sooner are not resumed at once for ever */
#define REFLECTOR_GOOD_STREAM_MS 10000 /* a stream that lived this long ends the back-off */
#define REFLECTOR_CURED_MS 60000       /* the same after an event that could not be read */
#define REFLECTOR_MAX_CUT_STREAMS 3u   /* streaming lists that ended early before paging is tried */
#define REFLECTOR_ERROR_BODY (16u * 1024)
#define REFLECTOR_MAX_RV 128u

enum reflector_attempt { ATTEMPT_NONE = 0, ATTEMPT_PAGE, ATTEMPT_STREAM_LIST, ATTEMPT_WATCH };

struct sy_reflector {
	LIST_ENTRY(sy_reflector) entry; /* of kube->reflectors */
	struct sy_kube *kube;		/* NULL: the client is gone */
	struct sy_reflector_ops ops;
	void (*broken)(void *arg, const struct sy_reflector_broken *broken);
	void *arg;
	char *base;
	char *path;
	char *label_selector;
	char *field_selector;
	int64_t bookmark_deadline_ms;
	bool paged; /* no streaming lists, by wish or because the server does not offer them */

	enum sy_reflector_state state;
	enum sy_kube_verdict reported; /* verdict of the last ops.state */
	enum sy_kube_verdict verdict;
	struct kube_text text; /* last failure */

	enum reflector_attempt attempt;
	unsigned serial; /* of the attempt; changes when it ends */
	struct sy_http_transfer *transfer;
	struct sy_timer *retry;	   /* until the next attempt */
	struct sy_timer *watchdog; /* until the attempt counts as dead */
	struct sy_stream stream;
	struct sy_list list;
	struct sy_buf error_body;
	bool open; /* a 200 has come */
	int64_t started_ms;
	int64_t opened_ms;
	int64_t last_heard_ms;

	bool need_list;
	bool had_list;
	char rv[REFLECTOR_MAX_RV];
	char *continue_token; /* next page; NULL = the first one */
	bool poisoned;	      /* something could not be read: deliveries alone do not end the back-off */
	unsigned failures;
	bool was_gone; /* among these failures is a place that was too old */
	unsigned short_ends;
	unsigned cut_streams;
	unsigned depth;
	bool freed;
};

static inline bool reflector_is_current(const struct sy_reflector *reflector, unsigned serial)
{
	return !reflector->freed && reflector->serial == serial;
}

/* reflector.c */
void reflector_enter(struct sy_reflector *reflector);
void reflector_leave(struct sy_reflector *reflector); /* may free */
void reflector_stop(struct sy_reflector *reflector);  /* end the attempt, if any */
/* quiet: nothing to tell the owner yet, e.g. the first break of a stream that worked. */
void reflector_fail(struct sy_reflector *reflector, const struct sy_kube_result *result, bool quiet);
void reflector_fail_text(struct sy_reflector *reflector, enum sy_kube_verdict verdict, const char *message, bool quiet);
void reflector_next(struct sy_reflector *reflector, int64_t delay_ms);
void reflector_set_state(struct sy_reflector *reflector, enum sy_reflector_state state, enum sy_kube_verdict verdict,
			 const struct sy_kube_result *result);
void reflector_delivered(struct sy_reflector *reflector); /* the watch brought something */
/* The whole collection has been read, as of rv. False when the attempt is no longer current. */
bool reflector_list_complete(struct sy_reflector *reflector, const char *rv);

/* reflector_attempt.c */
void reflector_start(struct sy_reflector *reflector);
void reflector_on_silence(void *reflector);
void reflector_arm(struct sy_reflector *reflector);
int reflector_query(const struct sy_reflector *reflector, enum reflector_attempt attempt, struct sy_buf *out);

/* reflector_body.c */
int reflector_take(struct sy_reflector *reflector, const char *data, size_t len);
void reflector_accept_broken(struct sy_reflector *reflector); /* at the start of an attempt, if the owner wants to hear of them */

#endif
