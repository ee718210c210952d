/* One connection to the control socket, in steps that block at most for the time they are given. Nothing here prints. */
#ifndef SY_CTL_CONN_H
#define SY_CTL_CONN_H

#include "base/buf.h"
#include "ctl.h"

#define CTL_ANSWER_SECONDS 15 /* syncerd answers within 5 s, a dump included */

/* Connect; no later step waits longer than `seconds` (0 = for ever). The caller closes *ret_fd. All return an enum ctl_exit and, when that
 * is not CTL_OK, the sentence in err. path is only for the sentence where there is a descriptor. */
int ctl_conn_open(const char *path, int seconds, int *ret_fd, struct sy_error *err);
/* Send a request. args is taken over (NULL = none). One at a time: an answer belongs to the request before it. */
int ctl_conn_ask(const char *path, int fd, const char *verb, json_object *args, struct sy_error *err);
/* Read what is there into `in`, which the caller started with SY_MAX_IPC_BYTES. CTL_TIMEOUT: nothing came in time, or, without `wait`,
 * nothing is there. */
int ctl_conn_read(const char *path, int fd, bool wait, struct sy_buf *in, struct sy_error *err);
/* Take the first whole answer off `in`. CTL_WAITING: it is not whole yet; *seen, 0 at first, remembers how far was looked. On CTL_OK the
 * caller owns *ret_answer; a refusal is an error with the server's sentence. */
int ctl_conn_take(const char *path, struct sy_buf *in, size_t *seen, struct sy_control_answer *ret_answer, struct sy_error *err);

#endif
