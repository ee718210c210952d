/* What the engine's files share. The map of the files is in README.md. */
#ifndef SY_WORKERS_INTERNAL_H
#define SY_WORKERS_INTERNAL_H

#include <sys/tree.h>

#include "base/log.h"
#include "body.h"
#include "engine.h"
#include "events.h"
#include "hand.h"
#include "kcp/ids.h"
#include "kube/reflector.h"
#include "names.h"
#include "queue.h"
#include "step.h"
#include "table.h"

#define SY_STATUS_INTERVAL_MS 500
#define SY_TRANSIENT_MS 30000	  /* 403 and 404 upstream mean nothing during the first seconds of a binding */
#define SY_DELETION_CHECK_MS 2000 /* first GET when no DELETED event comes */

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
	unsigned in_progress;
	int64_t born_ms;
	bool ready;    /* keys may be processed */
	bool stopping; /* no longer in the plan: freed when nothing is in progress */
};
TAILQ_HEAD(sy_resource_list, sy_resource);

/* A resource that is no longer planned (retired.c). */
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
	size_t objects; /* in the tables, they point here */
	size_t users;	/* of them, those that have or will have a copy in it */
	int64_t due_ms; /* loop time at which sy_namespace_tick runs, 0 = never */
	unsigned failures;
	unsigned check;	     /* next resource to look at during a clean-up */
	uint64_t check_plan; /* generation in which it began */
	enum sy_namespace_state state;
	bool seen;   /* in the list being read */
	bool repair; /* marks were lost */
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
	bool park; /* wait in the namespace's list */
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
	struct sy_resource_list resources, stopping;
	struct sy_retired_list retired;
	struct sy_namespaces namespaces;
	struct sy_queue queue;
	struct sy_op_list in_progress;
	unsigned in_progress_count;
	struct sy_hand_budget budget;
	struct sy_events *events;
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

/* resource.c: life of a planned resource and its reflectors */
int sy_resource_new(struct sy_resource **ret_resource, struct sy_engine *engine, const struct sy_plan_resource *rule, struct sy_error *err);
void sy_resource_free(struct sy_resource *resource); /* nothing may be in progress */
/* Open the reflectors that the plan and the state of the lists ask for, close the others. */
int sy_resource_follow(struct sy_resource *resource, struct sy_error *err);
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
void sy_observe_absent(struct sy_object *object, enum sy_side side);
/* True when an object read downstream may be ours; see synctarget.md 5.3. */
bool sy_observe_ours(const struct sy_object *object, json_object *tree);
/* Hash the status again after the generations or upstream's status changed. */
void sy_observe_status(struct sy_object *object, json_object *down);
/* key of an event's object; false when it is not synced (excluded, odd name). key has SY_KEY_TEXT_MAX bytes. */
bool sy_observe_key_up(struct sy_resource *resource, json_object *tree, char *key);
bool sy_observe_key_down(struct sy_resource *resource, json_object *tree, char *key);
uint64_t sy_observe_rv(json_object *tree);

/* flow.c: from facts to requests */
enum sy_action sy_flow_action(const struct sy_object *object);
/* Something about the object is new: queue it when there is something to do. May free it when nothing is left of it. */
bool sy_flow_status_due(const struct sy_object *object);
void sy_flow_consider(struct sy_object *object, bool fresh);
void sy_flow_run(struct sy_engine *engine); /* start what the queue and the limit allow */
void sy_flow_next(struct sy_op *op);	    /* after an answer */
void sy_flow_end(struct sy_op *op);	    /* nothing more to do now; op is gone */
/* The action failed: back off, or give up until something changes. op is gone. message may be NULL: no event. */
void sy_flow_fail(struct sy_op *op, enum sy_reason reason, bool permanent, int64_t retry_after_ms, const char *message);
/* The usual reaction to an answer that no case of the caller explains. op is gone. */
void sy_flow_refused(struct sy_op *op, enum sy_side side, const struct sy_kube_result *result);
void sy_flow_cancel_all(struct sy_engine *engine);
void sy_flow_tick(struct sy_engine *engine); /* timers */

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
/* In each done function first: the request is no more, and the side has been heard in this list. */
void sy_op_answered(struct sy_op *op, enum sy_side side);
/* False when an event has overtaken the answer: what the event said is newer, and no further event will repeat it. */
bool sy_op_news(const struct sy_op *op, enum sy_side side, const struct sy_kube_result *result);
void sy_op_take(struct sy_op *op, enum sy_side side, json_object *tree); /* keep an answer's object */
/* [{"op": op, "path": path, "value": value}, ...]; value is put, NULL = without. 0 or -ENOMEM. */
int sy_patch_add(json_object *patch, const char *op, const char *path, json_object *value);

/* The body that an upstream object asks for downstream (5.2). *ret_body is new. */
int sy_op_body(const struct sy_object *object, json_object *up, json_object **ret_body, struct sy_error *err);
/* Merge patch that takes our marks off an object or namespace. 0 or -1. */
int sy_orphan_patch(const struct sy_engine *engine, const char *uid, json_object **ret_patch); /* remove.c */

/* The actions. 1: a request is under way or the op is gone; 0: done without one, decide again. */
int sy_do_get_up(struct sy_op *op);	   /* up.c */
int sy_do_add_finalizer(struct sy_op *op); /* up.c */
int sy_do_release(struct sy_op *op);	   /* up.c */
int sy_do_status(struct sy_op *op);	   /* status.c */
int sy_do_get_down(struct sy_op *op);	   /* down.c */
int sy_do_create(struct sy_op *op);	   /* down.c */
int sy_do_rename(struct sy_op *op);	   /* down.c */
int sy_do_apply(struct sy_op *op);	   /* down.c */
int sy_do_delete(struct sy_op *op);	   /* remove.c */
int sy_do_orphan(struct sy_op *op);	   /* remove.c */

/* namespaces.c: the table of namespaces and its reflector */
int sy_namespaces_start(struct sy_engine *engine, struct sy_error *err);
void sy_namespaces_done(struct sy_engine *engine);
struct sy_namespace *sy_namespace_of(struct sy_engine *engine, const char *up);	       /* made when absent, NULL: memory, bad name */
struct sy_namespace *sy_namespace_of_down(struct sy_engine *engine, const char *down); /* NULL: not one of ours */
void sy_namespace_observe(struct sy_namespace *ns, json_object *tree);
void sy_namespace_gone(struct sy_namespace *ns); /* positively */
void sy_namespace_wait(struct sy_namespace *ns, struct sy_object *object);
void sy_namespace_unwait(struct sy_object *object);
void sy_namespace_wake(struct sy_namespace *ns); /* queue the objects that wait for it */
/* The object has or will have a copy in its namespace, or not: users of it keep it. */
void sy_namespace_use(struct sy_object *object, bool use);
size_t sy_namespaces_present(struct sy_engine *engine);		 /* downstream, as far as we were told */
void sy_namespace_at(struct sy_namespace *ns, int64_t delay_ms); /* look at it then; -1 = stop */

/* namespace_make.c: create, adopt, repair */
/* True when objects can be created in it now; else work towards that has been started (or has failed: state). */
bool sy_namespace_ensure(struct sy_namespace *ns);
void sy_namespace_missing(struct sy_namespace *ns); /* a server said it is not there */
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
void sy_namespace_clean(struct sy_namespace *ns); /* its time has come */

/* report.c */
bool sy_engine_drained(struct sy_engine *engine);

#endif
