/* Private to base/log*.c and their tests: a line before it is written. */
#ifndef SY_BASE_LOG_IMPL_H
#define SY_BASE_LOG_IMPL_H

#include <stddef.h>
#include <time.h>

#include "base/log.h"

#define SY_LOG_MESSAGE_MAX 2048 /* bytes of one message before it is made printable; the rest is cut */
#define SY_LOG_LINE_MAX 16384	/* bytes of one line or datagram */

struct sy_log_line {
	struct timespec time;
	enum sy_log_level level;
	const char *ident;
	struct sy_log_ref ref; /* with the default cluster filled in */
	const char *message;
};

/* Fixed output area; what does not fit is dropped, never written past the end. */
struct sy_log_out {
	char data[SY_LOG_LINE_MAX];
	size_t len;
};

void sy_log_out_add(struct sy_log_out *out, const char *data, size_t len);

/* One line with its newline. */
void sy_log_encode_text(const struct sy_log_line *line, struct sy_log_out *out);
void sy_log_encode_json(const struct sy_log_line *line, struct sy_log_out *out);
/* One datagram of the journal's native protocol. */
void sy_log_encode_journal(const struct sy_log_line *line, struct sy_log_out *out);

/* Connected datagram socket to the journal (path: SY_JOURNAL_SOCKET), or -errno. */
#define SY_JOURNAL_SOCKET "/run/systemd/journal/socket"
int sy_journal_open(const char *path);
/* 0 or -errno; never blocks, never raises SIGPIPE. */
int sy_journal_send(int fd, const struct sy_log_line *line);

#endif
