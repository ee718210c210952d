/* APIResourceSchemas, each read once: their spec is immutable, so an answer is good as long as somebody asks for it (syncerd-rules(7) 4.1
 * step 4). The names come from providers, and by way of bindings from tenants: what one of them names may not take the room of others. */
#ifndef SY_SUPERVISOR_SCHEMAS_H
#define SY_SUPERVISOR_SCHEMAS_H

#include "kube/client.h"
#include "supervisor/discovery/facts.h"

/* In one provider's workspace: named by exports, and named by bindings alone. */
#define SY_MAX_LISTED_SCHEMAS 1536
#define SY_MAX_BOUND_SCHEMAS 256

struct sy_schemas;

/* kube and base (URL before /clusters/) are borrowed. changed runs when there is an answer. */
int sy_schemas_new(struct sy_schemas **ret_schemas, struct sy_loop *loop, struct sy_kube *kube, const char *base, sy_loop_fn *changed,
		   void *arg, struct sy_error *err);
void sy_schemas_free(struct sy_schemas *schemas); /* accepts NULL */

/* Begin of a pass over everything that is of interest. What two passes in a row did not ask for is forgotten, and answers stay valid until
 * the second begin after they were given. */
void sy_schemas_begin(struct sy_schemas *schemas);

/* The schema called name in a workspace (path or logical cluster), or NULL while it is not known; asking starts the request, a failed one
 * is repeated after 5 s, then ever more rarely, every 5 minutes in the end. listed: an export names it. */
const struct sy_schema *sy_schemas_get(struct sy_schemas *schemas, const char *workspace, const char *name, bool listed);

enum sy_schema_state {
	SY_SCHEMA_PENDING = 0, /* not answered yet */
	SY_SCHEMA_KNOWN,
	SY_SCHEMA_FAILING, /* the last answer was none */
	SY_SCHEMA_MISSING, /* the workspace has no such schema, or it is none */
	SY_SCHEMA_NO_ROOM, /* more names than are supported */
	SY_SCHEMA_STATE_MAX
};
/* Of a name that sy_schemas_get was asked for in this pass. */
enum sy_schema_state sy_schemas_state(const struct sy_schemas *schemas, const char *workspace, const char *name);
size_t sy_schemas_count(const struct sy_schemas *schemas);

/* Knowledge that did not come by request (unit tests; then kube may be NULL and unknown schemas stay unknown). */
int sy_schemas_learn(struct sy_schemas *schemas, const char *workspace, const char *name, json_object *schema, struct sy_error *err);

#endif
