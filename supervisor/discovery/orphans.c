#include "supervisor/discovery/orphans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "supervisor/discovery/relist.h"

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
	struct sy_relist relist;
	struct sy_strays *strays; /* borrowed, or NULL */
	char *target_cluster, *target_name, *target_uid;
	struct entry *entries;
	size_t count;
	struct waiting *waiting;
	size_t waiting_count;
	bool complete;
	bool listing;
	bool unread; /* the list under way, or the last one, has a namespace of which we cannot tell whose it is */
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

	orphans->unread = false;
	orphans->listing = true;
	for (size_t i = 0; i < orphans->count; i++)
		orphans->entries[i].seen = false;
}

void sy_orphans_take_broken(struct sy_orphans *orphans, const struct sy_reflector_broken *broken)
{
	const char *name = sy_json_str(broken->about, "metadata", "name", NULL);
	bool known = false;

	sy_warn(NULL, "namespace %s of the cluster cannot be read: %s", name ? name : "without a name", broken->why->text);
	if (broken->whole) { /* the locator is among what could be read */
		if (sy_orphans_take(orphans, broken->type == SY_DELETED, broken->about, NULL) < 0)
			orphans->unread = true;
		return;
	}
	for (size_t i = 0; name && i < orphans->count; i++) {
		if (strcmp(orphans->entries[i].ns, name) == 0)
			known = orphans->entries[i].seen = true;
	}
	/* A deleted one that cannot be told is missed by the next list. */
	orphans->unread = orphans->unread || (!known && broken->type != SY_DELETED);
}

static void orphans_broken(void *arg, const struct sy_reflector_broken *broken)
{
	struct sy_orphans *orphans = arg;

	sy_orphans_take_broken(orphans, broken);
	if (orphans->unread && !orphans->listing && broken->type == SY_DELETED)
		sy_relist_ask(&orphans->relist);
	if (orphans->complete)
		orphans->changed(orphans->arg);
}

static void orphans_event(void *arg, enum sy_reflector_event type, json_object *object, const char *raw, size_t raw_len)
{
	struct sy_orphans *orphans = arg;
	size_t before = orphans->count;

	(void)raw;
	(void)raw_len;
	(void)sy_orphans_take(orphans, type == SY_DELETED, object, NULL);
	/* Perhaps it is the one that could not be read: a list tells. */
	if (orphans->unread && !orphans->listing && (type == SY_DELETED || orphans->count != before))
		sy_relist_ask(&orphans->relist);
	if (orphans->complete)
		orphans->changed(orphans->arg);
}

static void orphans_synced(void *arg)
{
	struct sy_orphans *orphans = arg;

	for (size_t i = orphans->count; i > 0; i--) {
		if (!orphans->entries[i - 1].seen && !orphans->unread)
			drop_entry(orphans, i - 1);
	}
	orphans->listing = false;
	orphans->complete = true;
	if (!orphans->unread)
		sy_relist_helped(&orphans->relist);
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
	struct sy_reflector_spec spec = {.gvr = {"", "v1", "namespaces"}, .broken = orphans_broken};
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
		   const struct sy_target_id *target, const char *key, struct sy_strays *strays, sy_loop_fn *changed, void *arg,
		   struct sy_error *err)
{
	struct sy_orphans *orphans = calloc(1, sizeof(*orphans));
	int r;

	if (!orphans)
		return sy_error_oom(err);
	*orphans = (struct sy_orphans){.loop = loop, .timings = timings, .strays = strays, .changed = changed, .arg = arg};
	orphans->target_cluster = strdup(target->cluster);
	orphans->target_name = strdup(target->name);
	orphans->target_uid = strdup(target->uid);
	r = orphans->target_cluster && orphans->target_name && orphans->target_uid ? 0 : sy_error_oom(err);
	if (r == 0)
		r = sy_timer_new(&orphans->timer, loop, look_again, orphans, err);
	if (r == 0)
		r = sy_relist_init(&orphans->relist, loop, &orphans->reflector, err);
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
	sy_relist_done(&orphans->relist);
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

/* One look over all that is there. */
struct look {
	struct sy_orphans *orphans;
	bool (*listed)(void *arg, const char *cluster);
	void *arg;
	struct sy_strv seen;
	struct waiting *fresh;
	size_t count;
	struct sy_strv *out;
};

static void look_later(struct sy_orphans *orphans, int64_t delay)
{
	if (!sy_timer_active(orphans->timer))
		sy_timer_start(orphans->timer, delay);
}

/* A namespace is watched and hence still there; an object outside of one must be in a round that began late enough. */
static int look_at(struct look *look, const char *cluster, bool is_namespace, struct sy_error *err)
{
	struct sy_orphans *orphans = look->orphans;
	int64_t now = sy_loop_now_ms(orphans->loop), since;
	int r;

	if (sy_strv_has(&look->seen, cluster) || look->listed(look->arg, cluster))
		return 0;
	since = waited_since(orphans, cluster, now);
	look->fresh[look->count] = (struct waiting){.cluster = strdup(cluster), .since_ms = since};
	r = look->fresh[look->count].cluster ? sy_strv_add(&look->seen, cluster, err) : sy_error_oom(err);
	look->count += look->fresh[look->count].cluster != NULL;
	if (r < 0)
		return r;
	if (now - since < orphans->timings->gone_ms)
		look_later(orphans, orphans->timings->gone_ms - (now - since) + 1);
	else if (is_namespace || sy_strays_begun_ms(orphans->strays) >= since + orphans->timings->gone_ms)
		return sy_strv_add(look->out, cluster, err);
	else
		sy_strays_again(orphans->strays);
	return 0;
}

int sy_orphans_look(struct sy_orphans *orphans, bool complete, bool (*listed)(void *arg, const char *cluster), void *arg,
		    struct sy_strv *out, struct sy_error *err)
{
	const struct sy_strv *strays = orphans->strays ? sy_strays_clusters(orphans->strays) : NULL;
	size_t room = orphans->count + (strays ? strays->count : 0);
	struct look look = {.orphans = orphans, .listed = listed, .arg = arg, .out = out, .fresh = calloc(room + 1, sizeof(*look.fresh))};
	int r = 0;

	if (!look.fresh)
		return sy_error_oom(err);
	complete = complete && orphans->complete && sy_orphans_verdict(orphans) == SY_KUBE_OK;
	for (size_t i = 0; r == 0 && complete && i < orphans->count; i++)
		r = look_at(&look, orphans->entries[i].cluster, true, err);
	for (size_t i = 0; r == 0 && complete && strays && i < strays->count; i++)
		r = look_at(&look, strays->items[i], false, err);
	sy_strv_done(&look.seen);
	free_waiting(orphans->waiting, orphans->waiting_count);
	orphans->waiting = look.fresh;
	orphans->waiting_count = look.count;
	return r;
}

bool sy_orphans_none_left(const struct sy_orphans *orphans)
{
	if (orphans->strays && (!sy_strays_fresh(orphans->strays) || sy_strays_objects(orphans->strays) > 0))
		return false;
	return orphans->complete && !orphans->unread && sy_orphans_verdict(orphans) == SY_KUBE_OK && orphans->count == 0;
}

const char *sy_orphans_cluster(const struct sy_orphans *orphans, size_t index)
{
	return orphans->entries[index].cluster;
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
