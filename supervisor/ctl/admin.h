/* A blocking client for `syncerctl install`: the administrator's kubeconfig, one request at a time, on a loop of its own. */
#ifndef SY_CTL_ADMIN_H
#define SY_CTL_ADMIN_H

#include "kube/client.h"
#include "supervisor/config/config.h"

struct ctl_admin;

struct ctl_answer {
	enum sy_kube_verdict verdict;
	int http_code;
	json_object *object; /* owned, NULL when the body was not JSON */
	char *message;	     /* owned, never NULL, "" without one */
	int64_t server_time; /* the server's clock, seconds since the epoch; 0 = it did not say */
};
void ctl_answer_done(struct ctl_answer *answer);

/* kubeconfig NULL: $KUBECONFIG, else ~/.kube/config. role is "kcp" or "cluster". Prints an error and returns false on failure. */
bool ctl_admin_open(struct ctl_admin **ret_admin, const char *kubeconfig, const char *context, const char *role);
void ctl_admin_free(struct ctl_admin *admin);
/* Access as loaded, and the server's base URL, of kcp without a /clusters/... part (both borrowed). */
const struct sy_access *ctl_admin_access(const struct ctl_admin *admin);
const char *ctl_admin_base(const struct ctl_admin *admin);

/* One request to `path` below base (with /clusters/<workspace> in between unless workspace is NULL). body may be NULL. Always fills
 * *ret_answer, which the caller must release with ctl_answer_done. */
void ctl_admin_call(struct ctl_admin *admin, const char *workspace, const char *method, const char *path, const char *query,
		    const char *content_type, json_object *body, struct ctl_answer *ret_answer);
/* The same for a list: metadata only, which is all that is needed to find what carries a finalizer. */
void ctl_admin_list(struct ctl_admin *admin, const char *workspace, const char *path, const char *query, struct ctl_answer *ret_answer);
void ctl_admin_pause(struct ctl_admin *admin); /* 200 ms, before asking again */
/* GET `path` every 200 ms until ready(arg, answer) says so; false after seconds. The last answer is kept in *ret_answer in both cases. */
bool ctl_admin_wait(struct ctl_admin *admin, const char *workspace, const char *path, unsigned seconds,
		    bool (*ready)(void *arg, const struct ctl_answer *answer), void *arg, struct ctl_answer *ret_answer);

#endif
