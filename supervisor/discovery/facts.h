/* What the supervisor reads from kcp, decoded into plain data: exports, endpoint slices, schemas, bindings (syncerd-rules(7) 4.1). Pure
 * functions: an API object goes in, facts come out; nothing here talks to a server. Every decoder checks types and bounds its lists, and
 * leaves *ret untouched on failure.
 *
 * kcp bounds the lists of an export or a binding by the size of the object alone. What does not fit here, or is no entry at all, is left out
 * and the fact `cut` says so: an object that is refused as a whole would look as if it were not there. */
#ifndef SY_SUPERVISOR_FACTS_H
#define SY_SUPERVISOR_FACTS_H

#include <stdbool.h>
#include <time.h>

#include "json/json.h"
#include "supervisor/discovery/strv.h"

#define SY_MAX_EXPORT_RESOURCES 1024
#define SY_MAX_CLAIMS 512
#define SY_MAX_CORE_CLAIMS 32 /* on resources of the core group: those may be synced, so they have room of their own */
#define SY_MAX_ENDPOINTS 64

struct sy_schema_version {
	char *name;
	bool has_status;
};

/* An APIResourceSchema: immutable, so it is read once. Served versions only, in Kubernetes version order. */
struct sy_schema {
	char *group;
	char *resource; /* plural */
	char *kind;
	bool namespaced;
	struct sy_schema_version *versions;
	size_t version_count;
};
void sy_schema_done(struct sy_schema *schema);
int sy_schema_decode(json_object *object, struct sy_schema *ret_schema, struct sy_error *err);
const struct sy_schema_version *sy_schema_find(const struct sy_schema *schema, const char *version); /* NULL = not served */

/* One resource as an export or a binding names it. */
struct sy_named_resource {
	char *group;
	char *resource;
	char *schema;	/* name of its APIResourceSchema in the export's workspace */
	char *identity; /* of the export that it was bound from; "" when it does not say so */
};
/* False for what no export can give: a resource of the core group, a schema whose name is not <prefix>.<resource>.<group>, or another
 * export's resource (identity of this one, "" = not known). The status of a binding is only what somebody wrote there. */
bool sy_named_resource_possible(const struct sy_named_resource *resource, const char *identity);

struct sy_claim {
	char *group;
	char *resource;
	struct sy_strv verbs;
	bool accepted; /* state Accepted (claims of a binding's spec only) */
};

struct sy_export_facts {
	char *cluster;	/* logical cluster of its workspace (annotation kcp.io/cluster) */
	char *path;	/* kcp.io/path, "" when absent */
	char *identity; /* status.identityHash, "" before it is known */
	struct sy_named_resource *resources;
	size_t resource_count;
	struct sy_claim *claims;
	size_t claim_count;
	bool cut;
};
void sy_export_facts_done(struct sy_export_facts *facts);
int sy_export_decode(json_object *object, struct sy_export_facts *ret_facts, struct sy_error *err); /* apis.kcp.io/v1alpha2 APIExport */

/* Virtual workspace URLs of an APIExportEndpointSlice, sorted, without a trailing slash; none is a normal state. */
int sy_slice_decode(json_object *object, struct sy_strv *ret_urls, struct sy_error *err);

enum sy_binding_phase { SY_BINDING_UNKNOWN = 0, SY_BINDING_BINDING, SY_BINDING_BOUND, SY_BINDING_UNBINDING, SY_BINDING_PHASE_MAX };
const char *sy_binding_phase_name(enum sy_binding_phase phase);

struct sy_binding_facts {
	char *cluster; /* the consumer's logical cluster */
	char *path;    /* and its path, "" when absent */
	char *name;
	char *export_path;    /* spec.reference.export */
	char *export_name;    /* "" for a reference of another kind */
	char *export_cluster; /* status.apiExportClusterName, "" before it is known */
	enum sy_binding_phase phase;
	time_t created; /* 0 = it does not say so */
	bool deleting;	/* has a deletionTimestamp: being unbound */
	struct sy_named_resource *bound;
	size_t bound_count;
	struct sy_strv accepted; /* "secrets", "widgets.example.dev", sorted: claims in force (syncerd-rules(7) 4.3) */
	struct sy_strv refused;	 /* claims of the export that the consumer did not accept with equal verbs, sorted */
	struct sy_strv readable; /* those of accepted that are core resources claimed with get, list and watch (5.7) */
	struct sy_strv wanted;	 /* claimable resources that the export claims for reading, accepted or not, or that the consumer still
				  * grants although the export claims them no more: of all these there may be copies */
	bool events;		 /* a claim on core Events is in force that lets them be made and raised: create, get, patch */
	bool scheduled;		 /* has state labels (4.5) */
	struct sy_strv targets;	 /* keys whose state label says Sync, at most SY_MAX_BINDING_TARGETS */
	bool cut;
};
#define SY_MAX_BINDING_TARGETS 64
void sy_binding_facts_done(struct sy_binding_facts *facts);
/* Which binding it is: cluster, path, name and reference; fails when it does not say so. */
int sy_binding_decode_names(json_object *object, struct sy_binding_facts *ret_facts, struct sy_error *err);
/* All of it; fails for the same reasons and without memory. */
int sy_binding_decode(json_object *object, struct sy_binding_facts *ret_facts, struct sy_error *err); /* apis.kcp.io/v1alpha2 APIBinding */

/* Helpers shared by the decoders. */
char *sy_facts_dup(const char *text); /* strdup, NULL counts as "" */
void sy_named_resources_free(struct sy_named_resource *items, size_t count);
void sy_claims_free(struct sy_claim *claims, size_t count);
/* Decode a list of claims, sorted by group and resource, each once; a missing list is empty. With among (sorted, among_count entries): only
 * those that are in it too, and those on claimable resources. *ret_cut becomes true when something was left out. Fails only without memory. */
int sy_claims_decode(json_object *list, const struct sy_claim *among, size_t among_count, struct sy_claim **ret_claims, size_t *ret_count,
		     bool *ret_cut, struct sy_error *err);
/* The claim on a resource in a sorted list, NULL = none. */
const struct sy_claim *sy_claims_find(const struct sy_claim *claims, size_t count, const char *group, const char *resource);
/* Copy one entry of a list of resources as it was read: members are borrowed and may be NULL. 0 = it is no usable entry, 1 = done, or
 * -ENOMEM. */
struct sy_read_resource {
	const char *group, *resource, *schema, *identity;
};
int sy_named_resource_decode(const struct sy_read_resource *from, struct sy_named_resource *ret_resource, struct sy_error *err);
/* "secrets" or "widgets.example.dev", malloc'ed; NULL without memory. */
char *sy_claim_text(const char *group, const char *resource);
/* The core resources that are synced at all when they are claimed: configmaps, secrets. */
bool sy_claim_possible(const char *resource);
/* True when the claim allows reading: get, list and watch, or "*". */
bool sy_claim_reads(const struct sy_claim *claim);
/* The same for what Events on a tenant's objects take: create, get and patch of core Events. They are never synced. */
bool sy_claim_makes_events(const struct sy_claim *claim);

#endif
