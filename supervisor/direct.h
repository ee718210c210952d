/* Inside of direct mode: the table of workspaces (direct.c) and their reading (direct_resolve.c). */
#ifndef SY_SUPERVISOR_DIRECT_H
#define SY_SUPERVISOR_DIRECT_H

#include "kube/discovery.h"
#include "supervisor/supervisor.h"

struct sy_direct_group { /* one group and version, as the workspace serves it */
	char group[256];
	char version[64];
	bool answered;
	struct sy_served served;
};

struct sy_direct_entry {
	struct sy_direct *direct;
	char *configured;	      /* path or name in the configuration */
	char *cluster;		      /* logical cluster, NULL = not resolved yet */
	char *path;		      /* as the logical cluster says */
	char *trouble;		      /* why the last attempt failed, NULL = it did not */
	enum sy_kube_verdict verdict; /* of the last attempt */
	struct sy_kube_request *request;
	struct sy_direct_group *groups;
	size_t group_count;
	size_t at; /* group being read */
};

struct sy_direct {
	struct sy_supervisor *sup;
	char key[SY_KEY_MAX];
	struct sy_timer *timer;
	struct sy_direct_entry **entries;
	size_t count;
	unsigned incomplete_rounds; /* in a row */
};

/* Read the logical cluster, then what is served there; calls sy_supervisor_changed at the end. Nothing while a round runs. */
void sy_direct_resolve(struct sy_direct_entry *entry);
/* The workspace has answered for that group and version. */
bool sy_direct_answered(const struct sy_direct_entry *entry, const struct sy_config_direct_resource *resource);
const struct sy_served_resource *sy_direct_served(const struct sy_direct_entry *entry, const struct sy_config_direct_resource *resource);

#endif
