/* A body with its headers, which the library counts: it stays as long as some connection sends it. */
#include <stdlib.h>

#include <microhttpd.h>

#include "httpd/impl.h"

struct sy_httpd_page {
	struct MHD_Response *response;
};

static enum MHD_Result add_headers(struct MHD_Response *response, const char *type)
{
	enum MHD_Result r = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type ? type : "text/plain; charset=utf-8");

	if (r == MHD_YES)
		r = MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (r == MHD_YES)
		r = MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	/* One request each: the deadline of a connection is that of its request. */
	return r == MHD_YES ? MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") : r;
}

int sy_httpd_page_new(struct sy_httpd_page **ret_page, const char *type, struct sy_buf *body, struct sy_error *err)
{
	size_t len = body->len;
	char *text = sy_buf_take(body);
	struct sy_httpd_page *page = text ? calloc(1, sizeof(*page)) : NULL;

	if (page)
		page->response = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
	if (!page || !page->response) {
		free(text);
		free(page);
		return sy_error_oom(err);
	}
	if (add_headers(page->response, type) != MHD_YES) {
		sy_httpd_page_free(page);
		return sy_error_oom(err);
	}
	*ret_page = page;
	return 0;
}

int sy_httpd_page_header(struct sy_httpd_page *page, const char *name, const char *value, struct sy_error *err)
{
	return MHD_add_response_header(page->response, name, value) == MHD_YES ? 0 : sy_error_oom(err);
}

void sy_httpd_page_free(struct sy_httpd_page *page)
{
	if (!page)
		return;
	MHD_destroy_response(page->response);
	free(page);
}

struct MHD_Response *sy_httpd_page_response(const struct sy_httpd_page *page)
{
	return page->response;
}
