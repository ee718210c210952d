#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "key_pair.h"
#include "supervisor/config/config.h"
#include "supervisor/config/kubeconfig.h"

#define PEM "-----BEGIN X-----\nYWJj\n-----END X-----\n"
#define PEM64 "LS0tLS1CRUdJTiBYLS0tLS0KWVdKagotLS0tLUVORCBYLS0tLS0K"
#define TEXT64 "aGVsbG8=" /* hello */

/* Four lines, then the cluster (5-), the user and whatever a case adds. */
#define HEAD "kind: Config\ncurrent-context: x\ncontexts:\n- {name: x, context: {cluster: c, user: u, namespace: n}}\n"
#define CLUSTER(keys) "clusters:\n- name: c\n  cluster: {" keys "}\n"
#define USER(keys) "users:\n- name: u\n  user: {" keys "}\n"
#define SERVER "server: 'https://h:6443'"

#define IN_CLUSTER(keys) HEAD CLUSTER(SERVER ", " keys) USER("token: t")
#define IN_USER(keys) HEAD CLUSTER(SERVER) USER(keys)

static const struct {
	const char *text;
	const char *error; /* behind "/k/c:" */
} bad[] = {
	{"", "1:1: is not a kubeconfig: it must be a mapping, not null"},
	{"kind: Secret\n", "1:7: is not a kubeconfig: kind must be Config"},
	{"apiVersion: v2\n", "1:13: is not a kubeconfig: apiVersion must be v1"},
	{"kind: Config\n", "1:1: has no current-context: set it, or set kcp.context in the configuration"},
	{"current-context: 5\n", "1:18: current-context must be a string, not a number"},
	{"current-context: x\n", "1:18: this name is not in the file's list of contexts"},
	{"current-context: x\ncontexts: {}\n", "2:11: contexts must be a list, not a mapping"},
	{"current-context: x\ncontexts: [{name: x}]\n", "2:12: this entry of contexts has no mapping \"context\""},
	{"current-context: x\ncontexts: [{name: x, context: {}}]\n", "2:31: this context names no cluster"},
	{"current-context: x\ncontexts: [{name: x, context: {cluster: c}}, {name: x}]\n", "2:53: contexts has two entries of this name"},
	{HEAD, "4:32: this name is not in the file's list of clusters"},
	{HEAD CLUSTER(SERVER), "4:41: this name is not in the file's list of users"},
	{"current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n" CLUSTER(SERVER), "2:31: this context names no user"},
	/* Server and proxy. */
	{HEAD CLUSTER("a: b"), "7:12: this cluster has no server"},
	{HEAD CLUSTER("server: 6443"), "7:21: server must be a string, not a number"},
	{HEAD CLUSTER("server: h:6443"), "7:21: server must be a URL that begins with https://"},
	{HEAD CLUSTER("server: 'ftp://h'"), "7:21: server must be a URL that begins with https://"},
	{HEAD CLUSTER("server: 'http://h'"), "7:21: server must begin with https:// (http is only for 127.0.0.1 and [::1])"},
	{HEAD CLUSTER("server: 'http://127.0.0.1.evil'"), "7:21: server must begin with https:// (http is only for 127.0.0.1 and [::1])"},
	{HEAD CLUSTER("server: 'https://'"), "7:21: server has no host"},
	{HEAD CLUSTER("server: 'https://:6443'"), "7:21: server has no host"},
	{HEAD CLUSTER("server: 'https://u:p@h'"), "7:21: server must not hold a user or password"},
	{HEAD CLUSTER("server: 'https://h:0'"), "7:21: server has a port that is not a number from 1 to 65535"},
	{HEAD CLUSTER("server: 'https://h:65536'"), "7:21: server has a port that is not a number from 1 to 65535"},
	{HEAD CLUSTER("server: 'https://h:6443x/'"), "7:21: server has a port that is not a number from 1 to 65535"},
	{HEAD CLUSTER("server: 'https://[::1'"), "7:21: server has an IPv6 address without its closing bracket"},
	{HEAD CLUSTER("server: 'https://h/a?b'"), "7:21: server must not have a query or fragment"},
	{HEAD CLUSTER("server: 'https://h /'"), "7:21: server is not a URL: it is too long or has a character that no URL has"},
	{IN_CLUSTER("proxy-url: 'ftp://p'"), "7:50: proxy-url must begin with http://, https://, socks5:// or socks5h://"},
	{IN_CLUSTER("proxy-url: 'http://'"), "7:50: proxy-url has no host"},
	/* TLS. */
	{IN_CLUSTER("insecure-skip-tls-verify: true"),
	 "7:65: insecure-skip-tls-verify is refused: give certificate-authority-data instead, or, for a test, say "
	 "kcp.insecureSkipTLSVerify: true in the configuration as well"},
	{IN_CLUSTER("insecure-skip-tls-verify: 1"), "7:65: insecure-skip-tls-verify must be true or false, not a number"},
	{IN_CLUSTER("insecure-skip-tls-verify: true, certificate-authority-data: " PEM64),
	 "7:65: insecure-skip-tls-verify makes no sense beside a certificate authority: remove one of them"},
	{IN_CLUSTER("certificate-authority-data: " TEXT64), "7:67: certificate-authority-data is not PEM: no line begins with -----BEGIN"},
	{IN_CLUSTER("certificate-authority-data: 'SECRET!'"), "7:67: certificate-authority-data is not base64"},
	{IN_CLUSTER("certificate-authority-data: aGVsbG8"), "7:67: certificate-authority-data is not base64"},
	{IN_CLUSTER("certificate-authority-data: AAAA"), "7:67: certificate-authority-data holds a NUL character once decoded"},
	{IN_CLUSTER("certificate-authority-data: LS0tLS1CRUdJTiBYLS0tLS0K"),
	 "7:67: certificate-authority-data is cut short: no line begins with -----END"},
	{IN_CLUSTER("certificate-authority: none.pem"), "7:62: certificate-authority: /k/none.pem: No such file or directory"},
	{IN_CLUSTER("certificate-authority: /dev"), "7:62: certificate-authority: /dev: is not a regular file"},
	/* Credentials. */
	{IN_USER(""), "10:9: this user has no credentials: a token, tokenFile or client certificate is needed"},
	{IN_USER("token: 'SECRET x'"), "10:17: token has a character that no bearer token has (blank, control or non-ASCII character)"},
	{IN_USER("token: \"SECRET\\r\\nX: y\""),
	 "10:17: token has a character that no bearer token has (blank, control or non-ASCII character)"},
	{IN_USER("token: 12"), "10:17: token must be a string, not a number"},
	{IN_USER("tokenFile: none"), "10:21: tokenFile: /k/none: No such file or directory"},
	{IN_USER("client-certificate-data: " PEM64), "10:35: a client certificate without its key: both are needed"},
	{IN_USER("client-key-data: " PEM64), "10:27: a client key without its certificate: both are needed"},
	{IN_USER("client-key-data: " TEXT64), "10:27: client-key-data is not PEM: no line begins with -----BEGIN"},
	{IN_USER("exec: {command: SECRET}"),
	 "10:10: exec plugins are not run: use a token, tokenFile or client certificate, for example a ServiceAccount's token"},
	{IN_USER("auth-provider: {name: gcp}"), "10:10: auth-provider is not supported: use a token, tokenFile or client certificate, for "
						"example a ServiceAccount's token"},
	{IN_USER("username: SECRET"),
	 "10:10: username and password are not supported (Kubernetes dropped them): use a token or client certificate"},
	{IN_USER("token: t, password: SECRET"),
	 "10:20: username and password are not supported (Kubernetes dropped them): use a token or client certificate"},
};

