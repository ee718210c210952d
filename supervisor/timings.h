/* Waiting times of the supervisor's rules, in one value so that a test can shorten them. All in milliseconds. */
#ifndef SY_SUPERVISOR_TIMINGS_H
#define SY_SUPERVISOR_TIMINGS_H

#include <stdint.h>

struct sy_timings {
	int64_t gone_ms;	     /* 60 s: between two complete lists, before absence is believed (syncerd-rules(7) 4.3, 7.1 g) */
	int64_t refused_ms;	     /* 60 s: from a refused claim to the removal of its copies */
	int64_t absent_ms;	     /* 60 s: of complete discoveries without a resource, before its finalizers are released (4.2) */
	int64_t unready_ms;	     /* 5 s: a worker outside of its ready phases is counted after this (8.3) */
	int64_t heartbeat_ms;	     /* 20 s (8.1) */
	int64_t heartbeat_jitter_ms; /* 2 s to either side */
	int64_t foreign_ms;	     /* 60 s: age at which another syncer's heartbeat is history (8.1) */
	int64_t foreign_retry_ms;    /* 10 s */
	int64_t watch_current_ms;    /* 3 min: silence of the SyncTarget's watch after which we do not claim to be healthy */
	int64_t discovery_ms;	     /* 60 s, of denied rights too (4.1) */
	int64_t probe_ms;	     /* 5 s: whether anything has changed in what the cluster serves */
	int64_t review_ms;	     /* 10 min (4.1) */
	int64_t review_again_ms; /* 10 s: before a resource that was asked about is asked about anew for a 403, doubling up to the above */
	int64_t status_ms;	 /* 1 s: least time between two status writes that do not change Ready (8.3) */
	int64_t resolve_ms;	 /* 60 s: direct mode, path to logical cluster */
	int64_t access_ms;	 /* 10 s: look for changed credential files */
};

#define SY_TIMINGS_DEFAULT                                                                                                                 \
	{                                                                                                                                  \
		.gone_ms = 60000, .refused_ms = 60000, .absent_ms = 60000, .unready_ms = 5000, .heartbeat_ms = 20000,                      \
		.heartbeat_jitter_ms = 2000, .foreign_ms = 60000, .foreign_retry_ms = 10000, .watch_current_ms = 180000,                   \
		.discovery_ms = 60000, .probe_ms = 5000, .review_ms = 600000, .review_again_ms = 10000, .status_ms = 1000,                 \
		.resolve_ms = 60000, .access_ms = 10000                                                                                    \
	}

/*
 * For tests: what has to last a minute before it is believed lasts minute_s seconds (1 to 60) from now on, and what is looked at every
 * minute is looked at so often. Everything else (heartbeats, access reviews, the age of another syncer's heartbeat) keeps its time.
 */
void sy_timings_shorten(struct sy_timings *timings, unsigned int minute_s);

#endif
