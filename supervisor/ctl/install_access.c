/* The syncer's token and the kubeconfig made of it. */
#include "install.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "supervisor/config/yaml.h"

#define TOKEN_SECONDS 30

static bool token_there(void *arg, const struct ctl_answer *answer)
{
	const char *token = sy_json_str(answer->object, "data", "token", NULL);

	(void)arg;
	return token && *token;
}

/* What may stand in a bearer token (RFC 6750). */
static bool token_valid(const char *token)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";

	return *token && !token[strspn(token, allowed)];
}

static char *base64_decode(const char *text)
{
	size_t len = strlen(text);
	unsigned char *out = calloc(1, len / 4 * 3 + 4);
	int n = out && len <= SY_MAX_CONFIG_BYTES ? EVP_DecodeBlock(out, (const unsigned char *)text, (int)len) : -1;
	int padding = len >= 2 ? (text[len - 1] == '=') + (text[len - 2] == '=') : 0;

	if (!out || n < padding) {
		free(out);
		return NULL;
	}
	out[n - padding] = '\0';
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
	if (token && token_valid(token)) {
		*ret_token = strdup(token);
		const char *end = sy_json_str(answer.object, "status", "expirationTimestamp", NULL);

		fprintf(stderr, "the token expires at %s\n", end ? end : "an unknown time");
	} else {
		ctl_error("no token for ServiceAccount %s/%s: %s", ns, id, answer.message);
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
	sy_auto_free char *token = NULL;
	if (!ctl_admin_wait(admin, workspace, path, TOKEN_SECONDS, token_there, NULL, &answer))
		ctl_error("Secret %s/%s-token got no token within %d s: %s", ns, id, TOKEN_SECONDS, answer.message);
	else
		token = base64_decode(sy_json_str(answer.object, "data", "token", NULL));
	if (token && token_valid(token))
		*ret_token = sy_take_ptr(token);
	else if (token_there(NULL, &answer))
		ctl_error("Secret %s/%s-token holds no usable token", ns, id);
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

/* It holds a secret: mode 0600 from its first moment, never through a link, never over a file that somebody else made. */
static int write_new_file(const char *path, const char *text)
{
	sy_auto_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	size_t len = strlen(text);

	if (fd < 0) {
		ctl_error("%s: %s%s", path, strerror(errno), errno == EEXIST ? "; remove it first" : "");
		return CTL_FAILED;
	}
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		text += n;
		len -= (size_t)n;
	}
	if (len > 0 || fsync(fd) < 0) {
		ctl_error("%s: %s", path, strerror(errno));
		unlink(path); /* half a kubeconfig helps nobody */
		return CTL_FAILED;
	}
	fprintf(stderr, "kubeconfig written to %s\n", path);
	return CTL_OK;
}

int ctl_write_kubeconfig(struct ctl_install *install, const struct sy_access *access, const char *server, const char *id, const char *token)
{
	sy_auto_json json_object *config = kubeconfig_object(access, server, id, token);
	sy_auto_free char *json = sy_json_text(config);
	sy_auto_free char *yaml = NULL;
	struct sy_error err = {.text = "out of memory"};

	if (!json || sy_yaml_from_json(json, strlen(json), &yaml, &err) < 0) {
		ctl_error("%s", err.text);
		return CTL_FAILED;
	}
	if (!strcmp(install->output, "-")) {
		fputs(yaml, stdout);
		return CTL_OK;
	}
	return write_new_file(install->output, yaml);
}
