/* A worker without an engine, for test_workers.c: started by the real supervisor code, it behaves as the last segment of its plan's
 * workspace path says. It speaks through the real link and channel, so what it does wrong is what a broken worker would. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "link/link.h"
#include "proto/boot.h"
#include "proto/channel.h"
#include "proto/report.h"

struct fake {
	struct sy_loop *loop;
	struct sy_boot boot;
	const char *mode;
	struct sy_link *link;
	struct sy_channel *channel;
	struct sy_timer *timer;
	bool welcomed;
	bool drained;
	enum sy_log_level level; /* as last told */
	uint64_t generation;
};

static bool is(const struct fake *fake, const char *mode)
{
	return strcmp(fake->mode, mode) == 0;
}

static void report(struct fake *fake)
{
	struct sy_report report = {.plan_generation = fake->generation, .phase = SY_PHASE_SYNCING, .drained = fake->drained};
	sy_auto_json json_object *body = NULL;

	if (sy_report_encode(&report, &body, NULL) == 0)
		sy_channel_send(fake->channel, SY_MSG_REPORT, body, sy_loop_now_ms(fake->loop), NULL, NULL);
}

static void on_timer(void *arg)
{
	struct fake *fake = arg;

	sy_timer_start(fake->timer, fake->boot.heartbeat_ms);
	sy_channel_tick(fake->channel, sy_loop_now_ms(fake->loop));
	if (fake->welcomed && !is(fake, "mute"))
		report(fake);
}

#define SY_FAKE_REPLIES 8 /* more than a supervisor bears */

static void flood(struct fake *fake)
{
	static const char text[] = "{\"v\":1,\"inc\":1,\"seq\":1,\"type\":\"event\",\"body\":{}}";

	for (int i = 0; i < 200000; i++)
		sy_link_send(fake->link, text, sizeof(text) - 1, NULL);
}

/* Dies in the middle of a large message, with what it has not read still in its socket. */
static void halfway(struct fake *fake)
{
	char *data = calloc(1, SY_MSG_MAX_UP);

	if (data)
		sy_link_send(fake->link, data, SY_MSG_MAX_UP, NULL);
	_exit(5);
}

static void garbage(struct fake *fake)
{
	static const char text[] = "\x01\x02 this is no message";

	sy_link_send(fake->link, text, sizeof(text) - 1, NULL);
}

static void wrong_direction(struct fake *fake)
{
	sy_auto_json json_object *body = json_object_new_object();
	struct sy_buf buf;

	sy_buf_init(&buf, 1024);
	if (sy_msg_encode(fake->boot.incarnation, 4000, SY_MSG_WELCOME, body, &buf, NULL) == 0)
		sy_link_send(fake->link, buf.data, buf.len, NULL);
	sy_buf_done(&buf);
}

static void oversize(struct fake *fake)
{
	char *data = calloc(1, SY_MSG_MAX_UP + 1);

	if (data)
		sy_link_send(fake->link, data, SY_MSG_MAX_UP + 1, NULL);
	free(data);
}

static void many_events(struct fake *fake)
{
	char reason[] = "ForeignObject";
	char object[] = "default/a";

	for (int i = 0; i < SY_CHANNEL_PENDING; i++) {
		struct sy_event event = {.warning = true, .reason = reason, .object = object, .count = 1};
		sy_auto_json json_object *body = NULL;

		if (sy_event_encode(&event, &body, NULL) == 0)
			sy_channel_send(fake->channel, SY_MSG_EVENT, body, sy_loop_now_ms(fake->loop), NULL, NULL);
	}
}

/* The first process of this workspace dies while it drains; the second finds the mark that it left. */
static void die_once(const struct fake *fake)
{
	char path[512];

	snprintf(path, sizeof(path), "%.*s/../died", (int)(strrchr(fake->boot.address, '/') - fake->boot.address), fake->boot.address);
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
	if (fd >= 0)
		_exit(9);
}

