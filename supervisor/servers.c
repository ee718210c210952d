/* Both servers: access, clients, renewed credentials. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/supervisor.h"

/* The client speaks to the base URL; the workspace in a kubeconfig's server is only a default. */
int sy_servers_load_up(const struct sy_config *config, struct sy_access *ret_access, char **ret_workspace, struct sy_error *err)
{
	struct sy_access access = {0};
	char *base = NULL, *workspace = NULL;
	int r = sy_access_load(&config->kcp, "kcp", &access, err);

	if (r == 0)
		r = sy_kcp_split_server(access.server, &base, &workspace, err);
	if (r < 0) {
		sy_access_done(&access);
		return r;
	}
	free(access.server);
	access.server = base;
	*ret_access = access;
	*ret_workspace = workspace;
	return 0;
}

/* A workspace of kcp can pass for a cluster, so that nothing else would stop syncerd from writing a tenant's objects into kcp. */
int sy_servers_differ(const struct sy_access *up, const struct sy_access *down, struct sy_error *err)
{
	size_t len = strlen(up->server);
	const char *rest = down->server + len;

	if (strncmp(up->server, down->server, len) != 0 ||
	    (rest[0] != '\0' && strcmp(rest, "/") != 0 && strncmp(rest, "/clusters/", 10) != 0 && strncmp(rest, "/services/", 10) != 0))
		return 0;
	return sy_error_set(
		err, EINVAL,
		"kcp and the cluster are the same server, %s: check kcp.kubeconfig and cluster.kubeconfig and the contexts in them",
		down->server);
}

int sy_servers_no_workspace(struct sy_error *err)
{
	return sy_error_set(err, EINVAL,
			    "no workspace for the SyncTarget: set syncTarget.workspace, or use a kubeconfig whose server ends in "
			    "/clusters/<workspace>");
}

static int pick_workspace(struct sy_supervisor *sup, char *from_kubeconfig, struct sy_error *err)
{
	sy_auto_free char *own = from_kubeconfig;

	if (sup->config->is_direct)
		return 0;
	sup->workspace = sup->config->target_workspace ? strdup(sup->config->target_workspace) : sy_take_ptr(own);
	return sup->workspace ? 0 : sy_servers_no_workspace(err);
}

void sy_servers_hand_over(struct sy_supervisor *sup)
{
	struct sy_error err = {0};

	if (sup->workers && sy_workers_set_access(sup->workers, &sup->up, &sup->down, &err) < 0)
		sy_error_log(NULL, "handing new credentials to the workers: %s", err.text);
	if (sup->target)
		sy_target_kick(sup->target);
	if (sup->heartbeat)
		sy_heartbeat_kick(sup->heartbeat);
	if (sup->exports)
		sy_exports_kick(sup->exports);
	if (sup->orphans)
		sy_orphans_kick(sup->orphans);
	if (sup->strays)
		sy_strays_kick(sup->strays);
	if (sup->downstream)
		sy_downstream_rediscover(sup->downstream);
}

static void renew(struct sy_supervisor *sup, struct sy_access *access, struct sy_kube *kube, const char *token, const char *role)
{
	struct sy_error err = {0};
	char *copy = strdup(token);

	if (!copy)
		return;
	if (access->token)
		explicit_bzero(access->token, strlen(access->token));
	free(access->token);
	access->token = copy;
	if (sy_kube_set_access(kube, access, &err) < 0)
		sy_error_log(NULL, "%s: new token: %s", role, err.text);
	else
		sy_info(NULL, "%s: the token file holds another token; it is used from now on", role);
	sy_servers_hand_over(sup);
}

static void up_token_changed(void *arg, const char *token)
{
	struct sy_supervisor *sup = arg;

	renew(sup, &sup->up, sup->up_kube, token, "kcp");
}

static void down_token_changed(void *arg, const char *token)
{
	struct sy_supervisor *sup = arg;

	renew(sup, &sup->down, sup->down_kube, token, "cluster");
}

static void token_failed(void *arg, const struct sy_error *problem)
{
	(void)arg;
	sy_warn(NULL, "%s; the old token stays in use", problem->text);
}

int sy_servers_watch_token(struct sy_supervisor *sup, const struct sy_access *access, bool up, struct sy_token_watch **ret_watch,
			   struct sy_error *err)
{
	static const struct sy_token_watch_ops up_ops = {up_token_changed, token_failed};
	static const struct sy_token_watch_ops down_ops = {down_token_changed, token_failed};

	*ret_watch = NULL;
	if (!access->token_file)
		return 0;
	return sy_token_watch_new(ret_watch, sup->loop, access->token_file, access->token, up ? &up_ops : &down_ops, sup, err);
}

int sy_servers_open(struct sy_supervisor *sup, struct sy_error *err)
{
	const struct sy_kube_options options = {.user_agent = "syncerd/" SY_VERSION, .timeout_ms = 15000};
	char *workspace = NULL;
	int r = sy_servers_load_up(sup->config, &sup->up, &workspace, err);

	if (r < 0)
		return r;
	sup->base = sup->up.server ? strdup(sup->up.server) : NULL;
	r = pick_workspace(sup, workspace, err);
	if (r == 0 && !sup->base)
		r = sy_error_oom(err);
	if (r == 0)
		r = sy_access_load(&sup->config->cluster, "cluster", &sup->down, err);
	if (r == 0)
		r = sy_servers_differ(&sup->up, &sup->down, err);
	if (r == 0)
		r = sy_kube_new(&sup->up_kube, sup->loop, &sup->up, &options, err);
	if (r == 0)
		r = sy_kube_new(&sup->down_kube, sup->loop, &sup->down, &options, err);
	if (r == 0)
		r = sy_servers_watch_token(sup, &sup->up, true, &sup->up_token, err);
	if (r == 0)
		r = sy_servers_watch_token(sup, &sup->down, false, &sup->down_token, err);
	return r;
}

void sy_servers_close(struct sy_supervisor *sup)
{
	sy_token_watch_free(sup->up_token);
	sy_token_watch_free(sup->down_token);
	sy_kube_free(sup->up_kube);
	sy_kube_free(sup->down_kube);
	sy_access_done(&sup->up);
	sy_access_done(&sup->down);
	sy_strv_done(&sup->allowed);
	free(sup->base);
	free(sup->workspace);
}

void sy_servers_allow(struct sy_supervisor *sup)
{
	struct sy_strv urls = {0};
	struct sy_error err = {0};
	int r = sy_strv_add(&urls, sup->base, &err);

	for (size_t i = 0; r == 0 && i < sy_exports_count(sup->exports); i++) {
		const struct sy_export *export = sy_exports_at(sup->exports, i);

		for (size_t j = 0; r == 0 && j < export->urls.count; j++)
			r = sy_strv_add_new(&urls, export->urls.items[j], &err);
	}
	/* URLs of a slice that has lost them stay readable until their consumers are known to be gone. */
	for (size_t i = 0; r == 0 && i < sup->allowed.count; i++)
		r = sy_strv_add_new(&urls, sup->allowed.items[i], &err);
	sy_strv_sort(&urls);
	if (r == 0 && !sy_strv_equal(&urls, &sup->allowed))
		r = sy_kube_allow(sup->up_kube, (const char *const *)urls.items, urls.count, &err);
	if (r < 0) {
		sy_error_log(NULL, "allowing the virtual workspaces: %s", err.text);
		sy_strv_done(&urls);
		return;
	}
	sy_strv_done(&sup->allowed);
	sup->allowed = urls;
}
