#include "supervisor/process/worker_limits.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/num.h"
#include "proto/boot.h"
#include "supervisor/config/config_table.h"
#include "supervisor/process/usage.h"

#define NICE_MOST 19

void sy_limits_open(struct sy_limits *limits, const char *mount, const char *membership)
{
	struct sy_error err = {0};

	*limits = (struct sy_limits){0};
	limits->by_cgroup =
		sy_cgroup_open(&limits->cgroup, mount ? mount : SY_CGROUP_MOUNT, membership ? membership : SY_CGROUP_MEMBERSHIP, &err) == 0;
	(void)strlcpy(limits->why_not, err.text, sizeof(limits->why_not));
}

struct text {
	char *out;
	const char *separator; /* before the next word */
};

static void add(struct text *text, const char *word, const char *value)
{
	(void)strlcat(text->out, text->separator, SY_LIMITS_TEXT_MAX);
	(void)strlcat(text->out, word, SY_LIMITS_TEXT_MAX);
	(void)strlcat(text->out, value, SY_LIMITS_TEXT_MAX);
	text->separator = ", ";
}

static void add_number(struct text *text, const char *word, int64_t number, bool bytes)
{
	char value[32] = "";

	if (bytes)
		sy_config_bytes_text(number, value, sizeof(value));
	else
		(void)snprintf(value, sizeof(value), "%" PRId64, number);
	add(text, word, value);
}

/* What is set, but nobody enforces. */
static void add_missing(struct text *text, const struct sy_limits *limits, const struct sy_config_limits *wanted)
{
	const struct sy_cgroup *cgroup = &limits->cgroup;

	text->separator = "; not enforced: ";
	if (wanted->memory_high && !cgroup->memory)
		add(text, "memoryHigh", "");
	if (limits->by_cgroup ? wanted->cpu_weight != 100 && !cgroup->cpu : wanted->cpu_weight > 100)
		add(text, "cpuWeight", "");
	if (wanted->pids_max && !cgroup->pids)
		add(text, "pidsMax", "");
}

void sy_limits_text(const struct sy_limits *limits, const struct sy_config_limits *wanted, char out[SY_LIMITS_TEXT_MAX])
{
	const struct sy_cgroup *cgroup = &limits->cgroup;
	struct text text = {.out = out, .separator = ""};

	out[0] = '\0';
	if (wanted->memory_max)
		add_number(&text, "memoryMax ", wanted->memory_max, true);
	if (wanted->memory_high)
		add_number(&text, "memoryHigh ", wanted->memory_high, true);
	if (wanted->cpu_weight != 100)
		add_number(&text, "cpuWeight ", wanted->cpu_weight, false);
	if (wanted->pids_max)
		add_number(&text, "pidsMax ", wanted->pids_max, false);
	if (!out[0])
		add(&text, "none", "");
	text.separator = "; ";
	if (limits->by_cgroup) {
		add(&text, "by cgroups (memory", cgroup->cpu ? ", cpu" : "");
		text.separator = "";
		add(&text, cgroup->pids ? ", pids" : "", ")");
	} else {
		add(&text, "by rlimits, because ", limits->why_not);
	}
	add_missing(&text, limits, wanted);
}

/* Without a cgroup: the nice value whose weight is nearest from above. The kernel gives each step 1.25 times less. Only downwards: the
 * other direction is a privilege. */
static int nice_of(int64_t weight)
{
	double step = 100;
	int nice = 0;

	for (; nice < NICE_MOST && step / 1.25 >= (double)weight; nice++)
		step /= 1.25;
	return nice;
}

static void be_nice(const struct sy_config_limits *wanted, pid_t pid, const struct sy_log_ref *ref)
{
	int nice = nice_of(wanted->cpu_weight);

	if (nice > 0 && setpriority(PRIO_PROCESS, (id_t)pid, nice) < 0)
		sy_warn(ref, "workers.cpuWeight has no effect on worker pid %d: nice %d: %s", (int)pid, nice, strerror(errno));
}

/* One thread; one that has ended meanwhile is none. -EACCES: a lower value is a privilege that this process lacks. */
static int set_nice(id_t thread, int nice)
{
	if (getpriority(PRIO_PROCESS, thread) == nice)
		return 0;
	return setpriority(PRIO_PROCESS, thread, nice) == 0 || errno == ESRCH ? 0 : -errno;
}

/* The nice value belongs to each thread, and a running process has several. */
static int set_nice_of_threads(pid_t pid, int nice)
{
	char path[32];
	int rc = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *threads = opendir(path);
	const struct dirent *entry;

	if (!threads)
		return set_nice((id_t)pid, nice);
	while (rc == 0 && (entry = readdir(threads))) {
		int64_t thread;

		if (sy_num_parse(entry->d_name, 1, INT32_MAX, &thread))
			rc = set_nice((id_t)thread, nice);
	}
	(void)closedir(threads);
	return rc;
}

