/* One connection to the control socket: bounded lines in, bounded answers out. A client that is done for is only marked dead; it is buried
 * at the end of the loop's turn, so that answering it from inside any callback is safe. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "supervisor/control/control_impl.h"

#define READ_CHUNK 4096

struct sy_control_call {
	struct sy_control_client *client;
	struct sy_control_call *next;
	uint64_t id;
};

struct sy_control_client {
	struct sy_control *control;
	struct sy_control_client *next;
	struct sy_control_call *calls;
	struct sy_io *io;
	struct sy_timer *patience; /* for a request to become whole */
	struct sy_timer *stall;	   /* for the client to take its answers */
	struct sy_buf in;
	struct sy_buf out;
	unsigned call_count;
	int fd;
	bool busy;    /* inside take_lines */
	bool waiting; /* patience runs since the present request began */
	bool eof;     /* nothing more will be read */
	bool closing; /* close once everything is answered and written */
	bool dead;
};

static void kill_client(struct sy_control_client *client)
{
	if (client->dead)
		return;
	client->dead = true;
	sy_io_set(client->io, 0);
	sy_timer_stop(client->patience);
	sy_timer_stop(client->stall);
	sy_defer_mark(client->control->sweep);
}

/* What the socket should wake us for; ends a client that has nothing to come and nothing to get. */
static void update(struct sy_control_client *client)
{
	const struct sy_control_limits *limits = &client->control->limits;
	unsigned events = 0;

	if (client->dead)
		return;
	if (client->closing && client->out.len == 0 && client->call_count == 0) {
		kill_client(client);
		return;
	}
	/* Who asks faster than we answer, or does not take the answers, is not listened to for a while. */
	if (!client->eof && !client->closing && client->call_count < limits->max_calls && client->out.len < limits->max_output / 2)
		events |= SY_READ;
	if (client->out.len)
		events |= SY_WRITE;
	sy_io_set(client->io, events);
}

static void send_answer(struct sy_control_client *client, const struct sy_control_answer *answer)
{
	struct sy_error err;
	size_t before = client->out.len;

	if (client->dead)
		return;
	if (sy_control_answer_encode(answer, &client->out, &err) < 0) {
		/* A reader that is too slow, or no memory: half an answer is of no use. */
		kill_client(client);
		return;
	}
	if (before == 0)
		sy_timer_start(client->stall, client->control->limits.stall_ms);
	update(client);
}

static void send_failure(struct sy_control_client *client, uint64_t id, const char *code, const char *text)
{
	char code_copy[64], text_copy[SY_ERROR_TEXT_MAX];

	strlcpy(code_copy, code, sizeof(code_copy));
	strlcpy(text_copy, text, sizeof(text_copy));
	send_answer(client, &(struct sy_control_answer){.id = id, .code = code_copy, .error = text_copy});
}

