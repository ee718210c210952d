/* Signals, and the duties of a process with pid 1. Workers are waited for through their pidfds; everybody else's children only when the
 * kernel hands us orphans. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/num.h"
#include "supervisor/supervisor.h"

struct pid_search {
	pid_t pid;
	bool found;
};

static bool same_pid(void *arg, const struct sy_worker_view *view)
{
	struct pid_search *search = arg;

	search->found = view->pid == search->pid;
	return !search->found;
}

/* Collect children that are not workers. Their list is the kernel's: a wait for "any" child would take a worker's exit away. */
static void reap_orphans(struct sy_supervisor *sup)
{
	sy_auto_free char *line = NULL; /* as long as there are children */
	char *rest, *word;
	size_t size = 0;
	FILE *file = fopen("/proc/self/task/1/children", "re");
	bool some = file && getline(&line, &size, file) > 0;

	if (file)
		(void)fclose(file);
	rest = some ? line : NULL;
	while ((word = strsep(&rest, " \n"))) {
		struct pid_search search = {0};
		int64_t pid;

		if (!sy_num_parse(word, 2, INT32_MAX, &pid))
			continue;
		search.pid = (pid_t)pid;
		if (sup->workers)
			sy_workers_each(sup->workers, same_pid, &search);
		if (!search.found)
			(void)waitpid(search.pid, NULL, WNOHANG);
	}
}

static void on_signal(void *arg, int signum)
{
	struct sy_supervisor *sup = arg;

	switch (signum) {
	case SIGHUP:
		if (!sup->stopping)
			sy_reload(sup);
		break;
	case SIGCHLD:
		reap_orphans(sup);
		break;
	default:
		if (sup->stopping)
			break;
		sy_info(NULL, "%s: stopping; workers finish what is in flight, nothing is deleted", strsignal(signum));
		sy_supervisor_stop(sup, SY_EXIT_OK);
	}
}

int sy_signals_open(struct sy_supervisor *sup, struct sy_error *err)
{
	const int wanted[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
	size_t count = getpid() == 1 ? 4 : 3;
	int r = 0;

	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = sy_signal_new(&sup->signals[i], sup->loop, wanted[i], on_signal, sup, err);
	return r;
}

void sy_signals_close(struct sy_supervisor *sup)
{
	static const int asked[] = {SIGTERM, SIGINT, SIGHUP};

	for (size_t i = 0; i < sizeof(sup->signals) / sizeof(sup->signals[0]); i++) {
		if (sup->signals[i])
			sy_signal_free(sup->signals[i]);
		sup->signals[i] = NULL;
	}
	/* The end has come: who still asks for it must not make a killed process of one that ends in order. Ignored, not blocked: threads of
	 * libraries have masks of their own. */
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		(void)signal(asked[i], SIG_IGN);
}
