/* `syncerctl orphans`: whose an object in the physical cluster is. Marks can be forged and are copied by controllers, so each is held against
 * the others. */
#include <stdlib.h>
#include <string.h>

#include "kcp/ids.h"
#include "orphans.h"

#define LOCATOR_MAX 4096

/* A locator of whatever SyncTarget; target borrows from *ret_tree. */
static bool read_locator(const char *text, json_object **ret_tree, struct sy_target_id *ret_target, char **ret_tenant, char **ret_ns)
{
	if (!text || sy_json_parse(text, strnlen(text, LOCATOR_MAX + 1), LOCATOR_MAX, ret_tree, NULL) < 0)
		return false;
	json_object *target = sy_json_object(*ret_tree, "syncTarget", NULL);
	const char *cluster = sy_json_str(target, "cluster", NULL);
	const char *path = sy_json_str(target, "path", NULL);
	const char *name = sy_json_str(target, "name", NULL);
	const char *uid = sy_json_str(target, "uid", NULL);

	if (!cluster || !*cluster) /* syncers of old wrote the path only */
		cluster = path ? path : "";
	if (!name || !*name || *name == '.' || !uid || !*uid || (*cluster && !sy_workspace_path_valid(cluster)))
		return false;
	*ret_target = (struct sy_target_id){cluster, name, uid};
	return sy_locator_parse(text, ret_target, ret_tenant, ret_ns) && sy_cluster_name_valid(*ret_tenant);
}

static json_object *new_owner(const struct sy_target_id *target, const char *tenant)
{
	char key[SY_KEY_MAX], tenant_id[SY_KEY_MAX];
	int rc = *target->cluster ? sy_key_of_target(target->cluster, target->name, key, NULL) : sy_key_of_direct(target->name, key, NULL);

	if (rc < 0 || sy_tenant_id(target, tenant, tenant_id, NULL) < 0)
		return NULL;
	json_object *owner = ctl_args("workspace", target->cluster);
	ctl_args_add(owner, "syncTarget", json_object_new_string(target->name));
	ctl_args_add(owner, "uid", json_object_new_string(target->uid));
	ctl_args_add(owner, "tenant", json_object_new_string(tenant));
	ctl_args_add(owner, "key", json_object_new_string(key));
	ctl_args_add(owner, "tenantId", json_object_new_string(tenant_id));
	ctl_args_add(owner, "resources", json_object_new_object());
	return owner;
}

static bool has_labels(json_object *owner, json_object *item)
{
	const char *key = sy_json_str(item, "metadata", "labels", SY_LABEL_CLUSTER, NULL);
	const char *tenant = sy_json_str(item, "metadata", "labels", SY_LABEL_TENANT, NULL);

	return key && tenant && !strcmp(key, sy_json_str(owner, "key", NULL)) && !strcmp(tenant, sy_json_str(owner, "tenantId", NULL));
}

/* As the worker judges (syncerd-rules(7) 7.2): what a controller made with the labels of a copy (Endpoints, ReplicaSets) is no copy. */
static bool made_by_syncer(json_object *item)
{
	json_object *entries = sy_json_array(item, "metadata", "managedFields", NULL);
	json_object *owners = sy_json_array(item, "metadata", "ownerReferences", NULL);
	size_t count = entries ? json_object_array_length(entries) : 0;

	for (size_t i = 0; i < count; i++) {
		json_object *entry = json_object_array_get_idx(entries, i);
		const char *manager = sy_json_str(entry, "manager", NULL);

		if (manager && (!strcmp(manager, "syncerd") || !strcmp(manager, "syncer")) &&
		    sy_json_get(entry, "fieldsV1", "f:metadata", "f:labels", "f:" SY_LABEL_CLUSTER, NULL))
			return true;
	}
	return count == 0 && (!owners || json_object_array_length(owners) == 0);
}

/* By the locator that the object itself has. */
static json_object *located(struct ctl_orphans *orphans, bool is_namespace, json_object *item)
{
	const char *name = sy_json_str(item, "metadata", "name", NULL);
	sy_auto_json json_object *tree = NULL;
	sy_auto_free char *tenant = NULL;
	sy_auto_free char *ns = NULL;
	sy_auto_free char *id = NULL;
	char expected[SY_NAMESPACE_MAX] = "";
	struct sy_target_id target;
	sy_auto_json json_object *made = NULL;
	json_object *owner;

	if (!name || !read_locator(sy_json_str(item, "metadata", "annotations", SY_ANNOTATION_LOCATOR, NULL), &tree, &target, &tenant, &ns))
		return NULL;
	if (is_namespace != (*ns != '\0') || sy_locator(&target, tenant, NULL, &id, NULL) < 0)
		return NULL;
	if (is_namespace && (sy_downstream_namespace(&target, tenant, ns, expected, NULL) < 0 || strcmp(expected, name) != 0))
		return NULL;
	owner = sy_json_object(orphans->owners, id, NULL);
	if (!owner)
		owner = made = new_owner(&target, tenant);
	if (!owner || !has_labels(owner, item))
		return NULL;
	if (made)
		ctl_args_add(orphans->owners, id, sy_take_ptr(made));
	if (is_namespace)
		ctl_args_add(orphans->namespaces, name, json_object_get(owner));
	return owner;
}

json_object *ctl_orphans_owner(struct ctl_orphans *orphans, bool is_namespace, json_object *item)
{
	const char *ns = sy_json_str(item, "metadata", "namespace", NULL);
	json_object *owner;

	if (is_namespace)
		return located(orphans, true, item);
	if (!made_by_syncer(item))
		return NULL;
	if (!ns)
		return located(orphans, false, item);
	owner = sy_json_object(orphans->namespaces, ns, NULL);
	return owner && has_labels(owner, item) ? owner : NULL;
}
