/* One nng pair1 socket between the supervisor and one incarnation of a worker: bytes in, bytes out, on the loop. The only file that
 * includes nng, and where the traps of nng 1.5.2 are dealt with. It carries opaque messages; what they mean is proto/.
 *
 * Nothing here proves delivery or death: messages that matter are acknowledged by the layer above, death is a pidfd or a life-line.
 */
#ifndef SY_LINK_LINK_H
#define SY_LINK_LINK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"

struct sy_link;

/* One received message; data is valid during the call. The link may be renewed, but not freed, from here. peer_pid is the sender's pid as the
 * kernel gave it (0 = unknown). */
typedef void sy_link_recv_fn(void *arg, const char *data, size_t len, pid_t peer_pid, uid_t peer_uid);

/* Listen on "ipc://<path>": the directory must be 0700 and ours; a stale file is unlinked, never probed; the socket is 0600. max = largest
 * message accepted, in bytes. Receives start at once. */
int sy_link_listen(struct sy_link **ret_link, struct sy_loop *loop, const char *path, size_t max, sy_link_recv_fn *recv, void *arg,
		   struct sy_error *err);
/* Dial, without blocking; nng redials by itself with 100 ms to 30 s. */
int sy_link_dial(struct sy_link **ret_link, struct sy_loop *loop, const char *path, size_t max, sy_link_recv_fn *recv, void *arg,
		 struct sy_error *err);
/* Close and make anew the listener or dialer (after a missing hello or missing acknowledgements). Messages in flight may be lost. */
int sy_link_renew(struct sy_link *link, struct sy_error *err);
/* From now on only this process may connect; connections of others are refused before they are part of the conversation, so that a
 * stranger can neither speak nor take the one place. For a listener, right after the process was started. */
void sy_link_expect(struct sy_link *link, pid_t pid);
/* Close, without waiting; removes the socket file of a listener, whose path must not be used again. Accepts NULL. */
void sy_link_free(struct sy_link *link);

/* Queue one message; never blocks. -EAGAIN when the peer does not read (send buffer full): the caller keeps its state and tries later. */
int sy_link_send(struct sy_link *link, const char *data, size_t len, struct sy_error *err);

/* Sockets whose close is still under way. It happens in a thread of its own and may never end (link/close.h says why); a number that stays up
 * means that descriptors are lost. */
unsigned sy_link_closing(void);

/* Wait for closes under way, at most half a second. For the end of main. */
void sy_link_fini(void);

#endif
