/* Starting a worker's process and finding out how it ended. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "proto/boot.h"
#include "supervisor/process/spawn.h"
#include "supervisor/process/usage.h"
#include "supervisor/process/worker.h"
#include "supervisor/process/workers_impl.h"

static void on_exit_ready(void *arg, unsigned events);

/* Of its socket and its cgroup. Short whatever the cluster is called: a socket path has 107 bytes. */
static int name_of(const struct sy_worker *worker, char name[32], struct sy_error *err)
{
	struct sy_hash hash;

	if (sy_hash_of(worker->cluster, strlen(worker->cluster), &hash) < 0)
		return sy_error_set(err, EIO, "digest of the cluster's name");
	(void)snprintf(name, 32, "%02x%02x%02x%02x%02x%02x-%llx", hash.bytes[0], hash.bytes[1], hash.bytes[2], hash.bytes[3], hash.bytes[4],
		       hash.bytes[5], (unsigned long long)worker->incarnation);
	return 0;
}

static int socket_path(const struct sy_worker *worker, const char *name, char *out, size_t size, struct sy_error *err)
{
	int n = snprintf(out, size, "%s/%s.sock", worker->owner->directory, name);
	if (n < 0 || (size_t)n >= size)
		return sy_error_set(err, ENAMETOOLONG, "socket path in %s is too long", worker->owner->directory);
	return 0;
}

static void make_token(char token[65])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[32];

	arc4random_buf(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		token[2 * i] = digits[bytes[i] >> 4];
		token[2 * i + 1] = digits[bytes[i] & 15];
	}
	token[64] = '\0';
	explicit_bzero(bytes, sizeof(bytes));
}

/* What the worker is told; everything in it is borrowed. */
static struct sy_boot boot_of(struct sy_worker *worker, char *path)
{
	struct sy_workers *owner = worker->owner;

	return (struct sy_boot){
		.protocol = SY_PROTO_VERSION,
		.incarnation = worker->incarnation,
		.address = path,
		.token = worker->token,
		.user_agent = owner->user_agent,
		.heartbeat_ms = worker->heartbeat_ms,
		.log_level = worker->told_level,
		.log_format = worker->log_format,
		.upstream = owner->upstream,
		.downstream = owner->downstream,
		.plan = sy_worker_effective_plan(worker),
	};
}

/* Before it is watched. */
static void kill_started(struct sy_worker *worker)
{
	sy_worker_signal(worker, SIGKILL);
	waitid(P_PIDFD, (id_t)worker->pidfd, &(siginfo_t){0}, WEXITED);
}

static int spawn(struct sy_worker *worker, char *path, struct sy_error *err)
{
	char program[PATH_MAX];
	struct sy_buf buf;
	const struct sy_boot boot = boot_of(worker, path);

	bool by_name = sy_program_exec_path(worker->program, program);
	sy_buf_init(&buf, SY_MAX_IPC_BYTES);
	int rc = sy_boot_encode(&boot, &buf, err);
	if (rc == 0)
		rc = sy_spawn_worker(program, buf.data, buf.len, worker->owner->lifeline_read, &worker->pid, &worker->pidfd, err);
	if (buf.data)
		explicit_bzero(buf.data, buf.len);
	sy_buf_done(&buf);
	if (rc == 0 && by_name && !sy_program_in_place(worker->program)) {
		kill_started(worker); /* nobody can say which file it was */
		rc = sy_error_set(err, EAGAIN, "%s was replaced while it was being started", program);
	}
	return rc;
}

static int remember_settings(struct sy_worker *worker, struct sy_error *err)
{
	const struct sy_config *config = worker->owner->config;
	struct sy_program *program = NULL;
	int rc = sy_worker_program(worker, &program, err);

	if (rc < 0)
		return rc;
	sy_program_unref(worker->program);
	worker->program = program;
	worker->heartbeat_ms = config->heartbeat_ms;
	worker->heartbeat_deadline_ms = config->heartbeat_deadline_ms;
	worker->log_format = config->log_format;
	worker->told_level = sy_worker_level(worker);
	return 0;
}

static void reset(struct sy_worker *worker)
{
	worker->incarnation = worker->owner->next_incarnation++;
	make_token(worker->token);
	worker->started_ms = sy_loop_now_ms(worker->owner->loop);
	worker->running_ms = 0;
	worker->renewed_ms = worker->started_ms;
	worker->hello_late = false;
	worker->heartbeat_late = false;
	worker->told_to_stop = false;
	worker->fault = NULL;
	worker->plan_due = false;
	worker->access_due = false;
	worker->access_version = worker->owner->access_version;
	worker->awaited = 0;
	worker->version[0] = '\0';
	worker->violations = 0;
	worker->replies_due = 0;
	worker->messages = 0;
	worker->bytes = 0;
	worker->events = 0;
}

