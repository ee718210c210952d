#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "engine/body.h"
#include "engine/ownership.h"

static json_object *parse(const char *text)
{
	struct sy_error err = {0};
	json_object *value = NULL;
	if (sy_json_parse(text, strlen(text), 1 << 20, &value, &err))
		fail_msg("%s: %s", text, err.text);
	return value;
}

struct row {
	const char *what, *value, *fields, *other, *expected; /* other: another manager's fields, or NULL */
};

static const struct row rows[] = {
	{"scalars and nested maps", "{\"spec\":{\"a\":1,\"b\":{\"c\":\"x\",\"d\":2},\"e\":3}}",
	 "{\"f:spec\":{\"f:a\":{},\"f:b\":{\"f:c\":{}}}}", NULL, "{\"spec\":{\"a\":1,\"b\":{\"c\":\"x\"}}}"},
	{"a member that is gone", "{\"spec\":{\"a\":1}}", "{\"f:spec\":{\"f:a\":{},\"f:b\":{}}}", NULL, "{\"spec\":{\"a\":1}}"},
	{"a leaf is the whole value", "{\"spec\":{\"raw\":{\"x\":{\"y\":[1,2]}}}}", "{\"f:spec\":{\"f:raw\":{}}}", NULL,
	 "{\"spec\":{\"raw\":{\"x\":{\"y\":[1,2]}}}}"},
	{"an empty map that others fill", "{\"spec\":{\"m\":{\"x\":1}}}", "{\"f:spec\":{\"f:m\":{}}}",
	 "{\"f:spec\":{\"f:m\":{\"f:x\":{}}}}", "{\"spec\":{\"m\":{}}}"},
	{"only the presence of a map", "{\"labels\":{\"x\":\"1\"}}", "{\"f:labels\":{\".\":{}}}", NULL, "{\"labels\":{}}"},
	{"presence and a member", "{\"labels\":{\"x\":\"1\",\"y\":\"2\"}}", "{\"f:labels\":{\".\":{},\"f:x\":{}}}", NULL,
	 "{\"labels\":{\"x\":\"1\"}}"},
	{"atomic list", "{\"args\":[\"a\",\"b\"]}", "{\"f:args\":{}}", NULL, "{\"args\":[\"a\",\"b\"]}"},
	{"set", "{\"tags\":[\"a\",\"b\",\"c\"]}", "{\"f:tags\":{\"v:\\\"a\\\"\":{},\"v:\\\"c\\\"\":{}}}", NULL, "{\"tags\":[\"a\",\"c\"]}"},
	{"set of numbers", "{\"n\":[1,2,3]}", "{\"f:n\":{\"v:2\":{}}}", NULL, "{\"n\":[2]}"},
	{"by index", "{\"n\":[1,2,3]}", "{\"f:n\":{\"i:0\":{}}}", NULL, "{\"n\":[1]}"},
	{"associative list", "{\"c\":[{\"name\":\"a\",\"image\":\"x\",\"ttl\":1},{\"name\":\"b\",\"image\":\"y\"}]}",
	 "{\"f:c\":{\"k:{\\\"name\\\":\\\"a\\\"}\":{\".\":{},\"f:name\":{},\"f:image\":{}}}}", NULL,
	 "{\"c\":[{\"name\":\"a\",\"image\":\"x\"}]}"},
	{"associative list with two keys",
	 "{\"p\":[{\"port\":80,\"protocol\":\"TCP\",\"n\":1},{\"port\":80,\"protocol\":\"UDP\",\"n\":2}]}",
	 "{\"f:p\":{\"k:{\\\"port\\\":80,\\\"protocol\\\":\\\"UDP\\\"}\":{\".\":{},\"f:port\":{},\"f:protocol\":{},\"f:n\":{}}}}", NULL,
	 "{\"p\":[{\"port\":80,\"protocol\":\"UDP\",\"n\":2}]}"},
	{"order of the object", "{\"c\":[{\"name\":\"b\"},{\"name\":\"a\"}]}",
	 "{\"f:c\":{\"k:{\\\"name\\\":\\\"a\\\"}\":{\"f:name\":{}},\"k:{\\\"name\\\":\\\"b\\\"}\":{\"f:name\":{}}}}", NULL,
	 "{\"c\":[{\"name\":\"b\"},{\"name\":\"a\"}]}"},
	{"keys that are no JSON", "{\"c\":[1]}", "{\"f:c\":{\"v:oops\":{},\"k:{\":{},\"z\":{},\"f\":{}}}", NULL, "{\"c\":[]}"},
	{"another type than the fields say", "{\"spec\":3,\"l\":{\"a\":1}}", "{\"f:spec\":{\"f:a\":{}},\"f:l\":{\"v:1\":{}}}", NULL,
	 "{\"spec\":3,\"l\":{}}"},
	{"fields of an odd type", "{\"spec\":3}", "{\"f:spec\":7}", NULL, "{}"},
};

static void projects_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct sy_error err = {0};
		sy_auto_json json_object *value = parse(row->value), *fields = parse(row->fields), *want = parse(row->expected);
		sy_auto_json json_object *other = row->other ? parse(row->other) : NULL, *got = NULL;
		if (sy_ownership_project(value, fields, &other, other ? 1 : 0, &got, &err))
			fail_msg("%s: %s", row->what, err.text);
		if (!sy_json_equal(got, want)) {
			sy_auto_free char *text = sy_json_text(got);
			fail_msg("%s: got %s", row->what, text);
		}
	}
}

#define ENTRY(manager, operation, more, fields)                                                                                            \
	"{\"manager\":\"" manager "\",\"operation\":\"" operation "\"," more "\"fieldsType\":\"FieldsV1\",\"fieldsV1\":" fields "}"
