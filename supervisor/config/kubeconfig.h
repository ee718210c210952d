/* Inside of sy_access_load (config.h): kubeconfig files and the in-cluster ServiceAccount. */
#ifndef SY_SUPERVISOR_KUBECONFIG_H
#define SY_SUPERVISOR_KUBECONFIG_H

#include <sys/stat.h>

#include "kube/access.h"
#include "supervisor/config/yaml.h"

#define SY_SERVICE_ACCOUNT_DIRECTORY "/var/run/secrets/kubernetes.io/serviceaccount"
#define SY_MAX_PEM_BYTES (1024u * 1024) /* a system's whole CA bundle is about 220 KiB */
#define SY_MAX_TOKEN_BYTES (16u * 1024)

struct sy_kubeconfig_options {
	const char *role;    /* "kcp" or "cluster": the configuration's section, for messages */
	const char *context; /* NULL = current-context */
	bool allow_insecure; /* the configuration says insecureSkipTLSVerify: true */
	bool no_files;	     /* refuse files named by the kubeconfig (fuzzing) */
};

/* Resolve one context of a kubeconfig (YAML or JSON, at most SY_MAX_CONFIG_BYTES). Errors read "<path>:<line>:<column>: <text>" and
 * repeat nothing of the file. Keys that are not known are let through, as kubectl does. */
int sy_kubeconfig_parse(const char *path, const char *data, size_t len, const struct sy_kubeconfig_options *options,
			struct sy_access *ret_access, struct sy_error *err);

/* The ServiceAccount that Kubernetes mounts into a pod: token and ca.crt in directory, server from the two values of the environment
 * variables KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, which may be NULL. */
int sy_access_in_cluster(const char *directory, const char *host, const char *port, struct sy_access *ret_access, struct sy_error *err);

/* Read a bearer token: white space around it is cut off, anything but visible ASCII inside is refused. *ret_token is secret. ret_stat may be
 * NULL. */
int sy_token_read(const char *path, char **ret_token, struct stat *ret_stat, struct sy_error *err);
/* NULL, or why text cannot be a bearer token. */
const char *sy_token_check(const char *text);

/* Standard base64 with optional line breaks; *ret_data is malloc'ed, NUL-terminated, and holds no NUL inside. NULL or the reason. */
const char *sy_base64_text(const char *text, char **ret_data);
/* NULL, or why text is no PEM file. */
const char *sy_pem_check(const char *text);
/* NULL, or why these two are no certificate with its private key. */
const char *sy_key_pair_check(const char *cert_pem, const char *key_pem);

#endif
