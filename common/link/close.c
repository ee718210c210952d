#include "link/close.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "link/link.h"

#define STACK_BYTES (256 * 1024)
#define FINI_WAIT_MS 500
#define QUIET_MS 60000 /* longest wait for connections to end while nothing more arrives */

struct closing {
	nng_socket socket;
	struct sy_link_gate *gate;
};

/* How many closes are under way. Of the process, as nng itself is. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned count;
} closes = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};

static void count(int by)
{
	pthread_mutex_lock(&closes.lock);
	closes.count += (unsigned)by;
	pthread_cond_broadcast(&closes.changed);
	pthread_mutex_unlock(&closes.lock);
}

/* Read what is left, until the connections have ended. */
static void drain(const struct closing *closing)
{
	int quiet = 0;

	while (atomic_load(&closing->gate->connections) > 0 && quiet < QUIET_MS / SY_GATE_RECV_MS) {
		nng_msg *msg = NULL;
		int rc = nng_recvmsg(closing->socket, &msg, 0);

		if (rc == 0)
			nng_msg_free(msg);
		else if (rc == NNG_ETIMEDOUT)
			quiet++;
		else
			return;
	}
}

static void *run(void *arg)
{
	struct closing *closing = arg;

	drain(closing);
	nng_close(closing->socket);
	free(closing->gate); /* no callback of this socket runs any more */
	free(closing);
	count(-1);
	return NULL;
}

static int start(struct closing *closing)
{
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t thread;

	if (pthread_attr_init(&attr) != 0)
		return -ENOMEM;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all); /* signals are for the loop's thread */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&thread, &attr, run, closing);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -rc;
}

void sy_link_close_socket(nng_socket socket, struct sy_link_gate *gate)
{
	struct closing *closing = malloc(sizeof(*closing));

	atomic_store(&gate->pid, SY_GATE_SHUT);
	if (!closing)
		return; /* better lost than waited for */
	closing->socket = socket;
	closing->gate = gate;
	count(1);
	if (start(closing) < 0) {
		count(-1);
		free(closing);
	}
}

unsigned sy_link_closing(void)
{
	pthread_mutex_lock(&closes.lock);
	unsigned number = closes.count;
	pthread_mutex_unlock(&closes.lock);
	return number;
}

void sy_link_fini(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += FINI_WAIT_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&closes.lock);
	while (closes.count > 0)
		if (pthread_cond_timedwait(&closes.changed, &closes.lock, &until) != 0)
			break;
	pthread_mutex_unlock(&closes.lock);
}
