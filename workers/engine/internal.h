/* What the engine's files share. The map of the files is in README.md. */
#ifndef SY_WORKERS_INTERNAL_H
#define SY_WORKERS_INTERNAL_H

#include <sys/tree.h>

#include "base/log.h"
#include "body.h"
#include "engine.h"
#include "events.h"
#include "guard.h"
#include "hand.h"
#include "kcp/ids.h"
#include "kube/reflector.h"
#include "names.h"
#include "queue.h"
#include "step.h"
#include "table.h"
#include "unserved.h"

#define SY_STATUS_INTERVAL_MS 500
#define SY_TRANSIENT_MS 30000	  /* 403 and 404 upstream mean nothing during the first seconds of a binding */
#define SY_MAX_FINALIZERS 1000	  /* of an object upstream that still gets ours */
#define SY_DELETION_CHECK_MS 2000 /* first GET when no DELETED event comes */
#define SY_REFUSED_MIN_MS 600000  /* a refusal for good is tried again after this time, */
#define SY_REFUSED_MAX_MS 1800000 /* or up to this: its cause may have been mended, and nobody tells us */

enum sy_side { SY_SIDE_UP = 0, SY_SIDE_DOWN, SY_SIDE_MAX };

/* One reflector and what its lists said. */
struct sy_view {
	struct sy_resource *resource;
	struct sy_reflector *reflector; /* NULL: not started, or stopped */
	uint8_t epoch;			/* of the list begun last; never 0 after the first */
	bool listing;			/* between begin and synced */
	bool synced;			/* a complete list was read once */
	bool failing;
	enum sy_kube_verdict verdict;
};

struct sy_resource {
	TAILQ_ENTRY(sy_resource) link;
	struct sy_engine *engine;
	struct sy_plan_resource rule; /* own copy */
	char *api_version;
	char *label; /* "widgets.example.dev" */
	struct sy_gvr gvr;
	struct sy_names names;
	struct sy_table table;
	struct sy_view view[SY_SIDE_MAX];
	struct sy_guard guard;
	unsigned in_progress;
	int64_t born_ms;
	int64_t relist_ms; /* loop time at which both sides are listed anew, 0 = never: memory was short, something was missed */
	bool ready;	   /* keys may be processed */
	bool stopping;	   /* no longer in the plan: freed when nothing is in progress */
};
TAILQ_HEAD(sy_resource_list, sy_resource);

/* A resource that the plan does not even mention any more (retired.c). */
struct sy_retired {
	TAILQ_ENTRY(sy_retired) link;
	struct sy_gvr gvr; /* into text */
	char text[];
};
TAILQ_HEAD(sy_retired_list, sy_retired);

enum sy_namespace_state {
	SY_NAMESPACE_UNKNOWN = 0, /* not downstream, as far as we were told */
	SY_NAMESPACE_BUSY,	  /* a request decides */
	SY_NAMESPACE_READY,
	SY_NAMESPACE_TERMINATING,
	SY_NAMESPACE_COLLISION, /* there, and not ours */
	SY_NAMESPACE_STATE_MAX
};

/* A namespace of the workspace and its downstream counterpart. */
struct sy_namespace {
	RB_ENTRY(sy_namespace) by_up;
	RB_ENTRY(sy_namespace) by_down;
	struct sy_engine *engine;
	struct sy_object_list waiting; /* objects that need it to be created */
	struct sy_kube_request *request;
	struct sy_unserved *question; /* of a clean-up, in place of the request */
	size_t objects;		      /* in the tables, they point here */
	size_t users;		      /* of them, those that have or will have a copy in it */
	int64_t due_ms;		      /* loop time at which sy_namespace_tick runs, 0 = never */
	unsigned failures;
	unsigned check;			       /* next resource to look at during a clean-up */
	uint64_t check_plan;		       /* generation in which it began */
	enum sy_namespace_state state, former; /* former: to go back to when the request of BUSY tells nothing */
	bool seen;			       /* in the list being read */
	bool doubt;			       /* it has to be looked at: nothing else may conclude that it is not there */
	bool repair;			       /* marks were lost */
	char rv[24];
	char down[SY_NAMESPACE_MAX];
	char uid[SY_UID_MAX];
	char up[64];
};
RB_HEAD(sy_namespaces_up, sy_namespace);
RB_HEAD(sy_namespaces_down, sy_namespace);

