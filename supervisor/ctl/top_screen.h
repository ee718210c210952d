/* syncerctl top on a terminal. The only user of ncurses, whose state is global; there is none of ours. */
#ifndef SY_CTL_TOP_SCREEN_H
#define SY_CTL_TOP_SCREEN_H

#include "top.h"

struct top_options {
	struct ctl *ctl;
	int64_t interval_ms;
	int64_t count; /* 0 = not given */
	enum top_sort sort;
	bool once;
};

#define TOP_NO_SCREEN (-1)

/* Draw until a person quits, standard input ends, or a signal comes: the terminal is as before whenever this process ends, except by
 * SIGKILL or its own fault. A signal other than SIGINT is raised again then. TOP_NO_SCREEN, after a message: there is no description of this
 * terminal, or it cannot do it. Standard input and output must be terminals. */
int top_screen_run(const struct top_options *top);

#endif
