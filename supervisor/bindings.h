/* Who consumes the supported exports: a wildcard reflector of APIBindings for every virtual workspace URL (synctarget.md 4.1 step 5), and
 * the rules by which a consumer counts as gone (4.3): DELETED, absence from two complete lists 60 s apart, or an endpoint slice that has
 * been without the URL for 60 s while its export is readable. Errors never remove anything.
 *
 * A record of a binding that is gone stays, marked, until its tenant has been drained and sy_bindings_forget is called. */
#ifndef SY_SUPERVISOR_BINDINGS_H
#define SY_SUPERVISOR_BINDINGS_H

#include "base/limits.h"
#include "supervisor/exports.h"
#include "supervisor/timings.h"

#define SY_MAX_BINDINGS (SY_MAX_WORKERS * 4)

/* When a claim on a core resource was lost; the copies go after a grace time. */
struct sy_claim_loss {
	char *resource;
	int64_t since_ms;
	bool was_readable; /* it had been in force before, in this run */
};

struct sy_binding {
	struct sy_binding_facts facts;
	struct sy_export *export;
	char *url;		  /* of the virtual workspace that showed it */
	bool gone;		  /* positive knowledge that it does not exist any more */
	bool seen;		  /* in the list under way or last complete list */
	int64_t missing_since_ms; /* first complete list without it, 0 = listed */
	struct sy_claim_loss *losses;
	size_t loss_count;
};

struct sy_bindings;

int sy_bindings_new(struct sy_bindings **ret_bindings, struct sy_loop *loop, struct sy_kube *kube, const struct sy_timings *timings,
		    sy_loop_fn *changed, void *arg, struct sy_error *err);
void sy_bindings_free(struct sy_bindings *bindings); /* accepts NULL */

/* Open and close reflectors as the exports' URLs say. Call whenever the exports changed. */
int sy_bindings_follow(struct sy_bindings *bindings, const struct sy_exports *exports, struct sy_error *err);
/* The same for one event of one URL; the reflector's callbacks and the unit tests come in here. */
int sy_bindings_take(struct sy_bindings *bindings, struct sy_export *export, const char *url, bool deleted, json_object *object,
		     struct sy_error *err);
void sy_bindings_list_begin(struct sy_bindings *bindings, struct sy_export *export, const char *url);
void sy_bindings_list_end(struct sy_bindings *bindings, struct sy_export *export, const char *url);
/* The URL is out of business for good: all its consumers are gone. */
void sy_bindings_url_gone(struct sy_bindings *bindings, struct sy_export *export, const char *url);

/* True when every URL of every export in `exports` was listed completely at least once and nothing fails now: only then does absence mean
 * anything (7.1 g). */
bool sy_bindings_complete(const struct sy_bindings *bindings, const struct sy_exports *exports);
/* True when some URL cannot be read now. */
bool sy_bindings_failing(const struct sy_bindings *bindings);
/* Worst verdict among the URLs, SY_KUBE_OK when all are fine. */
enum sy_kube_verdict sy_bindings_verdict(const struct sy_bindings *bindings);

/* Sorted by cluster, then label of the export, then name. Borrowed, valid until the next change. */
size_t sy_bindings_count(const struct sy_bindings *bindings);
struct sy_binding *sy_bindings_at(const struct sy_bindings *bindings, size_t index);
bool sy_bindings_any_of(const struct sy_bindings *bindings, const struct sy_export *export); /* a record of this export exists */

/* Drop the records of a cluster that are gone. */
void sy_bindings_forget(struct sy_bindings *bindings, const char *cluster);
/* Drop all records and readers of an export. */
void sy_bindings_forget_export(struct sy_bindings *bindings, const struct sy_export *export);

#endif
