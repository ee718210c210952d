#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "supervisor/config/config.h"
#include "supervisor/config/file.h"

/* Three lines; cases begin at line 4. */
#define HEAD "apiVersion: config.syncerd.io/v1alpha1\nkind: SyncerConfiguration\nkcp: {kubeconfig: k}\n"
#define TARGET HEAD "syncTarget: {name: edge-1}\n" /* 5 */
#define UID "0b6f8b1e-3c3e-4c0e-8d35-0a3b0a6f3b21"
#define DIRECT HEAD "direct:\n  name: site-7\n  uid: " UID "\n  resources: [{group: example.dev, version: v1, resource: widgets}]\n" /* 8 */
#define WORKSPACES(list) DIRECT "  workspaces: " list "\n"

static const struct {
	const char *text;
	const char *error; /* behind "/etc/s.yaml:" */
} bad[] = {
	/* The file as a whole. */
	{"", "1:1: must be a mapping, not null"},
	{"- a\n", "1:1: must be a mapping, not a list"},
	{"a: [\n", "2:1: is not valid YAML: flow sequence without a closing bracket"},
	{"kind: SyncerConfiguration\n", "1:1: the file lacks the key \"apiVersion\""},
	{"apiVersion: config.syncerd.io/v1\n", "1:13: apiVersion must be config.syncerd.io/v1alpha1"},
	{"apiVersion: config.syncerd.io/v1alpha1\nkind: Config\n", "2:7: kind must be SyncerConfiguration"},
	{"apiVersion: config.syncerd.io/v1alpha1\nkind: SyncerConfiguration\n", "1:1: the file lacks the key \"kcp\""},
	{HEAD, "1:1: neither syncTarget nor direct is set: exactly one of them is needed"},
	{HEAD "syncTarget:\ndirect: ~\n", "1:1: neither syncTarget nor direct is set: exactly one of them is needed"},
	{TARGET "kind: SyncerConfiguration\n", "5:1: this key stands in the mapping already (first at line 2)"},
	{WORKSPACES("[root:a]") "syncTarget: {name: a}\n", "9:1: both syncTarget and direct are set: keep exactly one of them"},
	/* Unknown keys. */
	{TARGET "worker: {}\n", "5:1: unknown key \"worker\": did you mean \"workers\"?"},
	{TARGET "somethingElse: {}\n", "5:1: unknown key \"somethingElse\""},
	{TARGET "workers: {heartBeat: 5s}\n", "5:11: workers has an unknown key \"heartBeat\": did you mean \"heartbeat\"?"},
	{TARGET "workers: {zzz: 5s}\n", "5:11: workers has an unknown key \"zzz\""},
	{TARGET "cluster:\n  kubeConfig: x\n", "6:3: cluster has an unknown key \"kubeConfig\": did you mean \"kubeconfig\"?"},
	{TARGET "sync:\n  resources:\n  - {group: a.b, resource: c, name: x}\n",
	 "7:31: sync.resources[0] has an unknown key \"name\": did you mean \"naming\"?"},
	{TARGET "? &x "
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"\n: 1\n",
	 "5:6: unknown key"},
	/* Types. */
	{TARGET "cluster: x\n", "5:10: cluster must be a mapping, not a string"},
	{TARGET "cluster: {kubeconfig: 12}\n", "5:23: cluster.kubeconfig must be a string, not a number: put it in quotes"},
	{TARGET "cluster: {context: true}\n", "5:20: cluster.context must be a string, not a boolean: put it in quotes"},
	{TARGET "cluster: {context: [a]}\n", "5:20: cluster.context must be a string, not a list"},
	{TARGET "cluster: {insecureSkipTLSVerify: \"true\"}\n", "5:34: cluster.insecureSkipTLSVerify must be true or false, not a string"},
	{TARGET "cluster: {insecureSkipTLSVerify: yes}\n", "5:34: cluster.insecureSkipTLSVerify must be true or false, not a string"},
	{TARGET "sync: {allowClaims: secrets}\n", "5:21: sync.allowClaims must be a list, not a string"},
	{TARGET "sync: {allowClaims: [1]}\n", "5:22: sync.allowClaims[0] must be a string, not a number: put it in quotes"},
	{TARGET "sync: {resources: {}}\n", "5:19: sync.resources must be a list, not a mapping"},
	{TARGET "sync: {resources: [x]}\n", "5:20: sync.resources[0] must be a mapping, not a string"},
	{TARGET "workers: {maxSpawning: 2.5}\n", "5:24: workers.maxSpawning must be a whole number, not a number"},
	{TARGET "workers: {maxSpawning: \"2\"}\n", "5:24: workers.maxSpawning must be a whole number, not a string"},
	/* Limits. */
	{TARGET "workers: {maxSpawning: 0}\n", "5:24: workers.maxSpawning must be from 1 to 64"},
	{TARGET "workers: {maxSpawning: 99999999999999999999}\n", "5:24: workers.maxSpawning must be from 1 to 64"},
	{TARGET "workers: {heartbeat: 5}\n", "5:22: workers.heartbeat must be a duration such as 20s, 1m30s or 500ms"},
	{TARGET "workers: {heartbeat: [5s]}\n", "5:22: workers.heartbeat must be a duration such as 20s, 1m30s or 500ms"},
	{TARGET "workers: {heartbeat: -5s}\n", "5:22: workers.heartbeat must be a duration such as 20s, 1m30s or 500ms"},
	{TARGET "workers: {heartbeat: 500ms}\n", "5:22: workers.heartbeat must be from 1s to 1m"},
	{TARGET "workers: {drainDeadline: 1h}\n", "5:11: workers has an unknown key \"drainDeadline\": did you mean \"planDeadline\"?"},
	{TARGET "workers: {heartbeatDeadline: 9s}\n", "5:30: workers.heartbeatDeadline must be at least twice workers.heartbeat"},
	{TARGET "workers: {heartbeat: 15s}\n", "5:10: workers.heartbeatDeadline must be at least twice workers.heartbeat"},
	{TARGET "workers: {backoffFirst: 20s, backoffMax: 10s}\n", "5:42: workers.backoffMax must not be less than workers.backoffFirst"},
	{TARGET "log: {level: loud}\n", "5:14: log.level must be error, warning, info or debug"},
	{TARGET "log: {format: 1}\n", "5:15: log.format must be text, json or journal"},
	{TARGET "sync: {unbind: delete}\n", "5:16: sync.unbind must be Delete or Orphan"},
	/* Required. */
	{"apiVersion: config.syncerd.io/v1alpha1\nkind: SyncerConfiguration\nkcp: {}\n", "3:6: kcp lacks the key \"kubeconfig\""},
	{"apiVersion: config.syncerd.io/v1alpha1\nkind: SyncerConfiguration\nkcp: {kubeconfig: \"\"}\n",
	 "3:19: kcp.kubeconfig is empty, but must be set"},
	{HEAD "syncTarget: {workspace: root}\n", "4:13: syncTarget lacks the key \"name\""},
	{DIRECT, "5:3: direct lacks the key \"workspaces\""},
	{WORKSPACES("[]"), "8:15: direct.workspaces is empty, but needs at least one entry"},
	{HEAD "direct: {name: a, uid: " UID ", workspaces: [a:b], resources: [{group: a.b, resource: c}]}\n",
	 "4:93: direct.resources[0] lacks the key \"version\""},
	/* Names of workspaces. */
	{WORKSPACES("['*']"), "8:16: direct.workspaces[0] is \"*\": all workspaces at once cannot be named here; list each by its path "
			      "(root:org:team)"},
	{WORKSPACES("[root:a, Root:b]"),
	 "8:24: direct.workspaces[1] has an upper-case letter: workspace names have only a-z, 0-9 and \"-\""},
	{WORKSPACES("['root:a:']"), "8:16: direct.workspaces[0] ends with a colon: remove it or add the name that is missing"},
	{WORKSPACES("[':root']"),
	 "8:16: direct.workspaces[0] begins with a colon: paths begin with the first workspace's name (root:org:team)"},
	{WORKSPACES("['root::a']"), "8:16: direct.workspaces[0] has an empty part between two colons"},
	{WORKSPACES("[root/a]"),
	 "8:16: direct.workspaces[0] has a slash: the parts of a workspace path are separated by colons (root:org:team)"},
	{WORKSPACES("['root:*']"), "8:16: direct.workspaces[0] has a \"*\": patterns are not supported; list each workspace"},
	{WORKSPACES("[root_a]"), "8:16: direct.workspaces[0] has a character that workspace names cannot have: only a-z, 0-9, \"-\", and "
				 "\":\" between the parts"},
	{WORKSPACES("['root:-a']"),
	 "8:16: direct.workspaces[0] is not a workspace path or name: each part has 1 to 63 characters and begins "
	 "and ends with a letter or digit"},
	{WORKSPACES("['']"),
	 "8:16: direct.workspaces[0] is empty: name a workspace by its path (root:org:team) or its logical cluster name"},
	{WORKSPACES("[root:a, root:b, root:a]"), "8:32: direct.workspaces[2] is listed already (entry 0)"},
	{HEAD "syncTarget: {name: a, workspace: Root}\n",
	 "4:34: syncTarget.workspace has an upper-case letter: workspace names have only a-z, 0-9 and \"-\""},
	/* Other names. */
	{HEAD "syncTarget: {name: Edge}\n",
	 "4:20: syncTarget.name is not an object name (a-z, 0-9, \"-\" and \".\", at most 43 characters)"},
	{HEAD "syncTarget: {name: a234567890123456789012345678901234567890abcd}\n",
	 "4:20: syncTarget.name is longer than the 43 characters that a SyncTarget's name may have"},
	{HEAD "direct: {name: a.b}\n", "4:16: direct.name is not a name (a-z, 0-9 and \"-\", at most 63 characters)"},
	{HEAD "direct: {uid: 0B6F8B1E-3c3e-4c0e-8d35-0a3b0a6f3b21}\n",
	 "4:15: direct.uid is not a UUID in lower case; make one with uuidgen(1) and never change it"},
	{HEAD "direct: {uid: abc}\n", "4:15: direct.uid is not a UUID in lower case; make one with uuidgen(1) and never change it"},
	{HEAD "direct: {resources: [{group: Example.dev}]}\n",
	 "4:30: direct.resources[0].group is not an API group such as example.dev (\"\" is the core group)"},
	{HEAD "direct: {resources: [{version: V1}]}\n", "4:32: direct.resources[0].version is not an API version such as v1 or v1alpha1"},
	{HEAD "direct: {resources: [{resource: widgets/status}]}\n",
	 "4:33: direct.resources[0].resource names a subresource: name the resource alone, status is synced with it"},
	{HEAD "direct: {resources: [{resource: widgets.example.dev}]}\n",
	 "4:33: direct.resources[0].resource has a dot: the API group has a key of its own"},
	{HEAD "direct: {resources: [{resource: Widget}]}\n",
	 "4:33: direct.resources[0].resource is not the plural of a resource in lower case, such as widgets"},
	{WORKSPACES("[a:b]") "sync: {allowClaims: [pods]}\n", "9:22: sync.allowClaims[0] must be configmaps or secrets"},
	{WORKSPACES("[a:b]") "sync: {optionalClaims: [A]}\n",
	 "9:25: sync.optionalClaims[0] is not <resource> or <resource>.<group>, such as configmaps or widgets.example.dev"},
	{TARGET "sync: {resources: [{ignoreFields: [spec]}]}\n",
	 "5:36: sync.resources[0].ignoreFields[0] is not a JSON pointer such as /spec/replicas"},
	{TARGET "sync: {resources: [{ignoreFields: [/a~2]}]}\n",
	 "5:36: sync.resources[0].ignoreFields[0] has a \"~\" that is not ~0 or ~1 (JSON pointer, RFC 6901)"},
	{TARGET "sync: {resources: [{ignoreFields: [/metadata/name]}]}\n",
	 "5:36: sync.resources[0].ignoreFields[0] names a field that every object needs"},
	{TARGET "sync: {resources: [{group: a.b, resource: c}, {group: a.b, resource: c}]}\n",
	 "5:47: sync.resources[1] names the same resource as entry 0"},
	{HEAD "direct: {name: a, uid: " UID
	      ", workspaces: [a:b], resources: [{group: '', version: v1, resource: c}, {group: '', version: v2, resource: c}]}\n",
	 "4:132: direct.resources[1] names the same resource as entry 0"},
	{TARGET "sync: {namespaceLabels: {a b: c}}\n",
	 "5:26: sync.namespaceLabels has a key that is not a label key such as example.dev/team"},
	{TARGET "sync: {namespaceLabels: {internal.workload.kcp.io/cluster: c}}\n",
	 "5:26: sync.namespaceLabels has a key that begins with kcp.io/ or a subdomain of it: these labels belong to the syncer"},
	{TARGET "sync: {namespaceLabels: {a: 1}}\n",
	 "5:29: sync.namespaceLabels has a value that must be a string, not a number: put it in quotes"},
	{TARGET "sync: {namespaceLabels: {a: \"b c\"}}\n",
	 "5:29: sync.namespaceLabels has a value that is not a label value (at most 63 of A-Z, a-z, 0-9, \"-\", \"_\", \".\")"},
	{TARGET
	 "control: {socket: /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	 "aaaaaaaaa}\n",
	 "5:19: control.socket is too long for a Unix socket (at most 107 characters)"},
	{TARGET
	 "runtimeDirectory: /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
	 "5:19: runtimeDirectory/control.sock is too long for a Unix socket (at most 107 characters)"},
	{TARGET "metrics: {listen: localhost:9464}\n",
	 "5:19: metrics.listen is not an address such as 127.0.0.1:9464, [::1]:9464 or unix:/run/syncerd/metrics.sock"},
	{TARGET "metrics: {listen: 127.0.0.1:0}\n", "5:19: metrics.listen has the port 0: name the port that is to be asked"},
	{TARGET "metrics: {listen: 'unix:m.sock'}\n", "5:19: metrics.listen must have an absolute path after \"unix:\""},
	{TARGET "metrics: {maxWorkspaces: 1001}\n", "5:26: metrics.maxWorkspaces must be from 0 to 1000"},
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sy_config *config = NULL;
		struct sy_error err = {0};
		char expected[SY_ERROR_TEXT_MAX];

		snprintf(expected, sizeof(expected), "/etc/s.yaml:%s", bad[i].error);
		int r = sy_config_parse("/etc/s.yaml", bad[i].text, strlen(bad[i].text), &config, &err);
		assert_string_equal(err.text, expected);
		assert_int_equal(r, -EINVAL);
		assert_null(config);
	}
}

