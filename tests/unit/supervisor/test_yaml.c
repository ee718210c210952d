#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"
#include "json/json.h"
#include "supervisor/config/yaml.h"

/* MARKER stands where a secret could stand; no message may repeat it. */
static const struct {
	const char *text;
	const char *error;
} bad[] = {
	{"a: 1\nb: 2\na: 3\n", "f:3:1: this key stands in the mapping already (first at line 1)"},
	{"a:\n  b: {c: 1, c: 2}\n", "f:2:13: this key stands in the mapping already (first at line 2)"},
	{"a: 1\n\"a\": 3\n", "f:2:1: this key stands in the mapping already (first at line 1)"},
	{"a: 1\n  b: MARKER\n", "f:1:4: is not valid YAML: invalid multiline plain key"},
	{"token: \"MARKER \\q x\"\n", "f:1:16: is not valid YAML: invalid escape"},
	{"token: @MARKER\n", "f:1:8: is not valid YAML: plain scalar cannot start with"},
	{"token: !MARKER!x y\n", "f:1:8: is not valid YAML: undefined tag prefix"},
	{"token: !MARKER y\n", "f:1:16: this YAML tag is not supported; write the value without it"},
	{"token: !!binary MARKER\n", "f:1:17: this YAML tag is not supported; write the value without it"},
	{"%TAG MARKER\n---\na\n", "f:1:6: is not valid YAML: invalid tag"},
	{"token: \"MARKER\n", "f:1:9: is not valid YAML: double-quoted scalar without closing quote"},
	{"token: 'MARKER\n", "f:1:9: is not valid YAML: single-quoted scalar without closing quote"},
	{"a: *MARKER\n", "f:1:5: this alias has no anchor before it"},
	{"a: &MARKER [*MARKER]\n", "f:1:14: this alias stands inside the value that it names"},
	{"a: MARKER\n---\nb: 1\n", "f:2:1: holds more than one YAML document"},
	{"a: MARKER: x\n", "f:1:10: is not valid YAML: invalid nested block mapping on the same line"},
	{"\ta: MARKER\n", "f:1:1: is not valid YAML: invalid tab as indendation in a mapping"},
	{"a: {MARKER, b\n", "f:2:1: is not valid YAML: missing comma in flow mapping"},
	{"a: \"MARKER\\0y\"\n", "f:1:4: a string must not contain a NUL character"},
	{"? [MARKER]\n: b\n", "f:1:3: the key of a mapping must be a plain string"},
	{"a: MARKER\nb: \xff\n", "f:2:4: is not valid YAML: not UTF-8 text"},
	{"\xff\xfe", "f:1:1: is not valid YAML: not UTF-8 text"},
	{"a:\n  <<: MARKER\n", "f:2:3: a merge key needs a mapping or a list of mappings"},
	{"a:\n  <<: [x]\n", "f:2:3: a merge key needs a mapping or a list of mappings"},
};

static int stderr_copy = -1;
static int capture = -1;

static void stderr_begin(void)
{
	fflush(stderr);
	stderr_copy = dup(STDERR_FILENO);
	capture = memfd_create("stderr", MFD_CLOEXEC);
	assert_true(stderr_copy >= 0 && capture >= 0);
	assert_int_equal(dup2(capture, STDERR_FILENO), STDERR_FILENO);
}

/* Number of bytes that went to stderr meanwhile. */
static off_t stderr_end(void)
{
	fflush(stderr);
	off_t size = lseek(capture, 0, SEEK_END);
	assert_int_equal(dup2(stderr_copy, STDERR_FILENO), STDERR_FILENO);
	close(stderr_copy);
	close(capture);
	return size;
}

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sy_error err = {0};
		struct sy_yaml *yaml = NULL;

		stderr_begin();
		int r = sy_yaml_parse("f", bad[i].text, strlen(bad[i].text), &yaml, &err);
		off_t printed = stderr_end();
		assert_int_equal(r, -EINVAL);
		assert_string_equal(err.text, bad[i].error);
		assert_null(strstr(err.text, "MARKER"));
		assert_int_equal(printed, 0);
	}
}

