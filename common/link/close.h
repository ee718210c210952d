/* Closing nng sockets away from the loop. Private to common/link.
 *
 * In nng 1.5.2 a connection that is closed from this side at the moment when the head of a message has just been read is never finished,
 * and everything that waits for it waits for ever: nng_close, and the one thread that frees the connections of all sockets. So a socket
 * is closed only after its connections have ended by themselves, which they do when the peer is dead and all it sent has been read. That
 * takes time, and is done in a short-lived thread of its own: the loop never waits for nng. */
#ifndef SY_LINK_CLOSE_H
#define SY_LINK_CLOSE_H

#include <nng/nng.h>
#include <stdatomic.h>

/* Who may connect: read by nng's threads, which is why it is not part of the link. */
struct sy_link_gate {
	atomic_int pid;		/* of the only process that may connect; SY_GATE_OPEN, SY_GATE_SHUT */
	atomic_int connections; /* that nng has not yet finished with */
};
#define SY_GATE_OPEN 0
#define SY_GATE_SHUT (-1)

#define SY_GATE_RECV_MS 50 /* receive time-out of the sockets that are closed here */

/* Takes ownership of both. */
void sy_link_close_socket(nng_socket socket, struct sy_link_gate *gate);

#endif
