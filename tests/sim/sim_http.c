/* The HTTP side: libmicrohttpd, driven by the project's loop through its epoll descriptor. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <microhttpd.h>

#include "sim_http.h"

const char *sim_query(const struct sim_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

bool sim_query_is(const struct sim_request *request, const char *name, const char *value)
{
	const char *have = sim_query(request, name);

	return have && strcmp(have, value) == 0;
}

static enum MHD_Result add_query(void *arg, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct sim_call *call = arg;

	(void)kind;
	(void)sy_buf_printf(&call->query, "%s%s=%s", call->query.len ? "&" : "", key, value ? value : "");
	return MHD_YES;
}

static void arm(struct sim_server *server)
{
	MHD_UNSIGNED_LONG_LONG timeout = 0;

	if (MHD_get_timeout(server->daemon, &timeout) == MHD_YES)
		sy_timer_start(server->timer, (int64_t)timeout);
	else
		sy_timer_stop(server->timer);
}

static void run(void *arg)
{
	struct sim_server *server = arg;

	MHD_run(server->daemon);
	arm(server);
}

static void readable(void *arg, unsigned events)
{
	(void)events;
	run(arg);
}

void sim_http_wake(struct sim_server *server)
{
	sy_defer_mark(server->run);
}

static void wake_and_run(void *arg)
{
	struct sim_server *server = arg;

	sim_watches_wake(server);
	run(server);
}

static void settle(void *arg)
{
	sim_settle(arg);
}

static void bookmark(void *arg)
{
	struct sim_server *server = arg;

	sim_watches_bookmark(server);
	sy_timer_start(server->bookmark, server->settings.bookmark_ms);
}

static void delay_over(void *arg)
{
	struct sim_call *call = arg;

	for (struct sim_call **at = &call->server->delayed; *at; at = &(*at)->next) {
		if (*at == call) {
			*at = call->next;
			break;
		}
	}
	MHD_resume_connection(call->connection);
	sim_http_wake(call->server);
}

static const char *reason_of(unsigned code)
{
	switch (code) {
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "NotFound";
	case 409:
		return "Conflict";
	case 410:
		return "Expired";
	case 422:
		return "Invalid";
	case 429:
		return "TooManyRequests";
	case 503:
		return "ServiceUnavailable";
	default:
		return "InternalError";
	}
}

static void clear_answer(struct sim_answer *answer)
{
	if (answer->watch)
		sim_watch_free(answer->watch);
	json_object_put(answer->body);
	free(answer->text);
	memset(answer, 0, sizeof(*answer));
}

/* What goes wrong before the request is carried out; true = it is answered. */
static bool fault_before(const struct sim_fault *fault, struct sim_request *request)
{
	if (fault->action == SIM_STATUS) {
		if (fault->plain)
			sim_fail_text(request, fault->code, "upstream connect error\n");
		else
			sim_fail(request, fault->code, reason_of(fault->code), "the simulator was told to answer %u", fault->code);
		if (fault->causes && !fault->plain)
			sim_status_cause(request->answer.body);
		request->answer.retry_after = fault->retry_after;
		return true;
	}
	if (fault->action == SIM_STALE_LIST && request->target.type && !request->target.name[0] && !sim_query(request, "watch")) {
		sim_stale_list(request, fault->rv);
		return true;
	}
	return false;
}

/* What goes wrong with the answer. */
static void fault_after(const struct sim_fault *fault, struct sim_call *call, struct sim_request *request)
{
	call->end.error_410 = fault->action == SIM_ERROR_EVENT_410;
	call->end.mute = fault->action == SIM_MUTE;
	call->end.garbage = fault->action == SIM_GARBAGE;
	call->end.unreadable = fault->action == SIM_UNREADABLE_OBJECTS;
	if (call->end.unreadable && request->answer.body) {
		request->answer.text = sy_json_text(request->answer.body);
		json_object_put(request->answer.body);
		request->answer.body = NULL;
		request->answer.is_json = true;
		if (!request->answer.text)
			abort();
		sim_make_unreadable(request->answer.text, strlen(request->answer.text));
	}
	call->end.truncate_after = fault->action == SIM_TRUNCATE ? fault->bytes : 0;
	call->cut_at = fault->action == SIM_TRUNCATE ? fault->bytes : 0;
	if (fault->action == SIM_GARBAGE && !request->answer.watch) {
		json_object_put(request->answer.body);
		free(request->answer.text);
		request->answer.body = NULL;
		request->answer.code = 200;
		request->answer.text = strdup("{\"kind\":\"WidgetList\",\"items\":[{\"metadata\":{\"name\":\"w1\"}},\n\x01garbage");
		request->answer.is_json = true;
	}
}

static void carry_out(struct sim_call *call, struct sim_request *request, const struct sim_fault *fault)
{
	bool routed = sim_route(request);

	if (!(fault && fault_before(fault, request)) && routed)
		sim_dispatch(request);
	if (fault)
		fault_after(fault, call, request);
}

