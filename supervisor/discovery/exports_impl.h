/* Inside of exports: the table and what is read for one entry. Only exports*.c include this. */
#ifndef SY_SUPERVISOR_EXPORTS_IMPL_H
#define SY_SUPERVISOR_EXPORTS_IMPL_H

#include "kube/reflector.h"
#include "supervisor/discovery/exports.h"

/* Both reflectors of one spelling of an export. */
struct sy_export_watch {
	struct sy_exports *owner;
	struct sy_export *export;
	struct sy_reflector *export_reflector;
	struct sy_reflector *slice_reflector;
	bool export_seen; /* in the list under way */
	bool slice_seen;
	bool export_bad; /* what is there now cannot be understood */
	bool slice_bad;
};

struct sy_exports {
	struct sy_loop *loop;
	struct sy_kube *kube;
	char *base;
	sy_loop_fn *changed;
	void *arg;
	struct sy_export **items; /* first those that stand for an export, by label, then further spellings of them */
	size_t count;
	size_t visible;
	uint64_t serials;
};

int sy_export_start_watch(struct sy_exports *exports, struct sy_export *export, struct sy_error *err);
void sy_export_free(struct sy_export *export); /* accepts NULL */
void sy_export_set_label(struct sy_export *export);
/* One event of an APIExport; arg is its watch. */
void sy_export_event(void *arg, enum sy_reflector_event type, json_object *object, const char *raw, size_t raw_len);

#endif