/* Every prefix of a kubeconfig with a secret in it, and every variant with one byte broken: nothing is printed, nothing is repeated. */
static void test_secret_stays_inside(void **state)
{
	static const char text[] =
		"apiVersion: v1\nusers:\n- name: u\n  user:\n    token: \"MARKER\"\n    x: [a, {b: 'MARKER'}, *q, !t MARKER]\n";
	static const char breakers[] = "\"'{[]}:,&*!|>%@`#\t\\-?\n";
	char copy[sizeof(text)];
	unsigned refused = 0;

	(void)state;
	stderr_begin();
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		for (size_t k = 0; k < sizeof(breakers); k++) {
			struct sy_error err = {0};
			struct sy_yaml *yaml = NULL;

			memcpy(copy, text, sizeof(text));
			copy[i] = breakers[k];
			size_t len = breakers[k] ? sizeof(text) - 1 : i;
			if (sy_yaml_parse("f", copy, len, &yaml, &err) == 0) {
				sy_yaml_free(yaml);
			} else {
				refused++;
				if (strstr(err.text, "MARK") || strstr(err.text, "RKER"))
					refused = 1u << 30;
			}
		}
	}
	off_t printed = stderr_end();
	assert_int_equal(printed, 0);
	assert_true(refused > 100 && refused < 1u << 30);
}

static struct sy_yaml *must_parse(const char *text)
{
	struct sy_error err = {0};
	struct sy_yaml *yaml = NULL;

	if (sy_yaml_parse("f", text, strlen(text), &yaml, &err) < 0)
		fail_msg("%s", err.text);
	return yaml;
}

static void test_types(void **state)
{
	static const struct {
		const char *text;
		enum sy_yaml_type type;
	} cases[] = {
		{"", SY_YAML_NULL},	      {"~", SY_YAML_NULL},	     {"null", SY_YAML_NULL},	{"true", SY_YAML_BOOL},
		{"False", SY_YAML_BOOL},      {"12", SY_YAML_INT},	     {"-3", SY_YAML_INT},	{"0x1F", SY_YAML_INT},
		{"1.5", SY_YAML_FLOAT},	      {"1e3", SY_YAML_FLOAT},	     {".inf", SY_YAML_FLOAT},	{"-.INF", SY_YAML_FLOAT},
		{".nan", SY_YAML_FLOAT},      {"1e", SY_YAML_STRING},	     {".", SY_YAML_STRING},	{"12x", SY_YAML_STRING},
		{"\"12\"", SY_YAML_STRING},   {"'true'", SY_YAML_STRING},    {"yes", SY_YAML_STRING},	{"20s", SY_YAML_STRING},
		{"!!str 12", SY_YAML_STRING}, {"! 12", SY_YAML_STRING},	     {"!!int 12", SY_YAML_INT}, {"[]", SY_YAML_LIST},
		{"{}", SY_YAML_MAP},	      {"|\n  12\n", SY_YAML_STRING},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[64];

		snprintf(text, sizeof(text), "a: %s\n", cases[i].text);
		struct sy_yaml *yaml = must_parse(text);
		assert_int_equal(sy_yaml_get(sy_yaml_root(yaml), "a")->type, cases[i].type);
		sy_yaml_free(yaml);
	}
}

static void test_positions(void **state)
{
	struct sy_yaml *yaml = must_parse("\xef\xbb\xbf# c\na: \xc3\xbc\nb:\n- x\n-  {c: 1, \xc3\xbc: 2}\nempty:\nz: &q v\ny: *q\n");
	const struct sy_yaml_node *root = sy_yaml_root(yaml), *list = sy_yaml_get(root, "b");

	(void)state;
	assert_int_equal(sy_yaml_find(root, "b")->key->line, 3);
	assert_int_equal(list->count, 2);
	assert_int_equal(list->items[1].value->line, 5);
	assert_int_equal(list->items[1].value->column, 4);
	assert_int_equal(sy_yaml_get(list->items[1].value, "\xc3\xbc")->column, 14); /* characters, not bytes */
	assert_int_equal(sy_yaml_get(root, "empty")->line, 6);
	assert_string_equal(sy_yaml_get(root, "y")->text, "v");
	assert_int_equal(sy_yaml_get(root, "y")->line, 7);
	assert_null(sy_yaml_get(root, "nothing"));
	assert_null(sy_yaml_get(list, "b"));
	sy_yaml_free(yaml);
	yaml = must_parse("");
	assert_int_equal(sy_yaml_root(yaml)->type, SY_YAML_NULL);
	sy_yaml_free(yaml);
}

