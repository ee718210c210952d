/* Shared by the files of common/httpd only. */
#ifndef SY_HTTPD_IMPL_H
#define SY_HTTPD_IMPL_H

#include "base/unix_socket.h"
#include "httpd/httpd.h"

/* listen.c: the listening descriptor; *ret_path (owned) and *ret_file for a Unix socket, else NULL. */
int sy_httpd_listen(const char *address, const char *key, int *ret_fd, char **ret_path, struct sy_unix_file *ret_file,
		    struct sy_error *err);

/* page.c: borrowed */
struct MHD_Response;
struct MHD_Response *sy_httpd_page_response(const struct sy_httpd_page *page);

#endif
