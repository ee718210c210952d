/* What can be read of an object that cannot be read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "kube/about.h"

static const struct {
	const char *text;
	const char *about; /* NULL: nothing */
	bool whole;
} rows[] = {
	{"{\"kind\":\"W\",\"metadata\":{\"name\":\"a\",\"namespace\":\"n\",\"uid\":\"u\",\"x\":1},\"spec\":{\"a\":1,\"a\":2}}",
	 "{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\",\"uid\":\"u\"}}", true},
	{"{\"metadata\":{\"managedFields\":[{\"f:\\u0000\":{}}],\"name\":\"a\",\"finalizers\":[\"x/y\"],\"generation\":3,"
	 "\"deletionTimestamp\":\"t\",\"labels\":{\"l\":\"v\"},\"resourceVersion\":\"7\"},\"spec\":{\"\\u0000\":1}}",
	 "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"7\",\"generation\":3,\"deletionTimestamp\":\"t\",\"finalizers\":[\"x/y\"],"
	 "\"labels\":{\"l\":\"v\"},\"managedFields\":[{}]}}",
	 true},
	/* who set which label, whatever else there is */
	{"{\"metadata\":{\"managedFields\":[{\"fieldsV1\":{\"f:metadata\":{\"f:labels\":{\"f:l\":{}},\"f:x\":{}},\"f:\\u0000\":{}},"
	 "\"manager\":\"m\",\"operation\":\"Apply\"} , {\"manager\":\"n\",\"fieldsV1\":{\"f:metadata\":{}}},{\"manager\":\"\xff\"}],"
	 "\"name\":\"a\",\"ownerReferences\":[{\"uid\":\"o\"}]},\"spec\":{\"\\u0000\":1}}",
	 "{\"metadata\":{\"name\":\"a\",\"ownerReferences\":[{\"uid\":\"o\"}],\"managedFields\":[{\"manager\":\"m\","
	 "\"fieldsV1\":{\"f:metadata\":{\"f:labels\":{\"f:l\":{}}}}},{\"manager\":\"n\",\"fieldsV1\":{\"f:metadata\":{}}},{}]}}",
	 true},
	{"{\"metadata\":{\"managedFields\":[],\"name\":\"a\"}}", "{\"metadata\":{\"name\":\"a\"}}", true},
	{"{\"metadata\":{\"managedFields\":[7,[]],\"name\":\"a\"}}", "{\"metadata\":{\"name\":\"a\",\"managedFields\":[{},{}]}}", true},
	{"{\"metadata\":{\"managedFields\":null,\"name\":\"a\"}}", "{\"metadata\":{\"name\":\"a\"}}", true},
	/* cut off behind the metadata, and within it */
	{"{\"metadata\":{\"name\":\"a\",\"uid\":\"u\"},\"spec\":{\"long\":\"xxxxxxx", "{\"metadata\":{\"name\":\"a\",\"uid\":\"u\"}}",
	 true},
	{"{\"data\":{\"long\":\"xxxxxxx\"},\"metadata\":{\"name\":\"a\",\"uid\":", NULL, false},
	/* a part that matters is broken: the name is all that may be believed */
	{"{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\",\"uid\":\"u\",\"annotations\":{\"a\":\"1\",\"a\":\"2\"}}}",
	 "{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\"}}", false},
	{"{\"metadata\":{\"name\":\"\xff\"}}", NULL, false},
	{"{\"metadata\":{\"name\":7}}", NULL, false},
	{"{\"metadata\":{\"name\":\"a\",\"name\":\"b\"}}", NULL, false},
	{"{\"metadata\":{\"name\":\"a\"},\"metadata\":{\"name\":\"b\"}}", NULL, false},
	{"{\"metadata\":[\"name\"]}", NULL, false},
	{"{\"metadata\":null}", NULL, false},
	{"{\"metadata\" {}}", NULL, false},
	{"{metadata:{\"name\":\"a\"}}", NULL, false},
	{"[]", NULL, false},
	{"{", NULL, false},
	{"", NULL, false},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].text);
		char *copy = malloc(len ? len : 1); /* a read past the end is an error of its own */
		json_object *about = NULL;
		bool whole = true;

		memcpy(copy, rows[i].text, len);
		assert_int_equal(sy_about_read(copy, len, &about, &whole), 0);
		free(copy);
		sy_auto_free char *text = about ? sy_json_text(about) : NULL;
		if (whole != rows[i].whole || (text == NULL) != (rows[i].about == NULL) || (text && strcmp(text, rows[i].about) != 0))
			fail_msg("%s: %s, whole %d", rows[i].text, text ? text : "nothing", whole);
		json_object_put(about);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
