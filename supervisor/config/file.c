#include "supervisor/config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

static int read_all(int fd, const char *path, char *data, size_t cap, size_t *ret_len, struct sy_error *err)
{
	size_t len = 0;

	while (len < cap) {
		ssize_t n = read(fd, data + len, cap - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sy_error_set(err, errno, "%s: %s", path, strerror(errno));
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret_len = len;
	return 0;
}

int sy_file_read(const char *path, size_t max, char **ret_data, size_t *ret_len, struct stat *ret_stat, struct sy_error *err)
{
	/* O_NONBLOCK: a FIFO in the place of the file must not stop the supervisor. */
	sy_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	size_t len = 0;

	if (fd < 0)
		return sy_error_set(err, errno, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0)
		return sy_error_set(err, errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return sy_error_set(err, EINVAL, "%s: is not a regular file", path);
	if (st.st_size > (off_t)max)
		return sy_error_set(err, EMSGSIZE, "%s: is larger than %zu bytes", path, max);
	/* One byte more than there should be shows a file that grows while it is read. */
	size_t size = (size_t)st.st_size;
	char *data = malloc(size + 2);
	if (!data)
		return sy_error_oom(err);
	int r = read_all(fd, path, data, size + 1, &len, err);
	if (r == 0 && len > size)
		r = sy_error_set(err, EAGAIN, "%s: was changed while it was read; try again", path);
	if (r < 0) {
		sy_file_wipe(data, len);
		return r;
	}
	data[len] = '\0';
	*ret_data = data;
	*ret_len = len;
	if (ret_stat)
		*ret_stat = st;
	return 0;
}

void sy_file_wipe(char *data, size_t len)
{
	if (!data)
		return;
	explicit_bzero(data, len);
	free(data);
}

char *sy_file_beside(const char *base, const char *path)
{
	const char *slash = base ? strrchr(base, '/') : NULL;
	char *text = NULL;

	if (path[0] == '/' || !slash)
		return strdup(path);
	if (asprintf(&text, "%.*s%s", (int)(slash - base) + 1, base, path) < 0)
		return NULL;
	return text;
}
