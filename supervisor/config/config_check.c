#include "supervisor/config/config_check.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "httpd/httpd.h"
#include "kcp/ids.h"

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_word(char c)
{
	return is_lower(c) || is_digit(c);
}

/* [a-z0-9]([-a-z0-9]*[a-z0-9])? of at most max characters */
static bool is_label(const char *text, size_t len, size_t max)
{
	if (len == 0 || len > max || !is_word(text[0]) || !is_word(text[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_word(text[i]) && text[i] != '-')
			return false;
	return true;
}

static bool is_subdomain(const char *text)
{
	if (strlen(text) > 253)
		return false;
	for (;;) {
		size_t len = strcspn(text, ".");

		if (!is_label(text, len, 63))
			return false;
		if (text[len] == '\0')
			return true;
		text += len + 1;
	}
}

const char *sy_config_check_workspace(const char *text)
{
	size_t len = strlen(text);

	if (len == 0)
		return "is empty: name a workspace by its path (root:org:team) or its logical cluster name";
	if (sy_workspace_path_valid(text) || sy_cluster_name_valid(text))
		return NULL;
	if (strcmp(text, "*") == 0)
		return "is \"*\": all workspaces at once cannot be named here; list each by its path (root:org:team)";
	if (text[0] == ':')
		return "begins with a colon: paths begin with the first workspace's name (root:org:team)";
	if (text[len - 1] == ':')
		return "ends with a colon: remove it or add the name that is missing";
	if (strstr(text, "::"))
		return "has an empty part between two colons";
	for (size_t i = 0; i < len; i++) {
		if (is_upper(text[i]))
			return "has an upper-case letter: workspace names have only a-z, 0-9 and \"-\"";
		if (text[i] == '/')
			return "has a slash: the parts of a workspace path are separated by colons (root:org:team)";
		if (text[i] == '*')
			return "has a \"*\": patterns are not supported; list each workspace";
		if (!is_word(text[i]) && text[i] != '-' && text[i] != ':')
			return "has a character that workspace names cannot have: only a-z, 0-9, \"-\", and \":\" between the parts";
	}
	return "is not a workspace path or name: each part has 1 to 63 characters and begins and ends with a letter or digit";
}

const char *sy_config_check_target_name(const char *text)
{
	if (!is_subdomain(text))
		return "is not an object name (a-z, 0-9, \"-\" and \".\", at most 43 characters)";
	return strlen(text) <= 43 ? NULL : "is longer than the 43 characters that a SyncTarget's name may have";
}

const char *sy_config_check_direct_name(const char *text)
{
	return is_label(text, strlen(text), 63) ? NULL : "is not a name (a-z, 0-9 and \"-\", at most 63 characters)";
}

const char *sy_config_check_uid(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	static const char reason[] = "is not a UUID in lower case; make one with uuidgen(1) and never change it";

	if (strlen(text) != sizeof(form) - 1)
		return reason;
	for (size_t i = 0; text[i]; i++) {
		bool hex = is_digit(text[i]) || (text[i] >= 'a' && text[i] <= 'f');

		if (form[i] == '-' ? text[i] != '-' : !hex)
			return reason;
	}
	return NULL;
}

const char *sy_config_check_group(const char *text)
{
	return text[0] == '\0' || is_subdomain(text) ? NULL : "is not an API group such as example.dev (\"\" is the core group)";
}

const char *sy_config_check_version(const char *text)
{
	return is_lower(text[0]) && is_label(text, strlen(text), 63) ? NULL : "is not an API version such as v1 or v1alpha1";
}

const char *sy_config_check_resource(const char *text)
{
	if (strchr(text, '/'))
		return "names a subresource: name the resource alone, status is synced with it";
	if (strchr(text, '.'))
		return "has a dot: the API group has a key of its own";
	return is_lower(text[0]) && is_label(text, strlen(text), 63) ? NULL
								     : "is not the plural of a resource in lower case, such as widgets";
}

const char *sy_config_check_claim(const char *text)
{
	return strcmp(text, "configmaps") == 0 || strcmp(text, "secrets") == 0 ? NULL : "must be configmaps or secrets";
}

const char *sy_config_check_claim_name(const char *text)
{
	static const char reason[] = "is not <resource> or <resource>.<group>, such as configmaps or widgets.example.dev";
	size_t len = strcspn(text, ".");

	if (!is_lower(text[0]) || !is_label(text, len, 63))
		return reason;
	return text[len] == '\0' || is_subdomain(text + len + 1) ? NULL : reason;
}

const char *sy_config_check_ignore_field(const char *text)
{
	static const char *const needed[] = {"/apiVersion", "/kind", "/metadata", "/metadata/name", "/metadata/namespace"};

	if (text[0] != '/' || text[1] == '\0')
		return "is not a JSON pointer such as /spec/replicas";
	for (const char *p = text; *p; p++)
		if (*p == '~' && p[1] != '0' && p[1] != '1')
			return "has a \"~\" that is not ~0 or ~1 (JSON pointer, RFC 6901)";
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (strcmp(text, needed[i]) == 0)
			return "names a field that every object needs";
	return NULL;
}

/* [A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?, at most 63 characters */
static bool is_label_part(const char *text, size_t len)
{
	if (len == 0 || len > 63)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool word = is_word(text[i]) || is_upper(text[i]);

		if (!word && (i == 0 || i == len - 1 || !strchr("-._", text[i])))
			return false;
	}
	return true;
}

const char *sy_config_check_label_key(const char *text)
{
	const char *slash = strchr(text, '/');
	const char *name = slash ? slash + 1 : text;
	char prefix[254];
	size_t len = slash ? (size_t)(slash - text) : 0;

	if (!is_label_part(name, strlen(name)) || (slash && (len == 0 || len >= sizeof(prefix))))
		return "is not a label key such as example.dev/team";
	if (!slash)
		return NULL;
	memcpy(prefix, text, len);
	prefix[len] = '\0';
	if (!is_subdomain(prefix))
		return "is not a label key such as example.dev/team";
	if (strcmp(prefix, "kcp.io") == 0 || (len > 7 && strcmp(prefix + len - 7, ".kcp.io") == 0))
		return "begins with kcp.io/ or a subdomain of it: these labels belong to the syncer";
	return NULL;
}

const char *sy_config_check_label_value(const char *text)
{
	return text[0] == '\0' || is_label_part(text, strlen(text))
		       ? NULL
		       : "is not a label value (at most 63 of A-Z, a-z, 0-9, \"-\", \"_\", \".\")";
}

const char *sy_config_check_socket(const char *text)
{
	return strlen(text) < sizeof(((struct sockaddr_un *)0)->sun_path) ? NULL : "is too long for a Unix socket (at most 107 characters)";
}

const char *sy_config_check_listen(const char *text)
{
	static const char unix_form[] = "unix:";
	struct sy_httpd_address address;
	size_t len = strlen(text);

	if (len == 0)
		return NULL;
	if (strncmp(text, unix_form, strlen(unix_form)) == 0 && text[strlen(unix_form)] != '/')
		return "must have an absolute path after \"unix:\"";
	if (text[0] != 'u' && len > 2 && strcmp(text + len - 2, ":0") == 0)
		return "has the port 0: name the port that is to be asked";
	return sy_httpd_address_parse(text, &address);
}
