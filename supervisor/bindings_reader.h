/* Inside of bindings: the table and its readers. Only bindings*.c include this. */
#ifndef SY_SUPERVISOR_BINDINGS_READER_H
#define SY_SUPERVISOR_BINDINGS_READER_H

#include "kube/reflector.h"
#include "supervisor/bindings.h"

/* One wildcard reflector: one virtual workspace URL of one export. */
struct sy_bindings_reader {
	struct sy_bindings *owner;
	struct sy_export *export;
	char *url;
	struct sy_reflector *reflector;
	bool listed;	       /* a complete list was read */
	int64_t lost_since_ms; /* the slice does not name the URL any more, 0 = it does */
};

struct sy_bindings {
	struct sy_loop *loop;
	struct sy_kube *kube;
	const struct sy_timings *timings;
	sy_loop_fn *changed;
	void *arg;
	struct sy_timer *tick;
	int64_t tick_at_ms;
	struct sy_binding **items;
	size_t count;
	struct sy_bindings_reader **readers;
	size_t reader_count;
};

/* Make sure that the tick runs within delay_ms. */
void sy_bindings_plan_tick(struct sy_bindings *bindings, int64_t delay_ms);
void sy_bindings_close_readers(struct sy_bindings *bindings, const struct sy_export *export);

#endif
