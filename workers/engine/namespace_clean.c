/* Remove downstream namespaces in which nothing of ours is left (syncerd-rules(7) 5.1). Never one that holds something foreign. */
#include <stdio.h>
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

static void leave(struct sy_namespace *ns, const char *why);
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

/* A resource to look for in a namespace. */
struct place {
	struct sy_gvr gvr;
	bool configmaps;
	bool stranger; /* not ours to touch: what is found is never "on its way out", and that it is not served may be said by the server */
};

static struct place place_of(const struct sy_gvr *gvr, bool stranger)
{
	return (struct place){*gvr, !*gvr->group && strcmp(gvr->resource, "configmaps") == 0, stranger};
}

/* The resource to look at next: the planned ones, those that the plan wants kept, then those that were planned. False: all have been
 * looked at. */
static bool next_place(const struct sy_namespace *ns, struct place *ret_place)
{
	unsigned i = 0;
	const struct sy_plan *plan = &ns->engine->plan;
	const struct sy_resource *resource;
	const struct sy_retired *retired;
	TAILQ_FOREACH(resource, &ns->engine->resources, link)
	{
		if (!resource->rule.namespaced || i++ != ns->check)
			continue;
		*ret_place = place_of(&resource->gvr, resource->rule.role == SY_ROLE_ABSENT);
		return true;
	}
	for (size_t k = 0; k < plan->resource_count; k++) {
		const struct sy_plan_resource *rule = &plan->resources[k];
		if (rule->role != SY_ROLE_KEPT || !rule->namespaced || i++ != ns->check)
			continue;
		*ret_place = place_of(&(struct sy_gvr){rule->group, rule->version, rule->resource}, true);
		return true;
	}
	TAILQ_FOREACH(retired, &ns->engine->retired, link)
	{
		if (i++ != ns->check)
			continue;
		*ret_place = place_of(&retired->gvr, true);
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
	return key && tenant && strcmp(key, engine->plan.key) == 0 && strcmp(tenant, engine->tenant) == 0 && sy_observe_made(item);
}

/* Something is in it that keeps it. */
static void kept(struct sy_namespace *ns, const struct place *place, bool ours)
{
	char text[512];
	if (ours && !place->stranger) {
		sy_namespace_at(ns, LOOK_SOON_MS); /* on its way out */
		return;
	}
	if (sy_engine_drain(ns->engine)) {
		leave(ns, "it holds objects that are not ours, or of a resource that is not synced");
		return;
	}
	snprintf(text, sizeof(text), "%s that are not %s keep the downstream namespace; delete them, or the namespace, by hand",
		 ours ? place->gvr.resource : "objects", ours ? "synced at present" : "ours");
	sy_namespace_tell(ns, "NamespaceNotEmpty", text);
	sy_namespace_at(ns, LOOK_AGAIN_MS);
}

/* A whole list: nothing else counts as having looked. An empty list may come as null, but it comes. */
static bool whole_list(const struct sy_kube_result *result, json_object **ret_items)
{
	if (result->verdict != SY_KUBE_OK || !json_object_is_type(result->object, json_type_object) ||
	    !json_object_object_get_ex(result->object, "items", ret_items))
		return false;
	return !*ret_items || json_object_is_type(*ret_items, json_type_array);
}

/* Does what we are at in the clean-up still stand? */
static bool goes_on(struct sy_namespace *ns, const struct sy_kube_result *result, struct place *ret_place)
{
	if (!sy_namespace_unneeded(ns))
		return false;
	if (ns->check_plan == ns->engine->plan.generation && next_place(ns, ret_place))
		return true;
	sy_namespace_retry(ns, result);
	return false;
}

static void asked(void *arg, enum sy_unserved_answer answer, const struct sy_kube_result *result)
{
	struct sy_namespace *ns = arg;
	struct place place;
	ns->question = NULL;
	if (ns->request) /* something happened to the namespace meanwhile, and it is reviewed after that */
		return;
	if (!goes_on(ns, result, &place))
		return;
	if (answer != SY_UNSERVED_YES) {
		sy_namespace_retry(ns, result);
		return;
	}
	ns->check++;
	look_on(ns);
}

/* The list was refused. */
static void not_listed(struct sy_namespace *ns, const struct place *place, const struct sy_kube_result *result)
{
	struct sy_error err = {0};
	if (place->stranger && result->verdict == SY_KUBE_NOT_SERVED) {
		if (sy_unserved_ask(&ns->question, ns->engine->kube[SY_SIDE_DOWN], &place->gvr, asked, ns, &err) < 0)
			sy_namespace_retry(ns, result);
	} else if (place->stranger && result->verdict == SY_KUBE_FORBIDDEN && place->gvr.group[0] == '\0') {
		/* A claim that the operator does not allow, or allows no longer: copies of it are not to stay, and the originals live in kcp. */
		ns->check++;
		look_on(ns);
	} else if (place->stranger && result->verdict == SY_KUBE_FORBIDDEN && sy_engine_drain(ns->engine)) {
		leave(ns, "not all that it may hold may be looked at");
	} else {
		sy_namespace_retry(ns, result);
	}
}

static void looked_inside(void *arg, const struct sy_kube_result *result)
{
	struct sy_namespace *ns = arg;
	struct place place;
	json_object *items = NULL;
	ns->request = NULL;
	if (!goes_on(ns, result, &place))
		return;
	if (!whole_list(result, &items)) {
		not_listed(ns, &place, result);
		return;
	}
	json_object *item = keeper(place.configmaps, items);
	if (item) {
		kept(ns, &place, is_ours(ns->engine, item));
		return;
	}
	const char *more = sy_json_str(result->object, "metadata", "continue", NULL);
	if (more && *more) {
		sy_namespace_retry(ns, result);
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
	struct place place;
	if (next_place(ns, &place))
		look_inside(ns, &place.gvr);
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

/* The same at the end of a drain: whoever finds it later must be able to learn why. */
static void leave(struct sy_namespace *ns, const char *why)
{
	char text[512];
	snprintf(text, sizeof(text), "the downstream namespace %s is left without our marks: %s; delete it by hand when nobody needs it",
		 ns->down, why);
	sy_namespace_tell(ns, "NamespaceLeft", text);
	let_go(ns);
}

void sy_namespace_clean(struct sy_namespace *ns)
{
	if (ns->request || ns->question || !sy_namespace_unneeded(ns))
		return;
	if (sy_engine_drain(ns->engine) && ns->engine->plan.removal == SY_REMOVAL_ORPHAN) {
		let_go(ns);
		return;
	}
	if (ns->engine->plan.keep_namespaces) {
		/* Until a plan comes that knows more; but a drain has no better plan to wait for. */
		if (sy_engine_drain(ns->engine))
			leave(ns, "it may hold objects of an APIExport that cannot be read, or of more resources than are supported");
		return;
	}
	ns->check = 0;
	ns->check_plan = ns->engine->plan.generation;
	look_on(ns);
}
