/* `syncerctl release` (syncerd-rules(7) 7.6): a syncerd that is gone for good leaves its finalizer on the tenants' objects, and nobody
 * deletes them any more. An administrator takes it off. */
#ifndef SY_CTL_RELEASE_H
#define SY_CTL_RELEASE_H

#include "admin.h"
#include "ctl.h"
#include "kcp/ids.h"

#define CTL_MAX_RELEASE_WORKSPACES 4096
#define CTL_MAX_RELEASE_EXPORTS 256

struct ctl_release {
	struct ctl *ctl;
	struct ctl_admin *admin;
	const char *kubeconfig; /* NULL = default */
	const char *context;
	char *target_workspace; /* of the SyncTarget */
	const char *target_name;
	const char *key_given;
	char key[SY_KEY_MAX];
	char finalizer[sizeof(SY_FINALIZER) + SY_KEY_MAX];
	char *workspaces[CTL_MAX_RELEASE_WORKSPACES]; /* paths as given, or logical clusters as found; owned */
	size_t workspace_count;
	char *exports[CTL_MAX_RELEASE_EXPORTS]; /* "path:name", owned: whose consumers --all looks at */
	size_t export_count;
	bool all;
	bool force;
	bool dry_run;
	json_object *target; /* the SyncTarget, NULL = it is gone */
	size_t released;     /* or would be */
	bool forbidden;	     /* something was left because rights were missing */
	bool failed;	     /* something was left for another cause */
};

/* Take the finalizer off one object of which the metadata was read. name is for the user: "widgets.example.dev/default/a". True when it is
 * off or the object is gone, false with *ret_again when the object was changed meanwhile, and false after a message. */
bool ctl_release_object(struct ctl_release *release, const char *workspace, const char *path, json_object *object, const char *name,
			bool *ret_again);
/* Take it off everything in one workspace that its API serves. What cannot be done is said and noted in release. */
void ctl_release_workspace(struct ctl_release *release, const char *workspace);
/* Fill workspaces with the consumers of all exports. False after a message. */
bool ctl_release_find(struct ctl_release *release);
/* Note a failed request and say what it was about. */
void ctl_release_failed(struct ctl_release *release, const char *workspace, const char *what, const struct ctl_answer *answer);

#endif
