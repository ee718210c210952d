/* APIResourceSchemas, each read once: their spec is immutable, so an answer is good for ever (synctarget.md 4.1 step 4). */
#ifndef SY_SUPERVISOR_SCHEMAS_H
#define SY_SUPERVISOR_SCHEMAS_H

#include "kube/client.h"
#include "supervisor/facts.h"

#define SY_MAX_SCHEMAS 1024

struct sy_schemas;

/* kube and base (URL before /clusters/) are borrowed. changed runs when a schema has arrived. */
int sy_schemas_new(struct sy_schemas **ret_schemas, struct sy_loop *loop, struct sy_kube *kube, const char *base, sy_loop_fn *changed,
		   void *arg, struct sy_error *err);
void sy_schemas_free(struct sy_schemas *schemas); /* accepts NULL */

/* The schema called name in a workspace (path or logical cluster), or NULL while it is not known; asking starts the request, a failed one
 * is repeated every 5 s. Borrowed until sy_schemas_free. */
const struct sy_schema *sy_schemas_get(struct sy_schemas *schemas, const char *workspace, const char *name);

/* Knowledge that did not come by request (unit tests; then kube may be NULL and unknown schemas stay unknown). */
int sy_schemas_learn(struct sy_schemas *schemas, const char *workspace, const char *name, json_object *schema, struct sy_error *err);

#endif
