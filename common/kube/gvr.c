/* Resource names and URL paths. */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "kube/gvr.h"

/* RFC 3986 unreserved, and ':' which is common in RBAC names and harmless in a path. Not isalnum(): that follows the locale. */
static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c != '\0' && strchr("-._~", c));
}

static int add_escaped(struct sy_buf *out, const char *text, const char *also_plain)
{
	for (; *text; text++) {
		int r = is_plain(*text) || strchr(also_plain, *text) ? sy_buf_add(out, text, 1)
								     : sy_buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_segment(struct sy_buf *out, const char *segment, struct sy_error *err)
{
	if (!segment || !*segment || strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0 || strchr(segment, '/'))
		return sy_error_set(err, EINVAL, "\"%.64s\" cannot be a part of a resource path", segment ? segment : "");
	int r = sy_buf_add_str(out, "/");
	if (r == 0)
		r = add_escaped(out, segment, ":");
	return r < 0 ? sy_error_set(err, -r, "the resource path is too long") : 0;
}

static int add_segments(struct sy_buf *out, const char *const *segments, size_t count, struct sy_error *err)
{
	for (size_t i = 0; i < count; i++) {
		int r = add_segment(out, segments[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

int sy_kube_path(struct sy_buf *out, const struct sy_gvr *gvr, const char *ns, const char *name, const char *subresource,
		 struct sy_error *err)
{
	const char *segments[8];
	size_t count = 0, start = out->len;

	if (!gvr->group || !*gvr->group) {
		segments[count++] = "api";
	} else {
		segments[count++] = "apis";
		segments[count++] = gvr->group;
	}
	segments[count++] = gvr->version;
	if (ns) {
		segments[count++] = "namespaces";
		segments[count++] = ns;
	}
	segments[count++] = gvr->resource;
	if (name)
		segments[count++] = name;
	int r = add_segments(out, segments, count, err);
	if (r == 0 && subresource)
		r = add_segment(out, subresource, err);
	if (r < 0 && out->data) { /* leave no half of a path behind */
		out->len = start;
		out->data[start] = '\0';
	}
	return r;
}

int sy_kube_group_resource(struct sy_buf *out, const char *group, const char *resource)
{
	return group && *group ? sy_buf_printf(out, "%s.%s", resource, group) : sy_buf_add_str(out, resource);
}

int sy_kube_query_add(struct sy_buf *out, const char *key, const char *value)
{
	size_t start = out->len;
	int r = sy_buf_printf(out, "%s%s=", out->len > 0 ? "&" : "", key);

	if (r == 0)
		r = add_escaped(out, value, "");
	if (r < 0 && out->data) {
		out->len = start;
		out->data[start] = '\0';
	}
	return r;
}

enum stability { STABILITY_NONE = 0, STABILITY_ALPHA, STABILITY_BETA, STABILITY_STABLE };

struct version {
	enum stability stability;
	int64_t major;
	int64_t minor;
};

/* The digits at *text, at most 9 of them; moves *text behind. */
static bool take_number(const char **text, int64_t *ret_number)
{
	char digits[10];
	size_t len = strspn(*text, "0123456789");

	if (len == 0 || len >= sizeof(digits))
		return false;
	memcpy(digits, *text, len);
	digits[len] = '\0';
	*text += len;
	return sy_num_parse(digits, 0, 999999999, ret_number);
}

static struct version parse_version(const char *text)
{
	static const struct version none = {0};
	struct version version = {.stability = STABILITY_STABLE};

	if (*text++ != 'v' || !take_number(&text, &version.major))
		return none;
	if (*text == '\0')
		return version;
	if (strncmp(text, "alpha", 5) == 0) {
		version.stability = STABILITY_ALPHA;
		text += 5;
	} else if (strncmp(text, "beta", 4) == 0) {
		version.stability = STABILITY_BETA;
		text += 4;
	} else {
		return none;
	}
	return take_number(&text, &version.minor) && *text == '\0' ? version : none;
}

int sy_kube_version_compare(const char *a, const char *b)
{
	struct version x = parse_version(a), y = parse_version(b);

	if (x.stability != y.stability)
		return x.stability > y.stability ? -1 : 1;
	if (x.stability == STABILITY_NONE)
		return strcmp(a, b);
	if (x.major != y.major)
		return x.major > y.major ? -1 : 1;
	if (x.minor != y.minor)
		return x.minor > y.minor ? -1 : 1;
	return 0;
}