int sy_worker_start(struct sy_worker *worker, struct sy_error *err)
{
	const struct sy_log_ref ref = {.cluster = worker->cluster, .path = worker->plan.path};
	const struct sy_config_limits *wanted = &worker->owner->config->limits;
	char path[sizeof(worker->owner->directory)], name[32];

	reset(worker);
	int rc = remember_settings(worker, err);
	if (rc == 0)
		rc = name_of(worker, name, err);
	if (rc == 0)
		rc = socket_path(worker, name, path, sizeof(path), err);
	if (rc == 0)
		rc = sy_usage_spare_descriptors(SY_WORKER_SPARE_DESCRIPTORS, err);
	if (rc == 0)
		rc = sy_workers_directory_ensure(worker->owner, err);
	if (rc == 0)
		rc = sy_worker_listen(worker, path, err);
	if (rc == 0) {
		sy_limits_prepare(&worker->owner->limits, wanted, name, &worker->limited, &ref);
		rc = spawn(worker, path, err);
	}
	if (rc == 0)
		sy_limits_place(&worker->owner->limits, wanted, worker->pid, &worker->limited, &ref);
	if (rc == 0) {
		sy_link_expect(worker->link, worker->pid);
		rc = sy_io_new(&worker->exit_io, worker->owner->loop, worker->pidfd, SY_READ, on_exit_ready, worker, err);
		if (rc < 0)
			kill_started(worker); /* a process that cannot be watched must not live */
	}
	if (rc < 0)
		sy_worker_cleanup(worker);
	return rc;
}

void sy_worker_signal(struct sy_worker *worker, int signum)
{
	if (worker->pidfd >= 0)
		sy_spawn_signal(worker->pidfd, signum);
}

void sy_worker_cleanup(struct sy_worker *worker)
{
	sy_worker_dump_fail_all(worker, "the worker has ended");
	sy_io_free(worker->exit_io);
	worker->exit_io = NULL;
	if (worker->pidfd >= 0)
		close(worker->pidfd);
	worker->pidfd = -1;
	worker->pid = 0;
	sy_limits_forget(&worker->owner->limits, &worker->limited);
	sy_channel_free(worker->channel);
	worker->channel = NULL;
	sy_link_free(worker->link);
	worker->link = NULL;
	sy_timer_stop(worker->tick);
	sy_timer_stop(worker->deadline);
	if (worker->has_report)
		sy_report_done(&worker->report);
	worker->has_report = false;
	explicit_bzero(worker->token, sizeof(worker->token));
}

static void describe(struct sy_worker *worker, const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		snprintf(worker->last_exit_detail, sizeof(worker->last_exit_detail), "exit status %d%s", info->si_status,
			 info->si_status == SY_BOOT_EXIT_MEMORY ? " (no memory left for it)" : "");
	else
		snprintf(worker->last_exit_detail, sizeof(worker->last_exit_detail), "signal %d (SIG%s)%s", info->si_status,
			 sigabbrev_np(info->si_status) ? sigabbrev_np(info->si_status) : "?",
			 info->si_code == CLD_DUMPED ? ", core dumped" : "");
}

/* The reason as it stands in a SyncTarget; "" for an end that was asked for. */
static const char *reason_of(struct sy_worker *worker, const siginfo_t *info)
{
	if (worker->fault)
		return worker->fault;
	if (worker->told_to_stop)
		return "";
	if (sy_limits_exceeded(&worker->owner->limits, &worker->limited, info))
		return "WorkerOOMKilled";
	/* Also a SIGKILL of ours never comes here: it has a fault or follows a stop. */
	if (info->si_code != CLD_EXITED && info->si_status == SIGKILL && sy_oom_claim(&worker->owner->oom))
		return "WorkerOOMKilled";
	return "WorkerCrashed";
}

static void on_exit_ready(void *arg, unsigned events)
{
	struct sy_worker *worker = arg;
	siginfo_t info;
	enum sy_worker_event event;

	(void)events;
	if (sy_spawn_reap(worker->pidfd, &info) != 1)
		return;
	const struct sy_log_ref ref = {.cluster = worker->cluster, .path = worker->plan.path};
	describe(worker, &info);
	snprintf(worker->last_exit, sizeof(worker->last_exit), "%s", reason_of(worker, &info));
	sy_log(worker->last_exit[0] ? SY_LOG_WARNING : SY_LOG_INFO, &ref, "worker pid %d ended: %s%s%s", (int)worker->pid,
	       worker->last_exit_detail, worker->last_exit[0] ? ": " : "", worker->last_exit);
	if (worker->running_ms && sy_loop_now_ms(worker->owner->loop) - worker->running_ms >= worker->owner->config->stable_ms)
		worker->failures = 0;
	if (!worker->wanted)
		event = SY_EVENT_EXIT_UNWANTED;
	else if (worker->told_to_stop)
		event = SY_EVENT_EXIT_RESTART;
	else
		event = SY_EVENT_EXIT_UNASKED;
	sy_worker_cleanup(worker);
	sy_worker_event(worker, event);
}
