#include "supervisor/discovery/schemas.h"

#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/log.h"
#include "kube/gvr.h"

struct slot {
	struct sy_schemas *owner;
	char *workspace;
	char *name;
	enum sy_schema_state state;
	bool listed;
	uint64_t pass; /* that asked for it last */
	struct sy_schema schema;
	struct sy_kube_request *request;
	unsigned failures;
	int64_t due_ms; /* next attempt */
};

struct sy_schemas {
	struct sy_loop *loop;
	struct sy_kube *kube;
	char *base;
	sy_loop_fn *changed;
	void *arg;
	struct sy_timer *retry;
	int64_t retry_ms;    /* when it runs */
	struct slot **slots; /* sorted by workspace, then name; pointers, so that callbacks and borrowers survive growth */
	size_t count;
	uint64_t pass;
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

static void plan_retry(struct sy_schemas *schemas, int64_t at_ms)
{
	int64_t delay = at_ms - sy_loop_now_ms(schemas->loop);

	if (sy_timer_active(schemas->retry) && schemas->retry_ms <= at_ms)
		return;
	schemas->retry_ms = at_ms;
	sy_timer_start(schemas->retry, delay > 0 ? delay : 1);
}

static void slot_failed(struct slot *slot, enum sy_schema_state state, const char *why)
{
	static const struct sy_backoff_rule rule = {5000, 300000};

	slot->state = state;
	slot->failures += slot->failures < 64;
	slot->due_ms = sy_loop_now_ms(slot->owner->loop) + sy_backoff_delay_ms(&rule, slot->failures, arc4random());
	if (slot->failures == 1)
		sy_warn(NULL, "reading APIResourceSchema %s in workspace %s: %s; trying again from time to time", slot->name,
			slot->workspace, why);
	else
		sy_debug(NULL, "reading APIResourceSchema %s in workspace %s: %s", slot->name, slot->workspace, why);
	plan_retry(slot->owner, slot->due_ms);
}

static void slot_answer(void *arg, const struct sy_kube_result *result)
{
	struct slot *slot = arg;
	struct sy_error err = {0};

	slot->request = NULL;
	if (result->verdict != SY_KUBE_OK)
		slot_failed(slot, result->verdict == SY_KUBE_NOT_FOUND ? SY_SCHEMA_MISSING : SY_SCHEMA_FAILING, result->message);
	else if (sy_schema_decode(result->object, &slot->schema, &err) < 0)
		slot_failed(slot, SY_SCHEMA_MISSING, err.text);
	else
		slot->state = SY_SCHEMA_KNOWN;
	slot->owner->changed(slot->owner->arg);
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
		slot_failed(slot, SY_SCHEMA_FAILING, err.text);
}

static void retry_due(void *arg)
{
	struct sy_schemas *schemas = arg;
	int64_t now = sy_loop_now_ms(schemas->loop), next = INT64_MAX;

	for (size_t i = 0; i < schemas->count; i++) {
		struct slot *slot = schemas->slots[i];

		if (slot->state == SY_SCHEMA_KNOWN || slot->request)
			continue;
		if (slot->due_ms <= now)
			slot_fetch(slot);
		else if (slot->due_ms < next)
			next = slot->due_ms;
	}
	if (next < INT64_MAX)
		plan_retry(schemas, next);
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
	r = schemas->base ? sy_timer_new(&schemas->retry, loop, retry_due, schemas, err) : sy_error_oom(err);
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

void sy_schemas_begin(struct sy_schemas *schemas)
{
	size_t kept = 0;

	for (size_t i = 0; i < schemas->count; i++) {
		struct slot *slot = schemas->slots[i];

		if (slot->pass + 1 >= schemas->pass)
			schemas->slots[kept++] = slot;
		else
			slot_free(slot);
	}
	schemas->count = kept;
	schemas->pass++;
}

static size_t lower_bound(const struct sy_schemas *schemas, const char *workspace, const char *name)
{
	size_t low = 0, high = schemas->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(schemas->slots[middle]->workspace, workspace);

		if (order == 0)
			order = strcmp(schemas->slots[middle]->name, name);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct slot *find_slot(const struct sy_schemas *schemas, const char *workspace, const char *name)
{
	size_t at = lower_bound(schemas, workspace, name);
	struct slot *slot = at < schemas->count ? schemas->slots[at] : NULL;

	return slot && strcmp(slot->workspace, workspace) == 0 && strcmp(slot->name, name) == 0 ? slot : NULL;
}

static bool has_room(const struct sy_schemas *schemas, const char *workspace, bool listed)
{
	size_t used = 0;

	for (size_t i = lower_bound(schemas, workspace, ""); i < schemas->count; i++) {
		if (strcmp(schemas->slots[i]->workspace, workspace) != 0)
			break;
		used += schemas->slots[i]->listed == listed;
	}
	return used < (listed ? SY_MAX_LISTED_SCHEMAS : SY_MAX_BOUND_SCHEMAS);
}

static struct slot *slot_new(struct sy_schemas *schemas, const char *workspace, const char *name)
{
	size_t at = lower_bound(schemas, workspace, name);
	struct slot **slots = reallocarray(schemas->slots, schemas->count + 1, sizeof(struct slot *));
	struct slot *slot;

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
	memmove(&slots[at + 1], &slots[at], (schemas->count - at) * sizeof(struct slot *));
	slots[at] = slot;
	schemas->count++;
	return slot;
}

int sy_schemas_learn(struct sy_schemas *schemas, const char *workspace, const char *name, json_object *schema, struct sy_error *err)
{
	struct slot *slot = slot_new(schemas, workspace, name);
	int r = slot ? sy_schema_decode(schema, &slot->schema, err) : sy_error_oom(err);

	if (r == 0)
		slot->state = SY_SCHEMA_KNOWN;
	return r;
}

const struct sy_schema *sy_schemas_get(struct sy_schemas *schemas, const char *workspace, const char *name, bool listed)
{
	struct slot *slot;

	if (name[0] == '\0')
		return NULL;
	slot = find_slot(schemas, workspace, name);
	if (!slot && has_room(schemas, workspace, listed)) {
		slot = slot_new(schemas, workspace, name);
		if (slot && schemas->kube)
			slot_fetch(slot);
	}
	if (!slot)
		return NULL;
	slot->pass = schemas->pass;
	slot->listed = slot->listed || listed;
	return slot->state == SY_SCHEMA_KNOWN ? &slot->schema : NULL;
}

enum sy_schema_state sy_schemas_state(const struct sy_schemas *schemas, const char *workspace, const char *name)
{
	const struct slot *slot = find_slot(schemas, workspace, name);

	return slot ? slot->state : SY_SCHEMA_NO_ROOM;
}

size_t sy_schemas_count(const struct sy_schemas *schemas)
{
	return schemas->count;
}
