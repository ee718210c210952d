/* Which workspaces an operator has paused, kept in <state directory>/paused.json so that a restart does not take up what a person has stopped.
 * The file has at most SY_PAUSES_BYTES and is read strictly: {"version":1,"paused":["<logical cluster>",...]}, sorted, each once. */
#ifndef SY_SUPERVISOR_PAUSES_H
#define SY_SUPERVISOR_PAUSES_H

#include "supervisor/discovery/strv.h"

#define SY_PAUSES_BYTES (1024u * 1024)

struct sy_pauses {
	char *path; /* NULL = kept in memory only */
	struct sy_strv clusters;
};

/* directory NULL: in memory only. A file that is not there is no pause. A damaged one is reported in err (-EINVAL and others): then nothing
 * is paused, pauses is usable all the same, and the next change replaces the file. -ENOMEM: pauses is not usable. */
int sy_pauses_open(struct sy_pauses *pauses, const char *directory, struct sy_error *err);
void sy_pauses_done(struct sy_pauses *pauses);
bool sy_pauses_has(const struct sy_pauses *pauses, const char *cluster);
/* Counts at once; -EIO says that it will not outlive this process. -ENOSPC and -ENOMEM: nothing has changed, or that. */
int sy_pauses_set(struct sy_pauses *pauses, const char *cluster, bool paused, struct sy_error *err);

#endif
