#include "supervisor/config/config_table.h"

#include "base/limits.h"
#include "supervisor/config/config_check.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define MEBI (INT64_C(1) << 20)

#define AT(member) .offset = offsetof(struct sy_config, member)
#define LIST(member, count, limit) AT(member), .count_offset = offsetof(struct sy_config, count), .max = (limit)

static const char *const api_version_words[] = {"config.syncerd.io/v1alpha1", NULL};
static const char *const kind_words[] = {"SyncerConfiguration", NULL};
/* In the order of the enums that they stand for. */
static const char *const removal_words[] = {"Delete", "Orphan", NULL};
static const char *const naming_words[] = {"Same", "Prefixed", NULL};
static const char *const level_words[] = {"error", "warning", "info", "debug", NULL};
static const char *const format_words[] = {"text", "json", "journal", NULL};
_Static_assert(SY_REMOVAL_DELETE == 0 && SY_REMOVAL_ORPHAN == 1 && SY_REMOVAL_EVICT == 2, "removal_words");
_Static_assert(SY_NAMING_SAME == 0 && SY_NAMING_PREFIXED == 1 && SY_NAMING_MAX == 2, "naming_words");
_Static_assert(SY_LOG_ERROR == 0 && SY_LOG_WARNING == 1 && SY_LOG_INFO == 2 && SY_LOG_LEVEL_MAX == 4, "level_words");
_Static_assert(SY_LOG_TEXT == 0 && SY_LOG_JSON == 1 && SY_LOG_JOURNAL == 2 && SY_LOG_FORMAT_MAX == 3, "format_words");

#define SERVER(member) .offset = offsetof(struct sy_config_server, member)
static const struct sy_key kcp_keys[] = {
	{.name = "kubeconfig", .kind = SY_KEY_PATH, SERVER(kubeconfig), .required = true},
	{.name = "context", .kind = SY_KEY_STRING, SERVER(context)},
	{.name = "insecureSkipTLSVerify", .kind = SY_KEY_BOOL, SERVER(allow_insecure), .fallback = "false"},
	{0},
};
static const struct sy_key cluster_keys[] = {
	{.name = "kubeconfig", .kind = SY_KEY_PATH, SERVER(kubeconfig)},
	{.name = "context", .kind = SY_KEY_STRING, SERVER(context)},
	{.name = "insecureSkipTLSVerify", .kind = SY_KEY_BOOL, SERVER(allow_insecure), .fallback = "false"},
	{0},
};

static const struct sy_key target_keys[] = {
	{.name = "workspace", .kind = SY_KEY_STRING, AT(target_workspace), .check = sy_config_check_workspace},
	{.name = "name", .kind = SY_KEY_STRING, AT(target_name), .required = true, .check = sy_config_check_target_name},
	{0},
};

#define DIRECT(member) .offset = offsetof(struct sy_config_direct_resource, member)
static const struct sy_key direct_resource_keys[] = {
	{.name = "group", .kind = SY_KEY_STRING, DIRECT(group), .required = true, .keep_empty = true, .check = sy_config_check_group},
	{.name = "version", .kind = SY_KEY_STRING, DIRECT(version), .required = true, .check = sy_config_check_version},
	{.name = "resource", .kind = SY_KEY_STRING, DIRECT(resource), .required = true, .check = sy_config_check_resource},
	{0},
};
static const struct sy_key direct_keys[] = {
	{.name = "name", .kind = SY_KEY_STRING, AT(direct_name), .required = true, .check = sy_config_check_direct_name},
	{.name = "uid", .kind = SY_KEY_STRING, AT(direct_uid), .required = true, .check = sy_config_check_uid},
	{.name = "workspaces",
	 .kind = SY_KEY_STRINGS,
	 LIST(direct_workspaces, direct_workspace_count, SY_MAX_WORKERS),
	 .required = true,
	 .check = sy_config_check_workspace},
	{.name = "resources",
	 .kind = SY_KEY_OBJECTS,
	 LIST(direct_resources, direct_resource_count, SY_MAX_PLAN_RESOURCES),
	 .size = sizeof(struct sy_config_direct_resource),
	 .required = true,
	 .sub = direct_resource_keys},
	{0},
};

#define RULE(member) .offset = offsetof(struct sy_config_export_rule, member)
static const struct sy_key rule_keys[] = {
	{.name = "group", .kind = SY_KEY_STRING, RULE(group), .required = true, .keep_empty = true, .check = sy_config_check_group},
	{.name = "resource", .kind = SY_KEY_STRING, RULE(resource), .required = true, .check = sy_config_check_resource},
	{.name = "naming", .kind = SY_KEY_ENUM, RULE(naming), .fallback = "Same", .words = naming_words},
	{.name = "ignoreFields",
	 .kind = SY_KEY_STRINGS,
	 RULE(ignore_fields),
	 .count_offset = offsetof(struct sy_config_export_rule, ignore_count),
	 .max = 64,
	 .check = sy_config_check_ignore_field},
	{.name = "translateGeneration", .kind = SY_KEY_BOOL, RULE(translate_generation), .fallback = "true"},
	{0},
};
static const struct sy_key sync_keys[] = {
	{.name = "namespaceCleanDelay", .kind = SY_KEY_DURATION, AT(namespace_clean_delay_ms), .max = 24 * HOUR, .fallback = "30s"},
	{.name = "namespaceLabels", .kind = SY_KEY_LABELS, AT(namespace_labels), .max = 64},
	{.name = "unbind", .kind = SY_KEY_ENUM, AT(unbind), .fallback = "Delete", .words = removal_words},
	{.name = "massDeletionGuard", .kind = SY_KEY_BOOL, AT(mass_deletion_guard), .fallback = "true"},
	{.name = "optionalClaims",
	 .kind = SY_KEY_STRINGS,
	 LIST(optional_claims, optional_claim_count, 16),
	 .check = sy_config_check_claim_name},
	{.name = "allowClaims",
	 .kind = SY_KEY_STRINGS,
	 LIST(allow_claims, allow_claim_count, 2),
	 .fallback = "configmaps",
	 .check = sy_config_check_claim},
	{.name = "tenantEvents", .kind = SY_KEY_BOOL, AT(tenant_events), .fallback = "false"},
	{.name = "clusterScoped", .kind = SY_KEY_BOOL, AT(cluster_scoped), .fallback = "true"},
	{.name = "syncRootCA", .kind = SY_KEY_BOOL, AT(sync_root_ca), .fallback = "false"},
	{.name = "syncServiceAccountTokens", .kind = SY_KEY_BOOL, AT(sync_service_account_tokens), .fallback = "false"},
	{.name = "resources",
	 .kind = SY_KEY_OBJECTS,
	 LIST(rules, rule_count, SY_MAX_PLAN_RESOURCES),
	 .size = sizeof(struct sy_config_export_rule),
	 .sub = rule_keys},
	{0},
};

