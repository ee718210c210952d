#include "proto/control.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "proto/schema.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct sy_field request_fields[] = {
	{.name = "id", .kind = SY_FIELD_UINT, .offset = offsetof(struct sy_control_request, id)},
	{.name = "verb", .offset = offsetof(struct sy_control_request, verb), .limit = 32, .check = sy_check_word, .expected = "a verb"},
	{.name = "args", .kind = SY_FIELD_VALUE, .optional = true, .offset = offsetof(struct sy_control_request, args)},
};
static const struct sy_record request_record = {"request", request_fields, COUNT(request_fields), sizeof(struct sy_control_request)};

static const struct sy_field answer_fields[] = {
	{.name = "id", .kind = SY_FIELD_UINT, .offset = offsetof(struct sy_control_answer, id)},
	{.name = "ok", .kind = SY_FIELD_BOOL, .offset = offsetof(struct sy_control_answer, ok)},
	{.name = "more", .kind = SY_FIELD_BOOL, .optional = true, .offset = offsetof(struct sy_control_answer, more)},
	{.name = "value", .kind = SY_FIELD_VALUE, .optional = true, .offset = offsetof(struct sy_control_answer, value)},
	{.name = "error",
	 .kind = SY_FIELD_TEXT,
	 .optional = true,
	 .verbatim = true,
	 .offset = offsetof(struct sy_control_answer, error),
	 .limit = 2048},
	{.name = "code",
	 .optional = true,
	 .offset = offsetof(struct sy_control_answer, code),
	 .limit = 63,
	 .check = sy_check_word,
	 .expected = "a CamelCase word"},
};
static const struct sy_record answer_record = {"answer", answer_fields, COUNT(answer_fields), sizeof(struct sy_control_answer)};

static int print_line(const struct sy_record *record, const void *from, struct sy_buf *out, struct sy_error *err)
{
	sy_auto_json json_object *value = NULL;
	int rc = sy_record_encode(record, from, &value, err);

	if (rc < 0)
		return rc;
	if (sy_json_add_int(value, "v", SY_CONTROL_VERSION) < 0)
		return sy_error_oom(err);
	rc = sy_json_print(value, out, err);
	if (rc < 0)
		return rc;
	rc = sy_buf_add(out, "\n", 1);
	return rc < 0 ? sy_error_set(err, -rc, "%s: too large", record->name) : 0;
}

static int read_line(const struct sy_record *record, const char *data, size_t len, size_t max, void *to, struct sy_error *err)
{
	sy_auto_json json_object *value = NULL;
	int64_t version = 0;
	int rc = sy_json_parse(data, len, max, &value, err);

	if (rc < 0)
		return rc;
	if (!sy_json_int(value, &version, "v", NULL))
		return sy_error_set(err, EINVAL, "%s.v: missing or no number", record->name);
	if (version != SY_CONTROL_VERSION)
		return sy_error_set(err, EPROTO,
				    "%s.v: control protocol version %lld, this program speaks %d; syncerctl and syncerd must be of "
				    "the same release",
				    record->name, (long long)version, SY_CONTROL_VERSION);
	json_object_object_del(value, "v");
	return sy_record_decode(record, value, to, err);
}

void sy_control_request_done(struct sy_control_request *request)
{
	sy_record_done(&request_record, request);
}

int sy_control_request_encode(const struct sy_control_request *request, struct sy_buf *out, struct sy_error *err)
{
	return print_line(&request_record, request, out, err);
}

int sy_control_request_decode(const char *data, size_t len, struct sy_control_request *ret_request, struct sy_error *err)
{
	struct sy_control_request request = {0};
	int rc = read_line(&request_record, data, len, SY_MAX_CONTROL_BYTES, &request, err);

	if (rc < 0)
		return rc;
	if (!request.args)
		request.args = json_object_new_object();
	if (!request.args)
		rc = sy_error_oom(err);
	else if (!json_object_is_type(request.args, json_type_object))
		rc = sy_error_set(err, EINVAL, "request.args: must be an object");
	if (rc < 0) {
		sy_control_request_done(&request);
		return rc;
	}
	*ret_request = request;
	return 0;
}

void sy_control_answer_done(struct sy_control_answer *answer)
{
	sy_record_done(&answer_record, answer);
}

int sy_control_answer_encode(const struct sy_control_answer *answer, struct sy_buf *out, struct sy_error *err)
{
	return print_line(&answer_record, answer, out, err);
}

int sy_control_answer_decode(const char *data, size_t len, struct sy_control_answer *ret_answer, struct sy_error *err)
{
	struct sy_control_answer answer = {0};
	int rc = read_line(&answer_record, data, len, SY_MAX_IPC_BYTES, &answer, err);

	if (rc < 0)
		return rc;
	if (answer.ok == (answer.error != NULL)) {
		sy_control_answer_done(&answer);
		return sy_error_set(err, EINVAL, "answer: must have an error exactly when it is not ok");
	}
	*ret_answer = answer;
	return 0;
}
