/* The one place where a URL is made and where a process's reach is bounded. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "kube/internal.h"

/* Characters that a URL of ours never needs, and that parsers on the way may read differently. */
static bool has_odd_character(const char *url)
{
	for (const char *c = url; *c; c++)
		if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f || strchr("\"<>\\^`{|}#", *c))
			return true;
	return false;
}

/* Escapes that hide a separator, a dot or another escape. Names of objects never hold these characters. */
static bool has_odd_escape(const char *path, size_t len)
{
	static const char *const bad[] = {"2e", "2f", "5c", "25", "00", "3f", "23"};

	for (size_t i = 0; i < len; i++) {
		if (path[i] != '%')
			continue;
		if (len - i < 3 || !strchr("0123456789abcdefABCDEF", path[i + 1]) || !strchr("0123456789abcdefABCDEF", path[i + 2]))
			return true;
		for (size_t j = 0; j < sizeof(bad) / sizeof(*bad); j++)
			if (strncasecmp(path + i + 1, bad[j], 2) == 0)
				return true;
	}
	return false;
}

/* Empty, "." and ".." segments; path begins behind the origin with '/'. A single '/' at the end is fine. */
static bool has_odd_segment(const char *path, size_t len)
{
	size_t start = 1;

	for (size_t i = 1; i <= len; i++) {
		if (i < len && path[i] != '/')
			continue;
		size_t size = i - start;
		if ((size == 0 && i < len) || (size == 1 && path[start] == '.') ||
		    (size == 2 && path[start] == '.' && path[start + 1] == '.'))
			return true;
		start = i + 1;
	}
	return false;
}

static int check_form(const char *url, struct sy_error *err)
{
	const char *origin = strstr(url, "://");

	if (has_odd_character(url))
		return sy_error_set(err, EACCES, "%.200s: the URL has a character that is not allowed", url);
	if (!origin)
		return sy_error_set(err, EACCES, "%.200s: the URL has no scheme", url);
	const char *path = origin + 3 + strcspn(origin + 3, "/?");
	if (memchr(origin, '@', (size_t)(path - origin)))
		return sy_error_set(err, EACCES, "the URL holds a user name");
	size_t len = strcspn(path, "?");
	if (len > 0 && (has_odd_escape(path, len) || has_odd_segment(path, len)))
		return sy_error_set(err, EACCES, "%.200s: the URL's path is not in its plain form", url);
	return 0;
}

/* "https://h/a" covers "https://h/a", "https://h/a/b" and "https://h/a?c", not "https://h/ab". */
static bool is_below(const char *url, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(url, prefix, len) == 0 && (url[len] == '/' || url[len] == '?' || url[len] == '\0');
}

static int check_reach(const struct sy_kube *kube, const char *url, struct sy_error *err)
{
	if (!kube->prefixes && is_below(url, kube->access.server))
		return 0;
	for (size_t i = 0; kube->prefixes && i < kube->prefix_count; i++)
		if (is_below(url, kube->prefixes[i]))
			return 0;
	return sy_error_set(err, EACCES, "%.200s: the URL is outside of what this process may request", url);
}

int kube_url(const struct sy_kube *kube, const char *base, const char *path, const char *query, struct sy_buf *out, struct sy_error *err)
{
	if (!path || path[0] != '/' || strchr(path, '?'))
		return sy_error_set(err, EINVAL, "the path of a request must begin with '/' and have no '?'");
	sy_buf_reset(out);
	int r = sy_buf_printf(out, "%s%s%s%s", base ? base : kube->access.server, path, query && *query ? "?" : "", query ? query : "");
	if (r < 0)
		return sy_error_set(err, -r, "the URL is longer than %u bytes", KUBE_MAX_URL);
	/* The finished text is judged, not its parts. */
	r = check_form(sy_buf_str(out), err);
	return r < 0 ? r : check_reach(kube, sy_buf_str(out), err);
}
