#include "kcp/ids.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "kcp/base_n.h"

#define NAME_MAX_BYTES 253 /* of a Kubernetes object name; uids and namespaces are shorter */
#define LOCATOR_MAX 2048

/* Values go into the locator and into hashed text as they are. */
static int check_value(const char *what, const char *value, size_t max, bool required, struct sy_error *err)
{
	static const char allowed[] = "-.:0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (!value || !value[0])
		return required ? sy_error_set(err, EINVAL, "%s is empty", what) : 0;
	if (strnlen(value, max + 1) > max)
		return sy_error_set(err, EINVAL, "%s is longer than %zu characters", what, max);
	if (value[strspn(value, allowed)])
		return sy_error_set(err, EINVAL, "%s \"%s\" has a character outside [-a-zA-Z0-9.:]", what, value);
	return 0;
}

static int digest_error(int ret, struct sy_error *err)
{
	return ret < 0 ? sy_error_set(err, -ret, "SHA-224 is not available in OpenSSL") : 0;
}

static int base62_name(const char *text, char ret_name[SY_KEY_MAX], struct sy_error *err)
{
	char full[SY_DIGEST_TEXT_MAX];
	int ret = digest_error(sy_digest_base62(text, full), err);

	if (ret < 0)
		return ret;
	strlcpy(ret_name, full, SY_KEY_MAX); /* at most 38 digits by the size of the digest */
	return 0;
}

int sy_key_of_target(const char *cluster, const char *name, char ret_key[SY_KEY_MAX], struct sy_error *err)
{
	char text[SY_MAX_CLUSTER_NAME + NAME_MAX_BYTES + 2];
	int ret = check_value("logical cluster", cluster, SY_MAX_CLUSTER_NAME, true, err);

	if (ret == 0)
		ret = check_value("SyncTarget name", name, NAME_MAX_BYTES, true, err);
	if (ret < 0)
		return ret;
	snprintf(text, sizeof(text), "%s:%s", cluster, name);
	return base62_name(text, ret_key, err);
}

int sy_key_of_direct(const char *direct_name, char ret_key[SY_KEY_MAX], struct sy_error *err)
{
	char text[NAME_MAX_BYTES + 8];
	int ret = check_value("direct.name", direct_name, NAME_MAX_BYTES, true, err);

	if (ret < 0)
		return ret;
	snprintf(text, sizeof(text), "direct:%s", direct_name);
	return base62_name(text, ret_key, err);
}

static int check_locator(const struct sy_target_id *target, const char *cluster, const char *ns, struct sy_error *err)
{
	int ret = check_value("logical cluster of the SyncTarget", target->cluster, SY_MAX_CLUSTER_NAME, false, err);

	if (ret == 0)
		ret = check_value("SyncTarget name", target->name, NAME_MAX_BYTES, true, err);
	if (ret == 0)
		ret = check_value("SyncTarget uid", target->uid, NAME_MAX_BYTES, true, err);
	if (ret == 0)
		ret = check_value("logical cluster", cluster, SY_MAX_CLUSTER_NAME, true, err);
	if (ret == 0)
		ret = check_value("namespace", ns, NAME_MAX_BYTES, false, err);
	return ret;
}

/* The key order and the missing blanks are part of the contract: the text is hashed. */
static int build_locator(const struct sy_target_id *target, const char *cluster, const char *ns, struct sy_buf *out, struct sy_error *err)
{
	int ret = check_locator(target, cluster, ns, err);

	if (ret < 0)
		return ret;
	ret = sy_buf_add_str(out, "{\"syncTarget\":{");
	if (ret == 0 && target->cluster && target->cluster[0])
		ret = sy_buf_printf(out, "\"cluster\":\"%s\",", target->cluster);
	if (ret == 0)
		ret = sy_buf_printf(out, "\"name\":\"%s\",\"uid\":\"%s\"},\"cluster\":\"%s\",\"namespace\":\"%s\"}", target->name,
				    target->uid, cluster, ns ? ns : "");
	return ret < 0 ? sy_error_set(err, -ret, "namespace locator: %s", strerror(-ret)) : 0;
}

int sy_locator(const struct sy_target_id *target, const char *cluster, const char *ns, char **ret_locator, struct sy_error *err)
{
	struct sy_buf out;

	sy_buf_init(&out, LOCATOR_MAX);
	int ret = build_locator(target, cluster, ns, &out, err);
	if (ret < 0) {
		sy_buf_done(&out);
		return ret;
	}
	*ret_locator = sy_buf_take(&out);
	return 0;
}

int sy_tenant_id(const struct sy_target_id *target, const char *cluster, char ret_tenant[SY_KEY_MAX], struct sy_error *err)
{
	sy_auto_free char *locator = NULL;
	int ret = sy_locator(target, cluster, "", &locator, err);

	return ret < 0 ? ret : base62_name(locator, ret_tenant, err);
}

int sy_downstream_namespace(const struct sy_target_id *target, const char *cluster, const char *ns, char ret_namespace[SY_NAMESPACE_MAX],
			    struct sy_error *err)
{
	sy_auto_free char *locator = NULL;
	char full[SY_DIGEST_TEXT_MAX];
	int ret = sy_locator(target, cluster, ns, &locator, err);

	if (ret == 0)
		ret = digest_error(sy_digest_base36(locator, full), err);
	if (ret < 0)
		return ret;
	snprintf(ret_namespace, SY_NAMESPACE_MAX, "kcp-%.12s", full);
	return 0;
}

int sy_syncer_id(const char *target_name, const char *target_uid, char ret_id[SY_SYNCER_ID_MAX], struct sy_error *err)
{
	char full[SY_DIGEST_TEXT_MAX];
	int ret = check_value("SyncTarget name", target_name, NAME_MAX_BYTES, true, err);

	if (ret == 0)
		ret = check_value("SyncTarget uid", target_uid, NAME_MAX_BYTES, true, err);
	if (ret == 0)
		ret = digest_error(sy_digest_base36(target_uid, full), err);
	if (ret < 0)
		return ret;
	int len = snprintf(ret_id, SY_SYNCER_ID_MAX, "kcp-syncer-%s-%.8s", target_name, full);
	if (len >= SY_SYNCER_ID_MAX) {
		ret_id[0] = '\0';
		return sy_error_set(err, EINVAL, "SyncTarget name \"%s\" is longer than 43 characters: its syncer id would exceed 63",
				    target_name);
	}
	return 0;
}
