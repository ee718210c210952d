/* What a client shows and trusts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "http/internal.h"

#define MAX_TOKEN_BYTES (64u * 1024)

static void wipe(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static void identity_free(struct sy_http_identity *identity)
{
	free(identity->ca_pem);
	free(identity->cert_pem);
	wipe(identity->key_pem);
	wipe(identity->token);
	wipe(identity->auth_header);
	free(identity->proxy_url);
	wipe(identity->proxy_user);
	wipe(identity->proxy_password);
	free(identity->tls_server_name);
	free(identity->user_agent);
	free(identity);
}

static int copy(char **ret_copy, const char *text, struct sy_error *err)
{
	if (!text)
		return 0;
	*ret_copy = strdup(text);
	return *ret_copy ? 0 : sy_error_oom(err);
}

/* What ends up in a header line must not be able to start another one. */
static bool is_header_text(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
			return false;
	return true;
}

static int set_token(struct sy_http_identity *identity, const char *token, struct sy_error *err)
{
	if (!token || !*token)
		return 0;
	if (!is_header_text(token) || strchr(token, ' '))
		return sy_error_set(err, EINVAL, "the bearer token has a character that is not allowed in a token");
	if (copy(&identity->token, token, err) < 0)
		return -ENOMEM;
	/* One allocation of the final size: growing would leave unwiped copies behind. */
	size_t size = strlen(token) + sizeof("Authorization: Bearer ");
	if (size > MAX_TOKEN_BYTES)
		return sy_error_set(err, EINVAL, "the bearer token is longer than %u bytes", MAX_TOKEN_BYTES);
	identity->auth_header = malloc(size);
	if (!identity->auth_header)
		return sy_error_oom(err);
	memcpy(identity->auth_header, "Authorization: Bearer ", sizeof("Authorization: Bearer "));
	memcpy(identity->auth_header + sizeof("Authorization: Bearer ") - 1, token, strlen(token) + 1);
	return 0;
}

/* Take one optional part out of a URL into *ret_part. */
static int take_part(CURLU *url, CURLUPart part, char **ret_part, struct sy_error *err)
{
	char *text = NULL;
	int r = 0;

	if (curl_url_get(url, part, &text, CURLU_URLDECODE) != CURLUE_OK)
		return 0;
	r = copy(ret_part, text, err);
	explicit_bzero(text, strlen(text));
	curl_free(text);
	if (r == 0 && curl_url_set(url, part, NULL, 0) != CURLUE_OK)
		r = sy_error_set(err, EINVAL, "the proxy URL cannot be taken apart");
	return r;
}

/* User and password travel separately, so that no error text of the library can show them. */
static int set_proxy_parts(struct sy_http_identity *identity, CURLU *url, struct sy_error *err)
{
	static const char *const schemes[] = {"http", "https", "socks5", "socks5h"};
	char *scheme = NULL, *text = NULL;
	bool known = false;

	if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
		return sy_error_set(err, EINVAL, "the proxy URL has no scheme");
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		known = known || strcmp(schemes[i], scheme) == 0;
	curl_free(scheme);
	if (!known)
		return sy_error_set(err, EINVAL, "the proxy URL's scheme is none of http, https, socks5, socks5h");
	int r = take_part(url, CURLUPART_USER, &identity->proxy_user, err);
	if (r == 0)
		r = take_part(url, CURLUPART_PASSWORD, &identity->proxy_password, err);
	if (r < 0)
		return r;
	if (curl_url_get(url, CURLUPART_URL, &text, 0) != CURLUE_OK)
		return sy_error_set(err, EINVAL, "the proxy URL cannot be taken apart");
	r = copy(&identity->proxy_url, text, err);
	curl_free(text);
	return r;
}

static int set_proxy(struct sy_http_identity *identity, const char *proxy_url, struct sy_error *err)
{
	if (!proxy_url || !*proxy_url)
		return 0;
	CURLU *url = curl_url();
	if (!url)
		return sy_error_oom(err);
	int r;
	if (curl_url_set(url, CURLUPART_URL, proxy_url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		r = sy_error_set(err, EINVAL, "the proxy URL is malformed");
	else
		r = set_proxy_parts(identity, url, err);
	curl_url_cleanup(url);
	return r;
}

static int fill(struct sy_http_identity *identity, const struct sy_http_identity_spec *spec, struct sy_error *err)
{
	if (!spec->cert_pem != !spec->key_pem)
		return sy_error_set(err, EINVAL, "a client certificate and its key must be given together");
	if (spec->user_agent && !is_header_text(spec->user_agent))
		return sy_error_set(err, EINVAL, "the user agent has a character that is not allowed in a header");
	if (spec->tls_server_name && strpbrk(spec->tls_server_name, "/:@?#[]\\ \r\n\t"))
		return sy_error_set(err, EINVAL, "the TLS server name is not a host name");
	identity->insecure = spec->insecure;
	if (copy(&identity->ca_pem, spec->ca_pem, err) < 0 || copy(&identity->cert_pem, spec->cert_pem, err) < 0 ||
	    copy(&identity->key_pem, spec->key_pem, err) < 0 || copy(&identity->tls_server_name, spec->tls_server_name, err) < 0 ||
	    copy(&identity->user_agent, spec->user_agent, err) < 0)
		return -ENOMEM;
	int r = set_token(identity, spec->token, err);
	if (r < 0)
		return r;
	return set_proxy(identity, spec->proxy_url, err);
}

int sy_http_identity_new(struct sy_http_identity **ret_identity, const struct sy_http_identity_spec *spec, struct sy_error *err)
{
	struct sy_http_identity *identity = calloc(1, sizeof(*identity));

	if (!identity)
		return sy_error_oom(err);
	identity->refs = 1;
	int r = fill(identity, spec, err);
	if (r < 0) {
		identity_free(identity);
		return r;
	}
	*ret_identity = identity;
	return 0;
}

struct sy_http_identity *sy_http_identity_ref(struct sy_http_identity *identity)
{
	identity->refs++;
	return identity;
}

void sy_http_identity_unref(struct sy_http_identity *identity)
{
	if (identity && --identity->refs == 0)
		identity_free(identity);
}

bool sy_http_identity_leaks(const struct sy_http_identity *identity, const char *text)
{
	return (identity->token && strstr(text, identity->token)) ||
	       (identity->proxy_password && *identity->proxy_password && strstr(text, identity->proxy_password));
}
