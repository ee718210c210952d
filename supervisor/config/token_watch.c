#include "supervisor/config/token_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "supervisor/config/file.h"
#include "supervisor/config/kubeconfig.h"

struct sy_token_watch {
	struct sy_timer *timer;
	const struct sy_token_watch_ops *ops;
	void *arg;
	char *path;
	char *token;
	struct stat seen; /* the file that token was read from; st_ino 0 = none yet */
	int trouble;	  /* error code that was told, 0 = none */
};

static void wipe(char *token)
{
	if (token)
		sy_file_wipe(token, strlen(token));
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void tell_trouble(struct sy_token_watch *watch, const struct sy_error *problem)
{
	if (watch->trouble == problem->code)
		return;
	watch->trouble = problem->code;
	if (watch->ops->failed)
		watch->ops->failed(watch->arg, problem);
}

/* The last thing that a look does is to call back: the watch may be gone afterwards. */
static void look(struct sy_token_watch *watch)
{
	struct sy_error problem = {0};
	struct stat st;
	char *token = NULL;

	if (stat(watch->path, &st) == 0 && watch->trouble == 0 && same_file(&st, &watch->seen))
		return;
	if (sy_token_read(watch->path, &token, &st, &problem) < 0) {
		tell_trouble(watch, &problem);
		return;
	}
	watch->trouble = 0;
	watch->seen = st;
	if (strcmp(token, watch->token) == 0) {
		wipe(token);
		return;
	}
	wipe(watch->token);
	watch->token = token;
	watch->ops->changed(watch->arg, token);
}

void sy_token_watch_check(struct sy_token_watch *watch)
{
	sy_timer_start(watch->timer, SY_TOKEN_WATCH_MS);
	look(watch);
}

static void on_timer(void *arg)
{
	sy_token_watch_check(arg);
}

int sy_token_watch_new(struct sy_token_watch **ret_watch, struct sy_loop *loop, const char *path, const char *token,
		       const struct sy_token_watch_ops *ops, void *arg, struct sy_error *err)
{
	struct sy_token_watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return sy_error_oom(err);
	watch->ops = ops;
	watch->arg = arg;
	watch->path = strdup(path);
	watch->token = strdup(token);
	r = watch->path && watch->token ? sy_timer_new(&watch->timer, loop, on_timer, watch, err) : sy_error_oom(err);
	if (r < 0) {
		sy_token_watch_free(watch);
		return r;
	}
	/* The file may have changed between the reading of the configuration and now. */
	sy_timer_start(watch->timer, 0);
	*ret_watch = watch;
	return 0;
}

void sy_token_watch_free(struct sy_token_watch *watch)
{
	if (!watch)
		return;
	sy_timer_free(watch->timer);
	wipe(watch->token);
	free(watch->path);
	free(watch);
}
