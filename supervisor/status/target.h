/* The own SyncTarget: reads it for ever, decides whether it is ours to serve, marks it as served (finalizer and key label, before any
 * worker starts) and releases it at the end (syncerd-rules(7) 3.3, 7.5, 8.1). Writes nothing below /status: that is reconcile's and the
 * heartbeat's job; they hand back every answer with sy_target_store. */
#ifndef SY_SUPERVISOR_TARGET_H
#define SY_SUPERVISOR_TARGET_H

#include <time.h>

#include "kcp/ids.h"
#include "kube/client.h"
#include "supervisor/timings.h"

enum sy_target_state {
	SY_TARGET_WAITING = 0, /* not read yet, or it does not exist */
	SY_TARGET_FOREIGN,     /* another syncer's heartbeat is fresh: no worker may run */
	SY_TARGET_CLAIMING,    /* finalizer and label are being written */
	SY_TARGET_ACTIVE,      /* ours */
	SY_TARGET_LOST,	       /* it was ours and is gone, or has another uid: stop everything, delete nothing */
	SY_TARGET_RELEASED,    /* our finalizer is off after a deletion */
	SY_TARGET_STATE_MAX
};

/* Borrowed by readers; changes only from the loop. */
struct sy_target_view {
	enum sy_target_state state;
	const char *workspace; /* as configured: path or name */
	const char *name;
	char *cluster; /* logical cluster (annotation kcp.io/cluster), NULL before the first read */
	char *uid;
	char key[SY_KEY_MAX];
	int64_t generation;
	char *resource_version;
	bool deleting;		      /* has a deletionTimestamp */
	bool owned;		      /* status.syncer.identity is ours */
	json_object *spec;	      /* object or NULL */
	json_object *status;	      /* as stored on the server, or NULL */
	int64_t clock_offset;	      /* seconds to add to the local clock, 0 unless they differ by more than 2 s */
	enum sy_kube_verdict verdict; /* of the last request or watch attempt */
	char message[1024];	      /* why state is not ACTIVE, for people */
};

struct sy_target;

struct sy_target_ops {
	/* Something in the view changed. */
	void (*changed)(void *arg);
};

struct sy_target_options {
	const char *base;      /* kcp's URL before /clusters/ */
	const char *workspace; /* path or name */
	const char *name;
	const char *identity;
	bool take_over; /* do not wait for a foreign heartbeat to grow old */
};

/* Strings are copied; starts reading at once. */
int sy_target_new(struct sy_target **ret_target, struct sy_loop *loop, struct sy_kube *kube, const struct sy_timings *timings,
		  const struct sy_target_options *options, const struct sy_target_ops *ops, void *arg, struct sy_error *err);
void sy_target_free(struct sy_target *target); /* accepts NULL */

const struct sy_target_view *sy_target_view(const struct sy_target *target);
/* An answer to a write: the object as it is now, and the server's clock. */
void sy_target_store(struct sy_target *target, const struct sy_kube_result *result);
/* Read it now: something did not fit (409, 422). */
void sy_target_refresh(struct sy_target *target);
/* Retry at once (new credentials). */
void sy_target_kick(struct sy_target *target);
/* Take our finalizer off (7.5 step 3). Repeats until it is done; state becomes RELEASED. */
void sy_target_release(struct sy_target *target);

/* Orders of an operator. Values are those of kcp's former plugin: DRAIN sets unschedulable and evictAfter = now, UNCORDON clears both. */
enum sy_target_order { SY_ORDER_CORDON = 0, SY_ORDER_UNCORDON, SY_ORDER_DRAIN, SY_ORDER_MAX };
/* trouble NULL: it is written, and the view has it. */
typedef void sy_target_ordered_fn(void *arg, const char *trouble);
/* Write it into spec (JSON patch that tests the uid); done runs once when *ret_sent, not at all when spec says so already. -EAGAIN: not
 * ours at present, -EBUSY: one is under way. */
int sy_target_order(struct sy_target *target, enum sy_target_order order, sy_target_ordered_fn *done, void *arg, bool *ret_sent,
		    struct sy_error *err);

/* The watch has been heard within the limit: what we know is current. */
bool sy_target_current(const struct sy_target *target);
/* What became of a write of its status. */
void sy_target_written(struct sy_target *target, const struct sy_kube_result *result);
/* "" or why kcp has refused the last of them (401, 403) and what to do: what is watched goes on with the credentials of its beginning, so this
 * may be all that shows it. Borrowed, until the next answer. */
const char *sy_target_refusal(const struct sy_target *target);
/* While view.verdict is not OK: why it cannot be read now, or "". Borrowed, until the next answer. */
const char *sy_target_trouble(const struct sy_target *target);
/* Now by kcp's clock. */
time_t sy_target_now(const struct sy_target *target);
/* "/apis/workload.kcp.io/v1alpha1/synctargets/<name>/status" and the base to use with it; borrowed. */
const char *sy_target_status_path(const struct sy_target *target);
const char *sy_target_base(const struct sy_target *target);

#endif
