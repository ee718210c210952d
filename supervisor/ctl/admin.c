#include "admin.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "ctl.h"
#include "supervisor/config/advice.h"

struct ctl_admin {
	struct sy_loop *loop;
	struct sy_kube *kube;
	struct sy_timer *timer;
	struct sy_access access;
	char *base;
	bool is_kcp;
	struct ctl_answer *answer; /* where the request under way puts its result */
};

void ctl_answer_done(struct ctl_answer *answer)
{
	json_object_put(answer->object);
	free(answer->message);
	memset(answer, 0, sizeof(*answer));
}

static char *default_kubeconfig(void)
{
	const char *path = getenv("KUBECONFIG");
	const char *home = getenv("HOME");
	char *out = NULL;

	if (path && *path)
		return strdup(path);
	if (!home || asprintf(&out, "%s/.kube/config", home) < 0)
		return NULL;
	return out;
}

static void stop_loop(void *arg)
{
	struct ctl_admin *admin = arg;

	sy_loop_stop(admin->loop);
}

static char *copy_text(const char *text)
{
	char *copy = strdup(text);

	if (!copy) {
		ctl_error("out of memory");
		exit(CTL_FAILED);
	}
	return copy;
}

/* Only kcp's URLs name a workspace; a cluster behind a proxy may have "/clusters/" in a path of its own. */
static int read_base(struct ctl_admin *admin, const char *role, struct sy_error *err)
{
	sy_auto_free char *workspace = NULL;

	admin->is_kcp = !strcmp(role, "kcp");
	if (admin->is_kcp)
		return sy_kcp_split_server(admin->access.server, &admin->base, &workspace, err);
	admin->base = copy_text(admin->access.server);
	return 0;
}

static int open_clients(struct ctl_admin *admin, const struct sy_config_server *server, const char *role, struct sy_error *err)
{
	const struct sy_kube_options options = {.user_agent = "syncerctl/" SY_VERSION, .max_connections = 1};
	int rc = sy_access_load(server, role, &admin->access, err);

	if (rc == 0)
		rc = read_base(admin, role, err);
	if (rc == 0)
		rc = sy_loop_new(&admin->loop, err);
	if (rc == 0)
		rc = sy_timer_new(&admin->timer, admin->loop, stop_loop, admin, err);
	if (rc == 0)
		rc = sy_kube_new(&admin->kube, admin->loop, &admin->access, &options, err);
	if (rc == 0)
		rc = sy_kube_allow(admin->kube, (const char *const *)&admin->base, 1, err);
	return rc;
}

bool ctl_admin_open(struct ctl_admin **ret_admin, const char *kubeconfig, const char *context, const char *role)
{
	sy_auto_free char *fallback = kubeconfig ? NULL : default_kubeconfig();
	struct sy_config_server server = {.context = context ? strdup(context) : NULL};
	struct ctl_admin *admin = calloc(1, sizeof(*admin));
	struct sy_error err = {.text = "out of memory"};

	server.kubeconfig = kubeconfig ? strdup(kubeconfig) : sy_take_ptr(fallback);
	bool ok = admin && server.kubeconfig && open_clients(admin, &server, role, &err) == 0;
	free(server.kubeconfig);
	free(server.context);
	if (!ok) {
		ctl_error("%s", err.text);
		ctl_admin_free(admin);
		return false;
	}
	*ret_admin = admin;
	return true;
}

void ctl_admin_free(struct ctl_admin *admin)
{
	if (!admin)
		return;
	sy_kube_free(admin->kube);
	sy_timer_free(admin->timer);
	if (admin->loop)
		sy_loop_free(admin->loop);
	sy_access_done(&admin->access);
	free(admin->base);
	free(admin);
}

const struct sy_access *ctl_admin_access(const struct ctl_admin *admin)
{
	return &admin->access;
}

const char *ctl_admin_base(const struct ctl_admin *admin)
{
	return admin->base;
}