static struct sy_config *must_parse(const char *path, const char *text)
{
	struct sy_config *config = NULL;
	struct sy_error err = {0};

	if (sy_config_parse(path, text, strlen(text), &config, &err) < 0)
		fail_msg("%s", err.text);
	return config;
}

static void test_defaults(void **state)
{
	struct sy_config *config = must_parse("/etc/syncerd/s.yaml", TARGET "workers:\nsync: {}\nlog: ~\ncluster: {context: ''}\n");

	(void)state;
	assert_string_equal(config->file, "/etc/syncerd/s.yaml");
	assert_string_equal(config->kcp.kubeconfig, "/etc/syncerd/k");
	assert_null(config->kcp.context);
	assert_false(config->kcp.allow_insecure);
	assert_null(config->cluster.kubeconfig);
	assert_null(config->cluster.context);
	assert_false(config->is_direct);
	assert_null(config->target_workspace);
	assert_string_equal(config->target_name, "edge-1");
	assert_int_equal(config->namespace_clean_delay_ms, 30000);
	assert_null(config->namespace_labels);
	assert_int_equal(config->unbind, SY_REMOVAL_DELETE);
	assert_int_equal(config->optional_claim_count, 0);
	assert_int_equal(config->allow_claim_count, 1);
	assert_string_equal(config->allow_claims[0], "configmaps");
	assert_true(config->cluster_scoped);
	assert_false(config->tenant_events);
	assert_false(config->sync_root_ca);
	assert_false(config->sync_service_account_tokens);
	assert_int_equal(config->rule_count, 0);
	assert_int_equal(config->heartbeat_ms, 5000);
	assert_int_equal(config->heartbeat_deadline_ms, 20000);
	assert_int_equal(config->start_deadline_ms, 15000);
	assert_int_equal(config->stop_deadline_ms, 10000);
	assert_int_equal(config->backoff_first_ms, 500);
	assert_int_equal(config->backoff_max_ms, 300000);
	assert_int_equal(config->stable_ms, 60000);
	assert_int_equal(config->max_spawning, 4);
	assert_non_null(strstr(config->worker_program, "/syncer-worker"));
	assert_string_equal(config->control_socket, "/run/syncerd/control.sock");
	assert_string_equal(config->metrics_listen, "unix:/run/syncerd/metrics.sock");
	assert_int_equal(config->metrics_workspaces, 200);
	assert_string_equal(config->state_directory, "/var/lib/syncerd");
	assert_string_equal(config->runtime_directory, "/run/syncerd");
	assert_int_equal(config->log_level, SY_LOG_INFO);
	assert_int_equal(config->log_format, SY_LOG_TEXT);
	sy_config_free(config);
}

