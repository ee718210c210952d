#include "top_feed.h"

#include <errno.h>
#include <unistd.h>

#include "base/limits.h"

#define CONNECT_SECONDS 1
#define BACKOFF_FIRST_MS 500
#define BACKOFF_MOST_MS 10000

void top_feed_init(struct top_feed *feed, const char *path, int64_t interval_ms)
{
	*feed = (struct top_feed){.path = path, .interval_ms = interval_ms, .fd = -1};
	sy_buf_init(&feed->in, SY_MAX_IPC_BYTES);
}

static void hang_up(struct top_feed *feed)
{
	if (feed->fd >= 0)
		close(feed->fd);
	feed->fd = -1;
	feed->asked = false;
	feed->seen = 0;
	sy_buf_reset(&feed->in);
}

void top_feed_done(struct top_feed *feed)
{
	hang_up(feed);
	sy_buf_done(&feed->in);
}

int top_feed_wait_ms(const struct top_feed *feed, int64_t now_ms)
{
	int64_t left = feed->due_ms - now_ms;

	return left <= 0 ? 0 : left > 3600 * 1000 ? 3600 * 1000 : (int)left;
}

static void give_up(struct top_feed *feed, int64_t now_ms, int code, const struct sy_error *err)
{
	hang_up(feed);
	feed->code = code;
	feed->trouble = *err;
	feed->backoff_ms = feed->backoff_ms == 0		    ? BACKOFF_FIRST_MS
			   : feed->backoff_ms < BACKOFF_MOST_MS / 2 ? feed->backoff_ms * 2
								    : BACKOFF_MOST_MS;
	feed->due_ms = now_ms + feed->backoff_ms;
}

static int ask(struct top_feed *feed, int64_t now_ms, struct sy_error *err)
{
	int rc = feed->fd >= 0 ? CTL_OK : ctl_conn_open(feed->path, CONNECT_SECONDS, &feed->fd, err);

	if (rc != CTL_OK)
		return rc;
	json_object *args = ctl_args(NULL, NULL);
	ctl_args_add(args, "workspaces", json_object_new_boolean(true));
	rc = ctl_conn_ask(feed->path, feed->fd, "status", args, err);
	feed->asked = rc == CTL_OK;
	feed->asked_ms = now_ms;
	feed->due_ms = now_ms + CTL_ANSWER_SECONDS * 1000;
	return rc;
}

/* CTL_TIMEOUT: nothing is whole yet. */
static int take(struct top_feed *feed, json_object **ret_value, struct sy_error *err)
{
	struct sy_control_answer answer = {0};
	int rc = ctl_conn_read(feed->path, feed->fd, false, &feed->in, err);

	if (rc == CTL_OK)
		rc = ctl_conn_take(feed->path, &feed->in, &feed->seen, &answer, err);
	if (rc != CTL_OK)
		return rc == CTL_WAITING ? CTL_TIMEOUT : rc;
	*ret_value = sy_take_ptr(answer.value);
	sy_control_answer_done(&answer);
	if (feed->asked && sy_json_array(*ret_value, "list", NULL))
		return CTL_OK;
	(void)sy_error_set(err, EPROTO, "%s: this syncerd does not tell its workspaces with its status; it is older than this syncerctl",
			   feed->path);
	json_object_put(*ret_value);
	*ret_value = NULL;
	return CTL_FAILED;
}

bool top_feed_step(struct top_feed *feed, int64_t now_ms, json_object **ret_value)
{
	bool was_asked = feed->asked;
	struct sy_error err = {0};
	int rc = feed->fd >= 0 ? take(feed, ret_value, &err) : CTL_TIMEOUT;

	if (rc == CTL_OK) {
		feed->asked = false;
		feed->code = CTL_OK;
		feed->backoff_ms = 0;
		feed->due_ms = feed->asked_ms + feed->interval_ms;
		return true;
	}
	if (rc == CTL_TIMEOUT && now_ms < feed->due_ms)
		return false;
	if (rc == CTL_TIMEOUT)
		rc = was_asked ? CTL_UNREACHABLE : ask(feed, now_ms, &err); /* take has put it into words that no answer came */
	if (rc != CTL_OK)
		give_up(feed, now_ms, rc, &err);
	return false;
}
