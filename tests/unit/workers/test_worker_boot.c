/* What a worker accepts as its boot message: a sealed memfd of bounded size with the right content, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/limits.h"
#include "proto/msg.h"
#include "workers/boot.h"
#include "workers/sandbox.h"

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int memfd_of(const char *data, size_t len, int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	if (seals)
		assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void good_boot(struct sy_buf *buf)
{
	char address[] = "/run/syncerd/workers/x.sock", token[] = "cafe", agent[] = "a/1", server[] = "https://h:1";
	char cluster[] = "abc", empty[] = "", name[] = "edge", uid[] = "u", key[] = "k";
	const struct sy_boot boot = {
		.protocol = SY_PROTO_VERSION,
		.incarnation = 7,
		.address = address,
		.token = token,
		.user_agent = agent,
		.heartbeat_ms = 1000,
		.upstream = {.server = server},
		.downstream = {.server = server},
		.plan = {.cluster = cluster, .path = empty, .target_cluster = empty, .target_name = name, .target_uid = uid, .key = key}};
	struct sy_error err = {0};

	sy_buf_init(buf, SY_MAX_IPC_BYTES);
	if (sy_boot_encode(&boot, buf, &err) < 0)
		fail_msg("%s", err.text);
}

static void a_sealed_message_is_taken(void **state)
{
	struct sy_buf buf;
	struct sy_boot boot = {0};
	struct sy_error err = {0};

	(void)state;
	good_boot(&buf);
	int fd = memfd_of(buf.data, buf.len, ALL_SEALS);
	if (sy_worker_read_boot(fd, &boot, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(boot.incarnation, 7);
	assert_string_equal(boot.plan.cluster, "abc");
	sy_boot_done(&boot);
	sy_buf_done(&buf);
	close(fd);
}

static void what_could_still_change_is_refused(void **state)
{
	static const int seals[] = {0, F_SEAL_WRITE, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK, F_SEAL_SEAL};
	struct sy_buf buf;
	struct sy_boot boot;

	(void)state;
	good_boot(&buf);
	for (size_t i = 0; i < sizeof(seals) / sizeof(seals[0]); i++) {
		int fd = memfd_of(buf.data, buf.len, seals[i]);

		assert_int_equal(sy_worker_read_boot(fd, &boot, NULL), -EPERM);
		close(fd);
	}
	sy_buf_done(&buf);
}

static void other_descriptors_are_no_boot_message(void **state)
{
	struct sy_boot boot;
	int ends[2];
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(sy_worker_read_boot(-1, &boot, NULL), -ENOENT);
	assert_int_equal(sy_worker_read_boot(file, &boot, NULL), -ENOENT);
	assert_int_equal(sy_worker_read_boot(ends[0], &boot, NULL), -ENOENT);
	close(file);
	close(ends[0]);
	close(ends[1]);
}

static void sizes_and_contents_are_checked(void **state)
{
	struct sy_boot boot;
	struct sy_buf buf;
	int fd = memfd_of("", 0, ALL_SEALS);

	(void)state;
	assert_int_equal(sy_worker_read_boot(fd, &boot, NULL), -EMSGSIZE);
	close(fd);
	fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(fd, (off_t)SY_MAX_IPC_BYTES + 1), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, ALL_SEALS), 0);
	assert_int_equal(sy_worker_read_boot(fd, &boot, NULL), -EMSGSIZE);
	close(fd);
	good_boot(&buf);
	fd = memfd_of(buf.data, buf.len - 1, ALL_SEALS);
	assert_int_equal(sy_worker_read_boot(fd, &boot, NULL), -EINVAL);
	close(fd);
	sy_buf_done(&buf);
	fd = memfd_of("{\"v\":2}", 7, ALL_SEALS);
	assert_int_equal(sy_worker_read_boot(fd, &boot, NULL), -EPROTO);
	close(fd);
}

/* Last: what is given up does not come back. */
static void the_sandbox_is_entered_after_prepare_only(void **state)
{
	char name[] = "test";
	char *argv[] = {name, NULL};
	char *envp[] = {NULL};
	struct rlimit limit;

	(void)state;
	assert_int_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	assert_int_equal(sy_sandbox_enter(NULL), -EPERM);
	assert_int_equal(sy_worker_prepare(1, argv, envp, NULL), 0);
	assert_int_equal(sy_sandbox_enter(NULL), 0);
	assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
	assert_int_equal(limit.rlim_max, 0);
	assert_int_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sealed_message_is_taken),
		cmocka_unit_test(what_could_still_change_is_refused),
		cmocka_unit_test(other_descriptors_are_no_boot_message),
		cmocka_unit_test(sizes_and_contents_are_checked),
		cmocka_unit_test(the_sandbox_is_entered_after_prepare_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
