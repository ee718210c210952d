/* Which names belong to a SyncTarget's syncers: what uninstall may delete when the SyncTarget is gone. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "json/json.h"
#include "supervisor/ctl/uninstall.h"

static void test_names(void **state)
{
	static const struct {
		const char *id;
		const char *name;
		bool is;
	} cases[] = {
		{"kcp-syncer-edge-1-3275ls9b", "edge-1", true},
		{"kcp-syncer-edge-1-3275ls9b", "edge", false}, /* of a SyncTarget with a longer name */
		{"kcp-syncer-edge-12345678", "edge", true},
		{"kcp-syncer-edge-12345678-3275ls9b", "edge", false},
		{"kcp-syncer-edge-12345678-3275ls9b", "edge-12345678", true},
		{"kcp-syncer-edge-1-3275ls9b-token", "edge-1", false},
		{"kcp-syncer-edge-1-3275LS9B", "edge-1", false},
		{"kcp-syncer-edge-1-3275ls9", "edge-1", false},
		{"kcp-syncer-edge-1", "edge-1", false},
		{"kcp-syncer-", "edge-1", false},
		{"", "edge-1", false},
		{"default", "edge-1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (ctl_is_syncer_of(cases[i].id, cases[i].name) != cases[i].is)
			fail_msg("'%s' of SyncTarget '%s'", cases[i].id, cases[i].name);
}

static void test_found_in_a_list(void **state)
{
	static const char text[] = "{\"items\":[{\"metadata\":{\"name\":\"kcp-syncer-e-00000001\"}},{\"metadata\":{}},7,"
				   "{\"metadata\":{\"name\":\"default\"}},{\"metadata\":{\"name\":\"kcp-syncer-e-00000002\"}}]}";
	struct ctl_syncers syncers = {0};
	json_object *list = NULL;

	(void)state;
	assert_int_equal(sy_json_parse(text, strlen(text), sizeof(text), &list, NULL), 0);
	ctl_syncers_add(&syncers, "kcp-syncer-e-00000002");
	assert_true(ctl_syncers_find(&syncers, list, "e"));
	assert_int_equal(syncers.count, 2);
	assert_string_equal(syncers.ids[0], "kcp-syncer-e-00000002");
	assert_string_equal(syncers.ids[1], "kcp-syncer-e-00000001");
	assert_true(ctl_syncers_find(&syncers, NULL, "e"));
	ctl_syncers_done(&syncers);
	json_object_put(list);
}

static void test_more_than_fit(void **state)
{
	json_object *list = json_object_new_object();
	json_object *items = json_object_new_array();
	struct ctl_syncers syncers = {0};
	char id[32];

	(void)state;
	for (int i = 0; i <= CTL_MAX_SYNCERS; i++) {
		json_object *metadata = json_object_new_object();
		json_object *item = json_object_new_object();

		snprintf(id, sizeof(id), "kcp-syncer-e-%08d", i);
		json_object_object_add(metadata, "name", json_object_new_string(id));
		json_object_object_add(item, "metadata", metadata);
		json_object_array_add(items, item);
	}
	json_object_object_add(list, "items", items);
	assert_false(ctl_syncers_find(&syncers, list, "e"));
	assert_int_equal(syncers.count, CTL_MAX_SYNCERS);
	ctl_syncers_done(&syncers);
	json_object_put(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_found_in_a_list),
		cmocka_unit_test(test_more_than_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
