/* Who consumes the supported exports: a wildcard reflector of APIBindings for each virtual workspace URL (syncerd-rules(7) 4.1 step 5), and
 * the rules by which a consumer counts as gone (4.3): DELETED, absence from two complete lists 60 s apart, or an endpoint slice that has
 * been without the URL for 60 s while its export is readable. Errors never remove anything, with one exception: a URL of a retired export
 * that has answered 403 or 404 for 60 s.
 *
 * A record of a binding that is gone stays, marked, until its tenant has been drained and sy_bindings_forget is called. */
#ifndef SY_SUPERVISOR_BINDINGS_H
#define SY_SUPERVISOR_BINDINGS_H

#include "base/limits.h"
#include "supervisor/discovery/exports.h"
#include "supervisor/timings.h"

/* Of all logical clusters, and of one. The last SY_CLUSTER_SHARE places of each are nobody else's: when the others are taken, a cluster that
 * has so many already gets no more. */
#define SY_MAX_BINDINGS (SY_MAX_WORKERS * 8)
#define SY_MAX_CLUSTER_BINDINGS (SY_MAX_EXPORTS * 2)
#define SY_CLUSTER_SHARE 4

/* When a claim on a core resource was lost; the copies go after a grace time. It is in force while the export makes it, the consumer accepts
 * it, and our configuration allows it; whoever of the three ends it, it is lost. */
struct sy_claim_loss {
	char *resource;
	int64_t since_ms;
	bool was_in_force; /* before, in this run */
};

struct sy_binding {
	struct sy_binding_facts facts;
	struct sy_export *export;
	char *url;		  /* of the virtual workspace that showed it */
	bool gone;		  /* positive knowledge that it does not exist any more */
	bool elsewhere;		  /* its state labels name other SyncTargets only (4.5); set by who knows our key */
	bool shared;		  /* they name several */
	bool rest;		  /* of the planner: stands for what is not held of a cluster (struct sy_binding_rest) */
	bool seen;		  /* in the list under way or last complete list */
	bool deleted;		  /* DELETED while the cluster had more bindings than we hold: gone when it has not any more */
	int64_t missing_since_ms; /* first complete list without it, 0 = listed */
	struct sy_strv in_force;  /* claims on core resources */
	struct sy_claim_loss *losses;
	size_t loss_count;
};

struct sy_bindings;

int sy_bindings_new(struct sy_bindings **ret_bindings, struct sy_loop *loop, struct sy_kube *kube, const struct sy_timings *timings,
		    sy_loop_fn *changed, void *arg, struct sy_error *err);
void sy_bindings_free(struct sy_bindings *bindings); /* accepts NULL */

/* Claims on these core resources only can be in force (sync.allowClaims); before the first call all can. */
int sy_bindings_allow(struct sy_bindings *bindings, char *const *resources, size_t count, struct sy_error *err);

/* Open and close reflectors as the exports' URLs say. Call whenever the exports changed. */
int sy_bindings_follow(struct sy_bindings *bindings, const struct sy_exports *exports, struct sy_error *err);
/* The same for one event of one URL; the reflector's callbacks and the unit tests come in here. */
int sy_bindings_take(struct sy_bindings *bindings, struct sy_export *export, const char *url, bool deleted, json_object *object,
		     struct sy_error *err);
/* One that cannot be read; about: what can (kube/about.h), or NULL. What is known of it stays, and it is not gone for that; one that is not
 * known makes what is known of its cluster incomplete (sy_bindings_full), or the whole list where it names none. */
void sy_bindings_take_broken(struct sy_bindings *bindings, struct sy_export *export, const char *url, bool deleted, json_object *about);
void sy_bindings_list_begin(struct sy_bindings *bindings, struct sy_export *export, const char *url);
void sy_bindings_list_end(struct sy_bindings *bindings, struct sy_export *export, const char *url);
/* A binding of this URL could not be taken (no usable name, too many of all, no memory), and no whole list was since, from its beginning to
 * its end: its lists are not complete, and what they do not show is not gone. They are read again from time to time. */
bool sy_bindings_untaken(const struct sy_bindings *bindings, const char *url);
/* The logical cluster has more bindings than we hold for one, or one that cannot be read: what is known of it is not all, and nothing of it counts as gone. */
bool sy_bindings_full(const struct sy_bindings *bindings, const char *cluster);
/* And the reason is that one of them cannot be read. */
bool sy_bindings_unread(const struct sy_bindings *bindings, const char *cluster);
/* What is not held of a cluster, as one URL shows it: a binding that cannot be read, or several, or those for which there was no room.
 * Borrowed, valid until the next change. */
struct sy_binding_rest {
	const char *cluster;
	const char *url;
	struct sy_export *export;
	bool leaves;   /* it is being deleted, and there is no other, or its export is retired */
	bool deleting; /* the first of the two */
};
size_t sy_bindings_rests(const struct sy_bindings *bindings);
struct sy_binding_rest sy_bindings_rest(const struct sy_bindings *bindings, size_t index);
/* The cluster has such a rest, and all of it leaves. */
bool sy_bindings_rest_leaves(const struct sy_bindings *bindings, const char *cluster);
/* The URL is out of business for good: all its consumers are gone. */
void sy_bindings_url_gone(struct sy_bindings *bindings, struct sy_export *export, const char *url);

/* True when every URL of every export in `exports` was listed completely at least once and nothing fails now: only then does absence mean
 * anything (7.1 g). Retired exports need not be readable themselves, and URLs of theirs that are out of reach for good do not count. */
bool sy_bindings_complete(const struct sy_bindings *bindings, const struct sy_exports *exports);
/* True when some URL cannot be read now. */
bool sy_bindings_failing(const struct sy_bindings *bindings);
/* Worst verdict among the URLs, SY_KUBE_OK when all are fine. */
enum sy_kube_verdict sy_bindings_verdict(const struct sy_bindings *bindings);
/* Append the URLs that cannot be read now for this reason, each once; SY_KUBE_OK = for any. 0 or -ENOMEM. */
int sy_bindings_failing_urls(const struct sy_bindings *bindings, enum sy_kube_verdict verdict, struct sy_strv *urls);

/* Sorted by cluster. Borrowed, valid until the next change. */
size_t sy_bindings_count(const struct sy_bindings *bindings);
struct sy_binding *sy_bindings_at(const struct sy_bindings *bindings, size_t index);
bool sy_bindings_any_of(const struct sy_bindings *bindings, const struct sy_export *export); /* a record of this export exists */

/* Drop one record. */
void sy_bindings_forget_one(struct sy_bindings *bindings, struct sy_binding *binding);
/* Drop the records of a cluster that are gone. */
void sy_bindings_forget(struct sy_bindings *bindings, const char *cluster);
/* Two entries of the SyncTarget are one export: into takes over the records and readers of from. arg is the sy_bindings. */
void sy_bindings_merge(void *arg, struct sy_export *from, struct sy_export *into);
/* Drop all records and readers of an export. */
void sy_bindings_forget_export(struct sy_bindings *bindings, const struct sy_export *export);

#endif
