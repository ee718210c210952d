/* syncerd-sim: one process that plays both API servers, a kcp and a Kubernetes cluster, for tests and the demo.
 *
 * It keeps objects in memory, behaves like the real servers where syncerd could notice (README.md lists what), and can be told to
 * misbehave. Single threaded: libmicrohttpd in external epoll mode on the project's event loop.
 */
#ifndef SY_SIM_H
#define SY_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/linkhash.h>

#include "base/buf.h"
#include "base/loop.h"
#include "json/json.h"

#define SIM_MAX_TYPES 128
#define SIM_MAX_BODY (3u * 1024 * 1024)
#define SIM_MAX_CHANGES 65536

enum sim_side { SIM_KCP = 0, SIM_CLUSTER, SIM_SIDE_MAX };

/* A resource type. Types live as long as the server. */
struct sim_type {
	const char *group;
	const char *version;
	const char *plural;
	const char *kind;
	bool namespaced;
	bool has_status;
	bool builtin; /* served in every logical cluster without a binding */
};

/* One stored object. Values are never changed in place: a write puts a new tree. */
struct sim_object {
	char *key; /* "<cluster>|<group>|<plural>|<ns>|<name>" */
	const struct sim_type *type;
	char *cluster; /* "" on the cluster side */
	char *ns;      /* "" when cluster-scoped */
	char *name;
	json_object *value;
};

/* One entry of the watch history. prev is NULL for ADDED; for DELETED value is the last state. */
struct sim_change {
	uint64_t rv;
	const struct sim_type *type;
	char *key;
	char *cluster;
	char *ns;
	json_object *value;
	json_object *prev;
	bool deleted;
};

struct sim_settings {
	int64_t bookmark_ms;   /* 60 s */
	bool streaming_list;   /* answer sendInitialEvents; off = 422 as an old server */
	bool slice_controller; /* keep the endpoints of slices up to date */
	json_object *deny;     /* array of {verb?, resource?} that access reviews refuse; NULL = none */
	json_object *status;   /* {kind: {member: default}} of statuses; NULL = none */
};

struct sim_fault;
struct sim_watch;
struct sim_call;
struct MHD_Daemon;

struct sim_server {
	struct sim *sim;
	enum sim_side side;
	char *url; /* "http://127.0.0.1:<port>" */
	struct lh_table *objects;
	struct sim_type *types[SIM_MAX_TYPES];
	size_t type_count;
	uint64_t rv;
	uint64_t oldest_rv; /* a watch from below this one gets 410 */
	struct sim_change *changes;
	size_t change_count;
	struct sim_watch *watches;
	struct sim_fault *faults;
	json_object *requests; /* counted requests, see control.c */
	struct sim_settings settings;
	struct MHD_Daemon *daemon;
	struct sy_io *io;
	struct sy_timer *timer;
	struct sy_timer *bookmark;
	struct sy_defer *settle;
	struct sy_defer *run;
	struct sim_call *delayed; /* answers that are held back */
};

struct sim {
	struct sy_loop *loop;
	struct sim_server servers[SIM_SIDE_MAX];
};

/* What a request path names. */
struct sim_target {
	bool is_vw;
	bool any_cluster;
	char provider[128]; /* VW: logical cluster of the export */
	char export_name[256];
	char cluster[128];  /* logical cluster NAME; "" on the cluster side */
	char words[8][256]; /* what follows the cluster: "apis", group, version, ... */
	size_t word_count;
	const struct sim_type *type; /* NULL: discovery and the like */
	char ns[256];
	char name[256];
	char sub[32];
};

struct sim_answer {
	unsigned code;
	json_object *body; /* owned; or */
	char *text;	   /* owned, sent as text/plain (or as JSON where is_json) */
	bool is_json;
	int retry_after;	 /* seconds, 0 = no header */
	struct sim_watch *watch; /* a stream instead of a body */
};

struct sim_request {
	struct sim_server *server;
	struct MHD_Connection *connection;
	const char *method;
	const char *path;
	const char *content_type;
	const char *user_agent;
	struct sim_target target;
	json_object *body; /* parsed, may be NULL */
	struct sim_answer answer;
};