static void test_merge(void **state)
{
	struct sy_yaml *yaml =
		must_parse("a: &a {p: 1, q: 2}\nb: &b {q: 3, r: 4}\nc:\n  <<: [*a, *b]\n  p: 9\nd: {<<: *a}\ne: {\"<<\": x}\n");
	const struct sy_yaml_node *c = sy_yaml_get(sy_yaml_root(yaml), "c");

	(void)state;
	assert_int_equal(c->count, 3);
	assert_string_equal(sy_yaml_get(c, "p")->text, "9");
	assert_string_equal(sy_yaml_get(c, "q")->text, "2");
	assert_string_equal(sy_yaml_get(c, "r")->text, "4");
	assert_int_equal(sy_yaml_get(sy_yaml_root(yaml), "d")->count, 2);
	assert_string_equal(sy_yaml_get(sy_yaml_get(sy_yaml_root(yaml), "e"), "<<")->text, "x");
	sy_yaml_free(yaml);
}

static void refused(const char *text, size_t len, int code, const char *part)
{
	struct sy_error err = {0};
	struct sy_yaml *yaml = NULL;

	assert_int_equal(sy_yaml_parse("f", text, len, &yaml, &err), code);
	if (!strstr(err.text, part))
		fail_msg("%s", err.text);
}

