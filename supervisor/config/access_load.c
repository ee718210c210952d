/* From the configuration's kcp: and cluster: sections to an access. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "supervisor/config/config.h"
#include "supervisor/config/config_check.h"
#include "supervisor/config/file.h"
#include "supervisor/config/kubeconfig.h"
#include "supervisor/config/kubeconfig_url.h"

static int in_cluster_server(const char *host, const char *port, char **ret_server, struct sy_error *err)
{
	bool v6 = strchr(host, ':') != NULL;

	if (asprintf(ret_server, "https://%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port) < 0) {
		*ret_server = NULL;
		return sy_error_oom(err);
	}
	/* Nothing but a host may be in the variable, so that the port stays behind it. */
	const char *reason = strpbrk(host, "/?#@[]") ? "is not a host" : sy_server_url_check(*ret_server);
	return reason ? sy_error_set(err, EINVAL, "in-cluster ServiceAccount: KUBERNETES_SERVICE_HOST or KUBERNETES_SERVICE_PORT %s",
				     reason)
		      : 0;
}

static int in_cluster_files(const char *directory, struct sy_access *access, struct sy_error *err)
{
	char *ca = NULL;
	size_t len;
	int r;

	if (asprintf(&access->token_file, "%s/token", directory) < 0) {
		access->token_file = NULL;
		return sy_error_oom(err);
	}
	r = sy_token_read(access->token_file, &access->token, NULL, err);
	if (r < 0)
		return sy_error_wrap(err, "in-cluster ServiceAccount");
	if (asprintf(&ca, "%s/ca.crt", directory) < 0)
		return sy_error_oom(err);
	r = sy_file_read(ca, SY_MAX_PEM_BYTES, &access->ca_pem, &len, NULL, err);
	if (r < 0) {
		r = sy_error_wrap(err, "in-cluster ServiceAccount");
	} else {
		const char *reason = strlen(access->ca_pem) < len ? "holds a NUL character" : sy_pem_check(access->ca_pem);

		if (reason)
			r = sy_error_set(err, EINVAL, "in-cluster ServiceAccount: %s: %s", ca, reason);
	}
	free(ca);
	return r;
}

int sy_access_in_cluster(const char *directory, const char *host, const char *port, struct sy_access *ret_access, struct sy_error *err)
{
	struct sy_access access = {0};
	int r;

	if (!host || !host[0] || !port || !port[0])
		return sy_error_set(
			err, ENOENT,
			"cluster.kubeconfig is not set and this is no pod (KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not "
			"set): set cluster.kubeconfig");
	r = in_cluster_server(host, port, &access.server, err);
	if (r == 0)
		r = in_cluster_files(directory, &access, err);
	if (r < 0) {
		sy_access_done(&access);
		return r;
	}
	*ret_access = access;
	return 0;
}

int sy_access_load(const struct sy_config_server *server, const char *role, struct sy_access *ret_access, struct sy_error *err)
{
	struct sy_kubeconfig_options options = {.role = role, .context = server->context, .allow_insecure = server->allow_insecure};
	char *data = NULL;
	size_t len = 0;

	if (!server->kubeconfig) {
		if (strcmp(role, "cluster") != 0)
			return sy_error_set(err, EINVAL, "%s.kubeconfig is not set", role);
		return sy_access_in_cluster(SY_SERVICE_ACCOUNT_DIRECTORY, getenv("KUBERNETES_SERVICE_HOST"),
					    getenv("KUBERNETES_SERVICE_PORT"), ret_access, err);
	}
	int r = sy_file_read(server->kubeconfig, SY_MAX_CONFIG_BYTES, &data, &len, NULL, err);
	if (r == -ENOENT && strchr(server->kubeconfig, ':'))
		return sy_error_set(err, ENOENT, "%s.kubeconfig: %s: no such file (lists of kubeconfigs are not supported: name one file)",
				    role, server->kubeconfig);
	if (r < 0) {
		sy_error_wrap(err, "%s.kubeconfig", role);
		return r;
	}
	struct sy_access access = {0};
	r = sy_kubeconfig_parse(server->kubeconfig, data, len, &options, &access, err);
	sy_file_wipe(data, len);
	const char *reason = r == 0 && access.cert_pem && access.key_pem ? sy_key_pair_check(access.cert_pem, access.key_pem) : NULL;
	if (reason) {
		r = sy_error_set(err, EINVAL, "%s: %s", server->kubeconfig, reason);
		sy_access_done(&access);
	}
	if (r == 0)
		*ret_access = access;
	return r;
}

int sy_kcp_split_server(const char *server, char **ret_base, char **ret_workspace, struct sy_error *err)
{
	static const char mark[] = "/clusters/";
	const char *reason = sy_server_url_check(server);
	const char *authority = strstr(server, "://");
	const char *at = authority ? strstr(authority + 3, mark) : NULL;
	char *url, *workspace = NULL;

	if (reason)
		return sy_error_set(err, EINVAL, "kcp: server %s", reason);
	url = sy_server_url_trim(server);
	if (!url)
		return sy_error_oom(err);
	/* "/clusters" alone, or with slashes only behind it, is a workspace left out rather than a base path. */
	size_t len = strlen(url);
	bool nameless = len >= 9 && strcmp(url + len - 9, "/clusters") == 0;
	if (at && !nameless) {
		workspace = strdup(url + (at - server) + sizeof(mark) - 1);
		if (!workspace) {
			free(url);
			return sy_error_oom(err);
		}
		reason = sy_config_check_workspace(workspace);
		url[at - server] = '\0';
	}
	if (nameless)
		reason = "ends in /clusters without a workspace";
	if (reason) {
		free(url);
		free(workspace);
		return sy_error_set(err, EINVAL, nameless ? "kcp: server %s" : "kcp: the workspace in server's /clusters/ part %s", reason);
	}
	char *base = sy_server_url_trim(url);
	free(url);
	if (!base) {
		free(workspace);
		return sy_error_oom(err);
	}
	*ret_base = base;
	*ret_workspace = workspace;
	return 0;
}
