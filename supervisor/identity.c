#include "supervisor/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"

#define DIGITS 16

static bool hex16(const char *text)
{
	return strlen(text) == DIGITS && strspn(text, "0123456789abcdef") == DIGITS;
}

static int make_digits(int fd, const char *path, char digits[DIGITS + 1], struct sy_error *err)
{
	uint64_t random;

	arc4random_buf(&random, sizeof(random));
	(void)snprintf(digits, DIGITS + 1, "%016llx", (unsigned long long)random);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, digits, DIGITS, 0) != DIGITS || fsync(fd) < 0)
		return sy_error_set(err, errno ? errno : EIO, "write %s: %s", path, strerror(errno));
	return 0;
}

static int lock_file(const char *directory, const char *path, int *ret_fd, struct sy_error *err)
{
	sy_auto_close int fd = -1;

	if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		return sy_error_set(err, errno, "make stateDirectory %s: %s; create it, writable for this user", directory,
				    strerror(errno));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return sy_error_set(err, errno, "open %s: %s; stateDirectory must be writable", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return sy_error_set(err, errno == EWOULDBLOCK ? EBUSY : errno,
				    "%s is locked: another syncerd uses this stateDirectory; stop it, or give each its own", path);
	*ret_fd = sy_take_fd(fd);
	return 0;
}

int sy_identity_open(const char *directory, struct sy_identity *ret_identity, struct sy_error *err)
{
	struct sy_identity identity = {.fd = -1};
	char path[4096], digits[DIGITS + 1] = "";
	struct utsname host;
	ssize_t got;
	int r;

	if (snprintf(path, sizeof(path), "%s/identity", directory) >= (int)sizeof(path))
		return sy_error_set(err, ENAMETOOLONG, "stateDirectory is too long");
	r = lock_file(directory, path, &identity.fd, err);
	if (r < 0)
		return r;
	got = pread(identity.fd, digits, DIGITS, 0);
	digits[got > 0 ? got : 0] = '\0';
	if (!hex16(digits))
		r = make_digits(identity.fd, path, digits, err);
	if (r == 0 && uname(&host) < 0)
		r = sy_error_set(err, errno, "uname: %s", strerror(errno));
	if (r < 0) {
		sy_identity_close(&identity);
		return r;
	}
	(void)snprintf(identity.text, sizeof(identity.text), "%.64s/%s", host.nodename, digits);
	*ret_identity = identity;
	return 0;
}

void sy_identity_close(struct sy_identity *identity)
{
	if (identity->fd > 0)
		close(identity->fd);
	identity->fd = -1;
}