static int parse(const char *text, const char *context, bool insecure, struct sy_access *access, struct sy_error *err)
{
	const struct sy_kubeconfig_options options = {.role = "kcp", .context = context, .allow_insecure = insecure};

	return sy_kubeconfig_parse("/k/c", text, strlen(text), &options, access, err);
}

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sy_access access = {0};
		struct sy_error err = {0};
		char expected[SY_ERROR_TEXT_MAX];

		snprintf(expected, sizeof(expected), "/k/c:%s", bad[i].error);
		int r = parse(bad[i].text, NULL, false, &access, &err);
		assert_string_equal(err.text, expected);
		assert_null(strstr(err.text, "SECRET"));
		assert_int_equal(r, -EINVAL);
		assert_null(access.server);
	}
}

static void must_parse(const char *text, const char *context, bool insecure, struct sy_access *access)
{
	struct sy_error err = {0};

	if (parse(text, context, insecure, access, &err) < 0)
		fail_msg("%s", err.text);
}

static void test_inline(void **state)
{
	struct sy_access access = {0};

	(void)state;
	must_parse(HEAD CLUSTER("server: 'https://h:6443/base//', tls-server-name: n, proxy-url: 'socks5h://u:p@[::1]:1080', "
				"certificate-authority-data: \"" PEM64 "\\n\", certificate-authority: none, disable-compression: true, "
				"extensions: []")
			   USER("token: a.b-c_d=, client-certificate-data: " PEM64 ", client-key-data: " PEM64
				", tokenFile: '', exec: null, username: '', extensions: [{a: b}]") "preferences: {colors: true}\nzzz: 1\n",
		   NULL, false, &access);
	assert_string_equal(access.server, "https://h:6443/base");
	assert_string_equal(access.ca_pem, PEM);
	assert_string_equal(access.cert_pem, PEM);
	assert_string_equal(access.key_pem, PEM);
	assert_string_equal(access.token, "a.b-c_d=");
	assert_string_equal(access.tls_server_name, "n");
	assert_string_equal(access.proxy_url, "socks5h://u:p@[::1]:1080");
	assert_null(access.token_file);
	assert_false(access.insecure);
	sy_access_done(&access);
}

