/* Remove downstream namespaces in which nothing of ours is left (synctarget.md 5.1). Never one that holds something foreign. */
#include <inttypes.h>
#include <string.h>

#include "internal.h"
#include "ownership.h"

#define LOOK_AGAIN_MS 600000
#define LOOK_SOON_MS 2000

bool sy_namespace_unneeded(const struct sy_namespace *ns)
{
	const struct sy_engine *engine = ns->engine;
	const struct sy_resource *resource;
	if (ns->users || ns->state != SY_NAMESPACE_READY || engine->plan.mode == SY_PLAN_PAUSED || !engine->namespaces.synced)
		return false;
	TAILQ_FOREACH(resource, &engine->resources, link)
	if (!resource->ready)
		return false; /* it may have something in there */
	return true;
}

static void let_go(struct sy_namespace *ns);
static void look_on(struct sy_namespace *ns);

static void deleted(void *arg, const struct sy_kube_result *result)
{
	struct sy_namespace *ns = arg;
	ns->request = NULL;
	if (result->verdict == SY_KUBE_OK) {
		ns->state = SY_NAMESPACE_TERMINATING;
		sy_namespace_at(ns, SY_DELETION_CHECK_MS);
	} else if (result->verdict == SY_KUBE_NOT_FOUND) {
		sy_namespace_gone(ns);
	} else if (result->verdict == SY_KUBE_CONFLICT) {
		sy_namespace_look(ns); /* something changed: start over with what is there now */
	} else {
		sy_namespace_retry(ns, result);
	}
}

static void delete_now(struct sy_namespace *ns)
{
	json_object *options = json_object_new_object(), *preconditions = json_object_new_object();
	if (!options || !preconditions || sy_json_add_str(options, "kind", "DeleteOptions") ||
	    sy_json_add_str(options, "apiVersion", "v1") || sy_json_add_str(options, "propagationPolicy", "Background") ||
	    sy_json_add_str(preconditions, "uid", ns->uid) || sy_json_add_str(preconditions, "resourceVersion", ns->rv) ||
	    sy_json_add(options, "preconditions", json_object_get(preconditions))) {
		json_object_put(options);
		options = NULL;
	}
	json_object_put(preconditions);
	sy_namespace_request(ns, "DELETE", options, SY_CT_JSON, deleted);
}

/* The resource to look at next: the planned ones, then those that were. False: all have been looked at. */
static bool next_gvr(const struct sy_namespace *ns, struct sy_gvr *ret_gvr, bool *ret_configmaps, bool *ret_retired)
{
	unsigned i = 0;
	const struct sy_resource *resource;
	const struct sy_retired *retired;
	TAILQ_FOREACH(resource, &ns->engine->resources, link)
	{
		if (!resource->rule.namespaced || i++ != ns->check)
			continue;
		*ret_gvr = resource->gvr;
		*ret_configmaps = resource->names.configmaps;
		*ret_retired = false;
		return true;
	}
	TAILQ_FOREACH(retired, &ns->engine->retired, link)
	{
		if (i++ != ns->check)
			continue;
		*ret_gvr = retired->gvr;
		*ret_configmaps = !*retired->gvr.group && strcmp(retired->gvr.resource, "configmaps") == 0;
		*ret_retired = true;
		return true;
	}
	return false;
}

/* An item that keeps the namespace: anything but the server's own ConfigMap. */
static json_object *keeper(bool configmaps, json_object *items)
{
	size_t n = items ? json_object_array_length(items) : 0;
	for (size_t i = 0; i < n; i++) {
		json_object *item = json_object_array_get_idx(items, i);
		const char *name = sy_json_str(item, "metadata", "name", NULL);
		if (!configmaps || !name || strcmp(name, "kube-root-ca.crt") != 0)
			return item;
	}
	return NULL;
}

static bool is_ours(const struct sy_engine *engine, json_object *item)
{
	const char *key = sy_json_str(item, "metadata", "labels", SY_LABEL_CLUSTER, NULL);
	const char *tenant = sy_json_str(item, "metadata", "labels", SY_LABEL_TENANT, NULL);
	return key && tenant && strcmp(key, engine->plan.key) == 0 && strcmp(tenant, engine->tenant) == 0;
}

