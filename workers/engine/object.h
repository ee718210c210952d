/* What the engine remembers of one object: key, identities, versions, hashes, back-off. Never content: bodies live for one event, or for
 * a short while in a hand (hand.h). At most 400 bytes with a 40-byte key (tests/unit/workers/test_engine_table.c holds us to it). */
#ifndef SY_WORKERS_OBJECT_H
#define SY_WORKERS_OBJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/hash.h"

struct sy_hand;
struct sy_namespace;
struct sy_op;
struct sy_resource;

#define SY_UID_MAX 37	  /* a canonical UUID and its NUL; longer uids are refused */
#define SY_OBJECT_NONE -1 /* an index into a list of the object that is not known */

/* What is known of one side. */
enum sy_presence {
	SY_UNSEEN = 0, /* never reported; when the lists are complete: not there, as far as lists tell */
	SY_PRESENT,
	SY_MAYBE,   /* was there; absent from a complete list, or out of a selected watch: only a GET by name tells */
	SY_ABSENT,  /* positive knowledge: 404 NotFound, a DELETE that says so; upstream also DELETED */
	SY_FOREIGN, /* downstream only: there, and not ours */
	SY_PRESENCE_MAX
};

enum sy_place { SY_NOWHERE = 0, SY_IN_FRESH, SY_IN_BACKLOG, SY_IN_NAMESPACE, SY_IN_PROGRESS, SY_PLACE_MAX };

/* Why an object is not in step (syncerd-rules(7) 2.4, 5.6). */
enum sy_reason {
	SY_REASON_NONE = 0,
	SY_REASON_SCHEMA_MISMATCH,
	SY_REASON_INVALID,
	SY_REASON_INVALID_NAME,
	SY_REASON_TOO_LARGE,
	SY_REASON_UNAUTHORIZED,
	SY_REASON_FOREIGN,
	SY_REASON_NAME_COLLISION,
	SY_REASON_STATUS_REJECTED,
	SY_REASON_SOFT_FINALIZERS,
	SY_REASON_NOT_SERVED,
	SY_REASON_UP_FORBIDDEN,
	SY_REASON_TERMINATING, /* namespace, or a foreign finalizer downstream */
	SY_REASON_CONTENDED,   /* another controller insists on something else */
	SY_REASON_HELD,	       /* by the guard against mass deletion */
	SY_REASON_TRANSIENT,
	SY_REASON_MAX
};
const char *sy_reason_name(enum sy_reason reason);
/* Such a failure, which has lasted for this time, lowers the state of the workspace: the passing ones only when they do not pass. */
bool sy_reason_shows(enum sy_reason reason, int64_t lasts_ms);
#define SY_LASTING_MS 180000

struct sy_object {
	struct sy_object *next;	     /* chain of the table */
	TAILQ_ENTRY(sy_object) link; /* of the list that `place` names */
	struct sy_resource *resource;
	struct sy_namespace *ns; /* NULL: cluster-scoped */
	struct sy_op *op;	 /* while in progress */
	struct sy_hand *hand;	 /* bodies not yet used, or NULL */
	int64_t due_ms;		 /* of the timer, while heap_index is set */
	int64_t since_ms;	 /* of the oldest change not yet applied, 0 = none */
	int64_t up_generation, down_generation;
	int64_t applied_up, applied_down; /* the generations that belong together: at the last apply (6.2) */
	uint64_t up_rv, down_rv;	  /* 0: unknown or not a number */
	struct sy_hash desired;		  /* body that upstream asks for */
	struct sy_hash owned;		  /* what of it is ours downstream; unknown without managedFields */
	struct sy_hash written;		  /* pair (desired, owned) after the last write */
	struct sy_hash status;		  /* downstream status as it should stand upstream; unknown: absent, or needs upstream's */
	struct sy_hash up_status;	  /* status upstream now */
	struct sy_hash sent;		  /* pair (status, up_status) after the last status write */
	uint64_t status_core;		  /* first half of the hash of the status without observedGeneration */
	uint64_t sent_core;		  /* the same of the last status write */
	uint32_t heap_index;		  /* in the timer heap + 1, 0 = no timer */
	union {				  /* low bits of a loop time: */
		uint32_t status_ms;	  /* of the last status write, */
		uint32_t vanished_ms;	  /* and while up_vanished, when none can be, of its end upstream */
	};
	uint32_t retry_ms; /* the same of when a refusal for good is put to the test again */
	uint32_t fight_ms; /* the same of the first of the corrections; while contended: of the next one */
	uint16_t failures;
	uint8_t reason;				    /* enum sy_reason */
	uint8_t failed_action;			    /* enum sy_action that waits for its back-off */
	uint8_t up, down;			    /* enum sy_presence */
	uint8_t place;				    /* enum sy_place */
	uint8_t up_epoch, down_epoch;		    /* list in which it was last reported */
	uint8_t up_answer_epoch, down_answer_epoch; /* list during which a request last told its state */
	int16_t finalizer_index;		    /* of our finalizer upstream (the first), or SY_OBJECT_NONE */
	uint8_t corrections;			    /* of drift, within SY_FIGHT_MS */
	int8_t update_index;			    /* of managedFields entry syncerd/Update downstream, or SY_OBJECT_NONE */
	bool up_deleting : 1;
	bool up_vanished : 1; /* counted by the guard (guard.h) */
	bool up_soft : 1;     /* soft finalizers annotation is not empty */
	bool up_leave : 1;    /* not for this target: deletion annotation, state labels, or another target's finalizer */
	bool up_shared : 1;   /* state labels give it to several targets: none writes its status */
	bool up_full : 1;     /* has so many finalizers that ours is not added */
	bool down_deleting : 1;
	bool down_copied : 1;  /* our labels, but it was not we who set them */
	bool down_removed : 1; /* the last copy goes, or went, because we deleted it: to make one again is no correction */
	bool permanent : 1;    /* the last write cannot succeed until the body changes */
	bool contended : 1;    /* corrected too often: waits (fight.c) */
	bool check_down : 1;   /* a timer asks for a GET downstream */
	bool has_status : 1;   /* downstream */
	bool status_lower : 1; /* some observedGeneration is older than the last apply: needs upstream's value */
	bool status_all_lower : 1;
	bool status_rejected : 1;
	bool status_tested : 1; /* a status write failed without a cause, upstream has been read since */
	bool status_reset : 1;	/* was taken off, or cannot be: what stands there now is the schema's, or another's */
	bool up_broken : 1;	/* its content cannot be read: only its metadata is known */
	bool down_broken : 1;
	bool too_large : 1;	/* that is why */
	bool status_unread : 1; /* the hash belongs to older generations: read downstream */
	bool uses_ns : 1;	/* counted in ns->users */
	bool literal : 1;	/* key is "=<downstream name>": nothing upstream maps to it */
	char up_uid[SY_UID_MAX], down_uid[SY_UID_MAX];
	char key[]; /* "ns/name" or "name", upstream names */
};

/* The name part of a key. */
const char *sy_object_name(const struct sy_object *object);

#endif
