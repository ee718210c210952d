/* One connection between the supervisor and one incarnation of a worker, over nng's stream of a Unix socket: bytes in, bytes out, on the loop.
 * The only folder that includes nng. It carries opaque messages, each behind its length (4 bytes, big-endian); what they mean is proto/.
 *
 * Streams, not nng's sockets: in nng 1.5.2 a socket's connection that is closed while the head of a message has been read and its body has not
 * is never finished. A worker that dies in the middle of a message does that, and from then on no connection of any socket of the process is
 * ever given back. A stream has no such state; what it lacks (lengths, one connection at a time, dialing again) is here.
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
 * kernel gave it when the connection was made. */
typedef void sy_link_recv_fn(void *arg, const char *data, size_t len, pid_t peer_pid, uid_t peer_uid);

/* Listen at path: the directory must be 0700 and ours; a stale file is unlinked, never probed; the socket is 0600. max = largest message
 * accepted, in bytes: the connection that brings a larger one is cut. One connection at a time; others wait until it has ended. */
int sy_link_listen(struct sy_link **ret_link, struct sy_loop *loop, const char *path, size_t max, sy_link_recv_fn *recv, void *arg,
		   struct sy_error *err);
/* Dial, without blocking, and again with back-off (100 ms to 30 s) for as long as there is no connection. */
int sy_link_dial(struct sy_link **ret_link, struct sy_loop *loop, const char *path, size_t max, sy_link_recv_fn *recv, void *arg,
		 struct sy_error *err);
/* End the connection and make the listener or dialer anew (after a missing hello or missing acknowledgements). Messages in flight may be lost. */
int sy_link_renew(struct sy_link *link, struct sy_error *err);
/* From now on only this process may connect; connections of others are refused before they are part of the conversation, so that a
 * stranger can neither speak nor take the one place. For a listener, right after the process was started. */
void sy_link_expect(struct sy_link *link, pid_t pid);
/* Close at once, what is unread or unwritten is lost; removes the socket file of a listener. Accepts NULL. */
void sy_link_free(struct sy_link *link);

/* Queue one message; never blocks. -EAGAIN when the peer does not read (queue full): the caller keeps its state and tries later. */
int sy_link_send(struct sy_link *link, const char *data, size_t len, struct sy_error *err);

#endif
