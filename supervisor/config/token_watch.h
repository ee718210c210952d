/* Watches the file that a bearer token comes from (kubeconfig tokenFile, a pod's ServiceAccount) and tells when it holds another one.
 * Kubernetes replaces such files by renaming a symbolic link, so the path is looked at anew each time: every 10 s, and on demand when a
 * server has just refused the old token. */
#ifndef SY_SUPERVISOR_TOKEN_WATCH_H
#define SY_SUPERVISOR_TOKEN_WATCH_H

#include "base/loop.h"

#define SY_TOKEN_WATCH_MS 10000

struct sy_token_watch;

struct sy_token_watch_ops {
	/* Another token stands in the file; it is secret and valid during the call only. The watch may be freed from inside. */
	void (*changed)(void *arg, const char *token);
	/* The file cannot be read or holds no token; the old token stays in use. Told once per trouble, not at every look. May be NULL. */
	void (*failed)(void *arg, const struct sy_error *problem);
};

/* token is what is in use now (as sy_access_load read it); the first look follows on the next turn of the loop. */
int sy_token_watch_new(struct sy_token_watch **ret_watch, struct sy_loop *loop, const char *path, const char *token,
		       const struct sy_token_watch_ops *ops, void *arg, struct sy_error *err);
/* Look now. */
void sy_token_watch_check(struct sy_token_watch *watch);
void sy_token_watch_free(struct sy_token_watch *watch); /* accepts NULL; wipes the token */

#endif