/* Of a worker that runs: what be_nice gives a new one, which has this process's own value otherwise. */
static void change_nice(const struct sy_config_limits *wanted, pid_t pid, const struct sy_log_ref *ref)
{
	int nice = nice_of(wanted->cpu_weight), own = getpriority(PRIO_PROCESS, 0);
	int rc = set_nice_of_threads(pid, nice > own ? nice : own);

	if (rc == -EACCES)
		sy_warn(ref,
			"worker pid %d keeps its nice value: a lower one is a privilege that this process lacks; the new workers.cpuWeight "
			"takes a restart of the worker (syncerctl restart)",
			(int)pid);
	else if (rc < 0)
		sy_warn(ref, "workers.cpuWeight has no effect on worker pid %d: %s", (int)pid, strerror(-rc));
}

/* The soft limit alone: it can be raised again without privileges. */
static void limit_memory(const struct sy_config_limits *wanted, const struct sy_limited *limited, const struct sy_log_ref *ref)
{
	struct rlimit limit;

	if (limited->reserved_bytes < 0)
		return;
	if (prlimit(limited->pid, RLIMIT_DATA, NULL, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		if (wanted->memory_max && (rlim_t)(limited->reserved_bytes + wanted->memory_max) < limit.rlim_max)
			limit.rlim_cur = (rlim_t)(limited->reserved_bytes + wanted->memory_max);
		if (prlimit(limited->pid, RLIMIT_DATA, &limit, NULL) == 0)
			return;
	}
	if (errno != ESRCH)
		sy_warn(ref, "workers.memoryMax has no effect on worker pid %d: %s", (int)limited->pid, strerror(errno));
}

void sy_limits_prepare(struct sy_limits *limits, const struct sy_config_limits *wanted, const char *name, struct sy_limited *limited,
		       const struct sy_log_ref *ref)
{
	struct sy_error err = {0};

	*limited = (struct sy_limited){.reserved_bytes = -1};
	if (!limits->by_cgroup)
		return;
	if (sy_cgroup_make(&limits->cgroup, name, wanted, &err) == 0)
		(void)strlcpy(limited->name, name, sizeof(limited->name));
	else
		sy_warn(ref, "the worker gets no cgroup of its own, but resource limits: %s", err.text);
}

/* Written by us and not chosen with clone3(2), which a service with RestrictNamespaces= may not call. What the program's loader has used by
 * then counts for the supervisor. */
void sy_limits_place(struct sy_limits *limits, const struct sy_config_limits *wanted, pid_t pid, struct sy_limited *limited,
		     const struct sy_log_ref *ref)
{
	struct sy_error err = {0};

	limited->pid = pid;
	if (limited->name[0] && sy_cgroup_enter(&limits->cgroup, limited->name, pid, &err) < 0) {
		sy_warn(ref, "the worker gets resource limits instead of its cgroup: %s", err.text);
		sy_cgroup_remove(&limits->cgroup, limited->name);
		limited->name[0] = '\0';
	}
	if (!limited->name[0])
		be_nice(wanted, pid, ref);
}

void sy_limits_running(const struct sy_limits *limits, const struct sy_config_limits *wanted, struct sy_limited *limited,
		       const struct sy_log_ref *ref)
{
	(void)limits;
	if (limited->name[0])
		return;
	limited->reserved_bytes = sy_usage_reserved_bytes(limited->pid);
	if (limited->reserved_bytes < 0 && wanted->memory_max)
		sy_warn(ref, "workers.memoryMax has no effect on worker pid %d: /proc does not tell its memory", (int)limited->pid);
	if (wanted->memory_max)
		limit_memory(wanted, limited, ref);
}

void sy_limits_change(const struct sy_limits *limits, const struct sy_config_limits *wanted, const struct sy_limited *limited,
		      const struct sy_log_ref *ref)
{
	struct sy_error err = {0};

	if (!limited->pid)
		return;
	if (!limited->name[0]) {
		limit_memory(wanted, limited, ref);
		change_nice(wanted, limited->pid, ref);
	} else if (sy_cgroup_limit(&limits->cgroup, limited->name, wanted, &err) < 0) {
		sy_warn(ref, "worker pid %d keeps some of its old limits: %s", (int)limited->pid, err.text);
	}
}

bool sy_limits_exceeded(const struct sy_limits *limits, const struct sy_limited *limited, const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		return info->si_status == SY_BOOT_EXIT_MEMORY;
	return info->si_status == SIGKILL && limited->name[0] && sy_cgroup_oom_killed(&limits->cgroup, limited->name);
}

void sy_limits_forget(struct sy_limits *limits, struct sy_limited *limited)
{
	if (limited->name[0])
		sy_cgroup_remove(&limits->cgroup, limited->name);
	*limited = (struct sy_limited){.reserved_bytes = -1};
}

const char *sy_limits_by(const struct sy_limited *limited)
{
	return !limited->pid ? "" : limited->name[0] ? "cgroup" : "rlimits";
}
