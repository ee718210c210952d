/* Shared by the tests of proto/: sample values and a table runner that damages one member of a good message at a time. */
#ifndef SY_TESTS_PROTO_SAMPLE_H
#define SY_TESTS_PROTO_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "proto/plan.h"

struct damage {
	const char *at;	  /* RFC 6901 pointer */
	const char *json; /* new value, NULL = remove the member */
	const char *want; /* must be part of the error */
};

static inline json_object *parse(const char *text)
{
	json_object *value = NULL;
	struct sy_error err = {0};

	if (sy_json_parse(text, strlen(text), 1 << 24, &value, &err) < 0)
		fail_msg("bad JSON in the test: %s: %s", text, err.text);
	return value;
}

/* One damaged copy of good. Owned by the caller. */
static inline json_object *damaged(const char *good, const struct damage *damage)
{
	json_object *value = parse(good);

	if (!damage->json)
		assert_int_equal(sy_json_remove(value, damage->at, NULL), 0);
	else
		assert_int_equal(json_pointer_set(&value, damage->at, parse(damage->json)), 0);
	return value;
}

static inline void expect_refusal(int rc, const struct sy_error *err, const struct damage *damage)
{
	if (rc != -EINVAL || !strstr(err->text, damage->want))
		fail_msg("%s = %s: rc %d, error \"%s\", wanted \"%s\"", damage->at, damage->json ? damage->json : "(removed)", rc,
			 err->text, damage->want);
}

/* A string of n times 'a', in quotes. */
static inline const char *long_string(size_t n, char *out)
{
	out[0] = '"';
	memset(out + 1, 'a', n);
	memcpy(out + 1 + n, "\"", 2);
	return out;
}

#define SAMPLE_PLAN                                                                                                                        \
	"{\"generation\":7,\"mode\":\"run\",\"removal\":\"delete\",\"upstreamGone\":false,\"cluster\":\"1ld2ccjgd5zd9iq2\","               \
	"\"path\":\"root:org:team\",\"targetCluster\":\"2emvxyuo2bnz6kxr\",\"targetName\":\"edge-1\",\"targetUid\":\"1111-2222\","         \
	"\"key\":\"c5NCXBde8yeGv9QVAlh4WsGWVssdAXY6k1ZlGD\",\"namespaceCleanDelayMs\":30000,\"guard\":true,\"approved\":3,\"held\":["      \
	"\"widgets.example.dev\"],"                                                                                                        \
	"\"keepNamespaces\":false,\"syncRootCa\":"                                                                                         \
	"false,"                                                                                                                           \
	"\"syncServiceAccountTokens\":true,\"namespaceLabels\":{\"team\":\"a\"},\"resources\":[{\"group\":\"example.dev\","                \
	"\"version\":\"v1alpha1\",\"resource\":\"widgets\",\"kind\":\"Widget\","                                                           \
	"\"upBase\":\"https://kcp:6443/services/apiexport/x/y/clusters/1ld2ccjgd5zd9iq2\",\"origin\":\"root:org:exp\","                    \
	"\"namespaced\":true,\"upStatus\":true,\"claimed\":false,\"upGone\":false,\"orphan\":false,\"releaseAll\":false,\"role\":"         \
	"\"sync\",\"events\":true,\"translateGeneration\":true,\"naming\":\"same\","                                                       \
	"\"ignoreFields\":[\"/spec/replicas\"]},{\"group\":\"\",\"version\":\"v1\",\"resource\":\"configmaps\",\"kind\":\"ConfigMap\","    \
	"\"upBase\":\"https://kcp:6443/services/apiexport/x/y/clusters/1ld2ccjgd5zd9iq2\",\"origin\":\"\",\"namespaced\":true,"            \
	"\"upStatus\":false,\"claimed\":true,\"upGone\":true,\"orphan\":true,\"releaseAll\":true,\"role\":\"removed\","                    \
	"\"events\":false,\"translateGeneration\":false,\"naming\":\"prefixed\","                                                          \
	"\"ignoreFields\":[]}]}"

static inline void sample_plan(struct sy_plan *ret_plan)
{
	sy_auto_json json_object *value = parse(SAMPLE_PLAN);
	struct sy_error err = {0};

	if (sy_plan_decode(value, ret_plan, &err) < 0)
		fail_msg("sample plan: %s", err.text);
}

#endif
