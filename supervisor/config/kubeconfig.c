#include "supervisor/config/kubeconfig.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "supervisor/config/file.h"
#include "supervisor/config/kubeconfig_url.h"

struct source {
	const struct sy_yaml *yaml;
	const char *path;
	const struct sy_kubeconfig_options *options;
	struct sy_error *err;
};

static int copy(const struct source *source, const char *text, char **ret_copy)
{
	*ret_copy = strdup(text);
	return *ret_copy ? 0 : sy_error_oom(source->err);
}

/* A string member; NULL when it is absent, null or empty. */
static int get_string(const struct source *source, const struct sy_yaml_node *map, const char *key, const struct sy_yaml_node **ret_node)
{
	const struct sy_yaml_node *node = sy_yaml_get(map, key);

	*ret_node = NULL;
	if (!node || node->type == SY_YAML_NULL)
		return 0;
	if (node->type != SY_YAML_STRING)
		return sy_yaml_error(source->yaml, node, source->err, "%s must be a string, not %s", key, sy_yaml_type_name(node->type));
	if (node->text[0] != '\0')
		*ret_node = node;
	return 0;
}

static int get_bool(const struct source *source, const struct sy_yaml_node *map, const char *key, bool *ret_value)
{
	const struct sy_yaml_node *node = sy_yaml_get(map, key);

	*ret_value = false;
	if (!node || node->type == SY_YAML_NULL)
		return 0;
	if (node->type != SY_YAML_BOOL)
		return sy_yaml_error(source->yaml, node, source->err, "%s must be true or false, not %s", key,
				     sy_yaml_type_name(node->type));
	*ret_value = node->truth;
	return 0;
}

/* The member `member` of the entry called name in the list `list`; wanted is where the name was read, for the message. */
static int find_named(const struct source *source, const char *list, const char *member, const char *name,
		      const struct sy_yaml_node *wanted, const struct sy_yaml_node **ret_node)
{
	const struct sy_yaml_node *root = sy_yaml_root(source->yaml);
	const struct sy_yaml_node *entries = sy_yaml_get(root, list), *found = NULL;

	if (entries && entries->type != SY_YAML_LIST && entries->type != SY_YAML_NULL)
		return sy_yaml_error(source->yaml, entries, source->err, "%s must be a list, not %s", list,
				     sy_yaml_type_name(entries->type));
	for (size_t i = 0; entries && i < entries->count; i++) {
		const struct sy_yaml_node *entry = entries->items[i].value, *entry_name;
		int r = get_string(source, entry, "name", &entry_name);

		if (r < 0)
			return r;
		if (!entry_name || strcmp(entry_name->text, name) != 0)
			continue;
		if (found)
			return sy_yaml_error(source->yaml, entry_name, source->err, "%s has two entries of this name", list);
		found = entry;
	}
	if (!found && wanted)
		return sy_yaml_error(source->yaml, wanted, source->err, "this name is not in the file's list of %s", list);
	if (!found)
		return sy_yaml_error(source->yaml, root, source->err, "the context that %s.context names is not in the file's list of %s",
				     source->options->role, list);
	*ret_node = sy_yaml_get(found, member);
	if (!*ret_node || (*ret_node)->type != SY_YAML_MAP)
		return sy_yaml_error(source->yaml, *ret_node ? *ret_node : found, source->err, "this entry of %s has no mapping \"%s\"",
				     list, member);
	return 0;
}

/* PEM from "<key>-data" (base64) or else from the file that "<key>" names. *ret_where is the node of what was used, NULL = neither. */
static int get_pem(const struct source *source, const struct sy_yaml_node *map, const char *key, const char *data_key, char **ret_pem,
		   const struct sy_yaml_node **ret_where)
{
	const struct sy_yaml_node *inline_node = NULL, *file_node = NULL;
	struct sy_error cause = {0};
	const char *reason;
	size_t len;
	int r = get_string(source, map, data_key, &inline_node);

	*ret_where = NULL;
	if (r == 0)
		r = get_string(source, map, key, &file_node);
	if (r < 0 || (!inline_node && !file_node))
		return r;
	*ret_where = inline_node ? inline_node : file_node;
	if (inline_node) {
		reason = sy_base64_text(inline_node->text, ret_pem);
		if (!reason)
			reason = sy_pem_check(*ret_pem);
		return reason ? sy_yaml_error(source->yaml, inline_node, source->err, "%s %s", data_key, reason) : 0;
	}
	if (source->options->no_files)
		return sy_yaml_error(source->yaml, file_node, source->err, "%s: files are not read here", key);
	char *path = sy_file_beside(source->path, file_node->text);
	if (!path)
		return sy_error_oom(source->err);
	r = sy_file_read(path, SY_MAX_PEM_BYTES, ret_pem, &len, NULL, &cause);
	if (r < 0) {
		r = sy_yaml_error(source->yaml, file_node, source->err, "%s: %s", key, cause.text);
	} else {
		reason = strlen(*ret_pem) < len ? "holds a NUL character" : sy_pem_check(*ret_pem);
		if (reason)
			r = sy_yaml_error(source->yaml, file_node, source->err, "%s: %s: %s", key, path, reason);
	}
	free(path);
	return r;
}

