/* What syncerctl is shown. Values (proto/control.h):
 *
 *   status      {"version","mode":"SyncTarget"|"Direct","identity","pid","uptimeSeconds",
 *                "syncTarget":{"cluster","path","name","uid","key","ready","reason","message","lastHeartbeatTime","conditions":[...]},
 *                "upstream":{"server","reachable","message"}, "downstream":{"server","reachable","message","version"},
 *                "workspaces":{"total","ready"}}             syncTarget only in SyncTarget mode; conditions as stored in kcp
 *   status{workspaces:true}
 *               the same and {"uptimeMs","anonymousBytes","residentBytes","list":[short...]}: one sample of everything, all of one moment.
 *               short is {"path","cluster","pid","uptimeSeconds","state","reason","process","incarnation","restarts","anonymousBytes",
 *                "residentBytes","reportAgeMs","paused","objects","synced","pending","failing","lagMs","requests":{"up","down"},
 *                "writes":{"up","down"}}; requests, writes and uptimeSeconds count from the start of the process, which incarnation names;
 *               reportAgeMs is -1 without a report of it; as many as in workspaces
 *   workspaces  [workspace...] sorted by cluster; of those for which there is no worker any more the first 100
 *   workspace   brief and {"memoryBytes","limitedBy","memoryMaxBytes",
 *                "bindings":[{"name","export","phase","acceptedClaims","refusedClaims"}],
 *                "resources":[{"group","resource","objects","synced","pending","failing","foreign","reason"}]}
 *               brief is short and {"message","lastExit","lastExitDetail","retryInMs"};
 *               state is the phase of syncerd-rules(7) 2.4, process the state of the process; memoryBytes is private dirty memory,
 *               which takes longer to count than anonymousBytes
 *   events      [event...] oldest first (event_ring.h); with follow one per line
 *   cordon, uncordon, drain, schedule
 *               {"syncTarget","changed","unschedulable","evictAfter","state","left","workspacesLeft":[...]}; schedule changes nothing;
 *               state is Schedulable, Cordoned, Evicting or Evicted; workspacesLeft has the first 5 of them
 *   restart, pause, resume  {"cluster","path"}; approve the same and "changed", false where nothing is held; loglevel {"level"};
 *   version {"version"}; dump: the worker's own value
 *
 * Codes of refusals: BadRequest, NotFound, Ambiguous, Failed, TooMany, UnknownVerb, Internal.
 */
#ifndef SY_SUPERVISOR_VERBS_H
#define SY_SUPERVISOR_VERBS_H

#include "supervisor/supervisor.h"

/* The caller owns the value; NULL without memory. */
json_object *sy_verbs_status(struct sy_supervisor *sup);
json_object *sy_verbs_sample(struct sy_supervisor *sup);
json_object *sy_verbs_workspace(struct sy_supervisor *sup, const struct sy_tenant *tenant);
/* brief: for who asks about many of them again and again. */
json_object *sy_verbs_brief(struct sy_supervisor *sup, const struct sy_tenant *tenant);
/* What show makes of each workspace. */
json_object *sy_verbs_each(struct sy_supervisor *sup, json_object *(*show)(struct sy_supervisor *sup, const struct sy_tenant *tenant));

#define SY_VERBS_LEFT_SHOWN 5
/* verbs_schedule.c */
void sy_verbs_cordon(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args);
void sy_verbs_uncordon(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args);
void sy_verbs_drain(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args);
void sy_verbs_schedule(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args);

#endif
