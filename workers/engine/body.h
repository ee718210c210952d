/* The body that is sent downstream (syncerd-rules(7) 5.2). Pure: an upstream object and rules in, a new tree out. */
#ifndef SY_WORKERS_BODY_H
#define SY_WORKERS_BODY_H

#include "json/json.h"

struct sy_body_rules {
	const char *api_version; /* of the plan: "v1" or "group/version" */
	const char *kind;
	const char *ns;	  /* downstream namespace, NULL = cluster-scoped */
	const char *name; /* downstream name */
	const char *key;
	const char *tenant;
	const char *locator; /* cluster-scoped objects, else NULL */
	char *const *ignore_fields;
	size_t ignore_count;
	bool secret;	  /* core secrets */
	bool sync_tokens; /* ServiceAccount tokens go down as Opaque */
};

/* *ret_body is the caller's; parts of it are shared with object, so neither may be changed afterwards. */
int sy_body_build(json_object *object, const struct sy_body_rules *rules, json_object **ret_body, struct sy_error *err);
/* Hash of a body or of a projection of an object, without what every request repeats: apiVersion, kind, name, namespace, uid. Equal
 * hashes = nothing to write. */
int sy_body_hash(json_object *body, struct sy_hash *ret_hash, struct sy_error *err);
/* True for Secrets that belong to the server they live on (5.5). */
bool sy_body_server_secret(json_object *object, bool sync_tokens);
/* True for label and annotation keys that are marks of kcp, or of tools, and never go down. */
bool sy_body_mark(const char *key);

#endif
