/* What to do next for one object: a pure function of what is known of both sides (syncerd-rules(7) 7.2). Every action can be repeated
 * after a crash at any instruction. */
#ifndef SY_WORKERS_STEP_H
#define SY_WORKERS_STEP_H

#include <stdbool.h>

#include "object.h"
#include "proto/plan.h"

enum sy_action {
	SY_ACT_NONE = 0,       /* nothing to do now */
	SY_ACT_FORGET,	       /* nothing left on either side */
	SY_ACT_GET_UP,	       /* presence upstream is a guess */
	SY_ACT_GET_DOWN,       /* presence downstream is a guess */
	SY_ACT_ADD_FINALIZER,  /* upstream, before anything is created */
	SY_ACT_CREATE,	       /* POST downstream */
	SY_ACT_RENAME,	       /* managedFields Update -> Apply, once, before the first apply */
	SY_ACT_APPLY,	       /* forced server-side apply */
	SY_ACT_STATUS,	       /* write status upstream */
	SY_ACT_RESET,	       /* take our status off upstream */
	SY_ACT_DELETE,	       /* downstream, with preconditions */
	SY_ACT_ORPHAN,	       /* take our marks off downstream */
	SY_ACT_RELEASE,	       /* take our finalizer off upstream */
	SY_ACT_AWAIT_DELETION, /* nothing but to wait, with a GET as fallback */
	SY_ACT_MAX
};
const char *sy_action_name(enum sy_action action);

struct sy_facts {
	bool ready; /* complete lists of both sides and of the namespaces */
	bool paused, drain;
	bool orphan;	    /* with drain or removed: let copies go instead of deleting them */
	bool upstream_gone; /* drain without the upstream side */
	bool removed;	    /* resource: its copies go, or are let go */
	bool absent;	    /* resource: the cluster does not serve it, so nothing of it is there */
	bool finalize;	    /* resource takes finalizers (not claimed) */
	bool broken;	    /* the content of one side cannot be read: nothing can be written for it, but it can go */
	bool held;	    /* deletion for (c), (d), (g) must wait, for a moment or for an approval (7.1); seam of the mass guard */
	enum sy_presence up;
	bool up_deleting, finalizer, soft, leave;
	bool full; /* no room for our finalizer */
	enum sy_presence down;
	bool down_deleting;
	bool check_down;
	bool in_step;	/* our fields downstream are as upstream asks */
	bool permanent; /* the last create or apply of this body was refused for good */
	bool contended; /* corrected too often: not now */
	bool rename;	/* our fields still belong to operation Update */
	bool status_due;
	bool reset; /* an eviction: upstream still shows the status that we mirrored, and stays */
};

enum sy_action sy_step(const struct sy_facts *facts);

#endif
