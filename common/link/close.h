/* Closing nng sockets away from the loop. Private to common/link.
 *
 * nng_close of 1.5.2 may wait for ever: when a peer sends faster than it is read and its connection ends while the receive queue is
 * full, nng loses track of that connection, and the close waits for it. A worker must not be able to stop its supervisor that way, so
 * the close runs in a short-lived thread of its own. If it hangs, that thread and its descriptors are lost, and nothing else. */
#ifndef SY_LINK_CLOSE_H
#define SY_LINK_CLOSE_H

#include <nng/nng.h>
#include <stdatomic.h>

/* Who may connect: read by nng's threads, which is why it is not part of the link. */
struct sy_link_gate {
	atomic_int pid; /* of the only process that may connect; SY_GATE_OPEN, SY_GATE_SHUT */
};
#define SY_GATE_OPEN 0
#define SY_GATE_SHUT (-1)

/* Takes ownership of both. */
void sy_link_close_socket(nng_socket socket, struct sy_link_gate *gate);

#endif
