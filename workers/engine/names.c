#include "names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ROOT_CA "kube-root-ca.crt"
#define ROOT_CA_DOWN "kcp-root-ca.crt"
#define TOKEN "default-token-"
#define TOKEN_MARK "kcp-"

bool sy_namespace_excluded(const char *ns)
{
	static const char *const excluded[] = {"kube-system", "kube-public", "kube-node-lease", "kcp-system"};
	for (size_t i = 0; i < sizeof(excluded) / sizeof(*excluded); i++)
		if (strcmp(ns, excluded[i]) == 0)
			return true;
	return false;
}

bool sy_name_usable(const char *name, size_t max)
{
	size_t len = strnlen(name, max + 1);
	if (len == 0 || len > max || *name == '=' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '/')
			return false;
	return true;
}

static bool starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static int copy(const char *prefix, const char *name, char ret_name[SY_NAME_MAX])
{
	bool fits = strlcpy(ret_name, prefix, SY_NAME_MAX) < SY_NAME_MAX && strlcat(ret_name, name, SY_NAME_MAX) < SY_NAME_MAX;

	return fits ? 0 : -ENAMETOOLONG;
}

/* kube-root-ca.crt exists in every namespace of both sides and belongs to the servers. */
static int map_configmap(const struct sy_names *names, enum sy_direction direction, const char *name, char *ret_name)
{
	const char *here = direction == SY_DOWN ? ROOT_CA : ROOT_CA_DOWN;
	const char *there = direction == SY_DOWN ? ROOT_CA_DOWN : ROOT_CA;
	if (strcmp(name, here) == 0 && names->sync_root_ca)
		return copy("", there, ret_name);
	if (strcmp(name, ROOT_CA) == 0 || (strcmp(name, there) == 0 && names->sync_root_ca))
		return -ENOENT; /* a tenant's own kcp-root-ca.crt would land on the copy */
	return copy("", name, ret_name);
}

static int map_secret(const struct sy_names *names, enum sy_direction direction, const char *name, char *ret_name)
{
	bool moved = starts(name, TOKEN_MARK TOKEN);
	if (!names->sync_tokens || (!moved && !starts(name, TOKEN)))
		return copy("", name, ret_name);
	if (direction == SY_DOWN)
		return moved ? -ENOENT : copy(TOKEN_MARK, name, ret_name);
	return moved ? copy("", name + strlen(TOKEN_MARK), ret_name) : -ENOENT;
}

int sy_name_map(const struct sy_names *names, enum sy_direction direction, const char *name, char ret_name[SY_NAME_MAX])
{
	if (!sy_name_usable(name, SY_NAME_MAX - 1))
		return -EINVAL;
	if (names->configmaps)
		return map_configmap(names, direction, name, ret_name);
	if (names->secrets)
		return map_secret(names, direction, name, ret_name);
	if (names->naming != SY_NAMING_PREFIXED)
		return copy("", name, ret_name);
	char prefix[SY_NAME_MAX];
	int rc = copy(names->prefix, "-", prefix);
	if (rc)
		return rc;
	if (direction == SY_DOWN)
		return copy(prefix, name, ret_name);
	return starts(name, prefix) && name[strlen(prefix)] ? copy("", name + strlen(prefix), ret_name) : -ENOENT;
}
