#include "proto/msg.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "proto/schema.h"

#define FROM_WORKER 1u
#define FROM_SUPERVISOR 2u

static const struct {
	const char *name;
	unsigned from;
} types[] = {
	[SY_MSG_HELLO] = {"hello", FROM_WORKER},
	[SY_MSG_REPORT] = {"report", FROM_WORKER},
	[SY_MSG_EVENT] = {"event", FROM_WORKER},
	[SY_MSG_REPLY] = {"reply", FROM_WORKER},
	[SY_MSG_WELCOME] = {"welcome", FROM_SUPERVISOR},
	[SY_MSG_PLAN] = {"plan", FROM_SUPERVISOR},
	[SY_MSG_CREDENTIALS] = {"credentials", FROM_SUPERVISOR},
	[SY_MSG_COMMAND] = {"command", FROM_SUPERVISOR},
	[SY_MSG_ACK] = {"ack", FROM_WORKER | FROM_SUPERVISOR},
};
_Static_assert(sizeof(types) / sizeof(types[0]) == SY_MSG_TYPE_MAX, "one row per message type");

const char *sy_msg_type_name(enum sy_msg_type type)
{
	return type < SY_MSG_TYPE_MAX ? types[type].name : "unknown";
}

bool sy_msg_from_worker(enum sy_msg_type type)
{
	return type < SY_MSG_TYPE_MAX && (types[type].from & FROM_WORKER);
}

bool sy_msg_from_supervisor(enum sy_msg_type type)
{
	return type < SY_MSG_TYPE_MAX && (types[type].from & FROM_SUPERVISOR);
}

static const char *type_name_of(int type)
{
	return types[type].name;
}

/* The envelope as it is on the wire; "v" is checked before the rest. */
static const struct sy_field msg_fields[] = {
	{.name = "inc", .kind = SY_FIELD_UINT, .offset = offsetof(struct sy_msg, incarnation)},
	{.name = "seq", .kind = SY_FIELD_UINT, .offset = offsetof(struct sy_msg, seq)},
	{.name = "type", .kind = SY_FIELD_ENUM, .offset = offsetof(struct sy_msg, type), .limit = SY_MSG_TYPE_MAX, .name_of = type_name_of},
	{.name = "body", .kind = SY_FIELD_VALUE, .offset = offsetof(struct sy_msg, body)},
};
static const struct sy_record msg_record = {"message", msg_fields, sizeof(msg_fields) / sizeof(msg_fields[0]), sizeof(struct sy_msg)};

void sy_msg_done(struct sy_msg *msg)
{
	sy_record_done(&msg_record, msg);
}

int sy_msg_encode(uint64_t incarnation, uint64_t seq, enum sy_msg_type type, json_object *body, struct sy_buf *out, struct sy_error *err)
{
	const struct sy_msg msg = {.incarnation = incarnation, .seq = seq, .type = type, .body = body};
	sy_auto_json json_object *value = NULL;
	int rc = sy_record_encode(&msg_record, &msg, &value, err);

	if (rc < 0)
		return rc;
	if (sy_json_add_int(value, "v", SY_PROTO_VERSION) < 0)
		return sy_error_oom(err);
	return sy_json_print(value, out, err);
}

static int decode_value(json_object *value, struct sy_msg *msg, struct sy_error *err)
{
	int64_t protocol = 0;

	if (!sy_json_int(value, &protocol, "v", NULL))
		return sy_error_set(err, EINVAL, "message.v: missing or no number");
	if (protocol != SY_PROTO_VERSION)
		return sy_error_set(err, EPROTO, "message.v: protocol version %lld, this program speaks %d", (long long)protocol,
				    SY_PROTO_VERSION);
	json_object_object_del(value, "v");
	int rc = sy_record_decode(&msg_record, value, msg, err);
	if (rc < 0)
		return rc;
	if (!json_object_is_type(msg->body, json_type_object)) {
		sy_msg_done(msg);
		return sy_error_set(err, EINVAL, "message.body: must be an object");
	}
	if (msg->seq == 0) {
		sy_msg_done(msg);
		return sy_error_set(err, EINVAL, "message.seq: must be at least 1");
	}
	msg->protocol = SY_PROTO_VERSION;
	return 0;
}

int sy_msg_decode(const char *data, size_t len, struct sy_msg *ret_msg, struct sy_error *err)
{
	sy_auto_json json_object *value = NULL;
	struct sy_msg msg = {0};
	int rc = sy_json_parse(data, len, SY_MAX_IPC_BYTES, &value, err);

	if (rc == 0)
		rc = decode_value(value, &msg, err);
	if (rc == 0)
		*ret_msg = msg;
	return rc;
}