/* sim_http.c */
int sim_http_start(struct sim_server *server, uint16_t port, struct sy_error *err);
void sim_http_stop(struct sim_server *server);
void sim_http_wake(struct sim_server *server);				    /* resume the watches: there is something to send */
const char *sim_query(const struct sim_request *request, const char *name); /* NULL when absent */
bool sim_query_is(const struct sim_request *request, const char *name, const char *value);

/* sim_types.c */
const struct sim_type *sim_type_find(const struct sim_server *server, const char *group, const char *version, const char *plural);
const struct sim_type *sim_type_of_kind(const struct sim_server *server, const char *api_version, const char *kind);
void sim_type_add(struct sim_server *server, const struct sim_type *type); /* strings are copied; a known one is left alone */
void sim_types_builtin(struct sim_server *server);
void sim_types_free(struct sim_server *server);
void sim_type_api_version(const struct sim_type *type, char out[320]);
bool sim_type_is(const struct sim_type *type, const char *group, const char *plural);

/* sim_store.c */
struct sim_object *sim_find(const struct sim_server *server, const struct sim_type *type, const char *cluster, const char *ns,
			    const char *name);
/* Store a new state (takes value; sets resourceVersion and records the change). Creates the entry when it is new. */
void sim_put(struct sim_server *server, const struct sim_type *type, const char *cluster, const char *ns, const char *name,
	     json_object *value);
void sim_drop(struct sim_server *server, struct sim_object *object);
/* Mark for deletion; drops at once when no finalizer holds it. */
void sim_delete(struct sim_server *server, struct sim_object *object);
/* Snapshot of matching objects, sorted by key; type and cluster may be NULL. free() the array. */
struct sim_object **sim_select(const struct sim_server *server, const struct sim_type *type, const char *cluster, const char *ns,
			       size_t *ret_count);
void sim_store_compact(struct sim_server *server);
void sim_store_init(struct sim_server *server);
void sim_store_free(struct sim_server *server);

/* sim_meta.c */
json_object *sim_meta(json_object *value); /* metadata, made when absent */
void sim_set(json_object *object, const char *key, json_object *value);
void sim_set_str(json_object *object, const char *key, const char *text);
void sim_fill_new(struct sim_server *server, const struct sim_type *type, const char *cluster, json_object *value);
bool sim_has_finalizers(json_object *value);
bool sim_is_deleting(json_object *value);
bool sim_is_object(json_object *value);
char *sim_now(char out[21]);
json_object *sim_condition(const char *type, const char *status, const char *reason);

