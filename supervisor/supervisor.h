/* The context of syncerd: everything that main makes and the modules of this folder work with. One per process, no globals.
 *
 * Who does what: servers.c reaches both servers and renews credentials; think.c is called after every change and decides the next step;
 * chain.c plans SyncTarget mode and direct.c direct mode; assess.c turns knowledge into conditions and status; verbs.c answers syncerctl.
 */
#ifndef SY_SUPERVISOR_SUPERVISOR_H
#define SY_SUPERVISOR_SUPERVISOR_H

#include "supervisor/discovery/bindings.h"
#include "supervisor/plan/catalog.h"
#include "supervisor/control/control.h"
#include "supervisor/status/conditions.h"
#include "supervisor/status/event_ring.h"
#include "supervisor/status/heartbeat.h"
#include "supervisor/identity.h"
#include "supervisor/status/kcp_events.h"
#include "supervisor/discovery/nodes.h"
#include "supervisor/options.h"
#include "supervisor/discovery/orphans.h"
#include "supervisor/status/phase.h"
#include "supervisor/plan/planner.h"
#include "supervisor/status/reconcile.h"
#include "supervisor/status/schedule.h"
#include "supervisor/sd_notify.h"
#include "supervisor/status/target.h"
#include "supervisor/status/tenants.h"
#include "supervisor/config/token_watch.h"
#include "supervisor/process/program.h"
#include "supervisor/process/workers.h"

struct sy_direct;
struct sy_metrics;
struct sy_verbs;

struct sy_supervisor {
	const struct sy_options *options;
	struct sy_config *config; /* replaced as a whole by a reload */
	struct sy_timings timings;
	struct sy_loop *loop;
	int64_t started_ms;
	int exit_code;
	bool stopping;
	int64_t started_s;	 /* seconds since the epoch */
	int64_t configured_s;	 /* when the configuration in force was read, seconds since the epoch */
	bool reload_refused;	 /* the last SIGHUP changed nothing */
	struct sy_program *self; /* the file of syncerd as it was started, NULL = not known */

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
	struct sy_metrics *metrics; /* NULL = switched off */

	/* SyncTarget mode */
	struct sy_target *target;
	struct sy_exports *exports;
	struct sy_schemas *schemas;
	struct sy_bindings *bindings;
	struct sy_strays *strays;
	struct sy_orphans *orphans;
	struct sy_nodes *nodes;
	struct sy_reconcile *reconcile;
	struct sy_heartbeat *heartbeat;
	struct sy_kcp_events *kcp_events;
	struct sy_catalog catalog;
	int64_t spec_generation;	  /* that exports follow */
	bool bindings_listed;		  /* all were complete once */
	struct sy_control_call *ordering; /* verbs_schedule.c: waits for kcp's answer; NULL = nobody */
	struct sy_schedule schedule;	  /* chain_schedule.c: as of the last planning */
	size_t refused;			  /* chain_plan.c: workspaces for which there is no worker any more */
	bool tenants_cut;		  /* and some of which there is not even a record */
	int64_t down_bad_ms;		  /* assess.c: since when a server does not answer, 0 = it does */
	int64_t up_bad_ms;
	int64_t exports_bad_ms;

	/* direct mode */
	struct sy_direct *direct;
};

/* main: make everything, run until stopped, return the exit code. err is set when it is not 0 and nothing was logged. */
int sy_supervisor_run(const struct sy_options *options, struct sy_config *config, struct sy_error *err);
/* Begin an orderly stop (once): workers, last status, exit. */
void sy_supervisor_stop(struct sy_supervisor *sup, int exit_code);
/* The file of syncerd has been replaced since: a restart brings another one. */
bool sy_supervisor_is_old(const struct sy_supervisor *sup);
/* Something changed. */
void sy_supervisor_changed(void *sup);