static void test_values(void **state)
{
	struct sy_config *config = must_parse(
		"conf/s.yaml",
		WORKSPACES(
			"[root:org:team-a, 27ehv3w54us5fp8e, 'system:admin']") "sync:\n  namespaceCleanDelay: 1m30s\n  namespaceLabels: "
									       "{a.b/c: D, e: ''}\n  unbind: Orphan\n"
									       "  optionalClaims: [secrets, widgets.example.dev]\n  "
									       "allowClaims: []\n  tenantEvents: true\n  clusterScoped: "
									       "false\n"
									       "  syncRootCA: true\n  syncServiceAccountTokens: true\n  "
									       "resources:\n"
									       "  - {group: '', resource: configmaps}\n"
									       "  - {group: a.b, resource: c, naming: Prefixed, "
									       "ignoreFields: [/spec/a~1b], translateGeneration: false}\n"
									       "workers: {program: ../bin/w, "
									       "maxSpawning: 16, heartbeat: 1s}\n"
									       "metrics: {listen: '', maxWorkspaces: 0}\n"
									       "runtimeDirectory: run\nstateDirectory: /s\nlog: {level: "
									       "debug, format: journal}\n"
									       "cluster: {kubeconfig: c, context: ctx, "
									       "insecureSkipTLSVerify: true}\n");

	(void)state;
	assert_true(config->is_direct);
	assert_string_equal(config->direct_uid, UID);
	assert_int_equal(config->direct_workspace_count, 3);
	assert_string_equal(config->direct_workspaces[1], "27ehv3w54us5fp8e");
	assert_string_equal(config->direct_resources[0].version, "v1");
	assert_int_equal(config->namespace_clean_delay_ms, 90000);
	assert_string_equal(sy_json_str(config->namespace_labels, "a.b/c", NULL), "D");
	assert_string_equal(sy_json_str(config->namespace_labels, "e", NULL), "");
	assert_int_equal(config->unbind, SY_REMOVAL_ORPHAN);
	assert_int_equal(config->optional_claim_count, 2);
	assert_int_equal(config->allow_claim_count, 0);
	assert_false(config->cluster_scoped);
	assert_true(config->tenant_events);
	assert_true(config->sync_root_ca && config->sync_service_account_tokens);
	assert_int_equal(config->rule_count, 2);
	assert_string_equal(config->rules[0].group, "");
	assert_int_equal(config->rules[0].naming, SY_NAMING_SAME);
	assert_true(config->rules[0].translate_generation);
	assert_int_equal(config->rules[1].naming, SY_NAMING_PREFIXED);
	assert_string_equal(config->rules[1].ignore_fields[0], "/spec/a~1b");
	assert_false(config->rules[1].translate_generation);
	assert_string_equal(config->worker_program, "conf/../bin/w");
	assert_string_equal(config->runtime_directory, "conf/run");
	assert_string_equal(config->control_socket, "conf/run/control.sock");
	assert_string_equal(config->metrics_listen, ""); /* switched off */
	assert_int_equal(config->metrics_workspaces, 0);
	assert_string_equal(config->state_directory, "/s");
	assert_int_equal(config->log_level, SY_LOG_DEBUG);
	assert_int_equal(config->log_format, SY_LOG_JOURNAL);
	assert_string_equal(config->cluster.kubeconfig, "conf/c");
	assert_string_equal(config->cluster.context, "ctx");
	assert_true(config->cluster.allow_insecure);
	sy_config_free(config);
}

