/* Inside of target: only target*.c include this. */
#ifndef SY_SUPERVISOR_TARGET_IMPL_H
#define SY_SUPERVISOR_TARGET_IMPL_H

#include "kube/reflector.h"
#include "supervisor/status/target.h"

#define SY_TARGET_LATE_MS 35000 /* after which no answer comes any more: a request's time-out, and some more */

struct sy_target {
	struct sy_loop *loop;
	struct sy_kube *kube;
	const struct sy_timings *timings;
	const struct sy_target_ops *ops;
	void *arg;
	char *base; /* "<kcp>/clusters/<workspace>" */
	char *workspace;
	char *name;
	char *identity;
	char *path;
	char *status_path;
	bool take_over;
	struct sy_reflector *reflector;
	struct sy_timer *retry;
	struct sy_kube_request *request;
	bool seen;		       /* in the list under way */
	bool served;		       /* was ACTIVE once: workers, exports and names belong to view.uid */
	char *granted;		       /* identity that --take-over displaces, NULL = none */
	bool releasing;		       /* sy_target_release was called */
	char refusal[512];	       /* of a write of its status */
	bool unread;		       /* it could not be read, and view.message says so */
	struct sy_kube_request *order; /* target_order.c */
	sy_target_ordered_fn *ordered;
	void *ordered_arg;
	unsigned failures;
	json_object *finalizers; /* as last read; NULL = none */
	bool has_labels;
	bool has_key_label;
	int64_t taken_ms; /* when view.resource_version was read */
	struct sy_target_view view;
};

void sy_target_set_state(struct sy_target *target, enum sy_target_state state, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Take over an object, unless a later state of it was read just before; uid and identity are checked here. */
void sy_target_take(struct sy_target *target, json_object *object);
/* Another syncer's heartbeat is younger than the limit, by kcp's clock; not of one that --take-over displaces. */
bool sy_target_foreign_alive(const struct sy_target *target);
/* The object is not there any more. */
void sy_target_absent(struct sy_target *target);
/* Decide the next step from state and view: check who owns it, claim, release. */
void sy_target_step(struct sy_target *target);
/* Start a request with a body (a JSON patch; taken over) or a GET without one. */
int sy_target_request(struct sy_target *target, json_object *patch, sy_kube_done_fn *done, struct sy_error *err);
void sy_target_clock(struct sy_target *target, const struct sy_kube_result *result);
void sy_target_again(struct sy_target *target); /* retry the step after a back-off */

#endif
