/* One round of looking for cluster-scoped objects: the resources in question, then every page of each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "supervisor/discovery/strays_impl.h"

#define AGAIN_MS 1000
#define FIRST_PAUSE_MS 2000
#define LAST_PAUSE_MS 300000
#define PAGE_SHRINKS 8

static void next_request(struct sy_strays *strays);

static void round_end(struct sy_strays *strays)
{
	bool ok = strays->failed.count == 0;
	int64_t delay = strays->everything ? strays->timings->discovery_ms : strays->timings->review_ms;

	strays->running = false;
	if (ok) {
		sy_stray_found_done(&strays->known);
		strays->known = strays->found;
		strays->found = (struct sy_stray_found){0};
		sy_strv_sort(&strays->known.types);
		strays->begun_ms = strays->round_ms;
		strays->fresh = !strays->stale;
		strays->pause_ms = 0;
		delay = strays->stale ? AGAIN_MS : delay;
	} else {
		strays->pause_ms = strays->pause_ms ? strays->pause_ms * 2 : FIRST_PAUSE_MS;
		if (strays->pause_ms > LAST_PAUSE_MS)
			strays->pause_ms = LAST_PAUSE_MS;
		delay = strays->pause_ms;
	}
	sy_strv_done(&strays->last_failed);
	strays->last_failed = strays->failed;
	strays->failed = (struct sy_strv){0};
	sy_strv_sort(&strays->last_failed);
	sy_stray_found_done(&strays->found);
	sy_timer_start(strays->timer, delay);
	strays->changed(strays->arg);
}

static char *type_name(const struct sy_stray_type *type)
{
	struct sy_buf text;

	sy_buf_init(&text, 1024);
	if (sy_kube_group_resource(&text, type->group, type->resource) < 0) {
		sy_buf_done(&text);
		return NULL;
	}
	return sy_buf_take(&text);
}

static void note_failure(struct sy_strays *strays, const char *name, const char *why)
{
	const char *what = name ? name : "the list of resources";

	if (!sy_strv_has(&strays->last_failed, what))
		sy_warn(NULL, "physical cluster: cannot look for cluster-scoped objects of %s: %s", what, why);
	if (sy_strv_add_new(&strays->failed, what, NULL) < 0)
		strays->stale = true; /* not even room to say so: this round proves nothing */
}

static void next_type(struct sy_strays *strays)
{
	free(strays->next);
	strays->next = NULL;
	strays->asked = 0;
	strays->limit = SY_STRAYS_PAGE;
	strays->at++;
}

static void got_page(void *arg, const struct sy_kube_result *result)
{
	struct sy_strays *strays = arg;
	sy_auto_free char *name = type_name(&strays->round.items[strays->at]);
	const char *token = sy_json_str(result->object, "metadata", "continue", NULL);
	struct sy_error err = {.text = "out of memory"};

	strays->request = NULL;
	if (result->verdict == SY_KUBE_TOO_LARGE && strays->limit > 1) {
		/* Metadata alone can be large: the same page again, with fewer objects. */
		strays->limit = strays->limit > PAGE_SHRINKS ? strays->limit / PAGE_SHRINKS : 1;
	} else if (result->verdict != SY_KUBE_OK) {
		/* Where we may not list we have never written either; with an export behind it the missing right is a fault. */
		if (result->verdict != SY_KUBE_FORBIDDEN || !strays->everything ||
		    sy_stray_types_have(&strays->wanted, strays->round.items[strays->at].group, strays->round.items[strays->at].version,
					strays->round.items[strays->at].resource))
			note_failure(strays, name, result->message);
		next_type(strays);
	} else if (!name || sy_strays_take(strays, result->object, name, &err) < 0) {
		note_failure(strays, name, err.text);
		next_type(strays);
	} else if (token && *token && (strays->asked += strays->limit) >= SY_MAX_STRAYS) {
		note_failure(strays, name, "there are too many");
		next_type(strays);
	} else if (token && *token) {
		char *copy = strdup(token);

		free(strays->next);
		strays->next = copy;
		if (!copy) {
			note_failure(strays, name, err.text);
			next_type(strays);
		}
	} else {
		next_type(strays);
	}
	next_request(strays);
}

static int ask(struct sy_strays *strays, const struct sy_stray_type *type, struct sy_error *err)
{
	const struct sy_gvr gvr = {type->group, type->version, type->resource};
	struct sy_kube_call call = {.method = "GET", .accept = SY_ACCEPT_METADATA};
	struct sy_buf path, query, selector;
	int r;

	sy_buf_init(&path, 4096);
	sy_buf_init(&query, SY_MAX_CONFIG_BYTES);
	sy_buf_init(&selector, 256);
	r = sy_kube_path(&path, &gvr, NULL, NULL, NULL, err);
	if (r == 0 && (sy_buf_printf(&selector, "%s=%s", SY_LABEL_CLUSTER, strays->key) < 0 ||
		       sy_kube_query_add(&query, "labelSelector", sy_buf_str(&selector)) < 0 ||
		       sy_buf_printf(&query, "&limit=%zu", strays->limit) < 0 ||
		       (strays->next && sy_kube_query_add(&query, "continue", strays->next) < 0)))
		r = sy_error_set(err, E2BIG, "the continue token is too long");
	call.path = sy_buf_str(&path);
	call.query = sy_buf_str(&query);
	if (r == 0)
		r = sy_kube_do(strays->kube, &call, got_page, strays, &strays->request, err);
	sy_buf_done(&path);
	sy_buf_done(&query);
	sy_buf_done(&selector);
	return r;
}