static void test_insecure_and_loopback(void **state)
{
	struct sy_access access = {0};

	(void)state;
	must_parse(IN_CLUSTER("insecure-skip-tls-verify: true"), NULL, true, &access);
	assert_true(access.insecure);
	sy_access_done(&access);
	must_parse(IN_CLUSTER("insecure-skip-tls-verify: false"), NULL, true, &access);
	assert_false(access.insecure);
	sy_access_done(&access);
	/* In clear text on this machine (a proxy of kubectl): no credentials needed. */
	must_parse(HEAD CLUSTER("server: 'http://127.0.0.1:8001'") USER(""), NULL, false, &access);
	assert_string_equal(access.server, "http://127.0.0.1:8001");
	sy_access_done(&access);
}

static void test_context(void **state)
{
	static const char text[] = HEAD "- {name: y, context: {cluster: c, user: v}}\n" CLUSTER(SERVER)
		USER("exec: {command: x}") "- {name: v, user: {token: other}}\n";
	struct sy_access access = {0};
	struct sy_error err = {0};

	(void)state;
	must_parse(text, "y", false, &access);
	assert_string_equal(access.token, "other");
	sy_access_done(&access);
	assert_int_equal(parse(text, "z", false, &access, &err), -EINVAL);
	assert_string_equal(err.text, "/k/c:1:1: the context that kcp.context names is not in the file's list of contexts");
}

static void test_json(void **state)
{
	struct sy_access access = {0};

	(void)state;
	must_parse("{\n\t\"kind\": \"Config\", \"apiVersion\": \"v1\", \"current-context\": \"x\",\n"
		   "\t\"contexts\": [{\"name\": \"x\", \"context\": {\"cluster\": \"c\", \"user\": \"u\"}}],\n"
		   "\t\"clusters\": [{\"name\": \"c\", \"cluster\": {\"server\": \"https:\\/\\/h\"}}],\n"
		   "\t\"users\": [{\"name\": \"u\", \"user\": {\"token\": \"t\"}}]\n}\n",
		   NULL, false, &access);
	assert_string_equal(access.server, "https://h");
	assert_string_equal(access.token, "t");
	sy_access_done(&access);
}

