/* Under which names a browser may see what is meant for this machine alone. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "httpd/httpd.h"

static bool is_local(const char *name)
{
	struct in_addr in;

	return strcasecmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0 ||
	       (inet_pton(AF_INET, name, &in) == 1 && ntohl(in.s_addr) >> 24 == 127);
}

bool sy_httpd_host_is_local(const char *host)
{
	char name[INET6_ADDRSTRLEN + 2];
	const char *end = host ? strchr(host, host[0] == '[' ? ']' : ':') : NULL;
	int64_t port;
	size_t len;

	if (!host)
		return false;
	if (end && *end == ']')
		end++;
	len = end ? (size_t)(end - host) : strlen(host);
	if (len >= sizeof(name) || (end && *end && (*end != ':' || !sy_num_parse(end + 1, 1, UINT16_MAX, &port))))
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	return is_local(name);
}