struct sy_namespaces {
	struct sy_namespaces_up by_up;
	struct sy_namespaces_down by_down;
	struct sy_reflector *reflector;
	struct sy_timer *timer;
	bool synced;
	enum sy_kube_verdict verdict;
};

#define SY_RIVAL_MAX 129 /* a field manager's name, and its NUL */

/* One object in progress: at most one request, and the bodies that the answers brought. */
struct sy_op {
	LIST_ENTRY(sy_op) link;
	struct sy_engine *engine;
	struct sy_object *object;
	struct sy_kube_request *request;
	json_object *up, *down; /* newest known content, or NULL */
	struct sy_hash desired; /* of the body in the request under way */
	struct sy_hash status;
	uint64_t status_core;
	int64_t up_generation;
	uint64_t asked_rv[SY_SIDE_MAX]; /* what was known when the request went out */
	char uid[SY_UID_MAX];		/* that the deletion under way is for */
	enum sy_action action;
	unsigned steps;
	char rival[SY_RIVAL_MAX]; /* who else wrote the copy that is being corrected; "" = not known */
	bool park;		  /* wait in the namespace's list */
	enum sy_action refused;	  /* the action last refused without a cause */
	uint64_t refused_rv;	  /* and what was known of that side when it went out */
};
LIST_HEAD(sy_op_list, sy_op);

struct sy_engine {
	struct sy_loop *loop;
	struct sy_kube *kube[SY_SIDE_MAX];
	struct sy_engine_ops ops;
	void *arg;
	struct sy_plan plan;
	bool planned;
	struct sy_target_id target; /* into plan */
	char tenant[SY_KEY_MAX];
	char prefix[SY_NAMESPACE_MAX];
	char *finalizer, *soft_annotation, *leave_annotation, *selector, *cluster_locator;
	struct sy_slab slab; /* of the objects in all tables */
	struct sy_resource_list resources, stopping;
	struct sy_retired_list retired;
	struct sy_namespaces namespaces;
	struct sy_queue queue;
	struct sy_op_list in_progress;
	unsigned in_progress_count;
	struct sy_hand_budget budget;
	struct sy_events *events;
	struct sy_tenant_events *tenant_events;
	struct sy_defer *run;
	struct sy_timer *timer, *report_timer;
	int64_t reported_ms;
	uint64_t writes[SY_SIDE_MAX];
	unsigned untrimmed; /* ops since memory was last given back */
	bool trimmed;	    /* after the first lists */
};

/* engine.c */
void sy_engine_wake(struct sy_engine *engine);	  /* run the queue soon */
void sy_engine_listed(struct sy_engine *engine);  /* a resource became ready */
void sy_engine_changed(struct sy_engine *engine); /* the report would say something new */
bool sy_engine_drain(const struct sy_engine *engine);
struct sy_log_ref sy_object_ref(const struct sy_object *object);
void sy_object_tell(const struct sy_object *object, enum sy_reason reason, const char *message); /* a user: a warning about it */
uint32_t sy_object_now_ms(const struct sy_object *object); /* low bits of the loop time, as objects remember times */

/* resource.c: life of a planned resource and its reflectors */
int sy_resource_new(struct sy_resource **ret_resource, struct sy_engine *engine, const struct sy_plan_resource *rule, struct sy_error *err);
void sy_resource_free(struct sy_resource *resource); /* nothing may be in progress */
/* Open the reflectors that the plan and the state of the lists ask for, close the others. */
int sy_resource_follow(struct sy_resource *resource, struct sy_error *err);
/* There is no upstream side: nothing to ask, nothing to release. */
bool sy_resource_up_gone(const struct sy_resource *resource);
/* No longer planned: forget everything, touch nothing. Frees it now, or when the last request is answered. */
void sy_resource_stop(struct sy_resource *resource);
/* Lists may have become complete: start processing. */
void sy_resource_settle(struct sy_resource *resource);
/* Look at every object again (the plan changed). */
void sy_resource_review(struct sy_resource *resource);
/* The object of a key, made when absent; NULL when it cannot be had (memory, names). */
struct sy_object *sy_resource_object(struct sy_resource *resource, const char *key);
void sy_resource_forget(struct sy_object *object);

