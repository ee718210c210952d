/* The namespaces of the workspace that are used downstream, by both names, and the reflector that watches them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "internal.h"

static int compare_up(const struct sy_namespace *a, const struct sy_namespace *b)
{
	return strcmp(a->up, b->up);
}

static int compare_down(const struct sy_namespace *a, const struct sy_namespace *b)
{
	return strcmp(a->down, b->down);
}

RB_PROTOTYPE(sy_namespaces_up, sy_namespace, by_up, compare_up)
RB_PROTOTYPE(sy_namespaces_down, sy_namespace, by_down, compare_down)
RB_GENERATE(sy_namespaces_up, sy_namespace, by_up, compare_up)
RB_GENERATE(sy_namespaces_down, sy_namespace, by_down, compare_down)

struct sy_namespace *sy_namespace_of_down(struct sy_engine *engine, const char *down)
{
	struct sy_namespace key;
	if (strlcpy(key.down, down, sizeof(key.down)) >= sizeof(key.down))
		return NULL;
	return RB_FIND(sy_namespaces_down, &engine->namespaces.by_down, &key);
}

struct sy_namespace *sy_namespace_of(struct sy_engine *engine, const char *up)
{
	struct sy_namespace key;
	errno = EINVAL;
	if (strlcpy(key.up, up, sizeof(key.up)) >= sizeof(key.up))
		return NULL;
	struct sy_namespace *ns = RB_FIND(sy_namespaces_up, &engine->namespaces.by_up, &key);
	if (ns)
		return ns;
	ns = calloc(1, sizeof(*ns));
	if (!ns) {
		errno = ENOMEM;
		return NULL;
	}
	ns->engine = engine;
	TAILQ_INIT(&ns->waiting);
	memcpy(ns->up, key.up, sizeof(ns->up));
	if (sy_downstream_namespace(&engine->target, engine->plan.cluster, up, ns->down, NULL) ||
	    RB_INSERT(sy_namespaces_down, &engine->namespaces.by_down, ns)) {
		free(ns); /* an odd name, or two names with one hash */
		errno = EINVAL;
		return NULL;
	}
	RB_INSERT(sy_namespaces_up, &engine->namespaces.by_up, ns);
	return ns;
}

static void forget(struct sy_namespace *ns)
{
	struct sy_namespaces *all = &ns->engine->namespaces;
	sy_kube_cancel(ns->request);
	sy_unserved_cancel(ns->question);
	RB_REMOVE(sy_namespaces_up, &all->by_up, ns);
	RB_REMOVE(sy_namespaces_down, &all->by_down, ns);
	free(ns);
}

void sy_namespace_wait(struct sy_namespace *ns, struct sy_object *object)
{
	sy_queue_drop(&ns->engine->queue, object);
	if (object->place != SY_NOWHERE)
		return;
	TAILQ_INSERT_TAIL(&ns->waiting, object, link);
	object->place = SY_IN_NAMESPACE;
}

void sy_namespace_unwait(struct sy_object *object)
{
	if (object->place != SY_IN_NAMESPACE)
		return;
	TAILQ_REMOVE(&object->ns->waiting, object, link);
	object->place = SY_NOWHERE;
}

void sy_namespace_wake(struct sy_namespace *ns)
{
	struct sy_object_list waiting = TAILQ_HEAD_INITIALIZER(waiting);
	TAILQ_CONCAT(&waiting, &ns->waiting, link);
	for (struct sy_object *object = TAILQ_FIRST(&waiting); object; object = TAILQ_FIRST(&waiting)) {
		TAILQ_REMOVE(&waiting, object, link);
		object->place = SY_NOWHERE;
		sy_flow_consider(object, true);
	}
	sy_engine_changed(ns->engine);
}

static void start_timer(struct sy_engine *engine)
{
	int64_t due = 0, now = sy_loop_now_ms(engine->loop);
	struct sy_namespace *ns;
	RB_FOREACH(ns, sy_namespaces_up, &engine->namespaces.by_up)
	if (ns->due_ms && (!due || ns->due_ms < due))
		due = ns->due_ms;
	if (due)
		sy_timer_start(engine->namespaces.timer, due > now ? due - now : 0);
	else
		sy_timer_stop(engine->namespaces.timer);
}

void sy_namespace_at(struct sy_namespace *ns, int64_t delay_ms)
{
	struct sy_engine *engine = ns->engine;
	bool was = ns->due_ms != 0;
	ns->due_ms = delay_ms < 0 ? 0 : sy_loop_now_ms(engine->loop) + delay_ms + 1;
	if (was || ns->due_ms)
		start_timer(engine);
}