/* Where no API object answered, the address is what has to be checked. */
static char *explain(const struct ctl_admin *admin, const struct sy_kube_result *result)
{
	bool kcp = admin->is_kcp;
	const char *message = result->message ? result->message : "";
	const char *advice = sy_advice(kcp ? SY_ADVICE_KCP : SY_ADVICE_CLUSTER, result->verdict, message);
	char *text = NULL;

	if (result->verdict != SY_KUBE_UNREACHABLE && result->verdict != SY_KUBE_UNAUTHORIZED &&
	    !sy_advice_no_kcp(result->verdict, message))
		return copy_text(message);
	if (asprintf(&text, "%s: %s; %s", admin->base, message, advice) < 0) {
		ctl_error("out of memory");
		exit(CTL_FAILED);
	}
	return text;
}

static void call_done(void *arg, const struct sy_kube_result *result)
{
	struct ctl_admin *admin = arg;
	struct ctl_answer *answer = admin->answer;

	answer->verdict = result->verdict;
	answer->http_code = result->http_code;
	answer->object = json_object_get(result->object);
	answer->message = explain(admin, result);
	answer->server_time = result->server_time;
	sy_loop_stop(admin->loop);
}

static void call(struct ctl_admin *admin, const char *workspace, struct sy_kube_call call, json_object *body, struct ctl_answer *ret_answer)
{
	sy_auto_free char *base = NULL;
	sy_auto_free char *text = body ? sy_json_text(body) : NULL;
	struct sy_error err = {.text = "out of memory"};

	memset(ret_answer, 0, sizeof(*ret_answer));
	call.body = text;
	call.body_len = text ? strlen(text) : 0;
	if (asprintf(&base, "%s%s%s", admin->base, workspace ? "/clusters/" : "", workspace ? workspace : "") < 0)
		base = NULL;
	call.base = base;
	admin->answer = ret_answer;
	if (!base || (body && !text) || sy_kube_do(admin->kube, &call, call_done, admin, NULL, &err) < 0) {
		ret_answer->verdict = SY_KUBE_UNREACHABLE;
		ret_answer->message = copy_text(err.text);
		return;
	}
	sy_loop_run(admin->loop);
}

void ctl_admin_call(struct ctl_admin *admin, const char *workspace, const char *method, const char *path, const char *query,
		    const char *content_type, json_object *body, struct ctl_answer *ret_answer)
{
	call(admin, workspace, (struct sy_kube_call){.method = method, .path = path, .query = query, .content_type = content_type}, body,
	     ret_answer);
}

void ctl_admin_list(struct ctl_admin *admin, const char *workspace, const char *path, const char *query, struct ctl_answer *ret_answer)
{
	call(admin, workspace, (struct sy_kube_call){.method = "GET", .path = path, .query = query, .accept = SY_ACCEPT_METADATA}, NULL,
	     ret_answer);
}

void ctl_admin_pause(struct ctl_admin *admin)
{
	sy_timer_start(admin->timer, 200);
	sy_loop_run(admin->loop);
}

bool ctl_admin_wait(struct ctl_admin *admin, const char *workspace, const char *path, unsigned seconds,
		    bool (*ready)(void *arg, const struct ctl_answer *answer), void *arg, struct ctl_answer *ret_answer)
{
	int64_t deadline;

	sy_loop_update_now(admin->loop);
	deadline = sy_loop_now_ms(admin->loop) + (int64_t)seconds * 1000;
	for (;;) {
		ctl_admin_call(admin, workspace, "GET", path, NULL, NULL, NULL, ret_answer);
		if (ready(arg, ret_answer))
			return true;
		sy_loop_update_now(admin->loop);
		if (sy_loop_now_ms(admin->loop) >= deadline)
			return false;
		ctl_answer_done(ret_answer);
		ctl_admin_pause(admin);
	}
}
