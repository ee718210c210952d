/* Incremental reading of a List. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kube/list.h"

struct items {
	char text[1024];
	int count;
	int fail_at;
};

static int on_item(void *arg, json_object *object, const char *raw, size_t raw_len, struct sy_error *err)
{
	struct items *items = arg;
	json_object *parsed = NULL;

	if (++items->count == items->fail_at)
		return sy_error_set(err, ECANCELED, "enough");
	assert_int_equal(sy_json_parse(raw, raw_len, 4096, &parsed, NULL), 0);
	assert_true(sy_json_equal(parsed, object));
	json_object_put(parsed);
	size_t used = strlen(items->text);
	snprintf(items->text + used, sizeof(items->text) - used, "[%.*s]", (int)raw_len, raw);
	return 0;
}

static int feed(const char *text, size_t slice, size_t max, struct items *items, struct sy_list *list)
{
	struct sy_error err = {0};
	int r = 0;

	sy_list_init(list, max);
	for (size_t at = 0; r == 0 && at < strlen(text); at += slice) {
		size_t len = strlen(text) - at < slice ? strlen(text) - at : slice;

		r = sy_list_feed(list, text + at, len, on_item, items, &err);
	}
	if (r == 0)
		r = sy_list_end(list, &err);
	if (r < 0)
		assert_string_not_equal(err.text, "");
	return r;
}

static void test_any_slices(void **state)
{
	const char *text =
		"{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"7\",\"continue\":\"c\\u0041\"},"
		"\"extra\":[{\"items\":[1]},2,true],\"items\": [ {\"a\":\"]}\\\"\"} , {\"kind\":\"X\",\"b\":1},{} ], \"n\":-1.5e3 }\n";

	(void)state;
	for (size_t slice = 1; slice <= strlen(text); slice++) {
		struct items items = {0};
		struct sy_list list;

		assert_int_equal(feed(text, slice, 4096, &items, &list), 0);
		assert_string_equal(items.text, "[{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"a\":\"]}\\\"\"}]"
						"[{\"apiVersion\":\"v1\",\"kind\":\"X\",\"b\":1}]"
						"[{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}]");
		assert_string_equal(list.resource_version, "7");
		assert_string_equal(list.continue_token, "cA");
		sy_list_done(&list);
	}
}

static void test_metadata_last(void **state)
{
	struct items items = {0};
	struct sy_list list;

	(void)state;
	assert_int_equal(feed("{\"items\":[{\"kind\":\"A\",\"apiVersion\":\"v1\"}],\"metadata\":{\"resourceVersion\":\"8\"}}", 3, 100,
			      &items, &list),
			 0);
	assert_int_equal(items.count, 1);
	assert_string_equal(list.resource_version, "8");
	assert_null(list.continue_token);
	sy_list_done(&list);
}

static void test_empty(void **state)
{
	static const char *const texts[] = {"{\"metadata\":{\"resourceVersion\":\"8\"},\"items\":[]}",
					    "{\"metadata\":{\"resourceVersion\":\"8\"},\"items\":null}"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct items items = {0};
		struct sy_list list;

		assert_int_equal(feed(texts[i], 1, 100, &items, &list), 0);
		assert_int_equal(items.count, 0);
		sy_list_done(&list);
	}
}

/* Every proper beginning of a list is incomplete. */
static void test_truncated(void **state)
{
	const char *text = "{\"metadata\":{\"resourceVersion\":\"8\"},\"items\":[{\"a\":1},{\"b\":[]}],\"z\":\"q\"}";
	char part[128];

	(void)state;
	for (size_t len = 0; len < strlen(text); len++) {
		struct items items = {0};
		struct sy_list list;

		memcpy(part, text, len);
		part[len] = '\0';
		assert_int_equal(feed(part, 1, 100, &items, &list), -EINVAL);
		sy_list_done(&list);
	}
}