static void next_request(struct sy_strays *strays)
{
	struct sy_error err = {0};

	while (strays->at < strays->round.count) {
		const struct sy_stray_type *type = &strays->round.items[strays->at];
		sy_auto_free char *name = NULL;

		if (ask(strays, type, &err) == 0)
			return;
		name = type_name(type);
		note_failure(strays, name, err.text);
		next_type(strays);
	}
	round_end(strays);
}

static int copy_wanted(struct sy_strays *strays, struct sy_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < strays->wanted.count; i++) {
		const struct sy_stray_type *type = &strays->wanted.items[i];

		if (!sy_stray_types_have(&strays->round, type->group, type->version, type->resource))
			r = sy_stray_types_add(&strays->round, type->group, type->version, type->resource, err);
	}
	return r;
}

static bool has_verb(json_object *verbs, const char *wanted)
{
	for (size_t i = 0; verbs && i < json_object_array_length(verbs); i++) {
		const char *verb = json_object_get_string(json_object_array_get_idx(verbs, i));

		if (verb && strcmp(verb, wanted) == 0)
			return true;
	}
	return false;
}

static bool in_question(json_object *resource)
{
	const char *scope = sy_json_str(resource, "scope", NULL);
	json_object *verbs = sy_json_array(resource, "verbs", NULL);

	return scope && strcmp(scope, "Cluster") == 0 && has_verb(verbs, "list") && has_verb(verbs, "create");
}

/* Of each group the version that it prefers: all versions show the same objects. */
static int add_group(struct sy_strays *strays, json_object *group, struct sy_error *err)
{
	const char *name = sy_json_str(group, "metadata", "name", NULL);
	json_object *versions = sy_json_array(group, "versions", NULL);
	struct sy_strv seen = {0};
	int r = 0;

	for (size_t i = 0; name && *name && versions && i < json_object_array_length(versions); i++) {
		json_object *version = json_object_array_get_idx(versions, i);
		const char *version_name = sy_json_str(version, "version", NULL);
		json_object *resources = sy_json_array(version, "resources", NULL);

		for (size_t j = 0; r == 0 && version_name && resources && j < json_object_array_length(resources); j++) {
			json_object *resource = json_object_array_get_idx(resources, j);
			const char *plural = sy_json_str(resource, "resource", NULL);

			if (!plural || !in_question(resource) || sy_strv_has(&seen, plural))
				continue;
			r = sy_strv_add(&seen, plural, err);
			if (r == 0 && !sy_stray_types_have(&strays->round, name, version_name, plural))
				r = sy_stray_types_add(&strays->round, name, version_name, plural, err);
		}
	}
	sy_strv_done(&seen);
	return r;
}

static void got_groups(void *arg, const struct sy_kube_result *result)
{
	struct sy_strays *strays = arg;
	const char *kind = sy_json_str(result->object, "kind", NULL);
	json_object *items = sy_json_array(result->object, "items", NULL);
	struct sy_error err = {0};
	int r = 0;

	strays->request = NULL;
	if (result->verdict != SY_KUBE_OK && result->verdict != SY_KUBE_BAD_REQUEST)
		note_failure(strays, NULL, result->message);
	else if (kind && strcmp(kind, "APIGroupDiscoveryList") == 0)
		for (size_t i = 0; r == 0 && items && i < json_object_array_length(items); i++)
			r = add_group(strays, json_object_array_get_idx(items, i), &err);
	if (r < 0)
		note_failure(strays, NULL, err.text);
	next_request(strays);
}

void sy_strays_begin(void *arg)
{
	struct sy_strays *strays = arg;
	struct sy_kube_call call = {.method = "GET", .path = "/apis", .accept = SY_ACCEPT_DISCOVERY};
	struct sy_error err = {0};

	if (strays->running || !strays->kube)
		return;
	sy_timer_stop(strays->timer);
	strays->running = true;
	strays->stale = false;
	strays->round_ms = sy_loop_now_ms(strays->loop);
	strays->at = 0;
	strays->asked = 0;
	strays->limit = SY_STRAYS_PAGE;
	sy_stray_types_done(&strays->round);
	sy_stray_found_done(&strays->found);
	sy_strv_done(&strays->failed);
	if (copy_wanted(strays, &err) < 0)
		note_failure(strays, NULL, err.text);
	if (!strays->everything) {
		if (strays->round.count > 0 || strays->failed.count > 0)
			next_request(strays);
		else
			round_end(strays);
		return;
	}
	if (sy_kube_do(strays->kube, &call, got_groups, strays, &strays->request, &err) < 0) {
		note_failure(strays, NULL, err.text);
		next_request(strays);
	}
}
