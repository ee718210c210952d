/* Everything a supervisor may send, as a worker reads it: the boot message, plans, credentials, commands. */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "proto/boot.h"
#include "proto/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void check_boot(const char *text, size_t size)
{
	struct sy_boot boot = {0};
	struct sy_boot again = {0};
	struct sy_buf buf;

	if (sy_boot_decode(text, size, &boot, NULL) < 0)
		return;
	sy_buf_init(&buf, 2 * SY_MAX_IPC_BYTES);
	check(sy_boot_encode(&boot, &buf, NULL) == 0);
	if (buf.len <= SY_MAX_IPC_BYTES) {
		check(sy_boot_decode(buf.data, buf.len, &again, NULL) == 0);
		check(sy_plan_equal(&boot.plan, &again.plan));
		check(sy_access_equal(&boot.upstream, &again.upstream));
		sy_boot_done(&again);
	}
	sy_buf_done(&buf);
	sy_boot_done(&boot);
}

static void check_plan(json_object *body)
{
	struct sy_plan plan = {0};
	struct sy_plan again = {0};
	struct sy_plan copy = {0};
	sy_auto_json json_object *value = NULL;

	if (sy_plan_decode(body, &plan, NULL) < 0)
		return;
	check(sy_plan_encode(&plan, &value, NULL) == 0);
	check(sy_plan_decode(value, &again, NULL) == 0);
	check(sy_plan_equal(&plan, &again));
	check(sy_plan_copy(&plan, &copy, NULL) == 0);
	check(sy_plan_equal(&plan, &copy));
	sy_plan_done(&plan);
	sy_plan_done(&again);
	sy_plan_done(&copy);
}

static void check_others(json_object *body)
{
	struct sy_command command = {0};
	struct sy_access access = {0};

	if (sy_command_decode(body, &command, NULL) == 0)
		sy_command_done(&command);
	if (sy_access_decode(sy_json_get(body, "upstream", NULL), &access, NULL) == 0)
		sy_access_done(&access);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sy_msg msg = {0};

	check_boot((const char *)data, size);
	if (sy_msg_decode((const char *)data, size, &msg, NULL) < 0)
		return 0;
	check_plan(msg.body);
	check_others(msg.body);
	sy_msg_done(&msg);
	return 0;
}
