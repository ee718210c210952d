#include "workers/session.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "workers/boot.h"
#include "workers/session_impl.h"

#define MAX_VIOLATIONS 5

void sy_session_leave(struct sy_session *session, int result)
{
	session->result = result;
	sy_loop_stop(session->loop);
}

int sy_session_result(const struct sy_session *session)
{
	return session->result;
}

void sy_session_report(struct sy_session *session)
{
	sy_auto_json json_object *body = NULL;
	struct sy_report report = {0};
	struct sy_error err = {0};

	if (!session->welcomed)
		return;
	int rc = sy_engine_report(session->engine, &report, &err);
	if (rc == 0)
		rc = sy_report_encode(&report, &body, &err);
	sy_report_done(&report);
	if (rc == 0)
		rc = sy_channel_send(session->channel, SY_MSG_REPORT, body, sy_loop_now_ms(session->loop), NULL, &err);
	if (rc < 0)
		sy_warn(NULL, "report not sent: %s", err.text);
	sy_session_arm(session);
}

static void on_heartbeat(void *arg)
{
	struct sy_session *session = arg;

	sy_timer_start(session->heartbeat, session->boot->heartbeat_ms);
	sy_session_report(session);
}

static void on_engine_changed(void *arg)
{
	sy_session_report(arg);
}

static void on_engine_event(void *arg, const struct sy_event *event)
{
	struct sy_session *session = arg;
	sy_auto_json json_object *body = NULL;
	struct sy_error err = {0};
	int rc = session->welcomed ? sy_event_encode(event, &body, &err) : -EAGAIN;

	if (rc == 0)
		rc = sy_channel_send(session->channel, SY_MSG_EVENT, body, sy_loop_now_ms(session->loop), NULL, &err);
	/* Bounded: what does not fit is lost, and said once. The objects' state is in the reports all the same. */
	if (rc < 0 && session->events_lost++ == 0)
		sy_warn(NULL, "events are lost while the supervisor does not answer");
	sy_session_arm(session);
}

static const struct sy_engine_ops engine_ops = {.changed = on_engine_changed, .event = on_engine_event};

void sy_session_arm(struct sy_session *session)
{
	int64_t wait = sy_channel_tick(session->channel, sy_loop_now_ms(session->loop));

	if (wait >= 0)
		sy_timer_start(session->tick, wait);
	else
		sy_timer_stop(session->tick);
}

static void on_tick(void *arg)
{
	struct sy_session *session = arg;
	int64_t now = sy_loop_now_ms(session->loop);
	int64_t silent = sy_channel_oldest_ms(session->channel, now);
	struct sy_error err = {0};

	if (silent > SY_SESSION_GIVE_UP_MS) {
		sy_error_log(NULL, "the supervisor has acknowledged nothing for %lld s: leaving", (long long)(silent / 1000));
		sy_session_leave(session, SY_EXIT_UNHEARD);
		return;
	}
	if (silent > SY_SESSION_RENEW_MS && now - session->renewed_ms > SY_SESSION_RENEW_MS) {
		session->renewed_ms = now;
		sy_warn(NULL, "the supervisor does not answer: the dialer is renewed");
		if (sy_link_renew(session->link, &err) < 0)
			sy_warn(NULL, "%s", err.text);
	}
	sy_session_arm(session);
}

static void on_message(void *arg, const char *data, size_t len, pid_t pid, uid_t uid)
{
	struct sy_session *session = arg;
	struct sy_error err = {0};

	(void)uid; /* the path is in a directory that only its owner can use; the pid says which of the owner's processes */
	if (pid != session->supervisor)
		return;
	if (sy_channel_input(session->channel, data, len, sy_loop_now_ms(session->loop), &err) < 0) {
		sy_warn(NULL, "message of the supervisor: %s", err.text);
		if (err.code != ENOMEM && ++session->violations >= MAX_VIOLATIONS)
			sy_session_leave(session, SY_EXIT_PROTOCOL);
	}
	sy_session_arm(session);
}

