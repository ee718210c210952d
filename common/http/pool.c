/* A set of connections: libcurl's multi interface on the loop. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "http/internal.h"

static void pool_settle(struct sy_http_pool *pool);

int sy_http_prepare(struct sy_error *err)
{
	CURLcode rc = curl_global_init(CURL_GLOBAL_DEFAULT);

	return rc == CURLE_OK ? 0 : sy_error_set(err, EIO, "libcurl cannot be initialised: %s", curl_easy_strerror(rc));
}

static void pool_destroy(struct sy_http_pool *pool)
{
	struct http_socket *socket;

	while (pool->idle_count > 0)
		curl_easy_cleanup(pool->idle[--pool->idle_count]);
	if (pool->multi)
		curl_multi_cleanup(pool->multi); /* closes the connections, which takes their sockets off the loop */
	while ((socket = LIST_FIRST(&pool->sockets))) {
		LIST_REMOVE(socket, entry);
		sy_io_free(socket->io);
		free(socket);
	}
	sy_timer_free(pool->timer);
	free(pool);
	curl_global_cleanup(); /* counted: undoes the pool's own initialisation only */
}

static void pool_enter(struct sy_http_pool *pool)
{
	pool->depth++;
}

/* Leaves the outermost frame last of all: nothing may touch the pool afterwards. */
static void pool_leave(struct sy_http_pool *pool)
{
	if (pool->depth == 1)
		pool_settle(pool);
	if (--pool->depth == 0 && pool->freed)
		pool_destroy(pool);
}

static void on_ready(void *arg, unsigned events)
{
	struct http_socket *socket = arg;
	struct sy_http_pool *pool = socket->pool;
	int mask = 0, running = 0;

	if (events & SY_READ) {
		mask |= CURL_CSELECT_IN;
		socket->last_read_ms = sy_loop_now_ms(pool->loop);
	}
	if (events & SY_WRITE)
		mask |= CURL_CSELECT_OUT;
	pool_enter(pool);
	curl_multi_socket_action(pool->multi, socket->fd, mask, &running);
	pool_leave(pool);
}

static void on_timer(void *arg)
{
	struct sy_http_pool *pool = arg;
	int running = 0;

	pool_enter(pool);
	curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	pool_leave(pool);
}

static int set_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct sy_http_pool *pool = arg;

	(void)multi;
	if (timeout_ms < 0)
		sy_timer_stop(pool->timer);
	else
		sy_timer_start(pool->timer, timeout_ms);
	return 0;
}

static struct http_socket *find_socket(struct sy_http_pool *pool, curl_socket_t fd)
{
	struct http_socket *socket;

	LIST_FOREACH(socket, &pool->sockets, entry)
	if (socket->fd == fd)
		return socket;
	return NULL;
}

static struct http_socket *add_socket(struct sy_http_pool *pool, curl_socket_t fd)
{
	struct http_socket *socket = calloc(1, sizeof(*socket));

	if (!socket)
		return NULL;
	socket->pool = pool;
	socket->fd = fd;
	LIST_INSERT_HEAD(&pool->sockets, socket, entry);
	return socket;
}

/* libcurl tells what it waits for. -1 makes it give up the transfers concerned. */
static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct sy_http_pool *pool = arg;
	struct http_socket *socket = find_socket(pool, fd);
	unsigned events = 0;

	(void)easy;
	(void)socket_arg;
	if (what == CURL_POLL_REMOVE) {
		if (socket) {
			sy_io_free(socket->io); /* before the library closes the descriptor */
			socket->io = NULL;
		}
		return 0;
	}
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= SY_READ;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= SY_WRITE;
	if (!socket)
		socket = add_socket(pool, fd);
	if (!socket)
		return -1;
	if (socket->io)
		return sy_io_set(socket->io, events) < 0 ? -1 : 0;
	return sy_io_new(&socket->io, pool->loop, fd, events, on_ready, socket, NULL) < 0 ? -1 : 0;
}

