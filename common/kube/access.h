/* How to reach one API server and as whom. Plain data: made from a kubeconfig by the supervisor, carried to a worker in its boot
 * message, given to sy_kube_new. */
#ifndef SY_KUBE_ACCESS_H
#define SY_KUBE_ACCESS_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "json/json.h"

struct sy_access {
	char *server;	       /* "https://host:port" with optional path, no trailing slash */
	char *ca_pem;	       /* NULL: the system's CAs (costs a worker 830 KiB) */
	char *cert_pem;	       /* client certificate and key, both or neither */
	char *key_pem;	       /* secret */
	char *token;	       /* secret; bearer token */
	char *token_file;      /* where the supervisor re-reads the token; never sent to a worker */
	char *proxy_url;       /* may hold a secret */
	char *tls_server_name; /* NULL: host of the URL */
	bool insecure;	       /* skip TLS verification; only after the configuration said so twice */
};

void sy_access_done(struct sy_access *access); /* frees and clears; secrets are wiped */
int sy_access_copy(const struct sy_access *from, struct sy_access *ret_to, struct sy_error *err);
bool sy_access_equal(const struct sy_access *a, const struct sy_access *b);

/* JSON form used in the boot and credentials messages (without token_file). Strict: unknown members are errors. */
int sy_access_encode(const struct sy_access *access, json_object **ret_value, struct sy_error *err);
int sy_access_decode(json_object *value, struct sy_access *ret_access, struct sy_error *err);

#endif