static void on_timer(void *arg)
{
	struct sy_engine *engine = arg;
	int64_t now = sy_loop_now_ms(engine->loop);
	struct sy_namespace *ns, *next;
	RB_FOREACH_SAFE(ns, sy_namespaces_up, &engine->namespaces.by_up, next)
	{
		if (!ns->due_ms || ns->due_ms > now)
			continue;
		ns->due_ms = 0;
		sy_namespace_tick(ns);
	}
	start_timer(engine);
}

void sy_namespace_use(struct sy_object *object, bool use)
{
	struct sy_namespace *ns = object->ns;
	if (!ns || object->uses_ns == use)
		return;
	object->uses_ns = use;
	if (!use) {
		if (--ns->users == 0)
			sy_namespace_review(ns);
		return;
	}
	ns->users++;
	if (ns->state == SY_NAMESPACE_READY && !ns->repair && !ns->doubt)
		sy_namespace_at(ns, -1); /* no clean-up now */
}

size_t sy_namespaces_present(struct sy_engine *engine)
{
	struct sy_namespace *ns;
	size_t count = 0;
	RB_FOREACH(ns, sy_namespaces_up, &engine->namespaces.by_up)
	{
		count += ns->doubt || (ns->state != SY_NAMESPACE_UNKNOWN && ns->state != SY_NAMESPACE_COLLISION);
	}
	return count;
}

void sy_namespace_observe(struct sy_namespace *ns, json_object *tree)
{
	const struct sy_engine *engine = ns->engine;
	const char *uid = sy_json_str(tree, "metadata", "uid", NULL), *rv = sy_json_str(tree, "metadata", "resourceVersion", NULL);
	const char *key = sy_json_str(tree, "metadata", "labels", SY_LABEL_CLUSTER, NULL);
	const char *tenant = sy_json_str(tree, "metadata", "labels", SY_LABEL_TENANT, NULL);
	const char *locator = sy_json_str(tree, "metadata", "annotations", SY_ANNOTATION_LOCATOR, NULL);
	if (strlcpy(ns->uid, uid ? uid : "", sizeof(ns->uid)) >= sizeof(ns->uid))
		*ns->uid = '\0';
	if (strlcpy(ns->rv, rv ? rv : "", sizeof(ns->rv)) >= sizeof(ns->rv))
		*ns->rv = '\0';
	bool ready = ns->state == SY_NAMESPACE_READY, terminating = ns->state == SY_NAMESPACE_TERMINATING;
	ns->state = sy_json_str(tree, "metadata", "deletionTimestamp", NULL) ? SY_NAMESPACE_TERMINATING : SY_NAMESPACE_READY;
	ns->repair = !key || !tenant || !locator || strcmp(key, engine->plan.key) != 0 || strcmp(tenant, engine->tenant) != 0 ||
		     !sy_locator_matches(locator, &engine->target, engine->plan.cluster, ns->up);
	ns->doubt = false;
	if (!terminating || ns->state != SY_NAMESPACE_TERMINATING)
		ns->failures = 0;
	if (ns->state == SY_NAMESPACE_READY && ns->repair && !ns->request)
		sy_namespace_repair(ns);
	if (ns->state == SY_NAMESPACE_READY && !ready)
		sy_namespace_wake(ns);
}

void sy_namespace_gone(struct sy_namespace *ns)
{
	ns->state = SY_NAMESPACE_UNKNOWN;
	ns->doubt = false;
	*ns->uid = *ns->rv = '\0';
	ns->failures = 0;
	sy_namespace_at(ns, -1);
	sy_namespace_wake(ns);
	sy_namespace_review(ns);
}

void sy_namespace_inhabited(struct sy_namespace *ns)
{
	if (ns->state == SY_NAMESPACE_UNKNOWN && ns->engine->namespaces.synced && !ns->request && !ns->due_ms)
		sy_namespace_look(ns);
}

static void on_begin(void *arg)
{
	struct sy_engine *engine = arg;
	struct sy_namespace *ns;
	RB_FOREACH(ns, sy_namespaces_up, &engine->namespaces.by_up)
	ns->seen = false;
}

/* The entry of a downstream namespace, by its name or by its locator. */
static struct sy_namespace *resolve(struct sy_engine *engine, const char *name, json_object *tree)
{
	struct sy_namespace *ns = sy_namespace_of_down(engine, name);
	const char *locator = sy_json_str(tree, "metadata", "annotations", SY_ANNOTATION_LOCATOR, NULL);
	sy_auto_free char *cluster = NULL, *up = NULL;
	if (ns || !locator || !sy_locator_parse(locator, &engine->target, &cluster, &up) || strcmp(cluster, engine->plan.cluster) != 0 ||
	    !sy_name_usable(up, 63))
		return ns;
	ns = sy_namespace_of(engine, up);
	if (ns && strcmp(ns->down, name) == 0)
		return ns;
	if (ns)
		sy_namespace_review(ns);
	return NULL; /* a forged or copied locator */
}

