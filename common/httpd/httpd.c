#include "httpd/httpd.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/cleanup.h"
#include "httpd/impl.h"

#define ACCEPT_EACH_TURN 8
#define BREATHE_MS 1000

/* One connection; it lives as long as the library knows it. */
struct client {
	LIST_ENTRY(client) entry;
	struct sy_httpd *httpd;
	int fd; /* the library's; valid while it is in the list */
	int64_t connected_ms;
	int64_t asked_ms; /* when its request was there */
	bool asked;
	bool cut;
};

struct sy_httpd_request {
	struct MHD_Connection *connection;
};

struct sy_httpd {
	struct sy_loop *loop;
	struct MHD_Daemon *daemon;
	struct sy_io *listen_io;
	struct sy_io *io;	 /* the library's epoll descriptor */
	struct sy_timer *timer;	 /* when the library wants to run again */
	struct sy_timer *patrol; /* the next deadline of a connection */
	struct sy_timer *breathe;
	struct sy_httpd_limits limits;
	sy_httpd_fn *fn;
	void *arg;
	LIST_HEAD(, client) clients;
	unsigned count;
	int fd;
	char *path;
	struct sy_unix_file file;
};

/* --- the library on our loop --- */

static int64_t deadline_of(const struct client *client)
{
	const struct sy_httpd_limits *limits = &client->httpd->limits;

	return client->connected_ms + (client->asked ? limits->deadline_ms : limits->header_ms);
}

/* From this time on it gives its place to somebody who waits. */
static int64_t yields_of(const struct client *client)
{
	const struct sy_httpd_limits *limits = &client->httpd->limits;

	return client->asked ? client->asked_ms + limits->slow_ms : client->connected_ms + limits->idle_ms;
}

/* Who gives way now: the oldest of those that have not asked, else of those that do not read. NULL = nobody yet. */
static struct client *yielding(struct sy_httpd *httpd)
{
	int64_t now = sy_loop_now_ms(httpd->loop);
	struct client *found = NULL, *client;

	LIST_FOREACH(client, &httpd->clients, entry) /* the newest first */
	{
		if (!client->cut && yields_of(client) <= now && (!found || !client->asked || found->asked))
			found = client;
	}
	return found;
}

static void cut(struct client *client)
{
	client->cut = true;
	shutdown(client->fd, SHUT_RDWR);
}

/* Whoever waits in the queue is let in when there is room or can be; nothing wakes us while there is none. */
static void watch(struct sy_httpd *httpd)
{
	bool full = httpd->count >= httpd->limits.connections;
	bool room = (!full || yielding(httpd)) && !sy_timer_active(httpd->breathe);
	int64_t now = sy_loop_now_ms(httpd->loop), next = INT64_MAX;
	struct client *client;

	sy_io_set(httpd->listen_io, room ? SY_READ : 0);
	LIST_FOREACH(client, &httpd->clients, entry)
	{
		int64_t yields = full && yields_of(client) > now ? yields_of(client) : INT64_MAX;

		if (!client->cut && deadline_of(client) < next)
			next = deadline_of(client);
		if (!client->cut && yields < next)
			next = yields;
	}
	if (next != INT64_MAX)
		sy_timer_start(httpd->patrol, next > now ? next - now : 0);
	else
		sy_timer_stop(httpd->patrol);
}

static void run_library(struct sy_httpd *httpd)
{
	MHD_UNSIGNED_LONG_LONG timeout = 0;

	(void)MHD_run(httpd->daemon);
	if (MHD_get_timeout(httpd->daemon, &timeout) == MHD_YES)
		sy_timer_start(httpd->timer, timeout < INT32_MAX ? (int64_t)timeout : INT32_MAX);
	else
		sy_timer_stop(httpd->timer);
}

static void run(void *arg)
{
	run_library(arg);
	watch(arg);
}

static void on_ready(void *arg, unsigned events)
{
	(void)events;
	run(arg);
}