/* retired.c */
int sy_retire(struct sy_engine *engine, const struct sy_plan_resource *rule, struct sy_error *err);
void sy_unretire(struct sy_engine *engine, const struct sy_plan_resource *rule); /* planned again */
void sy_retired_done(struct sy_engine *engine);

/* observe.c: what a server said becomes facts of an object */
void sy_observe_up(struct sy_object *object, json_object *tree);
void sy_observe_down(struct sy_object *object, json_object *tree);
/* Only the metadata could be read: take that, and tell the user. */
void sy_observe_broken(struct sy_object *object, enum sy_side side, const struct sy_reflector_broken *broken);
/* Not even that: tell at least. */
void sy_observe_nameless(struct sy_resource *resource, const struct sy_reflector_broken *broken);
void sy_observe_absent(struct sy_object *object, enum sy_side side);
/* True when an object read downstream may be ours; see syncerd-rules(7) 5.3. */
bool sy_observe_ours(const struct sy_object *object, json_object *tree);
/* True when our labels on an object or namespace downstream were set by us, not copied by a controller from a parent. */
bool sy_observe_made(json_object *tree);
/* Hash the status again after the generations or upstream's status changed. */
void sy_observe_status(struct sy_object *object, json_object *down);
/* Tell that an object cannot be synced for its name, or its namespace's. */
void sy_observe_bad_name(struct sy_resource *resource, const char *ns, const char *name, const char *why);
/* A Secret that the servers make for themselves and that is not synced: none of the tenant's, whatever copy there is under its name. */
bool sy_observe_servers(const struct sy_resource *resource, json_object *tree);
/* key of an event's object; false when it is not synced (excluded, odd name). key has SY_KEY_TEXT_MAX bytes. */
bool sy_observe_key_up(struct sy_resource *resource, json_object *tree, char *key);
bool sy_observe_key_down(struct sy_resource *resource, json_object *tree, char *key);
uint64_t sy_observe_rv(json_object *tree);

/* flow.c: from facts to requests */
enum sy_action sy_flow_action(const struct sy_object *object);
/* Something about the object is new: queue it when there is something to do. May free it when nothing is left of it. */
bool sy_flow_status_due(const struct sy_object *object);
bool sy_flow_copy(const struct sy_object *object); /* a copy of ours is downstream, or may be */
void sy_flow_consider(struct sy_object *object, bool fresh);
void sy_flow_run(struct sy_engine *engine); /* start what the queue and the limit allow */
void sy_flow_next(struct sy_op *op);	    /* after an answer */
void sy_flow_end(struct sy_op *op);	    /* nothing more to do now; op is gone */
/* The action failed: back off, or give up until something changes. op is gone. message may be NULL: no event. */
void sy_flow_fail(struct sy_op *op, enum sy_reason reason, bool permanent, int64_t retry_after_ms, const char *message);
/* The server itself refuses it: waits long, with the server's words. op is gone. */
void sy_flow_rejected(struct sy_op *op, const struct sy_kube_result *result);
/* The usual reaction to an answer that no case of the caller explains. op is gone. */
void sy_flow_refused(struct sy_op *op, enum sy_side side, const struct sy_kube_result *result);
/* Look at it at the end of this time; replaces its timer. */
void sy_flow_wait(struct sy_object *object, int64_t delay_ms);
void sy_flow_cancel_all(struct sy_engine *engine);
void sy_flow_tick(struct sy_engine *engine); /* timers */

