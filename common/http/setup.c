/* Every option of a transfer's easy handle. Each one is checked: a silently missing option could mean a missing check of the peer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "http/internal.h"

#define SET(option, value)                                                                                                                 \
	do {                                                                                                                               \
		CURLcode set_rc_ = curl_easy_setopt(transfer->easy, option, value);                                                        \
		if (set_rc_ != CURLE_OK)                                                                                                   \
			return sy_error_set(err, EIO, "libcurl refuses " #option ": %s", curl_easy_strerror(set_rc_));                     \
	} while (0)

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Plain http is for servers on this host only: the simulator. */
static bool is_loopback_http(const char *url)
{
	static const char *const hosts[] = {"http://127.0.0.1", "http://[::1]"};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		const char *rest = url + strlen(hosts[i]);

		if (has_prefix(url, hosts[i]) && (*rest == ':' || *rest == '/' || *rest == '?' || *rest == '\0') && !strchr(rest, '@'))
			return true;
	}
	return false;
}

static int add_header(struct curl_slist **list, const char *name, const char *value, struct sy_error *err)
{
	char line[512];
	int len = snprintf(line, sizeof(line), "%s%s", name, value);

	if (len < 0 || (size_t)len >= sizeof(line) || strpbrk(line, "\r\n"))
		return sy_error_set(err, EINVAL, "the header %s... is too long or malformed", name);
	struct curl_slist *longer = curl_slist_append(*list, line);
	if (!longer)
		return sy_error_oom(err);
	*list = longer;
	return 0;
}

static int setup_headers(struct sy_http_transfer *transfer, const struct sy_http_request *request, struct sy_error *err)
{
	const char *auth = transfer->identity->auth_header;

	/* Without this libcurl waits up to a second for "100 Continue" before it sends a larger body over HTTP/1.1. */
	if (add_header(&transfer->headers, "Expect:", "", err) < 0)
		return -ENOMEM;
	if (auth) {
		struct curl_slist *longer = curl_slist_append(transfer->headers, auth);

		if (!longer)
			return sy_error_oom(err);
		transfer->headers = longer;
	}
	int r = add_header(&transfer->headers, "Accept: ", request->accept ? request->accept : "*/*", err);
	if (r == 0 && request->content_type)
		r = add_header(&transfer->headers, "Content-Type: ", request->content_type, err);
	if (r == 0 && request->if_none_match)
		r = add_header(&transfer->headers, "If-None-Match: ", request->if_none_match, err);
	if (r < 0)
		return r;
	SET(CURLOPT_HTTPHEADER, transfer->headers);
	SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); /* our headers are not for a proxy */
	if (transfer->identity->user_agent)
		SET(CURLOPT_USERAGENT, transfer->identity->user_agent);
	return 0;
}

static struct curl_blob blob_of(char *pem)
{
	/* The identity outlives the transfer, so libcurl need not copy. */
	return (struct curl_blob){.data = pem, .len = strlen(pem), .flags = CURL_BLOB_NOCOPY};
}

static int setup_tls(struct sy_http_transfer *transfer, struct sy_error *err)
{
	const struct sy_http_identity *identity = transfer->identity;
	struct curl_blob blob;

	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, identity->insecure ? 0L : 1L);
	SET(CURLOPT_SSL_VERIFYHOST, identity->insecure ? 0L : 2L);
	if (identity->ca_pem) {
		/* Both have compiled-in defaults, which would go on trusting the system's CAs beside ours. */
		SET(CURLOPT_CAPATH, NULL);
		SET(CURLOPT_CAINFO, NULL);
		blob = blob_of(identity->ca_pem);
		SET(CURLOPT_CAINFO_BLOB, &blob);
	}
	if (identity->cert_pem) {
		blob = blob_of(identity->cert_pem);
		SET(CURLOPT_SSLCERT_BLOB, &blob);
		SET(CURLOPT_SSLCERTTYPE, "PEM");
		blob = blob_of(identity->key_pem);
		SET(CURLOPT_SSLKEY_BLOB, &blob);
		SET(CURLOPT_SSLKEYTYPE, "PEM");
	}
	return 0;
}

static int setup_proxy(struct sy_http_transfer *transfer, struct sy_error *err)
{
	const struct sy_http_identity *identity = transfer->identity;

	/* An empty string also keeps the environment's proxies out. */
	SET(CURLOPT_PROXY, identity->proxy_url ? identity->proxy_url : "");
	if (!identity->proxy_url)
		return 0;
	SET(CURLOPT_NOPROXY, "");
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (identity->proxy_user)
		SET(CURLOPT_PROXYUSERNAME, identity->proxy_user);
	if (identity->proxy_password)
		SET(CURLOPT_PROXYPASSWORD, identity->proxy_password);
	return 0;
}

struct url_parts {
	CURLU *url;
	char *host;
	char *port;
	char *text;
};

