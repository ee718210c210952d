/* Discovery of one API group version: what is served, and how. */
#ifndef SY_KUBE_DISCOVERY_H
#define SY_KUBE_DISCOVERY_H

#include "kube/client.h"

struct sy_served_resource {
	char *resource; /* plural, without subresources */
	char *kind;
	bool namespaced;
	bool has_status;
};

struct sy_served {
	struct sy_served_resource *items;
	size_t count;
};
void sy_served_done(struct sy_served *served);
const struct sy_served_resource *sy_served_find(const struct sy_served *served, const char *resource);

/* Decode an APIResourceList (GET /apis/<group>/<version> or /api/v1). Accepts "verbs": null and duplicate subresources, as kcp 0.32 sends;
 * -EINVAL for anything that is not an APIResourceList. */
int sy_served_decode(json_object *value, struct sy_served *ret_served, struct sy_error *err);

/* Versions of a group out of an APIGroupList (GET /apis): calls fn for each; 0 or -EINVAL. */
int sy_group_versions(json_object *group_list, const char *group, void (*fn)(void *arg, const char *version), void *arg,
		      struct sy_error *err);

#endif
