/* Inside of the kubeconfig reader: what a server's URL may look like. Pure. */
#ifndef SY_SUPERVISOR_KUBECONFIG_URL_H
#define SY_SUPERVISOR_KUBECONFIG_URL_H

#include <stdbool.h>

/* https (http only to 127.0.0.1 and [::1], see http/http.h), host, optional port and path; no user, query or fragment.
 * NULL, or what is wrong. */
const char *sy_server_url_check(const char *url);
/* NULL, or what is wrong: http, https, socks5 or socks5h with a host. */
const char *sy_proxy_url_check(const char *url);
/* Copy without trailing slashes; NULL when out of memory. */
char *sy_server_url_trim(const char *url);
bool sy_server_url_is_tls(const char *url);

#endif
