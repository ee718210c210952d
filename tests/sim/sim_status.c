/* Error answers in the servers' own form. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

json_object *sim_status_body(unsigned code, const char *reason, const char *message)
{
	json_object *body = json_object_new_object();

	sim_set_str(body, "kind", "Status");
	sim_set_str(body, "apiVersion", "v1");
	sim_set(body, "metadata", json_object_new_object());
	sim_set_str(body, "status", code < 400 ? "Success" : "Failure");
	sim_set_str(body, "message", message);
	if (reason[0])
		sim_set_str(body, "reason", reason);
	sim_set(body, "code", json_object_new_int64(code));
	return body;
}

void sim_status_cause(json_object *body)
{
	json_object *details = json_object_new_object(), *causes = json_object_new_array(), *cause = json_object_new_object();

	sim_set_str(cause, "reason", "FieldValueInvalid");
	sim_set_str(cause, "field", "spec.size");
	if (json_object_array_add(causes, cause) != 0)
		abort();
	sim_set(details, "causes", causes);
	sim_set(body, "details", details);
}

static void answer(struct sim_request *request, unsigned code, json_object *body)
{
	json_object_put(request->answer.body);
	free(request->answer.text);
	request->answer.text = NULL;
	request->answer.code = code;
	request->answer.body = body;
}

void sim_fail(struct sim_request *request, unsigned code, const char *reason, const char *fmt, ...)
{
	char message[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	answer(request, code, sim_status_body(code, reason, message));
}

/* With details {name, group, kind: plural}, and the usual sentence around `what`. */
void sim_fail_object(struct sim_request *request, unsigned code, const char *reason, const char *what)
{
	const struct sim_target *target = &request->target;
	const char *group = target->type ? target->type->group : "";
	const char *plural = target->type ? target->type->plural : "";
	json_object *details = json_object_new_object();
	char message[1024];

	snprintf(message, sizeof(message), "%s%s%s \"%s\" %s", plural, group[0] ? "." : "", group, target->name, what);
	sim_set_str(details, "name", target->name);
	if (group[0])
		sim_set_str(details, "group", group);
	sim_set_str(details, "kind", plural);
	answer(request, code, sim_status_body(code, reason, message));
	sim_set(request->answer.body, "details", details);
}

void sim_fail_cause(struct sim_request *request, const char *cause)
{
	json_object *details = sy_json_object(request->answer.body, "details", NULL);
	json_object *causes = json_object_new_array();
	json_object *entry = json_object_new_object();

	if (!details) {
		details = json_object_new_object();
		sim_set(request->answer.body, "details", details);
	}
	sim_set_str(entry, "reason", cause);
	if (json_object_array_add(causes, entry) != 0)
		abort();
	sim_set(details, "causes", causes);
}

void sim_fail_text(struct sim_request *request, unsigned code, const char *text)
{
	answer(request, code, NULL);
	request->answer.text = strdup(text);
	request->answer.is_json = false;
}
