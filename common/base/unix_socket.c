#include "base/unix_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

#define BACKLOG 64

static int make_address(const char *path, const struct sy_unix_words *words, struct sockaddr_un *address, struct sy_error *err)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlcpy(address->sun_path, path, sizeof(address->sun_path)) >= sizeof(address->sun_path))
		return sy_error_set(err, ENAMETOOLONG, "%s %s: the path is longer than %zu characters", words->what, path,
				    sizeof(address->sun_path) - 1);
	return 0;
}

/* A live instance accepts the connection (or has a full queue); a stale socket refuses it and is removed. */
static int clear_the_way(const char *path, const struct sy_unix_words *words, const struct sockaddr_un *address, struct sy_error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : sy_error_set(err, errno, "%s %s: %s", words->what, path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return sy_error_set(err, ENOTSOCK, "%s %s: there is a file that is no socket; remove it or set another %s", words->what,
				    path, words->key);
	sy_auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return sy_error_set(err, errno, "%s: %s", words->what, strerror(errno));
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN || errno == EINPROGRESS)
		return sy_error_set(err, EADDRINUSE, "%s %s: %s answers there; stop it or set another %s", words->what, path,
				    words->other_owner, words->key);
	if (errno != ECONNREFUSED && errno != ENOENT)
		return sy_error_set(err, errno, "%s %s: %s", words->what, path, strerror(errno));
	if (unlink(path) < 0 && errno != ENOENT)
		return sy_error_set(err, errno, "%s %s: the stale socket cannot be removed: %s", words->what, path, strerror(errno));
	return 0;
}

static int bind_with(int fd, mode_t mode, const struct sockaddr_un *address)
{
	/* umask: at no moment may somebody else connect; the chmod that follows: the umask cannot add what there should be. */
	mode_t mask = umask(0777 & ~mode);
	int r = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;

	umask(mask);
	return r;
}

int sy_unix_listen(const char *path, mode_t mode, const struct sy_unix_words *words, int *ret_fd, struct sy_unix_file *ret_file,
		   struct sy_error *err)
{
	struct sockaddr_un address;
	struct stat st;
	int r = make_address(path, words, &address, err);

	if (r == 0)
		r = clear_the_way(path, words, &address, err);
	if (r < 0)
		return r;
	sy_auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return sy_error_set(err, errno, "%s: %s", words->what, strerror(errno));
	r = bind_with(fd, mode, &address);
	if (r == -ENOENT)
		return sy_error_set(err, ENOENT, "%s %s: its directory does not exist; create it or set another %s", words->what, path,
				    words->key);
	if (r < 0)
		return sy_error_set(err, -r, "%s %s: %s", words->what, path, strerror(-r));
	if (chmod(path, mode) < 0 || listen(fd, BACKLOG) < 0 || lstat(path, &st) < 0) {
		int code = errno;

		unlink(path);
		return sy_error_set(err, code, "%s %s: %s", words->what, path, strerror(code));
	}
	*ret_file = (struct sy_unix_file){.dev = st.st_dev, .ino = st.st_ino};
	*ret_fd = sy_take_fd(fd);
	return 0;
}

void sy_unix_unlink(const char *path, const struct sy_unix_file *file)
{
	struct stat st;

	if (lstat(path, &st) == 0 && st.st_dev == file->dev && st.st_ino == file->ino)
		unlink(path);
}
