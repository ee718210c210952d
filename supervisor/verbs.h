/* What syncerctl is shown. Values (proto/control.h):
 *
 *   status      {"version","mode":"SyncTarget"|"Direct","identity","pid","uptimeSeconds",
 *                "syncTarget":{"cluster","path","name","uid","key","ready","reason","message","lastHeartbeatTime","conditions":[...]},
 *                "upstream":{"server","reachable","message"}, "downstream":{"server","reachable","message","version"},
 *                "workspaces":{"total","ready"}}             syncTarget only in SyncTarget mode; conditions as stored in kcp
 *   workspaces  [workspace...] sorted by cluster
 *   workspace   {"path","cluster","pid","state","reason","message","process","objects","synced","pending","failing","lagMs","restarts",
 *                "memoryBytes","lastExit","lastExitDetail","retryInMs","paused","requests":{"up","down"},
 *                "bindings":[{"name","export","phase","acceptedClaims","refusedClaims"}],
 *                "resources":[{"group","resource","objects","synced","pending","failing","foreign","reason"}]}
 *               state is the phase of synctarget.md 2.4, process the state of the process; memoryBytes is private dirty memory
 *   events      [event...] oldest first (event_ring.h); with follow one per line
 *   restart, pause, resume  {"cluster","path"}; loglevel {"level"}; version {"version"}; dump: the worker's own value
 *
 * Codes of refusals: BadRequest, NotFound, Failed, TooMany, UnknownVerb, Internal.
 */
#ifndef SY_SUPERVISOR_VERBS_H
#define SY_SUPERVISOR_VERBS_H

#include "supervisor/supervisor.h"

/* The caller owns the value; NULL without memory. */
json_object *sy_verbs_status(struct sy_supervisor *sup);
json_object *sy_verbs_workspace(struct sy_supervisor *sup, const struct sy_tenant *tenant);

#endif