static void test_bombs(void **state)
{
	struct sy_buf buf;

	(void)state;
	sy_buf_init(&buf, SY_MAX_CONFIG_BYTES + 16);
	sy_buf_printf(&buf, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 12; i++) {
		sy_buf_printf(&buf, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			sy_buf_printf(&buf, "%s*a%d", k ? "," : "", i - 1);
		sy_buf_printf(&buf, "]\n");
	}
	refused(buf.data, buf.len, -EINVAL, "once aliases are resolved");

	sy_buf_reset(&buf);
	sy_buf_printf(&buf, "a0: &a0 []\n");
	for (int i = 1; i < 40; i++)
		sy_buf_printf(&buf, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	refused(buf.data, buf.len, -EINVAL, "f:33:11: nested deeper than 32 levels");

	sy_buf_reset(&buf);
	sy_buf_printf(&buf, "a: &a {k0: 1");
	for (int i = 1; i < 2000; i++)
		sy_buf_printf(&buf, ",k%d: 1", i);
	sy_buf_printf(&buf, "}\n");
	for (int i = 0; i < 2000; i++)
		sy_buf_printf(&buf, "b%d: {<<: *a}\n", i);
	refused(buf.data, buf.len, -EINVAL, "once its merge keys are resolved");

	sy_buf_reset(&buf);
	while (buf.len < SY_MAX_CONFIG_BYTES)
		sy_buf_add_str(&buf, "[");
	refused(buf.data, buf.len, -EINVAL, "nested deeper than 32 levels");
	sy_buf_add_str(&buf, "[");
	refused(buf.data, buf.len, -EMSGSIZE, "is larger than 65536 bytes");

	sy_buf_reset(&buf);
	while (buf.len < 60000)
		sy_buf_add_str(&buf, "- a\n");
	refused(buf.data, buf.len, -EINVAL, "more than 10000 values");
	sy_buf_done(&buf);
	refused("a: b\0c: d\n", 10, -EINVAL, "f:1:5: is not valid YAML: NUL character");
}

static void same(json_object *json, const struct sy_yaml_node *node)
{
	size_t i = 0;

	switch (json_object_get_type(json)) {
	case json_type_null:
		assert_int_equal(node->type, SY_YAML_NULL);
		break;
	case json_type_boolean:
		assert_int_equal(node->type, SY_YAML_BOOL);
		assert_int_equal(node->truth, json_object_get_boolean(json));
		break;
	case json_type_string:
		assert_int_equal(node->type, SY_YAML_STRING);
		assert_string_equal(node->text, json_object_get_string(json));
		break;
	case json_type_array:
		assert_int_equal(node->type, SY_YAML_LIST);
		assert_int_equal(node->count, json_object_array_length(json));
		for (i = 0; i < node->count; i++)
			same(json_object_array_get_idx(json, i), node->items[i].value);
		break;
	case json_type_object:
		assert_int_equal(node->type, SY_YAML_MAP);
		assert_int_equal(node->count, json_object_object_length(json));
		json_object_object_foreach(json, key, value)
		{
			assert_string_equal(node->items[i].key->text, key);
			same(value, node->items[i++].value);
		}
		break;
	default:
		assert_true(node->type == SY_YAML_INT || node->type == SY_YAML_FLOAT);
		assert_string_equal(node->text, json_object_to_json_string(json));
	}
}

static void test_json_round_trip(void **state)
{
	static const char *const cases[] = {
		"{}",
		"[]",
		"1",
		"\"x\"",
		"null",
		"\"\"",
		"\"a\\nb\\n\"",
		"[\"a\\nb\\n\"]",
		"[[1],[],[[2,{}]]]",
		"[{}]",
		"{\"a\":[[{\"b\":[]}]]}",
		"[\"yes\",\"No\",\"on\",\"y\",\"true\",\"null\",\"~\",\"123\",\"1e3\",\"0x1F\",\"0o7\",\"1_000\",\"12:30:45\",\"2026-11-"
		"24\",\".5\"]",
		"[\"- x\",\"? x\",\": x\",\"a: b\",\"a "
		"#b\",\"#a\",\"a:\",\"*a\",\"&a\",\"!a\",\"%a\",\"@a\",\"`a\",\"{a\",\"[a\",\"|\",\">\",\"=\",\"<<\"]",
		"[\" lead\",\"trail \",\"a  b\",\"tab\\tx\",\"\\ttab\",\"cr\\rx\",\"\\n\",\"a\\n\",\"a\\n\\n\",\"\\na\\n\",\" "
		"a\\nb\\n\",\"a \\nb\\n\",\"a\\n\\n  b\\n\"]",
		"[\"root:org:team-a\",\"/var/lib/x\",\"v1.2.3\",\"a b "
		"c\",\"---\",\"...\",\"back\\\\slash\",\"quo\\\"te\",\"sl/ash\",\"it's\"]",
		"[\"\\u00fcber\",\"\\u0001\",\"\\u007f\",\"\\u0085x\",\"\\u00a0\",\"\\u2028\",\"\\ufeff\",\"\\ud83d\\ude00\"]",
		"{\"key with: colon\":1,\"123\":\"x\",\"true\":1,\"\":2,\"- "
		"a\":3,\"n\":4,\"multi\\nline\\n\":5,\"a\":{\"b\":{\"c\":[1,2.50,true]}}}",
		"{\"pem\":\"-----BEGIN CERTIFICATE-----\\nabc=\\n-----END "
		"CERTIFICATE-----\\n\",\"big\":12345678901234567,\"f\":1.50,\"neg\":-7}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sy_auto_json json_object *json = NULL;
		struct sy_error err = {0};
		char *text = NULL;

		assert_int_equal(sy_json_parse(cases[i], strlen(cases[i]), 10000, &json, &err), 0);
		if (sy_yaml_from_json(cases[i], strlen(cases[i]), &text, &err) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(text[strlen(text) - 1], '\n');
		struct sy_yaml *yaml = must_parse(text);
		same(json, sy_yaml_root(yaml));
		sy_yaml_free(yaml);
		free(text);
	}
}

static void test_json_layout(void **state)
{
	static const char json[] = "{\"kind\":\"Secret\",\"items\":[{\"a\":1,\"b\":[\"yes\",[]]},{}],\"pem\":\"x\\ny\\n\",\"e\":{}}";
	char *text = NULL;

	(void)state;
	assert_int_equal(sy_yaml_from_json(json, strlen(json), &text, NULL), 0);
	assert_string_equal(text, "kind: Secret\nitems:\n- a: 1\n  b:\n  - \"yes\"\n  - []\n- {}\npem: |\n  x\n  y\ne: {}\n");
	free(text);
	assert_int_equal(sy_yaml_from_json("{", 1, &text, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),		cmocka_unit_test(test_secret_stays_inside),
		cmocka_unit_test(test_types),		cmocka_unit_test(test_positions),
		cmocka_unit_test(test_merge),		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_json_round_trip), cmocka_unit_test(test_json_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
