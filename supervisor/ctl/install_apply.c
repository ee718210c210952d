/* Printing and applying manifests, tokens and kubeconfig files. */
#include "install.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kube/gvr.h"
#include "supervisor/yaml.h"

static const char *plural_of(const char *kind)
{
	static const struct {
		const char *kind;
		const char *plural;
	} kinds[] = {
		{"APIResourceSchema", "apiresourceschemas"},
		{"APIExport", "apiexports"},
		{"APIBinding", "apibindings"},
		{"SyncTarget", "synctargets"},
		{"ServiceAccount", "serviceaccounts"},
		{"Secret", "secrets"},
		{"ClusterRole", "clusterroles"},
		{"ClusterRoleBinding", "clusterrolebindings"},
		{"Role", "roles"},
		{"RoleBinding", "rolebindings"},
		{"Namespace", "namespaces"},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kind && !strcmp(kind, kinds[i].kind))
			return kinds[i].plural;
	ctl_error("no manifest is of kind %s", kind ? kind : "?");
	exit(CTL_FAILED);
}

char *ctl_object_path(json_object *object, bool name)
{
	const char *api = sy_json_str(object, "apiVersion", NULL);
	const char *slash = api ? strchr(api, '/') : NULL;
	sy_auto_free char *group = slash ? strndup(api, (size_t)(slash - api)) : strdup("");
	const struct sy_gvr gvr = {
		.group = group, .version = slash ? slash + 1 : api, .resource = plural_of(sy_json_str(object, "kind", NULL))};
	struct sy_buf path;
	struct sy_error err = {.text = "out of memory"};

	sy_buf_init(&path, 4096);
	if (!group || sy_kube_path(&path, &gvr, sy_json_str(object, "metadata", "namespace", NULL),
				   name ? sy_json_str(object, "metadata", "name", NULL) : NULL, NULL, &err) < 0) {
		ctl_error("%s", err.text);
		exit(CTL_FAILED);
	}
	return sy_buf_take(&path);
}

void ctl_print_manifest(const struct ctl_manifest *manifest, const char **last)
{
	sy_auto_free char *json = sy_json_text(manifest->object);
	sy_auto_free char *yaml = NULL;
	struct sy_error err = {.text = "out of memory"};

	if (!json || sy_yaml_from_json(json, strlen(json), &yaml, &err) < 0) {
		ctl_error("%s", err.text);
		exit(CTL_FAILED);
	}
	puts("---");
	if (manifest->workspace && (!*last || strcmp(*last, manifest->workspace) != 0))
		printf("# workspace %s\n", manifest->workspace);
	*last = manifest->workspace;
	fputs(yaml, stdout);
}

bool ctl_apply_manifest(struct ctl_admin *admin, const struct ctl_manifest *manifest, struct ctl_answer *ret_answer)
{
	sy_auto_free char *path = ctl_object_path(manifest->object, true);
	struct ctl_answer before;
	const char *verb = "configured";

	ctl_admin_call(admin, manifest->workspace, "GET", path, NULL, NULL, NULL, &before);
	ctl_admin_call(admin, manifest->workspace, "PATCH", path, "fieldManager=syncerctl&force=true", SY_CT_APPLY, manifest->object,
		       ret_answer);
	if (ret_answer->verdict == SY_KUBE_OK) {
		const char *old = sy_json_str(before.object, "metadata", "resourceVersion", NULL);
		const char *new = sy_json_str(ret_answer->object, "metadata", "resourceVersion", NULL);

		if (before.verdict != SY_KUBE_OK)
			verb = "created";
		else if (old && new && !strcmp(old, new))
			verb = "unchanged";
		fprintf(stderr, "%s%s%s/%s %s\n", manifest->workspace ? manifest->workspace : "", manifest->workspace ? " " : "",
			sy_json_str(manifest->object, "kind", NULL), sy_json_str(manifest->object, "metadata", "name", NULL), verb);
	}
	ctl_answer_done(&before);
	return ret_answer->verdict == SY_KUBE_OK;
}

