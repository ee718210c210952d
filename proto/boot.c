#include "proto/boot.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "proto/msg.h"
#include "proto/schema.h"

#define MAX_HEARTBEAT_MS (3600LL * 1000)

static const char *level_name_of(int level)
{
	return sy_log_level_name((enum sy_log_level)level);
}

static const char *format_name_of(int format)
{
	return sy_log_format_name((enum sy_log_format)format);
}

static int access_encode(const void *field, json_object **ret_value, struct sy_error *err)
{
	return sy_access_encode(field, ret_value, err);
}

static int access_decode(json_object *value, void *field, struct sy_error *err)
{
	return sy_access_decode(value, field, err);
}

static void access_done(void *field)
{
	sy_access_done(field);
}

static int plan_encode(const void *field, json_object **ret_value, struct sy_error *err)
{
	return sy_plan_encode(field, ret_value, err);
}

static int plan_decode(json_object *value, void *field, struct sy_error *err)
{
	return sy_plan_decode(value, field, err);
}

static void plan_done(void *field)
{
	sy_plan_done(field);
}

static const struct sy_custom access_custom = {access_encode, access_decode, access_done};
static const struct sy_custom plan_custom = {plan_encode, plan_decode, plan_done};

#define B(member) offsetof(struct sy_boot, member)

static const struct sy_field boot_fields[] = {
	{.name = "incarnation", .kind = SY_FIELD_UINT, .offset = B(incarnation)},
	{.name = "address", .offset = B(address), .limit = 107, .check = sy_check_absolute, .expected = "an absolute path"},
	{.name = "token", .secret = true, .offset = B(token), .limit = 128, .check = sy_check_word, .expected = "a token"},
	{.name = "userAgent", .offset = B(user_agent), .limit = 256, .check = sy_check_printable, .expected = "printable ASCII"},
	{.name = "heartbeatMs", .kind = SY_FIELD_INT, .offset = B(heartbeat_ms), .limit = MAX_HEARTBEAT_MS},
	{.name = "logLevel", .kind = SY_FIELD_ENUM, .offset = B(log_level), .limit = SY_LOG_LEVEL_MAX, .name_of = level_name_of},
	{.name = "logFormat", .kind = SY_FIELD_ENUM, .offset = B(log_format), .limit = SY_LOG_FORMAT_MAX, .name_of = format_name_of},
	{.name = "upstream", .kind = SY_FIELD_CUSTOM, .offset = B(upstream), .custom = &access_custom},
	{.name = "downstream", .kind = SY_FIELD_CUSTOM, .offset = B(downstream), .custom = &access_custom},
	{.name = "plan", .kind = SY_FIELD_CUSTOM, .offset = B(plan), .custom = &plan_custom},
};
static const struct sy_record boot_record = {"boot", boot_fields, sizeof(boot_fields) / sizeof(boot_fields[0]), sizeof(struct sy_boot)};

void sy_boot_done(struct sy_boot *boot)
{
	sy_record_done(&boot_record, boot);
}

/* Only these parts: what the plan holds is shared between the tree and the struct, and is no secret. */
static void wipe_secrets(json_object *value)
{
	static const char *const secret[] = {"token", "upstream", "downstream"};

	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
		sy_json_wipe(sy_json_get(value, secret[i], NULL));
}

int sy_boot_encode(const struct sy_boot *boot, struct sy_buf *out, struct sy_error *err)
{
	sy_auto_json json_object *value = NULL;
	int rc = sy_record_encode(&boot_record, boot, &value, err);

	if (rc < 0)
		return rc;
	if (sy_json_add_int(value, "v", boot->protocol) < 0)
		rc = sy_error_oom(err);
	else
		rc = sy_json_print(value, out, err);
	wipe_secrets(value);
	return rc;
}

static int decode_value(json_object *value, struct sy_boot *boot, struct sy_error *err)
{
	int64_t protocol = 0;

	/* The version first: what another version may have written is not worth a guess. */
	if (!sy_json_int(value, &protocol, "v", NULL))
		return sy_error_set(err, EINVAL, "boot.v: missing or no number");
	if (protocol != SY_PROTO_VERSION)
		return sy_error_set(err, EPROTO,
				    "boot.v: protocol version %lld, this program speaks %d; syncerd and syncer-worker must be of "
				    "the same release",
				    (long long)protocol, SY_PROTO_VERSION);
	json_object_object_del(value, "v");
	int rc = sy_record_decode(&boot_record, value, boot, err);
	if (rc < 0)
		return rc;
	boot->protocol = SY_PROTO_VERSION;
	if (boot->heartbeat_ms < 1) {
		sy_boot_done(boot);
		return sy_error_set(err, EINVAL, "boot.heartbeatMs: must be at least 1");
	}
	return 0;
}

int sy_boot_decode(const char *data, size_t len, struct sy_boot *ret_boot, struct sy_error *err)
{
	sy_auto_json json_object *value = NULL;
	struct sy_boot boot = {0};
	int rc = sy_json_parse(data, len, SY_MAX_IPC_BYTES, &value, err);

	if (rc < 0)
		return rc;
	rc = decode_value(value, &boot, err);
	wipe_secrets(value);
	if (rc == 0)
		*ret_boot = boot;
	return rc;
}
