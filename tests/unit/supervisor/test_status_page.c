/* The status page: what is in its file, under which headers it is sent, and the JSON that it shows. */
#include "unit/httpd/clients.h"
#include "unit/supervisor/metrics_fixture.h"

#include "supervisor/metrics/status_page.h"

static size_t count_of(const char *text, const char *what)
{
	size_t count = 0;

	for (text = strstr(text, what); text; text = strstr(text + 1, what))
		count++;
	return count;
}

static void test_page(void **state)
{
	struct fixture *f = start("127.0.0.1:0", NULL);
	const char *policy, *body;
	char *text;

	(void)state;
	assert_int_equal(sy_status_page_new(&f->page, NULL), 0);
	text = ask(f, "GET /page HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_non_null(strstr(text, "\r\nContent-Type: text/html; charset=utf-8\r\n"));
	assert_non_null(strstr(text, "\r\nX-Content-Type-Options: nosniff\r\n"));
	assert_non_null(strstr(text, "\r\nCache-Control: no-store\r\n"));
	assert_non_null(strstr(text, "\r\nReferrer-Policy: no-referrer\r\n"));
	assert_non_null(strstr(text, "\r\nCross-Origin-Resource-Policy: same-origin\r\n"));
	policy = strstr(text, "\r\nContent-Security-Policy: default-src 'none'; style-src 'sha256-");
	body = strstr(text, "\r\n\r\n");
	assert_non_null(policy);
	assert_non_null(strstr(policy, "; script-src 'sha256-"));
	assert_non_null(strstr(policy, "; frame-ancestors 'none'\r\n"));
	assert_null(strstr(policy, "unsafe"));
	/* One style and one script, whole, and nothing from elsewhere: the name of SVG's namespace is no address to load from. */
	assert_true(strncmp(body + 4, "<!DOCTYPE html>\n", 16) == 0);
	assert_int_equal(count_of(body, "<style>"), 1);
	assert_int_equal(count_of(body, "</style>"), 1);
	assert_int_equal(count_of(body, "<script>"), 1);
	assert_int_equal(count_of(body, "</script"), 1);
	assert_int_equal(count_of(body, "<!--"), 0);
	assert_int_equal(count_of(body, "@CSS@") + count_of(body, "@JS@"), 0);
	assert_int_equal(count_of(body, "://"), 1);
	assert_int_equal(count_of(body, "innerHTML") + count_of(body, "insertAdjacentHTML") + count_of(body, "document.write"), 0);
	assert_string_equal(body + strlen(body) - 8, "</html>\n");
	free(text);
	stop(f);
}

static json_object *show(struct world *world, size_t room)
{
	static struct sy_health health;
	struct sy_error err = {0};
	json_object *value = NULL;
	struct sy_buf out;

	memset(&health, 0, sizeof(health));
	sy_health_add(&health, "one", true, "not said");
	sy_health_add(&health, "two", false, "<script>\"\\\n\033");
	sy_buf_init(&out, room);
	if (sy_status_json_write(&world->sup, &health, &out, &err) < 0)
		assert_int_equal(err.code, EMSGSIZE);
	else
		assert_int_equal(sy_json_parse(sy_buf_str(&out), out.len, room, &value, NULL), 0);
	sy_buf_done(&out);
	return value;
}

static void test_json(void **state)
{
	struct world *world = make_world(4, 10);
	json_object *value = show(world, 1u << 20), *checks = sy_json_array(value, "health", "checks", NULL);
	json_object *list = sy_json_array(value, "workspaces", NULL), *first = json_object_array_get_idx(list, 0);
	bool ready = true, ok = true;
	int64_t number = 0;

	(void)state;
	assert_true(sy_json_bool(value, &ready, "health", "ready", NULL));
	assert_false(ready);
	assert_int_equal(json_object_array_length(checks), 2);
	assert_string_equal(sy_json_str(json_object_array_get_idx(checks, 1), "reason", NULL), "<script>\"\\\n\033");
	assert_true(sy_json_bool(json_object_array_get_idx(checks, 1), &ok, "ok", NULL));
	assert_false(ok);
	assert_string_equal(sy_json_str(value, "status", "mode", NULL), "Direct");
	assert_true(sy_json_int(value, &number, "status", "pid", NULL));
	assert_int_equal(number, getpid());
	assert_true(sy_json_int(value, &number, "status", "anonymousBytes", NULL));
	assert_true(number > 0);
	/* An entry of syncerctl's, without what has no bound; text is as it is. */
	assert_string_equal(sy_json_str(first, "path", NULL), "root:org:\"evil\"\\\n1");
	assert_string_equal(sy_json_str(first, "message", NULL), "it has one");
	assert_true(sy_json_int(first, &number, "uptimeSeconds", NULL));
	assert_false(json_object_object_get_ex(first, "resources", NULL));
	assert_false(json_object_object_get_ex(first, "bindings", NULL));
	json_object_put(value);
	free_world(world);
}

/* However many there are: the worst come first, the rest is counted. */
static void test_bound(void **state)
{
	static const int64_t limits[] = {0, 3, 7, 10, 1000};

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct world *world = make_world(10, limits[i]);
		json_object *value = show(world, 1u << 20), *list = sy_json_array(value, "workspaces", NULL);
		size_t shown = limits[i] < 10 ? (size_t)limits[i] : 10;
		int64_t number = -1;

		assert_int_equal(json_object_array_length(list), shown);
		for (size_t k = 0; k < shown; k++)
			assert_string_equal(sy_json_str(json_object_array_get_idx(list, k), "state", NULL), k < 5 ? "Pending" : "Starting");
		assert_true(sy_json_int(value, &number, "unlisted", NULL));
		assert_int_equal(number, 10 - shown);
		assert_true(sy_json_int(value, &number, "phases", "Pending", NULL));
		assert_int_equal(number, 5);
		assert_true(sy_json_int(value, &number, "phases", "Failed", NULL));
		assert_int_equal(number, 0);
		json_object_put(value);
		free_world(world);
	}
}

