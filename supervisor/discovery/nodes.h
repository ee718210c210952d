/* allocatable and capacity of the physical cluster: sums over its nodes (syncerd-rules(7) 2.3). Without the right to list nodes there is
 * nothing, which is no error. */
#ifndef SY_SUPERVISOR_NODES_H
#define SY_SUPERVISOR_NODES_H

#include "kube/client.h"

#define SY_MAX_NODES 16384

struct sy_nodes;

/* kube NULL: no reflector, only sy_nodes_take (tests). */
int sy_nodes_new(struct sy_nodes **ret_nodes, struct sy_loop *loop, struct sy_kube *kube, sy_loop_fn *changed, void *arg,
		 struct sy_error *err);
void sy_nodes_free(struct sy_nodes *nodes); /* accepts NULL */

/* Objects of canonical quantities, keys sorted; NULL while nodes cannot be read. allocatable counts nodes that are Ready and schedulable,
 * capacity all. Borrowed, valid until the loop runs again. */
json_object *sy_nodes_allocatable(struct sy_nodes *nodes);
json_object *sy_nodes_capacity(struct sy_nodes *nodes);

/* For tests and the reflector: one node's object comes, changes or goes. */
int sy_nodes_take(struct sy_nodes *nodes, bool deleted, json_object *node, struct sy_error *err);

#endif
