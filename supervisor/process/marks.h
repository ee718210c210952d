/* Logical clusters of which something has to outlive this process, kept in <state directory>/<name>.json: "paused", what an operator has paused,
 * and "held", where a guard against mass deletion holds copies. The file has at most SY_MARKS_BYTES and is read strictly:
 * {"version":1,"<name>":["<logical cluster>",...]}, sorted, each once. */
#ifndef SY_SUPERVISOR_MARKS_H
#define SY_SUPERVISOR_MARKS_H

#include "supervisor/discovery/strv.h"

#define SY_MARKS_BYTES (1024u * 1024)

struct sy_marks {
	const char *name; /* static: of the file, and of the list in it */
	char *path;	  /* NULL = kept in memory only */
	struct sy_strv clusters;
};

/* directory NULL: in memory only. A file that is not there is no mark. A damaged one is reported in err (-EINVAL and others): then nothing
 * is marked, marks is usable all the same, and the next change replaces the file. -ENOMEM: marks is not usable. */
int sy_marks_open(struct sy_marks *marks, const char *directory, const char *name, struct sy_error *err);
void sy_marks_done(struct sy_marks *marks);
bool sy_marks_has(const struct sy_marks *marks, const char *cluster);
/* Counts at once; -EIO says that it will not outlive this process. -ENOSPC and -ENOMEM: nothing has changed, or that. */
int sy_marks_set(struct sy_marks *marks, const char *cluster, bool set, struct sy_error *err);

#endif
