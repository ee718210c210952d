/* Keeps a caller informed about one collection: list, then watch, for ever, with its own back-off.
 *
 * Initial state by a streaming list (sendInitialEvents) where the server offers it, else by a paged list and a watch; afterwards resumes
 * from the last resourceVersion; bookmarks advance it; 410 (as answer or ERROR event), resourceVersions from the future and a stream
 * without any byte for longer than the bookmark deadline lead to a new list; 429/5xx/broken streams lead to back-off. Lists and streams are
 * parsed item by item, so memory is bounded by the largest single object.
 *
 * An object above SY_MAX_OBJECT_BYTES, or one that the strict JSON parser refuses, is handed to `broken` with what could be read of it, and
 * the collection goes on. For an owner without `broken` it is never skipped, since a list without it would make it look deleted: while it
 * exists, no list that holds it becomes complete; the reflector is FAILING (TooLarge, or Unreachable with the place of the fault), tries a new
 * list after back-off (30 s at most) and never calls `synced`. After TooLarge lists are paged for good.
 *
 * Refusals (401, 403, 429, 5xx) and broken streams keep the place: the watch resumes. The first break of a stream that worked, and the first
 * 410, are normal life and not reported as FAILING.
 */
#ifndef SY_KUBE_REFLECTOR_H
#define SY_KUBE_REFLECTOR_H

#include "kube/client.h"
#include "kube/gvr.h"

struct sy_reflector;

enum sy_reflector_event { SY_ADDED = 0, SY_MODIFIED, SY_DELETED, SY_REFLECTOR_EVENT_MAX };

enum sy_reflector_state {
	SY_REFLECTOR_STARTING = 0, /* never had a complete list */
	SY_REFLECTOR_SYNCED,	   /* had a complete list and the watch is open or being resumed */
	SY_REFLECTOR_FAILING,	   /* the last attempt failed; see last verdict */
	SY_REFLECTOR_STATE_MAX
};

/* An object that cannot be taken in. Borrowed, valid during the call. */
struct sy_reflector_broken {
	enum sy_reflector_event type; /* as for event */
	json_object *about;	      /* kube/about.h; NULL: not even its name can be read */
	bool whole;		      /* about has all of the object's metadata that matters, else name and namespace only */
	const struct sy_error *why;   /* code EMSGSIZE: above the limit; EINVAL: refused */
};

struct sy_reflector_ops {
	/* A full list begins: objects reported from here to `synced` are the whole collection. */
	void (*begin)(void *arg);
	/* One object. During a list the type is SY_ADDED also for objects that are known. object is borrowed and valid during the call; raw is
	 * its JSON text of raw_len bytes. For SY_DELETED the object is its last state; it may come during a streaming list too and then
	 * takes back an earlier SY_ADDED. The same object may be reported more than once during a list. */
	void (*event)(void *arg, enum sy_reflector_event type, json_object *object, const char *raw, size_t raw_len);
	/* The list is complete: whatever was not reported since `begin` was absent at that moment. Called only after a whole list was read. */
	void (*synced)(void *arg);
	/* The state or the verdict changed. result is NULL when the change is for the better. */
	void (*state)(void *arg, enum sy_reflector_state state, const struct sy_kube_result *result);
};

struct sy_reflector_spec {
	const char *base; /* URL, NULL = the client's server */
	struct sy_gvr gvr;
	const char *ns;		    /* NULL = all */
	const char *label_selector; /* unescaped; NULL = none */
	const char *field_selector;
	bool paged_only;	      /* never try sendInitialEvents */
	int64_t bookmark_deadline_ms; /* 0 = 150 s */
	/* See above; NULL: such an object stops the collection. Called between begin and synced, too: the object is a part of the list. An owner
	 * that cannot tell which one it was must not take what it did not see in the list for absent. */
	void (*broken)(void *arg, const struct sy_reflector_broken *broken);
};

/* All strings are copied. Starts at once. The callbacks come from the loop. */
int sy_reflector_new(struct sy_reflector **ret_reflector, struct sy_kube *kube, const struct sy_reflector_spec *spec,
		     const struct sy_reflector_ops *ops, void *arg, struct sy_error *err);
void sy_reflector_free(struct sy_reflector *reflector); /* accepts NULL; may be called from a callback */
/* Retry now instead of at the end of a back-off (new credentials, resource served again). */
void sy_reflector_kick(struct sy_reflector *reflector);
/* Read a whole new list. */
void sy_reflector_relist(struct sy_reflector *reflector);

enum sy_reflector_state sy_reflector_state(const struct sy_reflector *reflector);
enum sy_kube_verdict sy_reflector_verdict(const struct sy_reflector *reflector); /* of the last attempt */
const char *sy_reflector_message(const struct sy_reflector *reflector);		 /* "" or the last failure, without secrets */
/* Loop time of the last byte received (event or bookmark), 0 = never. */
int64_t sy_reflector_last_heard_ms(const struct sy_reflector *reflector);

#endif