static void follow(struct fake *fake, const struct sy_plan *plan)
{
	fake->generation = plan->generation;
	fake->drained = plan->mode == SY_PLAN_DRAIN;
	if (fake->drained && is(fake, "diesdraining"))
		die_once(fake);
	report(fake);
}

/* As the kernel would: not caught by a sanitizer's handler. */
static void kill_self(int signum)
{
	signal(signum, SIG_DFL);
	raise(signum);
}

/* Until there is no more. */
static void eat(void)
{
	for (;;) {
		char *more = malloc(1u << 20);

		if (more)
			memset(more, 1, 1u << 20);
	}
}

static void welcome(struct fake *fake)
{
	fake->welcomed = true;
	if (is(fake, "crash"))
		_exit(21);
	if (is(fake, "segv"))
		kill_self(SIGSEGV);
	if (is(fake, "killed"))
		kill_self(SIGKILL);
	if (is(fake, "eats"))
		eat();
	if (is(fake, "stopped"))
		raise(SIGSTOP);
	if (is(fake, "flood"))
		flood(fake);
	if (is(fake, "halfway"))
		halfway(fake);
	if (is(fake, "oversize"))
		oversize(fake);
	if (is(fake, "events"))
		many_events(fake);
	if (!is(fake, "mute"))
		follow(fake, &fake->boot.plan);
}

/* What this process was told about itself. */
static json_object *settings(const struct fake *fake)
{
	char text[64];

	snprintf(text, sizeof(text), "%lld %s %s", (long long)fake->boot.heartbeat_ms, sy_log_level_name(fake->level),
		 sy_log_format_name(fake->boot.log_format));
	return json_object_new_string(text);
}

static void answer(struct fake *fake, const struct sy_msg *msg)
{
	struct sy_command command = {0};
	sy_auto_json json_object *body = NULL;

	if (sy_command_decode(msg->body, &command, NULL) < 0)
		_exit(11);
	if (strcmp(command.verb, "loglevel") == 0)
		(void)sy_log_level_parse(sy_json_str(command.args, "level", NULL), &fake->level);
	if (strcmp(command.verb, "dump") == 0 && !is(fake, "nodump")) {
		struct sy_reply reply = {
			.id = command.id, .ok = true, .value = is(fake, "settings") ? settings(fake) : json_object_new_string("dumped")};

		if (sy_reply_encode(&reply, &body, NULL) == 0)
			sy_channel_send(fake->channel, SY_MSG_REPLY, body, sy_loop_now_ms(fake->loop), NULL, NULL);
		sy_reply_done(&reply);
	}
	sy_command_done(&command);
}

static int take(void *arg, const struct sy_msg *msg, struct sy_error *err)
{
	struct fake *fake = arg;
	struct sy_plan plan = {0};

	if (msg->type == SY_MSG_WELCOME) {
		welcome(fake);
	} else if (msg->type == SY_MSG_PLAN) {
		if (sy_plan_decode(msg->body, &plan, err) < 0)
			_exit(10);
		if (!is(fake, "oldplan"))
			follow(fake, &plan);
		sy_plan_done(&plan);
	} else if (msg->type == SY_MSG_COMMAND) {
		answer(fake, msg);
	}
	return 0;
}

static int on_send(void *arg, const char *data, size_t len)
{
	return sy_link_send(((struct fake *)arg)->link, data, len, NULL);
}

static const struct sy_channel_ops ops = {.send = on_send, .take = take};

static void unasked(struct fake *fake)
{
	const struct sy_reply reply = {.id = 4000, .ok = true};
	sy_auto_json json_object *body = NULL;

	if (sy_reply_encode(&reply, &body, NULL) == 0)
		sy_channel_send(fake->channel, SY_MSG_REPLY, body, sy_loop_now_ms(fake->loop), NULL, NULL);
}