static void url_parts_done(struct url_parts *parts)
{
	curl_free(parts->host);
	curl_free(parts->port);
	curl_free(parts->text);
	curl_url_cleanup(parts->url);
}

/* The library takes the name to send and verify from the URL. So the URL gets the TLS name, CONNECT_TO leads it to the true host, and the
 * Host header keeps the true host for the server. */
static int rename_host(struct sy_http_transfer *transfer, struct url_parts *parts, struct sy_error *err)
{
	const char *name = transfer->identity->tls_server_name;
	char line[768];

	if (curl_url_get(parts->url, CURLUPART_HOST, &parts->host, 0) != CURLUE_OK ||
	    curl_url_get(parts->url, CURLUPART_PORT, &parts->port, CURLU_DEFAULT_PORT) != CURLUE_OK ||
	    curl_url_set(parts->url, CURLUPART_HOST, name, 0) != CURLUE_OK ||
	    curl_url_get(parts->url, CURLUPART_URL, &parts->text, 0) != CURLUE_OK)
		return sy_error_set(err, EINVAL, "the TLS server name %s cannot be put into the URL", name);
	int len = snprintf(line, sizeof(line), "%s:%s:%s:%s", name, parts->port, parts->host, parts->port);
	if (len < 0 || (size_t)len >= sizeof(line))
		return sy_error_set(err, EINVAL, "the TLS server name is too long");
	transfer->connect_to = curl_slist_append(NULL, line);
	if (!transfer->connect_to)
		return sy_error_oom(err);
	len = snprintf(line, sizeof(line), "%s:%s", parts->host, parts->port);
	if (len < 0 || (size_t)len >= sizeof(line))
		return sy_error_set(err, EINVAL, "the host name is too long");
	int r = add_header(&transfer->headers, "Host: ", line, err);
	if (r < 0)
		return r;
	SET(CURLOPT_CONNECT_TO, transfer->connect_to);
	SET(CURLOPT_URL, parts->text);
	return 0;
}

static int setup_url(struct sy_http_transfer *transfer, const char *url, struct sy_error *err)
{
	struct url_parts parts = {0};
	bool tls = has_prefix(url, "https://");

	if (!tls && !is_loopback_http(url))
		return sy_error_set(err, EPROTONOSUPPORT, "%.200s: only https is spoken (http only to 127.0.0.1 and [::1])", url);
	SET(CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");
	SET(CURLOPT_HTTP_VERSION, (long)(tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
	SET(CURLOPT_PATH_AS_IS, 1L); /* what was checked is what is sent */
	if (!tls || !transfer->identity->tls_server_name) {
		SET(CURLOPT_URL, url);
		return 0;
	}
	parts.url = curl_url();
	if (!parts.url)
		return sy_error_oom(err);
	int r;
	if (curl_url_set(parts.url, CURLUPART_URL, url, CURLU_PATH_AS_IS) != CURLUE_OK)
		r = sy_error_set(err, EINVAL, "%.200s: malformed URL", url);
	else
		r = rename_host(transfer, &parts, err);
	url_parts_done(&parts);
	return r;
}

static int setup_connection(struct sy_http_transfer *transfer, const struct sy_http_request *request, struct sy_error *err)
{
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PIPEWAIT, 1L);
	SET(CURLOPT_TCP_NODELAY, 1L);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_TCP_KEEPIDLE, 60L);
	SET(CURLOPT_TCP_KEEPINTVL, 20L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, HTTP_CONNECT_TIMEOUT_MS);
	SET(CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
	SET(CURLOPT_FRESH_CONNECT, transfer->pool->distrust ? 1L : 0L);
	if (request->stream)
		SET(CURLOPT_BUFFERSIZE, HTTP_STREAM_BUFFER);
	SET(CURLOPT_UPLOAD_BUFFERSIZE, HTTP_UPLOAD_BUFFER);
	return 0;
}

static int setup_method(struct sy_http_transfer *transfer, const struct sy_http_request *request, struct sy_error *err)
{
	if (strcmp(request->method, "GET") == 0 && request->body_len == 0) {
		SET(CURLOPT_HTTPGET, 1L);
		return 0;
	}
	if (transfer->body) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
		SET(CURLOPT_POSTFIELDS, transfer->body);
	}
	SET(CURLOPT_CUSTOMREQUEST, request->method);
	return 0;
}

int http_setup(struct sy_http_transfer *transfer, const struct sy_http_request *request, struct sy_error *err)
{
	int r = setup_url(transfer, request->url, err);

	if (r == 0)
		r = setup_connection(transfer, request, err);
	if (r == 0)
		r = setup_tls(transfer, err);
	if (r == 0)
		r = setup_proxy(transfer, err);
	if (r == 0)
		r = setup_method(transfer, request, err);
	if (r == 0)
		r = setup_headers(transfer, request, err);
	return r;
}
