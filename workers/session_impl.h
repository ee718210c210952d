/* The session from inside; for session*.c only. */
#ifndef SY_WORKERS_SESSION_IMPL_H
#define SY_WORKERS_SESSION_IMPL_H

#include "engine/engine.h"
#include "link/link.h"
#include "proto/channel.h"
#include "workers/session.h"

struct sy_session {
	struct sy_loop *loop;
	const struct sy_boot *boot;
	struct sy_link *link;
	struct sy_channel *channel;
	struct sy_engine *engine;
	struct sy_io *lifeline_io;
	struct sy_signal *term;
	struct sy_timer *heartbeat;
	struct sy_timer *tick;
	int lifeline;
	pid_t supervisor;
	bool welcomed;
	uint64_t generation; /* of the plan in force */
	int64_t renewed_ms;
	unsigned violations;
	uint64_t events_lost;
	int result;
};

/* Leave the loop with this exit code. */
void sy_session_leave(struct sy_session *session, int result);
void sy_session_report(struct sy_session *session);
/* See to repetition and to a link that has gone silent. */
void sy_session_arm(struct sy_session *session);

/* session_take.c: what the supervisor says. */
int sy_session_take(void *arg, const struct sy_msg *msg, struct sy_error *err);

#endif
