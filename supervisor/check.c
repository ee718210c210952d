/* `syncerd --check-config`: what the start would find, without asking a server and without making anything. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "httpd/httpd.h"
#include "supervisor/config/file.h"
#include "supervisor/supervisor.h"

/* A directory that is there, or whose parent is, so that the start can make it. */
static int check_directory(const char *key, const char *path, struct sy_error *err)
{
	sy_auto_free char *parent = sy_file_beside(path, ".");
	struct stat st;

	if (!parent)
		return sy_error_oom(err);
	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? 0 : sy_error_set(err, ENOTDIR, "%s: %s is not a directory", key, path);
	if (errno != ENOENT)
		return sy_error_set(err, errno, "%s: %s: %s", key, path, strerror(errno));
	if (stat(parent, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	return sy_error_set(err, ENOENT, "%s: %s does not exist, nor does the directory that it is to be made in", key, path);
}

/* The directory of a socket is there, or is one that the start makes. */
static int check_socket(const struct sy_config *config, const char *key, const char *path, struct sy_error *err)
{
	const char *slash = strrchr(path, '/');
	sy_auto_free char *directory = slash ? strndup(path, (size_t)(slash - path)) : NULL;
	struct stat st;

	if (!slash || slash == path)
		return 0;
	if (!directory)
		return sy_error_oom(err);
	if (strcmp(directory, config->runtime_directory) == 0 || (stat(directory, &st) == 0 && S_ISDIR(st.st_mode)))
		return 0;
	return sy_error_set(err, ENOENT, "%s: the directory of %s does not exist", key, path);
}

static int check_sockets(const struct sy_config *config, struct sy_error *err)
{
	struct sy_httpd_address address = {0};
	int r = check_socket(config, "control.socket", config->control_socket, err);

	if (r < 0 || !config->metrics_listen[0] || sy_httpd_address_parse(config->metrics_listen, &address) || !address.path)
		return r;
	return check_socket(config, "metrics.listen", address.path, err);
}

static int check_program(const char *path, struct sy_error *err)
{
	if (access(path, X_OK) == 0)
		return 0;
	return sy_error_set(err, errno, "workers.program: %s cannot be run: %s", path, strerror(errno));
}

/* As the start makes it: proxy, TLS name and token are looked at there. */
static int check_client(struct sy_loop *loop, const struct sy_access *access, const char *role, struct sy_error *err)
{
	struct sy_kube *kube = NULL;
	struct sy_error reason = {0};
	int r = sy_kube_new(&kube, loop, access, NULL, &reason);

	sy_kube_free(kube);
	return r < 0 ? sy_error_set(err, -r, "%s: %s", role, reason.text) : 0;
}

static int check_clients(const struct sy_config *config, struct sy_error *err)
{
	struct sy_access up = {0}, down = {0};
	sy_auto_free char *workspace = NULL;
	struct sy_loop *loop = NULL;
	int r = sy_servers_load_up(config, &up, &workspace, err);

	if (r == 0)
		r = sy_access_load(&config->cluster, "cluster", &down, err);
	if (r == 0 && !config->is_direct && !config->target_workspace && !workspace)
		r = sy_servers_no_workspace(err);
	if (r == 0)
		r = sy_loop_new(&loop, err);
	if (r == 0)
		r = check_client(loop, &up, "kcp", err);
	if (r == 0)
		r = check_client(loop, &down, "cluster", err);
	if (loop)
		sy_loop_free(loop);
	sy_access_done(&up);
	sy_access_done(&down);
	return r;
}

int sy_check(const struct sy_config *config, struct sy_error *err)
{
	int r = check_clients(config, err);

	if (r == 0)
		r = check_program(config->worker_program, err);
	if (r == 0)
		r = check_directory("stateDirectory", config->state_directory, err);
	if (r == 0)
		r = check_directory("runtimeDirectory", config->runtime_directory, err);
	if (r == 0)
		r = sy_workers_runtime_fits(config->runtime_directory, err);
	return r == 0 ? check_sockets(config, err) : r;
}
