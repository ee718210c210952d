/* Whole small files, read with a bound, and paths that are written relative to the file that names them. */
#ifndef SY_SUPERVISOR_FILE_H
#define SY_SUPERVISOR_FILE_H

#include <stddef.h>
#include <sys/stat.h>

#include "base/error.h"

/* Read a regular file of at most max bytes. *ret_data is malloc'ed and NUL-terminated (the NUL is not counted in *ret_len); it may hold a
 * secret, so free it with sy_file_wipe. Anything but a regular file is refused without blocking. ret_stat may be NULL; it describes exactly
 * the file that was read. -EMSGSIZE when the file is too large, else -errno; the text begins with the path. */
int sy_file_read(const char *path, size_t max, char **ret_data, size_t *ret_len, struct stat *ret_stat, struct sy_error *err);

/* Overwrite and free; accepts NULL. */
void sy_file_wipe(char *data, size_t len);

/* What `path` means when it was written in the file `base`: absolute paths stay, others are taken from base's directory.
 * malloc'ed; NULL when out of memory. */
char *sy_file_beside(const char *base, const char *path);

#endif
