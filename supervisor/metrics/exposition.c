#include "supervisor/metrics/exposition.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"

_Static_assert(SY_FAMILY_MAX <= 64, "struct sy_exposition.done");

void sy_exposition_init(struct sy_exposition *exposition, struct sy_buf *out)
{
	*exposition = (struct sy_exposition){.out = out};
}

static void add(struct sy_exposition *to, const char *data, size_t len)
{
	if (to->r == 0)
		to->r = sy_buf_add(to->out, data, len);
}

static void add_str(struct sy_exposition *to, const char *text)
{
	add(to, text, strlen(text));
}

/* Label values are UTF-8 by the format: what is not becomes U+FFFD, byte by byte. Backslash, quote and newline are escaped. */
static void add_value(struct sy_exposition *to, const char *text)
{
	size_t len = strlen(text);

	while (len > 0 && to->r == 0) {
		size_t used = sy_utf8_char(text, len, NULL);

		if (used == 0) {
			add_str(to, "\xef\xbf\xbd");
			used = 1;
		} else if (*text == '\n') {
			add_str(to, "\\n");
		} else if (*text == '\\' || *text == '"') {
			const char escaped[] = {'\\', *text};

			add(to, escaped, sizeof(escaped));
		} else {
			add(to, text, used);
		}
		text += used;
		len -= used;
	}
}

/* False: these samples may not be written. */
static bool begin(struct sy_exposition *to, enum sy_family family)
{
	const struct sy_family_info *info = sy_family_info(family);
	uint32_t *done = &to->done[(unsigned)family / 32], bit = UINT32_C(1) << ((unsigned)family % 32);

	if (to->r < 0)
		return false;
	if (to->begun && to->family == family)
		return true;
	if (*done & bit) {
		to->r = -EINVAL;
		return false;
	}
	*done |= bit;
	to->begun = true;
	to->family = family;
	to->r = sy_buf_printf(to->out, "# HELP %s %s\n# TYPE %s %s\n", info->name, info->help, info->name, sy_family_type_name(info->type));
	return to->r == 0;
}

static void add_labels(struct sy_exposition *to, const struct sy_label *labels, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		add_str(to, i ? "," : "{");
		add_str(to, labels[i].name);
		add_str(to, "=\"");
		add_value(to, labels[i].value ? labels[i].value : "");
		add_str(to, "\"");
	}
	if (count)
		add_str(to, "}");
}

void sy_sample(struct sy_exposition *to, enum sy_family family, const struct sy_label *labels, size_t count, int64_t value,
	       unsigned decimals)
{
	uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value, scale = 1;

	if (!begin(to, family))
		return;
	for (unsigned i = 0; i < decimals; i++)
		scale *= 10;
	add_str(to, sy_family_info(family)->name);
	add_labels(to, labels, count);
	if (to->r == 0)
		to->r = sy_buf_printf(to->out, " %s%" PRIu64, value < 0 ? "-" : "", magnitude / scale);
	if (to->r == 0 && decimals)
		to->r = sy_buf_printf(to->out, ".%0*" PRIu64, (int)decimals, magnitude % scale);
	add_str(to, "\n");
}

void sy_sample_count(struct sy_exposition *to, enum sy_family family, const struct sy_label *labels, size_t count, uint64_t value)
{
	sy_sample(to, family, labels, count, value > INT64_MAX ? INT64_MAX : (int64_t)value, 0);
}

void sy_label_name(const char *prefix, const char *text, char *out, size_t size)
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	(void)strlcpy(out, prefix, size);
	(void)strlcat(out, text, size);
	for (char *at = out + strspn(out, fine); *at; at += strspn(at, fine))
		*at = '_';
}
