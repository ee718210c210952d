/* Logging: one line per fact, on stderr, always with the logical cluster it is about.
 *
 * The only process-wide mutable state of the project (with the signal flags). errno is preserved. Text from peers is made visible
 * (visible.h) before it is written: what is readable stays readable, controls become escapes. Secrets must never be passed in. Safe from
 * any thread (one write(2) per line).
 */
#ifndef SY_BASE_LOG_H
#define SY_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>

#include "base/error.h"

enum sy_log_level { SY_LOG_ERROR = 0, SY_LOG_WARNING, SY_LOG_INFO, SY_LOG_DEBUG, SY_LOG_LEVEL_MAX };
enum sy_log_format { SY_LOG_TEXT = 0, SY_LOG_JSON, SY_LOG_JOURNAL, SY_LOG_FORMAT_MAX };

/* What a line is about; members may be NULL. The default cluster (sy_log_set_cluster) is used where cluster is NULL. */
struct sy_log_ref {
	const char *cluster;  /* logical cluster name */
	const char *path;     /* workspace path, for people */
	const char *resource; /* "widgets.example.dev" */
	const char *object;   /* "namespace/name" or "name" */
	const char *reason;   /* CamelCase */
};

/* ident ("syncerd", "syncer-worker") must stay valid. Journal format falls back to text when the journal socket is absent. */
void sy_log_init(const char *ident, enum sy_log_level level, enum sy_log_format format);
void sy_log_set_level(enum sy_log_level level);
enum sy_log_level sy_log_get_level(void);
/* Default logical cluster of this process (copied, at most 128 bytes); "" in the supervisor. */
void sy_log_set_cluster(const char *cluster);
bool sy_log_enabled(enum sy_log_level level);

void sy_log(enum sy_log_level level, const struct sy_log_ref *ref, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#define sy_error_log(ref, ...) sy_log(SY_LOG_ERROR, ref, __VA_ARGS__)
#define sy_warn(ref, ...) sy_log(SY_LOG_WARNING, ref, __VA_ARGS__)
#define sy_info(ref, ...) sy_log(SY_LOG_INFO, ref, __VA_ARGS__)
#define sy_debug(ref, ...)                                                                                                                 \
	do {                                                                                                                               \
		if (sy_log_enabled(SY_LOG_DEBUG))                                                                                          \
			sy_log(SY_LOG_DEBUG, ref, __VA_ARGS__);                                                                            \
	} while (0)

/* "error", "warning", "info", "debug"; "text", "json", "journal". Parsers return false for anything else. */
const char *sy_log_level_name(enum sy_log_level level);
bool sy_log_level_parse(const char *text, enum sy_log_level *ret_level);
const char *sy_log_format_name(enum sy_log_format format);
bool sy_log_format_parse(const char *text, enum sy_log_format *ret_format);

#endif