static int on_send(void *arg, const char *data, size_t len)
{
	struct sy_session *session = arg;

	return sy_link_send(session->link, data, len, NULL);
}

static const struct sy_channel_ops channel_ops = {.send = on_send, .take = sy_session_take};

/* The write end is held by the supervisor alone: its end is ours, at once and whatever is under way. Every step of the engine can be
 * repeated by the next worker. */
static void on_lifeline(void *arg, unsigned events)
{
	struct sy_session *session = arg;
	char ignored[64];

	(void)events;
	if (read(session->lifeline, ignored, sizeof(ignored)) == 0)
		_exit(SY_EXIT_ORPHAN);
}

static void on_term(void *arg, int signum)
{
	(void)signum;
	sy_info(NULL, "told to stop");
	sy_session_leave(arg, SY_EXIT_ORDERLY);
}

static int say_hello(struct sy_session *session, struct sy_error *err)
{
	char version[] = SY_VERSION;
	const struct sy_hello hello = {
		.token = session->boot->token, .version = version, .cluster = session->boot->plan.cluster, .pid = getpid()};
	sy_auto_json json_object *body = NULL;
	int rc = sy_hello_encode(&hello, &body, err);

	return rc < 0 ? rc : sy_channel_send(session->channel, SY_MSG_HELLO, body, sy_loop_now_ms(session->loop), NULL, err);
}

static int watch(struct sy_session *session, struct sy_error *err)
{
	int rc = sy_io_new(&session->lifeline_io, session->loop, session->lifeline, SY_READ, on_lifeline, session, err);

	if (rc == 0)
		rc = sy_signal_new(&session->term, session->loop, SIGTERM, on_term, session, err);
	if (rc == 0)
		rc = sy_timer_new(&session->heartbeat, session->loop, on_heartbeat, session, err);
	if (rc == 0)
		rc = sy_timer_new(&session->tick, session->loop, on_tick, session, err);
	return rc;
}

static int connect_all(struct sy_session *session, struct sy_error *err)
{
	const struct sy_boot *boot = session->boot;
	const struct sy_engine_options options = {.user_agent = boot->user_agent};
	int rc = watch(session, err);

	if (rc == 0)
		rc = sy_engine_new(&session->engine, session->loop, &boot->upstream, &boot->downstream, &options, &engine_ops, session,
				   err);
	if (rc == 0)
		rc = sy_link_dial(&session->link, session->loop, boot->address, SY_MAX_IPC_BYTES, on_message, session, err);
	if (rc == 0)
		rc = sy_channel_new(&session->channel, true, boot->incarnation, &channel_ops, session, err);
	if (rc == 0)
		rc = say_hello(session, err);
	return rc;
}

int sy_session_new(struct sy_session **ret_session, struct sy_loop *loop, const struct sy_boot *boot, int lifeline, struct sy_error *err)
{
	struct sy_session *session = calloc(1, sizeof(*session));

	if (!session)
		return sy_error_oom(err);
	session->loop = loop;
	session->boot = boot;
	session->lifeline = lifeline;
	session->supervisor = getppid();
	session->renewed_ms = sy_loop_now_ms(loop);
	int rc = connect_all(session, err);
	if (rc < 0) {
		sy_session_free(session);
		return rc;
	}
	sy_session_arm(session);
	sy_timer_start(session->heartbeat, boot->heartbeat_ms);
	*ret_session = session;
	return 0;
}

void sy_session_free(struct sy_session *session)
{
	if (!session)
		return;
	if (session->engine)
		sy_engine_free(session->engine);
	sy_link_free(session->link);
	sy_channel_free(session->channel);
	sy_timer_free(session->heartbeat);
	sy_timer_free(session->tick);
	sy_signal_free(session->term);
	sy_io_free(session->lifeline_io);
	free(session);
}