int ctl_install_list(struct ctl_install *install, struct ctl_admin *admin, const struct ctl_manifests *list)
{
	const char *last = NULL;
	size_t i = 0;

	for (; install->apply && i < list->count; i++) {
		const struct ctl_manifest *manifest = &list->items[i];
		struct ctl_answer answer;
		bool ok = ctl_apply_manifest(admin, manifest, &answer);
		bool forbidden = answer.verdict == SY_KUBE_FORBIDDEN;

		if (!ok)
			ctl_error("%s%s%s/%s: %s", manifest->workspace ? manifest->workspace : "", manifest->workspace ? " " : "",
				  sy_json_str(manifest->object, "kind", NULL), sy_json_str(manifest->object, "metadata", "name", NULL),
				  answer.message ? answer.message : "");
		ctl_answer_done(&answer);
		if (!ok && !forbidden)
			return CTL_FAILED;
		if (!ok)
			break;
	}
	if (i == list->count)
		return CTL_OK;
	if (install->apply)
		ctl_error("you lack the rights for the rest; have an administrator of that workspace apply the following");
	for (; i < list->count; i++)
		ctl_print_manifest(&list->items[i], &last);
	return install->apply ? CTL_INCOMPLETE : CTL_OK;
}

static bool token_there(const struct ctl_answer *answer)
{
	return sy_json_str(answer->object, "data", "token", NULL) != NULL;
}

static char *base64_decode(const char *text)
{
	size_t len = strlen(text);
	unsigned char *out = calloc(1, len / 4 * 3 + 4);
	int n = out ? EVP_DecodeBlock(out, (const unsigned char *)text, (int)len) : -1;

	if (n < 0) {
		free(out);
		return NULL;
	}
	for (size_t i = len; i > 0 && text[i - 1] == '='; i--)
		n--;
	out[n] = '\0';
	return (char *)out;
}

static bool request_token(struct ctl_install *install, struct ctl_admin *admin, const char *workspace, const char *ns, const char *id,
			  char **ret_token)
{
	struct ctl_manifests list = {0};
	struct ctl_answer answer;
	sy_auto_free char *path = NULL;

	ctl_manifest_addf(&list, workspace,
			  "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenRequest\",\"spec\":{\"expirationSeconds\":%lld}}",
			  (long long)(install->token_ttl_ms / 1000));
	if (asprintf(&path, "/api/v1/namespaces/%s/serviceaccounts/%s/token", ns, id) < 0)
		exit(CTL_FAILED);
	ctl_admin_call(admin, workspace, "POST", path, NULL, SY_CT_JSON, list.items[0].object, &answer);
	const char *token = sy_json_str(answer.object, "status", "token", NULL);
	if (token) {
		*ret_token = strdup(token);
		fprintf(stderr, "the token expires at %s\n", sy_json_str(answer.object, "status", "expirationTimestamp", NULL));
	} else {
		ctl_error("no token for ServiceAccount %s/%s: %s", ns, id, answer.message ? answer.message : "");
	}
	ctl_answer_done(&answer);
	ctl_manifests_done(&list);
	return *ret_token != NULL;
}

bool ctl_fetch_token(struct ctl_install *install, struct ctl_admin *admin, const char *workspace, const char *ns, const char *id,
		     char **ret_token)
{
	sy_auto_free char *path = NULL;
	struct ctl_answer answer;

	*ret_token = NULL;
	if (install->token_ttl_ms)
		return request_token(install, admin, workspace, ns, id, ret_token);
	if (asprintf(&path, "/api/v1/namespaces/%s/secrets/%s-token", ns, id) < 0)
		exit(CTL_FAILED);
	if (ctl_admin_wait(admin, workspace, path, 30, token_there, &answer))
		*ret_token = base64_decode(sy_json_str(answer.object, "data", "token", NULL));
	if (!*ret_token)
		ctl_error("Secret %s/%s-token got no token within 30 s: %s", ns, id, answer.message ? answer.message : "");
	ctl_answer_done(&answer);
	return *ret_token != NULL;
}