/* The library's own time-out is one of silence; who sends a byte now and then would stay for hours. */
static void patrol(void *arg)
{
	struct sy_httpd *httpd = arg;
	int64_t now = sy_loop_now_ms(httpd->loop);
	struct client *client;

	run_library(httpd); /* what came while this process was busy has come in time */
	LIST_FOREACH(client, &httpd->clients, entry)
	{
		if (!client->cut && deadline_of(client) <= now)
			cut(client);
	}
	run(httpd);
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode code)
{
	struct sy_httpd *httpd = arg;
	struct client *client = *context;
	const union MHD_ConnectionInfo *info;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (!client)
			return;
		LIST_REMOVE(client, entry);
		httpd->count--;
		free(client);
		*context = NULL;
		return;
	}
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	client = info ? calloc(1, sizeof(*client)) : NULL;
	*context = client;
	if (!client)
		return; /* on_request refuses it, and the library's own time-out bounds it */
	client->httpd = httpd;
	client->fd = info->connect_fd;
	client->connected_ms = sy_loop_now_ms(httpd->loop);
	LIST_INSERT_HEAD(&httpd->clients, client, entry);
	httpd->count++;
}

/* A place for one more. What has come of the requests is taken in first: who has asked keeps its place. */
static bool make_room(struct sy_httpd *httpd)
{
	struct client *client;

	if (httpd->count >= httpd->limits.connections)
		run_library(httpd);
	client = httpd->count >= httpd->limits.connections ? yielding(httpd) : NULL;
	if (client) {
		cut(client);
		run_library(httpd);
	}
	return httpd->count < httpd->limits.connections;
}

static void on_connect(void *arg, unsigned events)
{
	struct sy_httpd *httpd = arg;

	(void)events;
	/* A few at a time: somebody who connects in a loop must not hold up the process's work. */
	for (int i = 0; i < ACCEPT_EACH_TURN && make_room(httpd); i++) {
		struct sockaddr_storage peer = {0};
		socklen_t len = sizeof(peer);
		int fd = accept4(httpd->fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			(void)MHD_add_connection(httpd->daemon, fd, (struct sockaddr *)&peer, len); /* closes it when that fails */
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			/* The connection stays in the queue and would wake us at once again. */
			sy_timer_start(httpd->breathe, BREATHE_MS);
		break;
	}
	run(httpd);
}

static void on_breathe(void *arg)
{
	watch(arg);
}

/* --- a request --- */

bool sy_httpd_has_query(const struct sy_httpd_request *request, const char *key)
{
	return MHD_lookup_connection_value_n(request->connection, MHD_GET_ARGUMENT_KIND, key, strlen(key), NULL, NULL) == MHD_YES;
}

const char *sy_httpd_header(const struct sy_httpd_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct sy_httpd_answer *answer, const char *allow)
{
	struct sy_httpd_page *page = NULL;
	enum MHD_Result r;

	if (answer->page) {
		sy_buf_done(&answer->body);
		return MHD_queue_response(connection, answer->code, sy_httpd_page_response(answer->page));
	}
	if (sy_httpd_page_new(&page, answer->type, &answer->body, NULL) < 0)
		return MHD_NO;
	r = allow ? MHD_add_response_header(sy_httpd_page_response(page), MHD_HTTP_HEADER_ALLOW, allow) : MHD_YES;
	if (r == MHD_YES)
		r = MHD_queue_response(connection, answer->code, sy_httpd_page_response(page));
	sy_httpd_page_free(page);
	return r;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned code, const char *allow, const char *text)
{
	struct sy_httpd_answer answer = {.code = code};

	sy_buf_init(&answer.body, 256);
	(void)sy_buf_add_str(&answer.body, text); /* at worst the code stands alone */
	return send_answer(connection, &answer, allow);
}

static bool has_body(struct MHD_Connection *connection)
{
	const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return (length && strcmp(length, "0") != 0) ||
	       MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
}

/* Everything is answered as soon as the headers are there: nobody's body is read. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
				  const char *upload, size_t *upload_size, void **state)
{
	struct sy_httpd *httpd = arg;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct sy_httpd_request request = {.connection = connection};
	struct sy_httpd_answer answer = {.code = MHD_HTTP_NOT_FOUND};

	(void)version;
	(void)upload;
	(void)upload_size;
	if (*state || !info || !info->socket_context)
		return MHD_NO;
	*state = connection;
	((struct client *)info->socket_context)->asked = true;
	((struct client *)info->socket_context)->asked_ms = sy_loop_now_ms(httpd->loop);
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET, HEAD", "only GET and HEAD\n");
	if (has_body(connection))
		return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE, NULL, "no body is read here\n");
	sy_buf_init(&answer.body, httpd->limits.answer_bytes);
	httpd->fn(httpd->arg, &request, url, &answer);
	return send_answer(connection, &answer, NULL);
}

/* --- life --- */

static int start_library(struct sy_httpd *httpd, struct sy_error *err)
{
	const struct sy_httpd_limits *limits = &httpd->limits;
	/* The library's own bound of silence is only the second line: in whole seconds, and never shorter than ours. */
	unsigned silence_s = (unsigned)(limits->deadline_ms / 1000) + 1;
	const union MHD_DaemonInfo *info;

	httpd->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, on_request, httpd,
					 MHD_OPTION_CONNECTION_MEMORY_LIMIT, limits->request_bytes + 1024, MHD_OPTION_CONNECTION_LIMIT,
					 limits->connections + 1, MHD_OPTION_CONNECTION_TIMEOUT, silence_s, MHD_OPTION_STRICT_FOR_CLIENT, 1,
					 MHD_OPTION_NOTIFY_CONNECTION, on_connection, httpd, MHD_OPTION_END);
	if (!httpd->daemon)
		return sy_error_set(err, errno ? errno : EIO, "the HTTP server cannot be started");
	info = MHD_get_daemon_info(httpd->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info || info->epoll_fd < 0)
		return sy_error_set(err, EIO, "the HTTP library has no epoll descriptor");
	return sy_io_new(&httpd->io, httpd->loop, info->epoll_fd, SY_READ, on_ready, httpd, err);
}

