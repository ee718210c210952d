/* The phases of a workspace and their reasons. */
#include "explain.h"

#define PHASE(is, text, deed)                                                                                                              \
	{                                                                                                                                  \
		.name = (is), .topic = CTL_PHASE, .of = "", .level = "", .meaning = (text), .action = (deed)                               \
	}
#define REASON(is, phases, text, deed)                                                                                                     \
	{                                                                                                                                  \
		.name = (is), .topic = CTL_PHASE_REASON, .of = (phases), .level = "", .meaning = (text), .action = (deed)                  \
	}

const struct ctl_explanation ctl_explain_workspaces[] = {
	PHASE("Failed", "Its worker ended or was killed, and is started again after a delay that doubles up to workers.backoffMax.",
	      "See the reason; syncerctl workspaces -o yaml has how the process ended and when it is tried again."),
	PHASE("Degraded", "Its worker runs, but something of the workspace is not synced.", "See the reason."),
	PHASE("Draining", "Its copies are being removed from the cluster.",
	      "Wait. If it stays, look with syncerctl dump at what is left: an object in the cluster with a finalizer of somebody else "
	      "waits for that one."),
	PHASE("Pending", "No APIBinding of it is Bound yet, or another syncerd serves the SyncTarget.",
	      "Look at the APIBinding in the workspace, and at syncerctl status."),
	PHASE("Starting",
	      "Its worker is being started or reads its first lists, or syncerd has still to learn something about its resources.",
	      "Wait a moment. If it stays, look at the reason, if there is one, and at the log of syncerd."),
	PHASE("Paused", "An operator has stopped all writing for it.", "syncerctl resume when it may go on."),
	PHASE("Refused", "It has bound an export, but is not served from here.", "See the reason."),
	PHASE("Syncing", "All lists are complete and there is no problem.", ""),

	REASON("WorkerCrashed", "Failed", "The process ended by itself or by a signal.",
	       "See the log of syncerd around that time. One workspace alone points to an object in it, all at once to the program or the "
	       "machine."),
	REASON("WorkerNotStarted", "Failed",
	       "The process could not be started: no descriptors or processes left, a program or a directory that is not there.",
	       "The log of syncerd has the error. It is tried again with a growing delay."),
	REASON("WorkerOOMKilled", "Failed",
	       "The process needed more memory than workers.memoryMax lets it have, or the memory of the service was used up.",
	       "syncerctl status has the limit, and syncerctl workspaces objects and memory. Raise workers.memoryMax and reload, or give "
	       "the service more memory; or find out why this workspace needs so much."),
	REASON("WorkerHung", "Failed", "It did not report for workers.heartbeatDeadline and was killed.",
	       "A machine that is short of processor time does this to healthy workers: see its load before raising the deadline."),
	REASON("HandshakeFailed", "Failed", "It did not say hello within workers.startDeadline and was killed.",
	       "See whether workers.program is the syncer-worker of the same version, and the load of the machine."),
	REASON("PlanNotTaken", "Failed, Starting",
	       "Its worker reports, but goes on with an older plan than the one it has been given. After workers.planDeadline it is "
	       "killed, "
	       "and started again with the new one.",
	       "Wait. If it comes back, report it with the log; syncer-worker and syncerd must be of the same version."),
	REASON("WorkerMisbehaved", "Failed", "It sent what it may not, or too much, and was killed.",
	       "syncer-worker and syncerd must be of the same version. If they are, report it with the log."),
	REASON("UpstreamForbidden", "Degraded",
	       "kcp refuses what the worker asks in the virtual workspace (401, 403, or 404 that proves nothing), for longer than 30 s.",
	       "Run syncerctl install kcp with --apply again, and look at the permission claims of the export."),
	REASON("UpstreamUnreachable", "Degraded", "kcp does not answer the worker, or only with errors.",
	       "Look at kcp and its shards. It is taken up by itself."),
	REASON("DownstreamUnauthorized", "Degraded", "The cluster refuses what the worker asks (401 or 403), or does not serve it.",
	       "Look at SyncerAuthorized and APIImporterReady of the SyncTarget."),
	REASON("DownstreamUnreachable", "Degraded", "The cluster does not answer the worker, or only with errors.",
	       "Look at the API server of the cluster. It is taken up by itself."),
	REASON("MassDeletionHeld", "Degraded, Draining",
	       "More than half of the objects of a type vanished from kcp at once and unexplained. Their copies are not deleted.",
	       "If that is meant, run syncerctl approve WORKSPACE. If not, restore them in kcp: the copies are taken up again."),
	REASON("NameCollision", "Degraded",
	       "A namespace of the workspace, or an object of it outside of namespaces, has a name that somebody else's has in the "
	       "cluster. That one is left alone.",
	       "Rename one of the two, delete the one in the cluster, or set sync.resources with naming Prefixed for the type."),
	REASON("ForeignObjects", "Degraded",
	       "Objects of the same names are in the workspace's namespaces in the cluster, and are not ours. They are left alone.",
	       "Rename or delete one of the two; syncerctl dump WORKSPACE has them."),
	REASON("ObjectsFailing", "Degraded", "Some objects cannot be synced; the message has up to three reasons of objects.",
	       "syncerctl dump WORKSPACE has all objects that fail, and syncerctl events what the servers say."),
	REASON("SoftFinalizers", "Degraded, Draining",
	       "Objects are being deleted in kcp, but a finalizer there that asks to wait (finalizers.workload.kcp.io) holds the removal "
	       "of their copies.",
	       "Whoever set that finalizer takes it off when its work is done."),
	REASON("ClaimRefused", "Degraded", "The consumer has not accepted the permission claims in the message. The rest is synced.",
	       "Accept them in the APIBinding, or list them in sync.optionalClaims if the workspace may do without."),
	REASON("SchemaMissing", "Degraded, Starting",
	       "An APIResourceSchema that the binding names does not exist; its resource is not synced.",
	       "Create it in the workspace of the export, or correct the export."),
	REASON("SchemaUnknown", "Degraded, Starting", "An APIResourceSchema that the binding names cannot be read now.",
	       "Look whether kcp lets syncerd read apiresourceschemas there: syncerctl install kcp with --apply grants it."),
	REASON("ExportUnread", "Degraded, Starting",
	       "The workspace is to be drained, but an APIExport of spec.supportedAPIExports was never read, and may have objects in it.",
	       "Look whether it exists and syncerd may read it, or take it out of the SyncTarget. One that is missing or forbidden is "
	       "waited for 60 s, in an eviction for as long as it takes."),
	REASON("ResourceRefused", "Degraded, Starting",
	       "The APIBinding's status names a resource that its APIExport cannot give, such as one of Kubernetes itself. It is not "
	       "synced.",
	       "Find out who wrote that status: it is no ordinary state."),
	REASON("TooManyResources", "Degraded, Starting", "More resources are bound than are supported; those beyond are not synced.",
	       "Bind or export fewer."),
	REASON("TooManyBindings", "Degraded, Starting",
	       "The workspace has more APIBindings of supported exports than are read. The rest is not synced, and meanwhile none of them "
	       "counts as gone.",
	       "Remove bindings that are not needed."),
	REASON("BindingUnreadable", "Degraded, Starting",
	       "An APIBinding of the workspace cannot be read. It is not served, and meanwhile none of the others counts as gone. When it "
	       "is "
	       "deleted, or the SyncTarget is drained, its copies go all the same.",
	       "The log of syncerd says what is wrong with it. Bind anew."),
	REASON("BindingTooLarge", "Degraded, Starting",
	       "An APIBinding has more resources or claims than are supported; those beyond are not synced.", "Divide the export."),
	REASON("TooManyWorkspaces", "Refused",
	       "All workers that one syncerd may have are taken. It is served when another workspace is gone.",
	       "Serve some of the exports with a SyncTarget of their own."),
	REASON("Cordoned", "Refused", "The SyncTarget is cordoned (spec.unschedulable), and the workspace is new to it.",
	       "Run syncerctl uncordon, or serve the workspace with another SyncTarget."),
	REASON("Evicting", "Draining, Refused",
	       "The SyncTarget is being evicted (spec.evictAfter): the copies are removed, the objects stay in kcp, and no new workspace "
	       "is taken.",
	       "Nothing, if that was meant. syncerctl uncordon brings everything back."),
	REASON("ScheduledElsewhere", "Draining, Refused",
	       "Labels of its APIBinding (state.workload.kcp.io) name other SyncTargets only. Copies that were here are removed, the "
	       "objects stay in kcp.",
	       "Nothing, if that was meant. Else label the APIBinding with the key of this SyncTarget and the value Sync."),
	REASON("Unbinding", "Draining", "The workspace no longer binds the export, or was deleted.",
	       "Nothing, if that was meant. Binding it again creates everything anew."),
	REASON("Deleting", "Draining", "The SyncTarget is being deleted.", "Nothing, if that was meant."),
	REASON("PausedByOperator", "Paused", "syncerctl pause has stopped it. With a message: a removal that waits for that.",
	       "syncerctl resume WORKSPACE."),
	{0},
};
