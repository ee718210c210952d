/* The client's end of the control protocol: blocking, one request per run. */
#include "conn.h"

#include "base/limits.h"

static int read_answer(struct ctl *ctl, int fd, struct sy_buf *in, struct sy_control_answer *ret_answer, struct sy_error *err)
{
	size_t seen = 0;
	int rc = ctl_conn_take(ctl->socket, in, &seen, ret_answer, err);

	while (rc == CTL_WAITING) {
		rc = ctl_conn_read(ctl->socket, fd, true, in, err);
		if (rc == CTL_TIMEOUT)
			rc = CTL_UNREACHABLE;
		if (rc == CTL_OK)
			rc = ctl_conn_take(ctl->socket, in, &seen, ret_answer, err);
	}
	return rc;
}

/* Either show is called for each value, or the one value goes to *ret_value. */
static int exchange(struct ctl *ctl, const char *verb, json_object *args, bool (*show)(struct ctl *ctl, json_object *value),
		    json_object **ret_value)
{
	sy_auto_close int fd = -1;
	struct sy_error err = {0};
	struct sy_buf in;
	bool more = true;
	int rc = ctl_conn_open(ctl->socket, show ? 0 : ctl->answer_seconds ? ctl->answer_seconds : CTL_ANSWER_SECONDS, &fd, &err);

	if (rc == CTL_OK)
		rc = ctl_conn_ask(ctl->socket, fd, verb, args, &err);
	else
		json_object_put(args);
	sy_buf_init(&in, SY_MAX_IPC_BYTES);
	while (rc == CTL_OK && more) {
		struct sy_control_answer answer = {0};

		rc = read_answer(ctl, fd, &in, &answer, &err);
		more = rc == CTL_OK && show && show(ctl, answer.value) && answer.more;
		if (rc == CTL_OK && ret_value)
			*ret_value = sy_take_ptr(answer.value);
		sy_control_answer_done(&answer);
	}
	sy_buf_done(&in);
	if (rc != CTL_OK && ctl->told)
		*ctl->told = err;
	else if (rc != CTL_OK)
		ctl_error("%s", err.text);
	return rc;
}

int ctl_request(struct ctl *ctl, const char *verb, json_object *args, json_object **ret_value)
{
	return exchange(ctl, verb, args, NULL, ret_value);
}

int ctl_stream(struct ctl *ctl, const char *verb, json_object *args, bool (*show)(struct ctl *ctl, json_object *value))
{
	return exchange(ctl, verb, args, show, NULL);
}