int sy_http_pool_new(struct sy_http_pool **ret_pool, struct sy_loop *loop, unsigned max_connections, struct sy_error *err)
{
	int r = sy_http_prepare(err);

	if (r < 0)
		return r;
	struct sy_http_pool *pool = calloc(1, sizeof(*pool));
	if (!pool) {
		curl_global_cleanup();
		return sy_error_oom(err);
	}
	pool->loop = loop;
	pool->multi = curl_multi_init();
	if (!pool->multi)
		r = sy_error_oom(err);
	if (r == 0)
		r = sy_timer_new(&pool->timer, loop, on_timer, pool, err);
	if (r == 0 && (curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, set_socket) != CURLM_OK ||
		       curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool) != CURLM_OK ||
		       curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, set_timer) != CURLM_OK ||
		       curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool) != CURLM_OK ||
		       curl_multi_setopt(pool->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX) != CURLM_OK ||
		       curl_multi_setopt(pool->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, HTTP_MAX_STREAMS) != CURLM_OK ||
		       curl_multi_setopt(pool->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)max_connections) != CURLM_OK))
		r = sy_error_set(err, EIO, "libcurl refuses the options of a connection pool");
	if (r < 0) {
		pool_destroy(pool);
		return r;
	}
	*ret_pool = pool;
	return 0;
}

static void detach(struct sy_http_transfer *transfer)
{
	if (transfer->state != TRANSFER_PENDING)
		curl_multi_remove_handle(transfer->pool->multi, transfer->easy);
	LIST_REMOVE(transfer, entry);
}

/* The pool dies when the outermost frame leaves; until then nothing calls back. */
void sy_http_pool_free(struct sy_http_pool *pool)
{
	struct sy_http_transfer *transfer;

	if (!pool)
		return;
	pool_enter(pool);
	while ((transfer = LIST_FIRST(&pool->pending)))
		sy_http_cancel(transfer);
	while ((transfer = LIST_FIRST(&pool->running)))
		sy_http_cancel(transfer);
	pool->freed = true;
	pool_leave(pool);
}

/* Close a connection under the library's hands: it sees the end of file, ends what is left on it and never uses it again. */
static void condemn_connection(struct sy_http_transfer *transfer, int64_t since_ms)
{
	struct sy_http_pool *pool = transfer->pool;
	curl_socket_t fd = CURL_SOCKET_BAD;

	pool->distrust = true;
	if (curl_easy_getinfo(transfer->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK || fd == CURL_SOCKET_BAD)
		return;
	struct http_socket *socket = find_socket(pool, fd);
	if (socket && socket->last_read_ms <= since_ms)
		shutdown(fd, SHUT_RDWR);
}

static enum sy_http_end end_of(const struct sy_http_transfer *transfer, CURLcode rc)
{
	if (rc == CURLE_OK)
		return SY_HTTP_COMPLETE;
	if (transfer->aborted)
		return SY_HTTP_ABORTED;
	return rc == CURLE_OPERATION_TIMEDOUT ? SY_HTTP_TIMEOUT : SY_HTTP_BROKEN;
}

static const char *header_of(CURL *easy, const char *name)
{
	struct curl_header *header = NULL;

	return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK ? header->value : NULL;
}

static const char *error_text(struct sy_http_transfer *transfer, CURLcode rc)
{
	const char *text = transfer->error[0] ? transfer->error : curl_easy_strerror(rc);

	if (rc == CURLE_OK)
		return "";
	return sy_http_identity_leaks(transfer->identity, text) ? curl_easy_strerror(rc) : text;
}

static void finish(struct sy_http_transfer *transfer, CURLcode rc)
{
	CURL *easy = transfer->easy;
	curl_off_t retry_after = 0;
	long code = 0, version = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
	curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
	if (rc == CURLE_OPERATION_TIMEDOUT)
		condemn_connection(transfer, transfer->started_ms);
	detach(transfer);
	transfer->state = TRANSFER_DONE;
	struct sy_http_answer answer = {
		.end = end_of(transfer, rc),
		.code = (int)code,
		.error = error_text(transfer, rc),
		.retry_after_ms = retry_after > 0 && retry_after < 86400 ? (int64_t)retry_after * 1000 : (retry_after > 0 ? 86400000 : 0),
		.warning = header_of(easy, "warning"),
		.date = header_of(easy, "date"),
		.etag = header_of(easy, "etag"),
		.http_version = version == CURL_HTTP_VERSION_2_0 ? 20 : (version == CURL_HTTP_VERSION_1_1 ? 11 : 0),
	};
	transfer->ops->done(transfer->arg, &answer);
	http_transfer_release(transfer);
}

static void add_pending(struct sy_http_pool *pool, struct sy_http_transfer *transfer)
{
	CURLMcode rc = curl_multi_add_handle(pool->multi, transfer->easy);

	if (rc != CURLM_OK) {
		finish(transfer, rc == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT);
		return;
	}
	LIST_REMOVE(transfer, entry);
	transfer->state = TRANSFER_RUNNING;
	LIST_INSERT_HEAD(&pool->running, transfer, entry);
}

/* One step of what the frames before left to do; false when there is nothing. */
static bool settle_one(struct sy_http_pool *pool)
{
	struct sy_http_transfer *transfer = LIST_FIRST(&pool->cancelled);
	int left = 0;

	if (transfer) {
		detach(transfer);
		http_transfer_release(transfer);
		return true;
	}
	CURLMsg *msg = curl_multi_info_read(pool->multi, &left);
	if (msg && msg->msg == CURLMSG_DONE) {
		CURLcode rc = msg->data.result;
		char *private = NULL;

		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private);
		finish((struct sy_http_transfer *)(void *)private, rc);
		return true;
	}
	transfer = LIST_FIRST(&pool->pending);
	if (transfer) {
		add_pending(pool, transfer);
		return true;
	}
	return false;
}

