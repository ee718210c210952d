/* The sync plan: everything a worker is told about *what to do*. Data only; three small planners in the supervisor make it, one engine
 * in the worker follows it. A new plan is a whole state, never a delta; a higher generation replaces a lower one. */
#ifndef SY_PROTO_PLAN_H
#define SY_PROTO_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "json/json.h"

enum sy_plan_mode {
	SY_PLAN_RUN = 0, /* sync */
	SY_PLAN_PAUSED,	 /* watch and report, write nothing */
	SY_PLAN_DRAIN,	 /* remove what is ours downstream, release finalizers upstream, report drained */
	SY_PLAN_MODE_MAX
};
enum sy_plan_removal {
	SY_REMOVAL_DELETE = 0,
	SY_REMOVAL_ORPHAN,
	SY_REMOVAL_EVICT, /* as DELETE, and what upstream objects that stay still show of our status is taken off (syncerd-rules(7) 4.4) */
	SY_REMOVAL_MAX
};
/* What a worker does with a resource of the plan. */
enum sy_plan_role {
	SY_ROLE_SYNC = 0,
	SY_ROLE_REMOVED, /* claim refused or export gone: delete the copies downstream, write nothing upstream but finalizer releases */
	SY_ROLE_KEPT,	 /* not synced and never touched, but copies of it may exist: a namespace that holds one is not deleted */
	SY_ROLE_ABSENT,	 /* the cluster has not served it for long: upstream objects that are being deleted lose our finalizer; no other
			  * write, and no copy is looked for, but in a namespace that is to be deleted */
	SY_ROLE_MAX
};
enum sy_plan_naming { SY_NAMING_SAME = 0, SY_NAMING_PREFIXED, SY_NAMING_MAX };

struct sy_plan_resource {
	char *group;
	char *version; /* the version both sides serve (syncedVersion) */
	char *resource;
	char *kind;
	char *up_base; /* URL that upstream paths are appended to: ".../clusters/<logical cluster>" */
	char *origin;  /* "<path>:<export>" or "direct", for people */
	bool namespaced;
	bool up_status; /* upstream has /status: mirror it */
	bool claimed;	/* a claimed core resource: no finalizer, no status (syncerd-rules(7) 5.7) */
	bool up_gone; /* nothing of it is left upstream that could be asked, its binding is gone; read unless the plan is for RUN with role
			 * SYNC */
	bool orphan;  /* REMOVED: take our marks off the copies instead of deleting them (7.5); a DRAIN goes by its removal */
	bool release_all; /* ABSENT: its binding leaves, so all objects upstream lose our finalizer, not only those that are being deleted */
	bool translate_generation;
	bool events; /* upBase takes Events about its objects: asked for by the configuration, and consented to by the consumer (9.2) */
	enum sy_plan_role role;
	enum sy_plan_naming naming;
	char **ignore_fields; /* JSON pointers left out of the body */
	size_t ignore_count;
};

struct sy_plan {
	uint64_t generation;
	enum sy_plan_mode mode;
	enum sy_plan_removal removal; /* what DRAIN does downstream */
	bool upstream_gone;   /* DRAIN (or one that is PAUSED) without the upstream side: the binding or workspace no longer exists */
	char *cluster;	      /* logical cluster name */
	char *path;	      /* workspace path for people, may be "" */
	char *target_cluster; /* identity of the syncer: parts of the locator (kcp/ids.h) */
	char *target_name;
	char *target_uid;
	char *key; /* SyncTarget key or direct key */
	int64_t namespace_clean_delay_ms;
	bool guard;	   /* deletions that are not explained are held when they are many (syncerd-rules(7) 7.1) */
	uint64_t approved; /* an operator has let go what is held: higher than in the plan before. What the first plan says means nothing */
	char **held; /* labels ("widgets.example.dev") of resources of which the guard of an earlier process of this worker held copies:
			    * what the first lists lack of them stays held, few or many. Of no concern to a resource that is known */
	size_t held_count;
	bool keep_namespaces; /* it is not known what else may be inside (an export cannot be read): delete none. In a DRAIN they are let go:
				* they lose our marks and stay, with all that is in them */
	bool sync_root_ca;
	bool sync_service_account_tokens;
	json_object *namespace_labels; /* object of strings or NULL */
	struct sy_plan_resource *resources;
	size_t resource_count;
};

void sy_plan_done(struct sy_plan *plan);
int sy_plan_encode(const struct sy_plan *plan, json_object **ret_value, struct sy_error *err);
/* Strict: unknown members, wrong types, bad names, duplicates of group+resource and more than SY_MAX_PLAN_RESOURCES resources are errors. */
int sy_plan_decode(json_object *value, struct sy_plan *ret_plan, struct sy_error *err);
int sy_plan_copy(const struct sy_plan *from, struct sy_plan *ret_to, struct sy_error *err);
/* Equal but for the generation. */
bool sy_plan_equal(const struct sy_plan *a, const struct sy_plan *b);

#endif