void sy_control_refuse(int fd, const char *code, const char *text)
{
	char code_copy[64], text_copy[SY_ERROR_TEXT_MAX];
	struct sy_buf out;

	strlcpy(code_copy, code, sizeof(code_copy));
	strlcpy(text_copy, text, sizeof(text_copy));
	sy_buf_init(&out, SY_MAX_CONTROL_BYTES);
	/* The buffer of a fresh connection takes one line; who does not read it loses nothing. */
	if (sy_control_answer_encode(&(struct sy_control_answer){.code = code_copy, .error = text_copy}, &out, NULL) == 0 &&
	    send(fd, out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		shutdown(fd, SHUT_RDWR);
	sy_buf_done(&out);
}

static void drop_call(struct sy_control_call *call)
{
	struct sy_control_client *client = call->client;

	for (struct sy_control_call **link = &client->calls; *link; link = &(*link)->next) {
		if (*link == call) {
			*link = call->next;
			break;
		}
	}
	client->call_count--;
	free(call);
}

static void on_request(struct sy_control_client *client, const char *line, size_t len)
{
	struct sy_control *control = client->control;
	struct sy_control_request request = {0};
	struct sy_error err = {0};
	int r = sy_control_request_decode(line, len, &request, &err);

	if (r < 0) {
		send_failure(client, 0, r == -EPROTO ? "VersionMismatch" : "BadRequest", err.text);
		return;
	}
	struct sy_control_call *call = calloc(1, sizeof(*call));
	if (!call) {
		sy_control_request_done(&request);
		kill_client(client);
		return;
	}
	call->client = client;
	call->id = request.id;
	call->next = client->calls;
	client->calls = call;
	client->call_count++;
	control->ops->request(control->arg, call, &request);
	sy_control_request_done(&request);
}

/* Patience runs from the first byte of a request, not anew with each byte. */
static void set_patience(struct sy_control_client *client)
{
	bool half = client->in.len > 0 && !client->closing;

	if (half && !client->waiting)
		sy_timer_start(client->patience, client->control->limits.request_ms);
	if (!half)
		sy_timer_stop(client->patience);
	client->waiting = half;
}

static void take_lines(struct sy_control_client *client)
{
	char *newline;

	client->busy = true;
	while (!client->dead && !client->closing && client->call_count < client->control->limits.max_calls && client->in.len &&
	       (newline = memchr(client->in.data, '\n', client->in.len))) {
		size_t len = (size_t)(newline - client->in.data);

		/* The next line gets its own time. */
		client->waiting = false;
		on_request(client, client->in.data, len);
		sy_buf_consume(&client->in, len + 1);
	}
	client->busy = false;
	if (client->dead)
		return;
	if (client->eof && !(client->in.len && memchr(client->in.data, '\n', client->in.len)))
		sy_buf_reset(&client->in);
	if (client->in.len >= SY_MAX_CONTROL_BYTES && !memchr(client->in.data, '\n', client->in.len)) {
		client->closing = true;
		sy_buf_reset(&client->in);
		send_failure(client, 0, "TooLarge", "the request is too large");
	}
	/* A line that waits for a free call is whole: it is we who let it wait. */
	if (client->in.len && memchr(client->in.data, '\n', client->in.len)) {
		sy_timer_stop(client->patience);
		client->waiting = false;
	} else {
		set_patience(client);
	}
	if (client->eof && client->in.len == 0 && client->call_count == 0)
		client->closing = true;
}

/* A peer that only shut down its sending side still wants its answers. */
static bool peer_vanished(int fd)
{
	struct pollfd poll_fd = {.fd = fd};

	return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & (POLLHUP | POLLERR));
}

static void on_readable(struct sy_control_client *client)
{
	size_t room = SY_MAX_CONTROL_BYTES - client->in.len;
	char chunk[READ_CHUNK];
	ssize_t n;

	if (room == 0) { /* whole lines wait in it */
		take_lines(client);
		return;
	}
	n = recv(client->fd, chunk, room < sizeof(chunk) ? room : sizeof(chunk), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0 || (n > 0 && sy_buf_add(&client->in, chunk, (size_t)n) < 0)) {
		kill_client(client);
		return;
	}
	if (n == 0) {
		if (peer_vanished(client->fd)) {
			kill_client(client);
			return;
		}
		client->eof = true;
	}
	take_lines(client);
}

static void on_writable(struct sy_control_client *client)
{
	ssize_t n;

	if (client->out.len == 0)
		return;
	n = send(client->fd, client->out.data, client->out.len, MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		kill_client(client);
		return;
	}
	sy_buf_consume(&client->out, (size_t)n);
	if (client->out.len)
		sy_timer_start(client->stall, client->control->limits.stall_ms);
	else
		sy_timer_stop(client->stall);
}

static void on_io(void *arg, unsigned events)
{
	struct sy_control_client *client = arg;

	if (events & SY_WRITE)
		on_writable(client);
	if (!client->dead && (events & SY_READ))
		on_readable(client);
	update(client);
}

static void on_patience(void *arg)
{
	struct sy_control_client *client = arg;

	client->closing = true;
	send_failure(client, 0, "TimedOut", "the request did not arrive in time");
	update(client);
}

static void on_stall(void *arg)
{
	kill_client(arg);
}

static void free_client(struct sy_control_client *client)
{
	struct sy_control *control = client->control;

	while (client->calls) {
		struct sy_control_call *call = client->calls;

		if (control->ops->gone)
			control->ops->gone(control->arg, call);
		drop_call(call);
	}
	sy_io_free(client->io);
	if (client->patience)
		sy_timer_free(client->patience);
	if (client->stall)
		sy_timer_free(client->stall);
	sy_buf_done(&client->in);
	sy_buf_done(&client->out);
	close(client->fd);
	free(client);
}

void sy_control_client_new(struct sy_control *control, int fd)
{
	struct sy_control_client *client = calloc(1, sizeof(*client));

	if (!client) {
		close(fd);
		return;
	}
	client->control = control;
	client->fd = fd;
	sy_buf_init(&client->in, SY_MAX_CONTROL_BYTES);
	sy_buf_init(&client->out, control->limits.max_output);
	if (sy_timer_new(&client->patience, control->loop, on_patience, client, NULL) < 0 ||
	    sy_timer_new(&client->stall, control->loop, on_stall, client, NULL) < 0 ||
	    sy_io_new(&client->io, control->loop, fd, SY_READ, on_io, client, NULL) < 0) {
		free_client(client);
		return;
	}
	client->next = control->clients;
	control->clients = client;
	control->client_count++;
	/* Who connects has something to say. */
	sy_timer_start(client->patience, control->limits.request_ms);
	client->waiting = true;
}

void sy_control_clients_sweep(struct sy_control *control, bool all)
{
	struct sy_control_client **link = &control->clients;

	while (*link) {
		struct sy_control_client *client = *link;

		if (!client->dead && !all) {
			link = &client->next;
			continue;
		}
		client->dead = true;
		*link = client->next;
		control->client_count--;
		free_client(client);
	}
}

void sy_control_clients_resume(struct sy_control *control)
{
	for (struct sy_control_client *client = control->clients; client; client = client->next) {
		if (client->dead || !client->in.len)
			continue;
		take_lines(client);
		update(client);
	}
}

static void call_done(struct sy_control_call *call, bool more)
{
	struct sy_control_client *client = call->client;

	if (more)
		return;
	drop_call(call);
	if (client->dead)
		return;
	if (client->busy)
		return; /* take_lines goes on by itself */
	if (client->in.len)
		sy_defer_mark(client->control->sweep); /* a line may have waited for this call to end */
	else if (client->eof && client->call_count == 0)
		client->closing = true;
	update(client);
}

void sy_control_answer(struct sy_control_call *call, json_object *value, bool more)
{
	send_answer(call->client, &(struct sy_control_answer){.id = call->id, .ok = true, .more = more, .value = value});
	json_object_put(value);
	call_done(call, more);
}

void sy_control_fail(struct sy_control_call *call, const char *code, const char *fmt, ...)
{
	char text[SY_ERROR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	send_failure(call->client, call->id, code, text);
	call_done(call, false);
}
