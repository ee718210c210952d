/* Shared by the files of common/http only. */
#ifndef SY_HTTP_INTERNAL_H
#define SY_HTTP_INTERNAL_H

#include <curl/curl.h>
#include <sys/queue.h>

#include "http/http.h"

#define HTTP_IDLE_HANDLES 2u /* easy handles kept for the next transfers; each keeps its 16 KiB receive buffer */
#define HTTP_CONNECT_TIMEOUT_MS 10000L
#define HTTP_MAX_STREAMS 1000L /* what we assume until the server's settings arrive; smaller opens needless connections */
/* A whole DATA frame. curl 7.88.1 hands over at most two buffers of one that does not fit, and the rest when something else arrives. */
#define HTTP_STREAM_BUFFER 16384L
#define HTTP_UPLOAD_BUFFER 16384L

struct sy_http_identity {
	unsigned refs;
	char *ca_pem;
	char *cert_pem;
	char *key_pem;
	char *token;
	char *auth_header; /* "Authorization: Bearer ..." */
	char *proxy_url;   /* without user and password */
	char *proxy_user;
	char *proxy_password;
	char *tls_server_name;
	char *user_agent;
	bool insecure;
};

/* One descriptor that curl asked us to watch. The record outlives the watching (io NULL), so that we still know when the connection was
 * last heard after curl has stopped watching it. Records are re-used by descriptor number, which bounds their count. */
struct http_socket {
	LIST_ENTRY(http_socket) entry;
	struct sy_http_pool *pool;
	struct sy_io *io;
	curl_socket_t fd;
	int64_t last_read_ms;
};

enum transfer_state { TRANSFER_PENDING = 0, TRANSFER_RUNNING, TRANSFER_CANCELLED, TRANSFER_DONE };

LIST_HEAD(transfer_list, sy_http_transfer);

struct sy_http_pool {
	struct sy_loop *loop;
	CURLM *multi;
	struct sy_timer *timer;
	LIST_HEAD(, http_socket) sockets;
	struct transfer_list pending; /* to be added to the multi */
	struct transfer_list running;
	struct transfer_list cancelled; /* to be removed from the multi */
	CURL *idle[HTTP_IDLE_HANDLES];
	unsigned idle_count;
	unsigned depth; /* > 0: inside curl or a callback; lists are settled by the outermost frame */
	bool freed;
	bool distrust; /* the last transfer timed out: the next one opens a new connection */
};

struct sy_http_transfer {
	LIST_ENTRY(sy_http_transfer) entry;
	struct sy_http_pool *pool;
	struct sy_http_identity *identity;
	CURL *easy;
	bool is_stream;
	struct curl_slist *headers;
	struct curl_slist *connect_to;
	char *body;
	const struct sy_http_ops *ops;
	void *arg;
	enum transfer_state state;
	bool aborted;
	int64_t started_ms;
	char error[CURL_ERROR_SIZE];
};

/* transfer.c */
int http_transfer_new(struct sy_http_transfer **ret_transfer, struct sy_http_pool *pool, struct sy_http_identity *identity,
		      const struct sy_http_request *request, struct sy_error *err);
/* Free the transfer; its handle goes back to the pool. It must be off every list and off the multi. */
void http_transfer_release(struct sy_http_transfer *transfer);
/* setup.c: all options of the easy handle. */
int http_setup(struct sy_http_transfer *transfer, const struct sy_http_request *request, struct sy_error *err);

#endif
