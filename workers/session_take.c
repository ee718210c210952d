/* What the supervisor says, and the answers. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "workers/boot.h"
#include "workers/session_impl.h"

static int follow(struct sy_session *session, const struct sy_plan *plan, struct sy_error *err)
{
	int rc = sy_engine_set_plan(session->engine, plan, err);

	if (rc < 0)
		return rc;
	session->generation = plan->generation;
	sy_session_report(session);
	return 0;
}

/* Nothing is requested from either server before the supervisor has accepted this process as the one it started. */
static int take_welcome(struct sy_session *session, struct sy_error *err)
{
	if (session->welcomed)
		return 0;
	session->welcomed = true;
	return session->generation ? 0 : follow(session, &session->boot->plan, err);
}

static int take_plan(struct sy_session *session, json_object *body, struct sy_error *err)
{
	struct sy_plan plan = {0};
	int rc = sy_plan_decode(body, &plan, err);

	if (rc < 0)
		return rc;
	if (plan.generation > session->generation)
		rc = follow(session, &plan, err);
	sy_plan_done(&plan);
	return rc;
}

static int only_two(json_object *body, struct sy_error *err)
{
	if (json_object_object_length(body) != 2 || !sy_json_object(body, "upstream", NULL) || !sy_json_object(body, "downstream", NULL))
		return sy_error_set(err, EINVAL, "credentials: must have upstream and downstream, and nothing else");
	return 0;
}

static int take_credentials(struct sy_session *session, json_object *body, struct sy_error *err)
{
	struct sy_access up = {0};
	struct sy_access down = {0};
	int rc = only_two(body, err);

	if (rc == 0)
		rc = sy_access_decode(sy_json_object(body, "upstream", NULL), &up, err);
	if (rc == 0)
		rc = sy_access_decode(sy_json_object(body, "downstream", NULL), &down, err);
	if (rc == 0)
		rc = sy_engine_set_access(session->engine, &up, &down, err);
	if (rc == 0)
		sy_info(NULL, "new credentials");
	sy_access_done(&up);
	sy_access_done(&down);
	return rc;
}

static void reply(struct sy_session *session, const struct sy_reply *answer)
{
	sy_auto_json json_object *body = NULL;
	struct sy_error err = {0};
	struct sy_buf size;
	int rc = sy_reply_encode(answer, &body, &err);

	/* The supervisor takes no more than this, and would cut the connection for it. */
	sy_buf_init(&size, SY_MSG_MAX_UP - 1024);
	if (rc == 0 && sy_json_print(body, &size, NULL) < 0) {
		char text[] = "the answer is too large";
		const struct sy_reply instead = {.id = answer->id, .error = text};

		json_object_put(body);
		body = NULL;
		rc = sy_reply_encode(&instead, &body, &err);
	}
	sy_buf_done(&size);
	if (rc == 0)
		rc = sy_channel_send(session->channel, SY_MSG_REPLY, body, sy_loop_now_ms(session->loop), NULL, &err);
	if (rc < 0)
		sy_warn(NULL, "answer not sent: %s", err.text);
}

static void set_level(const struct sy_command *command, struct sy_reply *answer, char **error)
{
	const char *text = sy_json_str(command->args, "level", NULL);
	enum sy_log_level level;

	answer->ok = text && sy_log_level_parse(text, &level);
	if (answer->ok)
		sy_log_set_level(level);
	else
		*error = strdup("no such level");
}

static void dump(struct sy_session *session, const struct sy_command *command, struct sy_reply *answer, char **error)
{
	struct sy_error err = {0};
	sy_auto_json json_object *empty = command->args ? NULL : json_object_new_object();

	answer->ok = sy_engine_dump(session->engine, command->args ? command->args : empty, &answer->value, &err) == 0;
	if (!answer->ok)
		*error = strdup(err.text);
}

static int take_command(struct sy_session *session, json_object *body, struct sy_error *err)
{
	struct sy_command command = {0};
	struct sy_reply answer = {0};
	int rc = sy_command_decode(body, &command, err);

	if (rc < 0)
		return rc;
	answer.id = command.id;
	if (strcmp(command.verb, "loglevel") == 0) {
		set_level(&command, &answer, &answer.error);
	} else if (strcmp(command.verb, "dump") == 0) {
		dump(session, &command, &answer, &answer.error);
	} else if (strcmp(command.verb, "stop") == 0) {
		answer.ok = true;
		sy_session_leave(session, SY_EXIT_ORDERLY);
	} else {
		answer.error = strdup("unknown command");
	}
	if (answer.ok || answer.error)
		reply(session, &answer);
	sy_reply_done(&answer);
	sy_command_done(&command);
	return 0;
}

int sy_session_take(void *arg, const struct sy_msg *msg, struct sy_error *err)
{
	struct sy_session *session = arg;

	switch (msg->type) {
	case SY_MSG_WELCOME:
		return take_welcome(session, err);
	case SY_MSG_PLAN:
		return take_plan(session, msg->body, err);
	case SY_MSG_CREDENTIALS:
		return take_credentials(session, msg->body, err);
	case SY_MSG_COMMAND:
		return take_command(session, msg->body, err);
	case SY_MSG_HELLO:
	case SY_MSG_REPORT:
	case SY_MSG_EVENT:
	case SY_MSG_REPLY:
	case SY_MSG_ACK:
	case SY_MSG_TYPE_MAX:
		break;
	}
	return sy_error_set(err, EPROTO, "%s may not come from the supervisor", sy_msg_type_name(msg->type));
}
