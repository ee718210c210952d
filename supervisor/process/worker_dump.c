/* Questions to a worker that are answered later: each is answered once, by the reply, by the deadline or by the worker's end. */
#include <errno.h>
#include <stdlib.h>

#include "supervisor/process/worker.h"
#include "supervisor/process/workers_impl.h"

struct sy_dump {
	struct sy_dump *next;
	struct sy_worker *worker;
	uint64_t id;
	sy_workers_reply_fn *done;
	void *arg;
	struct sy_timer *timer;
};

static void finish(struct sy_dump *dump, json_object *value, const char *error)
{
	struct sy_worker *worker = dump->worker;

	for (struct sy_dump **at = &worker->dumps; *at; at = &(*at)->next) {
		if (*at == dump) {
			*at = dump->next;
			worker->dump_count--;
			break;
		}
	}
	sy_timer_free(dump->timer);
	sy_workers_reply_fn *done = dump->done;
	void *arg = dump->arg;
	free(dump);
	done(arg, value, error);
}

static void on_late(void *arg)
{
	finish(arg, NULL, "the worker did not answer in time");
}

int sy_worker_dump(struct sy_worker *worker, json_object *args, sy_workers_reply_fn *done, void *arg, struct sy_error *err)
{
	if (worker->state != SY_WORKER_RUNNING)
		return sy_error_set(err, EAGAIN, "the worker of %s is not running (%s)", worker->cluster,
				    sy_worker_state_name(worker->state));
	if (worker->dump_count >= SY_WORKER_DUMPS)
		return sy_error_set(err, EBUSY, "%d dumps of %s are already waiting", SY_WORKER_DUMPS, worker->cluster);
	struct sy_dump *dump = calloc(1, sizeof(*dump));
	if (!dump)
		return sy_error_oom(err);
	dump->worker = worker;
	dump->done = done;
	dump->arg = arg;
	int rc = sy_timer_new(&dump->timer, worker->owner->loop, on_late, dump, err);
	if (rc == 0)
		rc = sy_worker_command(worker, "dump", args, &dump->id, err);
	if (rc < 0) {
		sy_timer_free(dump->timer);
		free(dump);
		return rc;
	}
	sy_timer_start(dump->timer, SY_WORKER_DUMP_MS);
	dump->next = worker->dumps;
	worker->dumps = dump;
	worker->dump_count++;
	return 0;
}

void sy_worker_dump_reply(struct sy_worker *worker, const struct sy_reply *reply)
{
	for (struct sy_dump *dump = worker->dumps; dump; dump = dump->next) {
		if (dump->id == reply->id) {
			finish(dump, reply->ok ? reply->value : NULL, reply->ok ? NULL : reply->error);
			return;
		}
	}
}

void sy_worker_dump_fail_all(struct sy_worker *worker, const char *error)
{
	while (worker->dumps)
		finish(worker->dumps, NULL, error);
}