/* Something is in it that keeps it. */
static void kept(struct sy_namespace *ns, bool ours)
{
	if (ours) {
		sy_namespace_at(ns, LOOK_SOON_MS); /* on its way out */
	} else if (sy_engine_drain(ns->engine)) {
		let_go(ns);
	} else {
		sy_events_tell(ns->engine->events, true, "", "namespaces", ns->up, "NamespaceNotEmpty",
			       "objects that are not ours keep the downstream namespace; delete them, or the namespace, by hand");
		sy_namespace_at(ns, LOOK_AGAIN_MS);
	}
}

static void looked_inside(void *arg, const struct sy_kube_result *result)
{
	struct sy_namespace *ns = arg;
	struct sy_gvr gvr;
	bool configmaps = false, retired = false;
	/* An empty list may come as null, but it comes. */
	json_object *items = NULL;
	bool listed = result->verdict == SY_KUBE_OK && json_object_is_type(result->object, json_type_object) &&
		      json_object_object_get_ex(result->object, "items", &items) && (!items || json_object_is_type(items, json_type_array));
	ns->request = NULL;
	if (!sy_namespace_unneeded(ns))
		return;
	bool known = ns->check_plan == ns->engine->plan.generation && next_gvr(ns, &gvr, &configmaps, &retired);
	bool unserved = retired && result->verdict == SY_KUBE_NOT_SERVED;
	if (!known || (!listed && !unserved)) {
		sy_namespace_retry(ns, result);
		return;
	}
	json_object *item = keeper(configmaps, items);
	if (item) {
		kept(ns, !retired && is_ours(ns->engine, item));
		return;
	}
	ns->check++;
	look_on(ns);
}

static void look_inside(struct sy_namespace *ns, const struct sy_gvr *gvr)
{
	struct sy_error err = {0};
	struct sy_buf path;
	sy_buf_init(&path, 2048);
	int rc = sy_kube_path(&path, gvr, ns->down, NULL, NULL, &err);
	if (rc == 0) {
		struct sy_kube_call call = {
			.method = "GET",
			.path = sy_buf_str(&path),
			.query = "limit=2",
			.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
		};
		rc = sy_kube_do(ns->engine->kube[SY_SIDE_DOWN], &call, looked_inside, ns, &ns->request, &err);
	}
	sy_buf_done(&path);
	if (rc) {
		struct sy_log_ref ref = {.resource = "namespaces", .object = ns->down};
		sy_warn(&ref, "cannot look into it: %s", err.text);
		sy_namespace_retry(ns, NULL);
	}
}

static void look_on(struct sy_namespace *ns)
{
	struct sy_gvr gvr;
	bool configmaps, retired;
	if (next_gvr(ns, &gvr, &configmaps, &retired))
		look_inside(ns, &gvr);
	else
		delete_now(ns);
}

static void released(void *arg, const struct sy_kube_result *result)
{
	struct sy_namespace *ns = arg;
	ns->request = NULL;
	if (result->verdict == SY_KUBE_OK || result->verdict == SY_KUBE_NOT_FOUND)
		sy_namespace_gone(ns); /* not ours any more */
	else if (result->verdict == SY_KUBE_CONFLICT || result->verdict == SY_KUBE_INVALID)
		sy_namespace_look(ns);
	else
		sy_namespace_retry(ns, result);
}

/* Take our marks off and leave the namespace to those who use it. */
static void let_go(struct sy_namespace *ns)
{
	json_object *patch = NULL;
	if (sy_orphan_patch(ns->engine, ns->uid, &patch))
		patch = NULL;
	sy_namespace_request(ns, "PATCH", patch, SY_CT_MERGE_PATCH, released);
}

void sy_namespace_clean(struct sy_namespace *ns)
{
	if (ns->request || !sy_namespace_unneeded(ns))
		return;
	if (sy_engine_drain(ns->engine) && ns->engine->plan.removal == SY_REMOVAL_ORPHAN) {
		let_go(ns);
		return;
	}
	ns->check = 0;
	ns->check_plan = ns->engine->plan.generation;
	look_on(ns);
}