static char *base64_encode(const char *text)
{
	size_t len = strlen(text);
	char *out = calloc(1, (len + 2) / 3 * 4 + 1);

	if (out)
		EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text, (int)len);
	return out;
}

static json_object *kubeconfig_object(const struct sy_access *access, const char *server, const char *id, const char *token)
{
	sy_auto_free char *ca = access->ca_pem ? base64_encode(access->ca_pem) : NULL;
	struct ctl_manifests list = {0};
	json_object *config;

	ctl_manifest_addf(&list, NULL,
			  "{\"apiVersion\":\"v1\",\"kind\":\"Config\",\"clusters\":[{\"name\":\"%s\",\"cluster\":{}}],"
			  "\"users\":[{\"name\":\"%s\",\"user\":{}}],\"contexts\":[{\"name\":\"%s\",\"context\":{\"cluster\":\"%s\","
			  "\"user\":\"%s\"}}],"
			  "\"current-context\":\"%s\"}",
			  id, id, id, id, id, id);
	config = json_object_get(list.items[0].object);
	ctl_manifests_done(&list);
	json_object *cluster = sy_json_object(json_object_array_get_idx(sy_json_array(config, "clusters", NULL), 0), "cluster", NULL);
	json_object *user = sy_json_object(json_object_array_get_idx(sy_json_array(config, "users", NULL), 0), "user", NULL);
	ctl_args_add(cluster, "server", json_object_new_string(server));
	if (ca)
		ctl_args_add(cluster, "certificate-authority-data", json_object_new_string(ca));
	if (access->insecure)
		ctl_args_add(cluster, "insecure-skip-tls-verify", json_object_new_boolean(true));
	if (access->proxy_url)
		ctl_args_add(cluster, "proxy-url", json_object_new_string(access->proxy_url));
	if (access->tls_server_name)
		ctl_args_add(cluster, "tls-server-name", json_object_new_string(access->tls_server_name));
	ctl_args_add(user, "token", json_object_new_string(token));
	return config;
}

int ctl_write_kubeconfig(struct ctl_install *install, const struct sy_access *access, const char *server, const char *id, const char *token)
{
	sy_auto_json json_object *config = kubeconfig_object(access, server, id, token);
	sy_auto_free char *json = sy_json_text(config);
	sy_auto_free char *yaml = NULL;
	sy_auto_close int fd = -1;
	struct sy_error err = {.text = "out of memory"};

	if (!json || sy_yaml_from_json(json, strlen(json), &yaml, &err) < 0) {
		ctl_error("%s", err.text);
		return CTL_FAILED;
	}
	if (!strcmp(install->output, "-")) {
		fputs(yaml, stdout);
		return CTL_OK;
	}
	fd = open(install->output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, yaml, strlen(yaml)) != (ssize_t)strlen(yaml) || fsync(fd) < 0) {
		ctl_error("%s: %s%s", install->output, strerror(errno), errno == EEXIST ? "; remove it first" : "");
		return CTL_FAILED;
	}
	fprintf(stderr, "kubeconfig written to %s\n", install->output);
	return CTL_OK;
}

bool ctl_read_target(struct ctl_admin *admin, const char *workspace, const char *name, char **ret_cluster, char **ret_uid,
		     struct ctl_answer *ret_answer)
{
	sy_auto_free char *path = NULL;

	*ret_cluster = NULL;
	*ret_uid = NULL;
	if (asprintf(&path, "/apis/workload.kcp.io/v1alpha1/synctargets/%s", name) < 0)
		exit(CTL_FAILED);
	ctl_admin_call(admin, workspace, "GET", path, NULL, NULL, NULL, ret_answer);
	const char *uid = sy_json_str(ret_answer->object, "metadata", "uid", NULL);
	json_object *annotations = sy_json_object(ret_answer->object, "metadata", "annotations", NULL);
	const char *cluster = sy_json_str(annotations, "kcp.io/cluster", NULL);

	if (ret_answer->verdict != SY_KUBE_OK || !uid || !cluster)
		return false;
	*ret_cluster = strdup(cluster);
	*ret_uid = strdup(uid);
	return *ret_cluster && *ret_uid;
}
