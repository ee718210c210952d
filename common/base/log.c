#include "base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log_impl.h"
#include "base/utf8.h"

/* Written by the main thread at the start; the level may change later. */
static struct {
	const char *ident;
	_Atomic int level;
	enum sy_log_format format;
	int journal;
	char cluster[129];
} state = {.ident = "syncerd", .level = SY_LOG_INFO, .format = SY_LOG_TEXT, .journal = -1};

static const char *const level_names[SY_LOG_LEVEL_MAX] = {"error", "warning", "info", "debug"};
static const char *const format_names[SY_LOG_FORMAT_MAX] = {"text", "json", "journal"};

void sy_log_init(const char *ident, enum sy_log_level level, enum sy_log_format format)
{
	if (state.journal >= 0)
		close(state.journal);
	state.journal = format == SY_LOG_JOURNAL ? sy_journal_open(SY_JOURNAL_SOCKET) : -1;
	state.ident = ident;
	state.level = level;
	state.format = format;
}

void sy_log_set_level(enum sy_log_level level)
{
	state.level = level;
}

enum sy_log_level sy_log_get_level(void)
{
	return (enum sy_log_level)state.level;
}

void sy_log_set_cluster(const char *cluster)
{
	strlcpy(state.cluster, cluster ? cluster : "", sizeof(state.cluster));
}

bool sy_log_enabled(enum sy_log_level level)
{
	return (int)level <= state.level;
}

static void write_line(const struct sy_log_out *out)
{
	ssize_t ret;

	/* A log that cannot be written must not stop the work, and there is nobody to tell. */
	do {
		ret = write(STDERR_FILENO, out->data, out->len);
	} while (ret < 0 && errno == EINTR);
}

void sy_log(enum sy_log_level level, const struct sy_log_ref *ref, const char *fmt, ...)
{
	int saved = errno;
	char message[SY_LOG_MESSAGE_MAX];
	struct sy_log_line line = {.level = level, .ident = state.ident, .message = message};
	struct sy_log_out out = {.len = 0};
	va_list ap;

	if (!sy_log_enabled(level))
		return;
	va_start(ap, fmt);
	errno = saved; /* for %m */
	int len = vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (len < 0)
		message[0] = '\0';
	else if ((size_t)len >= sizeof(message))
		message[sy_utf8_cut(message, sizeof(message) - 1)] = '\0';
	clock_gettime(CLOCK_REALTIME, &line.time);
	if (ref)
		line.ref = *ref;
	if (!line.ref.cluster && state.cluster[0])
		line.ref.cluster = state.cluster;

	if (state.format == SY_LOG_JSON) {
		sy_log_encode_json(&line, &out);
		write_line(&out);
	} else if (state.journal < 0 || sy_journal_send(state.journal, &line) < 0) {
		sy_log_encode_text(&line, &out);
		write_line(&out);
	}
	errno = saved;
}

const char *sy_log_level_name(enum sy_log_level level)
{
	return level < SY_LOG_LEVEL_MAX ? level_names[level] : "unknown";
}

bool sy_log_level_parse(const char *text, enum sy_log_level *ret_level)
{
	for (unsigned i = 0; i < SY_LOG_LEVEL_MAX; i++) {
		if (strcmp(text, level_names[i]) == 0) {
			*ret_level = (enum sy_log_level)i;
			return true;
		}
	}
	return false;
}

const char *sy_log_format_name(enum sy_log_format format)
{
	return format < SY_LOG_FORMAT_MAX ? format_names[format] : "unknown";
}

bool sy_log_format_parse(const char *text, enum sy_log_format *ret_format)
{
	for (unsigned i = 0; i < SY_LOG_FORMAT_MAX; i++) {
		if (strcmp(text, format_names[i]) == 0) {
			*ret_format = (enum sy_log_format)i;
			return true;
		}
	}
	return false;
}
