/* The configuration file of syncerd (design of names: syncerd.yaml(5)). Parse, validate, apply are three steps: sy_config_load makes a
 * new value beside the old one or fails as a whole. */
#ifndef SY_SUPERVISOR_CONFIG_H
#define SY_SUPERVISOR_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "kube/access.h"
#include "proto/plan.h"

struct sy_config_server {    /* kcp: or cluster: */
	char *kubeconfig;    /* path; NULL = in-cluster ServiceAccount (cluster only) */
	char *context;	     /* NULL = current-context */
	bool allow_insecure; /* insecureSkipTLSVerify: the second of the two places that must say so */
};

struct sy_config_export_rule { /* sync.resources[] */
	char *group;
	char *resource;
	enum sy_plan_naming naming;
	char **ignore_fields;
	size_t ignore_count;
	bool translate_generation;
};

struct sy_config_direct_resource {
	char *group;
	char *version;
	char *resource;
};

struct sy_config_limits {    /* of each worker */
	int64_t memory_max;  /* bytes; 0 = no limit */
	int64_t memory_high; /* bytes; 0 = no limit */
	int64_t cpu_weight;  /* 1..10000, 100 = as everybody */
	int64_t pids_max;    /* processes and threads; 0 = no limit */
};

struct sy_config {
	char *file; /* where it was read from */
	struct sy_config_server kcp;
	struct sy_config_server cluster;

	bool is_direct;
	char *target_workspace; /* syncTarget.workspace; NULL = the kubeconfig's */
	char *target_name;
	char *direct_name;
	char *direct_uid;
	char **direct_workspaces;
	size_t direct_workspace_count;
	struct sy_config_direct_resource *direct_resources;
	size_t direct_resource_count;

	/* sync: (syncerd-rules(7) 5) */
	int64_t namespace_clean_delay_ms;
	json_object *namespace_labels; /* object of strings or NULL */
	enum sy_plan_removal unbind;
	char **optional_claims;
	size_t optional_claim_count;
	char **allow_claims; /* default: configmaps */
	size_t allow_claim_count;
	bool mass_deletion_guard;
	bool tenant_events;
	bool cluster_scoped;
	bool sync_root_ca;
	bool sync_service_account_tokens;
	struct sy_config_export_rule *rules;
	size_t rule_count;

	/* workers: */
	int64_t heartbeat_ms;	       /* 5 s: report interval */
	int64_t heartbeat_deadline_ms; /* 20 s: silence after which a worker counts as hung */
	int64_t plan_deadline_ms;      /* 30 s: plan handed over to plan in effect */
	int64_t start_deadline_ms;     /* 15 s: exec to hello */
	int64_t stop_deadline_ms;      /* 10 s: TERM to KILL */
	int64_t backoff_first_ms;      /* 500 ms */
	int64_t backoff_max_ms;	       /* 5 min */
	int64_t stable_ms;	       /* 60 s: a run longer than this resets the back-off */
	int64_t upgrade_stable_ms;     /* 5 s: with a new program in step for so long, before it is the next one's turn */
	int64_t upgrade_deadline_ms;   /* 3 min: from the start of the new program until it is in step */
	int64_t max_spawning;	       /* 4: workers in STARTING at the same time */
	struct sy_config_limits limits;
	char *worker_program; /* default: syncer-worker beside syncerd's own executable */

	char *control_socket;	    /* /run/syncerd/control.sock */
	char *metrics_listen;	    /* <runtime_directory>/metrics.sock as "unix:..."; "" = off */
	int64_t metrics_workspaces; /* 200: how many have series of their own */
	bool metrics_page;	    /* the status page is served there; without the key: only to this machine */
	char *state_directory;	    /* /var/lib/syncerd */
	char *runtime_directory;    /* /run/syncerd; worker sockets live in <dir>/workers */
	enum sy_log_level log_level;
	enum sy_log_format log_format;
};

void sy_config_free(struct sy_config *config); /* accepts NULL */

/* Read and validate a file of at most SY_MAX_CONFIG_BYTES. Errors read "<file>:<line>:<column>: <what, where and the next step>"; no source
 * text is quoted. Unknown keys, duplicate keys and wrong types are errors. */
int sy_config_load(const char *path, struct sy_config **ret_config, struct sy_error *err);
/* The same from memory; path is used in messages only. */
int sy_config_parse(const char *path, const char *data, size_t len, struct sy_config **ret_config, struct sy_error *err);

/* The configuration in effect, with the keys of the file and its defaults; what is not set and has no default is left out. It holds no secret:
 * no key does, credentials are in the kubeconfigs that it names. The caller owns *ret_value. -ENOMEM. */
int sy_config_show(const struct sy_config *config, json_object **ret_value, struct sy_error *err);

/* Resolve a server entry to an access: kubeconfig (contexts, inline and file CA/cert/key/token, tokenFile, proxy-url) or, where config
 * allows, the in-cluster ServiceAccount. exec and auth-provider plugins are refused with a message that names the alternative.
 * role ("kcp" or "cluster") is used in messages. */
int sy_access_load(const struct sy_config_server *server, const char *role, struct sy_access *ret_access, struct sy_error *err);

/* Split "https://h:p/base/clusters/<x>" into the base URL and x (NULL when there is no /clusters/ part). Both malloc'ed. */
int sy_kcp_split_server(const char *server, char **ret_base, char **ret_workspace, struct sy_error *err);

#endif
