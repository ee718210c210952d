/* The APIExports that this SyncTarget supports, and their endpoint slices (syncerd-rules(7) 4.1 steps 2 and 3): one reflector for each, for
 * ever. Knowledge only grows or is replaced: an answer that is an error changes `state`, never facts or URLs.
 *
 * An export is the object <name> of one logical cluster, whatever the SyncTarget calls that cluster: entries that turn out to be the same
 * are one, shown once. An export that is no longer named under any spelling stays in force for a grace time, and for as long as some entry
 * of the SyncTarget was never read, which might be its new spelling; then it is retired, and its consumers drain. */
#ifndef SY_SUPERVISOR_EXPORTS_H
#define SY_SUPERVISOR_EXPORTS_H

#include "kube/client.h"
#include "supervisor/discovery/facts.h"

#define SY_MAX_EXPORTS 32 /* maxItems of spec.supportedAPIExports */

enum sy_export_state {
	SY_EXPORT_PENDING = 0, /* not read yet */
	SY_EXPORT_READY,       /* read, and the watch is healthy */
	SY_EXPORT_NOT_FOUND,   /* a complete answer says that it does not exist, or that its workspace does not */
	SY_EXPORT_FORBIDDEN,   /* 401 or 403 */
	SY_EXPORT_FAILING,     /* unreachable or broken answers */
	SY_EXPORT_STATE_MAX
};

struct sy_export {
	char *path; /* as the SyncTarget has it; "" = own workspace */
	char *name;
	char *workspace; /* path or logical cluster that requests go to */
	char *label;	 /* "<path>:<export>": for people, and the order among exports */
	enum sy_export_state state;
	bool known;		  /* facts are there */
	bool named;		  /* in the SyncTarget now */
	bool alias;		  /* another entry stands for the same export: not shown, nobody refers to it */
	bool retired;		  /* no longer in the SyncTarget for good; kept until its consumers are drained */
	int64_t added_ms;	  /* when this spelling was first named, in loop time */
	int64_t unnamed_since_ms; /* when the grace time began, 0 = it does not run */
	uint64_t serial;	  /* age */
	struct sy_export_facts facts;
	enum sy_export_state slice_state;
	struct sy_strv urls; /* of the last complete answer; none is a normal state */
	struct sy_export_watch *watch;
};

/* Where the rest of the export is to be read: its logical cluster once that is known, else what the SyncTarget says. */
const char *sy_export_place(const struct sy_export *export);

struct sy_exports;

/* kube is borrowed, base (URL before /clusters/) copied; changed may run several times per loop iteration. */
int sy_exports_new(struct sy_exports **ret_exports, struct sy_loop *loop, struct sy_kube *kube, const char *base, sy_loop_fn *changed,
		   void *arg, struct sy_error *err);
void sy_exports_free(struct sy_exports *exports); /* accepts NULL */

/* Follow spec.supportedAPIExports (array of {path, export}; NULL = none) of the SyncTarget in own_workspace. Entries that stay keep their
 * state; what becomes of entries that went away is decided by sy_exports_settle. */
int sy_exports_set(struct sy_exports *exports, const char *own_workspace, json_object *supported, struct sy_error *err);

/* Whatever belongs to from belongs to into now: they are one export. */
typedef void sy_exports_merge_fn(void *arg, struct sy_export *from, struct sy_export *into);
struct sy_exports_settling {
	int64_t grace_ms; /* between the last naming and retirement */
	bool leaving;	  /* the SyncTarget is being deleted: no grace */
	sy_exports_merge_fn *merge;
	void *arg;
};
/* Merge what has turned out to be the same, and retire what is no longer named. To be called after every change. Returns the loop time at
 * which something changes by itself, INT64_MAX = never. */
int64_t sy_exports_settle(struct sy_exports *exports, const struct sy_exports_settling *how);
/* Some entry of the SyncTarget was never read. */
bool sy_exports_unresolved(const struct sy_exports *exports);
/* Forget a retired export. */
void sy_exports_forget(struct sy_exports *exports, struct sy_export *export);

/* Each export once, in the order of label. Borrowed; pointers stay valid until the export is forgotten. */
size_t sy_exports_count(const struct sy_exports *exports);
struct sy_export *sy_exports_at(const struct sy_exports *exports, size_t index);

/* Read now instead of at the end of a back-off. */
void sy_exports_kick(struct sy_exports *exports);

/* Knowledge that did not come by request (unit tests; then kube may be NULL): an APIExport as read. */
int sy_exports_learn(struct sy_exports *exports, const char *path, const char *name, json_object *object, struct sy_export **ret_export,
		     struct sy_error *err);

#endif
