/* The journal's native protocol: one datagram per entry, "NAME=value\n", or, when the value has line breaks, "NAME\n", its length as
 * 64-bit little-endian number, the value, "\n". The journal adds the process's pid, unit and more by itself. */
#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log_impl.h"
#include "base/utf8.h"

static const char *const priorities[SY_LOG_LEVEL_MAX] = {"3", "4", "6", "7"}; /* syslog: err, warning, info, debug */

static void add_field(struct sy_log_out *out, const char *name, const char *value)
{
	if (!value || !value[0])
		return;
	size_t name_len = strlen(name);
	size_t len = strnlen(value, SY_LOG_MESSAGE_MAX);
	if (name_len + len + 16 > sizeof(out->data) - out->len)
		return; /* a field is there whole or not at all */
	sy_log_out_add(out, name, name_len);
	if (memchr(value, '\n', len)) {
		uint64_t size = htole64(len);
		sy_log_out_add(out, "\n", 1);
		sy_log_out_add(out, (const char *)&size, sizeof(size));
	} else {
		sy_log_out_add(out, "=", 1);
	}
	sy_log_out_add(out, value, len);
	sy_log_out_add(out, "\n", 1);
}

/* journalctl shows only the message, so that too says what it is about. What does not fit is cut at its end. */
static void add_message(struct sy_log_out *out, const struct sy_log_line *line)
{
	char text[SY_LOG_MESSAGE_MAX];
	const char *about[] = {line->ref.path && line->ref.path[0] ? line->ref.path : line->ref.cluster, line->ref.resource,
			       line->ref.object};

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(about) / sizeof(about[0]); i++) {
		if (!about[i] || !about[i][0])
			continue;
		if (text[0])
			(void)strlcat(text, " ", sizeof(text));
		(void)strlcat(text, about[i], sizeof(text));
	}
	if (text[0])
		(void)strlcat(text, ": ", sizeof(text));
	(void)strlcat(text, line->message, sizeof(text));
	text[sy_utf8_cut(text, strlen(text))] = '\0';
	add_field(out, "MESSAGE", text);
}

void sy_log_encode_journal(const struct sy_log_line *line, struct sy_log_out *out)
{
	add_message(out, line);
	add_field(out, "PRIORITY", line->level < SY_LOG_LEVEL_MAX ? priorities[line->level] : "3");
	add_field(out, "SYSLOG_IDENTIFIER", line->ident);
	add_field(out, "SYNCERD_CLUSTER", line->ref.cluster);
	add_field(out, "SYNCERD_WORKSPACE", line->ref.path);
	add_field(out, "SYNCERD_RESOURCE", line->ref.resource);
	add_field(out, "SYNCERD_OBJECT", line->ref.object);
	add_field(out, "SYNCERD_REASON", line->ref.reason);
}

int sy_journal_open(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if (strlcpy(addr.sun_path, path, sizeof(addr.sun_path)) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0) {
		int code = errno;
		close(fd);
		return -code;
	}
	return fd;
}

int sy_journal_send(int fd, const struct sy_log_line *line)
{
	struct sy_log_out out = {.len = 0};
	ssize_t ret;

	sy_log_encode_journal(line, &out);
	do {
		ret = send(fd, out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}
