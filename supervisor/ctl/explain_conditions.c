/* The conditions of a SyncTarget and their reasons. */
#include "explain.h"

#define CONDITION(is, text, deed)                                                                                                          \
	{                                                                                                                                  \
		.name = (is), .topic = CTL_CONDITION, .of = "", .level = "", .meaning = (text), .action = (deed)                           \
	}
#define REASON(is, conditions, status, text, deed)                                                                                         \
	{                                                                                                                                  \
		.name = (is), .topic = CTL_CONDITION_REASON, .of = (conditions), .level = (status), .meaning = (text), .action = (deed)    \
	}

const struct ctl_explanation ctl_explain_conditions[] = {
	CONDITION("Ready",
		  "The summary of the others: the first that is False with severity Error, else with Warning, else the first that is "
		  "Unknown, with its name in front of the message. False with severity Info never lowers it.",
		  "Look at the condition that the message names. Count on nothing of the status when lastSyncerHeartbeatTime is older than "
		  "60 s: then syncerd does not run, or cannot reach kcp."),
	CONDITION("APIImporterReady", "The APIExports of spec.supportedAPIExports are there, may be read, and fit what the cluster serves.",
		  ""),
	CONDITION("HeartbeatHealthy", "syncerd runs and writes its heartbeat every 20 s.", ""),
	CONDITION("Schedulable", "New workspaces are taken: the SyncTarget is neither cordoned nor evicted. It never lowers Ready.", ""),
	CONDITION("SyncerAuthorized", "The cluster allows syncerd all that it needs for namespaces and for the accepted resources.", ""),
	CONDITION("SyncerReady", "syncerd reaches both servers with its credentials, and is not at its end.", ""),
	CONDITION("WorkersReady",
		  "The workers of the bound workspaces run. A worker counts as ready in the phases Syncing, Degraded, Paused and Draining, "
		  "and as not ready after 5 s in another.",
		  ""),

	REASON("AsExpected", "Ready, APIImporterReady, Schedulable, SyncerAuthorized, SyncerReady", "True", "All is well.", ""),
	REASON("NoSupportedExports", "APIImporterReady", "False/Error", "spec.supportedAPIExports is empty: there is nothing to sync.",
	       "Name the exports in the SyncTarget, or run syncerctl install kcp with --export and --apply."),
	REASON("ExportNotFound", "APIImporterReady", "False/Error",
	       "The APIExports in the message, or their workspaces, do not exist. Nothing is stopped or deleted for that.",
	       "Correct path and export in spec.supportedAPIExports, or create the export."),
	REASON("ExportForbidden", "APIImporterReady", "False/Error",
	       "kcp refuses to let syncerd read the APIExports in the message, their endpoint slices or their content. What is synced "
	       "already stays.",
	       "Run syncerctl install kcp with these exports and --apply as an administrator of their workspaces."),
	REASON("ResourcesIncompatible", "APIImporterReady", "False/Error, or False/Info while another resource is accepted",
	       "Resources of the exports cannot be synced to this cluster. The message has each with its reason.",
	       "See the reason: mostly the CustomResourceDefinition is missing in the cluster, or another version of it is needed."),
	REASON("ExportRemoved", "APIImporterReady", "False/Info",
	       "An export is no longer named in spec.supportedAPIExports. After a minute of grace its workspaces are drained: their copies "
	       "in the cluster are removed.",
	       "Name it again if that was not meant; that brings everything back."),
	REASON("BindingsIncomplete", "APIImporterReady", "False/Info",
	       "Some APIBindings of an export cannot be taken in, for want of room or of a usable name. Until they can, no workspace of it "
	       "counts as gone.",
	       "Look for these bindings in the log of syncerd."),
	REASON("ExportTooLarge", "APIImporterReady", "False/Info",
	       "An export has more resources or claims than are supported, and the rest is left out.",
	       "Divide the APIExport among several, or several SyncTargets."),
	REASON("TooManyResources", "APIImporterReady", "False/Info",
	       "The exports have more resources than status.syncedResources has room for, and the rest is not synced.",
	       "Divide them among several SyncTargets."),
	REASON("TooManyWorkspaces", "APIImporterReady", "False/Info",
	       "More workspaces are bound than can be served from here, and the rest is in phase Refused.",
	       "Divide them among several SyncTargets; a workspace is served as soon as another one is gone."),
	REASON("Pending", "APIImporterReady", "Unknown",
	       "Exports, schemas or the discovery of the cluster have not been read yet, or cannot be read now; then the message has the "
	       "exports.",
	       "Wait a moment. If it stays, look whether kcp and the cluster answer: syncerctl status."),
	REASON("HeartbeatFresh", "HeartbeatHealthy", "True", "syncerd runs. It is true until lastSyncerHeartbeatTime and 60 s.", ""),
	REASON("ErrorHeartbeat", "Ready, HeartbeatHealthy", "False/Warning; Ready is Unknown",
	       "syncerctl watch-heartbeat found no heartbeat for 60 s: syncerd was killed, hangs, or cannot reach kcp. All else in the "
	       "status is "
	       "history.",
	       "Look at syncerd on its node: systemctl status syncerd, and its log."),
	REASON("SyncerStopped", "HeartbeatHealthy", "False/Warning",
	       "syncerd was stopped in good order. Copies stay, but nothing is synced any more.", "Start syncerd again."),
	REASON("Cordoned", "Schedulable", "False/Info",
	       "spec.unschedulable is set: workspaces that are served go on, new ones are refused.",
	       "Run syncerctl uncordon when it is no longer meant."),
	REASON("Evicting", "Schedulable", "False/Info",
	       "spec.evictAfter has come: all copies are being removed from the cluster. The message has the workspaces that are left.",
	       "Wait, or run syncerctl uncordon to bring everything back. If it stays, look at the phases of those workspaces."),
	REASON("Evicted", "Schedulable", "False/Info",
	       "spec.evictAfter has come, and nothing of ours is left in the cluster. The objects are still in kcp.",
	       "Run syncerctl uncordon when they shall be synced again."),
	REASON("SyncerUnauthorized", "SyncerAuthorized", "False/Error",
	       "The cluster denies syncerd verbs that it needs; the message has them for each resource. These resources are not synced.",
	       "Run syncerctl install cluster with --apply again, for claimed ConfigMaps and Secrets with --allow-claims, or leave those "
	       "out of sync.allowClaims. What was denied is asked again every minute."),
	REASON("ReviewFailed", "SyncerAuthorized", "Unknown", "The cluster has not answered yet what syncerd is allowed.",
	       "Look whether the cluster answers, and serves authorization.k8s.io."),
	REASON("DownstreamUnreachable", "SyncerReady", "False/Error",
	       "The cluster has not answered for 5 s, or only with errors. Nothing is lost: everything is taken up again when it answers.",
	       "Look at the API server of the cluster, the address in the kubeconfig, and what syncerctl status says of the cluster."),
	REASON("DownstreamUnauthorized", "SyncerReady", "False/Error", "The cluster refuses syncerd's credentials (401).",
	       "Renew the token or certificate in the cluster's kubeconfig and reload syncerd; syncerctl install cluster makes a new one."),
	REASON("UpstreamUnauthorized", "SyncerReady", "False/Error", "kcp refuses syncerd's credentials for a virtual workspace (401).",
	       "Renew the token or certificate in kcp's kubeconfig and reload syncerd; syncerctl install kcp makes a new one."),
	REASON("UpstreamDegraded", "SyncerReady", "False/Warning",
	       "A virtual workspace of an export cannot be read for 5 s, while the SyncTarget itself can. Nobody counts as gone for that.",
	       "Look at kcp and its shards; the message names the address. Other shards' workspaces are served meanwhile."),
	REASON("Deleting", "SyncerReady", "False/Warning",
	       "The SyncTarget is being deleted: all workspaces drain, then syncerd releases it and ends. The message says what that waits "
	       "for.",
	       "Wait. When the message says that it waits, mend what it names; a paused workspace must be resumed."),
	REASON("Starting", "SyncerReady, WorkersReady", "Unknown", "syncerd has just started, and what is true is not known yet.",
	       "Wait a moment. If it stays, look at the log of syncerd."),
	REASON("AllWorkersReady", "WorkersReady", "True", "Each workspace that should have a worker has one that is ready.", ""),
	REASON("NoWorkspaces", "WorkersReady", "True",
	       "No workspace is to have a worker: none has bound an export, or they are refused or evicted.",
	       "If one should have, look at its APIBinding: it must name the export and be Bound."),
	REASON("WorkersNotReady", "WorkersReady", "False/Error, or False/Info while any is ready",
	       "Workers of some workspaces do not run. The message has how many are ready.",
	       "Run syncerctl workspaces, and look at those that are Failed or Starting."),
	REASON("UpgradeStopped", "WorkersReady", "False/Info",
	       "syncer-worker was replaced, and in the workspace of the message the new one ended or was not in step in time. That "
	       "workspace "
	       "is served by the old one again, and no other worker gets the new one.",
	       "Look in the log for what the new worker said. Put a good file in its place and reload syncerd (systemctl reload "
	       "syncerd). To try the same file again, touch it first. A restart of syncerd takes whatever file is there."),
	REASON("IdentityConflict", "Ready", "Unknown",
	       "Shown by syncerctl status only: this syncerd served the SyncTarget, and another one does now. Its workers are stopped, "
	       "nothing is deleted.",
	       "Stop one of the two. This one takes over when the heartbeat of the other is older than 60 s, or at once with --take-over."),
	REASON("Waiting", "Ready", "Unknown",
	       "Shown by syncerctl status only: the SyncTarget is not served from here yet: it does not exist, cannot be read, or is "
	       "served by another syncerd. The message says which.",
	       "Create the SyncTarget (syncerctl install kcp), or look who else serves it: status.syncer.identity."),
	{0},
};
