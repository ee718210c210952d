/* Plain data: how to reach one API server and as whom. */
#include <errno.h>
#include <string.h>

#include "kube/access.h"

struct field {
	const char *name;
	size_t offset;
	bool secret;
	bool local; /* stays in the process that read it */
};

#define FIELD(member, key, is_secret, is_local)                                                                                            \
	{                                                                                                                                  \
		key, offsetof(struct sy_access, member), is_secret, is_local                                                               \
	}

static const struct field fields[] = {
	FIELD(server, "server", false, false),	   FIELD(ca_pem, "ca", false, false),
	FIELD(cert_pem, "cert", false, false),	   FIELD(key_pem, "key", true, false),
	FIELD(token, "token", true, false),	   FIELD(token_file, "tokenFile", false, true),
	FIELD(proxy_url, "proxyURL", true, false), FIELD(tls_server_name, "tlsServerName", false, false),
};

#define FIELD_COUNT (sizeof(fields) / sizeof(*fields))

static char **member(struct sy_access *access, const struct field *field)
{
	return (char **)(void *)((char *)access + field->offset);
}

static const char *value(const struct sy_access *access, const struct field *field)
{
	return *(const char *const *)(const void *)((const char *)access + field->offset);
}

void sy_access_done(struct sy_access *access)
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		char **text = member(access, &fields[i]);

		if (*text && fields[i].secret)
			explicit_bzero(*text, strlen(*text));
		free(*text);
		*text = NULL;
	}
	access->insecure = false;
}

int sy_access_copy(const struct sy_access *from, struct sy_access *ret_to, struct sy_error *err)
{
	struct sy_access copy = {.insecure = from->insecure};

	for (size_t i = 0; i < FIELD_COUNT; i++) {
		const char *text = value(from, &fields[i]);

		if (!text)
			continue;
		*member(&copy, &fields[i]) = strdup(text);
		if (!value(&copy, &fields[i])) {
			sy_access_done(&copy);
			return sy_error_oom(err);
		}
	}
	*ret_to = copy;
	return 0;
}

bool sy_access_equal(const struct sy_access *a, const struct sy_access *b)
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		const char *x = value(a, &fields[i]), *y = value(b, &fields[i]);

		if (!x != !y || (x && strcmp(x, y) != 0))
			return false;
	}
	return a->insecure == b->insecure;
}

int sy_access_encode(const struct sy_access *access, json_object **ret_value, struct sy_error *err)
{
	sy_auto_json json_object *obj = json_object_new_object();

	if (!obj)
		return sy_error_oom(err);
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (!fields[i].local && sy_json_add_str(obj, fields[i].name, value(access, &fields[i])) < 0)
			return sy_error_oom(err);
	if (access->insecure && sy_json_add_bool(obj, "insecure", true) < 0)
		return sy_error_oom(err);
	*ret_value = sy_take_ptr(obj);
	return 0;
}

static const struct field *find_field(const char *name)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (!fields[i].local && strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

/* Error texts name the member, never its content. */
static int decode_member(struct sy_access *access, const char *name, json_object *item, struct sy_error *err)
{
	if (strcmp(name, "insecure") == 0) {
		if (!json_object_is_type(item, json_type_boolean))
			return sy_error_set(err, EINVAL, "access.insecure: must be a boolean");
		access->insecure = json_object_get_boolean(item);
		return 0;
	}
	const struct field *field = find_field(name);
	if (!field)
		return sy_error_set(err, EINVAL, "access.%.64s: unknown member", name);
	if (!json_object_is_type(item, json_type_string))
		return sy_error_set(err, EINVAL, "access.%s: must be a string", name);
	const char *text = json_object_get_string(item);
	if (strlen(text) != (size_t)json_object_get_string_len(item))
		return sy_error_set(err, EINVAL, "access.%s: has a NUL character", name);
	if (!*text)
		return sy_error_set(err, EINVAL, "access.%s: must not be empty", name);
	*member(access, field) = strdup(text);
	return value(access, field) ? 0 : sy_error_oom(err);
}

static int check(const struct sy_access *access, struct sy_error *err)
{
	if (!access->server)
		return sy_error_set(err, EINVAL, "access.server: is missing");
	if (!access->cert_pem != !access->key_pem)
		return sy_error_set(err, EINVAL, "access: cert and key must be given together");
	return 0;
}

int sy_access_decode(json_object *value_json, struct sy_access *ret_access, struct sy_error *err)
{
	struct sy_access access = {0};
	int r = 0;

	if (!json_object_is_type(value_json, json_type_object))
		return sy_error_set(err, EINVAL, "access: must be an object");
	json_object_object_foreach(value_json, name, item)
	{
		r = decode_member(&access, name, item, err);
		if (r < 0)
			break;
	}
	if (r == 0)
		r = check(&access, err);
	if (r < 0) {
		sy_access_done(&access);
		return r;
	}
	*ret_access = access;
	return 0;
}
