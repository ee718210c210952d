/* Samples of syncerd at an interval, over one connection that is kept: for a loop that has other things to wait for. When syncerd goes away
 * it is tried again, at longer and longer intervals. */
#ifndef SY_CTL_TOP_FEED_H
#define SY_CTL_TOP_FEED_H

#include "conn.h"

struct top_feed {
	const char *path;
	int64_t interval_ms;
	int fd; /* to poll for input, -1 = none now */
	struct sy_buf in;
	size_t seen;
	bool asked;
	int64_t asked_ms;
	int64_t due_ms;	    /* when the next step is due, input or not */
	int64_t backoff_ms; /* 0 = all is well */
	int code;	    /* enum ctl_exit of the trouble */
	struct sy_error trouble;
};

/* path is borrowed. The first step is due at once. */
void top_feed_init(struct top_feed *feed, const char *path, int64_t interval_ms);
void top_feed_done(struct top_feed *feed);
/* For poll(2): until the next step is due. */
int top_feed_wait_ms(const struct top_feed *feed, int64_t now_ms);
/* To be called when that time is over or fd has input; blocks for a second at most. True: *ret_value is the answer to `status` with its
 * workspaces, the caller's. False: not yet, or feed->code says what is wrong and feed->trouble has the sentence. */
bool top_feed_step(struct top_feed *feed, int64_t now_ms, json_object **ret_value);

#endif
