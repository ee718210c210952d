/* The states of a resource in status.syncedResources with their reasons, and the reasons of single objects, which Events have too. */
#include "explain.h"

#define STATE(is, text, deed)                                                                                                              \
	{                                                                                                                                  \
		.name = (is), .topic = CTL_STATE, .of = "", .level = "", .meaning = (text), .action = (deed)                               \
	}
#define REASON(is, states, text, deed)                                                                                                     \
	{                                                                                                                                  \
		.name = (is), .topic = CTL_STATE_REASON, .of = (states), .level = "", .meaning = (text), .action = (deed)                  \
	}
#define OBJECT(is, text, deed)                                                                                                             \
	{                                                                                                                                  \
		.name = (is), .topic = CTL_OBJECT_REASON, .of = "", .level = "", .meaning = (text), .action = (deed)                       \
	}

const struct ctl_explanation ctl_explain_objects[] = {
	STATE("Accepted", "It is synced, unless the reason says otherwise.", ""),
	STATE("Incompatible", "It cannot be synced to this cluster.", "See the reason."),
	STATE("Pending", "It is not known yet whether it can be synced.", "Wait a moment, then see the reason."),

	REASON("SchemaUnknown", "Pending", "Its APIResourceSchema has not been read yet, or cannot be read now.",
	       "Look whether kcp answers and lets syncerd read it: syncerctl install kcp with --apply grants it."),
	REASON("DiscoveryFailed", "Pending",
	       "The cluster has not said completely which resources it serves. What was synced before goes on as the last complete answer "
	       "said.",
	       "Look whether the cluster answers; often an aggregated API whose server is down spoils the discovery of its group."),
	REASON("NotServed", "Incompatible",
	       "The cluster does not serve it. After 60 s objects that are being deleted in kcp are let go, since no copies can be left.",
	       "Install its CustomResourceDefinition in the cluster. It is looked at every minute."),
	REASON("NoCommonVersion", "Incompatible", "The cluster serves it, but in no version that the export has.",
	       "Serve one of status.syncedResources[].versions in the cluster."),
	REASON("ScopeMismatch", "Incompatible", "It is namespaced on one side and cluster-scoped on the other.",
	       "Install the CustomResourceDefinition that belongs to the export."),
	REASON("KindMismatch", "Incompatible", "The plural name is the same, but the kind is another.",
	       "Install the CustomResourceDefinition that belongs to the export."),
	REASON("SchemaMissing", "Incompatible", "The APIResourceSchema that the export names does not exist.",
	       "Create it in the workspace of the export, or correct the export."),
	REASON("NotSupported", "Incompatible",
	       "It is not of a kind that is synced from an export, such as a resource of Kubernetes itself.",
	       "Leave it out of the export."),
	REASON("TooManyResources", "Incompatible", "The exports have more resources than are supported.", "Divide them among SyncTargets."),
	REASON("Unauthorized", "Accepted", "The cluster denies syncerd the verbs in the message, so it is not synced.",
	       "Run syncerctl install cluster with --apply again; for ConfigMaps and Secrets with --allow-claims."),
	REASON("NoStatusSubresource", "Accepted", "It is synced, but has no status subresource in kcp, so no status comes back.",
	       "Add the subresource to the APIResourceSchema if a status is wanted."),

	OBJECT("SchemaMismatch", "The cluster cannot read the object as its type: a field is unknown there or of another type.",
	       "Bring both versions of the type together, or list the field in ignoreFields of sync.resources."),
	OBJECT("Invalid",
	       "The cluster, or kcp, refuses the object as invalid; or it cannot be read as strict JSON, or has so many finalizers that "
	       "ours is not added. The message says which.",
	       "Change the object as the message says; it is tried again when it changes, else after 10 to 30 minutes."),
	OBJECT("InvalidName", "The object, or its name in the cluster, has a name that cannot be used there.",
	       "Rename it; with naming Prefixed a name may be longer than 253 characters downstream."),
	OBJECT("TooLarge", "The object is larger than we or the cluster take.", "Make it smaller."),
	OBJECT("Unauthorized", "The cluster refuses to let syncerd write it.",
	       "Look at SyncerAuthorized of the SyncTarget, and at admission webhooks and quotas in the cluster: they refuse with 403, "
	       "too."),
	OBJECT("ForeignObject",
	       "An object of this name is in the cluster and is not ours, or one there has our labels and no counterpart in kcp. It is "
	       "left alone.",
	       "Rename or delete one of the two."),
	OBJECT("NameCollision",
	       "The namespace, or the object outside of namespaces, has a name that is somebody else's in the cluster. That one is left "
	       "alone.",
	       "Rename or delete one of the two, or set naming Prefixed for the type."),
	OBJECT("StatusRejected", "kcp refuses the status that the cluster has, mostly because its schema is stricter than the cluster's.",
	       "Bring both schemas together. It is tried again when the status changes, else after 10 to 30 minutes."),
	OBJECT("SoftFinalizers",
	       "The object is being deleted in kcp, and a finalizer there that asks to wait (finalizers.workload.kcp.io) holds the removal "
	       "of its copy.",
	       "Whoever set it takes it off when its work is done."),
	OBJECT("Contended", "Another controller changes or deletes its copy as often as syncerd corrects it: now only every 5 minutes.",
	       "Let one of the two decide: leave the fields to the other with ignoreFields of sync.resources, or stop the other."),
	OBJECT("MassDeletionHeld", "It vanished from kcp together with many others, unexplained. Its copy is not deleted.",
	       "Run syncerctl approve WORKSPACE if that is meant, or restore the object in kcp."),
	OBJECT("NotServed", "The cluster does not serve its type at the moment.", "Look at the type's entry in status.syncedResources."),
	OBJECT("UpstreamForbidden", "kcp refuses to let syncerd write it, for longer than 30 s.",
	       "Run syncerctl install kcp with --apply again, and look at the permission claims."),
	OBJECT("Terminating", "Its namespace in the cluster is being deleted; it is created when that is over.",
	       "If it lasts, look what holds the namespace in the cluster: its status says so."),
	OBJECT("Transient",
	       "A server did not answer, or with an error that passes. It is shown only when it lasts longer than three minutes.",
	       "Look at the server that the message names. It is tried again by itself."),
	OBJECT("NamespaceNotEmpty",
	       "The namespace in the cluster is no longer needed, but has objects that are not ours, or of resources that are not synced "
	       "at present.",
	       "Delete them, or the namespace, by hand. It is looked at again after 10 minutes."),
	OBJECT("NamespaceLeft",
	       "At the end of a drain the namespace in the cluster has, or may have, objects that are not ours or cannot be looked at. It "
	       "lost our marks and stays with all that is in it.",
	       "Look what is in it and delete it by hand when nobody needs it; while it is there, the same workspace cannot use it again."),
	OBJECT("EventsRefused",
	       "kcp does not let the syncer make Events on the tenant's own objects, although sync.tenantEvents asks for it and the "
	       "consumer "
	       "accepts it. They stand on the SyncTarget; after 10 minutes it is tried again.",
	       "Run syncerctl install kcp with --tenant-events and --apply again, or set sync.tenantEvents to false."),
	{0},
};
