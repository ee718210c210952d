/* One request with its answer: birth, the library's callbacks, death. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "http/internal.h"

/* A stream wants a smaller buffer, which a handle that had one before refuses (curl 7.88.1): it gets a new handle. */
static CURL *take_handle(struct sy_http_pool *pool, bool stream)
{
	return !stream && pool->idle_count > 0 ? pool->idle[--pool->idle_count] : curl_easy_init();
}

/* Handles of streams are not kept: their small buffer stays with them, and a request would be told that it has the usual size. */
static void give_handle(struct sy_http_pool *pool, CURL *easy, bool keep)
{
	if (!easy)
		return;
	if (!keep || pool->freed || pool->idle_count == HTTP_IDLE_HANDLES) {
		curl_easy_cleanup(easy);
		return;
	}
	/* Forgets every option, also the pointers to secrets. */
	curl_easy_reset(easy);
	pool->idle[pool->idle_count++] = easy;
}

static void free_headers(struct curl_slist *headers)
{
	/* One of them is the token. */
	for (struct curl_slist *line = headers; line; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(headers);
}

static int response_code(struct sy_http_transfer *transfer)
{
	long code = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &code);
	return (int)code;
}

/* Returning less than size ends the transfer with CURLE_WRITE_ERROR. CURL_WRITEFUNC_PAUSE is never returned: a paused HTTP/2 stream piles
 * up to 32 MiB into our heap. */
static size_t on_body(char *data, size_t unit, size_t count, void *arg)
{
	struct sy_http_transfer *transfer = arg;
	size_t len = unit * count;

	if (len == 0)
		return 0;
	if (transfer->state != TRANSFER_RUNNING)
		return 0;
	if (transfer->ops->body && transfer->ops->body(transfer->arg, response_code(transfer), data, len) != 0) {
		transfer->aborted = true;
		return 0;
	}
	return transfer->state == TRANSFER_RUNNING ? len : 0;
}

static size_t on_header(char *data, size_t unit, size_t count, void *arg)
{
	struct sy_http_transfer *transfer = arg;
	size_t len = unit * count;
	bool last = (len == 2 && data[0] == '\r') || (len == 1 && data[0] == '\n');

	if (transfer->state != TRANSFER_RUNNING)
		return 0;
	if (last && transfer->ops->open) {
		int code = response_code(transfer);

		if (code >= 200)
			transfer->ops->open(transfer->arg, code);
	}
	return transfer->state == TRANSFER_RUNNING ? len : 0;
}

static int set_callbacks(struct sy_http_transfer *transfer, struct sy_error *err)
{
	CURL *easy = transfer->easy;

	if (curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error) != CURLE_OK)
		return sy_error_set(err, EIO, "libcurl refuses the callbacks of a transfer");
	return 0;
}

static int copy_body(struct sy_http_transfer *transfer, const struct sy_http_request *request, struct sy_error *err)
{
	if (request->body_len == 0)
		return 0;
	transfer->body = malloc(request->body_len);
	if (!transfer->body)
		return sy_error_oom(err);
	memcpy(transfer->body, request->body, request->body_len);
	return 0;
}

int http_transfer_new(struct sy_http_transfer **ret_transfer, struct sy_http_pool *pool, struct sy_http_identity *identity,
		      const struct sy_http_request *request, struct sy_error *err)
{
	struct sy_http_transfer *transfer = calloc(1, sizeof(*transfer));

	if (!transfer)
		return sy_error_oom(err);
	transfer->pool = pool;
	transfer->identity = sy_http_identity_ref(identity);
	transfer->started_ms = sy_loop_now_ms(pool->loop);
	transfer->is_stream = request->stream;
	transfer->easy = take_handle(pool, transfer->is_stream);
	int r = transfer->easy ? copy_body(transfer, request, err) : sy_error_oom(err);
	if (r == 0)
		r = http_setup(transfer, request, err);
	if (r == 0)
		r = set_callbacks(transfer, err);
	if (r < 0) {
		http_transfer_release(transfer);
		return r;
	}
	pool->distrust = false;
	*ret_transfer = transfer;
	return 0;
}

void http_transfer_release(struct sy_http_transfer *transfer)
{
	give_handle(transfer->pool, transfer->easy, !transfer->is_stream);
	free_headers(transfer->headers);
	curl_slist_free_all(transfer->connect_to);
	if (transfer->body)
		free(transfer->body);
	sy_http_identity_unref(transfer->identity);
	free(transfer);
}
