/* Files that syncerctl carries with it, and the kubeconfig that it writes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "supervisor/ctl/embedded.h"
#include "supervisor/ctl/install.h"

static json_object *read_yaml(const char *path)
{
	static char data[SY_MAX_CONFIG_BYTES + 1];
	FILE *file = fopen(path, "r");
	json_object *value = NULL;
	struct sy_error err = {0};

	if (!file)
		fail_msg("%s cannot be opened", path);
	size_t len = fread(data, 1, sizeof(data), file);
	fclose(file);
	if (ctl_yaml_to_json(path, data, len, &value, &err) < 0)
		fail_msg("%s", err.text);
	return value;
}

static void test_schema(void **state)
{
	sy_auto_json json_object *shipped = read_yaml("packaging/kcp/apiresourceschema-synctargets.yaml");
	sy_auto_json json_object *embedded = NULL;
	sy_auto_json json_object *second = ctl_schema_object("v2.synctargets.workload.kcp.io");
	int64_t priority = 0;
	bool served = false;

	(void)state;
	assert_int_equal(ctl_embedded_schema(&embedded, NULL), 0);
	assert_true(sy_json_equal(embedded, shipped));
	assert_false(sy_json_equal(second, shipped));
	assert_string_equal(sy_json_str(second, "metadata", "name", NULL), "v2.synctargets.workload.kcp.io");
	assert_true(sy_json_equal(sy_json_object(second, "spec", NULL), sy_json_object(shipped, "spec", NULL)));
	/* Types survive: an API server would refuse "true" and "1". */
	json_object *version = json_object_array_get_idx(sy_json_array(embedded, "spec", "versions", NULL), 0);
	assert_true(sy_json_bool(version, &served, "served", NULL) && served);
	json_object *columns = sy_json_array(version, "additionalPrinterColumns", NULL);
	json_object *last = json_object_array_get_idx(columns, json_object_array_length(columns) - 1);
	assert_true(sy_json_int(last, &priority, "priority", NULL) && priority == 1);
}

static void test_export_of_the_type(void **state)
{
	sy_auto_json json_object *shipped = read_yaml("packaging/kcp/apiexport-workload.yaml");
	struct ctl_manifests list = {0};

	(void)state;
	ctl_manifests_type(&list, "root:edge", "v1.synctargets.workload.kcp.io");
	assert_true(sy_json_equal(list.items[0].object, shipped));
	ctl_manifests_done(&list);
}

struct files {
	char folder[32];
	char file[64];
	char link[64];
};

static int make_files(void **state)
{
	static struct files files;

	strlcpy(files.folder, "/tmp/test_ctl.XXXXXX", sizeof(files.folder));
	if (!mkdtemp(files.folder))
		return -1;
	snprintf(files.file, sizeof(files.file), "%s/kubeconfig", files.folder);
	snprintf(files.link, sizeof(files.link), "%s/link", files.folder);
	*state = &files;
	return 0;
}

static int remove_files(void **state)
{
	struct files *files = *state;

	unlink(files->file);
	unlink(files->link);
	return rmdir(files->folder);
}

static int write_to(const char *path, const char *token)
{
	char server[] = "https://ignored";
	char ca[] = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
	const struct sy_access access = {.server = server, .ca_pem = ca};
	struct ctl_install install = {.output = path, .out = stderr};

	return ctl_write_kubeconfig(&install, &access, "https://kcp:6443/clusters/abc", "kcp-syncer-e-1", token);
}

static void test_kubeconfig(void **state)
{
	struct files *files = *state;
	sy_auto_json json_object *wanted = json_tokener_parse(
		"{\"apiVersion\":\"v1\",\"kind\":\"Config\",\"clusters\":[{\"name\":\"kcp-syncer-e-1\",\"cluster\":{\"server\":"
		"\"https://kcp:6443/clusters/abc\",\"certificate-authority-data\":"
		"\"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUIKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=\"}}],\"users\":[{\"name\":"
		"\"kcp-syncer-e-1\",\"user\":{\"token\":\"first\"}}],\"contexts\":[{\"name\":\"kcp-syncer-e-1\",\"context\":{\"cluster\":"
		"\"kcp-syncer-e-1\",\"user\":\"kcp-syncer-e-1\"}}],\"current-context\":\"kcp-syncer-e-1\"}");
	sy_auto_json json_object *first = NULL;
	sy_auto_json json_object *again = NULL;
	struct stat st;

	mode_t mask = umask(0); /* the mode is not the umask's doing */
	assert_int_equal(write_to(files->file, "first"), CTL_OK);
	umask(mask);
	assert_int_equal(stat(files->file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	first = read_yaml(files->file);
	assert_true(sy_json_equal(first, wanted));

	/* Neither over a file nor through a link, dangling or not. */
	assert_int_equal(write_to(files->file, "second"), CTL_FAILED);
	assert_int_equal(symlink("kubeconfig", files->link), 0);
	assert_int_equal(write_to(files->link, "second"), CTL_FAILED);
	again = read_yaml(files->file);
	assert_true(sy_json_equal(again, wanted));
	assert_int_equal(unlink(files->file), 0);
	assert_int_equal(write_to(files->link, "second"), CTL_FAILED);
	assert_int_not_equal(access(files->file, F_OK), 0);
	assert_int_equal(write_to("/tmp/test_ctl.no-such/kubeconfig", "x"), CTL_FAILED);
	assert_int_equal(write_to("/dev/null/kubeconfig", "x"), CTL_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schema),
		cmocka_unit_test(test_export_of_the_type),
		cmocka_unit_test_setup_teardown(test_kubeconfig, make_files, remove_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
