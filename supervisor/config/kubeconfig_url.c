#include "supervisor/config/kubeconfig_url.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool sy_server_url_is_tls(const char *url)
{
	return has_prefix(url, "https://");
}

static bool is_visible(const char *text)
{
	for (; *text; text++)
		if (*text <= 0x20 || *text >= 0x7f || *text == '\\')
			return false;
	return true;
}

/* host, host:port, [v6], [v6]:port */
static const char *check_authority(const char *text, size_t len)
{
	static const char port_reason[] = "has a port that is not a number from 1 to 65535";
	const char *end = text + len, *host_end;
	char port[6];
	int64_t number;

	if (memchr(text, '@', len))
		return "must not hold a user or password";
	host_end = text[0] == '[' ? memchr(text, ']', len) : memchr(text, ':', len);
	if (text[0] == '[' && !host_end)
		return "has an IPv6 address without its closing bracket";
	if (text[0] == '[')
		host_end++;
	if (!host_end)
		host_end = end;
	if (host_end == text || (text[0] == '[' && host_end - text <= 2))
		return "has no host";
	if (host_end == end)
		return NULL;
	size_t digits = (size_t)(end - host_end) - 1;
	if (host_end[0] != ':' || digits == 0 || digits >= sizeof(port))
		return port_reason;
	memcpy(port, host_end + 1, digits);
	port[digits] = '\0';
	return sy_num_parse(port, 1, 65535, &number) ? NULL : port_reason;
}

/* What libcurl may talk to in clear text: the host ends where the port or path begins. */
static bool is_loopback(const char *authority)
{
	static const char *const hosts[] = {"127.0.0.1", "[::1]"};

	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(hosts[i]);

		if (has_prefix(authority, hosts[i]) && (authority[len] == '\0' || authority[len] == ':' || authority[len] == '/'))
			return true;
	}
	return false;
}

const char *sy_server_url_check(const char *url)
{
	const char *authority = strstr(url, "://");

	if (!is_visible(url) || strlen(url) > 2048)
		return "is not a URL: it is too long or has a character that no URL has";
	if (!authority || !(sy_server_url_is_tls(url) || has_prefix(url, "http://")))
		return "must be a URL that begins with https://";
	authority += 3;
	if (!sy_server_url_is_tls(url) && !is_loopback(authority))
		return "must begin with https:// (http is only for 127.0.0.1 and [::1])";
	if (strpbrk(authority, "?#"))
		return "must not have a query or fragment";
	return check_authority(authority, strcspn(authority, "/"));
}

const char *sy_proxy_url_check(const char *url)
{
	static const char *const schemes[] = {"http://", "https://", "socks5://", "socks5h://"};

	if (!is_visible(url) || strlen(url) > 2048)
		return "is not a URL: it is too long or has a character that no URL has";
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (!has_prefix(url, schemes[i]))
			continue;
		const char *authority = url + strlen(schemes[i]);
		const char *at = strchr(authority, '@');
		const char *host = at && strcspn(authority, "/") > (size_t)(at - authority) ? at + 1 : authority;

		return check_authority(host, strcspn(host, "/"));
	}
	return "must begin with http://, https://, socks5:// or socks5h://";
}

char *sy_server_url_trim(const char *url)
{
	size_t len = strlen(url);

	while (len && url[len - 1] == '/')
		len--;
	return strndup(url, len);
}
