/* syncerctl top without its screen: samples of a whole syncerd, rates between two of them, the order of the rows, and how they are laid out.
 * Pure functions; they exit when memory is short. */
#ifndef SY_CTL_TOP_H
#define SY_CTL_TOP_H

#include "ctl.h"

#define TOP_UNKNOWN (-1) /* a rate that two samples do not tell, a report that has not come */

/* One workspace. Texts are borrowed from the sample. */
struct top_row {
	const char *path; /* or the logical cluster, where the path is not known */
	const char *cluster;
	const char *phase;
	const char *reason;
	const char *process;
	int64_t incarnation;
	int64_t pid;
	int64_t objects;
	int64_t pending;
	int64_t failing;
	int64_t lag_ms;
	int64_t restarts;
	int64_t report_age_ms; /* TOP_UNKNOWN without one */
	int64_t anonymous_bytes;
	int64_t resident_bytes;
	int64_t requests;      /* to both sides, since its process started */
	int64_t writes;	       /* those of them that changed an object */
	int64_t request_milli; /* requests in 1000 s, or TOP_UNKNOWN */
	int64_t write_milli;
	json_object *value; /* borrowed */
};

struct top_sample {
	const char *version;
	const char *target; /* name of the SyncTarget, "" in direct mode */
	const char *ready;
	const char *reason;
	int64_t pid;
	int64_t uptime_ms;
	int64_t anonymous_bytes;
	int64_t resident_bytes;
	int64_t objects;
	size_t running;	      /* workers that have reported for duty */
	size_t workers;	      /* workers that there should be */
	struct top_row *rows; /* by logical cluster */
	struct top_row **order;
	size_t count;
	json_object *value; /* owned */
};

enum top_sort { TOP_BY_PATH = 0, TOP_BY_RATE, TOP_BY_LAG, TOP_BY_MEMORY, TOP_BY_RESTARTS, TOP_SORTS };

const char *top_sort_name(enum top_sort sort);
bool top_sort_parse(const char *text, enum top_sort *ret_sort);

/* Read the answer to `status` with its workspaces (supervisor/control/verbs.h), which is taken over. The order is that of rows. */
void top_sample_read(json_object *value, struct top_sample *ret_sample);
void top_sample_done(struct top_sample *sample);
/* Rates since an earlier sample. What cannot be compared stays unknown: another syncerd, another process of the worker, a clock or a counter
 * that went back. */
void top_sample_rates(struct top_sample *sample, const struct top_sample *before);
/* The largest first, paths from A; equal ones by path. */
void top_sample_sort(struct top_sample *sample, enum top_sort sort);
/* Put "requestsPerSecond" and "writesPerSecond" into the value (null = unknown) and its list into the order of the rows. */
void top_sample_export(struct top_sample *sample);

/* --- cells --- */

enum top_column {
	TOP_PATH = 0,
	TOP_PHASE,
	TOP_OBJECTS,
	TOP_WRITES,
	TOP_REQUESTS,
	TOP_LAG,
	TOP_PRIVATE,
	TOP_RSS,
	TOP_RESTARTS,
	TOP_REPORT,
	TOP_COLUMNS
};
#define TOP_CELL_MAX 32 /* of all columns but the first */

const char *top_heading(enum top_column column);
void top_cell(const struct top_row *row, enum top_column column, char out[TOP_CELL_MAX]);
/* The two lines above the table, without a newline. */
char *top_summary(const struct top_sample *sample);
char *top_totals(const struct top_sample *sample);

/* --- layout --- */

enum top_style { TOP_PLAIN = 0, TOP_HEAD, TOP_WARNING, TOP_ALARM, TOP_DIM };

struct top_view { /* what a person has chosen */
	enum top_sort sort;
	size_t first; /* row that stands at the top; kept within what there is */
	size_t last;  /* greatest that first can be */
	size_t page;  /* rows that were shown at last */
};

struct top_screen {
	char **lines; /* printable ASCII only, none longer than width */
	enum top_style *styles;
	size_t count;
	size_t width;
	size_t height;
};

/* Lay out a sample (NULL = none came yet) for a screen of that size. trouble: why there is nothing newer, or "". */
void top_layout(const struct top_sample *sample, struct top_view *view, const char *trouble, size_t width, size_t height,
		struct top_screen *ret_screen);
void top_screen_done(struct top_screen *screen);
/* A text of at most width characters: the middle goes, and more of the beginning than of the end, which tells more of a path. malloc'ed. */
char *top_ellipsis(const char *text, size_t width);

#endif