static void test_refused(void **state)
{
	static const char *const texts[] = {
		"[]",
		"null",
		"{}",
		"{\"items\":[]}",
		"{\"metadata\":{\"resourceVersion\":\"\"},\"items\":[]}",
		"{\"metadata\":{\"resourceVersion\":8},\"items\":[]}",
		"{\"metadata\":{\"resourceVersion\":\"8\"}}",
		"{\"metadata\":{\"resourceVersion\":\"8\"},\"items\":{}}",
		"{\"metadata\":{\"resourceVersion\":\"8\"},\"items\":[1]}",
		"{\"metadata\":{\"resourceVersion\":\"8\"},\"items\":[{},]}",
		"{\"metadata\":{\"resourceVersion\":\"8\"},\"items\":[,{}]}",
		"{\"metadata\":{\"resourceVersion\":\"8\"},\"items\":[{}{}]}",
		"{\"metadata\":{\"resourceVersion\":\"8\"},\"items\":[{\"a\":1,\"a\":1}]}",
		"{\"metadata\":{\"resourceVersion\":\"8\"},\"items\":[],\"items\":[]}",
		"{\"metadata\":{\"resourceVersion\":\"8\"},\"metadata\":{\"resourceVersion\":\"8\"},\"items\":[]}",
		"{\"metadata\":{\"resourceVersion\":\"8\"},\"items\":[]}x",
		"{\"metadata\":{\"resourceVersion\":\"8\"},\"items\":[],}",
		"{\"metadata\" {\"resourceVersion\":\"8\"},\"items\":[]}",
		"{metadata:{\"resourceVersion\":\"8\"},\"items\":[]}",
		"{\"kind\":1,\"metadata\":{\"resourceVersion\":\"8\"},\"items\":[]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		for (size_t slice = 1; slice < 100; slice += 98) {
			struct items items = {0};
			struct sy_list list;

			if (feed(texts[i], slice, 100, &items, &list) != -EINVAL)
				fail_msg("accepted: %s", texts[i]);
			sy_list_done(&list);
		}
	}
}

static void test_limits_and_stop(void **state)
{
	const char *text = "{\"metadata\":{\"resourceVersion\":\"8\"},\"items\":[{\"a\":1},{\"a\":\"0123456789012345\"}]}";
	struct items items = {0};
	struct sy_list list;

	(void)state;
	assert_int_equal(feed(text, 5, 16, &items, &list), -EMSGSIZE);
	assert_int_equal(items.count, 1); /* the small one came through */
	sy_list_done(&list);
	items = (struct items){.fail_at = 2};
	assert_int_equal(feed(text, 5, 100, &items, &list), -ECANCELED);
	sy_list_done(&list);
}

static int on_broken(void *arg, const char *raw, size_t raw_len, const struct sy_error *why)
{
	struct items *items = arg;
	size_t used = strlen(items->text);

	snprintf(items->text + used, sizeof(items->text) - used, "<%s %.*s>", why->code == EMSGSIZE ? "large" : "bad", (int)raw_len, raw);
	return 0;
}

/* With a callback for them, items that cannot be read end nothing. */
static void test_broken_items(void **state)
{
	const char *text =
		"{\"items\":[{\"a\":1},{\"b\":1,\"b\":2},{\"c\":\"0123456789012345678901234567890123456789\",\"d\":[{},{}]},{\"e\":5}],"
		"\"metadata\":{\"resourceVersion\":\"8\"}}";

	(void)state;
	for (size_t slice = 1; slice <= strlen(text); slice++) {
		struct items items = {0};
		struct sy_list list;
		struct sy_error err = {0};
		int r = 0;

		sy_list_init(&list, 24);
		list.broken = on_broken;
		for (size_t at = 0; r == 0 && at < strlen(text); at += slice)
			r = sy_list_feed(&list, text + at, strlen(text) - at < slice ? strlen(text) - at : slice, on_item, &items, &err);
		assert_int_equal(r, 0);
		assert_int_equal(sy_list_end(&list, &err), 0);
		assert_int_equal(items.count, 2);
		assert_non_null(strstr(items.text, "[{\"a\":1}]<bad {\"b\":1,\"b\":2}><large "));
		assert_non_null(strstr(items.text, ">[{\"e\":5}]"));
		sy_list_done(&list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_slices),   cmocka_unit_test(test_metadata_last), cmocka_unit_test(test_empty),
		cmocka_unit_test(test_truncated),    cmocka_unit_test(test_refused),	   cmocka_unit_test(test_limits_and_stop),
		cmocka_unit_test(test_broken_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
