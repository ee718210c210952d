#include "supervisor/orphans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

#define MAX_NAMESPACES 65536

struct entry {
	char *ns;
	char *cluster;
	bool seen;
};

struct waiting { /* clusters that were not listed at the last look */
	char *cluster;
	int64_t since_ms;
};

struct sy_orphans {
	struct sy_loop *loop;
	const struct sy_timings *timings;
	sy_loop_fn *changed;
	void *arg;
	struct sy_timer *timer;
	struct sy_reflector *reflector;
	char *target_cluster, *target_name, *target_uid;
	struct entry *entries;
	size_t count;
	struct waiting *waiting;
	size_t waiting_count;
	bool complete;
};

static void drop_entry(struct sy_orphans *orphans, size_t index)
{
	free(orphans->entries[index].ns);
	free(orphans->entries[index].cluster);
	orphans->entries[index] = orphans->entries[--orphans->count];
}

static int add_entry(struct sy_orphans *orphans, const char *ns, char *cluster, struct sy_error *err)
{
	struct entry *entries = NULL;
	char *copy = strdup(ns);

	if (orphans->count < MAX_NAMESPACES)
		entries = reallocarray(orphans->entries, orphans->count + 1, sizeof(*entries));
	if (entries)
		orphans->entries = entries;
	if (!entries || !copy) {
		free(copy);
		free(cluster);
		return sy_error_oom(err);
	}
	entries[orphans->count++] = (struct entry){.ns = copy, .cluster = cluster, .seen = true};
	return 0;
}

int sy_orphans_take(struct sy_orphans *orphans, bool deleted, json_object *ns, struct sy_error *err)
{
	const struct sy_target_id target = {orphans->target_cluster, orphans->target_name, orphans->target_uid};
	const char *name = sy_json_str(ns, "metadata", "name", NULL);
	const char *locator = sy_json_str(ns, "metadata", "annotations", SY_ANNOTATION_LOCATOR, NULL);
	char *cluster = NULL, *upstream = NULL;

	if (!name)
		return sy_error_set(err, EINVAL, "namespace without a name");
	for (size_t i = 0; i < orphans->count; i++) {
		if (strcmp(orphans->entries[i].ns, name) == 0) {
			drop_entry(orphans, i);
			break;
		}
	}
	/* A label alone proves nothing: the locator must be of this very SyncTarget. */
	if (deleted || !locator || !sy_locator_parse(locator, &target, &cluster, &upstream))
		return 0;
	free(upstream);
	if (!cluster || !sy_cluster_name_valid(cluster)) {
		free(cluster);
		return 0;
	}
	return add_entry(orphans, name, cluster, err);
}

static void orphans_begin(void *arg)
{
	struct sy_orphans *orphans = arg;

	for (size_t i = 0; i < orphans->count; i++)
		orphans->entries[i].seen = false;
}

static void orphans_event(void *arg, enum sy_reflector_event type, json_object *object, const char *raw, size_t raw_len)
{
	struct sy_orphans *orphans = arg;

	(void)raw;
	(void)raw_len;
	(void)sy_orphans_take(orphans, type == SY_DELETED, object, NULL);
	if (orphans->complete)
		orphans->changed(orphans->arg);
}

static void orphans_synced(void *arg)
{
	struct sy_orphans *orphans = arg;

	for (size_t i = orphans->count; i > 0; i--) {
		if (!orphans->entries[i - 1].seen)
			drop_entry(orphans, i - 1);
	}
	orphans->complete = true;
	orphans->changed(orphans->arg);
}

static void orphans_state(void *arg, enum sy_reflector_state state, const struct sy_kube_result *result)
{
	struct sy_orphans *orphans = arg;

	(void)state;
	(void)result;
	orphans->changed(orphans->arg);
}

static void look_again(void *arg)
{
	struct sy_orphans *orphans = arg;

	orphans->changed(orphans->arg);
}

static const struct sy_reflector_ops orphans_ops = {orphans_begin, orphans_event, orphans_synced, orphans_state};

static int start(struct sy_orphans *orphans, struct sy_kube *kube, const char *key, struct sy_error *err)
{
	struct sy_reflector_spec spec = {.gvr = {"", "v1", "namespaces"}};
	struct sy_buf selector;
	int r;

	sy_buf_init(&selector, 256);
	r = sy_buf_printf(&selector, "%s=%s", SY_LABEL_CLUSTER, key) < 0 ? sy_error_oom(err) : 0;
	spec.label_selector = sy_buf_str(&selector);
	if (r == 0 && kube)
		r = sy_reflector_new(&orphans->reflector, kube, &spec, &orphans_ops, orphans, err);
	sy_buf_done(&selector);
	return r;
}