static void on_message(void *arg, const char *data, size_t len, pid_t pid, uid_t uid)
{
	struct fake *fake = arg;

	(void)uid;
	/* The sender of a message that came before its connection was cut is not known (0). */
	if (pid != getppid())
		return;
	if (sy_channel_input(fake->channel, data, len, sy_loop_now_ms(fake->loop), NULL) < 0)
		_exit(12);
	if (fake->welcomed && is(fake, "garbage"))
		garbage(fake);
	if (fake->welcomed && is(fake, "direction"))
		wrong_direction(fake);
	for (int i = 0; fake->welcomed && i < SY_FAKE_REPLIES && is(fake, "unasked"); i++)
		unasked(fake);
}

static void on_lifeline(void *arg, unsigned events)
{
	(void)arg;
	(void)events;
	_exit(4);
}

static void on_term(void *arg, int signum)
{
	struct fake *fake = arg;

	(void)signum;
	if (!is(fake, "ignoresterm"))
		sy_loop_stop(fake->loop);
}

static void hello(struct fake *fake)
{
	char version[] = "0";
	char other_token[] = "0000000000000000000000000000000000000000000000000000000000000000";
	char other_cluster[] = "someoneelses";
	const struct sy_hello hello = {.token = is(fake, "wrongtoken") ? other_token : fake->boot.token,
				       .version = version,
				       .cluster = is(fake, "forged") ? other_cluster : fake->boot.plan.cluster,
				       .pid = is(fake, "wrongpid") ? 1 : getpid()};
	sy_auto_json json_object *body = NULL;

	if (sy_hello_encode(&hello, &body, NULL) < 0 ||
	    sy_channel_send(fake->channel, SY_MSG_HELLO, body, sy_loop_now_ms(fake->loop), NULL, NULL) < 0)
		_exit(13);
}

static void read_boot(struct fake *fake)
{
	struct stat st;
	struct sy_error err = {0};

	if (fstat(SY_BOOT_FD, &st) < 0 || st.st_size <= 0)
		_exit(14);
	size_t size = (size_t)st.st_size;
	char *data = malloc(size);
	if (!data || pread(SY_BOOT_FD, data, size, 0) != st.st_size || sy_boot_decode(data, size, &fake->boot, &err) < 0) {
		fprintf(stderr, "fake worker: %s\n", err.text);
		_exit(15);
	}
	free(data);
	fake->level = fake->boot.log_level;
	const char *colon = strrchr(fake->boot.plan.path, ':');
	fake->mode = colon ? colon + 1 : fake->boot.plan.path;
}

int main(void)
{
	struct fake fake = {0};
	struct sy_io *lifeline = NULL;
	struct sy_signal *term = NULL;
	uint64_t incarnation;

	read_boot(&fake);
	incarnation = fake.boot.incarnation + (is(&fake, "stale") ? 1 : 0);
	if (sy_loop_new(&fake.loop, NULL) < 0 || sy_io_new(&lifeline, fake.loop, SY_LIFELINE_FD, SY_READ, on_lifeline, NULL, NULL) < 0 ||
	    sy_signal_new(&term, fake.loop, SIGTERM, on_term, &fake, NULL) < 0 ||
	    sy_timer_new(&fake.timer, fake.loop, on_timer, &fake, NULL) < 0 ||
	    sy_channel_new(&fake.channel, true, incarnation, &ops, &fake, NULL) < 0)
		_exit(16);
	if (!is(&fake, "nohello")) {
		if (sy_link_dial(&fake.link, fake.loop, fake.boot.address, SY_MAX_IPC_BYTES, on_message, &fake, NULL) < 0)
			_exit(17);
		hello(&fake);
		if (is(&fake, "dies"))
			_exit(3);
		sy_timer_start(fake.timer, fake.boot.heartbeat_ms);
	}
	sy_loop_run(fake.loop);
	sy_link_free(fake.link);
	sy_channel_free(fake.channel);
	sy_timer_free(fake.timer);
	sy_signal_free(term);
	sy_io_free(lifeline);
	sy_loop_free(fake.loop);
	sy_boot_done(&fake.boot);
	return 0;
}
