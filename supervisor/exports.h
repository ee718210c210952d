/* The APIExports that this SyncTarget supports, and their endpoint slices (synctarget.md 4.1 steps 2 and 3): one reflector for each, for
 * ever. Knowledge only grows or is replaced: an answer that is an error changes `state`, never facts or URLs. */
#ifndef SY_SUPERVISOR_EXPORTS_H
#define SY_SUPERVISOR_EXPORTS_H

#include "kube/client.h"
#include "supervisor/facts.h"

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
	bool known;   /* facts are there */
	bool retired; /* no longer in the SyncTarget; kept until its consumers are drained */
	struct sy_export_facts facts;
	enum sy_export_state slice_state;
	struct sy_strv urls; /* of the last complete answer; none is a normal state */
	struct sy_export_watch *watch;
};

struct sy_exports;

/* kube is borrowed, base (URL before /clusters/) copied; changed may run several times per loop iteration. */
int sy_exports_new(struct sy_exports **ret_exports, struct sy_loop *loop, struct sy_kube *kube, const char *base, sy_loop_fn *changed,
		   void *arg, struct sy_error *err);
void sy_exports_free(struct sy_exports *exports); /* accepts NULL */

/* Follow spec.supportedAPIExports (array of {path, export}; NULL = none) of the SyncTarget in own_workspace. Entries that stay keep their
 * state; entries that went away become retired. */
int sy_exports_set(struct sy_exports *exports, const char *own_workspace, json_object *supported, struct sy_error *err);
/* Forget a retired export. */
void sy_exports_forget(struct sy_exports *exports, struct sy_export *export);

/* In the order of label. Borrowed; pointers stay valid until the export is forgotten. */
size_t sy_exports_count(const struct sy_exports *exports);
struct sy_export *sy_exports_at(const struct sy_exports *exports, size_t index);

/* Read now instead of at the end of a back-off. */
void sy_exports_kick(struct sy_exports *exports);

/* Knowledge that did not come by request (unit tests; then kube may be NULL): an APIExport as read. */
int sy_exports_learn(struct sy_exports *exports, const char *path, const char *name, json_object *object, struct sy_export **ret_export,
		     struct sy_error *err);

#endif