int sy_orphans_new(struct sy_orphans **ret_orphans, struct sy_loop *loop, struct sy_kube *kube, const struct sy_timings *timings,
		   const struct sy_target_id *target, const char *key, sy_loop_fn *changed, void *arg, struct sy_error *err)
{
	struct sy_orphans *orphans = calloc(1, sizeof(*orphans));
	int r;

	if (!orphans)
		return sy_error_oom(err);
	*orphans = (struct sy_orphans){.loop = loop, .timings = timings, .changed = changed, .arg = arg};
	orphans->target_cluster = strdup(target->cluster);
	orphans->target_name = strdup(target->name);
	orphans->target_uid = strdup(target->uid);
	r = orphans->target_cluster && orphans->target_name && orphans->target_uid ? 0 : sy_error_oom(err);
	if (r == 0)
		r = sy_timer_new(&orphans->timer, loop, look_again, orphans, err);
	if (r == 0)
		r = start(orphans, kube, key, err);
	if (r < 0) {
		sy_orphans_free(orphans);
		return r;
	}
	orphans->complete = !kube;
	*ret_orphans = orphans;
	return 0;
}

static void free_waiting(struct waiting *waiting, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(waiting[i].cluster);
	free(waiting);
}

void sy_orphans_free(struct sy_orphans *orphans)
{
	if (!orphans)
		return;
	sy_reflector_free(orphans->reflector);
	sy_timer_free(orphans->timer);
	while (orphans->count > 0)
		drop_entry(orphans, orphans->count - 1);
	free(orphans->entries);
	free_waiting(orphans->waiting, orphans->waiting_count);
	free(orphans->target_cluster);
	free(orphans->target_name);
	free(orphans->target_uid);
	free(orphans);
}

static int64_t waited_since(const struct sy_orphans *orphans, const char *cluster, int64_t now)
{
	for (size_t i = 0; i < orphans->waiting_count; i++) {
		if (strcmp(orphans->waiting[i].cluster, cluster) == 0)
			return orphans->waiting[i].since_ms;
	}
	return now;
}

int sy_orphans_look(struct sy_orphans *orphans, bool complete, bool (*listed)(void *arg, const char *cluster), void *arg,
		    struct sy_strv *out, struct sy_error *err)
{
	int64_t now = sy_loop_now_ms(orphans->loop);
	struct waiting *fresh = calloc(orphans->count ? orphans->count : 1, sizeof(*fresh));
	struct sy_strv seen = {0};
	size_t count = 0;
	int r = fresh ? 0 : sy_error_oom(err);

	complete = complete && orphans->complete && sy_orphans_verdict(orphans) == SY_KUBE_OK;
	for (size_t i = 0; fresh && r == 0 && complete && i < orphans->count; i++) {
		const char *cluster = orphans->entries[i].cluster;
		int64_t since;

		if (sy_strv_has(&seen, cluster) || listed(arg, cluster))
			continue;
		since = waited_since(orphans, cluster, now);
		fresh[count] = (struct waiting){.cluster = strdup(cluster), .since_ms = since};
		r = fresh[count].cluster ? sy_strv_add(&seen, cluster, err) : sy_error_oom(err);
		count += fresh[count].cluster != NULL;
		if (r == 0 && now - since >= orphans->timings->gone_ms)
			r = sy_strv_add(out, cluster, err);
		else if (r == 0 && !sy_timer_active(orphans->timer))
			sy_timer_start(orphans->timer, orphans->timings->gone_ms - (now - since) + 1);
	}
	sy_strv_done(&seen);
	free_waiting(orphans->waiting, orphans->waiting_count);
	orphans->waiting = fresh;
	orphans->waiting_count = count;
	return r;
}

bool sy_orphans_none_left(const struct sy_orphans *orphans)
{
	return orphans->complete && sy_orphans_verdict(orphans) == SY_KUBE_OK && orphans->count == 0;
}

size_t sy_orphans_namespaces(const struct sy_orphans *orphans)
{
	return orphans->count;
}

bool sy_orphans_asked(const struct sy_orphans *orphans)
{
	return orphans->complete || !orphans->reflector || sy_reflector_state(orphans->reflector) != SY_REFLECTOR_STARTING;
}

enum sy_kube_verdict sy_orphans_verdict(const struct sy_orphans *orphans)
{
	if (!orphans->reflector || sy_reflector_state(orphans->reflector) != SY_REFLECTOR_FAILING)
		return SY_KUBE_OK;
	return sy_reflector_verdict(orphans->reflector);
}

const char *sy_orphans_message(const struct sy_orphans *orphans)
{
	return orphans->reflector ? sy_reflector_message(orphans->reflector) : "";
}

void sy_orphans_kick(struct sy_orphans *orphans)
{
	if (orphans->reflector)
		sy_reflector_kick(orphans->reflector);
}
