/* Inside of strays: what is kept and the round that renews it. */
#ifndef SY_SUPERVISOR_STRAYS_IMPL_H
#define SY_SUPERVISOR_STRAYS_IMPL_H

#include "supervisor/discovery/strays.h"

struct sy_stray_type {
	char *group, *version, *resource;
};

struct sy_stray_types {
	struct sy_stray_type *items;
	size_t count;
};

struct sy_stray_found {
	struct sy_strv clusters;
	struct sy_strv types;
	size_t objects;
};

struct sy_strays {
	struct sy_loop *loop;
	struct sy_kube *kube;
	const struct sy_timings *timings;
	sy_loop_fn *changed;
	void *arg;
	struct sy_timer *timer;
	struct sy_kube_request *request;
	char *target_cluster, *target_name, *target_uid, *key;
	struct sy_stray_types wanted;
	bool everything;
	/* the last complete round */
	struct sy_stray_found known;
	int64_t begun_ms;
	bool fresh;
	/* the round under way */
	bool running;
	bool stale; /* again was called during it */
	struct sy_stray_types round;
	size_t at;
	size_t asked; /* objects of the resource, by full pages */
	size_t limit; /* of the next page */
	char *next;   /* continue token */
	int64_t round_ms;
	struct sy_stray_found found;
	struct sy_strv failed, last_failed;
	int64_t pause_ms;
};

void sy_stray_types_done(struct sy_stray_types *types);
int sy_stray_types_add(struct sy_stray_types *types, const char *group, const char *version, const char *resource, struct sy_error *err);
bool sy_stray_types_have(const struct sy_stray_types *types, const char *group, const char *version, const char *resource);
void sy_stray_found_done(struct sy_stray_found *found);

/* strays_round.c: begin a round unless one is under way (the timer's callback). */
void sy_strays_begin(void *strays);

#endif
