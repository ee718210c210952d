/* Message bodies that are no type of their own: hello, command, reply, ack. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/limits.h"
#include "proto/msg.h"
#include "proto/schema.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct sy_field hello_fields[] = {
	{.name = "token",
	 .secret = true,
	 .offset = offsetof(struct sy_hello, token),
	 .limit = 128,
	 .check = sy_check_word,
	 .expected = "a token"},
	{.name = "version",
	 .offset = offsetof(struct sy_hello, version),
	 .limit = 64,
	 .check = sy_check_printable,
	 .expected = "a version"},
	{.name = "cluster",
	 .offset = offsetof(struct sy_hello, cluster),
	 .limit = SY_MAX_CLUSTER_NAME,
	 .check = sy_check_identity,
	 .expected = "a logical cluster name"},
	{.name = "pid", .kind = SY_FIELD_INT, .offset = offsetof(struct sy_hello, pid), .limit = INT_MAX},
};
static const struct sy_record hello_record = {"hello", hello_fields, COUNT(hello_fields), sizeof(struct sy_hello)};

static const struct sy_field command_fields[] = {
	{.name = "id", .kind = SY_FIELD_UINT, .offset = offsetof(struct sy_command, id)},
	{.name = "verb", .offset = offsetof(struct sy_command, verb), .limit = 32, .check = sy_check_word, .expected = "a verb"},
	{.name = "args", .kind = SY_FIELD_VALUE, .optional = true, .offset = offsetof(struct sy_command, args)},
};
static const struct sy_record command_record = {"command", command_fields, COUNT(command_fields), sizeof(struct sy_command)};

static const struct sy_field reply_fields[] = {
	{.name = "id", .kind = SY_FIELD_UINT, .offset = offsetof(struct sy_reply, id)},
	{.name = "ok", .kind = SY_FIELD_BOOL, .offset = offsetof(struct sy_reply, ok)},
	{.name = "value", .kind = SY_FIELD_VALUE, .optional = true, .offset = offsetof(struct sy_reply, value)},
	{.name = "error", .kind = SY_FIELD_TEXT, .optional = true, .offset = offsetof(struct sy_reply, error), .limit = 1024},
};
static const struct sy_record reply_record = {"reply", reply_fields, COUNT(reply_fields), sizeof(struct sy_reply)};

struct ack {
	uint64_t seq;
};
static const struct sy_field ack_fields[] = {{.name = "seq", .kind = SY_FIELD_UINT, .offset = offsetof(struct ack, seq)}};
static const struct sy_record ack_record = {"ack", ack_fields, COUNT(ack_fields), sizeof(struct ack)};

void sy_hello_done(struct sy_hello *hello)
{
	sy_record_done(&hello_record, hello);
}

int sy_hello_encode(const struct sy_hello *hello, json_object **ret_value, struct sy_error *err)
{
	return sy_record_encode(&hello_record, hello, ret_value, err);
}

int sy_hello_decode(json_object *value, struct sy_hello *ret_hello, struct sy_error *err)
{
	struct sy_hello hello = {0};
	int rc = sy_record_decode(&hello_record, value, &hello, err);

	if (rc == 0)
		*ret_hello = hello;
	return rc;
}

void sy_command_done(struct sy_command *command)
{
	sy_record_done(&command_record, command);
}

int sy_command_encode(const struct sy_command *command, json_object **ret_value, struct sy_error *err)
{
	return sy_record_encode(&command_record, command, ret_value, err);
}

int sy_command_decode(json_object *value, struct sy_command *ret_command, struct sy_error *err)
{
	struct sy_command command = {0};
	int rc = sy_record_decode(&command_record, value, &command, err);

	if (rc < 0)
		return rc;
	if (command.args && !json_object_is_type(command.args, json_type_object)) {
		sy_command_done(&command);
		return sy_error_set(err, EINVAL, "command.args: must be an object");
	}
	*ret_command = command;
	return 0;
}

void sy_reply_done(struct sy_reply *reply)
{
	sy_record_done(&reply_record, reply);
}

int sy_reply_encode(const struct sy_reply *reply, json_object **ret_value, struct sy_error *err)
{
	return sy_record_encode(&reply_record, reply, ret_value, err);
}

int sy_reply_decode(json_object *value, struct sy_reply *ret_reply, struct sy_error *err)
{
	struct sy_reply reply = {0};
	int rc = sy_record_decode(&reply_record, value, &reply, err);

	if (rc < 0)
		return rc;
	if (reply.ok == (reply.error != NULL) || (!reply.ok && reply.value)) {
		sy_reply_done(&reply);
		return sy_error_set(err, EINVAL, "reply: must have an error and no value exactly when it is not ok");
	}
	*ret_reply = reply;
	return 0;
}

int sy_ack_encode(uint64_t seq, json_object **ret_value, struct sy_error *err)
{
	const struct ack ack = {seq};

	return sy_record_encode(&ack_record, &ack, ret_value, err);
}

int sy_ack_decode(json_object *value, uint64_t *ret_seq, struct sy_error *err)
{
	struct ack ack = {0};
	int rc = sy_record_decode(&ack_record, value, &ack, err);

	if (rc == 0)
		*ret_seq = ack.seq;
	return rc;
}
