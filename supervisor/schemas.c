#include "supervisor/schemas.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kube/gvr.h"

#define RETRY_MS 5000

struct slot {
	struct sy_schemas *owner;
	char *workspace;
	char *name;
	bool known;
	struct sy_schema schema;
	struct sy_kube_request *request;
};

struct sy_schemas {
	struct sy_loop *loop;
	struct sy_kube *kube;
	char *base;
	sy_loop_fn *changed;
	void *arg;
	struct sy_timer *retry;
	struct slot **slots; /* pointers, so that callbacks and borrowers survive growth */
	size_t count;
};

static void slot_free(struct slot *slot)
{
	if (!slot)
		return;
	sy_kube_cancel(slot->request);
	sy_schema_done(&slot->schema);
	free(slot->workspace);
	free(slot->name);
	free(slot);
}

static void slot_answer(void *arg, const struct sy_kube_result *result)
{
	struct slot *slot = arg;
	struct sy_error err = {0};

	slot->request = NULL;
	if (result->verdict == SY_KUBE_OK && sy_schema_decode(result->object, &slot->schema, &err) == 0) {
		slot->known = true;
		slot->owner->changed(slot->owner->arg);
		return;
	}
	sy_warn(NULL, "reading APIResourceSchema %s in workspace %s: %s; trying again every 5 s", slot->name, slot->workspace,
		result->verdict == SY_KUBE_OK ? err.text : result->message);
	sy_timer_start(slot->owner->retry, RETRY_MS);
}

static void slot_fetch(struct slot *slot)
{
	const struct sy_gvr gvr = {"apis.kcp.io", "v1alpha1", "apiresourceschemas"};
	struct sy_error err = {0};
	struct sy_buf path;
	int r;

	sy_buf_init(&path, 4096);
	r = sy_buf_printf(&path, "/clusters/%s", slot->workspace);
	if (r == 0)
		r = sy_kube_path(&path, &gvr, NULL, slot->name, NULL, &err);
	if (r == 0) {
		struct sy_kube_call call = {.method = "GET", .base = slot->owner->base, .path = sy_buf_str(&path)};

		r = sy_kube_do(slot->owner->kube, &call, slot_answer, slot, &slot->request, &err);
	}
	sy_buf_done(&path);
	if (r < 0)
		sy_timer_start(slot->owner->retry, RETRY_MS);
}

static void retry_all(void *arg)
{
	struct sy_schemas *schemas = arg;

	for (size_t i = 0; i < schemas->count; i++) {
		if (!schemas->slots[i]->known && !schemas->slots[i]->request)
			slot_fetch(schemas->slots[i]);
	}
}

int sy_schemas_new(struct sy_schemas **ret_schemas, struct sy_loop *loop, struct sy_kube *kube, const char *base, sy_loop_fn *changed,
		   void *arg, struct sy_error *err)
{
	struct sy_schemas *schemas = calloc(1, sizeof(*schemas));
	int r;

	if (!schemas)
		return sy_error_oom(err);
	*schemas = (struct sy_schemas){.loop = loop, .kube = kube, .changed = changed, .arg = arg};
	schemas->base = strdup(base);
	r = schemas->base ? sy_timer_new(&schemas->retry, loop, retry_all, schemas, err) : sy_error_oom(err);
	if (r < 0) {
		sy_schemas_free(schemas);
		return r;
	}
	*ret_schemas = schemas;
	return 0;
}

void sy_schemas_free(struct sy_schemas *schemas)
{
	if (!schemas)
		return;
	for (size_t i = 0; i < schemas->count; i++)
		slot_free(schemas->slots[i]);
	free(schemas->slots);
	sy_timer_free(schemas->retry);
	free(schemas->base);
	free(schemas);
}

static struct slot *slot_new(struct sy_schemas *schemas, const char *workspace, const char *name)
{
	struct slot **slots;
	struct slot *slot;

	if (schemas->count >= SY_MAX_SCHEMAS)
		return NULL;
	slots = reallocarray(schemas->slots, schemas->count + 1, sizeof(struct slot *));
	if (!slots)
		return NULL;
	schemas->slots = slots;
	slot = calloc(1, sizeof(*slot));
	if (!slot)
		return NULL;
	slot->owner = schemas;
	slot->workspace = strdup(workspace);
	slot->name = strdup(name);
	if (!slot->workspace || !slot->name) {
		slot_free(slot);
		return NULL;
	}
	slots[schemas->count++] = slot;
	return slot;
}

int sy_schemas_learn(struct sy_schemas *schemas, const char *workspace, const char *name, json_object *schema, struct sy_error *err)
{
	struct slot *slot = slot_new(schemas, workspace, name);
	int r = slot ? sy_schema_decode(schema, &slot->schema, err) : sy_error_oom(err);

	if (slot)
		slot->known = r == 0;
	return r;
}

const struct sy_schema *sy_schemas_get(struct sy_schemas *schemas, const char *workspace, const char *name)
{
	struct slot *slot = NULL;

	if (name[0] == '\0')
		return NULL;
	for (size_t i = 0; i < schemas->count; i++) {
		slot = schemas->slots[i];
		if (strcmp(slot->name, name) == 0 && strcmp(slot->workspace, workspace) == 0)
			return slot->known ? &slot->schema : NULL;
	}
	slot = slot_new(schemas, workspace, name);
	if (slot && schemas->kube)
		slot_fetch(slot);
	return NULL;
}