/* patience.c: what cannot be done for the time being */
/* Of an object with nothing to do: another's object stands in its place. True: that is its reason, it has been told, and a timer runs. */
bool sy_patience_foreign(struct sy_object *object);
bool sy_patience_wanted(const struct sy_object *object); /* it lives upstream, and is to have a copy */
/* The last request was refused for good: returns the time after which to try again all the same. */
int64_t sy_patience_delay(struct sy_object *object);
/* Of an object with nothing to do: keep the timer of its refusals, or of the guard, or none. */
void sy_patience_rest(struct sy_object *object);
/* Its timer has fired: refusals whose time has come count no more. */
void sy_patience_tick(struct sy_object *object);
/* What was not allowed or not served may be now: let nothing wait for that any longer. good: forget refusals for good, too. The caller
 * reviews the objects. */
void sy_patience_forgive(struct sy_resource *resource, bool good);

/* Something of the resource was missed for want of memory: list it anew, soon. */
void sy_patience_missed(struct sy_resource *resource);
/* List anew what is due. Loop time of the next one, -1 = none. */
int64_t sy_patience_relist(struct sy_engine *engine);

/* fight.c */
#define SY_FIGHT_CORRECTIONS 5 /* of one object within */
#define SY_FIGHT_MS 300000     /* this time; the next one is contended, and waits as long */
/* Remember who else wrote the copy that is about to be corrected: an event may bring the corrected one before the answer comes. */
void sy_fight_look(struct sy_op *op);
/* Drift was corrected, or a copy made again. rival: who changed it, "" = nobody knows. */
void sy_fight_corrected(struct sy_object *object, const char *rival);
int64_t sy_fight_remaining(const struct sy_object *object); /* ms until a contended object is corrected again; -1: it is not contended */
void sy_fight_tick(struct sy_object *object);		    /* its timer has fired */
void sy_fight_over(struct sy_object *object);		    /* upstream asks for something else, or the rules have changed */

/* request.c */
struct sy_call {
	enum sy_side side;
	const char *method, *subresource, *query, *content_type;
	const char *body; /* NUL-terminated or NULL */
};
/* Start the one request of an op. 1: under way; 0: could not start, op is gone (failed). */
int sy_op_request(struct sy_op *op, const struct sy_call *call, sy_kube_done_fn *done);
/* Same with a tree as body, which is put. */
int sy_op_send(struct sy_op *op, const struct sy_call *call, json_object *body, sy_kube_done_fn *done);
/* The request could not even be sent: only memory and the transport may come right by themselves. 1, op is gone. */
int sy_op_not_sent(struct sy_op *op, int rc, const char *text);
/* In each done function first: the request is no more. An answer about the object itself counts as heard in this list. */
void sy_op_answered(struct sy_op *op, enum sy_side side, const struct sy_kube_result *result);
/* A patch that holds tests, or a request with preconditions, was answered. True when it was refused for itself: 422 with causes, or twice
 * in a row although the object was read in between and stands as it did. Else a test failed, or the answer is another one (409 is always
 * a race): look. */
bool sy_op_rejected(struct sy_op *op, enum sy_side side, const struct sy_kube_result *result);
/* The answer is the API server's own word, not that of a proxy before it. */
bool sy_said_by_server(const struct sy_kube_result *result);
/* False when an event has overtaken the answer: what the event said is newer, and no further event will repeat it. */
bool sy_op_news(const struct sy_op *op, enum sy_side side, const struct sy_kube_result *result);
void sy_op_take(struct sy_op *op, enum sy_side side, json_object *tree); /* keep an answer's object, NULL: none */
/* [{"op": op, "path": path, "value": value}, ...]; value is put, NULL = without. 0 or -ENOMEM. */
int sy_patch_add(json_object *patch, const char *op, const char *path, json_object *value);

/* The body that an upstream object asks for downstream (5.2). *ret_body is new. */
int sy_op_body(const struct sy_object *object, json_object *up, json_object **ret_body, struct sy_error *err);
/* Merge patch that takes our marks off an object or namespace. 0 or -1. */
int sy_orphan_patch(const struct sy_engine *engine, const char *uid, json_object **ret_patch); /* remove.c */