static int read_tls(const struct source *source, const struct sy_yaml_node *cluster, struct sy_access *access)
{
	const struct sy_yaml_node *ca = NULL, *name = NULL, *at = sy_yaml_get(cluster, "insecure-skip-tls-verify");
	int r = get_pem(source, cluster, "certificate-authority", "certificate-authority-data", &access->ca_pem, &ca);

	if (r == 0)
		r = get_bool(source, cluster, "insecure-skip-tls-verify", &access->insecure);
	if (r == 0)
		r = get_string(source, cluster, "tls-server-name", &name);
	if (r == 0 && name)
		r = copy(source, name->text, &access->tls_server_name);
	if (r < 0 || !access->insecure)
		return r;
	if (ca)
		return sy_yaml_error(source->yaml, at, source->err,
				     "insecure-skip-tls-verify makes no sense beside a certificate authority: remove one of them");
	if (!source->options->allow_insecure)
		return sy_yaml_error(source->yaml, at, source->err,
				     "insecure-skip-tls-verify is refused: give certificate-authority-data instead, or, for a test, say "
				     "%s.insecureSkipTLSVerify: true in the configuration as well",
				     source->options->role);
	return 0;
}

static int read_cluster(const struct source *source, const struct sy_yaml_node *cluster, struct sy_access *access)
{
	const struct sy_yaml_node *server = NULL, *proxy = NULL;
	const char *reason;
	int r = get_string(source, cluster, "server", &server);

	if (r == 0)
		r = get_string(source, cluster, "proxy-url", &proxy);
	if (r < 0)
		return r;
	if (!server)
		return sy_yaml_error(source->yaml, cluster, source->err, "this cluster has no server");
	reason = sy_server_url_check(server->text);
	if (reason)
		return sy_yaml_error(source->yaml, server, source->err, "server %s", reason);
	access->server = sy_server_url_trim(server->text);
	if (!access->server)
		return sy_error_oom(source->err);
	reason = proxy ? sy_proxy_url_check(proxy->text) : NULL;
	if (reason)
		return sy_yaml_error(source->yaml, proxy, source->err, "proxy-url %s", reason);
	if (proxy)
		r = copy(source, proxy->text, &access->proxy_url);
	return r < 0 ? r : read_tls(source, cluster, access);
}

/* Ways to log in that syncerd does not have: each is named together with what to use instead. */
static int refuse_plugins(const struct source *source, const struct sy_yaml_node *user)
{
	static const struct {
		const char *key, *text;
	} refused[] = {
		{"exec", "exec plugins are not run: use a token, tokenFile or client certificate, for example a ServiceAccount's token"},
		{"auth-provider", "auth-provider is not supported: use a token, tokenFile or client certificate, for example a "
				  "ServiceAccount's token"},
		{"username", "username and password are not supported (Kubernetes dropped them): use a token or client certificate"},
		{"password", "username and password are not supported (Kubernetes dropped them): use a token or client certificate"},
	};
	static const char *const other_identity[] = {"as", "as-uid", "as-groups", "as-user-extra"};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const struct sy_yaml_item *item = sy_yaml_find(user, refused[i].key);
		bool empty = !item || item->value->type == SY_YAML_NULL || (item->value->text && item->value->text[0] == '\0');

		if (!empty)
			return sy_yaml_error(source->yaml, item->key, source->err, "%s", refused[i].text);
	}
	for (size_t i = 0; i < sizeof(other_identity) / sizeof(other_identity[0]); i++)
		if (sy_yaml_get(user, other_identity[i]))
			sy_warn(NULL, "%s: %s is ignored: requests are made as the credential's own user", source->path, other_identity[i]);
	return 0;
}

