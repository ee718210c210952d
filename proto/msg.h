/* Messages between supervisor and worker: one JSON object each, the same encoder and decoder on both sides.
 *
 * Envelope: {"v":1,"inc":<incarnation>,"seq":<n>,"type":"...","body":{...}}. seq counts up per sender and incarnation. Everything that
 * matters (hello, plan, credentials, command, report, event, drained) is answered by an `ack` with the seq it answers; an unanswered one
 * is sent again (the same seq) after the link was renewed, and a receiver ignores a seq it has already taken, answering again.
 * Order of checks: who sent it (peer pid and uid, incarnation), how large, then what it says.
 *
 *   worker -> supervisor   hello     {token, pid, version, cluster}     first message; no other is believed before it was accepted
 *                          report    <proto/report.h>                   at least every heartbeat_ms: it is the heartbeat
 *                          event     <struct sy_event>
 *                          reply     {id, ok, value|error}              answer to a command
 *   supervisor -> worker   welcome   {}
 *                          plan      <proto/plan.h>
 *                          credentials {upstream, downstream}           <kube/access.h>
 *                          command   {id, verb, args}                   verb: loglevel | dump | stop
 *   both                   ack       {seq}
 */
#ifndef SY_PROTO_MSG_H
#define SY_PROTO_MSG_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "json/json.h"

#define SY_PROTO_VERSION 1
/* Largest message a supervisor takes from a worker; the other way it is SY_MAX_IPC_BYTES. Smaller, because the messages that wait in the
 * receive queue are memory a worker can make the supervisor hold. */
#define SY_MSG_MAX_UP (1024u * 1024)

enum sy_msg_type {
	SY_MSG_HELLO = 0,
	SY_MSG_REPORT,
	SY_MSG_EVENT,
	SY_MSG_REPLY,
	SY_MSG_WELCOME,
	SY_MSG_PLAN,
	SY_MSG_CREDENTIALS,
	SY_MSG_COMMAND,
	SY_MSG_ACK,
	SY_MSG_TYPE_MAX
};
const char *sy_msg_type_name(enum sy_msg_type type);
/* May a worker (true) or the supervisor (false) send this type? Ack both. */
bool sy_msg_from_worker(enum sy_msg_type type);
bool sy_msg_from_supervisor(enum sy_msg_type type);

struct sy_msg {
	int protocol;
	uint64_t incarnation;
	uint64_t seq;
	enum sy_msg_type type;
	json_object *body; /* owned; never NULL after a decode */
};
void sy_msg_done(struct sy_msg *msg);
/* body is borrowed. */
int sy_msg_encode(uint64_t incarnation, uint64_t seq, enum sy_msg_type type, json_object *body, struct sy_buf *out, struct sy_error *err);
/* Strict; -EINVAL says what and where; -EPROTO for another protocol version. */
int sy_msg_decode(const char *data, size_t len, struct sy_msg *ret_msg, struct sy_error *err);

/* Bodies that are not a type of their own. */
struct sy_hello {
	char *token; /* secret */
	char *version;
	char *cluster;
	int64_t pid;
};
void sy_hello_done(struct sy_hello *hello);
int sy_hello_encode(const struct sy_hello *hello, json_object **ret_value, struct sy_error *err);
int sy_hello_decode(json_object *value, struct sy_hello *ret_hello, struct sy_error *err);

struct sy_command {
	uint64_t id;
	char *verb;
	json_object *args; /* object or NULL; owned */
};
void sy_command_done(struct sy_command *command);
int sy_command_encode(const struct sy_command *command, json_object **ret_value, struct sy_error *err);
int sy_command_decode(json_object *value, struct sy_command *ret_command, struct sy_error *err);

struct sy_reply {
	uint64_t id;
	bool ok;
	json_object *value; /* when ok; owned, may be NULL */
	char *error;	    /* when not ok */
};
void sy_reply_done(struct sy_reply *reply);
int sy_reply_encode(const struct sy_reply *reply, json_object **ret_value, struct sy_error *err);
int sy_reply_decode(json_object *value, struct sy_reply *ret_reply, struct sy_error *err);

int sy_ack_encode(uint64_t seq, json_object **ret_value, struct sy_error *err);
int sy_ack_decode(json_object *value, uint64_t *ret_seq, struct sy_error *err);

#endif