static void pool_settle(struct sy_http_pool *pool)
{
	while (settle_one(pool))
		;
}

int sy_http_start(struct sy_http_pool *pool, struct sy_http_identity *identity, const struct sy_http_request *request,
		  const struct sy_http_ops *ops, void *arg, struct sy_http_transfer **ret_transfer, struct sy_error *err)
{
	struct sy_http_transfer *transfer = NULL;

	if (pool->freed)
		return sy_error_set(err, ESHUTDOWN, "the connection pool has been closed");
	int r = http_transfer_new(&transfer, pool, identity, request, err);
	if (r < 0)
		return r;
	transfer->ops = ops;
	transfer->arg = arg;
	LIST_INSERT_HEAD(&pool->pending, transfer, entry);
	/* Inside curl or a callback the outermost frame adds it. */
	if (pool->depth == 0) {
		CURLMcode rc = curl_multi_add_handle(pool->multi, transfer->easy);

		LIST_REMOVE(transfer, entry);
		if (rc != CURLM_OK) {
			http_transfer_release(transfer);
			return sy_error_set(err, EIO, "libcurl cannot start the transfer: %s", curl_multi_strerror(rc));
		}
		transfer->state = TRANSFER_RUNNING;
		LIST_INSERT_HEAD(&pool->running, transfer, entry);
	}
	if (ret_transfer)
		*ret_transfer = transfer;
	return 0;
}

void sy_http_cancel(struct sy_http_transfer *transfer)
{
	if (!transfer || transfer->state == TRANSFER_DONE || transfer->state == TRANSFER_CANCELLED)
		return;
	struct sy_http_pool *pool = transfer->pool;
	if (transfer->state == TRANSFER_PENDING) {
		LIST_REMOVE(transfer, entry);
		http_transfer_release(transfer);
		return;
	}
	LIST_REMOVE(transfer, entry);
	transfer->state = TRANSFER_CANCELLED;
	LIST_INSERT_HEAD(&pool->cancelled, transfer, entry);
	if (pool->depth == 0) {
		pool_enter(pool);
		pool_leave(pool);
	}
}

void sy_http_abandon(struct sy_http_transfer *transfer, int64_t since_ms)
{
	if (transfer && transfer->state == TRANSFER_RUNNING)
		condemn_connection(transfer, since_ms);
	sy_http_cancel(transfer);
}
