/* Inside of downstream: only downstream*.c include this. */
#ifndef SY_SUPERVISOR_DOWNSTREAM_IMPL_H
#define SY_SUPERVISOR_DOWNSTREAM_IMPL_H

#include "supervisor/discovery/downstream.h"
#include "supervisor/discovery/groups.h"
#include "supervisor/discovery/probe.h"

struct sy_downstream {
	struct sy_loop *loop;
	struct sy_kube *kube;
	const struct sy_timings *timings;
	sy_loop_fn *changed;
	void *arg;
	struct sy_timer *timer;
	struct sy_timer *probe_timer; /* between rounds, while the server gives a tag */
	struct sy_probe *probe;
	bool tagged;   /* the probe has something to compare with */
	bool starting; /* the round waits for the probe */
	struct sy_kube_request *request;
	struct sy_group *groups;
	size_t group_count;
	size_t at_group; /* position of the round */
	size_t at_version;
	bool skipped; /* some group could not be read in this round */
	bool again;   /* a group joined during the round */
	int64_t round_ms;
	int64_t not_before_ms; /* the server has asked to be left alone until then (Retry-After) */
	bool called;	       /* this round began because something was said to have changed */
	bool found;	       /* and it has found something new */
	unsigned fruitless;    /* such rounds that have not, less the probes since that have seen no change */
	bool asked;
	char *version;
	enum sy_kube_verdict verdict;
	char *message;
};

/* NULL = nobody has asked for it. */
struct sy_group *sy_downstream_group(const struct sy_downstream *downstream, const char *name);

#endif
