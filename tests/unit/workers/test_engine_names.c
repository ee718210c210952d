#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "engine/names.h"

struct row {
	struct sy_names names;
	enum sy_direction direction;
	const char *from;
	const char *to; /* NULL: rc */
	int rc;
};

#define PREFIX "kcp-329w0fihijn8"
#define PLAIN                                                                                                                              \
	{                                                                                                                                  \
		.prefix = PREFIX                                                                                                           \
	}
#define PREFIXED                                                                                                                           \
	{                                                                                                                                  \
		.prefix = PREFIX, .naming = SY_NAMING_PREFIXED                                                                             \
	}
#define CONFIGMAPS                                                                                                                         \
	{                                                                                                                                  \
		.configmaps = true                                                                                                         \
	}
#define CONFIGMAPS_CA                                                                                                                      \
	{                                                                                                                                  \
		.configmaps = true, .sync_root_ca = true                                                                                   \
	}
#define SECRETS                                                                                                                            \
	{                                                                                                                                  \
		.secrets = true                                                                                                            \
	}
#define SECRETS_TOKENS                                                                                                                     \
	{                                                                                                                                  \
		.secrets = true, .sync_tokens = true                                                                                       \
	}

static const struct row rows[] = {
	{PLAIN, SY_DOWN, "web", "web", 0},
	{PLAIN, SY_UP, "web", "web", 0},
	{PLAIN, SY_DOWN, "kube-root-ca.crt", "kube-root-ca.crt", 0}, /* of another kind it is a name like others */
	{PREFIXED, SY_DOWN, "web", PREFIX "-web", 0},
	{PREFIXED, SY_UP, PREFIX "-web", "web", 0},
	{PREFIXED, SY_UP, "web", NULL, -ENOENT},
	{PREFIXED, SY_UP, PREFIX "-", NULL, -ENOENT},
	{CONFIGMAPS, SY_DOWN, "kube-root-ca.crt", NULL, -ENOENT},
	{CONFIGMAPS, SY_UP, "kube-root-ca.crt", NULL, -ENOENT},
	{CONFIGMAPS, SY_DOWN, "kcp-root-ca.crt", "kcp-root-ca.crt", 0},
	{CONFIGMAPS_CA, SY_DOWN, "kube-root-ca.crt", "kcp-root-ca.crt", 0},
	{CONFIGMAPS_CA, SY_UP, "kcp-root-ca.crt", "kube-root-ca.crt", 0},
	{CONFIGMAPS_CA, SY_DOWN, "kcp-root-ca.crt", NULL, -ENOENT}, /* would land on the copy */
	{CONFIGMAPS_CA, SY_UP, "kube-root-ca.crt", NULL, -ENOENT},  /* the cluster's own */
	{CONFIGMAPS_CA, SY_DOWN, "app", "app", 0},
	{SECRETS, SY_DOWN, "default-token-abc", "default-token-abc", 0},
	{SECRETS_TOKENS, SY_DOWN, "default-token-abc", "kcp-default-token-abc", 0},
	{SECRETS_TOKENS, SY_UP, "kcp-default-token-abc", "default-token-abc", 0},
	{SECRETS_TOKENS, SY_UP, "default-token-abc", NULL, -ENOENT},
	{SECRETS_TOKENS, SY_DOWN, "kcp-default-token-abc", NULL, -ENOENT},
	{SECRETS_TOKENS, SY_DOWN, "app", "app", 0},
	{PLAIN, SY_DOWN, "", NULL, -EINVAL},
	{PLAIN, SY_DOWN, "..", NULL, -EINVAL},
	{PLAIN, SY_DOWN, "a/b", NULL, -EINVAL},
	{PLAIN, SY_DOWN, "=a", NULL, -EINVAL},
	{PLAIN, SY_DOWN, "a\nb", NULL, -EINVAL},
};

static void maps_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char name[SY_NAME_MAX] = "untouched";
		int rc = sy_name_map(&rows[i].names, rows[i].direction, rows[i].from, name);
		if (rc != rows[i].rc || strcmp(name, rows[i].to ? rows[i].to : "untouched") != 0)
			fail_msg("row %zu: %s -> %d %s", i, rows[i].from, rc, name);
	}
}

/* What goes down comes up as the same name. */
static void is_bidirectional(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char there[SY_NAME_MAX], back[SY_NAME_MAX];
		if (sy_name_map(&rows[i].names, rows[i].direction, rows[i].from, there))
			continue;
		assert_int_equal(sy_name_map(&rows[i].names, rows[i].direction == SY_DOWN ? SY_UP : SY_DOWN, there, back), 0);
		assert_string_equal(back, rows[i].from);
	}
}

static void refuses_names_that_grow_too_long(void **state)
{
	(void)state;
	const struct sy_names prefixed = PREFIXED, plain = PLAIN;
	char name[SY_NAME_MAX] = {0}, out[SY_NAME_MAX];
	memset(name, 'a', 253 - strlen(PREFIX) - 1);
	assert_int_equal(sy_name_map(&prefixed, SY_DOWN, name, out), 0);
	assert_int_equal(strlen(out), 253);
	name[strlen(name)] = 'a';
	assert_int_equal(sy_name_map(&prefixed, SY_DOWN, name, out), -ENAMETOOLONG);
	memset(name, 'a', 253);
	assert_int_equal(sy_name_map(&plain, SY_DOWN, name, out), 0);
}

static void leaves_the_servers_namespaces(void **state)
{
	(void)state;
	assert_true(sy_namespace_excluded("kube-system"));
	assert_true(sy_namespace_excluded("kcp-system"));
	assert_false(sy_namespace_excluded("default"));
	assert_false(sy_namespace_excluded("kube-system2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_every_row),
		cmocka_unit_test(is_bidirectional),
		cmocka_unit_test(refuses_names_that_grow_too_long),
		cmocka_unit_test(leaves_the_servers_namespaces),
	};
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
