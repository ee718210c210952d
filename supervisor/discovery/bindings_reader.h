/* Inside of bindings: the table and its readers. Only bindings*.c include this. */
#ifndef SY_SUPERVISOR_BINDINGS_READER_H
#define SY_SUPERVISOR_BINDINGS_READER_H

#include "kube/reflector.h"
#include "supervisor/discovery/bindings.h"

/* One wildcard reflector: one virtual workspace URL of one export. */
struct sy_bindings_reader {
	struct sy_bindings *owner;
	struct sy_export *export;
	char *url;
	struct sy_reflector *reflector;
	bool listed;	       /* a complete list was read */
	int64_t lost_since_ms; /* the slice does not name the URL any more, 0 = it does */
	/* Of a retired export only: */
	int64_t refused_since_ms; /* it cannot be read, and not for a passing reason; 0 = else */
	bool probed;		  /* export or slice cannot be read, so the URL was read anew: an open watch proves nothing */
	bool given_up;		  /* refused for so long that its consumers count as gone; until it can be read or is named again */
};

/* A logical cluster of which not all bindings are held, as the lists of one URL showed. */
struct sy_full_cluster {
	char *cluster;
	char *url;
	struct sy_export *export; /* whose URL it is */
	bool unread;		  /* not for want of room: one cannot be read */
	bool in_list;		  /* the list under way, or the last one, shows more than there is room for */
	bool several;		  /* more than one cannot be read */
	bool deleting;		  /* the last one of those that was shown has a deletionTimestamp */
	char *name;		  /* of the first one of this list that cannot be read; NULL = none */
};

struct sy_bindings {
	struct sy_loop *loop;
	struct sy_kube *kube;
	const struct sy_timings *timings;
	sy_loop_fn *changed;
	void *arg;
	struct sy_timer *tick;
	int64_t tick_at_ms;
	struct sy_binding **items;
	size_t count;
	struct sy_bindings_reader **readers;
	size_t reader_count;
	struct sy_strv allowed; /* claims that can be in force */
	bool limited;		/* allowed counts */
	struct sy_strv untaken; /* URLs of which some binding could not be taken */
	struct sy_strv cut;	/* the same for the list under way, or the last one */
	bool untaken_lost;	/* and once even that could not be noted: nothing is complete any more */
	struct sy_full_cluster *full;
	size_t full_count;
};

/* Make sure that the tick runs within delay_ms. */
void sy_bindings_plan_tick(struct sy_bindings *bindings, int64_t delay_ms);
void sy_bindings_close_readers(struct sy_bindings *bindings, const struct sy_export *export);
void sy_bindings_merge_readers(struct sy_bindings *bindings, const struct sy_export *from, struct sy_export *into);

/* Index of the first record of a cluster, or of where it would be. */
size_t sy_bindings_first_of(const struct sy_bindings *bindings, const char *cluster);
/* What is known of the lists of a URL is of no use any more. */
void sy_bindings_forget_url(struct sy_bindings *bindings, const char *url);

/* bindings_retired.c */
bool sy_bindings_readable(const struct sy_export *export); /* and its slice */
/* Time, or an export, has moved on: give up what has been out of reach for long, take back what is named again. */
void sy_bindings_look_at_retired(struct sy_bindings *bindings);

/* bindings_room.c */
/* May one more binding be held? 1 = yes, 0 = its cluster has too many (noted), negative: not even that could be noted, or all are too many. */
int sy_bindings_admit(struct sy_bindings *bindings, struct sy_export *export, const struct sy_binding_facts *facts, const char *url,
		      struct sy_error *err);
/* One of the cluster's bindings cannot be read: it is there, and what it says is not known, but perhaps that it is being deleted. 0, or
 * negative: that could not be noted. */
struct sy_unread_binding {
	const char *cluster, *name;
	bool deleting;
};
int sy_bindings_note_unread(struct sy_bindings *bindings, struct sy_export *export, const struct sy_unread_binding *binding,
			    const char *url, struct sy_error *err);
void sy_bindings_room_begin(struct sy_bindings *bindings, const char *url); /* of a list */
void sy_bindings_room_end(struct sy_bindings *bindings, const char *url);   /* of a complete one */
void sy_bindings_room_close(struct sy_bindings *bindings, const char *url); /* the URL is not read any more */
void sy_bindings_room_merge(struct sy_bindings *bindings, const struct sy_export *from, struct sy_export *into);
void sy_bindings_room_done(struct sy_bindings *bindings);

/* bindings_claims.c */
/* Keep the list of lost claims in step with new facts (not yet those of binding); times of claims that stay lost are kept. */
int sy_binding_update_losses(struct sy_bindings *bindings, struct sy_binding *binding, const struct sy_binding_facts *facts,
			     struct sy_error *err);
void sy_binding_losses_free(struct sy_claim_loss *losses, size_t count);

#endif