/* As in kubectl, a token file wins over a token. */
static int read_token(const struct source *source, const struct sy_yaml_node *user, struct sy_access *access)
{
	const struct sy_yaml_node *token = NULL, *file = NULL;
	struct sy_error cause = {0};
	int r = get_string(source, user, "token", &token);

	if (r == 0)
		r = get_string(source, user, "tokenFile", &file);
	if (r < 0)
		return r;
	if (file && source->options->no_files)
		return sy_yaml_error(source->yaml, file, source->err, "tokenFile: files are not read here");
	if (file) {
		access->token_file = sy_file_beside(source->path, file->text);
		if (!access->token_file)
			return sy_error_oom(source->err);
		r = sy_token_read(access->token_file, &access->token, NULL, &cause);
		return r < 0 ? sy_yaml_error(source->yaml, file, source->err, "tokenFile: %s", cause.text) : 0;
	}
	if (!token)
		return 0;
	const char *reason = sy_token_check(token->text);
	if (reason)
		return sy_yaml_error(source->yaml, token, source->err, "token %s", reason);
	return copy(source, token->text, &access->token);
}

static int read_user(const struct source *source, const struct sy_yaml_node *user, struct sy_access *access)
{
	const struct sy_yaml_node *cert = NULL, *key = NULL;
	int r = refuse_plugins(source, user);

	if (r == 0)
		r = read_token(source, user, access);
	if (r == 0)
		r = get_pem(source, user, "client-certificate", "client-certificate-data", &access->cert_pem, &cert);
	if (r == 0)
		r = get_pem(source, user, "client-key", "client-key-data", &access->key_pem, &key);
	if (r < 0)
		return r;
	if (!cert != !key)
		return sy_yaml_error(source->yaml, cert ? cert : key, source->err, "a client %s without its %s: both are needed",
				     cert ? "certificate" : "key", cert ? "key" : "certificate");
	if (!cert && !access->token && sy_server_url_is_tls(access->server))
		return sy_yaml_error(source->yaml, user, source->err,
				     "this user has no credentials: a token, tokenFile or client certificate is needed");
	return 0;
}

static int check_root(const struct source *source)
{
	static const char *const wanted[][2] = {{"kind", "Config"}, {"apiVersion", "v1"}};
	const struct sy_yaml_node *root = sy_yaml_root(source->yaml), *node;

	if (root->type != SY_YAML_MAP)
		return sy_yaml_error(source->yaml, root, source->err, "is not a kubeconfig: it must be a mapping, not %s",
				     sy_yaml_type_name(root->type));
	for (size_t i = 0; i < 2; i++) {
		int r = get_string(source, root, wanted[i][0], &node);

		if (r < 0)
			return r;
		if (node && strcmp(node->text, wanted[i][1]) != 0)
			return sy_yaml_error(source->yaml, node, source->err, "is not a kubeconfig: %s must be %s", wanted[i][0],
					     wanted[i][1]);
	}
	return 0;
}

static int resolve(const struct source *source, struct sy_access *access)
{
	const struct sy_yaml_node *root = sy_yaml_root(source->yaml);
	const struct sy_yaml_node *current = NULL, *context = NULL, *name = NULL, *cluster = NULL, *user = NULL;
	const char *wanted = source->options->context;
	int r = check_root(source);

	if (r == 0 && !wanted) {
		r = get_string(source, root, "current-context", &current);
		if (r == 0 && !current)
			return sy_yaml_error(source->yaml, root, source->err,
					     "has no current-context: set it, or set %s.context in the configuration",
					     source->options->role);
		wanted = current ? current->text : "";
	}
	if (r == 0)
		r = find_named(source, "contexts", "context", wanted, current, &context);
	if (r == 0)
		r = get_string(source, context, "cluster", &name);
	if (r == 0 && !name)
		r = sy_yaml_error(source->yaml, context, source->err, "this context names no cluster");
	if (r == 0 && name)
		r = find_named(source, "clusters", "cluster", name->text, name, &cluster);
	if (r == 0)
		r = read_cluster(source, cluster, access);
	if (r == 0)
		r = get_string(source, context, "user", &name);
	if (r < 0)
		return r;
	if (!name)
		return sy_server_url_is_tls(access->server)
			       ? sy_yaml_error(source->yaml, context, source->err, "this context names no user")
			       : 0;
	r = find_named(source, "users", "user", name->text, name, &user);
	return r < 0 ? r : read_user(source, user, access);
}

int sy_kubeconfig_parse(const char *path, const char *data, size_t len, const struct sy_kubeconfig_options *options,
			struct sy_access *ret_access, struct sy_error *err)
{
	struct sy_access access = {0};
	struct sy_yaml *yaml = NULL;
	int r = sy_yaml_parse(path, data, len, &yaml, err);

	if (r < 0)
		return r;
	r = resolve(&(struct source){.yaml = yaml, .path = path, .options = options, .err = err}, &access);
	sy_yaml_free(yaml);
	if (r < 0) {
		sy_access_done(&access);
		return r;
	}
	*ret_access = access;
	return 0;
}