static enum MHD_Result finish_request(struct sim_call *call, const char *method, const char *path)
{
	struct sim_server *server = call->server;
	struct sim_request request = {.server = server, .connection = call->connection, .method = method, .path = path};
	const struct sim_fault *fault = NULL;
	sy_auto_json json_object *body = NULL;
	enum sim_action action;

	request.content_type = MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
	request.user_agent = MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_USER_AGENT);
	MHD_get_connection_values(call->connection, MHD_GET_ARGUMENT_KIND, add_query, call);
	if (call->body.len)
		(void)sy_json_parse(call->body.data, call->body.len, SIM_MAX_BODY, &body, NULL);
	request.body = body;
	call->is_done = true;
	if (sim_control(&request)) {
		call->answer = request.answer;
		return sim_http_answer(call);
	}
	fault = sim_fault_take(server, &request, sy_buf_str(&call->query));
	action = fault ? fault->action : SIM_PASS;
	if (action != SIM_DROP)
		carry_out(call, &request, fault);
	call->answer = request.answer;
	sim_count(server, &request, action == SIM_DROP ? 0 : request.answer.code, request.answer.watch != NULL);
	if (action == SIM_DROP || action == SIM_LOSE_ANSWER)
		return MHD_NO;
	if (action != SIM_SLOW)
		return sim_http_answer(call);
	if (sy_timer_new(&call->timer, server->sim->loop, delay_over, call, NULL) != 0)
		return MHD_NO;
	call->next = server->delayed;
	server->delayed = call;
	MHD_suspend_connection(call->connection);
	sy_timer_start(call->timer, fault->delay_ms);
	return MHD_YES;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
				  const char *upload, size_t *upload_size, void **state)
{
	struct sim_call *call = *state;

	(void)version;
	if (!call) {
		call = calloc(1, sizeof(*call));
		if (!call)
			return MHD_NO;
		call->server = arg;
		call->connection = connection;
		sy_buf_init(&call->body, SIM_MAX_BODY);
		sy_buf_init(&call->query, 65536);
		*state = call;
		return MHD_YES;
	}
	if (*upload_size) {
		int r = sy_buf_add(&call->body, upload, *upload_size);

		*upload_size = 0;
		return r == 0 ? MHD_YES : MHD_NO;
	}
	return call->is_done ? sim_http_answer(call) : finish_request(call, method, url);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why)
{
	struct sim_call *call = *state;

	(void)arg;
	(void)connection;
	(void)why;
	if (!call)
		return;
	if (call->timer)
		sy_timer_free(call->timer);
	clear_answer(&call->answer);
	sy_buf_done(&call->body);
	sy_buf_done(&call->query);
	free(call);
	*state = NULL;
}

static int make_handles(struct sim_server *server, struct sy_error *err)
{
	struct sy_loop *loop = server->sim->loop;
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	int r;

	if (!info)
		return sy_error_set(err, EIO, "libmicrohttpd has no epoll descriptor");
	r = sy_io_new(&server->io, loop, info->epoll_fd, SY_READ, readable, server, err);
	if (r == 0)
		r = sy_timer_new(&server->timer, loop, run, server, err);
	if (r == 0)
		r = sy_timer_new(&server->bookmark, loop, bookmark, server, err);
	if (r == 0)
		r = sy_defer_new(&server->run, loop, wake_and_run, server, err);
	if (r == 0)
		r = sy_defer_new(&server->settle, loop, settle, server, err);
	if (r == 0)
		sy_timer_start(server->bookmark, server->settings.bookmark_ms);
	return r;
}

int sim_http_start(struct sim_server *server, uint16_t port, struct sy_error *err)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const union MHD_DaemonInfo *info;
	int r;

	server->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server, MHD_OPTION_SOCK_ADDR,
					  (struct sockaddr *)&address, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
					  MHD_OPTION_CONNECTION_LIMIT, 8192u, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
	if (!server->daemon)
		return sy_error_set(err, errno ? errno : EIO, "cannot listen on 127.0.0.1:%u", port);
	r = make_handles(server, err);
	if (r < 0)
		return r;
	info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
	if (!info || asprintf(&server->url, "http://127.0.0.1:%u", info->port) < 0)
		return sy_error_set(err, EIO, "cannot tell the port");
	return 0;
}

void sim_http_stop(struct sim_server *server)
{
	if (server->daemon) {
		sim_watches_wake(server);
		/* The library insists that nothing is suspended when it stops. */
		while (server->delayed)
			delay_over(server->delayed);
		MHD_stop_daemon(server->daemon);
	}
	sy_io_free(server->io);
	sy_timer_free(server->timer);
	sy_timer_free(server->bookmark);
	if (server->run)
		sy_defer_free(server->run);
	if (server->settle)
		sy_defer_free(server->settle);
	server->run = NULL;
	server->settle = NULL;
	free(server->url);
}