static void test_examples(void **state)
{
	struct sy_config *config = NULL;
	struct sy_error err = {0};

	(void)state;
	if (sy_config_load("packaging/examples/syncerd.yaml", &config, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(config->target_workspace, "root:edge");
	assert_int_equal(config->log_format, SY_LOG_JOURNAL);
	sy_config_free(config);
	if (sy_config_load("packaging/examples/direct.yaml", &config, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(config->is_direct);
	assert_int_equal(config->direct_workspace_count, 2);
	sy_config_free(config);
}

/* What is commented out in the example says the default: with these lines switched on, the file means the same. */
static void test_example_defaults(void **state)
{
	struct sy_config *config = NULL, *full = NULL;
	char *text = NULL;
	size_t len = 0, out = 0;

	(void)state;
	assert_int_equal(sy_config_load("packaging/examples/syncerd.yaml", &config, NULL), 0);
	assert_int_equal(sy_file_read("packaging/examples/syncerd.yaml", SY_MAX_CONFIG_BYTES, &text, &len, NULL, NULL), 0);
	for (size_t i = 0; i < len;) {
		size_t line = strcspn(text + i, "\n") + 1, start = i;
		size_t blanks = strspn(text + i, " ");
		const char *hash = text + i + blanks;
		bool section = strncmp(hash, "# workers:", 10) == 0 || strncmp(hash, "# metrics:", 10) == 0;

		i += line;
		/* "# key: value", but no sentence */
		if (hash[0] == '#' && hash[1] == ' ' && (blanks > 0 || section || hash[2] == ' ')) {
			memmove(text + out, text + start, blanks);
			memmove(text + out + blanks, hash + 2, line - blanks - 2);
			out += line - 2;
		} else {
			memmove(text + out, text + start, line);
			out += line;
		}
	}
	text[out] = '\0';
	full = must_parse("packaging/examples/syncerd.yaml", text);
	assert_int_equal(full->rule_count, 1);
	assert_true(full->rules[0].translate_generation);
	assert_int_equal(full->heartbeat_ms, config->heartbeat_ms);
	assert_int_equal(full->heartbeat_deadline_ms, config->heartbeat_deadline_ms);
	assert_int_equal(full->start_deadline_ms, config->start_deadline_ms);
	assert_int_equal(full->stop_deadline_ms, config->stop_deadline_ms);
	assert_int_equal(full->backoff_first_ms, config->backoff_first_ms);
	assert_int_equal(full->backoff_max_ms, config->backoff_max_ms);
	assert_int_equal(full->stable_ms, config->stable_ms);
	assert_int_equal(full->max_spawning, config->max_spawning);
	assert_string_equal(full->worker_program, config->worker_program);
	assert_string_equal(full->metrics_listen, config->metrics_listen);
	assert_int_equal(full->metrics_workspaces, config->metrics_workspaces);
	assert_int_equal(full->namespace_clean_delay_ms, config->namespace_clean_delay_ms);
	assert_int_equal(full->unbind, config->unbind);
	assert_int_equal(full->allow_claim_count, config->allow_claim_count);
	assert_int_equal(full->cluster_scoped, config->cluster_scoped);
	assert_int_equal(full->tenant_events, config->tenant_events);
	sy_config_free(full);
	sy_config_free(config);
	sy_file_wipe(text, len);
}

static void test_files(void **state)
{
	struct sy_config *config = NULL;
	struct sy_error err = {0};
	char path[] = "/tmp/test_config.XXXXXX";
	int fd = mkstemp(path);
	char chunk[1024];

	(void)state;
	assert_int_equal(sy_config_load("/nonexistent/s.yaml", &config, &err), -ENOENT);
	assert_string_equal(err.text, "/nonexistent/s.yaml: No such file or directory");
	assert_int_equal(sy_config_load("/tmp", &config, &err), -EINVAL);
	assert_string_equal(err.text, "/tmp: is not a regular file");
	assert_true(fd >= 0);
	memset(chunk, '#', sizeof(chunk));
	for (size_t i = 0; i <= SY_MAX_CONFIG_BYTES / sizeof(chunk); i++)
		assert_int_equal(write(fd, chunk, sizeof(chunk)), sizeof(chunk));
	close(fd);
	assert_int_equal(sy_config_load(path, &config, &err), -EMSGSIZE);
	assert_non_null(strstr(err.text, ": is larger than 65536 bytes"));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),	 cmocka_unit_test(test_defaults),	  cmocka_unit_test(test_values),
		cmocka_unit_test(test_examples), cmocka_unit_test(test_example_defaults), cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
