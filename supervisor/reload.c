/* SIGHUP: another configuration and other credentials, taken as a whole or not at all. Everything that can fail comes first, in values of its
 * own; from take_over() on nothing can. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "supervisor/supervisor.h"

struct fresh {
	struct sy_config *config;
	struct sy_access up;
	struct sy_access down;
	struct sy_token_watch *up_token;
	struct sy_token_watch *down_token;
};

static void fresh_done(struct fresh *fresh)
{
	sy_config_free(fresh->config);
	sy_access_done(&fresh->up);
	sy_access_done(&fresh->down);
	sy_token_watch_free(fresh->up_token);
	sy_token_watch_free(fresh->down_token);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* What cannot change while syncerd runs, as one name; NULL = nothing of the kind changed. */
static const char *needs_restart(const struct sy_config *old, const struct sy_config *new)
{
	if (old->is_direct != new->is_direct)
		return "the mode (syncTarget or direct)";
	if (!same_text(old->target_workspace, new->target_workspace) || !same_text(old->target_name, new->target_name))
		return "syncTarget";
	if (!same_text(old->direct_name, new->direct_name) || !same_text(old->direct_uid, new->direct_uid))
		return "direct.name or direct.uid";
	if (!same_text(old->control_socket, new->control_socket))
		return "control.socket";
	if (!same_text(old->metrics_listen, new->metrics_listen))
		return "metrics.listen";
	if (!same_text(old->state_directory, new->state_directory))
		return "stateDirectory";
	return same_text(old->runtime_directory, new->runtime_directory) ? NULL : "runtimeDirectory";
}

static int load_config(const struct sy_supervisor *sup, struct fresh *fresh, struct sy_error *err)
{
	const char *fixed;
	int r = sy_config_load(sup->options->config, &fresh->config, err);

	if (r == 0)
		r = sy_options_override(sup->options, fresh->config, err);
	fixed = r == 0 ? needs_restart(sup->config, fresh->config) : NULL;
	return fixed ? sy_error_set(err, EINVAL, "%s: %s has changed: restart syncerd for that", sup->options->config, fixed) : r;
}

static int check_server(const char *role, const char *old, const char *new, struct sy_error *err)
{
	if (same_text(old, new))
		return 0;
	return sy_error_set(err, EINVAL, "%s has changed from %s to %s: restart syncerd for that", role, old ? old : "none",
			    new ? new : "none");
}

/* Another address may be another server: nothing that is known of the old one, plans and copies above all, would be true of it. */
static int load_access(struct sy_supervisor *sup, struct fresh *fresh, struct sy_error *err)
{
	sy_auto_free char *workspace = NULL;
	int r = sy_servers_load_up(fresh->config, &fresh->up, &workspace, err);

	if (r == 0)
		r = sy_access_load(&fresh->config->cluster, "cluster", &fresh->down, err);
	if (r == 0)
		r = check_server("kcp's server", sup->base, fresh->up.server, err);
	if (r == 0 && !sup->config->is_direct && !sup->config->target_workspace)
		r = check_server("the workspace in the server of kcp's kubeconfig", sup->workspace, workspace, err);
	if (r == 0)
		r = check_server("the cluster's server", sup->down.server, fresh->down.server, err);
	if (r == 0)
		r = sy_servers_watch_token(sup, &fresh->up, true, &fresh->up_token, err);
	if (r == 0)
		r = sy_servers_watch_token(sup, &fresh->down, false, &fresh->down_token, err);
	return r;
}

/* Both clients or none. */
static int set_clients(struct sy_supervisor *sup, const struct fresh *fresh, struct sy_error *err)
{
	struct sy_error trouble = {0};
	int r = sy_kube_set_access(sup->up_kube, &fresh->up, err);

	if (r < 0)
		return r;
	r = sy_kube_set_access(sup->down_kube, &fresh->down, err);
	if (r < 0 && sy_kube_set_access(sup->up_kube, &sup->up, &trouble) < 0)
		sy_error_log(NULL, "going back to the old credentials for kcp: %s", trouble.text);
	return r;
}

static void log_changes(const struct sy_supervisor *sup, const struct fresh *fresh)
{
	const struct sy_config *old = sup->config, *new = fresh->config;

	if (!sy_access_equal(&sup->up, &fresh->up))
		sy_info(NULL, "reload: credentials for kcp have changed");
	if (!sy_access_equal(&sup->down, &fresh->down))
		sy_info(NULL, "reload: credentials for the cluster have changed");
	if (old->log_level != new->log_level)
		sy_info(NULL, "reload: log.level is %s now, for all workers too", sy_log_level_name(new->log_level));
	if (old->log_format != new->log_format || old->heartbeat_ms != new->heartbeat_ms)
		sy_info(NULL, "reload: running workers are restarted one after the other");
}

static void set_log(const struct sy_config *old, const struct sy_config *new)
{
	if (old->log_format != new->log_format)
		sy_log_init("syncerd", new->log_level, new->log_format);
	else if (old->log_level != new->log_level)
		sy_log_set_level(new->log_level);
}

#define SWAP(type, a, b)                                                                                                                   \
	do {                                                                                                                               \
		type saved = (a);                                                                                                          \
		(a) = (b);                                                                                                                 \
		(b) = saved;                                                                                                               \
	} while (0)

/* Afterwards fresh holds what was in force before. */
static void take_over(struct sy_supervisor *sup, struct fresh *fresh)
{
	log_changes(sup, fresh);
	set_log(sup->config, fresh->config);
	SWAP(struct sy_config *, sup->config, fresh->config);
	SWAP(struct sy_access, sup->up, fresh->up);
	SWAP(struct sy_access, sup->down, fresh->down);
	SWAP(struct sy_token_watch *, sup->up_token, fresh->up_token);
	SWAP(struct sy_token_watch *, sup->down_token, fresh->down_token);
	if (sup->workers)
		sy_workers_reload(sup->workers, sup->config);
	if (sup->direct)
		sy_direct_reload(sup);
	sy_servers_hand_over(sup);
	sy_supervisor_changed(sup);
}

void sy_reload(struct sy_supervisor *sup)
{
	struct fresh fresh = {0};
	struct sy_error err = {0};
	int r;

	sy_notify_reloading(sup->notify);
	r = load_config(sup, &fresh, &err);
	if (r == 0)
		r = load_access(sup, &fresh, &err);
	if (r == 0)
		r = set_clients(sup, &fresh, &err);
	if (r < 0) {
		sy_error_log(NULL, "reload refused, the old configuration stays in force: %s", err.text);
	} else {
		take_over(sup, &fresh);
		sy_info(NULL, "configuration and credentials read again");
		if (sy_supervisor_is_old(sup))
			sy_warn(NULL, "syncerd itself has been replaced, which a reload does not bring: restart it for that");
	}
	sup->reload_refused = r < 0;
	if (r == 0)
		sup->configured_s = time(NULL);
	fresh_done(&fresh);
	sy_notify_ready(sup->notify);
}