int sy_httpd_new(struct sy_httpd **ret_httpd, struct sy_loop *loop, const char *address, const char *key,
		 const struct sy_httpd_limits *limits, sy_httpd_fn *fn, void *arg, struct sy_error *err)
{
	struct sy_httpd *httpd = calloc(1, sizeof(*httpd));
	int r;

	if (!httpd)
		return sy_error_oom(err);
	LIST_INIT(&httpd->clients);
	httpd->loop = loop;
	httpd->limits = *limits;
	httpd->fn = fn;
	httpd->arg = arg;
	httpd->fd = -1;
	r = sy_httpd_listen(address, key, &httpd->fd, &httpd->path, &httpd->file, err);
	if (r == 0)
		r = start_library(httpd, err);
	if (r == 0)
		r = sy_timer_new(&httpd->timer, loop, run, httpd, err);
	if (r == 0)
		r = sy_timer_new(&httpd->patrol, loop, patrol, httpd, err);
	if (r == 0)
		r = sy_timer_new(&httpd->breathe, loop, on_breathe, httpd, err);
	if (r == 0)
		r = sy_io_new(&httpd->listen_io, loop, httpd->fd, SY_READ, on_connect, httpd, err);
	if (r < 0) {
		sy_httpd_free(httpd);
		return r;
	}
	*ret_httpd = httpd;
	return 0;
}

void sy_httpd_free(struct sy_httpd *httpd)
{
	if (!httpd)
		return;
	sy_io_free(httpd->listen_io);
	sy_io_free(httpd->io); /* before the library closes what it watches */
	if (httpd->daemon)
		MHD_stop_daemon(httpd->daemon); /* ends with on_connection for each that is left */
	sy_timer_free(httpd->timer);
	sy_timer_free(httpd->patrol);
	sy_timer_free(httpd->breathe);
	if (httpd->path)
		sy_unix_unlink(httpd->path, &httpd->file);
	if (httpd->fd >= 0)
		close(httpd->fd);
	free(httpd->path);
	free(httpd);
}

uint16_t sy_httpd_port(const struct sy_httpd *httpd)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);

	if (getsockname(httpd->fd, (struct sockaddr *)&address, &len) < 0)
		return 0;
	if (address.ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)&address)->sin_port);
	return address.ss_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)&address)->sin6_port) : 0;
}