#define OBJECT(entries)                                                                                                                    \
	"{\"metadata\":{\"labels\":{\"a\":\"1\",\"b\":\"2\"},\"managedFields\":[" entries                                                  \
	"]},\"spec\":{\"x\":1,\"y\":2},\"status\":{\"s\":1}}"
#define OURS "{\"f:metadata\":{\"f:labels\":{\".\":{},\"f:a\":{}}},\"f:spec\":{\"f:x\":{}}}"

static struct sy_ownership read_text(const char *text)
{
	struct sy_ownership ownership;
	sy_auto_json json_object *object = parse(text);
	assert_int_equal(sy_ownership_read(object, &ownership, NULL), 0);
	return ownership;
}

static void finds_our_entries(void **state)
{
	(void)state;
	struct sy_hash body;
	sy_auto_json json_object *sent = parse("{\"metadata\":{\"labels\":{\"a\":\"1\"}},\"spec\":{\"x\":1}}");
	assert_int_equal(sy_body_hash(sent, &body, NULL), 0);
	struct sy_ownership apply =
		read_text(OBJECT(ENTRY("kubectl", "Update", "", "{\"f:spec\":{\"f:y\":{}}}") "," ENTRY("syncerd", "Apply", "", OURS)));
	assert_true(apply.ours);
	assert_int_equal(apply.update_index, -1);
	assert_true(sy_hash_equal(&apply.hash, &body));
	struct sy_ownership update = read_text(
		OBJECT(ENTRY("x", "Update", "", "{}") "," ENTRY("syncerd", "Update", "\"subresource\":\"status\",",
								"{\"f:status\":{\"f:s\":{}}}") "," ENTRY("syncerd", "Update", "", OURS)));
	assert_int_equal(update.update_index, 2);
	assert_true(sy_hash_equal(&update.hash, &body));
	/* Both operations: what they own together. */
	struct sy_ownership both = read_text(OBJECT(ENTRY("syncerd", "Apply", "", "{\"f:spec\":{\"f:x\":{}}}") "," ENTRY(
		"syncerd", "Update", "", "{\"f:metadata\":{\"f:labels\":{\"f:a\":{}}}}")));
	assert_int_equal(both.update_index, 1);
	assert_true(sy_hash_equal(&both.hash, &body));
}

static void knows_nothing_without_entries(void **state)
{
	(void)state;
	static const char *const none[] = {"{}", "{\"metadata\":{\"managedFields\":null}}",
					   "{\"metadata\":{\"managedFields\":[1,null,{}]}}", OBJECT(ENTRY("kubectl", "Apply", "", OURS)),
					   OBJECT(ENTRY("syncerd", "Update", "\"subresource\":\"status\",", OURS))};
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		struct sy_ownership ownership = read_text(none[i]);
		assert_false(ownership.ours);
		assert_false(sy_hash_known(&ownership.hash));
		assert_int_equal(ownership.update_index, -1);
	}
}

/* A label of ours that somebody took away, or a value that somebody changed while we still own it, shows. */
static void shows_drift(void **state)
{
	(void)state;
	struct sy_ownership before = read_text(OBJECT(ENTRY("syncerd", "Apply", "", OURS)));
	struct sy_ownership label = read_text(
		"{\"metadata\":{\"labels\":{\"b\":\"2\"},\"managedFields\":[" ENTRY("syncerd", "Apply", "", OURS) "]},\"spec\":{\"x\":1}}");
	struct sy_ownership others = read_text("{\"metadata\":{\"labels\":{\"a\":\"1\",\"z\":\"9\"},\"managedFields\":[" ENTRY(
		"syncerd", "Apply", "", OURS) "]},\"spec\":{\"x\":1,\"y\":7}}");
	assert_false(sy_hash_equal(&before.hash, &label.hash));
	assert_true(sy_hash_equal(&before.hash, &others.hash));
}

/* A list of `count` items, of which our book-keeping has the keys in the same or in the opposite order. */
static struct sy_ownership read_list(size_t count, bool same_order)
{
	struct sy_buf text;
	sy_buf_init(&text, 1 << 20);
	sy_buf_printf(&text, "{\"metadata\":{\"managedFields\":[{\"manager\":\"syncerd\",\"operation\":\"Apply\",\"fieldsV1\":{\"f:l\":{");
	for (size_t i = 0; i < count; i++)
		sy_buf_printf(&text, "%s\"k:{\\\"p\\\":%zu}\":{\"f:p\":{}}", i ? "," : "", same_order ? i : count - 1 - i);
	sy_buf_printf(&text, "}}}]},\"l\":[");
	for (size_t i = 0; i < count; i++)
		sy_buf_printf(&text, "%s{\"p\":%zu}", i ? "," : "", i);
	assert_int_equal(sy_buf_printf(&text, "]}"), 0);
	struct sy_ownership ownership = read_text(sy_buf_str(&text));
	sy_buf_done(&text);
	return ownership;
}

/* What it costs to match list items with their keys is bounded for the whole object; beyond that it is not known what is ours. */
static void gives_up_on_endless_lists(void **state)
{
	(void)state;
	struct sy_ownership plain = read_list(5000, true), short_one = read_list(300, false), endless = read_list(5000, false);
	assert_true(sy_hash_known(&plain.hash));
	assert_true(sy_hash_known(&short_one.hash));
	assert_true(endless.ours);
	assert_false(sy_hash_known(&endless.hash));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(projects_every_row),
		cmocka_unit_test(finds_our_entries),
		cmocka_unit_test(knows_nothing_without_entries),
		cmocka_unit_test(shows_drift),
		cmocka_unit_test(gives_up_on_endless_lists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