/* The actions. 1: a request is under way or the op is gone; 0: done without one, decide again. */
int sy_do_get_up(struct sy_op *op);					 /* up.c */
int sy_do_add_finalizer(struct sy_op *op);				 /* up.c */
int sy_do_release(struct sy_op *op);					 /* up.c */
bool sy_is_finalizer(const struct sy_engine *engine, json_object *item); /* up.c: ours */
int sy_do_status(struct sy_op *op);					 /* status.c */
int sy_do_reset(struct sy_op *op);    /* status.c: take off what we mirrored; the eviction of an object that stays */
int sy_do_get_down(struct sy_op *op); /* down.c */
int sy_do_create(struct sy_op *op);   /* down.c */
int sy_do_rename(struct sy_op *op);   /* down.c */
int sy_do_apply(struct sy_op *op);    /* down.c */
int sy_do_delete(struct sy_op *op);   /* remove.c */
int sy_do_orphan(struct sy_op *op);   /* remove.c */

/* namespaces.c: the table of namespaces and its reflector */
int sy_namespaces_start(struct sy_engine *engine, struct sy_error *err);
void sy_namespaces_done(struct sy_engine *engine);
struct sy_namespace *sy_namespace_of(struct sy_engine *engine, const char *up);	       /* made when absent, NULL: errno ENOMEM, EINVAL */
struct sy_namespace *sy_namespace_of_down(struct sy_engine *engine, const char *down); /* NULL: not one of ours */
void sy_namespace_observe(struct sy_namespace *ns, json_object *tree);
void sy_namespace_gone(struct sy_namespace *ns); /* positively */
void sy_namespace_wait(struct sy_namespace *ns, struct sy_object *object);
void sy_namespace_unwait(struct sy_object *object);
void sy_namespace_wake(struct sy_namespace *ns); /* queue the objects that wait for it */
/* The object has or will have a copy in its namespace, or not: users of it keep it. */
void sy_namespace_use(struct sy_object *object, bool use);
/* A copy is in it. When nobody has told of the namespace it is looked at: it may have lost its marks while nobody watched. */
void sy_namespace_inhabited(struct sy_namespace *ns);
size_t sy_namespaces_present(struct sy_engine *engine);		 /* downstream, as far as we were told */
void sy_namespace_at(struct sy_namespace *ns, int64_t delay_ms); /* look at it then; -1 = stop */

/* namespace_make.c: create, adopt, repair */
/* True when objects can be created in it now; else work towards that has been started (or has failed: state). */
bool sy_namespace_ensure(struct sy_namespace *ns);
void sy_namespace_tell(const struct sy_namespace *ns, const char *reason, const char *message); /* a user: a warning about it */
void sy_namespace_missing(struct sy_namespace *ns);						/* a server said it is not there */
void sy_namespace_terminating(struct sy_namespace *ns);
void sy_namespace_look(struct sy_namespace *ns);   /* GET it */
void sy_namespace_repair(struct sy_namespace *ns); /* put lost marks back */
void sy_namespace_tick(struct sy_namespace *ns);   /* its time has come */
int sy_namespace_request(struct sy_namespace *ns, const char *method, json_object *body, const char *content_type,
			 sy_kube_done_fn *done);				       /* puts body. 0, or negative: its timer runs */
void sy_namespace_retry(struct sy_namespace *ns, const struct sy_kube_result *result); /* back off */

/* namespace_clean.c: remove what is no longer used */
bool sy_namespace_unneeded(const struct sy_namespace *ns);
void sy_namespace_review(struct sy_namespace *ns); /* plan its clean-up, or forget it; may free it */
void sy_namespaces_review(struct sy_engine *engine);
void sy_namespaces_hurry(struct sy_engine *engine); /* try again now what waits after a failure */
void sy_namespace_clean(struct sy_namespace *ns);   /* its time has come */

/* report.c */
bool sy_engine_drained(struct sy_engine *engine);

#endif
