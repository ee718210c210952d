/* The context of syncerd: everything that main makes and the modules of this folder work with. One per process, no globals.
 *
 * Who does what: servers.c reaches both servers and renews credentials; think.c is called after every change and decides the next step;
 * chain.c plans SyncTarget mode and direct.c direct mode; assess.c turns knowledge into conditions and status; verbs.c answers syncerctl.
 */
#ifndef SY_SUPERVISOR_SUPERVISOR_H
#define SY_SUPERVISOR_SUPERVISOR_H

#include "supervisor/bindings.h"
#include "supervisor/catalog.h"
#include "supervisor/control.h"
#include "supervisor/event_ring.h"
#include "supervisor/heartbeat.h"
#include "supervisor/identity.h"
#include "supervisor/kcp_events.h"
#include "supervisor/nodes.h"
#include "supervisor/options.h"
#include "supervisor/orphans.h"
#include "supervisor/phase.h"
#include "supervisor/planner.h"
#include "supervisor/reconcile.h"
#include "supervisor/sd_notify.h"
#include "supervisor/target.h"
#include "supervisor/tenants.h"
#include "supervisor/token_watch.h"
#include "supervisor/workers.h"

struct sy_direct;
struct sy_verbs;

struct sy_supervisor {
	const struct sy_options *options;
	struct sy_config *config; /* replaced as a whole by a reload */
	struct sy_timings timings;
	struct sy_loop *loop;
	int64_t started_ms;
	int exit_code;
	bool stopping;

	/* servers.c */
	char *base;	     /* kcp's URL before /clusters/ */
	char *workspace;     /* of the SyncTarget: path or name; NULL in direct mode */
	struct sy_access up; /* server = base */
	struct sy_access down;
	struct sy_kube *up_kube;
	struct sy_kube *down_kube;
	struct sy_token_watch *up_token;
	struct sy_token_watch *down_token;
	struct sy_strv allowed; /* URLs that up_kube may reach */

	/* signals.c */
	struct sy_signal *signals[4];
	struct sy_notify *notify;

	/* think.c */
	struct sy_defer *think; /* mark it whenever something changed */
	struct sy_timer *due;	/* the next moment at which something changes by itself */
	int64_t due_ms;
	bool followed; /* the modules that need the SyncTarget's identity are there */

	/* both modes */
	struct sy_identity identity;
	char syncer_id[SY_SYNCER_ID_MAX];
	struct sy_workers *workers; /* NULL until the syncer's identity is known */
	struct sy_tenants tenants;
	struct sy_downstream *downstream;
	struct sy_reviews *reviews;
	struct sy_event_ring *ring;
	struct sy_control *control;
	struct sy_verbs *verbs;

	/* SyncTarget mode */
	struct sy_target *target;
	struct sy_exports *exports;
	struct sy_schemas *schemas;
	struct sy_bindings *bindings;
	struct sy_orphans *orphans;
	struct sy_nodes *nodes;
	struct sy_reconcile *reconcile;
	struct sy_heartbeat *heartbeat;
	struct sy_kcp_events *kcp_events;
	struct sy_catalog catalog;
	int64_t spec_generation; /* that exports follow */
	bool bindings_listed;	 /* all were complete once */
	int64_t down_bad_ms;	 /* assess.c: since when a server does not answer, 0 = it does */
	int64_t up_bad_ms;
	int64_t exports_bad_ms;

	/* direct mode */
	struct sy_direct *direct;
};

/* main: make everything, run until stopped, return the exit code. err is set when it is not 0 and nothing was logged. */
int sy_supervisor_run(const struct sy_options *options, struct sy_config *config, struct sy_error *err);
/* Begin an orderly stop (once): workers, last status, exit. */
void sy_supervisor_stop(struct sy_supervisor *sup, int exit_code);
/* Something changed. */
void sy_supervisor_changed(void *sup);

/* servers.c */
int sy_servers_open(struct sy_supervisor *sup, struct sy_error *err);
void sy_servers_close(struct sy_supervisor *sup);
/* Allow kcp's base and the virtual workspaces of the exports, nothing else. */
void sy_servers_allow(struct sy_supervisor *sup);
/* Read configuration and credentials again; a configuration that is not good, or changes what needs a restart, is refused as a whole. */
void sy_servers_reload(struct sy_supervisor *sup);

/* signals.c */
int sy_signals_open(struct sy_supervisor *sup, struct sy_error *err);
void sy_signals_close(struct sy_supervisor *sup);

/* think.c */
void sy_think(void *sup);
/* Make workers, discovery and reviews; called once the syncer's identity is known. */
int sy_think_follow(struct sy_supervisor *sup, const struct sy_target_id *target, struct sy_error *err);
/* Run sy_think again at this loop time at the latest. */
void sy_think_at(struct sy_supervisor *sup, int64_t at_ms);

/* chain.c: SyncTarget mode */
int sy_chain_open(struct sy_supervisor *sup, struct sy_error *err);
void sy_chain_step(struct sy_supervisor *sup);
void sy_chain_input(struct sy_supervisor *sup, struct sy_knowledge *knowledge, struct sy_plan_input *ret_input);
void sy_chain_plan(struct sy_supervisor *sup); /* chain_plan.c */
bool sy_chain_leaving(const struct sy_supervisor *sup);

/* direct.c: direct mode */
int sy_direct_open(struct sy_supervisor *sup, struct sy_error *err);
void sy_direct_close(struct sy_supervisor *sup);
void sy_direct_step(struct sy_supervisor *sup);
void sy_direct_reload(struct sy_supervisor *sup);
/* First trouble with kcp, "" = none. */
const char *sy_direct_trouble(const struct sy_supervisor *sup);
bool sy_direct_reachable(const struct sy_supervisor *sup);

/* assess.c: SyncTarget status */
int sy_assess_build(void *sup, json_object *stored, const char *now, json_object **ret_status);
bool sy_assess_healthy(void *sup);
/* Phase of one tenant, with its worker's view when there is one (ret_view may be NULL). */
void sy_assess_phase(struct sy_supervisor *sup, const struct sy_tenant *tenant, struct sy_phase_result *ret_phase,
		     struct sy_worker_view *ret_view);

/* verbs.c */
int sy_verbs_open(struct sy_supervisor *sup, struct sy_error *err);
void sy_verbs_close(struct sy_supervisor *sup);
/* Tell followers of `syncerctl events -f`. */
void sy_verbs_event(struct sy_supervisor *sup, const char *cluster, json_object *event);

#endif