static void on_event(void *arg, enum sy_reflector_event type, json_object *tree, const char *raw, size_t raw_len)
{
	struct sy_engine *engine = arg;
	(void)raw;
	(void)raw_len;
	const char *name = sy_json_str(tree, "metadata", "name", NULL), *uid = sy_json_str(tree, "metadata", "uid", NULL);
	struct sy_namespace *ns = name ? resolve(engine, name, tree) : NULL;
	if (!ns)
		return;
	ns->seen = true;
	if (type != SY_DELETED) {
		sy_namespace_observe(ns, tree);
		sy_namespace_review(ns);
	} else if (!*ns->uid || (uid && strcmp(uid, ns->uid) == 0)) {
		sy_namespace_look(ns); /* perhaps it only lost its labels */
	}
}

/* Metadata is all that is needed of one. Of which even that cannot be read, it is there at least: a look by name says more, and only a 404
 * that it is gone. */
static void on_broken(void *arg, const struct sy_reflector_broken *broken)
{
	struct sy_engine *engine = arg;
	const char *name = sy_json_str(broken->about, "metadata", "name", NULL);
	struct sy_namespace *ns = name ? sy_namespace_of_down(engine, name) : NULL;
	sy_warn(&(struct sy_log_ref){.cluster = engine->plan.cluster, .object = name}, "namespace %s of the cluster cannot be read: %s",
		name ? name : "without a name", broken->why->text);
	if (broken->whole)
		on_event(arg, broken->type, broken->about, NULL, 0);
	else if (ns && broken->type == SY_DELETED)
		sy_namespace_look(ns);
	else if (ns)
		ns->seen = true;
}

static void on_synced(void *arg)
{
	struct sy_engine *engine = arg;
	struct sy_namespace *ns;
	engine->namespaces.synced = true;
	RB_FOREACH(ns, sy_namespaces_up, &engine->namespaces.by_up)
	if (!ns->seen && (ns->state == SY_NAMESPACE_READY || ns->state == SY_NAMESPACE_TERMINATING))
		sy_namespace_look(ns);
	sy_engine_listed(engine);
}

static void on_state(void *arg, enum sy_reflector_state state, const struct sy_kube_result *result)
{
	struct sy_engine *engine = arg;
	(void)state;
	engine->namespaces.verdict = result ? result->verdict : SY_KUBE_OK;
	sy_engine_changed(engine);
}

int sy_namespaces_start(struct sy_engine *engine, struct sy_error *err)
{
	static const struct sy_reflector_ops ops = {on_begin, on_event, on_synced, on_state};
	struct sy_namespaces *all = &engine->namespaces;
	struct sy_reflector_spec spec = {.gvr = {"", "v1", "namespaces"}, .label_selector = engine->selector, .broken = on_broken};
	if (all->reflector)
		return 0;
	RB_INIT(&all->by_up);
	RB_INIT(&all->by_down);
	int rc = all->timer ? 0 : sy_timer_new(&all->timer, engine->loop, on_timer, engine, err);
	return rc ? rc : sy_reflector_new(&all->reflector, engine->kube[SY_SIDE_DOWN], &spec, &ops, engine, err);
}

void sy_namespaces_done(struct sy_engine *engine)
{
	struct sy_namespaces *all = &engine->namespaces;
	struct sy_namespace *ns, *next;
	sy_reflector_free(all->reflector);
	RB_FOREACH_SAFE(ns, sy_namespaces_up, &all->by_up, next)
	forget(ns);
	sy_timer_free(all->timer);
}

void sy_namespace_review(struct sy_namespace *ns)
{
	if (ns->users)
		return;
	if (ns->state == SY_NAMESPACE_READY) {
		if (!sy_namespace_unneeded(ns))
			return;
		bool now = sy_engine_drain(ns->engine);
		if (!ns->due_ms || now)
			sy_namespace_at(ns, now ? 0 : ns->engine->plan.namespace_clean_delay_ms);
	} else if ((ns->state == SY_NAMESPACE_UNKNOWN || ns->state == SY_NAMESPACE_COLLISION) && !ns->request && !ns->question &&
		   !ns->objects && !ns->doubt) {
		forget(ns);
	}
}

void sy_namespaces_hurry(struct sy_engine *engine)
{
	struct sy_namespace *ns;
	RB_FOREACH(ns, sy_namespaces_up, &engine->namespaces.by_up)
	{
		if (!ns->failures || !ns->due_ms)
			continue;
		ns->failures = 0;
		sy_namespace_at(ns, 0);
	}
}

void sy_namespaces_review(struct sy_engine *engine)
{
	struct sy_namespace *ns, *next;
	RB_FOREACH_SAFE(ns, sy_namespaces_up, &engine->namespaces.by_up, next)
	{
		if (ns->state == SY_NAMESPACE_READY && ns->repair)
			sy_namespace_repair(ns);
		sy_namespace_review(ns);
	}
}