#define TIME(key, member, least, most, text)                                                                                               \
	{                                                                                                                                  \
		.name = (key), .kind = SY_KEY_DURATION, AT(member), .min = (least), .max = (most), .fallback = (text)                      \
	}
static const struct sy_key workers_keys[] = {
	TIME("heartbeat", heartbeat_ms, SECOND, MINUTE, "5s"),
	TIME("heartbeatDeadline", heartbeat_deadline_ms, 2 * SECOND, 10 * MINUTE, "20s"),
	TIME("planDeadline", plan_deadline_ms, SECOND, 10 * MINUTE, "30s"),
	TIME("startDeadline", start_deadline_ms, SECOND, 10 * MINUTE, "15s"),
	TIME("stopDeadline", stop_deadline_ms, 100, 10 * MINUTE, "10s"),
	TIME("backoffFirst", backoff_first_ms, 10, MINUTE, "500ms"),
	TIME("backoffMax", backoff_max_ms, 10, HOUR, "5m"),
	TIME("stableAfter", stable_ms, SECOND, HOUR, "60s"),
	TIME("upgradeStable", upgrade_stable_ms, 100, HOUR, "5s"),
	TIME("upgradeDeadline", upgrade_deadline_ms, SECOND, HOUR, "3m"),
	{.name = "maxSpawning", .kind = SY_KEY_INT, AT(max_spawning), .min = 1, .max = 64, .fallback = "4"},
	{.name = "memoryMax", .kind = SY_KEY_BYTES, AT(limits.memory_max), .min = 16 * MEBI, .max = MEBI * MEBI},
	{.name = "memoryHigh", .kind = SY_KEY_BYTES, AT(limits.memory_high), .min = 16 * MEBI, .max = MEBI * MEBI},
	{.name = "cpuWeight", .kind = SY_KEY_INT, AT(limits.cpu_weight), .min = 1, .max = 10000, .fallback = "100"},
	{.name = "pidsMax", .kind = SY_KEY_INT, AT(limits.pids_max), .min = 64, .max = 32768},
	{.name = "program", .kind = SY_KEY_PATH, AT(worker_program)},
	{0},
};

static const struct sy_key control_keys[] = {
	{.name = "socket", .kind = SY_KEY_PATH, AT(control_socket), .check = sy_config_check_socket},
	{0},
};

static const struct sy_key metrics_keys[] = {
	{.name = "listen", .kind = SY_KEY_STRING, AT(metrics_listen), .keep_empty = true, .check = sy_config_check_listen},
	{.name = "maxWorkspaces", .kind = SY_KEY_INT, AT(metrics_workspaces), .min = 0, .max = 1000, .fallback = "200"},
	{.name = "page", .kind = SY_KEY_BOOL, AT(metrics_page)},
	{0},
};

static const struct sy_key log_keys[] = {
	{.name = "level", .kind = SY_KEY_ENUM, AT(log_level), .fallback = "info", .words = level_words},
	{.name = "format", .kind = SY_KEY_ENUM, AT(log_format), .fallback = "text", .words = format_words},
	{0},
};

static const struct sy_key root_keys[] = {
	{.name = "apiVersion", .kind = SY_KEY_CONST, .required = true, .words = api_version_words},
	{.name = "kind", .kind = SY_KEY_CONST, .required = true, .words = kind_words},
	{.name = "kcp", .kind = SY_KEY_SECTION, AT(kcp), .required = true, .sub = kcp_keys},
	{.name = "cluster", .kind = SY_KEY_SECTION, AT(cluster), .sub = cluster_keys},
	{.name = "syncTarget", .kind = SY_KEY_SECTION, .sub = target_keys},
	{.name = "direct", .kind = SY_KEY_SECTION, .sub = direct_keys},
	{.name = "sync", .kind = SY_KEY_SECTION, .sub = sync_keys},
	{.name = "workers", .kind = SY_KEY_SECTION, .sub = workers_keys},
	{.name = "control", .kind = SY_KEY_SECTION, .sub = control_keys},
	{.name = "metrics", .kind = SY_KEY_SECTION, .sub = metrics_keys},
	{.name = "stateDirectory", .kind = SY_KEY_PATH, AT(state_directory), .fallback = "/var/lib/syncerd"},
	{.name = "runtimeDirectory", .kind = SY_KEY_PATH, AT(runtime_directory), .fallback = "/run/syncerd"},
	{.name = "log", .kind = SY_KEY_SECTION, .sub = log_keys},
	{0},
};

const struct sy_key *sy_config_keys(void)
{
	return root_keys;
}
