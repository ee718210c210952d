/* Private to discovery/: one API group as the physical cluster serves it, by its last complete answer, and since when a resource is
 * missing from it. No requests, no clock. */
#ifndef SY_SUPERVISOR_GROUPS_H
#define SY_SUPERVISOR_GROUPS_H

#include "kube/discovery.h"
#include "supervisor/discovery/downstream.h"

struct sy_group_version {
	char *name;
	struct sy_served served;
};

/* A resource that was served once and is not any more. */
struct sy_group_loss {
	char *resource;
	int64_t since_ms; /* first complete answer without it */
};

struct sy_group {
	char *name;
	int64_t first_ms, last_ms; /* of the first and the last complete answer */
	struct sy_group_loss *losses;
	size_t loss_count;
	enum sy_served_state state;
	struct sy_group_version *versions; /* last complete answer */
	size_t version_count;
	bool in_round;			/* was there when the round read /apis */
	bool failing;			/* could not be read in the last round that asked */
	bool answered;			/* completely, in the round under way */
	struct sy_strv pending;		/* versions of the round under way */
	struct sy_group_version *fresh; /* answers of the round under way */
	size_t fresh_count;
};

void sy_group_done(struct sy_group *group);
void sy_group_versions_free(struct sy_group_version *versions, size_t count);

/* The answers of the round (fresh) say something else than the old ones, or are the first. */
bool sy_group_differs(const struct sy_group *group);
/* The answers of the round (fresh) replace the old ones as a whole. Without memory to note what went away, the old ones stay. */
void sy_group_complete(struct sy_group *group, int64_t now_ms);

/* In the last complete answer; version NULL: the first that serves it. *ret_version may be NULL. */
const struct sy_served_resource *sy_group_find(const struct sy_group *group, const char *version, const char *resource,
					       const char **ret_version);
/* See sy_downstream_absent_ms. */
int64_t sy_group_absent_ms(const struct sy_group *group, const char *resource);

#endif