/* servers.c */
int sy_servers_open(struct sy_supervisor *sup, struct sy_error *err);
/* -EINVAL when kcp (its base) and the cluster are one server. */
int sy_servers_differ(const struct sy_access *up, const struct sy_access *down, struct sy_error *err);
void sy_servers_close(struct sy_supervisor *sup);
/* Allow kcp's base and the virtual workspaces of the exports, nothing else. */
void sy_servers_allow(struct sy_supervisor *sup);
/* kcp's kubeconfig: server = base URL; the workspace that it named (owned), NULL = none. */
int sy_servers_load_up(const struct sy_config *config, struct sy_access *ret_access, char **ret_workspace, struct sy_error *err);
/* -EINVAL: neither the configuration nor kcp's kubeconfig names the SyncTarget's workspace. */
int sy_servers_no_workspace(struct sy_error *err);
/* *ret_watch is NULL when access has no token file. */
int sy_servers_watch_token(struct sy_supervisor *sup, const struct sy_access *access, bool up, struct sy_token_watch **ret_watch,
			   struct sy_error *err);
/* Tell workers and modules of the present credentials. */
void sy_servers_hand_over(struct sy_supervisor *sup);

/* reload.c: read configuration and credentials again. What is not good, or changes what needs a restart of syncerd, is refused as a whole
 * and leaves everything as it was. */
void sy_reload(struct sy_supervisor *sup);

/* check.c: all that would keep syncerd from starting and can be known without asking a server. */
int sy_check(const struct sy_config *config, struct sy_error *err);

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
void sy_chain_plan(struct sy_supervisor *sup);			    /* chain_plan.c */
void sy_chain_remove(struct sy_supervisor *sup);		    /* chain_remove.c */
int sy_chain_want(struct sy_supervisor *sup, struct sy_error *err); /* chain_want.c */
bool sy_chain_leaving(const struct sy_supervisor *sup);

/* chain_schedule.c: cordon and eviction (syncerd-rules(7) 4.4) */
void sy_chain_schedule(struct sy_supervisor *sup); /* read it anew, and think again when its time comes */
bool sy_chain_evicting(const struct sy_supervisor *sup);
/* A workspace that gets no worker: new while the SyncTarget is closed, or scheduled elsewhere with nothing left here. Sets elsewhere. */
bool sy_chain_shut(const struct sy_supervisor *sup, struct sy_tenant *tenant, size_t first, size_t count);
/* Something of ours in the physical cluster belongs to this logical cluster. */
bool sy_chain_has_copies(const struct sy_supervisor *sup, const char *cluster);
void sy_chain_place(struct sy_supervisor *sup); /* what the bindings' state labels say of us (4.5) */
/* Nothing upstream is ours any more and nothing downstream, all of it from complete answers. */
bool sy_chain_all_drained(const struct sy_supervisor *sup);
bool sy_chain_evicted(const struct sy_supervisor *sup);
/* Paths or logical clusters that an eviction has still to drain, sorted; false without memory. */
bool sy_chain_evict_left(const struct sy_supervisor *sup, struct sy_strv *out);

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
int sy_assess_back(void *sup, json_object *stored, const char *now, json_object **ret_status);
bool sy_assess_healthy(void *sup);
/* The conditions as they are now, whatever is stored; false while nothing is known yet. Changes nothing but the notes of since when. */
bool sy_assess_now(struct sy_supervisor *sup, struct sy_condition ret_conditions[SY_CONDITION_MAX]);
/* How many workers there should be and are, by 8.3; in direct mode too. */
void sy_assess_workers(struct sy_supervisor *sup, size_t *ret_total, size_t *ret_ready);
/* Whether a tenant counts: one that is drained while the SyncTarget is being deleted or evicted, or was an orphan, is done with (7.5: 0/0). */
bool sy_assess_counts(const struct sy_supervisor *sup, const struct sy_tenant *tenant);
/* Phase of one tenant, with its worker's view when there is one (ret_view may be NULL). */
void sy_assess_phase(struct sy_supervisor *sup, const struct sy_tenant *tenant, struct sy_phase_result *ret_phase,
		     struct sy_worker_view *ret_view);

/* verbs.c */
int sy_verbs_open(struct sy_supervisor *sup, struct sy_error *err);
void sy_verbs_close(struct sy_supervisor *sup);
/* Tell followers of `syncerctl events -f`. */
void sy_verbs_event(struct sy_supervisor *sup, const char *cluster, json_object *event);

#endif