static void test_no_room(void **state)
{
	struct world *world = make_world(100, 100);

	(void)state;
	assert_null(show(world, 4096));
	free_world(world);
}

/* Without the key: where only this machine listens. */
static void test_switch(void **state)
{
	static const struct {
		const char *metrics;
		bool page;
	} rows[] = {{"~", true},
		    {"{listen: '127.0.0.1:9464'}", true},
		    {"{listen: '[::1]:9464', page: ~}", true},
		    {"{listen: 'unix:/m.sock'}", true},
		    {"{listen: '0.0.0.0:9464'}", false},
		    {"{listen: '[::]:9464'}", false},
		    {"{listen: ''}", false},
		    {"{listen: '0.0.0.0:9464', page: true}", true},
		    {"{listen: '127.0.0.1:9464', page: false}", false},
		    {"{page: false}", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sy_config *config = NULL;
		struct sy_error err = {0};
		char text[512];

		(void)snprintf(text, sizeof(text),
			       "apiVersion: config.syncerd.io/v1alpha1\nkind: SyncerConfiguration\nkcp: {kubeconfig: /k}\n"
			       "syncTarget: {name: edge-1}\nmetrics: %s\n",
			       rows[i].metrics);
		if (sy_config_parse("/etc/s.yaml", text, strlen(text), &config, &err) < 0)
			fail_msg("%s: %s", rows[i].metrics, err.text);
		if (config->metrics_page != rows[i].page)
			fail_msg("%s", rows[i].metrics);
		sy_config_free(config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_page), cmocka_unit_test(test_json), cmocka_unit_test(test_bound),
					   cmocka_unit_test(test_no_room), cmocka_unit_test(test_switch)};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
