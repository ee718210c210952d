/* Control protocol between syncerctl and syncerd: a Unix stream socket, newline-delimited JSON, one request object per line.
 *
 *   request   {"v":1,"id":<n>,"verb":"status","args":{...}}
 *   answer    {"v":1,"id":<n>,"ok":true,"value":...}     or   {"v":1,"id":<n>,"ok":false,"error":"...","code":"NotFound"}
 * `events` with {"follow":true} is answered by one line per event, each {"v":1,"id":<n>,"ok":true,"more":true,"value":{...}}.
 *
 * verbs: status{workspaces?}, workspaces, workspace{workspace}, restart{workspace}, pause{workspace}, resume{workspace}, approve{workspace}, loglevel{level, workspace?},
 *        events{follow?, workspace?}, dump{workspace, key?, resource?}, version,
 *        cordon, uncordon, drain, schedule
 * workspace: a path or a logical cluster name.
 */
#ifndef SY_PROTO_CONTROL_H
#define SY_PROTO_CONTROL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "json/json.h"

#define SY_CONTROL_VERSION 1

struct sy_control_request {
	uint64_t id;
	char *verb;
	json_object *args; /* object, owned, never NULL after decode */
};
void sy_control_request_done(struct sy_control_request *request);
int sy_control_request_encode(const struct sy_control_request *request, struct sy_buf *out, struct sy_error *err); /* with newline */
int sy_control_request_decode(const char *data, size_t len, struct sy_control_request *ret_request, struct sy_error *err);

struct sy_control_answer {
	uint64_t id;
	bool ok;
	bool more;
	json_object *value; /* owned */
	char *error;
	char *code; /* CamelCase */
};
void sy_control_answer_done(struct sy_control_answer *answer);
int sy_control_answer_encode(const struct sy_control_answer *answer, struct sy_buf *out, struct sy_error *err);
int sy_control_answer_decode(const char *data, size_t len, struct sy_control_answer *ret_answer, struct sy_error *err);

#endif
