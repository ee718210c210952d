/* Which resources can be synced, and why not: the schema upstream against what the cluster serves and allows (syncerd-rules(7) 4.2).
 * One entry per resource of every supported export, independent of bindings. */
#ifndef SY_SUPERVISOR_CATALOG_H
#define SY_SUPERVISOR_CATALOG_H

#include "supervisor/config/config.h"
#include "supervisor/discovery/downstream.h"
#include "supervisor/discovery/exports.h"
#include "supervisor/discovery/reviews.h"
#include "supervisor/discovery/schemas.h"

#define SY_MAX_CATALOG 512 /* maxItems of status.syncedResources */

enum sy_resource_state { SY_RESOURCE_PENDING = 0, SY_RESOURCE_ACCEPTED, SY_RESOURCE_INCOMPATIBLE, SY_RESOURCE_STATE_MAX };
const char *sy_resource_state_name(enum sy_resource_state state);

/* One resource compared. Strings are borrowed or static. */
struct sy_match {
	enum sy_resource_state state;
	const char *reason;  /* "" or of 4.2 */
	const char *version; /* first of the schema's versions that both sides serve; "" = none */
	bool has_status;     /* upstream, in that version */
	bool usable;	     /* by the last complete answers it can be synced: what plans go by, also while state is Pending */
	bool denied;	     /* a review said no to one of the six verbs */
	int64_t absent_ms;   /* NotServed: for how long complete discoveries have said so; else -1 */
	bool unknown;	     /* schema or discovery was never answered: nothing can be decided */
};

/* schema NULL = not read yet. review NULL = not asked. */
struct sy_match sy_match_resource(const struct sy_schema *schema, const struct sy_downstream *downstream, const struct sy_review *review);

struct sy_catalog_entry {
	char *group;
	char *resource;
	char *identity;
	struct sy_strv versions;
	char *synced_version; /* "" = none */
	enum sy_resource_state state;
	char *reason;
	char *message;
};
struct sy_catalog {
	struct sy_catalog_entry *items; /* sorted by group, resource, identity */
	size_t count;
	size_t left_out; /* beyond SY_MAX_CATALOG */
};
void sy_catalog_done(struct sy_catalog *catalog);

/* Sources of knowledge, borrowed. */
struct sy_knowledge {
	const struct sy_exports *exports;
	struct sy_schemas *schemas; /* asking may start requests */
	const struct sy_downstream *downstream;
	const struct sy_reviews *reviews;
	const struct sy_config *config;
};

int sy_catalog_build(const struct sy_knowledge *knowledge, struct sy_catalog *ret_catalog, struct sy_error *err);
size_t sy_catalog_count(const struct sy_catalog *catalog, enum sy_resource_state state);

/* The claimed core resources that we sync at all. */
bool sy_catalog_claimable(const char *resource);				     /* configmaps, secrets */
bool sy_catalog_claim_allowed(const struct sy_config *config, const char *resource); /* and in sync.allowClaims */

#endif
