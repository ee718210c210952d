#include "supervisor/config/config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "httpd/httpd.h"
#include "supervisor/config/config_check.h"
#include "supervisor/config/config_table.h"
#include "supervisor/config/file.h"

static void free_strings(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

static void free_server(struct sy_config_server *server)
{
	free(server->kubeconfig);
	free(server->context);
}

void sy_config_free(struct sy_config *config)
{
	if (!config)
		return;
	free(config->file);
	free_server(&config->kcp);
	free_server(&config->cluster);
	free(config->target_workspace);
	free(config->target_name);
	free(config->direct_name);
	free(config->direct_uid);
	free_strings(config->direct_workspaces, config->direct_workspace_count);
	for (size_t i = 0; i < config->direct_resource_count; i++) {
		free(config->direct_resources[i].group);
		free(config->direct_resources[i].version);
		free(config->direct_resources[i].resource);
	}
	free(config->direct_resources);
	json_object_put(config->namespace_labels);
	free_strings(config->optional_claims, config->optional_claim_count);
	free_strings(config->allow_claims, config->allow_claim_count);
	for (size_t i = 0; i < config->rule_count; i++) {
		free(config->rules[i].group);
		free(config->rules[i].resource);
		free_strings(config->rules[i].ignore_fields, config->rules[i].ignore_count);
	}
	free(config->rules);
	free(config->worker_program);
	free(config->control_socket);
	free(config->metrics_listen);
	free(config->state_directory);
	free(config->runtime_directory);
	free(config);
}

/* The node of a key two levels down, for the position of a message; the section or the root where there is none. */
static const struct sy_yaml_node *node_of(const struct sy_yaml *yaml, const char *section, const char *key)
{
	const struct sy_yaml_node *outer = sy_yaml_get(sy_yaml_root(yaml), section);
	const struct sy_yaml_node *inner = sy_yaml_get(outer, key);

	return inner ? inner : outer ? outer : sy_yaml_root(yaml);
}

static int check_mode(const struct sy_yaml *yaml, struct sy_config *config, struct sy_error *err)
{
	const struct sy_yaml_node *root = sy_yaml_root(yaml);
	const struct sy_yaml_item *target = sy_yaml_find(root, "syncTarget");
	const struct sy_yaml_item *direct = sy_yaml_find(root, "direct");
	bool has_target = target && target->value->type != SY_YAML_NULL;
	bool has_direct = direct && direct->value->type != SY_YAML_NULL;

	if (has_target && has_direct)
		return sy_yaml_error(yaml, target->key->line > direct->key->line ? target->key : direct->key, err,
				     "both syncTarget and direct are set: keep exactly one of them");
	if (!has_target && !has_direct)
		return sy_yaml_error(yaml, root, err, "neither syncTarget nor direct is set: exactly one of them is needed");
	config->is_direct = has_direct;
	return 0;
}

static int check_order(const struct sy_yaml *yaml, const struct sy_config *config, struct sy_error *err)
{
	if (config->heartbeat_deadline_ms < 2 * config->heartbeat_ms)
		return sy_yaml_error(yaml, node_of(yaml, "workers", "heartbeatDeadline"), err,
				     "workers.heartbeatDeadline must be at least twice workers.heartbeat");
	if (config->backoff_max_ms < config->backoff_first_ms)
		return sy_yaml_error(yaml, node_of(yaml, "workers", "backoffMax"), err,
				     "workers.backoffMax must not be less than workers.backoffFirst");
	if (config->limits.memory_max && config->limits.memory_high > config->limits.memory_max)
		return sy_yaml_error(yaml, node_of(yaml, "workers", "memoryHigh"), err,
				     "workers.memoryHigh must not be more than workers.memoryMax");
	return 0;
}

static bool same_resource(const char *group, const char *resource, const char *other_group, const char *other_resource)
{
	return strcmp(group, other_group) == 0 && strcmp(resource, other_resource) == 0;
}

static int check_duplicates(const struct sy_yaml *yaml, const struct sy_config *config, struct sy_error *err)
{
	const struct sy_yaml_node *list = node_of(yaml, "direct", "resources");

	for (size_t i = 1; i < config->direct_resource_count; i++)
		for (size_t k = 0; k < i; k++)
			if (same_resource(config->direct_resources[i].group, config->direct_resources[i].resource,
					  config->direct_resources[k].group, config->direct_resources[k].resource))
				return sy_yaml_error(yaml, list->items[i].value, err,
						     "direct.resources[%zu] names the same resource as entry %zu", i, k);
	list = node_of(yaml, "sync", "resources");
	for (size_t i = 1; i < config->rule_count; i++)
		for (size_t k = 0; k < i; k++)
			if (same_resource(config->rules[i].group, config->rules[i].resource, config->rules[k].group,
					  config->rules[k].resource))
				return sy_yaml_error(yaml, list->items[i].value, err,
						     "sync.resources[%zu] names the same resource as entry %zu", i, k);
	return 0;
}

/* syncer-worker lies beside syncerd in a build tree, and in ../libexec/syncerd once installed. */
static char *default_worker_program(void)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *beside, *installed;

	self[len > 0 ? len : 0] = '\0';
	beside = sy_file_beside(self, "syncer-worker");
	installed = sy_file_beside(self, "../libexec/syncerd/syncer-worker");
	if (beside && installed && access(beside, X_OK) != 0 && access(installed, X_OK) == 0) {
		free(beside);
		return installed;
	}
	free(installed);
	return beside;
}

