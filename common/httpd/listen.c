/* Where to listen, and the descriptor for it. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "httpd/impl.h"

#define BACKLOG 64
#define UNIX "unix:"

static const char *parse_unix(const char *path, struct sy_httpd_address *address)
{
	if (path[0] == '\0')
		return "names no path after \"unix:\"";
	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return "is too long for a Unix socket (at most 107 characters after \"unix:\")";
	*address = (struct sy_httpd_address){.path = path, .loopback = true};
	return NULL;
}

static bool parse_v4(const char *host, uint16_t port, struct sy_httpd_address *address)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};

	if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
		return false;
	memcpy(&address->storage, &in, sizeof(in));
	address->len = sizeof(in);
	address->loopback = ntohl(in.sin_addr.s_addr) >> 24 == 127;
	return true;
}

static bool parse_v6(const char *host, uint16_t port, struct sy_httpd_address *address)
{
	struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (inet_pton(AF_INET6, host, &in.sin6_addr) != 1)
		return false;
	memcpy(&address->storage, &in, sizeof(in));
	address->len = sizeof(in);
	address->loopback = IN6_IS_ADDR_LOOPBACK(&in.sin6_addr);
	return true;
}

const char *sy_httpd_address_parse(const char *text, struct sy_httpd_address *ret_address)
{
	static const char form[] = "is not an address such as 127.0.0.1:9464, [::1]:9464 or unix:/run/syncerd/metrics.sock";
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2];
	size_t len = colon ? (size_t)(colon - text) : 0;
	int64_t port;

	if (strncmp(text, UNIX, strlen(UNIX)) == 0)
		return parse_unix(text + strlen(UNIX), ret_address);
	*ret_address = (struct sy_httpd_address){0};
	if (len == 0 || len >= sizeof(host) || !sy_num_parse(colon + 1, 0, UINT16_MAX, &port))
		return form;
	memcpy(host, text, len);
	host[len] = '\0';
	if (host[0] != '[')
		return parse_v4(host, (uint16_t)port, ret_address) ? NULL : form;
	if (host[len - 1] != ']')
		return form;
	host[len - 1] = '\0';
	return parse_v6(host + 1, (uint16_t)port, ret_address) ? NULL : form;
}

static int listen_tcp(const char *text, const char *key, const struct sy_httpd_address *address, int *ret_fd, struct sy_error *err)
{
	const int on = 1;
	sy_auto_close int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return sy_error_set(err, errno, "%s %s: %s", key, text, strerror(errno));
	/* A restart need not wait for what TIME_WAIT remembers; two listeners are still refused. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (const struct sockaddr *)&address->storage, address->len) < 0 || listen(fd, BACKLOG) < 0) {
		if (errno == EADDRINUSE)
			return sy_error_set(err, EADDRINUSE, "%s %s: somebody else listens there; stop it or set another address", key,
					    text);
		return sy_error_set(err, errno, "%s %s: %s", key, text, strerror(errno));
	}
	*ret_fd = sy_take_fd(fd);
	return 0;
}

int sy_httpd_listen(const char *text, const char *key, int *ret_fd, char **ret_path, struct sy_unix_file *ret_file, struct sy_error *err)
{
	const struct sy_unix_words words = {key, key, "somebody else"};
	struct sy_httpd_address address;
	const char *reason = sy_httpd_address_parse(text, &address);
	int r;

	*ret_path = NULL;
	if (reason)
		return sy_error_set(err, EINVAL, "%s %s", key, reason);
	if (!address.path)
		return listen_tcp(text, key, &address, ret_fd, err);
	*ret_path = strdup(address.path);
	if (!*ret_path)
		return sy_error_oom(err);
	r = sy_unix_listen(address.path, 0660, &words, ret_fd, ret_file, err);
	if (r < 0) {
		free(*ret_path);
		*ret_path = NULL;
	}
	return r;
}
