/* syncerctl diagnose: the configuration in effect. Kubeconfigs are read as syncerd reads them, and of what they hold only what `summary` below
 * picks goes on. */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "diagnose.h"
#include "supervisor/config/advice.h"

#define CERTIFICATES_SHOWN 16

static void add(json_object *to, const char *name, const char *text)
{
	ctl_args_add(to, name, json_object_new_string(text));
}

/* "kcp.example.com:6443" of "https://user@kcp.example.com:6443/base" */
static void add_host(json_object *to, const char *server)
{
	const char *at = strstr(server, "://");
	const char *host = at ? at + 3 : server;
	size_t len = strcspn(host, "/?#");
	const char *user = memrchr(host, '@', len);

	if (user) {
		len -= (size_t)(user + 1 - host);
		host = user + 1;
	}
	ctl_args_add(to, "host", json_object_new_string_len(host, (int)len));
}

static json_object *show_certificate(X509 *certificate)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	char hex[2 * EVP_MAX_MD_SIZE + 1] = "", end[21];
	struct tm tm = {0};
	json_object *out;

	if (X509_digest(certificate, EVP_sha256(), digest, &len) != 1)
		len = 0;
	for (unsigned int i = 0; i < len; i++)
		(void)snprintf(hex + 2 * (size_t)i, 3, "%02x", digest[i]);
	out = ctl_args("sha256", hex);
	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) == 1) {
		sy_time_format(timegm(&tm), end);
		add(out, "notAfter", end);
	}
	return out;
}

static void add_certificates(json_object *to, const char *name, const char *pem)
{
	json_object *list = json_object_new_array();
	BIO *text = pem ? BIO_new_mem_buf(pem, -1) : NULL;
	X509 *certificate;

	for (size_t i = 0; text && i < CERTIFICATES_SHOWN && (certificate = PEM_read_bio_X509(text, NULL, NULL, NULL)); i++) {
		(void)json_object_array_add(list, show_certificate(certificate));
		X509_free(certificate);
	}
	BIO_free(text);
	ctl_args_add(to, name, list);
}

static const char *user_kind(const struct sy_config_server *server, const struct sy_access *access)
{
	if (!server->kubeconfig)
		return "ServiceAccount of the pod";
	if (access->cert_pem)
		return access->token || access->token_file ? "client certificate and token" : "client certificate";
	if (access->token_file)
		return "token in a file of its own";
	return access->token ? "token" : "none";
}

static void add_summary(struct ctl_diagnose *diagnose, const struct sy_config_server *server, const char *role)
{
	json_object *out = ctl_args("role", role);
	struct sy_access access = {0};
	struct sy_error err = {0};
	char file[CTL_BUNDLE_NAME];

	(void)snprintf(file, sizeof(file), "credentials-%s.json", role);
	if (sy_access_load(server, role, &access, &err) < 0) {
		ctl_bundle_missing(&diagnose->bundle, file, "%s", err.text);
	} else {
		add_host(out, access.server);
		add(out, "user", user_kind(server, &access));
		ctl_args_add(out, "proxy", json_object_new_boolean(access.proxy_url != NULL));
		ctl_args_add(out, "serverVerified", json_object_new_boolean(!access.insecure));
		add_certificates(out, "certificateAuthorities", access.ca_pem);
		add_certificates(out, "clientCertificates", access.cert_pem);
		ctl_bundle_add_json(&diagnose->bundle, file, out);
	}
	sy_access_done(&access);
	json_object_put(out);
}

void ctl_diagnose_config(struct ctl_diagnose *diagnose)
{
	sy_auto_json json_object *shown = NULL;
	struct sy_error err = {0};

	if (sy_config_load(diagnose->config_file, &diagnose->config, &err) < 0 || sy_config_show(diagnose->config, &shown, &err) < 0) {
		ctl_bundle_missing(&diagnose->bundle, "configuration.json", "%s", err.text);
		return;
	}
	add(shown, "readFrom", diagnose->config_file);
	ctl_bundle_add_json(&diagnose->bundle, "configuration.json", shown);
	add_summary(diagnose, &diagnose->config->kcp, "kcp");
	add_summary(diagnose, &diagnose->config->cluster, "cluster");
}
