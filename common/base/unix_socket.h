/* A listening Unix stream socket with a name in the file system: whose name is it, and who may connect. */
#ifndef SY_BASE_UNIX_SOCKET_H
#define SY_BASE_UNIX_SOCKET_H

#include <sys/types.h>

#include "base/error.h"

/* Which file was made: somebody may put another in its place. */
struct sy_unix_file {
	dev_t dev;
	ino_t ino;
};

/* How messages speak of a socket. */
struct sy_unix_words {
	const char *what;	 /* "control socket" */
	const char *key;	 /* the setting that names another place: "control.socket" */
	const char *other_owner; /* who else may answer there: "another syncerd" */
};

/* Bind and listen with exactly this mode, never a wider one for a moment. A socket that nobody answers on is replaced; one that somebody
 * answers on (-EADDRINUSE) and a file of another kind (-ENOTSOCK) are left alone. *ret_fd is non-blocking and close-on-exec. */
int sy_unix_listen(const char *path, mode_t mode, const struct sy_unix_words *words, int *ret_fd, struct sy_unix_file *ret_file,
		   struct sy_error *err);
/* Remove the name if it still is that file. */
void sy_unix_unlink(const char *path, const struct sy_unix_file *file);

#endif