/* sim_status.c: error bodies in the servers' own form */
void sim_fail(struct sim_request *request, unsigned code, const char *reason, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void sim_fail_object(struct sim_request *request, unsigned code, const char *reason, const char *what);
void sim_fail_cause(struct sim_request *request, const char *cause);
void sim_fail_text(struct sim_request *request, unsigned code, const char *text);
json_object *sim_status_body(unsigned code, const char *reason, const char *message);
void sim_status_cause(json_object *body); /* an invalid field, as validation names it */

/* sim_route.c */
bool sim_route(struct sim_request *request);	/* fills target; false = answered with an error */
void sim_dispatch(struct sim_request *request); /* answers */

/* sim_kcp.c: what the virtual workspace lets through, and kcp's controllers */
bool sim_vw_allows(struct sim_request *request);
bool sim_vw_shows(struct sim_server *server, const struct sim_target *target, const struct sim_type *type, const char *cluster,
		  json_object *value);
bool sim_bound(const struct sim_server *server, const struct sim_type *type, const char *cluster);
bool sim_resolve_cluster(const struct sim_server *server, const char *name_or_path, char out[128]);
bool sim_kcp_step(struct sim_server *server); /* one step of the controllers; true = something changed */
bool sim_cluster_step(struct sim_server *server);
void sim_settle(struct sim_server *server); /* run the controllers until nothing changes */
void sim_workspace_new(struct sim_server *server, const char *path, const char *cluster);
const char *sim_workspace_path(const struct sim_server *server, const char *cluster);

/* sim_bind.c */
bool sim_export_step(struct sim_server *server);
bool sim_binding_step(struct sim_server *server);
struct sim_object *sim_binding_of(const struct sim_server *server, const char *cluster, const char *provider, const char *export_name);
bool sim_binding_refers(const struct sim_server *server, json_object *binding, const char *provider, const char *export_name);

/* sim_read.c, sim_watch.c, sim_write.c, sim_delete.c */
void sim_get(struct sim_request *request);
void sim_list(struct sim_request *request);
void sim_create(struct sim_request *request);
void sim_patch(struct sim_request *request);
void sim_remove(struct sim_request *request);
void sim_discovery(struct sim_request *request);
void sim_access_review(struct sim_request *request);
/* Store a new object as POST does; NULL and an answer on failure (request NULL: seed). */
bool sim_insert(struct sim_server *server, struct sim_request *request, const struct sim_type *type, const char *cluster, const char *ns,
		json_object *value, const char *manager);

struct sim_filter {
	char *labels; /* selector text or NULL */
	char *name;
	char *ns;
};
bool sim_filter_init(struct sim_filter *filter, struct sim_request *request); /* false = answered 400 */
void sim_filter_done(struct sim_filter *filter);
bool sim_filter_match(const struct sim_filter *filter, json_object *value);

void sim_watch_start(struct sim_request *request); /* answers with a stream */
struct sim_watch_end {				   /* how the fault of a watch ends or silences it */
	bool error_410;
	bool mute;
	size_t truncate_after; /* bytes of events, 0 = none */
	bool garbage;
	bool unreadable;
};
/* What an object holds that the fault "unreadable" makes no JSON of. */
#define SIM_UNREADABLE "unreadable-"
void sim_make_unreadable(char *text, size_t len);
void sim_watch_spoil(struct sim_watch *watch, const struct sim_watch_end *end);
long sim_watch_read(struct sim_watch *watch, char *out, size_t max); /* bytes, 0 = nothing now, -1 = end, -2 = break off */
void sim_watch_free(struct sim_watch *watch);
void sim_watch_suspended(struct sim_watch *watch, bool suspended, struct MHD_Connection *connection);
void sim_watches_wake(struct sim_server *server);
void sim_watches_bookmark(struct sim_server *server);
void sim_watches_close(struct sim_server *server, const char *cluster); /* NULL = all */

/* sim_patch.c */
json_object *sim_merge_patch(json_object *target, json_object *patch); /* takes target, returns the result */
/* Change *value; NULL or a reason why not (static text). is_test: a test failed. */
const char *sim_json_patch(json_object **value, json_object *patch);

/* sim_fields.c: field ownership */
void sim_fields_update(json_object *before, json_object *after, const char *manager, const char *api_version, const char *sub);
/* Apply body onto value in place; a conflict's manager name (owned by value) or NULL. */
const char *sim_fields_apply(json_object *value, json_object *body, const char *manager, const char *api_version, bool force);

/* sim_faults.c, sim_control.c */
enum sim_action {
	SIM_PASS = 0,
	SIM_STATUS,
	SIM_TRUNCATE,
	SIM_GARBAGE,
	SIM_SLOW,
	SIM_DROP,
	SIM_STALE_LIST,
	SIM_ERROR_EVENT_410,
	SIM_MUTE,
	SIM_LOSE_ANSWER,
	SIM_UNREADABLE_OBJECTS,
	SIM_ACTION_MAX
};
struct sim_fault {
	struct sim_fault *next;
	char *method;	 /* NULL = any */
	char *path_part; /* NULL = any */
	char *query_part;
	char *agent_part;
	int64_t times; /* left; < 0 = for ever */
	enum sim_action action;
	unsigned code;
	int retry_after;
	int64_t delay_ms;
	size_t bytes;
	uint64_t rv;
	bool plain;  /* status with a plain-text body */
	bool causes; /* status with a cause in its details */
	uint64_t hits;
};
struct sim_fault *sim_fault_take(struct sim_server *server, const struct sim_request *request, const char *raw_query);
int sim_fault_add(struct sim_server *server, json_object *spec, struct sy_error *err);
void sim_faults_clear(struct sim_server *server);
json_object *sim_faults_show(const struct sim_server *server);
bool sim_control(struct sim_request *request); /* true = it was a /_sim/ path and is answered */
void sim_count(struct sim_server *server, const struct sim_request *request, unsigned code, bool is_watch);
void sim_stale_list(struct sim_request *request, uint64_t rv);

/* sim_seed.c */
int sim_seed_load(struct sim *sim, const char *path, struct sy_error *err);

#endif