/* dir holds at least 32 bytes. */
static void make_dir(char *dir)
{
	snprintf(dir, 32, "/tmp/test_kubeconfig.XXXXXX");
	assert_non_null(mkdtemp(dir));
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void remove_files(const char *dir, ...)
{
	const char *name;
	char path[256];
	va_list ap;

	va_start(ap, dir);
	while ((name = va_arg(ap, const char *))) {
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		assert_int_equal(unlink(path), 0);
	}
	va_end(ap);
	assert_int_equal(rmdir(dir), 0);
}

static void test_files(void **state)
{
	struct sy_access access = {0};
	struct sy_error err = {0};
	char dir[32], path[256], expected[512];
	struct sy_config_server server = {.kubeconfig = path};

	(void)state;
	make_dir(dir);
	snprintf(path, sizeof(path), "%s/config", dir);
	write_file(dir, "config",
		   HEAD CLUSTER(SERVER ", certificate-authority: ca.pem")
			   USER("tokenFile: ./token, token: t, client-certificate: cert.pem, client-key: key.pem"));
	write_file(dir, "ca.pem", "Certificate: text\n" PEM);
	write_file(dir, "cert.pem", TEST_CERT);
	write_file(dir, "key.pem", TEST_KEY);
	write_file(dir, "token", " from-file \n");
	if (sy_access_load(&server, "kcp", &access, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(access.ca_pem, "Certificate: text\n" PEM);
	assert_string_equal(access.token, "from-file");
	snprintf(expected, sizeof(expected), "%s/./token", dir);
	assert_string_equal(access.token_file, expected);
	sy_access_done(&access);

	write_file(dir, "key.pem", OTHER_KEY);
	assert_int_equal(sy_access_load(&server, "kcp", &access, &err), -EINVAL);
	assert_non_null(strstr(err.text, "client-certificate and client-key do not belong together"));
	write_file(dir, "token", " \n");
	assert_int_equal(sy_access_load(&server, "kcp", &access, &err), -EINVAL);
	snprintf(expected, sizeof(expected), "%s:10:21: tokenFile: %s/./token: the token in this file is empty", path, dir);
	assert_string_equal(err.text, expected);
	write_file(dir, "key.pem", "hello\n");
	write_file(dir, "token", "t");
	assert_int_equal(sy_access_load(&server, "kcp", &access, &err), -EINVAL);
	assert_non_null(strstr(err.text, "client-key: "));
	assert_non_null(strstr(err.text, "/key.pem: is not PEM: no line begins with -----BEGIN"));
	remove_files(dir, "config", "ca.pem", "cert.pem", "key.pem", "token", NULL);

	assert_int_equal(sy_access_load(&server, "kcp", &access, &err), -ENOENT);
	snprintf(expected, sizeof(expected), "kcp.kubeconfig: %s: No such file or directory", path);
	assert_string_equal(err.text, expected);
	snprintf(path, sizeof(path), "%s:/other", dir);
	assert_int_equal(sy_access_load(&server, "kcp", &access, &err), -ENOENT);
	assert_non_null(strstr(err.text, "lists of kubeconfigs are not supported"));
	server.kubeconfig = NULL;
	assert_int_equal(sy_access_load(&server, "kcp", &access, &err), -EINVAL);
	assert_string_equal(err.text, "kcp.kubeconfig is not set");
}

static void test_in_cluster(void **state)
{
	struct sy_access access = {0};
	struct sy_error err = {0};
	char dir[32];

	(void)state;
	make_dir(dir);
	assert_int_equal(sy_access_in_cluster(dir, NULL, NULL, &access, &err), -ENOENT);
	assert_non_null(strstr(err.text, "set cluster.kubeconfig"));
	assert_int_equal(sy_access_in_cluster(dir, "10.0.0.1", "443", &access, &err), -ENOENT);
	write_file(dir, "token", "sa-token\n");
	assert_int_equal(sy_access_in_cluster(dir, "10.0.0.1", "443", &access, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/ca.crt: No such file or directory"));
	write_file(dir, "ca.crt", PEM);
	assert_int_equal(sy_access_in_cluster(dir, "fd00::1", "443", &access, &err), 0);
	assert_string_equal(access.server, "https://[fd00::1]:443");
	assert_string_equal(access.token, "sa-token");
	assert_string_equal(access.ca_pem, PEM);
	assert_non_null(access.token_file);
	sy_access_done(&access);
	assert_int_equal(sy_access_in_cluster(dir, "10.0.0.1", "x", &access, &err), -EINVAL);
	assert_int_equal(sy_access_in_cluster(dir, "10.0.0.1/@x", "443", &access, &err), -EINVAL);
	write_file(dir, "ca.crt", "hello");
	assert_int_equal(sy_access_in_cluster(dir, "10.0.0.1", "443", &access, &err), -EINVAL);
	remove_files(dir, "token", "ca.crt", NULL);
}

static void test_split(void **state)
{
	static const struct {
		const char *server, *base, *workspace; /* base NULL = refused */
	} cases[] = {
		{"https://h:6443", "https://h:6443", NULL},
		{"https://h/", "https://h", NULL},
		{"https://h/clusters/root", "https://h", "root"},
		{"https://h/base/clusters/root:org:team-a/", "https://h/base", "root:org:team-a"},
		{"https://clusters/x", "https://clusters/x", NULL},
		{"https://h//clusters/27ehv3w54us5fp8e", "https://h", "27ehv3w54us5fp8e"},
		{"https://h/clusters/", NULL, NULL},
		{"https://h/clusters", NULL, NULL},
		{"https://h/clusters/*", NULL, NULL},
		{"https://h/clusters/Root", NULL, NULL},
		{"https://h/clusters/root/api", NULL, NULL},
		{"h/clusters/root", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *base = NULL, *workspace = NULL;
		struct sy_error err = {0};
		int r = sy_kcp_split_server(cases[i].server, &base, &workspace, &err);

		assert_int_equal(r, cases[i].base ? 0 : -EINVAL);
		if (cases[i].base)
			assert_string_equal(base, cases[i].base);
		assert_int_equal(!workspace, !cases[i].workspace);
		if (workspace)
			assert_string_equal(workspace, cases[i].workspace);
		assert_int_equal(r < 0, err.text[0] != '\0');
		free(base);
		free(workspace);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),	cmocka_unit_test(test_inline),	   cmocka_unit_test(test_insecure_and_loopback),
		cmocka_unit_test(test_context), cmocka_unit_test(test_json),	   cmocka_unit_test(test_files),
		cmocka_unit_test(test_split),	cmocka_unit_test(test_in_cluster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
