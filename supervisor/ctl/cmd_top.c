/* syncerctl top: its options, and the samples as text where there is no screen. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "table.h"
#include "top_feed.h"
#include "top_screen.h"

#define INTERVAL_MS 2000
#define INTERVAL_LEAST_MS 100
#define INTERVAL_MOST_MS (3600 * 1000)

enum { OPT_INTERVAL = 256, OPT_SORT, OPT_COUNT, OPT_ONCE };

static bool parse_interval(const char *text, int64_t *ret_ms)
{
	int64_t seconds;

	if (sy_num_parse(text, 1, INTERVAL_MOST_MS / 1000, &seconds)) {
		*ret_ms = seconds * 1000;
		return true;
	}
	return sy_duration_parse(text, ret_ms) && *ret_ms >= INTERVAL_LEAST_MS && *ret_ms <= INTERVAL_MOST_MS;
}

static error_t parse_top(int key, char *arg, struct argp_state *state)
{
	struct top_options *top = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = top->ctl;
		return 0;
	case OPT_INTERVAL:
		if (!parse_interval(arg, &top->interval_ms))
			argp_error(state, "--interval %s: want seconds or a duration from 100ms to 1h, such as 2 or 500ms", arg);
		return 0;
	case OPT_SORT:
		if (!top_sort_parse(arg, &top->sort))
			argp_error(state, "--sort %s: want path, rate, lag, memory or restarts", arg);
		return 0;
	case OPT_COUNT:
		if (!sy_num_parse(arg, 1, INT32_MAX, &top->count))
			argp_error(state, "--count %s: want a number from 1", arg);
		return 0;
	case OPT_ONCE:
		top->once = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- as text --- */

static void print_table(struct ctl *ctl, const struct top_sample *sample)
{
	static const char *const more[] = {"CLUSTER", "PID", "PENDING", "FAILING", "REASON"};
	const char *headings[TOP_COLUMNS + sizeof(more) / sizeof(more[0]) + 1] = {0};

	for (int i = 0; i < TOP_COLUMNS; i++)
		headings[i] = top_heading((enum top_column)i);
	for (size_t i = 0; ctl->output == CTL_WIDE && i < sizeof(more) / sizeof(more[0]); i++)
		headings[TOP_COLUMNS + i] = more[i];
	struct ctl_table *table = ctl_table_new(headings);
	for (size_t i = 0; i < sample->count; i++) {
		const struct top_row *row = sample->order[i];

		ctl_table_row(table);
		ctl_table_cell(table, row->path);
		for (int column = TOP_PHASE; column < TOP_COLUMNS; column++) {
			char cell[TOP_CELL_MAX];

			top_cell(row, (enum top_column)column, cell);
			ctl_table_cell(table, cell);
		}
		ctl_table_cell(table, row->cluster);
		ctl_table_cellf(table, "%lld", (long long)row->pid);
		ctl_table_cellf(table, "%lld", (long long)row->pending);
		ctl_table_cellf(table, "%lld", (long long)row->failing);
		ctl_table_cell(table, row->reason);
	}
	ctl_table_print(table, stdout);
	ctl_table_free(table);
}

static int print_sample(const struct top_options *top, struct top_sample *sample)
{
	struct ctl *ctl = top->ctl;

	top_sample_sort(sample, top->sort);
	if (!ctl_wants_table(ctl)) {
		top_sample_export(sample);
		return top->count > 1 ? ctl_print_item(ctl, sample->value) : ctl_print_value(ctl, sample->value);
	}
	sy_auto_free char *summary = top_summary(sample);
	sy_auto_free char *visible = ctl_visible(summary);
	sy_auto_free char *totals = top_totals(sample);
	printf("%s\n%s\n\n", visible, totals);
	print_table(ctl, sample);
	return CTL_OK;
}

static int next_sample(struct top_feed *feed, struct top_sample *ret_sample)
{
	json_object *value = NULL;

	while (!top_feed_step(feed, ctl_now_ms(), &value)) {
		struct pollfd fd = {.fd = feed->fd, .events = POLLIN};

		if (feed->code != CTL_OK) {
			ctl_error("%s", feed->trouble.text);
			return feed->code;
		}
		(void)poll(&fd, 1, top_feed_wait_ms(feed, ctl_now_ms()));
	}
	top_sample_read(value, ret_sample);
	return CTL_OK;
}

/* Rates need two samples: the first is not shown. */
static int top_text(const struct top_options *top)
{
	struct top_sample before = {0}, sample = {0};
	struct top_feed feed;

	top_feed_init(&feed, top->ctl->socket, top->interval_ms);
	int rc = next_sample(&feed, &before);
	for (int64_t shown = 0; rc == CTL_OK && shown < (top->count ? top->count : 1); shown++) {
		rc = next_sample(&feed, &sample);
		if (rc != CTL_OK)
			break;
		top_sample_rates(&sample, &before);
		if (shown > 0 && ctl_wants_table(top->ctl))
			putchar('\n');
		rc = print_sample(top, &sample);
		if (fflush(stdout) != 0)
			rc = CTL_FAILED;
		top_sample_done(&before);
		before = sample;
		sample = (struct top_sample){0};
	}
	top_sample_done(&before);
	top_feed_done(&feed);
	return rc;
}

int ctl_top(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_option options[] = {
		{"interval", OPT_INTERVAL, "TIME", 0, "How often to look: seconds, or a duration such as 500ms (default 2)", 0},
		{"sort", OPT_SORT, "COLUMN", 0, "path, rate, lag, memory or restarts (default path)", 0},
		{"count", OPT_COUNT, "N", 0, "End after N looks (default: without a screen 1, on one never)", 0},
		{"once", OPT_ONCE, NULL, 0, "No screen: print one look as text and end", 0},
		{0},
	};
	const struct argp_child children[] = {{&ctl_common_argp, 0, NULL, 0}, {0}};
	const struct argp argp = {.options = options,
				  .parser = parse_top,
				  .children = children,
				  .doc = "Show the workspaces with their rates, lag, memory and restarts, over and over again: on a "
					 "terminal as a screen that "
					 "redraws (q quits), otherwise as text after one interval."};
	struct top_options top = {.ctl = ctl, .interval_ms = INTERVAL_MS};

	ctl_argp(&argp, "top", argc, argv, &top);
	if (top.once || ctl->output != CTL_TABLE || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return top_text(&top);
	int rc = top_screen_run(&top);
	return rc == TOP_NO_SCREEN ? top_text(&top) : rc;
}
