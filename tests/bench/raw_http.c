#include "raw.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One transfer: a request with its answer, or a watch with the line it is in. */
struct transfer {
	struct raw *raw;
	CURL *easy;
	struct curl_slist *headers;
	char *data;
	size_t len;
	size_t cap;
	bool is_watch;
	raw_done_fn *done;
	raw_event_fn *event;
	void *arg;
};

double raw_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int raw_init(struct raw *raw)
{
	memset(raw, 0, sizeof(*raw));
	raw->multi = curl_multi_init();
	return raw->multi ? 0 : -1;
}

void raw_done(struct raw *raw)
{
	curl_multi_cleanup(raw->multi);
}

static void take_line(struct transfer *transfer, const char *line, size_t len)
{
	json_tokener *tokener = json_tokener_new();
	json_object *event = json_tokener_parse_ex(tokener, line, (int)len);
	json_object *type = NULL;
	json_object *object = NULL;

	if (event && json_object_object_get_ex(event, "type", &type) && json_object_object_get_ex(event, "object", &object))
		transfer->event(transfer->arg, json_object_get_string(type), object);
	json_object_put(event);
	json_tokener_free(tokener);
}

static void take_lines(struct transfer *transfer)
{
	char *start = transfer->data;
	char *end;

	while ((end = memchr(start, '\n', transfer->len - (size_t)(start - transfer->data))) != NULL) {
		take_line(transfer, start, (size_t)(end - start));
		start = end + 1;
	}
	transfer->len -= (size_t)(start - transfer->data);
	memmove(transfer->data, start, transfer->len);
}

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *transfer = arg;
	size_t len = size * count;

	if (transfer->len + len + 1 > transfer->cap) {
		size_t cap = (transfer->len + len + 1) * 2;
		char *grown = realloc(transfer->data, cap);

		if (!grown)
			return 0;
		transfer->data = grown;
		transfer->cap = cap;
	}
	memcpy(transfer->data + transfer->len, data, len);
	transfer->len += len;
	transfer->data[transfer->len] = '\0';
	return len;
}

static void transfer_free(struct transfer *transfer)
{
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->headers);
	free(transfer->data);
	free(transfer);
}

static struct transfer *transfer_new(struct raw *raw, const struct raw_server *server, const char *url)
{
	struct transfer *transfer = calloc(1, sizeof(*transfer));

	if (!transfer)
		return NULL;
	transfer->raw = raw;
	transfer->easy = curl_easy_init();
	transfer->headers = curl_slist_append(NULL, server->token);
	curl_easy_setopt(transfer->easy, CURLOPT_URL, url);
	curl_easy_setopt(transfer->easy, CURLOPT_CAINFO, server->ca);
	curl_easy_setopt(transfer->easy, CURLOPT_USERAGENT, "rawclient");
	curl_easy_setopt(transfer->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(transfer->easy, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(transfer->easy, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(transfer->easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
	return transfer;
}

static int add(struct transfer *transfer)
{
	curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
	if (curl_multi_add_handle(transfer->raw->multi, transfer->easy) == CURLM_OK)
		return 0;
	transfer_free(transfer);
	return -1;
}

int raw_start(struct raw *raw, const struct raw_call *call, raw_done_fn *done, void *arg)
{
	struct transfer *transfer = transfer_new(raw, call->server, call->url);
	char type[128] = "Content-Type: ";

	if (!transfer)
		return -1;
	strncat(type, call->content_type, sizeof(type) - strlen(type) - 1);
	transfer->headers = curl_slist_append(transfer->headers, type);
	transfer->done = done;
	transfer->arg = arg;
	curl_easy_setopt(transfer->easy, CURLOPT_CUSTOMREQUEST, call->method);
	curl_easy_setopt(transfer->easy, CURLOPT_COPYPOSTFIELDS, call->body);
	raw->in_flight++;
	return add(transfer);
}

int raw_watch(struct raw *raw, const struct raw_server *server, const char *url, raw_event_fn *event, void *arg)
{
	char full[2048] = "";
	struct transfer *transfer;

	strncat(full, url, sizeof(full) - 256);
	strncat(full, "?watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", 200);
	transfer = transfer_new(raw, server, full);
	if (!transfer)
		return -1;
	transfer->is_watch = true;
	transfer->event = event;
	transfer->arg = arg;
	raw->watch = transfer;
	return add(transfer);
}

static void finish(struct raw *raw, struct transfer *transfer, CURLcode result)
{
	long code = 0;

	if (result == CURLE_OK)
		curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &code);
	curl_multi_remove_handle(raw->multi, transfer->easy);
	if (transfer->is_watch) {
		raw->watch = NULL;
		transfer->event(transfer->arg, "END", NULL);
	} else {
		raw->in_flight--;
		transfer->done(transfer->arg, code, transfer->data ? transfer->data : "");
	}
	transfer_free(transfer);
}

void raw_turn(struct raw *raw, int timeout_ms)
{
	CURLMsg *message;
	int running;
	int left;

	curl_multi_perform(raw->multi, &running);
	/* Events are handled here and not as data arrives: inside libcurl's callbacks no request can be started. */
	if (raw->watch && raw->watch->len)
		take_lines(raw->watch);
	while ((message = curl_multi_info_read(raw->multi, &left)) != NULL) {
		struct transfer *transfer = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		finish(raw, transfer, message->data.result);
		timeout_ms = 0;
	}
	/* New requests go out at once, not after the wait. */
	curl_multi_perform(raw->multi, &running);
	curl_multi_poll(raw->multi, NULL, 0, timeout_ms, NULL);
}
