/* Which part of a downstream object is ours, by the API server's own book-keeping (metadata.managedFields).
 *
 * The projection of an object onto the fields that manager "syncerd" owns equals the body that we last sent as long as nobody else took a
 * field over; fields of other managers, and defaults that we did not send, are not in it. So drift of our fields shows, other managers'
 * work costs no request, and a restarted worker can tell "in step" from the list alone. Pure.
 */
#ifndef SY_WORKERS_OWNERSHIP_H
#define SY_WORKERS_OWNERSHIP_H

#include "json/json.h"

#define SY_FIELD_MANAGER "syncerd"

struct sy_ownership {
	struct sy_hash hash; /* sy_body_hash of the projection; unknown when no entry is ours */
	int update_index;    /* of the entry syncerd/Update (not of a subresource), -1: none. To be renamed before the first apply (5.3) */
	bool ours;	     /* an entry of syncerd exists */
};

/* 0, or -ENOMEM and the like. Malformed book-keeping counts as none. */
int sy_ownership_read(json_object *object, struct sy_ownership *ret_ownership, struct sy_error *err);

/* The projection itself: *ret_value is new, or NULL when nothing is owned. others: fieldsV1 trees of other managers, which tell an empty
 * map that we own from a whole map that we own (both are written as "{}"). */
int sy_ownership_project(json_object *value, json_object *fields, json_object *const *others, unsigned other_count, json_object **ret_value,
			 struct sy_error *err);

#endif