/* Whoever can see the page reads names and messages of tenants: on an address that others reach it is there when it was asked for. */
static void default_page(const struct sy_yaml *yaml, struct sy_config *config)
{
	const struct sy_yaml_node *set = sy_yaml_get(sy_yaml_get(sy_yaml_root(yaml), "metrics"), "page");
	struct sy_httpd_address address = {0};

	if (!set || set->type == SY_YAML_NULL)
		config->metrics_page = !sy_httpd_address_parse(config->metrics_listen, &address) && address.loopback;
}

/* Defaults that depend on other values. */
static int fill_in(const struct sy_yaml *yaml, struct sy_config *config, struct sy_error *err)
{
	const char *reason;

	if (!config->worker_program && !(config->worker_program = default_worker_program()))
		return sy_error_oom(err);
	if (!config->control_socket && asprintf(&config->control_socket, "%s/control.sock", config->runtime_directory) < 0) {
		config->control_socket = NULL;
		return sy_error_oom(err);
	}
	if (!config->metrics_listen && asprintf(&config->metrics_listen, "unix:%s/metrics.sock", config->runtime_directory) < 0) {
		config->metrics_listen = NULL;
		return sy_error_oom(err);
	}
	default_page(yaml, config);
	reason = sy_config_check_socket(config->control_socket);
	if (reason)
		return sy_yaml_error(yaml, node_of(yaml, "runtimeDirectory", ""), err, "runtimeDirectory/control.sock %s", reason);
	return 0;
}

int sy_config_parse(const char *path, const char *data, size_t len, struct sy_config **ret_config, struct sy_error *err)
{
	struct sy_config *config = calloc(1, sizeof(*config));
	struct sy_yaml *yaml = NULL;
	int r;

	if (!config || !(config->file = strdup(path))) {
		free(config);
		return sy_error_oom(err);
	}
	r = sy_yaml_parse(path, data, len, &yaml, err);
	if (r == 0)
		r = sy_config_read(yaml, config, err);
	if (r == 0)
		r = check_mode(yaml, config, err);
	if (r == 0)
		r = check_order(yaml, config, err);
	if (r == 0)
		r = check_duplicates(yaml, config, err);
	if (r == 0)
		r = fill_in(yaml, config, err);
	sy_yaml_free(yaml);
	if (r < 0) {
		sy_config_free(config);
		return r;
	}
	*ret_config = config;
	return 0;
}

int sy_config_load(const char *path, struct sy_config **ret_config, struct sy_error *err)
{
	char *data = NULL;
	size_t len = 0;
	int r = sy_file_read(path, SY_MAX_CONFIG_BYTES, &data, &len, NULL, err);

	if (r < 0)
		return r;
	r = sy_config_parse(path, data, len, ret_config, err);
	sy_file_wipe(data, len);
	return r;
}
